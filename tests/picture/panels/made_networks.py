"""What networks of made scenes would have expected and computed: fogs that clear, cells that come to life."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.audio.quantise import code_values
from pipeline.picture.panels.scene_data import CellRows, SceneActivity, SceneData, SceneDistributions, WindowRows
from tests.picture.panels.made_scenes import RATE_HZ, scene_data

WINDOW_SAMPLES = 62
CELLS = 96
_WIDTHS = (3.0, 0.25, 0.02)
"""How far around the sound each take's network expects the next amplitude, full scale = 1."""
_LIVELINESS = (0.06, 0.45, 1.0)


def inside_data(width: int = 320, height: int = 180, **changes: object) -> SceneData:
    """The made scene of 12 s, with traces of its takes; the recording has none."""
    data = scene_data(width, height, **changes)
    takes = [sound for sound in data.sounds if sound.kind == "take"]
    distributions: list[WindowRows | None] = [None]
    cells: list[CellRows | None] = [None]
    for sound, width_, liveliness in zip(takes, _WIDTHS, _LIVELINESS, strict=True):
        samples = np.asarray(sound.samples[0 : len(sound.samples)])
        distributions.append(WindowRows(_expected(samples.tobytes(), width_), WINDOW_SAMPLES))
        rows = _cells(samples.tobytes(), liveliness)
        cells.append(CellRows(rows, WINDOW_SAMPLES, middle=rows.mean(axis=0).astype(np.float32)))
    order = np.random.default_rng(4).permutation(CELLS).argsort()
    values: dict[str, object] = {
        "distributions": SceneDistributions(tuple(distributions), code_values("linear-u8")),
        "activity": SceneActivity(tuple(cells), order),
    }
    return scene_data(width, height, **{**changes, **values})


@cache
def _expected(sound: bytes, width: float) -> np.ndarray:
    samples = np.frombuffer(sound, np.float32)
    values = code_values("linear-u8")
    windows = len(samples) // WINDOW_SAMPLES
    rows = np.zeros((windows, 256))
    for place in range(0, WINDOW_SAMPLES, 4):
        near = samples[place : place + windows * WINDOW_SAMPLES : WINDOW_SAMPLES][:windows, None]
        likely = np.exp(-(((values - near) / width) ** 2) / 2)
        rows += likely / likely.sum(axis=1, keepdims=True)
    return np.rint(255 * np.sqrt(rows / rows.sum(axis=1, keepdims=True))).astype(np.uint8)


@cache
def _cells(sound: bytes, liveliness: float) -> np.ndarray:
    windows = len(sound) // 4 // WINDOW_SAMPLES
    time_s = np.arange(windows)[:, None] * WINDOW_SAMPLES / RATE_HZ
    moods = np.random.default_rng(4).permutation(CELLS) / CELLS
    waves = np.sin(2 * np.pi * (1.5 * time_s + moods)) * np.sin(2 * np.pi * time_s * (0.5 + moods))
    noise = np.random.default_rng(1).normal(0, 0.12, (windows, CELLS))
    return np.rint(127 * liveliness * np.tanh(waves + noise)).astype(np.int8)
