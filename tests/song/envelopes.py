"""A sound's spectral envelope as its harmonics show it.

Linear prediction locks on harmonics where they lie far apart: at 220 Hz it misses known formants by up to 9 %, at
300 Hz by up to 14 %. A pitch that slides carries its harmonics along the envelope, so that it is seen nearly everywhere
and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

TOP_HZ = 3800.0
_PERIODS = 6
_NARROW = 0.02
"""Of a frequency: harmonics so near together are averaged."""


def harmonics(samples: Floats, rate: int, moments: Iterable[tuple[float, float]]) -> list[tuple[Doubles, Doubles]]:
    """The frequencies and levels (decibels) of the harmonics at some moments, each a sample and a pitch in Hz."""
    found = []
    for at, hz in moments:
        half, middle = round(_PERIODS * rate / hz / 2), round(at)
        part = samples[middle - half : middle + half + 1].astype(np.float64)
        if middle < half or len(part) < 2 * half + 1:
            continue
        own = hz * np.arange(1, int(TOP_HZ // hz) + 1)
        waves = np.exp(-2j * np.pi * own[:, None] * np.arange(-half, half + 1) / rate)
        found.append((own, 20 * np.log10(np.abs(waves @ (part * np.hanning(len(part)))) / half + 1e-7)))
    return found


def envelope(seen: list[tuple[Doubles, Doubles]], grid_hz: Doubles) -> Doubles:
    """Levels along a grid, from the harmonics of many moments, which may differ in loudness; mean 0."""
    loud = np.zeros(len(seen))
    curve = np.zeros(len(grid_hz))
    hz = np.log(np.concatenate([own for own, _ in seen]))
    far = np.abs(np.log(grid_hz)[:, None] - hz) / _NARROW
    weights = np.exp(-0.5 * np.square(far)) + 1e-9 * np.exp(-far / 4)
    weights /= weights.sum(axis=1, keepdims=True)
    for _ in range(4):
        curve = weights @ np.concatenate([level - own for (_, level), own in zip(seen, loud, strict=True)])
        loud = np.array([np.mean(level - np.interp(np.log(own), np.log(grid_hz), curve)) for own, level in seen])
    return curve - curve.mean()


def shift_near(grid_hz: Doubles, curve: Doubles, other: Doubles, hz: float, reach: float = 0.3) -> float:
    """How far a curve lies from another around a frequency, as a share of it: where it differs least when shifted."""
    place = np.log(grid_hz)
    near = np.abs(place - np.log(hz)) < reach
    shifts = np.linspace(-0.2, 0.2, 161)
    unlike = [np.var(other[near] - np.interp(place[near] + shift, place, curve)) for shift in shifts]
    return float(np.expm1(shifts[int(np.argmin(unlike))]))
