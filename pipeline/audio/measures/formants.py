"""The first two formants, by linear prediction.

Formants are the resonances of the predictor, its poles; those too broad to be any are left out (J. D. Markel and
A. H. Gray, "Linear Prediction of Speech", 1976).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.audio.measures.prediction import predictors_of

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

FIRST_HZ: Final = (200.0, 1100.0)
SECOND_HZ: Final = (600.0, 3200.0)
_APART_HZ: Final = 200.0
_BROADEST_HZ: Final = 300.0
_NARROWEST_HZ: Final = 5.0  # a tone, and no resonance
_FRAME_S: Final = 0.03
_EMPHASIS: Final = 0.95
_MOST_FRAMES: Final = 100


@dataclass(frozen=True)
class Formants:
    """What was found in voiced moments.

    Parameters
    ----------
    clear_share
        Share of them that have both formants.
    first_hz, second_hz
        Medians there; None where there are none.
    """

    clear_share: float
    first_hz: float | None
    second_hz: float | None


def formants_of(samples: Floats, rate_hz: float, centres: Whole) -> Formants:
    """Find the formants around some samples, of which at most a hundred are looked at.

    Parameters
    ----------
    samples
        shape = (n,), at 8 to 16 kHz.
    centres
        The voiced moments, in samples, shape = (moments,).
    """
    if not len(centres):
        return Formants(0.0, None, None)
    chosen = centres[np.unique(np.linspace(0, len(centres) - 1, min(_MOST_FRAMES, len(centres))).astype(int))]
    size = round(_FRAME_S * rate_hz)
    sharp = samples.copy()
    sharp[1:] -= np.float32(_EMPHASIS) * samples[:-1]
    frames = sliding_window_view(np.pad(sharp, (size // 2, size)), size)[chosen] * np.hamming(size)
    first, second = _resonances(predictors_of(frames, 2 + round(rate_hz / 1000)), rate_hz)
    found = first > 0
    if not found.any():
        return Formants(0.0, None, None)
    return Formants(float(found.mean()), float(np.median(first[found])), float(np.median(second[found])))


def _resonances(predictors: Doubles, rate_hz: float) -> tuple[Doubles, Doubles]:
    """First and second formant of each predictor, in Hz; both 0 where it has not both; shape = (frames,)."""
    order = predictors.shape[1] - 1
    companion = np.zeros((len(predictors), order, order))
    companion[:, 0] = -predictors[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    poles = np.linalg.eigvals(companion)
    hz = np.angle(poles) * rate_hz / (2 * np.pi)
    breadth_hz = -np.log(np.maximum(np.abs(poles), 1e-9)) * rate_hz / np.pi
    is_clear = (breadth_hz < _BROADEST_HZ) & (breadth_hz > _NARROWEST_HZ)
    first = _lowest(hz, is_clear & (hz >= FIRST_HZ[0]) & (hz <= FIRST_HZ[1]))
    beyond = np.maximum(first[:, None] + _APART_HZ, SECOND_HZ[0])
    second = _lowest(hz, is_clear & (hz >= beyond) & (hz <= SECOND_HZ[1]))
    has_both = (first > 0) & (second > 0)
    return np.where(has_both, first, 0.0), np.where(has_both, second, 0.0)


def _lowest(hz: Doubles, allowed: Flags) -> Doubles:
    lowest = np.where(allowed, hz, np.inf).min(axis=1)
    return np.where(np.isfinite(lowest), lowest, 0.0)
