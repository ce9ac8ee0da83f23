"""Pitch from moment to moment, by autocorrelation.

The difference function of A. de Cheveigne and H. Kawahara, "YIN, a fundamental frequency estimator for speech and
music" (J. Acoust. Soc. Am. 111, 2002), divided by the energy of what it compares, as P. McLeod and G. Wyvill have it
("A smarter way to find pitch", ICMC 2005): 1 where a sound repeats itself exactly after a lag, about 0 in noise. Of
its peaks the first is taken that comes near the highest, so that it is the period and no multiple of it.

Noise through a resonance repeats itself for a while by chance, so resonances are taken out first, by linear prediction
as in J. D. Markel's "The SIFT algorithm for fundamental frequency estimation" (IEEE Trans. Audio Electroacoust. 20,
1972), and a pitch counts only where it lasts and moves steadily.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.audio.measures.prediction import predictors_of

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 600.0
_TOO_HIGH_HZ: Final = 1600.0
"""Periods are looked for up to here, so that a whistle isn't taken for a voice an octave or two below it."""
_FRAME_S: Final = 0.05
_HARMONICS_BELOW_HZ: Final = 700.0
_PREDICTED_S: Final = 0.5
_ORDER: Final = 8
_DULL: Final = 0.95
_REACH: Final = 24  # taps of the low pass on either side
_CLARITY: Final = 0.6
_NEAR_HIGHEST: Final = 0.9
_STEADY: Final = 0.2  # of the pitch, from one window to the next
_SHORTEST_RUN: Final = 6  # windows
_BLOCK: Final = 2048


@dataclass(frozen=True)
class PitchTrack:
    """Pitch of each window.

    Parameters
    ----------
    hz
        0 where there is no pitch, float32, shape = (windows,).
    clarity
        How exactly the sound repeats itself there, at most 1, float32, shape = (windows,).
    """

    hz: Floats
    clarity: Floats

    @property
    def is_voiced(self) -> Flags:
        """Which windows have a pitch."""
        return np.asarray(self.hz > 0)


def pitch_track(samples: Floats, rate_hz: float, centres: Whole, heard: Flags) -> PitchTrack:
    """Follow the pitch from 60 to 600 Hz.

    Parameters
    ----------
    samples
        shape = (n,), without frequencies below speech; 8 to 12 kHz are enough.
    rate_hz
        Its sample rate.
    centres
        In the middle of which sample each window lies, shape = (windows,).
    heard
        Which windows are not silent: only they can have a pitch, shape = (windows,).
    """
    hz, clarity = np.zeros(len(centres), np.float32), np.zeros(len(centres), np.float32)
    flat = np.convolve(_without_resonances(samples, rate_hz), _low_pass(rate_hz), mode="same")
    size = round(_FRAME_S * rate_hz)
    padded = np.pad(flat, (size // 2, size))
    frames = sliding_window_view(padded, size)
    where = np.flatnonzero(heard)
    for first in range(0, len(where), _BLOCK):
        part = where[first : first + _BLOCK]
        hz[part], clarity[part] = _pitch_of(frames[centres[part]], rate_hz)
    hz[clarity < _CLARITY] = 0
    return PitchTrack(_lasting(hz), clarity)


def _without_resonances(samples: Floats, rate_hz: float) -> Floats:
    """Predict each sample from the eight before it, and keep what is left: noise of any colour becomes nearly white.

    Predictors are made a little dull, so that they take out no pure tone.
    """
    size = round(_PREDICTED_S * rate_hz)
    blocks = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    predictors = predictors_of(blocks.astype(np.float64), _ORDER) * _DULL ** np.arange(_ORDER + 1)
    before = np.zeros((len(blocks), _ORDER), np.float32)
    before[1:] = blocks[:-1, -_ORDER:]
    longer = np.concatenate([before, blocks], axis=1)
    rest = np.zeros_like(blocks)
    for lag, weights in enumerate(predictors.T.astype(np.float32)):
        rest += weights[:, None] * longer[:, _ORDER - lag : _ORDER - lag + size]
    return rest.reshape(-1)[: len(samples)]


def _low_pass(rate_hz: float) -> Floats:
    """Keep the lowest harmonics: in the higher ones a pitch that moves no longer repeats itself within a frame."""
    taps = np.arange(-_REACH, _REACH + 1)
    cut = 2 * _HARMONICS_BELOW_HZ / rate_hz
    return np.asarray(cut * np.sinc(cut * taps) * np.hamming(len(taps)), np.float32)


def _pitch_of(frames: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Frequency and clarity of each frame, shape = (frames,); 0 where nothing repeats in the range of voices."""
    size = frames.shape[1]
    shortest, longest = int(rate_hz / _TOO_HIGH_HZ), int(np.ceil(rate_hz / LOWEST_HZ)) + 1
    similar = _similarity(frames, longest + 1)[:, shortest - 1 :]
    inner = similar[:, 1:-1]
    is_peak = (inner > similar[:, :-2]) & (inner >= similar[:, 2:]) & (inner > 0)
    peaks = np.where(is_peak, inner, np.float32(0))
    highest = peaks.max(axis=1, initial=0)
    at = np.argmax(peaks >= np.maximum(_NEAR_HIGHEST * highest, 1e-6)[:, None], axis=1)
    rows = np.arange(len(frames))
    before, middle, after = similar[rows, at], similar[rows, at + 1], similar[rows, at + 2]
    bend = before - 2 * middle + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0)
    hz = rate_hz / (shortest + at + shift)
    is_voice = (highest > 0) & (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ) & (size > 0)
    return np.where(is_voice, hz, 0).astype(np.float32), np.where(is_voice, middle, 0).astype(np.float32)


def _similarity(frames: Floats, lags: int) -> Floats:
    """1 - difference over energy at each lag, shape = (frames, lags)."""
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames, _fast(size + lags), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    together = np.fft.irfft(power, _fast(size + lags), axis=1)[:, :lags]
    squares = np.square(frames)
    gone = np.cumsum(squares[:, : lags - 1] + squares[:, ::-1][:, : lags - 1], axis=1)
    energy = np.empty((len(frames), lags), np.float32)
    energy[:, 0] = 2 * squares.sum(axis=1)
    energy[:, 1:] = energy[:, :1] - gone
    least = 1e-4 * energy[:, :1] + np.float32(1e-12)  # what rounding leaves of nothing
    return np.asarray(2 * together / np.maximum(energy, least), np.float32)


def _fast(size: int) -> int:
    """The next length that is a product of small primes, which transforms quickly."""
    two = 1 << (size - 1).bit_length()
    return min(n for n in (two, two * 3 // 4, two * 5 // 8, two * 9 // 16) if n >= size)


def _lasting(hz: Floats) -> Floats:
    """Keep a pitch where it moves steadily for at least six windows."""
    joined = (hz[1:] > 0) & (hz[:-1] > 0) & (np.abs(hz[1:] - hz[:-1]) <= _STEADY * np.maximum(hz[:-1], 1))
    run = np.concatenate(([0], np.cumsum(~joined)))  # which run each window belongs to
    lengths = np.bincount(run, minlength=1) if len(hz) else np.zeros(1, int)
    return np.where(lengths[run[: len(hz)]] >= _SHORTEST_RUN, hz, 0).astype(np.float32)
