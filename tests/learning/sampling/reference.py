"""The plainest way to let a network speak: torch modules, float32, one byte after another.

The fast samplers are proved against this one, and timed against its loop. It is never used to make a film.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, TieredSettings

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
LstmState = tuple[torch.Tensor, torch.Tensor]


class ReferenceNetwork:
    """A network that reads one byte at a time.

    Parameters
    ----------
    network
        Its settings.
    weights
        Its tensors, by the names of `learning/network.py`.
    device
        Where it is computed.
    """

    def __init__(
        self, network: LstmSettings | TieredSettings, weights: Mapping[str, Floats], device: str = "cpu"
    ) -> None:
        self.network = network
        self.weights = {name: torch.tensor(tensor, device=device) for name, tensor in weights.items()}
        first = self.weights["lstm.weight_ih_l0"].shape[1]
        self.lstm = nn.LSTM(first, network.neurons, network.layers, device=device)
        self.lstm.load_state_dict({name[5:]: w for name, w in self.weights.items() if name.startswith("lstm.")})
        self.device = device
        self.restart()

    def restart(self) -> None:
        """Forget everything: silence, and states of zero."""
        shape = (self.network.layers, 1, self.network.neurons)
        self.state: LstmState = torch.zeros(shape, device=self.device), torch.zeros(shape, device=self.device)
        places = 1 if isinstance(self.network, LstmSettings) else max(self.network.group, self.network.recent)
        self.history = torch.full((places,), SILENCE_BYTE, device=self.device)
        self.condition = torch.zeros(0)
        self.phase = 0

    @torch.no_grad()
    def predict(self) -> torch.Tensor:
        """Logits of the next byte, shape = (256,)."""
        if isinstance(self.network, LstmSettings):
            x = self._move(self.weights["embedding.weight"][self.history[-1]])
        else:
            x = self._fast_tier(self.network)
        return self.weights["output.weight"] @ x + self.weights["output.bias"]

    def prime(self, byte: int) -> None:
        """Take a byte as the next."""
        self.history = torch.roll(self.history, -1)
        self.history[-1] = byte

    def _move(self, x: torch.Tensor) -> torch.Tensor:
        output, self.state = self.lstm(x.reshape(1, 1, -1), self.state)
        return torch.as_tensor(output).reshape(-1)

    def _fast_tier(self, network: TieredSettings) -> torch.Tensor:
        weights, embedding = self.weights, self.weights["embedding.weight"]
        if self.phase == 0:
            x = self._move(embedding[self.history[-network.group :]].reshape(-1))
            told = weights["condition.weight"] @ x + weights["condition.bias"]
            self.condition = told.reshape(network.group, network.fast_neurons)
        recent = embedding[self.history[-network.recent :]].reshape(-1)
        h = torch.relu(self.condition[self.phase] + weights["recent.weight"] @ recent)
        for layer in range(network.fast_layers):
            h = h + torch.relu(weights[f"fast.{layer}.weight"] @ h + weights[f"fast.{layer}.bias"])
        self.phase = (self.phase + 1) % network.group
        return h


def reference_logits(network: ReferenceNetwork, heard: Bytes) -> Floats:
    """Logits before each of the heard bytes, shape = (bytes, 256)."""
    logits = np.empty((len(heard), BYTE_VALUES), np.float32)
    for place, byte in enumerate(heard):
        logits[place] = network.predict().cpu().numpy()
        network.prime(int(byte))
    return logits


def reference_generate(
    network: ReferenceNetwork, uniforms: npt.NDArray[np.float64], inverse_temperature: npt.NDArray[np.float64]
) -> Bytes:
    """Draw one byte for each random number; `inverse_temperature` is 1 / temperature, as long as `uniforms`."""
    said = np.empty(len(uniforms), np.uint8)
    for place, (uniform, sharp) in enumerate(zip(uniforms, inverse_temperature, strict=True)):
        chances = torch.softmax(network.predict().double() * sharp, dim=0).cumsum(0).cpu().numpy()
        byte = int(np.searchsorted(chances, uniform * chances[-1], side="right"))
        said[place] = min(byte, BYTE_VALUES - 1)
        network.prime(int(said[place]))
    return said
