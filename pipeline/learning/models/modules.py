"""Both kinds of network as torch modules, for training.

This module owns the forward pass and the initial weights. It does not know optimisers, corpora or files. What a module
computes is what `network.py` describes; `export` gives the tensors by the names used there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.learning.models.checkpoint import Weights
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, NetworkSettings, TieredSettings

State = tuple[Tensor, Tensor]
Initial = Literal["torch-rnn", "smooth"]

_BUMPS: Final = (8, 24, 64)
"""How many bell curves of each width span the 256 values."""


class ByteEmbedding(nn.Module):
    """One row of numbers for each byte.

    The bytes of sound are amplitudes, so neighbouring bytes mean nearly the same. Where `smooth` is set, the table is
    learned as a sum of bell curves of three widths, polynomials and a small table of its own: what is learned about one
    amplitude is learned about those beside it. Exported, it is a plain table either way.

    Parameters
    ----------
    width
        Numbers in a row.
    smooth
        Whether neighbours share what they learn.
    size
        Standard deviation of the initial weights.
    """

    curves: Tensor

    def __init__(self, width: int, *, smooth: bool, size: float) -> None:
        super().__init__()
        if not smooth:
            self.register_buffer("curves", torch.empty(0), persistent=False)
            self.numbers = nn.Parameter(size * torch.randn(BYTE_VALUES, width))
            return
        curves = _curves()
        self.register_buffer("curves", torch.cat([curves, torch.eye(BYTE_VALUES)], dim=1), persistent=False)
        numbers = size * torch.randn(curves.shape[1] + BYTE_VALUES, width)
        numbers[curves.shape[1] :] *= 0.1
        self.numbers = nn.Parameter(numbers)

    def table(self) -> Tensor:
        """Give the plain table, shape = (256, width)."""
        return self.curves @ self.numbers if self.curves.numel() else self.numbers


def _curves() -> Tensor:
    """Shape = (256, polynomials + bell curves)."""
    value = torch.linspace(-1, 1, BYTE_VALUES)
    columns = [torch.ones(BYTE_VALUES), value, value**2]
    for count in _BUMPS:
        centres = torch.linspace(-1, 1, count)
        columns += [torch.exp(-0.5 * ((value - centre) * count / 2) ** 2) for centre in centres]
    return torch.stack(columns, dim=1)


class ByteNetwork(nn.Module):
    """What both kinds share: a table of bytes at either end and an LSTM between.

    Attributes
    ----------
    lookback
        Known bytes that a window must hold before the first predicted one.
    group
        A window's predicted bytes must be a multiple of this.
    """

    lookback: int = 1
    group: int = 1

    def __init__(self, settings: NetworkSettings, inputs: int, last: int, initial: Initial) -> None:
        super().__init__()
        smooth = initial == "smooth"
        self.settings = settings
        self.embedding = ByteEmbedding(settings.embedding, smooth=smooth, size=0.3 if smooth else 1.0)
        widths = [inputs] + [settings.neurons] * (settings.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(width, settings.neurons, batch_first=True) for width in widths)
        self.output = ByteEmbedding(last, smooth=smooth, size=0.02 if smooth else 1 / sqrt(3 * last))
        self.output_bias = nn.Parameter(torch.zeros(BYTE_VALUES))
        if not smooth:
            nn.init.uniform_(self.output.numbers, -1 / sqrt(last), 1 / sqrt(last))
            nn.init.uniform_(self.output_bias, -1 / sqrt(last), 1 / sqrt(last))
        self._set_first_lstm_weights(initial)

    def _set_first_lstm_weights(self, initial: Initial) -> None:
        """Forget gates open (bias 1); torch-rnn's normal weights, one bias alone learned, where it is that recipe."""
        neurons = self.settings.neurons
        with torch.no_grad():
            for layer in self.lstm:
                assert isinstance(layer, nn.LSTM)  # noqa: S101 - a ModuleList is untyped
                read, back, bias, second = layer.all_weights[0]
                if initial == "torch-rnn":
                    size = 1 / sqrt(read.shape[1] + neurons)
                    nn.init.normal_(read, 0, size)
                    nn.init.normal_(back, 0, size)
                    nn.init.zeros_(bias)
                nn.init.zeros_(second)
                second.requires_grad_(False)
                bias[neurons : 2 * neurons] = 1.0

    def forward(self, window: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Predict every byte of a window but its first `lookback`.

        Parameters
        ----------
        window
            shape = (batch, lookback + bytes), uint8.
        state
            Of the LSTM; None: zero.

        Returns
        -------
        tuple[Tensor, State]
            Logits, shape = (batch, bytes, 256), and the state after the window.
        """
        raise NotImplementedError

    def _through_lstm(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Layer by layer, so that dropout between them draws from torch's own random state, on every device."""
        hidden, cells = [], []
        for index, layer in enumerate(self.lstm):
            own = None if state is None else (state[0][index : index + 1], state[1][index : index + 1])
            x, after = layer(x, own)
            x = functional.dropout(x, self.settings.dropout, self.training)
            hidden.append(after[0])
            cells.append(after[1])
        return x, (torch.cat(hidden), torch.cat(cells))

    def named_weights(self) -> dict[str, nn.Parameter]:
        """All that is learned, with the LSTM's weights by the names of `network.py`; in a fixed order."""
        return {_public_name(name): parameter for name, parameter in self.named_parameters()}

    def _logits(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.output.table(), self.output_bias)

    @torch.no_grad()
    def export(self) -> Weights:
        """Give the weights by the names of `network.py`, as float32 numpy arrays."""
        shapes = self.settings.shapes()
        named: dict[str, Tensor] = {name: own for name, own in self.named_weights().items() if name in shapes}
        named["embedding.weight"] = self.embedding.table()
        named["output.weight"] = self.output.table()
        named["output.bias"] = self.output_bias
        return {name: np.array(named[name].float().cpu().numpy()) for name in shapes}


def _public_name(name: str) -> str:
    """Name `lstm.2.weight_hh_l0` `lstm.weight_hh_l2`."""
    return re.sub(r"^lstm\.(\d+)\.(\w+)_l0$", r"lstm.\2_l\1", name)


class LstmNetwork(ByteNetwork):
    """`lstm`: one time step per byte."""

    def __init__(self, settings: LstmSettings, initial: Initial) -> None:
        super().__init__(settings, settings.embedding, settings.neurons, initial)

    def forward(self, window: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Predict every byte from all before it."""
        x = functional.embedding(window[:, :-1].int(), self.embedding.table())
        y, state = self._through_lstm(x, state)
        return self._logits(y), state


class TieredNetwork(ByteNetwork):
    """`tiered-lstm`: one time step per group, and a fast network for every byte."""

    def __init__(self, settings: TieredSettings, initial: Initial) -> None:
        super().__init__(settings, settings.group * settings.embedding, settings.fast_neurons, initial)
        width = settings.fast_neurons
        self.group, self.lookback = settings.group, max(settings.group, settings.recent)
        self.condition = nn.Linear(settings.neurons, settings.group * width)
        self.recent = nn.Linear(settings.recent * settings.embedding, width, bias=False)
        self.fast = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.fast_layers))

    def forward(self, window: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Predict every byte from its group's condition and the bytes just before it."""
        batch, length = window.shape[0], window.shape[1] - self.lookback
        known = functional.embedding(window[:, :-1].int(), self.embedding.table())
        if torch.is_autocast_enabled(window.device.type):
            known = known.to(torch.get_autocast_dtype(window.device.type))
        settings = self.settings
        assert isinstance(settings, TieredSettings)  # noqa: S101 - tells the type checker which kind this is
        first = self.lookback - settings.group
        groups = known[:, first : first + length].reshape(batch, length // settings.group, -1)
        y, state = self._through_lstm(groups, state)
        condition = self.condition(y).view(batch, length, settings.fast_neurons)
        first = self.lookback - settings.recent
        recent = torch.cat([known[:, first + k : first + k + length] for k in range(settings.recent)], dim=2)
        h = functional.relu(condition + self.recent(recent))
        for layer in self.fast:
            h = h + functional.relu(layer(h))
        return self._logits(h), state


_MODULES: Final[Mapping[type, Callable[[Any, Initial], ByteNetwork]]] = {
    LstmSettings: LstmNetwork,
    TieredSettings: TieredNetwork,
}
"""The module of each kind of network."""


def build_network(settings: NetworkSettings, *, initial: Initial, seed: int) -> ByteNetwork:
    """Make a network with initial weights, determined by the seed; torch's own random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _MODULES[type(settings)](settings, initial)
