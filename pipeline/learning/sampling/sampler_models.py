"""Networks laid out for sampling: matrices packed in the order in which they are read, tables in place of products.

This module owns how a checkpoint's tensors become what the compiled loops read. The embedding's product with the first
layer (or with the fast network of the tiered kind) is computed once, here: a table with one row for each byte. Neurons
are padded to whole vectors; what is padded has weights of zero and stays zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.learning.kernels.emitter import LANES
from pipeline.learning.kernels.kernels import GATES, fold
from pipeline.learning.kernels.products import COLUMNS, TILE
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, NetworkSettings, TieredSettings
from pipeline.learning.sampling.quantisation import DTYPES, Floats, quantise
from pipeline.learning.sampling.settings import WeightDtype

Integers = npt.NDArray[np.int64]
LARGEST_TABLE_BYTES: Final = 2**26
"""Above this a table would only push the weights out of the cache: the product is computed instead."""

_HUGE_PAGE_BYTES: Final = 2**21
_AFTER_END: Final = 8192
"""Reading ahead runs beyond the last matrix by this many numbers at most."""


class Model(NamedTuple):
    """A network as the compiled loops read it.

    Parameters
    ----------
    weights, scales
        All matrices, packed, one after another; what each row's numbers are multiplied with.
    places
        int64, shape = (matrices, 4): where each matrix begins in `weights` and in `scales`, its tiles and columns. They
        are the LSTM's layers, the output, then for the tiered kind condition, recent, and the fast layers.
    lead
        Columns of the first layer that are no neurons: the embedded group of the tiered kind, padded.
    neurons
        Of an LSTM layer, padded.
    layers
        LSTM layers.
    byte_table
        float32, shape = (256, 4 * neurons): the first layer's input product and biases, or no rows.
    gate_biases
        float32, shape = (layers, 4 * neurons).
    output_bias
        float32, shape = (1, 256).
    embedding
        float32, shape = (256, E); no rows for `lstm`, whose byte table holds it.
    condition_bias
        float32, shape = (1, group * width).
    recent_table
        float32, shape = (recent * 256, width), or no rows where it would be too large.
    fast_biases
        float32, shape = (fast layers, width).
    group, recent, width
        Bytes per time step of the LSTM, bytes that the fast network sees, its padded width; 1, 1, 0 for `lstm`.
    """

    weights: npt.NDArray[Any]
    scales: Floats
    places: Integers
    lead: int
    neurons: int
    layers: int
    byte_table: Floats
    gate_biases: Floats
    output_bias: Floats
    embedding: Floats
    condition_bias: Floats
    recent_table: Floats
    fast_biases: Floats
    group: int
    recent: int
    width: int


def pack(network: NetworkSettings, weights: Mapping[str, Floats], weight_dtype: WeightDtype) -> Model:
    """Lay out a checkpoint's tensors, checked before, for sampling.

    Weights that are finite but absurdly large may overflow here; such a network generates something, if nothing good.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(network, LstmSettings):
            return _pack_lstm(network, weights, weight_dtype)
        return _pack_tiered(network, weights, weight_dtype)


def weight_bytes_per_sample(model: Model) -> float:
    """How many bytes of packed matrices are read for one sample."""
    size = model.weights.itemsize * TILE
    reads = [size * int(tiles) * int(columns) for _, _, tiles, columns in model.places]
    if model.group == 1:
        return float(sum(reads))
    slow = sum(reads[: model.layers]) + reads[model.layers + 1]
    every = reads[model.layers] + sum(reads[model.layers + 3 :])
    every += reads[model.layers + 2] if model.recent_table.shape[0] == 0 else 4 * model.recent * model.width
    return slow / model.group + every


def _pack_lstm(network: LstmSettings, weights: Mapping[str, Floats], weight_dtype: WeightDtype) -> Model:
    padded = _up(network.neurons, LANES)
    packer = _Packer(weight_dtype)
    table = _folded(weights["embedding.weight"], weights["lstm.weight_ih_l0"]) + _gate_bias(weights, 0)
    for layer in range(network.layers):
        own = _pad(weights[f"lstm.weight_hh_l{layer}"], columns=padded)
        below = _pad(weights[f"lstm.weight_ih_l{layer}"], columns=padded)
        packer.add(_interleave(own if layer == 0 else np.hstack((below, own)), padded))
    packer.add(_pad(weights["output.weight"], columns=padded))
    nothing = np.zeros((0, 0), np.float32)
    return packer.model(
        lead=0,
        neurons=padded,
        layers=network.layers,
        byte_table=_whole_rows(_interleave(table.T, padded).T),
        gate_biases=_gate_biases(weights, network.layers, padded),
        output_bias=_whole_rows(weights["output.bias"][None]),
        embedding=nothing,
        condition_bias=nothing,
        recent_table=nothing,
        fast_biases=nothing,
        group=1,
        recent=1,
        width=0,
    )


