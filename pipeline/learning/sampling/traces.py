"""What is recorded of a network while it generates: the distribution of the next byte, and the LSTM's cells.

Both are means over short windows of samples, in few bits, so that a second of sound takes less than 100 kB. This module
owns the windows, the numbers in which the means are kept, and the files. It does not know how a network computes, nor
what is drawn of it. It needs neither the compiler nor torch.

    windows = trace_windows(network, 11025)
    sums = new_sums(windows, network, streams=1, samples=windows.cells_samples)
    sampler.generate(numbers, inverse_temperature, sums=sums)
    kept_distribution(sums)                       # uint8, shape = (streams, windows, 256)
    kept_cells(sums, windows)                     # int8, shape = (streams, windows, cells)
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.lib.format
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from pipeline.learning.models.network import BYTE_VALUES, NetworkSettings
from pipeline.store.files import disk_errors, temporary_beside
from pipeline.store.names import PlainName

Floats = npt.NDArray[np.float32]

TRACES_VERSION: Final = 1
"""Stands in the key of takes that have traces."""
BYTES_PER_S: Final = 100_000
"""What a second of sound may take at most."""
_WINDOWS_PER_S: Final = 180
"""About three for each frame at 60 frames/s; of a distribution this makes 46 kB/s."""
_CELL_BYTES_PER_S: Final = 48_000
_ROWS_AT_ONCE: Final = 4096
_MOST_CELLS: Final = 2048
"""Of larger networks, evenly spaced cells stand for all: no panel has more rows."""
DISTRIBUTION_ONE: Final = 255.0
"""The kept number of a probability of 1. The square root is kept, so that small probabilities stay distinct."""
CELL_ONE: Final = 127.0
"""The kept number of a cell whose hyperbolic tangent is 1."""


class TraceWindows(BaseModel):
    """How finely a network is recorded.

    Parameters
    ----------
    distribution_samples, cells_samples
        How many samples make one window; the second is a multiple of the first, and both of the network's group.
    cells
        How many of the LSTM's cells are kept, evenly spaced over all layers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    distribution_samples: int = Field(ge=1)
    cells_samples: int = Field(ge=1)
    cells: int = Field(ge=1, le=_MOST_CELLS)


class TraceFiles(TraceWindows):
    """The traces of one take.

    Parameters
    ----------
    distribution_file
        uint8, shape = (windows, 256): 255 times the square root of each byte's mean probability.
    cells_file
        int8, shape = (windows, cells): 127 times the hyperbolic tangent of each cell's mean, layer after layer.
    """

    distribution_file: PlainName
    cells_file: PlainName


class TraceSums(NamedTuple):
    """What a block adds up about the network, window by window; the first window begins with the block.

    Parameters
    ----------
    distribution
        float32, shape = (windows, streams, 256): sums of the probabilities from which bytes were drawn.
    cells
        float32, shape = (windows, streams, layers, neurons): sums of the cells after each time step.
    samples, steps
        int64, shape = (windows,): how many distributions and how many time steps were added.
    distribution_samples, cells_samples
        Length of a window.
    """

    distribution: Floats
    cells: Floats
    samples: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    distribution_samples: int
    cells_samples: int


