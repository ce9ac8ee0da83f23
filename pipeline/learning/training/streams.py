"""Where batches come from: contiguous streams for training, side-by-side stretches for validation.

This module owns which bytes an update sees; every window is a pure function of its number, so a training that goes on
after an interruption sees what it would have seen. It does not know what is done with the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.learning.recipes.recipe import check_batch

VALIDATION_STREAMS: Final = 32
VALIDATION_BYTES: Final = 49_152
"""Held-out bytes beyond these are left aside: evenly spread stretches of them are judged at every checkpoint. Six
seconds of speech place a loss within about 0.02 bits/byte, and checkpoints are compared on the same bytes."""
VALIDATION_WINDOW: Final = 1024
_SHORTEST_VALIDATION_STREAM: Final = 2048


@dataclass(frozen=True)
class Window:
    """What one update sees: bytes, shape = (batch, lookback + sequence), and whether its streams begin here."""

    data: Tensor
    begins: bool


class TrainingStreams:
    """The training bytes, read as `batch` streams side by side.

    Each stream is a contiguous stretch; successive windows continue it. At the end of an epoch the streams begin again,
    where `shifts` is set from another offset each time, so that windows and groups fall differently.

    Parameters
    ----------
    data
        shape = (train_samples,), uint8.
    batch, sequence
        Streams, and the bytes of each that one window predicts.
    lookback
        Known bytes before the first predicted one.
    seed
        Of the offsets.
    shifts
        Whether epochs begin at different offsets.
    device
        Where windows are needed.
    share
        Which of several equal parts of the streams is read, counted from 0, and how many parts there are.

    Raises
    ------
    ProductionError
        Where the corpus is too short for one window of each stream.
    """

    def __init__(
        self,
        data: npt.NDArray[np.uint8],
        *,
        batch: int,
        sequence: int,
        lookback: int,
        seed: int = 0,
        shifts: bool = False,
        device: torch.device | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        length = check_batch(batch, sequence, len(data))
        self.batch, self.sequence, self.lookback = batch, sequence, lookback
        whole = length // sequence
        self._seed, self._shifts = seed, shifts and whole > 1
        self.windows_per_epoch = whole - 1 if self._shifts else whole
        self._data = _padded(data, lookback).to(device)
        own = batch // share[1]
        self.rows = slice(share[0] * own, (share[0] + 1) * own)
        places = torch.arange(batch)[self.rows, None] * length + torch.arange(lookback + sequence)[None, :]
        self._places = places.to(device)

    def window(self, update: int) -> Window:
        """Cut the window of one update, counted from 0."""
        epoch, place = divmod(update, self.windows_per_epoch)
        offset = place * self.sequence + self._offset(epoch)
        return Window(self._data[self._places + offset], begins=place == 0)

    def _offset(self, epoch: int) -> int:
        if not self._shifts:
            return 0
        return int(np.random.default_rng((self._seed, epoch)).integers(self.sequence))


class ValidationStreams:
    """Held-out bytes, always the same ones for the same corpus, whatever network and recipe.

    Parameters
    ----------
    data
        shape = (held-out samples,), uint8.
    lookback
        Known bytes before the first predicted one.
    group
        Windows are padded to multiples of this.
    device
        Where windows are needed.
    """

    def __init__(
        self, data: npt.NDArray[np.uint8], *, lookback: int, group: int = 1, device: torch.device | None = None
    ) -> None:
        streams = min(VALIDATION_STREAMS, max(1, len(data) // _SHORTEST_VALIDATION_STREAM))
        self.length = min(len(data), VALIDATION_BYTES) // streams
        self.bytes = streams * self.length
        self._lookback, self._group = lookback, group
        self._data = _padded(data, lookback, VALIDATION_WINDOW + group).to(device)
        starts = torch.arange(streams)[:, None] * (len(data) // streams)
        self._starts = starts.to(device)

    def windows(self) -> Iterator[tuple[Tensor, int]]:
        """Yield windows in order, each with the number of its bytes per stream that count; the rest is padding."""
        stride = VALIDATION_WINDOW // self._group * self._group
        for first in range(0, self.length, stride):
            counted = min(stride, self.length - first)
            padded = -(-counted // self._group) * self._group
            places = torch.arange(first, first + self._lookback + padded, device=self._data.device)
            yield self._data[self._starts + places[None, :]], counted


def _padded(data: npt.NDArray[np.uint8], before: int, after: int = 0) -> Tensor:
    silence = np.full(before, SILENCE_BYTE, np.uint8), np.full(after, SILENCE_BYTE, np.uint8)
    return torch.from_numpy(np.concatenate([silence[0], data, silence[1]])).contiguous()
