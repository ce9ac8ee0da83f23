"""A sound cut to the band of speech, its long-term spectrum, and how far two of these are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_RATE_HZ: Final = 8000
_LOW_CUT_HZ: Final = (20.0, 50.0)
_LONGEST_PIECE: Final = 1 << 11
LOWEST_BAND_HZ: Final = 100.0
BANDS: Final = 16
"""Thirds of an octave from 100 Hz: the last one reaches 4032 Hz."""
LEAST_DB: Final = -40.0


def in_speech_band(samples: Floats, sample_rate_hz: int) -> tuple[Floats, Floats, float]:
    """Take out what lies below speech, and make a copy at a rate that is enough for pitch and formants.

    Returns
    -------
    tuple[Floats, Floats, float]
        The sound at its own rate, shape = (n,); at a lower one, shape = (ceil(n / factor),); and that rate, 8 to 16
        kHz, or the sound's own where it is lower.
    """
    factor = max(1, sample_rate_hz // _RATE_HZ)
    short = _fast(-(-len(samples) // factor) + round(0.05 * _RATE_HZ))  # what ends doesn't run into the beginning
    spectrum = np.fft.rfft(samples, short * factor)
    hz = np.arange(len(spectrum)) * (sample_rate_hz / (short * factor))
    low, high = _LOW_CUT_HZ
    end = int(np.searchsorted(hz, high))
    spectrum[:end] *= (0.5 - 0.5 * np.cos(np.pi * np.clip((hz[:end] - low) / (high - low), 0, 1))).astype(np.float32)
    whole = np.fft.irfft(spectrum, short * factor)[: len(samples)].astype(np.float32)
    if factor == 1:
        return whole, whole, float(sample_rate_hz)
    bins = short // 2 + 1
    band = spectrum[:bins].copy()
    band[-1] = 0
    slow = np.fft.irfft(band, short) / factor
    return whole, slow[: -(-len(samples) // factor)].astype(np.float32), sample_rate_hz / factor


def _fast(size: int) -> int:
    """A length of at least so much that is a small number times a power of two, at most an eighth longer."""
    step = 1 << max(0, (max(size, 16) - 1).bit_length() - 4)
    return -(-size // step) * step


def band_levels_db(samples: Floats, sample_rate_hz: float) -> tuple[float, ...]:
    """Power in thirds of an octave from 100 to 4000 Hz, each relative to all of them.

    Pieces of about 64 ms are averaged (Welch's method); what is silent adds next to nothing. Silence has -40 dB in all.
    """
    size = 1 << max(5, round(0.064 * sample_rate_hz).bit_length() - 1)
    pieces = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    window = np.hanning(size).astype(np.float32)
    power = np.zeros(size // 2 + 1)
    for first in range(0, len(pieces), _LONGEST_PIECE):
        spectrum = np.fft.rfft(pieces[first : first + _LONGEST_PIECE] * window, axis=1)
        power += (np.square(spectrum.real) + np.square(spectrum.imag)).sum(axis=0, dtype=np.float64)
    edges = LOWEST_BAND_HZ * 2.0 ** (np.arange(BANDS + 1) / 3.0)
    hz = np.arange(len(power)) * (sample_rate_hz / size)
    running = np.concatenate(([0.0], np.cumsum(power)))
    at = np.interp(edges, np.append(hz, hz[-1] + hz[1]) - hz[1] / 2, running)  # bands may share a bin
    sums = np.diff(at)
    total = sums.sum()
    if total <= 0:
        return (LEAST_DB,) * BANDS
    return tuple(np.maximum(10.0 * np.log10(np.maximum(sums / total, 1e-12)), LEAST_DB).round(2).tolist())


def spectral_distance_db(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two long-term spectra are apart: the mean difference of their bands, in decibels.

    Raises
    ------
    ValueError
        Where they have different numbers of bands, or none.
    """
    if len(one) != len(other) or not one:
        raise ValueError(f"spectra of {len(one)} and {len(other)} bands can't be compared")
    return float(np.mean(np.abs(np.subtract(one, other))))