def trace_windows(network: NetworkSettings, sample_rate_hz: int) -> TraceWindows:
    """Choose windows for a network and a rate, as short as the limit of bytes allows."""
    short = -(-sample_rate_hz // (_WINDOWS_PER_S * network.group)) * network.group
    cells = min(network.layers * network.neurons, _MOST_CELLS)
    several = -(-cells * sample_rate_hz // (short * _CELL_BYTES_PER_S))
    return TraceWindows(distribution_samples=short, cells_samples=short * several, cells=cells)


def new_sums(windows: TraceWindows | None, network: NetworkSettings, streams: int, samples: int) -> TraceSums:
    """Sums of zero for a block of so many samples; of no windows where nothing is to be recorded."""
    shape = (network.layers, network.neurons)
    short, long = (windows.distribution_samples, windows.cells_samples) if windows is not None else (1, 1)
    count = samples if windows is not None else 0
    few, many = -(-count // long), -(-count // short)
    return TraceSums(
        distribution=np.zeros((many, streams, BYTE_VALUES), np.float32),
        cells=np.zeros((few, streams, *shape), np.float32),
        samples=np.zeros(many, np.int64),
        steps=np.zeros(few, np.int64),
        distribution_samples=short,
        cells_samples=long,
    )


def kept_distribution(sums: TraceSums) -> npt.NDArray[np.uint8]:
    """Return what is kept of the distributions: uint8, shape = (streams, windows, 256)."""
    mean = sums.distribution / np.maximum(sums.samples, 1)[:, None, None]
    kept = np.rint(DISTRIBUTION_ONE * np.sqrt(np.clip(np.nan_to_num(mean), 0.0, 1.0)))
    return np.ascontiguousarray(kept.astype(np.uint8).transpose(1, 0, 2))


def kept_cells(sums: TraceSums, windows: TraceWindows) -> npt.NDArray[np.int8]:
    """Return what is kept of the cells: int8, shape = (streams, windows, cells)."""
    count, streams = sums.cells.shape[:2]
    total = sums.cells.shape[2] * sums.cells.shape[3]
    chosen = np.linspace(0, total - 1, windows.cells).round().astype(np.int64)
    mean = sums.cells.reshape(count, streams, total)[..., chosen] / np.maximum(sums.steps, 1)[:, None, None]
    kept = np.rint(CELL_ONE * np.tanh(np.nan_to_num(mean)))
    return np.ascontiguousarray(kept.astype(np.int8).transpose(1, 0, 2))


def trace_files(take_file: str, windows: TraceWindows) -> TraceFiles:
    """Name the traces of a take whose bytes lie in `take_file`."""
    stem = Path(take_file).stem
    return TraceFiles(
        distribution_file=f"{stem}-distribution.npy",
        cells_file=f"{stem}-cells.npy",
        **windows.model_dump(include=set(TraceWindows.model_fields)),
    )


def copy_traces(source: Path, take_file: str, folder: Path, files: TraceFiles) -> None:
    """Copy the traces of a candidate, whose bytes lie in `source / take_file`, to those of a take in `folder`."""
    own = trace_files(take_file, files)
    shutil.copyfile(source / own.distribution_file, folder / files.distribution_file)
    shutil.copyfile(source / own.cells_file, folder / files.cells_file)


def cut_traces(folder: Path, take_file: str, windows: TraceWindows, kept: Sequence[tuple[int, int]]) -> None:
    """Cut the traces of a take as its bytes were cut: windows begin anew, each with what was recorded at its middle.

    Parameters
    ----------
    kept
        The stretches of samples (start, end) that are left, in order.
    """
    files = trace_files(take_file, windows)
    for name, samples in (
        (files.distribution_file, windows.distribution_samples),
        (files.cells_file, windows.cells_samples),
    ):
        path = folder / name
        unfinished = temporary_beside(path)
        with disk_errors(path):
            try:
                _write_rows(unfinished, np.load(path, mmap_mode="r", allow_pickle=False), rows_after_cut(kept, samples))
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)


def rows_after_cut(kept: Sequence[tuple[int, int]], samples: int) -> npt.NDArray[np.int64]:
    """Number the windows of `samples` samples that lie at the middles of the windows of what is kept."""
    starts, ends = np.array(kept, np.int64).reshape(-1, 2).T
    gone_by = np.cumsum(ends - starts)
    total = int(gone_by[-1]) if len(gone_by) else 0
    middles = np.minimum(np.arange(0, total, samples) + samples // 2, total - 1)
    stretch = np.searchsorted(gone_by, middles, side="right")
    return np.asarray((ends[stretch] - gone_by[stretch] + middles) // samples, np.int64)


def _write_rows(path: Path, array: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> None:
    shape = (len(rows), *array.shape[1:])
    with path.open("wb") as file:
        fields = {"descr": numpy.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": shape}
        numpy.lib.format.write_array_header_1_0(file, fields)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            file.write(array[rows[first : first + _ROWS_AT_ONCE]].tobytes())