def _pack_tiered(network: TieredSettings, weights: Mapping[str, Floats], weight_dtype: WeightDtype) -> Model:
    padded, width = _up(network.neurons, LANES), _up(network.fast_neurons, TILE)
    lead = _up(network.group * network.embedding, COLUMNS)
    packer = _Packer(weight_dtype)
    for layer in range(network.layers):
        own = _pad(weights[f"lstm.weight_hh_l{layer}"], columns=padded)
        below = _pad(weights[f"lstm.weight_ih_l{layer}"], columns=lead if layer == 0 else padded)
        packer.add(_interleave(np.hstack((below, own)), padded))
    packer.add(_pad(weights["output.weight"], columns=width))
    condition = weights["condition.weight"].reshape(network.group, network.fast_neurons, network.neurons)
    wide = np.zeros((network.group, width, padded), np.float32)
    wide[:, : network.fast_neurons, : network.neurons] = condition
    packer.add(wide.reshape(-1, padded))
    packer.add(_pad(weights["recent.weight"], rows=width))
    for layer in range(network.fast_layers):
        packer.add(_pad(weights[f"fast.{layer}.weight"], rows=width, columns=width))
    condition_bias = _pad(weights["condition.bias"].reshape(network.group, -1), columns=width)
    biases = [weights[f"fast.{layer}.bias"] for layer in range(network.fast_layers)]
    fast = np.array(biases, np.float32).reshape(len(biases), network.fast_neurons)
    return packer.model(
        lead=lead,
        neurons=padded,
        layers=network.layers,
        byte_table=np.zeros((0, 0), np.float32),
        gate_biases=_gate_biases(weights, network.layers, padded),
        output_bias=_whole_rows(weights["output.bias"][None]),
        embedding=_whole_rows(weights["embedding.weight"]),
        condition_bias=_whole_rows(condition_bias.reshape(1, -1)),
        recent_table=_recent_table(network, weights, width),
        fast_biases=_pad(fast, columns=width),
        group=network.group,
        recent=network.recent,
        width=width,
    )


def _recent_table(network: TieredSettings, weights: Mapping[str, Floats], width: int) -> Floats:
    if network.recent * BYTE_VALUES * width * 4 > LARGEST_TABLE_BYTES:
        return np.zeros((0, 0), np.float32)
    blocks = weights["recent.weight"].reshape(network.fast_neurons, network.recent, network.embedding)
    table = np.zeros((network.recent, BYTE_VALUES, width), np.float32)
    for place in range(network.recent):
        table[place, :, : network.fast_neurons] = _folded(weights["embedding.weight"], blocks[:, place])
    return table.reshape(-1, width)


def _folded(embedding: Floats, matrix: Floats) -> Floats:
    """The product of every byte's vector with a matrix, shape = (256, rows)."""
    table = np.zeros((embedding.shape[0], matrix.shape[0]), np.float32)
    fold(np.ascontiguousarray(embedding), np.ascontiguousarray(matrix.T), table)
    return table


@dataclass
class _Packer:
    """Collects matrices and lays them one after another."""

    weight_dtype: WeightDtype
    packed: list[npt.NDArray[Any]] = field(default_factory=list)
    scales: list[Floats] = field(default_factory=list)
    places: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, matrix: Floats) -> None:
        """Take one matrix, shape = (rows, columns)."""
        matrix = _pad(matrix, rows=_up(matrix.shape[0], TILE), columns=_up(matrix.shape[1], COLUMNS))
        rows, columns = matrix.shape
        quantised, scales = quantise(matrix, self.weight_dtype)
        together = 1 if self.weight_dtype == "float32" else 2
        tiles = quantised.reshape(rows // TILE, TILE, columns // together, together).transpose(0, 2, 1, 3)
        begin = sum(part.size for part in self.packed), sum(part.size for part in self.scales)
        self.places.append((*begin, rows // TILE, columns))
        self.packed.append(np.ascontiguousarray(tiles).reshape(-1))
        self.scales.append(scales)

    def model(self, **parts: Any) -> Model:
        """Finish."""
        weights = _on_huge_pages(sum(part.size for part in self.packed), DTYPES[self.weight_dtype])
        np.concatenate(self.packed, out=weights)
        places = np.array(self.places, np.int64)
        return Model(weights=weights, scales=np.concatenate(self.scales), places=places, **parts)


def _on_huge_pages(size: int, dtype: Any) -> npt.NDArray[Any]:
    """Room that begins on a boundary of large pages, so that fewer addresses must be looked up."""
    bytes_needed = (size + _AFTER_END) * np.dtype(dtype).itemsize
    room = np.zeros(bytes_needed + 2 * _HUGE_PAGE_BYTES, np.uint8)
    begin = -room.ctypes.data % _HUGE_PAGE_BYTES
    numbers: npt.NDArray[Any] = room[begin : begin + bytes_needed].view(dtype)
    return numbers[:size]


def _interleave(matrix: Floats, padded: int) -> Floats:
    """Rows i, f, g, o of all neurons -> 16 neurons' i, f, g, o after another; neurons padded."""
    neurons, columns = matrix.shape[0] // GATES, matrix.shape[1]
    gates = np.zeros((GATES, padded, columns), np.float32)
    gates[:, :neurons] = matrix.reshape(GATES, neurons, columns)
    blocks = gates.reshape(GATES, padded // LANES, LANES, columns).transpose(1, 0, 2, 3)
    return np.ascontiguousarray(blocks).reshape(GATES * padded, columns)


def _gate_bias(weights: Mapping[str, Floats], layer: int) -> Floats:
    return weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]


def _gate_biases(weights: Mapping[str, Floats], layers: int, padded: int) -> Floats:
    rows = [_interleave(_gate_bias(weights, layer)[:, None], padded)[:, 0] for layer in range(layers)]
    return np.array(rows, np.float32)


def _pad(matrix: Floats, *, rows: int = 0, columns: int = 0) -> Floats:
    more = max(rows - matrix.shape[0], 0), max(columns - matrix.shape[1], 0)
    return np.pad(matrix, ((0, more[0]), (0, more[1])))


def _whole_rows(matrix: Floats) -> Floats:
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _up(number: int, unit: int) -> int:
    return -(-number // unit) * unit
