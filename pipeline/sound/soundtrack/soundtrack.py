"""The film's soundtrack, built sample by sample from what is placed where.

Owns the mixing bus: who is heard from which side, and the one gain that brings the whole film to its loudness without
its true peak passing the limit. Memory stays constant however long the film is. It does not know timelines or frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ, wav_container
from pipeline.audio.samples import Samples
from pipeline.sound.inputs.reading import open_recording
from pipeline.sound.inputs.sound_file import new_sound_file
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import Loudness, LoudnessMeter, measure_blocks
from pipeline.sound.soundtrack.ducking import Duck
from pipeline.sound.soundtrack.levels import matching_gains_db, measured
from pipeline.sound.soundtrack.placement import Placement, lay_music
from pipeline.sound.soundtrack.voice import heard_blocks

__all__ = [
    "Placement",
    "Samples",
    "SoundtrackFacts",
    "lay_music",
    "loudness_warnings",
    "measure_file",
    "mix",
]

Floats = npt.NDArray[np.float32]

_BLOCK_SAMPLES: Final = 1 << 16
_TOLERATED_LU: Final = 0.05
_SHARES: Final = (0.3, 0.7, 1.0)  # of the work: done when the sounds are measured, mixed, written
_LONGEST_S: Final = 48 * 3600.0


@dataclass(frozen=True)
class SoundtrackFacts:
    """What was measured on the finished soundtrack.

    Parameters
    ----------
    loudness_lufs, true_peak_dbtp
        Of the film; minus infinity where it is silent.
    film_gain_db
        What was added to everything at the end.
    gains_db
        Of each placement, in the order given, before `film_gain_db`.
    warnings
        What a person should know, such as a target that peaks did not allow.
    """

    loudness_lufs: float
    true_peak_dbtp: float
    film_gain_db: float
    gains_db: tuple[float, ...]
    warnings: tuple[str, ...] = ()


def mix(
    placements: Sequence[Placement],
    total_samples: int,
    out_path: Path,
    settings: SoundSettings,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> SoundtrackFacts:
    """Write the soundtrack as a stereo WAV file, 24 bit, 48 kHz, exactly `total_samples` long, in constant memory.

    Parameters
    ----------
    placements
        In any order; they may overlap, and must lie within the film.
    on_progress
        Called with the share that is done, 0 to 1.
    """
    if any(placement.end_sample > total_samples for placement in placements):
        raise ValueError("a sound reaches beyond the end of the film")
    levels = []
    for index, placement in enumerate(placements):
        levels.append(measured(placement, settings))
        on_progress(_SHARES[0] * (index + 1) / len(placements))
    gains_db = matching_gains_db(levels, settings)
    channels = 2 if settings.stereo == "apart" or any(p.channels > 1 for p in placements) else 1
    meter = LoudnessMeter(FILM_RATE_HZ, channels, copies=2 // channels)
    scratch = out_path.with_suffix(".scratch")
    try:
        with scratch.open("wb") as file:
            for at, block in _mixed(placements, gains_db, total_samples, channels, settings):
                meter.add(block[:, 0] if channels == 1 else block)
                file.write(block.tobytes())
                on_progress(_SHARES[0] + (_SHARES[1] - _SHARES[0]) * at / total_samples)
        found = meter.result()
        film_gain_db = _film_gain_db(found, settings)
        bus = np.memmap(scratch, np.float32, "r", shape=(total_samples, channels))
        _write(bus, out_path, film_gain_db, on_progress)
    finally:
        scratch.unlink(missing_ok=True)
    loudness = found.integrated_lufs + film_gain_db
    return SoundtrackFacts(
        loudness,
        found.true_peak_dbtp + film_gain_db,
        film_gain_db,
        tuple(gains_db),
        loudness_warnings(loudness, settings),
    )


def measure_file(path: Path) -> Loudness:
    """Measure the first audio stream of a finished file, as it comes out of the decoder."""
    with open_recording(path, longest_s=_LONGEST_S) as stream:
        return measure_blocks(stream.blocks(), stream.sample_rate_hz, stream.channels)


def _mixed(
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


def _film_gain_db(found: Loudness, settings: SoundSettings) -> float:
    """The one gain of the film: to its loudness, unless its peak forbids it; a film of silence is not raised."""
    if not np.isfinite(found.integrated_lufs) or not np.isfinite(found.true_peak_dbtp):
        return 0.0
    wanted = settings.loudness_lufs - found.integrated_lufs
    if found.integrated_lufs < settings.quiet_below_lufs:
        wanted = min(wanted, 0.0)
    return float(min(wanted, settings.true_peak_dbtp - found.true_peak_dbtp))


def _write(bus: Floats, out_path: Path, gain_db: float, on_progress: Callable[[float], None]) -> None:
    form = wav_container(6 * len(bus))
    gain = np.float32(10 ** (gain_db / 20))
    with new_sound_file(out_path, FILM_RATE_HZ, 2, "PCM_24", form) as file:
        for start in range(0, len(bus), _BLOCK_SAMPLES):
            block = np.asarray(bus[start : start + _BLOCK_SAMPLES]) * gain
            file.write(np.repeat(block, 2, axis=1) if block.shape[1] == 1 else block)
            on_progress(_SHARES[1] + (_SHARES[2] - _SHARES[1]) * (start + len(block)) / len(bus))


def loudness_warnings(
    loudness_lufs: float, settings: SoundSettings, tolerated_lu: float = _TOLERATED_LU
) -> tuple[str, ...]:
    """Tell where a film is silent, or softer than wanted by more than is tolerated."""
    if not np.isfinite(loudness_lufs):
        return ("The soundtrack is silent.",)
    missing = settings.loudness_lufs - loudness_lufs
    if missing <= tolerated_lu:
        return ()
    note = (
        f"The film's loudness is {loudness_lufs:.1f} LUFS, {missing:.1f} LU below the target: its peaks allow no more"
    )
    return (f"{note} under {settings.true_peak_dbtp:g} dBTP, and nothing is compressed.",)
