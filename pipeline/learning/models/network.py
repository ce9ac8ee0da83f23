"""The two kinds of network: their settings, and the names and shapes of their weights.

This module owns what a network *is*: its sizes, its tensors, and the sums that the tensors stand for, precisely enough
that a sampler can be written from this page. It does not know how networks are trained, and it does not import torch.

Both kinds read bytes and give, for every position, 256 logits of the next byte. Bytes before the beginning are
`SILENCE_BYTE`; recurrent states before the beginning are zero. All weights are float32, all matrices row-major with
the shape (outputs, inputs), as in `torch.nn.Linear`.

`lstm`, with L layers of N neurons and an embedding of E:

    embedding.weight        (256, E)
    lstm.weight_ih_l{k}     (4N, E) for k = 0, else (4N, N)     rows in the order input, forget, cell, output gate
    lstm.weight_hh_l{k}     (4N, N)
    lstm.bias_ih_l{k}       (4N,)
    lstm.bias_hh_l{k}       (4N,)
    output.weight           (256, N)
    output.bias             (256,)

    x = embedding.weight[byte]
    for k in 0..L-1:
        i, f, g, o = split4(weight_ih_l{k} @ x + bias_ih_l{k} + weight_hh_l{k} @ h[k] + bias_hh_l{k})
        c[k] = sigmoid(f) * c[k] + sigmoid(i) * tanh(g)
        h[k] = x = sigmoid(o) * tanh(c[k])
    logits = output.weight @ x + output.bias

`tiered-lstm` (after SampleRNN, Mehri et al., "SampleRNN: An Unconditional End-to-End Neural Audio Generation Model",
ICLR 2017): an LSTM that steps once per group of G bytes and conditions a small feed-forward network that predicts each
byte of the group from the R bytes just before it. With L layers of N neurons, embedding E, fast width M and D fast
layers:

    embedding.weight        (256, E)        shared by both tiers
    lstm.weight_ih_l{k}     (4N, G*E) for k = 0, else (4N, N)
    lstm.weight_hh_l{k}     (4N, N)
    lstm.bias_ih_l{k}       (4N,)
    lstm.bias_hh_l{k}       (4N,)
    condition.weight        (G*M, N)        one block of M rows for every place in the group
    condition.bias          (G*M,)
    recent.weight           (M, R*E)        one block of E columns for every one of the R last bytes, oldest first
    fast.{d}.weight         (M, M)          d = 0..D-1
    fast.{d}.bias           (M,)
    output.weight           (256, M)
    output.bias             (256,)

Group j is the bytes jG .. jG+G-1, counted from the beginning of the stream. The slow tier steps at every i = jG,
before the group's first byte is predicted, on the G bytes before it (group j-1, oldest first; all silence for j = 0):

    x = concat(embedding.weight[b[i-G]], ..., embedding.weight[b[i-1]])                 (G*E,)
    x = lstm(x), layer by layer as above                                                (N,)
    condition_j = reshape(condition.weight @ x + condition.bias, (G, M))

The fast tier predicts byte i = jG+g, g = 0..G-1:

    recent = concat(embedding.weight[b[i-R]], ..., embedding.weight[b[i-1]])            (R*E,)
    h = relu(condition_j[g] + recent.weight @ recent)                                   (M,)
    for d in 0..D-1:
        h = h + relu(fast.{d}.weight @ h + fast.{d}.bias)
    logits = output.weight @ h + output.bias

`recent.weight @ recent` is a sum of R rows of tables that never change while sampling
(`table[r] = embedding.weight @ recent.weight[:, r*E:(r+1)*E].T`, shape (256, M)). Dropout acts in training alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

BYTE_VALUES: Final = 256

MAX_PARAMETERS: Final = 200_000_000
"""More than this would be no small network, and a file that asks for it is taken for an attack on the memory."""

FIRST_VERSION: Final = frozenset({
    *("kind", "layers", "neurons", "embedding", "dropout", "group", "recent", "fast_neurons", "fast_layers"),
})  # fmt: skip
"""Names of the network settings that have always determined a network, at their defaults too."""

Shape = tuple[int, ...]


class _Network(BaseModel):
    """What all kinds share; each is an LSTM between an embedding and an output layer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def shapes(self) -> dict[str, Shape]:
        """Name and shape of every tensor, in the order of the module's description."""
        raise NotImplementedError

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return count_parameters(self.shapes())

    def _flops_per_byte(self, group: int) -> int:
        sizes = _matrix_sizes(self.shapes())
        slow = sum(size for name, size in sizes.items() if name.startswith(("lstm.", "condition.")))
        return 2 * (sum(sizes.values()) - slow + slow // group)


class LstmSettings(_Network):
    """An LSTM over single bytes, the network of the 2016 videos (3 x 680, embedding 110)."""

    group: ClassVar[int] = 1
    """Bytes per time step of the LSTM."""
    recent: ClassVar[int] = 1
    """Bytes that the output layer's network sees beside the LSTM's state."""

    kind: Literal["lstm"] = Field(default="lstm", description="The kind of network.")
    layers: int = Field(default=2, ge=1, le=8, description="Layers, one upon the other.")
    neurons: int = Field(default=256, ge=1, le=4096, description="Neurons in every layer.")
    embedding: int = Field(default=64, ge=1, le=1024, description="Numbers that stand for one byte.")
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0, description="Share of each layer's outputs zeroed in training.")

    def shapes(self) -> dict[str, Shape]:
        """Name and shape of every tensor, in the order of the module's description."""
        return {
            "embedding.weight": (BYTE_VALUES, self.embedding),
            **_lstm_shapes(self.layers, self.neurons, self.embedding),
            "output.weight": (BYTE_VALUES, self.neurons),
            "output.bias": (BYTE_VALUES,),
        }

    @property
    def flops_per_byte(self) -> int:
        """Multiplications and additions of the matrices for one byte, forwards; learning from it costs three times."""
        return self._flops_per_byte(self.group)

    @property
    def activations_per_byte(self) -> int:
        """Numbers that training keeps of each byte for the gradient, at least, beside those of embedding and output."""
        return 6 * self.layers * self.neurons

    @property
    def fast_widths(self) -> tuple[int, ...]:
        """Widths of the layers between the LSTM and the output."""
        return ()


