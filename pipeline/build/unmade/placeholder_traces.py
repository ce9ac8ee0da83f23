"""Stand-ins for what is recorded of a network while it generates: a fog that clears, cells that come to life.

This module owns what they are like, and writes them like a sampler. It does not know what they are shown in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import Encoding
from pipeline.audio.quantise import code_values, dequantise
from pipeline.learning.sampling.traces import CELL_ONE, DISTRIBUTION_ONE, TraceFiles, TraceWindows, trace_files

_WIDEST: Final = 3.0
"""How far around a sound an untrained network expects the next amplitude, full scale = 1; and one at its end."""
_NARROWEST: Final = 0.02
_LOOKS: Final = 3
"""In a window of the distribution."""
_LIVELINESS: Final = (0.06, 1.0)
"""Of cells at the beginning and at the end of a training, of their whole range."""
_SLOWEST_HZ, _FASTEST_HZ = 0.4, 6.0
_LOUD: Final = 4.0
"""How far cells follow the sound's loudness."""


def write_placeholder_traces(
    folder: Path, take_file: str, codes: npt.NDArray[np.uint8], learned: float, how: tuple[TraceWindows, int, Encoding]
) -> TraceFiles:
    """Make up what was recorded of a take, the same for the same take.

    Parameters
    ----------
    folder, take_file
        Where the take lies.
    codes
        The take, shape = (samples,).
    learned
        How far its network has come, 0 to 1.
    how
        How finely a network is recorded; the take's sample rate in Hz and its encoding.
    """
    windows, rate_hz, encoding = how
    files = trace_files(take_file, windows)
    levels = dequantise(codes, encoding)
    expected = _expected(levels, code_values(encoding), windows.distribution_samples, learned)
    cells = _cells(levels, windows, rate_hz, learned)
    np.save(folder / files.distribution_file, expected, allow_pickle=False)
    np.save(folder / files.cells_file, cells, allow_pickle=False)
    return files


def _expected(
    levels: npt.NDArray[np.float32], values: npt.NDArray[np.float32], samples: int, learned: float
) -> npt.NDArray[np.uint8]:
    """Normal distributions around what is heard, in each window the mean of a few; shape = (windows, 256)."""
    width = _WIDEST * (_NARROWEST / _WIDEST) ** learned
    starts = np.arange(0, len(levels), samples)
    total = np.zeros((len(starts), len(values)), np.float32)
    for look in range(_LOOKS):
        near = levels[np.minimum(starts + (2 * look + 1) * samples // (2 * _LOOKS), len(levels) - 1)]
        likely = np.exp(-0.5 * ((values - near[:, None]) / width) ** 2) + 1e-6
        total += likely / likely.sum(axis=1, keepdims=True)
    return np.rint(DISTRIBUTION_ONE * np.sqrt(total / _LOOKS)).astype(np.uint8)


def _cells(
    levels: npt.NDArray[np.float32], windows: TraceWindows, rate_hz: int, learned: float
) -> npt.NDArray[np.int8]:
    """Waves of many speeds that swell with the sound; shape = (windows, cells)."""
    random = np.random.default_rng(windows.cells)
    starts = np.arange(0, len(levels), windows.cells_samples)
    loud = np.sqrt(np.add.reduceat(levels.astype(np.float64) ** 2, starts) / windows.cells_samples)
    speed_hz = _SLOWEST_HZ * (_FASTEST_HZ / _SLOWEST_HZ) ** random.random(windows.cells)
    phase, follows = random.random(windows.cells), random.uniform(-1, 1, windows.cells)
    waves = np.sin(2 * np.pi * (starts[:, None] / rate_hz * speed_hz + phase))
    moves = 0.5 * waves + _LOUD * loud[:, None] * follows + random.normal(0, 0.1, waves.shape)
    liveliness = _LIVELINESS[0] + (_LIVELINESS[1] - _LIVELINESS[0]) * learned
    return np.rint(CELL_ONE * liveliness * np.tanh(moves)).astype(np.int8)
