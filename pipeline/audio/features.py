"""What a sound is like on the whole, and how far two sounds are apart: in loudness, its changes, pauses, and spectrum.

This module owns the distance by which the closest of several takes is chosen. Arrays of samples in, numbers out; it
knows neither files nor bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio import noise

Floats = npt.NDArray[np.float32]

_WINDOW_S: Final = 0.064
_BANDS: Final = 16
_LOWEST_HZ: Final = 100.0
_FLOOR_DB: Final = -96.0
_AUDIBLE_BELOW_LOUDEST_DB: Final = 40.0
"""Windows quieter than this, compared with the loudest, count as pauses."""
_PAUSE_BELOW_LOUDEST_DB: Final = 25.0

_SILENCE_BELOW_DB: Final = 24.0
"""A take so much quieter than the recording counts as silent."""
REFUSED: Final = 100.0
"""Added to the distance of a take that is silent or noise."""


@dataclass(frozen=True)
class AudioFeatures:
    """What a sound is like on the whole.

    Parameters
    ----------
    level_db
        Root mean square, decibels below full scale.
    movement_db
        How much the level changes from window to window: the standard deviation, within 40 dB of the loudest.
    flatness
        Geometric over arithmetic mean of the power spectrum, from 0 (a tone) to 1 (white noise).
    pauses
        Share of its time more than 25 dB below its loudest window.
    bands_db
        Power in bands that widen with frequency, each relative to the whole; shape = (16,).
    """

    level_db: float
    movement_db: float
    flatness: float
    pauses: float
    bands_db: npt.NDArray[np.float64]


def extract_features(samples: Floats, sample_rate_hz: int) -> AudioFeatures:
    """Measure a sound.

    Parameters
    ----------
    samples
        float32, full scale = 1, shape = (samples,), of any length.
    """
    size = max(32, round(_WINDOW_S * sample_rate_hz))
    x = np.asarray(samples, np.float64)
    x = np.pad(x, (0, -len(x) % size)) if len(x) else np.zeros(size)
    windows = x.reshape(-1, size)
    windows = windows - windows.mean(axis=1, keepdims=True)
    levels = _decibels(np.mean(windows**2, axis=1))
    audible = levels >= max(levels.max() - _AUDIBLE_BELOW_LOUDEST_DB, _FLOOR_DB + 1.0)
    if not audible.any():
        return AudioFeatures(_FLOOR_DB, 0.0, 0.0, 1.0, np.zeros(_BANDS))
    power = np.mean(np.abs(np.fft.rfft(windows[audible] * np.hanning(size), axis=1)[:, 1:]) ** 2, axis=0) + 1e-20
    return AudioFeatures(
        level_db=float(_decibels(np.mean(windows**2))),
        movement_db=float(np.std(np.maximum(levels, levels.max() - _AUDIBLE_BELOW_LOUDEST_DB))),
        flatness=float(noise.flatness(power)),
        pauses=float(np.mean(levels < levels.max() - _PAUSE_BELOW_LOUDEST_DB)),
        bands_db=_in_bands(power, sample_rate_hz / size, sample_rate_hz / 2),
    )


def distance(take: AudioFeatures, recording: AudioFeatures) -> float:
    """How far a take is from the recording: 0 is the same, 1 clearly different, 100 and more silence or noise."""
    level = abs(take.level_db - recording.level_db) / 6.0
    movement = abs(take.movement_db - recording.movement_db) / 6.0
    spectrum = float(np.mean(np.abs(take.bands_db - recording.bands_db))) / 6.0
    pauses = abs(take.pauses - recording.pauses) / 0.25
    silent = take.level_db < recording.level_db - _SILENCE_BELOW_DB
    return (level + movement + 2.0 * spectrum + pauses) / 5.0 + (
        REFUSED if silent or is_noise(take, recording) else 0.0
    )


def is_noise(take: AudioFeatures, recording: AudioFeatures) -> bool:
    """Tell whether a take is noise where the recording is not."""
    return noise.is_noise(take.flatness, recording.flatness)


def closest(distances: Sequence[float]) -> int:
    """Return the first of the closest, counted from 0."""
    return int(np.argmin(distances))


def _decibels(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (_FLOOR_DB / 10.0))), np.float64)


def _in_bands(power: npt.NDArray[np.float64], step_hz: float, highest_hz: float) -> npt.NDArray[np.float64]:
    edges = np.geomspace(_LOWEST_HZ, max(highest_hz, 2 * _LOWEST_HZ), _BANDS + 1)
    band = np.clip(np.searchsorted(edges, step_hz * np.arange(1, len(power) + 1), side="right") - 1, 0, _BANDS - 1)
    sums = np.bincount(band, weights=power, minlength=_BANDS)
    return np.maximum(_decibels(sums / sums.sum()), -60.0)