class TieredSettings(_Network):
    """An LSTM once per group of bytes, and a fast network for every byte."""

    kind: Literal["tiered-lstm"] = Field(default="tiered-lstm", description="The kind of network.")
    group: int = Field(default=4, ge=2, le=64, description="Bytes per time step of the LSTM.")
    layers: int = Field(default=1, ge=1, le=8, description="Layers of the LSTM.")
    neurons: int = Field(default=256, ge=1, le=4096, description="Neurons in every layer of the LSTM.")
    embedding: int = Field(default=16, ge=1, le=1024, description="Numbers that stand for one byte.")
    recent: int = Field(default=8, ge=1, le=256, description="Bytes that the fast network sees.")
    fast_neurons: int = Field(default=256, ge=1, le=4096, description="Width of the fast network.")
    fast_layers: int = Field(default=1, ge=0, le=8, description="Layers of the fast network beyond its first.")
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0, description="Share of the LSTM's outputs zeroed in training.")

    def shapes(self) -> dict[str, Shape]:
        """Name and shape of every tensor, in the order of the module's description."""
        width = self.fast_neurons
        fast: dict[str, Shape] = {}
        for layer in range(self.fast_layers):
            fast[f"fast.{layer}.weight"] = (width, width)
            fast[f"fast.{layer}.bias"] = (width,)
        return {
            "embedding.weight": (BYTE_VALUES, self.embedding),
            **_lstm_shapes(self.layers, self.neurons, self.group * self.embedding),
            "condition.weight": (self.group * width, self.neurons),
            "condition.bias": (self.group * width,),
            "recent.weight": (width, self.recent * self.embedding),
            **fast,
            "output.weight": (BYTE_VALUES, width),
            "output.bias": (BYTE_VALUES,),
        }

    @property
    def flops_per_byte(self) -> int:
        """Multiplications and additions of the matrices for one byte, forwards; learning from it costs three times."""
        return self._flops_per_byte(self.group)

    @property
    def activations_per_byte(self) -> int:
        """Numbers that training keeps of each byte for the gradient, at least, beside those of embedding and output."""
        return (2 + self.fast_layers) * self.fast_neurons

    @property
    def fast_widths(self) -> tuple[int, ...]:
        """Widths of the layers between the LSTM and the output."""
        return (self.fast_neurons,) * (self.fast_layers + 1)


NetworkSettings = Annotated[LstmSettings | TieredSettings, Field(discriminator="kind")]
"""Either kind of network; `kind` is the discriminator."""

_ADAPTER: Final[TypeAdapter[LstmSettings | TieredSettings]] = TypeAdapter(NetworkSettings)


def parse_network(values: object) -> LstmSettings | TieredSettings:
    """Read network settings from plain JSON values.

    Raises
    ------
    pydantic.ValidationError
        Where they describe no network.
    """
    return _ADAPTER.validate_python(values)


def count_parameters(shapes: Mapping[str, Shape]) -> int:
    """Sum the sizes of all tensors."""
    return sum(prod(shape) for shape in shapes.values())


def _matrix_sizes(shapes: Mapping[str, Shape]) -> dict[str, int]:
    """Numbers in each matrix; rows of the embedding are looked up, not multiplied."""
    return {name: prod(shape) for name, shape in shapes.items() if len(shape) > 1 and name != "embedding.weight"}


def _lstm_shapes(layers: int, neurons: int, inputs: int) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for layer in range(layers):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * neurons, inputs if layer == 0 else neurons)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * neurons, neurons)
        shapes[f"lstm.bias_ih_l{layer}"] = (4 * neurons,)
        shapes[f"lstm.bias_hh_l{layer}"] = (4 * neurons,)
    return shapes
