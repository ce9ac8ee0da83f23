"""How loud a sound is from moment to moment, where it is silent, where it pauses, and where it is clipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WINDOW_S: Final = 0.01
FLOOR_DB: Final = -96.0
CONTOUR_PARTS: Final = 16
_SILENT_BELOW_DB: Final = 25.0
_ALWAYS_SILENT_DB: Final = -60.0
_SHORTEST_PAUSE_S: Final = 0.1  # stops of consonants are shorter
_HOT: Final = 0.9
_FLAT_RUN: Final = 3  # two alike may stand on both sides of a clean peak


@dataclass(frozen=True)
class Pauses:
    """Silences between sounds.

    Parameters
    ----------
    count
        How many there are.
    share
        Share of the whole time.
    typical_s
        Median length; 0 where there are none.
    """

    count: int
    share: float
    typical_s: float


def window_powers(samples: Floats, sample_rate_hz: int) -> Doubles:
    """Mean square of each window of 10 ms, the last one maybe shorter; shape = (windows,)."""
    starts = np.arange(0, len(samples), max(1, round(WINDOW_S * sample_rate_hz)))
    if not len(starts):
        return np.zeros(0)
    energy = np.add.reduceat(np.square(samples), starts, dtype=np.float64)
    return np.asarray(energy / np.diff(np.append(starts, len(samples))), np.float64)


def loudness_contour_db(powers: Doubles) -> Doubles:
    """Level of each window in decibels below full scale, -96 at least; shape = (windows,)."""
    return np.asarray(10.0 * np.log10(np.maximum(powers, 10.0 ** (FLOOR_DB / 10.0))), np.float64)


def coarse_contour_db(powers: Doubles) -> tuple[float, ...]:
    """Level of each of sixteen equal parts of a sound, to a tenth of a decibel; of shorter sounds fewer parts."""
    parts = min(CONTOUR_PARTS, len(powers))
    edges = np.arange(parts) * len(powers) // max(1, parts)
    means = np.add.reduceat(powers, edges) / np.diff(np.append(edges, len(powers))) if parts else np.zeros(0)
    return tuple(loudness_contour_db(means).round(1).tolist())


def silent_windows(powers: Doubles) -> Flags:
    """Which windows are silent, compared with the sound's own level.

    That level is the mean power weighted by power itself, so that silence added to a sound doesn't change it.
    """
    total = powers.sum()
    own = np.square(powers).sum() / total if total > 0 else 0.0
    return np.asarray(powers <= max(own * 10.0 ** (-_SILENT_BELOW_DB / 10.0), 10.0 ** (_ALWAYS_SILENT_DB / 10.0)))


def pauses_of(silent: Flags) -> Pauses:
    """Count and measure the silences between sounds; what is silent before the first and after the last is none."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8))).reshape(-1, 2)
    inner = edges[(edges[:, 0] > 0) & (edges[:, 1] < len(silent))]
    lengths = inner[:, 1] - inner[:, 0]
    lengths = lengths[lengths * WINDOW_S >= _SHORTEST_PAUSE_S - 1e-9]
    if not len(lengths):
        return Pauses(0, 0.0, 0.0)
    return Pauses(len(lengths), float(lengths.sum() / len(silent)), float(np.median(lengths) * WINDOW_S))


def loudness_range_db(contour_db: Doubles, silent: Flags) -> float:
    """How far the level moves where it is not silent: from the 10th to the 95th percentile."""
    heard = contour_db[~silent]
    return float(np.diff(np.percentile(heard, (10, 95)))[0]) if len(heard) else 0.0


def clipped_share(samples: Floats) -> float:
    """Share of the samples that lie in flat tops: runs of three or more at the sound's highest or lowest value.

    Where neither of these comes near full scale, nothing is clipped.
    """
    if len(samples) < _FLAT_RUN:
        return 0.0
    top, bottom = samples.max(), samples.min()
    flat = np.zeros(len(samples), np.bool_)
    for end, is_hot in ((top, top >= _HOT), (bottom, bottom <= -_HOT)):
        if is_hot:
            at = samples == end
            run = at[:-2] & at[1:-1] & at[2:]
            for shift in range(_FLAT_RUN):
                flat[shift : len(run) + shift] |= run
    return float(flat.mean())
