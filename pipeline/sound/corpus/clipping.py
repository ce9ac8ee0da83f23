"""Where a recording was too loud for its format.

Owns what clipping is: runs of samples at the largest value that the format has. Floating point has none: there it is a
flat top, a run of the very same value at the recording's own peak. What lossy codecs give has no flat tops any more,
but still stays about full scale. It does not know files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.sound.inputs.tracks import AudioTrack

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_RUN: Final = 2
_COARSE: Final = 0.999  # a lower limit is that of 8 bits, whose highest step holds clean peaks as well
_COARSE_RUN: Final = 4
_FLAT_RUN: Final = 3  # two alike may stand on both sides of a clean peak
_LEAST_FLAT: Final = 0.5  # softer tops of 16-bit sound held as floats are flat by chance
_LOSSY_RUN: Final = 4
_LOSSY_BAND: Final = (0.97, 1.06)
_LOSSY_BEYOND: Final = 0.5  # of the frames in the band: where more lie beyond it, nothing held the sound there


class ClipCounter:
    """Counts clipped frames, block by block.

    Parameters
    ----------
    track
        How its samples are held.
    """

    def __init__(self, track: AudioTrack) -> None:
        self._limit = track.limit
        self._is_exact = track.is_exact
        self._frames = self._beyond = 0
        self._tops: list[_FlatTop] = []

    @property
    def frames(self) -> int:
        """How many frames were clipped so far, in any channel."""
        if self._beyond > _LOSSY_BEYOND * self._frames:
            return 0
        sides = [top.frames for top in self._tops]
        channels = len(sides) // 2
        return self._frames + max((sides[at] + sides[at + channels] for at in range(channels)), default=0)

    def add(self, block: Floats) -> None:
        """Look at the next block, shape = (n, channels), whose samples are finite."""
        if self._limit is not None:
            self._frames += clipped(block, self._limit)
        elif self._is_exact:
            self._tops = self._tops or [_FlatTop() for _ in range(2 * block.shape[1])]
            for top, samples in zip(self._tops, [*block.T, *-block.T], strict=True):
                top.add(samples)
        else:
            size = np.abs(block)
            hot = (size >= _LOSSY_BAND[0]) & (size <= _LOSSY_BAND[1])
            self._frames += int(_in_runs(hot, _LOSSY_RUN).any(axis=1).sum())
            self._beyond += int((size > _LOSSY_BAND[1]).any(axis=1).sum())


def clipped(block: Floats, limit: float) -> int:
    """How many frames lie at the limit in a run within one channel, in any channel.

    Parameters
    ----------
    block
        shape = (n, channels)
    limit
        The largest value that the format has; its smallest is as far from 0, or a step further.
    """
    run = _RUN if limit > _COARSE else _COARSE_RUN
    at_limit = _in_runs(block >= limit, run) | _in_runs(block <= -limit, run)
    return int(at_limit.any(axis=1).sum())


@dataclass
class _FlatTop:
    """The highest value of one side of one channel, and how many samples stand there in runs."""

    highest: float = 0.0
    is_flat: bool = False
    paired: int = 0

    @property
    def frames(self) -> int:
        """How many samples were clipped: none where the top is only ever as wide as a clean peak."""
        return self.paired if self.is_flat else 0

    def add(self, samples: Floats) -> None:
        highest = float(samples.max(initial=0.0))
        if highest < max(self.highest, _LEAST_FLAT):
            return
        if highest > self.highest:
            self.highest, self.is_flat, self.paired = highest, False, 0
        at_top = (samples == highest)[:, None]
        self.is_flat = self.is_flat or bool(_in_runs(at_top, _FLAT_RUN).any())
        self.paired += int(_in_runs(at_top, _RUN).sum())


def _in_runs(hot: Flags, shortest: int) -> Flags:
    """Which of the flags, shape (n, channels), belong to runs of at least so many along the first axis."""
    if len(hot) < shortest:
        return np.zeros_like(hot)
    begins = np.logical_and.reduce([hot[at : len(hot) - shortest + 1 + at] for at in range(shortest)])
    found = np.zeros_like(hot)
    for at in range(shortest):
        found[at : len(hot) - shortest + 1 + at] |= begins
    return found
