"""Made-up traces of takes that nobody has sampled: as a sampler writes them, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.audio.quantise import code_values
from pipeline.build.unmade.placeholder_traces import write_placeholder_traces
from pipeline.learning.sampling.traces import TraceWindows

CODES = np.rint(128 + 60 * np.sin(np.arange(2000) / 9)).astype(np.uint8)
WINDOWS = TraceWindows(distribution_samples=40, cells_samples=80, cells=24)


def traced(folder: Path, learned: float) -> tuple[np.ndarray, np.ndarray]:
    folder.mkdir()
    files = write_placeholder_traces(folder, "take.npy", CODES, learned, (WINDOWS, 8000, "linear-u8"))
    return np.load(folder / files.distribution_file), np.load(folder / files.cells_file)


def test_a_fog_becomes_a_path_and_cells_come_to_life(tmp_path: Path) -> None:
    fog, calm = traced(tmp_path / "first", 0.0)
    path, lively = traced(tmp_path / "last", 1.0)
    assert (fog.shape, fog.dtype) == (path.shape, path.dtype) == ((50, 256), np.uint8)
    assert (calm.shape, calm.dtype) == (lively.shape, lively.dtype) == ((25, 24), np.int8)
    first, last = ((rows / 255.0) ** 2 for rows in (fog, path))
    assert np.abs(first.sum(axis=1) - 1).max() < 0.1
    assert first.max() < 0.02
    assert last.max() > 0.1
    heard = code_values("linear-u8")[CODES].reshape(50, 40)
    expected = last @ code_values("linear-u8") / last.sum(axis=1)
    assert np.all((heard.min(axis=1) - 0.05 < expected) & (expected < heard.max(axis=1) + 0.05))
    assert 10 * np.abs(calm).mean() < np.abs(lively).mean()


def test_the_same_take_has_the_same_traces(tmp_path: Path) -> None:
    for one, two in zip(traced(tmp_path / "one", 0.4), traced(tmp_path / "two", 0.4), strict=True):
        assert np.array_equal(one, two)
