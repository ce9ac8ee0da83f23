"""What was read of a run: curves, epochs, time, takes, settings; and what readers of logs give.

Owns the records and the law of restarts: where iterations go back, the later rows count. It reads no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.formats import Encoding

_LONGEST_S: Final = 1e12
"""Beyond any clock."""
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["training", "validation"]

LARGEST_ITERATION: Final = float(1 << 53)
"""Up to here every whole number is a float of its own."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A loss over iterations.

    Parameters
    ----------
    iterations
        Shape (points,), rising.
    values
        Shape (points,); NaN is a gap.
    unit
        "nats", another unit, or empty where nothing tells.
    """

    name: str
    kind: Kind
    iterations: Integers
    values: Floats
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Track:
    """Epochs, or seconds of training, at iterations that rise: shape (points,) each."""

    iterations: Integers
    values: Floats


@dataclass(frozen=True)
class TextForm:
    """How a text that was sampled becomes sound: one character a byte, one byte a sample.

    Parameters
    ----------
    table
        A file of 256 lines, as `from-text` reads it; None: build-video's own table.
    """

    sample_rate_hz: int
    encoding: Encoding = "linear-u8"
    table: Path | None = None


@dataclass(frozen=True)
class RunTake:
    """The sound that was made at an iteration.

    Parameters
    ----------
    path
        The file that holds it.
    span
        The first byte and the number of bytes where it lies within that file; None: it is the whole file.
    text
        How the file becomes sound, where it is text; None: it is an audio file.
    """

    iteration: int
    path: Path
    span: tuple[int, int] | None = None
    text: TextForm | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """What was read of a run."""

    curves: tuple[Curve, ...] = ()
    epochs: Track | None = None
    elapsed_s: Track | None = None
    """Seconds of training since the first row; pauses before a restart are left out."""
    takes: tuple[RunTake, ...] = ()
    """In the order of their iterations, one each."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the log says of the network and its training, as text."""
    notes: tuple[str, ...] = ()
    """What a person should know, one sentence each."""

    @property
    def last_iteration(self) -> int:
        """The last iteration that anything is known of."""
        ends = [int(curve.iterations[-1]) for curve in self.curves if curve.iterations.size]
        return max([*ends, *(take.iteration for take in self.takes)], default=0)


@dataclass(eq=False)
class Series:
    """One column of a log, row by row as it was written: shape (rows,) each."""

    name: str
    iterations: Floats
    values: Floats
    epochs: Floats | None = None
    seconds: Floats | None = None
    """Of any clock that goes on evenly."""
    unit: str = ""


@dataclass
class Log:
    """What a reader has found in one log."""

    series: list[Series] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Everything that could be a curve, wanted or not."""
    sounds: dict[str, list[RunTake]] = field(default_factory=dict)
    """By tag, in the order of writing."""
    settings: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    epochs_name: str = ""
    """Of the column that counts epochs, where another counts iterations."""


def later_rows_count(iterations: Floats) -> NDArray[np.bool_]:
    """Tell the rows that count: those after which no row has the same iteration or an earlier one.

    Parameters
    ----------
    iterations
        Shape (rows,), finite, in the order of writing.

    Returns
    -------
    Shape (rows,). The iterations of the rows that count rise strictly.
    """
    if not iterations.size:
        return np.zeros(0, dtype=np.bool_)
    least_from_here = np.minimum.accumulate(iterations[::-1])[::-1]
    return np.append(iterations[:-1] < least_from_here[1:], True)


def elapsed(seconds: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Seconds of training at the rows that count, from 0 on.

    Parameters
    ----------
    seconds
        Shape (rows,): a clock's, in the order of writing; NaN where it is not known.
    kept
        Shape (rows,): the rows that count. Where rows between two of them are gone, a restart lies
        between, and no time.

    Returns
    -------
    Shape (kept rows,), never falling.
    """
    rows = np.flatnonzero(kept)
    seconds = np.where(np.abs(seconds) < _LONGEST_S, seconds, np.nan)
    steps = np.diff(seconds[rows], prepend=seconds[rows[:1]])
    steps[np.diff(rows, prepend=rows[:1]) > 1] = 0.0
    steps[~(np.isfinite(steps) & (steps > 0))] = 0.0
    return np.cumsum(steps)
