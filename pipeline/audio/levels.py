"""How much of a sound is silent, and how much is clipped. Pure: bytes in, shares out."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_WINDOW_S: Final = 0.05
_SILENCE_BELOW_DB: Final = 30.0
_FLOOR_DB: Final = -60.0
_WINDOWS_AT_ONCE: Final = 4096
_SAMPLES_AT_ONCE: Final = 1 << 16


def silence_limit(recording_db: float) -> float:
    """The power below which a window is silence: 30 dB below the recording's level, -60 dB at least.

    Parameters
    ----------
    recording_db
        Root mean square of the recording, decibels below full scale.

    Returns
    -------
    float
        Mean square, full scale = 1.
    """
    return float(10.0 ** (max(recording_db - _SILENCE_BELOW_DB, _FLOOR_DB) / 10.0))


def window_samples(sample_rate_hz: int) -> int:
    """Length of the windows in which silence is looked for."""
    return max(1, round(_WINDOW_S * sample_rate_hz))


def silence_share(codes: Bytes, code_values: Floats, sample_rate_hz: int, recording_db: float) -> float:
    """Share of a sound's windows of 50 ms that are silence, from 0 to 1; a rest shorter than a window is left out.

    Parameters
    ----------
    codes
        uint8, shape = (samples,); may be mapped from a file of any length.
    code_values
        The value of each code, float32, shape = (256,), full scale = 1.
    recording_db
        As for `silence_limit`.
    """
    size = window_samples(sample_rate_hz)
    windows = len(codes) // size
    limit = silence_limit(recording_db)
    quiet = 0
    for first in range(0, windows, _WINDOWS_AT_ONCE):
        values = code_values[codes[first * size : min(first + _WINDOWS_AT_ONCE, windows) * size]].reshape(-1, size)
        quiet += int(np.count_nonzero(values.var(axis=1) < limit))
    return quiet / max(1, windows)


def clipped_share(codes: Bytes, code_values: Floats) -> float:
    """Share of a sound's samples at either end of the scale, from 0 to 1; parameters as for `silence_share`."""
    counts = np.zeros(len(code_values), np.int64)
    for first in range(0, len(codes), _SAMPLES_AT_ONCE):
        counts += np.bincount(codes[first : first + _SAMPLES_AT_ONCE], minlength=len(code_values))
    ends = counts[int(np.argmin(code_values))] + counts[int(np.argmax(code_values))]
    return float(ends / max(1, len(codes)))
