"""A sound for the eyes and for a fair comparison: its outline, its spectrum as a picture, its level.

Files in, numbers and pictures out. This module does not know whose sounds they are.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.audio.levels import silence_limit, window_samples
from pipeline.picture.panels.sound.spectrogram import LOWEST_HZ, WINDOW_S, mel
from pipeline.picture.theme.theme import Theme
from pipeline.sound.inputs.sound_file import name_of

Floats = NDArray[np.float32]

MOST_COLUMNS: Final = 4000
_LONGEST_S: Final = 1200.0
_FLOOR_DB, _CEILING_DB = -70.0, -16.0
_HIGHEST_HZ: Final = 8000.0
_SILENT_DB: Final = -96.0
_END_OF_SCALE: Final = 0.99
_MOST_STRETCHES: Final = 100
_TALLEST_PX: Final = 512


def read_sound(path: Path) -> tuple[Floats, int]:
    """Samples, shape (n,), of the first twenty minutes, and their rate in Hz."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> tuple[Floats, int]:
    with soundfile.SoundFile(name_of(path)) as file:
        samples = file.read(int(_LONGEST_S * file.samplerate), dtype="float32", always_2d=True)
        return samples.mean(axis=1), int(file.samplerate)


@lru_cache(maxsize=4096)
def _level_db(path: Path, changed: int) -> float:
    samples, _ = _read(path, changed)
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return round(max(_SILENT_DB, 10 * math.log10(power + 1e-12)), 2)


def level_db(path: Path) -> float:
    """Its loudness: root mean square, in decibels below full scale."""
    return _level_db(path, path.stat().st_mtime_ns)


def outline(path: Path, columns: int) -> dict[str, Any]:
    """The lowest and highest sample of each column, from -100 to 100; its length and rate."""
    samples, rate_hz = read_sound(path)
    count = max(1, min(columns, len(samples)))
    edges = np.linspace(0, len(samples), count + 1).astype(np.int64)[:-1]
    lows = np.minimum.reduceat(samples, edges) if len(samples) else np.zeros(1)
    highs = np.maximum.reduceat(samples, edges) if len(samples) else np.zeros(1)
    return {
        "seconds": len(samples) / rate_hz,
        "rate_hz": rate_hz,
        "level_db": level_db(path),
        "low": [round(float(100 * one)) for one in lows],
        "high": [round(float(100 * one)) for one in highs],
    }


def silent_stretches(path: Path, recording: Path | None) -> list[tuple[float, float]]:
    """Where a sound is silent beside a recording, from and to, in seconds, as `silence_share` counts it."""
    samples, rate_hz = read_sound(path)
    size = window_samples(rate_hz)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    limit = silence_limit(_SILENT_DB if recording is None else level_db(recording))
    return _stretches(windows.var(axis=1) < limit, size / rate_hz, near=1)


def clipped_stretches(path: Path) -> list[tuple[float, float]]:
    """Where a sound stands at either end of the scale, from and to, in seconds."""
    samples, rate_hz = read_sound(path)
    return _stretches(np.abs(samples) >= _END_OF_SCALE, 1 / rate_hz, near=window_samples(rate_hz) // 5)


def _stretches(marked: NDArray[np.bool_], each_s: float, *, near: int) -> list[tuple[float, float]]:
    """Runs of what is marked; those that are `near` or nearer to each other are one. At most a hundred, the longest."""
    places = np.flatnonzero(marked)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > near)
    starts, ends = places[np.r_[0, breaks + 1]], places[np.r_[breaks, len(places) - 1]] + 1
    longest = np.sort(np.argsort(ends - starts)[-_MOST_STRETCHES:])
    return [(round(float(starts[n]) * each_s, 3), round(float(ends[n]) * each_s, 3)) for n in longest]


def spectrum_png(path: Path, width: int, height: int, theme: Theme) -> bytes:
    """The spectrogram of the whole sound, time to the right, mel frequency upwards, in a theme's colours: a PNG."""
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    samples, rate_hz = read_sound(path)
    levels = _levels(samples, rate_hz, width, min(height, _TALLEST_PX))
    colours = np.array([_rgb(colour) for colour in theme.colours.spectrum], np.float64)
    places = levels * (len(colours) - 1)
    under = np.minimum(places.astype(np.int64), len(colours) - 2)
    share = (places - under)[..., None]
    picture = (colours[under] * (1 - share) + colours[under + 1] * share).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def _levels(samples: Floats, rate_hz: int, width: int, height: int) -> NDArray[np.float64]:
    """How loud each mel band is in each column, from 0 to 1; shape (height, width), high frequencies first."""
    size = max(64, round(WINDOW_S * rate_hz))
    padded = np.pad(samples, (size // 2, size))
    starts = np.linspace(0, max(0, len(samples) - 1), width).astype(np.int64)
    window = np.hanning(size).astype(np.float32)
    frames = padded[starts[:, None] + np.arange(size)] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) / (window.sum() / 2)
    highest = min(_HIGHEST_HZ, rate_hz / 2)
    bins = np.fft.rfftfreq(size, 1 / rate_hz)
    wanted = np.linspace(float(mel(LOWEST_HZ)), float(mel(highest)), height)
    rows = np.searchsorted(mel(bins), wanted).clip(0, len(bins) - 1)
    decibels = 20 * np.log10(power[:, rows] + 1e-9)
    return np.asarray(((decibels - _FLOOR_DB) / (_CEILING_DB - _FLOOR_DB)).clip(0, 1).T[::-1])


def _rgb(colour: str) -> tuple[int, int, int]:
    digits = colour.lstrip("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
