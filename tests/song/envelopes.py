"""A sound's spectral envelope as its harmonics show it.

Linear prediction locks on harmonics where they lie far apart: at 220 Hz it misses known formants by up to 9 %, at
300 Hz by up to 14 %. Here the levels of harmonics, as they stand, are compared with a curve: one that is known, or that
of a sound whose pitch slides and carries its harmonics along the envelope, so that it is seen nearly everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Seen = list[tuple[Doubles, Doubles]]
"""Of some moments: frequencies of harmonics, and their levels in decibels."""

TOP_HZ = 3800.0
GRID_HZ = np.geomspace(180, 3600, 260)
_PERIODS = 6
_NARROW = 0.02
"""Of a frequency: harmonics so near together are averaged."""
_SHIFTS = np.linspace(-0.2, 0.2, 161)
_REACH = 0.4
"""To either side of a formant, of its natural logarithm."""
_COSINES = 38
_STIFF = 0.02
_DENSE = 3
"""So many harmonics there tell of themselves how loud a moment is."""


def harmonics(samples: Floats, rate: int, moments: Iterable[tuple[float, float]], periods: int = _PERIODS) -> Seen:
    """The harmonics at some moments, each a sample and a pitch in Hz."""
    found = []
    for at, hz in moments:
        half, middle = round(periods * rate / hz / 2), round(at)
        part = samples[max(0, middle - half) : middle + half + 1].astype(np.float64)
        if middle < half or len(part) < 2 * half + 1:
            continue
        own = hz * np.arange(1, int(TOP_HZ // hz) + 1)
        waves = np.exp(-2j * np.pi * own[:, None] * np.arange(-half, half + 1) / rate)
        found.append((own, 20 * np.log10(np.abs(waves @ (part * np.hanning(len(part)))) / half + 1e-7)))
    return found


def envelope(seen: Seen) -> Doubles:
    """Levels along `GRID_HZ`, from the harmonics of many moments, which may differ in loudness; mean 0."""
    loud = np.zeros(len(seen))
    curve = np.zeros(len(GRID_HZ))
    hz = np.log(np.concatenate([own for own, _ in seen]))
    far = np.abs(np.log(GRID_HZ)[:, None] - hz) / _NARROW
    weights = np.exp(-0.5 * np.square(far)) + 1e-9 * np.exp(-far / 4)
    weights /= weights.sum(axis=1, keepdims=True)
    for _ in range(4):
        curve = weights @ np.concatenate([level - own for (_, level), own in zip(seen, loud, strict=True)])
        loud = np.array([np.mean(level - np.interp(np.log(own), np.log(GRID_HZ), curve)) for own, level in seen])
    return curve - curve.mean()


def fitted(seen: Seen) -> Doubles:
    """A smooth curve along `GRID_HZ` through harmonics that lie far apart: cosines, the quicker ones held small."""
    number = np.arange(1, _COSINES + 1)
    moment = np.concatenate([np.full(len(own), at) for at, (own, _) in enumerate(seen)])
    waves = np.cos(np.pi / TOP_HZ * np.concatenate([own for own, _ in seen])[:, None] * number)
    waves = np.stack([_without_means(wave, moment) for wave in waves.T], axis=1)
    level = _without_means(np.concatenate([one for _, one in seen]), moment)
    stiff = np.diag(_STIFF * len(level) / _COSINES * np.square(number))
    found = np.linalg.solve(waves.T @ waves + stiff, waves.T @ level)
    return np.asarray(np.cos(np.pi / TOP_HZ * np.outer(GRID_HZ, number)) @ found)


def stretch_of(seen: Seen, curve: Doubles, near_hz: float | None = None) -> tuple[float, float]:
    """By which share of frequency a curve is moved to fit harmonics best, and how far they then lie from it (decibels).

    Each moment has a loudness of its own, and all together a slope over octaves, as singing is brighter and darker on
    purpose. Around one formant the slope is that of all the spectrum, and so is loudness where few harmonics lie there.
    """
    number = np.concatenate([np.full(len(own), at) for at, (own, _) in enumerate(seen)])
    place, level = (np.concatenate([one[at] for one in seen]) for at in (0, 1))
    place = np.log(place)
    inside = (place > np.log(GRID_HZ[0])) & (place < np.log(GRID_HZ[-1]) - _SHIFTS[-1])
    number, place, level = number[inside], place[inside], level[inside]
    octaves = _without_means(place, number)

    def unlike(shift: float) -> Doubles:
        rest = _without_means(level - np.interp(place + shift, np.log(GRID_HZ), curve), number)
        return np.asarray(rest - octaves * (octaves @ rest) / (octaves @ octaves))

    if near_hz is None:
        away = [np.square(unlike(shift)).mean() for shift in _SHIFTS]
    else:
        near = np.abs(place - np.log(near_hz)) < _REACH
        usual = level - np.interp(place, np.log(GRID_HZ), curve) - unlike(0.0)
        number, place, level = number[near], place[near], (level - usual)[near]
        dense = len(place) >= _DENSE * len(np.unique(number))
        number = number if dense else np.zeros_like(number)
        away = [
            np.square(_without_means(level - np.interp(place + shift, np.log(GRID_HZ), curve), number)).mean()
            for shift in _SHIFTS
        ]
    best = int(np.argmin(away))
    return float(np.expm1(_SHIFTS[best])), float(np.sqrt(away[best]))


def _without_means(values: Doubles, number: npt.NDArray[np.int64]) -> Doubles:
    counts = np.bincount(number)
    return values - (np.bincount(number, values) / np.maximum(counts, 1))[number]
