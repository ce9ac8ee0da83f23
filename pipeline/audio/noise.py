"""Whether a sound is noise: by its spectral flatness, the geometric over the arithmetic mean of its power spectrum.

Flatness is 0 for a tone and near 1 for white noise; of one window of white noise it is exp(-Euler's gamma) = 0.56,
because a single spectrum is itself noisy. Both questions of the film stand here with their thresholds:

- `is_noise` compares whole sounds, by the flatness of their mean spectrum (white noise: 1). It decides which take is
  chosen and whether it is warned of, and so never calls a take noise whose recording is noise too.
- `noisiness` grades one sound by itself, window by window (white noise: 0.56). It decides how far its level is lowered,
  and so knows steps between.

Source: Johnston, "Transform coding of audio signals using perceptual noise criteria", IEEE JSAC 6(2), 1988.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.samples import Samples

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_NOISE_FLATNESS: Final = 0.5
"""Of a mean spectrum."""
_TONAL_FLATNESS: Final = 0.25
_NOISY_FLATNESS: Final = 0.45
"""Of single windows; speech has 0.02 to 0.1."""
RATHER_NOISE: Final = 0.5
"""A noisiness from which on a sound is rather noise than speech."""

_WINDOW_SAMPLES: Final = 512
_MOST_WINDOWS: Final = 400
_LOWEST_HZ: Final = 100.0
_HIGHEST_SHARE: Final = 0.45
"""Of the sample rate: above, resampling has taken the sound away."""


def flatness(power: Doubles) -> Doubles:
    """Spectral flatness of power spectra along their last axis, which must be positive; from 0 to 1."""
    return np.asarray(np.exp(np.log(power).mean(axis=-1)) / power.mean(axis=-1))


def is_noise(take_flatness: float, recording_flatness: float) -> bool:
    """Tell whether a take is noise where the recording is not, by the flatness of their mean spectra."""
    return take_flatness > _NOISE_FLATNESS > recording_flatness


def noisiness(source: Samples, sample_rate_hz: int) -> float:
    """How much a sound is plain noise: 0 for speech and tones, 1 for white noise.

    By the flatness of windows all over the sound, weighted with their energy.
    """
    count = len(source) // _WINDOW_SAMPLES
    if not count:
        return 0.0
    starts = np.unique(np.linspace(0, count - 1, min(count, _MOST_WINDOWS)).astype(int)) * _WINDOW_SAMPLES
    windows = np.stack([_mono(source[start : start + _WINDOW_SAMPLES]) for start in starts])
    windows = (windows - windows.mean(axis=1, keepdims=True)) * _hann()
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / sample_rate_hz)
    power = power[:, (hz >= _LOWEST_HZ) & (hz <= _HIGHEST_SHARE * sample_rate_hz)] + 1e-12
    energy = power.sum(axis=1)
    mean = float((flatness(power) * energy).sum() / energy.sum())
    return float(np.clip((mean - _TONAL_FLATNESS) / (_NOISY_FLATNESS - _TONAL_FLATNESS), 0.0, 1.0))


def _hann() -> Doubles:
    from scipy import signal  # noqa: PLC0415 - whoever samples needs no scipy

    return np.asarray(signal.windows.hann(_WINDOW_SAMPLES))


def _mono(window: Floats) -> Floats:
    return window if window.ndim == 1 else window.mean(axis=1)
