"""Made voices: pulses at a known pitch through resonances at known frequencies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
VOWELS = {"a": (730.0, 1090.0), "i": (270.0, 2290.0), "u": (300.0, 870.0), "e": (530.0, 1840.0)}
"""First and second formant of American men (G. E. Peterson and H. L. Barney, 1952), in Hz."""


def vowel(
    pitch_hz: float, formants_hz: tuple[float, ...], seconds: float, rate_hz: int, level_db: float = -20.0
) -> Floats:
    """Pulses that lie between samples where they have to, through one resonance after the other."""
    whole = round(seconds * rate_hz)
    at = np.arange(pitch_hz * seconds - 1) * rate_hz / pitch_hz
    first, share = at.astype(int), at % 1
    x = np.zeros(whole + 1)
    np.add.at(x, first, 1 - share)
    np.add.at(x, first + 1, share)
    x = lfilter([1.0], [1.0, -0.95], x[:whole])  # a voice falls by 12 dB an octave, and lips raise it by 6
    for formant_hz in (*formants_hz, 2900.0, 3500.0):
        x = resonance(x, formant_hz, 60.0 + 0.03 * formant_hz, rate_hz)
    return at_level(x, level_db)


def resonance(samples: npt.NDArray[np.floating], hz: float, breadth_hz: float, rate_hz: int) -> Doubles:
    radius = np.exp(-np.pi * breadth_hz / rate_hz)
    poles = [1.0, -2 * radius * np.cos(2 * np.pi * hz / rate_hz), radius**2]
    return np.asarray(lfilter([sum(poles)], poles, samples), np.float64)


def at_level(samples: npt.NDArray[np.floating], level_db: float) -> Floats:
    return (samples * (10 ** (level_db / 20) / np.sqrt(np.mean(np.square(samples))))).astype(np.float32)


def coloured_noise(fall: float, seconds: float, rate_hz: int, seed: int = 1) -> Floats:
    """Noise whose amplitude falls with the frequency: 0 is white, 0.5 pink, 1 brown."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))
    spectrum = np.fft.rfft(white)
    hz = np.maximum(np.fft.rfftfreq(len(white), 1 / rate_hz), 20.0)
    return at_level(np.fft.irfft(spectrum / hz**fall, len(white)), -20.0)


def silence(seconds: float, rate_hz: int) -> Floats:
    return np.zeros(round(seconds * rate_hz), np.float32)
