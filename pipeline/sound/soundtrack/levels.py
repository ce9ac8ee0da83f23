"""How loud each sound of the film is made before the film as a whole gets its level.

Owns the matching: recordings, takes and the user's own footage equally loud, music and what else lies under cards so
much below, with a limit on what is raised, silence left alone, noise held down, and a single high peak never allowed to
hold the whole film down. Gains are constant over a sound; the film's peaks are limited later, and what the limiter may
do is counted on here. It does not know where sounds stand, and it mixes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.audio.noise import RATHER_NOISE, noisiness
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import Loudness, measure_blocks
from pipeline.sound.soundtrack.placement import BACKGROUND, Kind, Placement
from pipeline.sound.soundtrack.voice import heard_blocks

_REFERENCE_LUFS: Final = -23.0  # where nothing in the film says how loud it is
_ONE_SIDE_LU: Final = 10 * float(np.log10(0.5))
_RESERVE_DB: Final = 1.0
"""For what the limiter takes from the loudness, and an encoder adds to peaks."""


@dataclass(frozen=True)
class PlacedLevel:
    """What was measured on one placed sound."""

    kind: Kind
    loudness: Loudness
    noisiness: float

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to be heard."""
        return not np.isfinite(self.loudness.integrated_lufs)


def measured(placement: Placement, settings: SoundSettings) -> PlacedLevel:
    """Measure a sound as it will be heard in the film, from one side or both, before any gain."""
    blocks = heard_blocks(placement, settings.fade_ms)
    heard = measure_blocks(blocks, FILM_RATE_HZ, placement.channels, copies=2 // placement.channels)
    sides_lu = _ONE_SIDE_LU if settings.stereo == "apart" else 0.0  # from one side, or with half the power from each
    loudness = Loudness(heard.integrated_lufs + sides_lu, heard.true_peak_dbtp)
    noisy = noisiness(placement.source, placement.sample_rate_hz) if placement.kind == "take" else 0.0
    return PlacedLevel(placement.kind, loudness, noisy)


def matching_gains_db(levels: Sequence[PlacedLevel], settings: SoundSettings) -> list[float]:
    """The gain of each sound, in dB.

    The reference is the middle recording's loudness; without recordings, the middle take's that is not noise.
    """
    reference = _reference_lufs(levels)
    headroom = settings.true_peak_dbtp + settings.limiter_db - _RESERVE_DB - settings.loudness_lufs
    return [_gain_db(level, reference, headroom, settings) for level in levels]


def peak_limited_gains_db(
    levels: Sequence[PlacedLevel], gains_db: Sequence[float], film_gain_db: float, settings: SoundSettings
) -> list[float]:
    """Lower those sounds whose peaks would hold the film down, by what is more than the limiter may do.

    Parameters
    ----------
    film_gain_db
        What the film as a whole is wanted to be raised by.
    """
    highest = settings.true_peak_dbtp + settings.limiter_db - _RESERVE_DB - film_gain_db
    return [
        gain if level.is_silent else min(gain, highest - level.loudness.true_peak_dbtp)
        for level, gain in zip(levels, gains_db, strict=True)
    ]


def _gain_db(level: PlacedLevel, reference_lufs: float, headroom_db: float, settings: SoundSettings) -> float:
    if level.is_silent:
        return 0.0
    own = level.loudness
    is_background = level.kind in BACKGROUND
    target = reference_lufs + (settings.music_db if is_background else 0.0)
    wanted = target - own.integrated_lufs if settings.match_loudness or is_background else 0.0
    may_rise = min(settings.gain_limit_db, max(0.0, own.integrated_lufs - settings.quiet_below_lufs))
    below_peak = reference_lufs + headroom_db - own.true_peak_dbtp
    return float(min(wanted, may_rise, below_peak) + level.noisiness * settings.untrained_db)


def _reference_lufs(levels: Sequence[PlacedLevel]) -> float:
    audible = [level for level in levels if not level.is_silent]
    recordings = [level for level in audible if level.kind == "recording"]
    takes = [level for level in audible if level.kind == "take"]
    voiced = [level for level in takes if level.noisiness < RATHER_NOISE]
    chosen = recordings or voiced or takes or [level for level in audible if level.kind in {"bed", "insert"}]
    return float(np.median([level.loudness.integrated_lufs for level in chosen])) if chosen else _REFERENCE_LUFS
