"""What no singer holds still along a note: how loud and how bright it is.

Owns the slow swell of a note and the small drifts of its level and its spectrum's slope; the same seed and times give
the same values. It does not know pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_SWELL_DB: Final = 1.6
"""Of a note of a second or more, from its beginning to its fullest place."""
_SWELL_PEAK: Final = 0.45
_FULL_SWELL_S: Final = 1.0
_DRIFT_HZ: Final = 1.7
_LEVEL_DB: Final = 0.5
_SLOPE_DB: Final = 0.45
"""For each octave."""
_BRIGHTENS: Final = 0.35
"""For each decibel of the swell, so many for each octave: a fuller note is brighter."""


def movement(times_s: Doubles, start_s: float, end_s: float, seed: Sequence[int]) -> tuple[Doubles, Doubles]:
    """Decibels that are added to all of a note, and to each octave above some frequency; each of shape = (times,)."""
    seconds = max(end_s - start_s, 1e-3)
    along = np.clip((times_s - start_s) / seconds, 0.0, 1.0)
    bent = np.where(along < _SWELL_PEAK, along / _SWELL_PEAK, (1 - along) / (1 - _SWELL_PEAK))
    swell = _SWELL_DB * min(1.0, seconds / _FULL_SWELL_S) * (np.sin(np.pi / 2 * bent) - 0.7)
    rng = np.random.default_rng(list(seed))
    since = np.clip(times_s - start_s, 0.0, seconds)
    level, slope = (_wandering(since, seconds, rng) for _ in range(2))
    return swell + _LEVEL_DB * level, _BRIGHTENS * swell + _SLOPE_DB * slope


def _wandering(since_s: Doubles, seconds: float, rng: np.random.Generator) -> Doubles:
    """Slow noise of unit variance without corners."""
    knots = rng.standard_normal(int(seconds * _DRIFT_HZ) + 3)
    place = since_s * _DRIFT_HZ
    left = np.minimum(place.astype(int), len(knots) - 2)
    share = place - left
    return np.asarray(knots[left] + (knots[left + 1] - knots[left]) * share * share * (3 - 2 * share))
