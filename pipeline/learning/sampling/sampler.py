"""The compiled sampler: primes a network with bytes and generates bytes, on one core.

This module owns a network's state between blocks, so that a take can be generated in parts and go on after a stop. It
does not know files, seeds or rates. It needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.learning.models.network import BYTE_VALUES, NetworkSettings
from pipeline.learning.sampling.draws import Doubles
from pipeline.learning.sampling.quantisation import Floats
from pipeline.learning.sampling.sampler_models import pack, weight_bytes_per_sample
from pipeline.learning.sampling.sampler_state import Bytes, Draws, new_state
from pipeline.learning.sampling.sampler_steps import advance
from pipeline.learning.sampling.settings import WeightDtype
from pipeline.learning.sampling.traces import TraceSums, new_sums

SavedState = Mapping[str, npt.NDArray[Any]]
"""A generator's state, as arrays that can be saved."""

_STATE: Final = ("inputs", "cells", "history", "condition", "phase")


class Generator(Protocol):
    """Anything that generates streams of bytes from one network: this module's sampler, or torch's."""

    streams: int
    network: NetworkSettings

    def prime(self, primer: Bytes) -> None:
        """Feed the same bytes, shape = (samples,), to all streams."""

    def generate(
        self,
        uniforms: Doubles,
        inverse_temperature: Doubles,
        *,
        top_k: int,
        min_p: float,
        sums: TraceSums | None = None,
    ) -> Bytes:
        """Draw one byte for each random number, shape = (streams, samples); add to `sums` where there are any."""

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """The state, copied."""

    def load_state_dict(self, state: SavedState) -> bool:
        """Go on where `state_dict` was; False where this is no state of such a network."""


class Sampler:
    """Generates one or more streams of a network, on the processor.

    Streams that advance together share each run through the weights; each gets the bytes that it would get alone.

    Parameters
    ----------
    network
        Its settings.
    weights
        Its tensors, float32, with the names and shapes of `models/network.py`.
    weight_dtype
        In which numbers the large matrices are held.
    streams
        How many takes advance together, at least 1.
    """

    def __init__(
        self,
        network: NetworkSettings,
        weights: Mapping[str, Floats],
        *,
        weight_dtype: WeightDtype = "int8",
        streams: int = 1,
    ) -> None:
        self.streams, self.network = streams, network
        self._no_sums = new_sums(None, network, streams, 0)
        self._model = pack(network, weights, weight_dtype)
        self.restart()

    def restart(self) -> None:
        """Return to the initial state: primed with silence, hidden states of zero."""
        self._state = new_state(self._model, self.streams, SILENCE_BYTE)

    @property
    def weight_bytes_per_sample(self) -> float:
        """Bytes of weights that must be read for one sample of all streams."""
        return weight_bytes_per_sample(self._model)

    @property
    def weight_bytes_held(self) -> int:
        """Bytes of all packed matrices."""
        return self._model.weights.nbytes

    def prime(self, primer: Bytes) -> None:
        """Feed the same bytes, shape = (samples,), to all streams."""
        self._feed(primer, np.zeros((0, self.streams, BYTE_VALUES), np.float32))

    def logits(self, primer: Bytes) -> Floats:
        """Feed bytes, and return the logits before each of them, shape = (samples, streams, 256)."""
        recorded = np.zeros((len(primer), self.streams, BYTE_VALUES), np.float32)
        self._feed(primer, recorded)
        return recorded

    def generate(
        self,
        uniforms: Doubles,
        inverse_temperature: Doubles,
        *,
        top_k: int = BYTE_VALUES,
        min_p: float = 0.0,
        sums: TraceSums | None = None,
    ) -> Bytes:
        """Draw one byte for each random number.

        Parameters
        ----------
        uniforms, inverse_temperature
            Random numbers from 0 up to 1, and one over the temperature; shape = (streams, samples).
        top_k, min_p
            See `SamplingSettings`.
        sums
            Of a block of so many samples; what is recorded is added to them.

        Returns
        -------
        Bytes
            shape = (streams, samples).
        """
        if uniforms.shape != inverse_temperature.shape or uniforms.ndim != 2 or len(uniforms) != self.streams:  # noqa: PLR2004
            raise ValueError(f"random numbers of shape {uniforms.shape} for {self.streams} streams")
        draws = Draws(
            np.ascontiguousarray(uniforms, np.float64),
            np.ascontiguousarray(inverse_temperature, np.float64),
            np.zeros((self.streams, 0), np.uint8),
            top_k,
            min_p,
        )
        codes = np.zeros(uniforms.shape, np.uint8)
        no_logits = np.zeros((0, self.streams, BYTE_VALUES), np.float32)
        advance(self._model, self._state, draws, codes, no_logits, self._no_sums if sums is None else sums)
        return codes

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """The state, copied; what is only room to work in is left out."""
        return {name: getattr(self._state, name).copy() for name in _STATE}

    def load_state_dict(self, state: SavedState) -> bool:
        """Go on where `state_dict` was; False where this is no state of such a network."""
        fresh = new_state(self._model, self.streams, SILENCE_BYTE)
        for name in _STATE:
            own, other = getattr(fresh, name), state.get(name)
            if other is None or other.shape != own.shape or other.dtype != own.dtype:
                return False
            own[...] = other
        if not 0 <= fresh.phase[0] < self._model.group:
            return False
        self._state = fresh
        return True

    def _feed(self, primer: Bytes, recorded: Floats) -> None:
        given = np.ascontiguousarray(np.broadcast_to(primer, (self.streams, len(primer))), np.uint8)
        none = np.zeros((self.streams, 0), np.float64)
        if given.shape[1]:
            draws = Draws(none, none, given, BYTE_VALUES, 0.0)
            advance(self._model, self._state, draws, np.empty_like(given), recorded, self._no_sums)
