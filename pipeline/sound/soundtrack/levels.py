"""How loud each sound of the film is made before the film as a whole gets its level.

Owns the matching: recordings, takes and the user's own footage equally loud, music and what else lies under cards so
much below, with a limit on what is raised, silence left alone, noise held down, and a single high peak never allowed to
hold the whole film down. Gains are constant over a sound: nothing is compressed. It does not know where sounds stand,
and it mixes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import Loudness, measure_blocks
from pipeline.sound.soundtrack.placement import BACKGROUND, FILM_RATE_HZ, Kind, Placement, Samples
from pipeline.sound.soundtrack.voice import heard_blocks

Floats = npt.NDArray[np.float32]

_REFERENCE_LUFS: Final = -23.0  # where nothing in the film says how loud it is
_WINDOW_SAMPLES: Final = 512
_MOST_WINDOWS: Final = 400
_LOWEST_HZ: Final = 100.0
# Spectral flatness of single windows: speech 0.02 to 0.1, white noise exp(-Euler's gamma) = 0.56.
_TONAL_FLATNESS, _NOISY_FLATNESS = 0.25, 0.45
_RATHER_NOISE: Final = 0.5


@dataclass(frozen=True)
class Level:
    """What was measured on one placed sound."""

    kind: Kind
    loudness: Loudness
    noisiness: float

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to be heard."""
        return not np.isfinite(self.loudness.integrated_lufs)


def measured(placement: Placement, settings: SoundSettings) -> Level:
    """Measure a sound as it will be heard, before any gain."""
    blocks = heard_blocks(placement, settings.fade_ms)
    loudness = measure_blocks(blocks, FILM_RATE_HZ, placement.channels)
    noisy = noisiness(placement.source, placement.sample_rate_hz) if placement.kind == "take" else 0.0
    return Level(placement.kind, loudness, noisy)


def noisiness(source: Samples, sample_rate_hz: int) -> float:
    """How much a sound is plain noise: 0 for speech and tones, 1 for white noise.

    The spectral flatness (geometric by arithmetic mean of the power spectrum) of windows all over the sound, weighted
    with their energy.
    """
    count = len(source) // _WINDOW_SAMPLES
    if not count:
        return 0.0
    starts = np.unique(np.linspace(0, count - 1, min(count, _MOST_WINDOWS)).astype(int)) * _WINDOW_SAMPLES
    windows = np.stack([_mono(source[start : start + _WINDOW_SAMPLES]) for start in starts])
    windows = (windows - windows.mean(axis=1, keepdims=True)) * signal.windows.hann(_WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / sample_rate_hz)
    power = power[:, (hz >= _LOWEST_HZ) & (hz <= 0.45 * sample_rate_hz)] + 1e-12
    energy = power.sum(axis=1)
    flatness = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    mean = float((flatness * energy).sum() / energy.sum())
    return float(np.clip((mean - _TONAL_FLATNESS) / (_NOISY_FLATNESS - _TONAL_FLATNESS), 0.0, 1.0))


def matching_gains_db(levels: Sequence[Level], settings: SoundSettings) -> list[float]:
    """The gain of each sound, in dB.

    The reference is the middle recording's loudness; without recordings, the middle take's that is not noise.
    """
    reference = _reference_lufs(levels)
    headroom = settings.true_peak_dbtp - settings.loudness_lufs
    return [_gain_db(level, reference, headroom, settings) for level in levels]


def _gain_db(level: Level, reference_lufs: float, headroom_db: float, settings: SoundSettings) -> float:
    if level.is_silent:
        return 0.0
    own = level.loudness
    is_background = level.kind in BACKGROUND
    target = reference_lufs + (settings.music_db if is_background else 0.0)
    wanted = target - own.integrated_lufs if settings.match_loudness or is_background else 0.0
    may_rise = min(settings.gain_limit_db, max(0.0, own.integrated_lufs - settings.quiet_below_lufs))
    below_peak = reference_lufs + headroom_db - own.true_peak_dbtp
    return float(min(wanted, may_rise, below_peak) + level.noisiness * settings.untrained_db)


def _reference_lufs(levels: Sequence[Level]) -> float:
    audible = [level for level in levels if not level.is_silent]
    recordings = [level for level in audible if level.kind == "recording"]
    takes = [level for level in audible if level.kind == "take"]
    speaking = [level for level in takes if level.noisiness < _RATHER_NOISE]
    chosen = recordings or speaking or takes or [level for level in audible if level.kind in {"bed", "insert"}]
    return float(np.median([level.loudness.integrated_lufs for level in chosen])) if chosen else _REFERENCE_LUFS


def _mono(window: Floats) -> Floats:
    return window if window.ndim == 1 else window.mean(axis=1)
