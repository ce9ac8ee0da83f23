"""Made sounds and files for tests of sound: the right answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.ffmpeg import process as ffmpeg

Floats = npt.NDArray[np.float32]


def sine(hz: float, seconds: float, rate_hz: int, level_db: float = -6.0) -> Floats:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def noise(seconds: float, rate_hz: int, level_db: float = -12.0, seed: int = 1) -> Floats:
    samples = np.random.default_rng(seed).uniform(-1, 1, round(seconds * rate_hz))
    return (10 ** (level_db / 20) * samples).astype(np.float32)


def speechlike(seconds: float, rate_hz: int, pitch_hz: float = 180.0, level_db: float = -6.0) -> Floats:
    """Harmonics under a syllable-like envelope: neither a tone nor noise, with pauses."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    harmonics = [k for k in range(1, 12) if k * pitch_hz < 0.45 * rate_hz]
    voice = sum(np.sin(2 * np.pi * pitch_hz * k * time_s + k * k) / k for k in harmonics)
    envelope = np.clip(np.sin(2 * np.pi * 2.5 * time_s), 0, None)
    samples = np.asarray(voice * envelope)
    return (10 ** (level_db / 20) * samples / np.abs(samples).max()).astype(np.float32)


def write(path: Path, samples: Floats, rate_hz: int, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path


def convert(source: Path, target: Path, *options: str) -> Path:
    """Make a file of another kind with ffmpeg."""
    ffmpeg.run(["-y", "-i", ffmpeg.file_argument(source), *options, ffmpeg.file_argument(target)], timeout_s=60)
    return target


def peak_hz(samples: npt.NDArray[np.floating], rate_hz: int) -> float:
    """The strongest frequency."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate_hz)[np.argmax(power)])
