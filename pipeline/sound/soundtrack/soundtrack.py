"""The film's soundtrack, built sample by sample from what is placed where.

Owns the mixing bus: who is heard from which side, and how often all is mixed until no single sound holds the film down.
Memory stays constant however long the film is. It does not know timelines or frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.sound.inputs.reading import open_recording
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import Loudness, LoudnessMeter, measure_blocks
from pipeline.sound.soundtrack.ducking import Duck
from pipeline.sound.soundtrack.levels import matching_gains_db, measured, peak_limited_gains_db
from pipeline.sound.soundtrack.mastering import Bus, wanted_gain_db
from pipeline.sound.soundtrack.placement import Placement
from pipeline.sound.soundtrack.voice import heard_blocks

Floats = npt.NDArray[np.float32]

_BLOCK_SAMPLES: Final = 1 << 16
_MEASURED: Final = 0.4
"""Of the work: done when the sounds are measured."""
_LONGEST_S: Final = 48 * 3600.0


@contextmanager
def mixed(
    placements: Sequence[Placement],
    total_samples: int,
    scratch: Path,
    settings: SoundSettings,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Iterator[Bus]:
    """Mix all sounds, in constant memory.

    Parameters
    ----------
    placements
        In any order; they may overlap, and must lie within the film.
    total_samples
        The film's length at 48 kHz.
    scratch
        A file that is there while the bus is used, 4 or 8 bytes a sample.
    on_progress
        Called with the share that is done, 0 to 1.
    """
    if any(placement.end_sample > total_samples for placement in placements):
        raise ValueError("a sound reaches beyond the end of the film")
    levels = []
    for index, placement in enumerate(placements):
        levels.append(measured(placement, settings))
        on_progress(_MEASURED * (index + 1) / len(placements))

    def report(share: float) -> None:
        on_progress(_MEASURED + (1 - _MEASURED) * share)

    gains_db = matching_gains_db(levels, settings)
    try:
        found = _mix(placements, gains_db, total_samples, scratch, settings, on_progress=report)
        lower_db = peak_limited_gains_db(levels, gains_db, wanted_gain_db(found, settings), settings)
        if lower_db != gains_db:
            gains_db = lower_db
            found = _mix(placements, gains_db, total_samples, scratch, settings)
        samples = np.memmap(scratch, np.float32, "r").reshape(total_samples, -1)
        yield Bus(samples, found, tuple(gains_db))
        del samples
    finally:
        scratch.unlink(missing_ok=True)


def _mix(
    placements: Sequence[Placement],
    gains_db: Sequence[float],
    total_samples: int,
    scratch: Path,
    settings: SoundSettings,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Loudness:
    """Write the sum of all sounds, and measure it."""
    channels = 2 if settings.stereo == "apart" or any(p.channels > 1 for p in placements) else 1
    meter = LoudnessMeter(FILM_RATE_HZ, channels, copies=2 // channels)
    with scratch.open("wb") as file:
        for at, block in _mixed_blocks(placements, gains_db, total_samples, channels, settings):
            meter.add(block)
            file.write(block.tobytes())
            on_progress(at / total_samples)
    return meter.result()


def measure_file(path: Path) -> Loudness:
    """Measure the first audio stream of a finished file, as it comes out of the decoder."""
    with open_recording(path, longest_s=_LONGEST_S) as stream:
        return measure_blocks(stream.blocks(), stream.sample_rate_hz, stream.channels)


def _mixed_blocks(
    placements: Sequence[Placement], gains_db: Sequence[float], total: int, channels: int, settings: SoundSettings
) -> Iterator[tuple[int, Floats]]:
    """Yield the sum of all sounds in blocks of shape (n, channels), each with the sample that follows it."""
    waiting = sorted(
        (
            _ActiveSound(placement, 10 ** (gain / 20), channels, settings)
            for placement, gain in zip(placements, gains_db, strict=True)
        ),
        key=lambda heard: -heard.start,
    )
    duck = Duck(placements, settings.duck_db)
    playing: list[_ActiveSound] = []
    for at in range(0, total, _BLOCK_SAMPLES):
        bus = np.zeros((min(_BLOCK_SAMPLES, total - at), channels), np.float32)
        while waiting and waiting[-1].start < at + len(bus):
            playing.append(waiting.pop())
        for heard in playing:
            heard.add_to(bus, at, duck)
        playing = [heard for heard in playing if heard.end > at + len(bus)]
        yield at + len(bus), bus


class _ActiveSound:
    """One sound on its way to the bus: what was rendered but lies in a later block is kept."""

    def __init__(self, placement: Placement, gain: float, channels: int, settings: SoundSettings) -> None:
        self.start = placement.start_sample
        self.end = placement.start_sample + placement.heard_samples
        self._is_music = placement.kind == "music"
        self._sides = (gain * _sides(placement, channels, settings)).astype(np.float32)
        self._blocks = heard_blocks(placement, settings.fade_ms)
        self._rest = np.zeros((0,), np.float32)
        self._at = self.start

    def add_to(self, bus: Floats, bus_start: int, duck: Duck) -> None:
        """Add the part that lies in the bus's block, which must follow the block before."""
        stop = min(self.end, bus_start + len(bus))
        while self._at < stop:
            if not len(self._rest):
                self._rest = next(self._blocks)
            part, self._rest = self._rest[: stop - self._at], self._rest[stop - self._at :]
            sides = part.reshape(len(part), -1) * self._sides
            if self._is_music:
                sides *= duck.gain(np.arange(self._at, self._at + len(part)))[:, None]
            bus[self._at - bus_start : self._at - bus_start + len(part)] += sides
            self._at += len(part)


def _sides(placement: Placement, channels: int, settings: SoundSettings) -> Floats:
    """Factors for left and right (one for a bus of one channel)."""
    if channels == 1:
        return np.ones(1, np.float32)
    if settings.stereo == "apart" and placement.kind == "recording":
        return np.array([1.0, 0.0], np.float32)
    if settings.stereo == "apart" and placement.kind == "take":
        return np.array([0.0, 1.0], np.float32)
    # Beside voices that come from one side, what comes from both is as loud with half the power on each.
    return np.full(2, np.sqrt(0.5) if settings.stereo == "apart" else 1.0, np.float32)
