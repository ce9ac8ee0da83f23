"""Loss logs of any length as curves of so many pixels, also while they grow.

A log is read once; afterwards only what was added to it. A million iterations are reduced to the columns that a graph
has. This module does not know pages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.learning.training.loss_log import HEADER
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.columns import reduce_columns
from pipeline.runtime.wording.units import BITS_PER_NAT
from pipeline.tables.numbers import ParseDiagnostics, parse_numbers

Floats = NDArray[np.float64]

MOST_COLUMNS: Final = 4096
_FIELDS: Final = 6
_READ: Final = (0, 4, 5)
"""Iteration, training loss, validation loss."""
_BLOCK_BYTES: Final = 1 << 24
_LARGEST_BYTES: Final = 1 << 29
_SPARE: Final = b"\n" * 64
_MOST_POINTS: Final = 2000


@dataclass
class GrowingLog:
    """A loss log that is followed: iterations, and losses in nats per byte, NaN where there is none."""

    path: Path

    def __post_init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._at = 0
        self._inode = -1
        self._parts: list[Floats] = []

    @property
    def bytes_read(self) -> int:
        """How much of it was read: changes whenever it has grown."""
        return self._at

    def update(self) -> None:
        """Read what was added; all of it where it is another file than before, or shorter."""
        try:
            with self.path.open("rb") as file:
                about = self.path.stat()
                if about.st_ino != self._inode or about.st_size < self._at:
                    self._forget()
                    self._inode = about.st_ino
                file.seek(self._at)
                while self._at < _LARGEST_BYTES and (data := file.read(_BLOCK_BYTES)):
                    whole = data[: data.rfind(b"\n") + 1]
                    if not whole:
                        break
                    file.seek(self._at + len(whole))
                    self._take(whole)
                    self._at += len(whole)
        except OSError:
            self._forget()

    def _take(self, data: bytes) -> None:
        if self._at == 0:
            header, _, data = data.partition(b"\n")
            if header.decode("utf-8", "replace") != HEADER:
                raise OSError
        found = np.frombuffer(data + _SPARE, np.uint8)
        own = found[: len(data)]
        ends = np.flatnonzero((own == ord(",")) | (own == ord("\n")))
        if not ends.size or ends.size % _FIELDS or (own[ends[_FIELDS - 1 :: _FIELDS]] != ord("\n")).any():
            raise OSError
        begins = np.concatenate([[0], ends[:-1] + 1])
        columns = [
            parse_numbers(found, begins[field::_FIELDS], ends[field::_FIELDS], ParseDiagnostics()) for field in _READ
        ]
        self._parts.append(np.stack(columns))

    def columns(self) -> tuple[Floats, Floats, Floats]:
        """Iterations, training losses, validation losses; shape (lines,) each."""
        if not self._parts:
            empty = np.zeros(0)
            return empty, empty, empty
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts, axis=1)]
        iterations, training, validation = self._parts[0]
        return iterations, training, validation


@dataclass(frozen=True)
class Window:
    """What of a curve is shown: iterations `first` to `last` in so many columns, on a linear or logarithmic scale."""

    first: float
    last: float
    columns: int
    is_log: bool = False

    @property
    def axis(self) -> Axis:
        """The axis of its columns."""
        last = self.last if self.last > self.first else self.first + 1.0
        return Axis(self.first, last, self.columns, "log1p" if self.is_log else "linear")


def curves(
    training: tuple[Floats, Floats], validation: tuple[Floats, Floats], window: Window, factor: float = BITS_PER_NAT
) -> dict[str, Any]:
    """Reduce curves to columns.

    Parameters
    ----------
    training, validation
        Iterations and values, shape (n,) each.
    factor
        From what is stored to what is shown.

    Returns
    -------
    dict[str, Any]
        `training`: arrays `at` (iteration), `low`, `high`, `mean` of the columns in which there is something;
        `validation`: points `[iteration, loss]`, thinned where they are many.
    """
    axis = window.axis
    reduced = reduce_columns(training[0], training[1] * factor, axis, gap_px=0)
    filled = np.flatnonzero(reduced.filled)
    centres = axis.value_at_px(filled + 0.5)
    known = np.isfinite(validation[1])
    points = np.stack([validation[0][known], validation[1][known] * factor], axis=1)
    inside = points[(points[:, 0] >= window.first) & (points[:, 0] <= window.last)]
    step = max(1, math.ceil(len(inside) / _MOST_POINTS))
    finite = training[1][np.isfinite(training[1])]
    return {
        "training": {
            "at": _rounded(centres, 2),
            "low": _rounded(reduced.lowest[filled]),
            "high": _rounded(reduced.highest[filled]),
            "mean": _rounded(reduced.mean[filled]),
        },
        "validation": [[float(at), round(float(value), 4)] for at, value in inside[::step]],
        "count": int(finite.size),
    }


def _rounded(values: Floats, digits: int = 4) -> list[float]:
    return [float(one) for one in np.round(np.asarray(values, np.float64), digits)]
