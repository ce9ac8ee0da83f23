"""Reducing long series to pixel columns: lowest, highest and mean of what falls into each.

This module owns the arithmetic between a hundred thousand points and a thousand columns. It does not know colours,
pixels' heights or files. Every function takes time proportional to the points plus the columns; x need not be sorted,
and points that are not finite, or lie beside the axis, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from pipeline.picture.axis import SCALE_CODES, Axis

Floats = NDArray[np.float64]

NEIGHBOUR_COLUMNS: Final = 8  # how many occupied columns on either side tell how far apart points usually lie
BREAK_FACTOR: Final = 16.0  # for evenly random x, one pause in ten million is this many times the usual one
FEWEST_STEPS: Final = 4  # with fewer distances than this, nothing is "usual"


@dataclass(frozen=True)
class Columns:
    """What falls into each pixel column; all arrays have shape (columns,).

    `lowest`, `highest` and `mean` are NaN where a column is empty. `count` is the number of points in it, 0 for a
    column that a line merely crosses.
    """

    lowest: Floats
    highest: Floats
    mean: Floats
    count: NDArray[np.int64]

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Where there is something to draw."""
        return ~np.isnan(self.mean)


@njit(cache=True, nogil=True)
def _coordinate(value: float, scale: int) -> float:
    """Do for one value what `Axis.coordinate` does for arrays."""
    if scale == 1:
        return np.log10(value) if value > 0.0 else np.nan
    if scale == 2:  # noqa: PLR2004  # SCALE_CODES, which numba sees as plain numbers
        return np.log1p(value) / np.log(10.0) if value > -1.0 else np.nan
    return value


@njit(cache=True, nogil=True)
def _gather(
    x: Floats, y: Floats, mapping: tuple[float, float, int], gathered: Floats, counts: NDArray[np.int64]
) -> None:
    """Sum up points by column.

    `mapping` is the axis's first coordinate, pixels per coordinate and scale. `gathered` has shape (8, columns + 2):
    lowest, highest, sum, sum of positions, first position, its y, last position, its y. `counts` has shape
    (2, columns + 2): points, and changes of x among them. Both are added to. The first and the last column stand for
    what lies beside the axis, and hold the one point nearest to it.
    """
    origin, per_unit, scale = mapping
    columns = counts.shape[1] - 2
    before = np.nan
    for index in range(x.size):
        value = y[index]
        at = (_coordinate(x[index], scale) - origin) * per_unit
        if not (np.isfinite(value) and np.isfinite(at)):
            continue
        outside = at < 0.0 or at > columns
        column = (0 if at < 0.0 else columns + 1) if outside else min(int(at), columns - 1) + 1
        if outside and counts[0, column] > 0:
            if abs(at) >= abs(gathered[4, column]):
                continue
            counts[0, column] = 0
        if counts[0, column] == 0:
            gathered[:, column] = (value, value, 0.0, 0.0, at, value, at, value)
            counts[1, column] = 0
            before = np.nan
        gathered[0, column] = min(value, gathered[0, column])
        gathered[1, column] = max(value, gathered[1, column])
        gathered[2, column] += value
        gathered[3, column] += at
        if at < gathered[4, column]:
            gathered[4, column] = at
            gathered[5, column] = value
        if at >= gathered[6, column]:
            gathered[6, column] = at
            gathered[7, column] = value
        counts[0, column] += 1
        counts[1, column] += at != before
        before = at


@njit(cache=True, nogil=True)
def _widen(out: Floats, column: int, value: float) -> None:
    """Make a column's band reach a value; a column that is NaN has no band yet."""
    out[0, column] = value if np.isnan(out[0, column]) else min(value, out[0, column])
    out[1, column] = value if np.isnan(out[1, column]) else max(value, out[1, column])


@njit(cache=True, nogil=True)
def _bridge(gathered: Floats, counts: NDArray[np.int64], breaks: NDArray[np.bool_], out: Floats) -> None:
    """Carry the line that joins neighbouring points across column edges and empty columns.

    `out` has shape (3, columns + 2): lowest, highest and mean at the column's centre. Column c of it reaches from
    pixel edge c - 1 to c.
    """
    left = -1
    for right in range(counts.shape[1]):
        if counts[0, right] == 0:
            continue
        if left >= 0 and not breaks[right]:
            x0, y0, x1, y1 = gathered[6, left], gathered[7, left], gathered[4, right], gathered[5, right]
            slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
            m0, m1 = gathered[3, left] / counts[0, left], gathered[3, right] / counts[0, right]
            v0, v1 = gathered[2, left] / counts[0, left], gathered[2, right] / counts[0, right]
            rise = (v1 - v0) / (m1 - m0) if m1 > m0 else 0.0
            for column in range(left, right + 1):
                if column > left:
                    _widen(out, column, y0 + (column - 1 - x0) * slope)
                if column < right:
                    _widen(out, column, y0 + (column - x0) * slope)
                centre = column - 0.5
                if m0 <= centre <= m1:
                    out[2, column] = v0 + (centre - m0) * rise
        left = right


@dataclass(frozen=True)
class Gathering:
    """Points summed up by column, to be turned into columns with or without lines between them."""

    axis: Axis
    gathered: Floats  # shape (8, columns + 2), see _gather
    counts: NDArray[np.int64]  # shape (2, columns + 2)

    def add(self, x: ArrayLike, y: ArrayLike) -> None:
        """Add points; `x` and `y` have the same shape (points,)."""
        xs, ys = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
        if xs.ndim != 1 or xs.shape != ys.shape:
            raise ValueError(f"x and y must be of one length, not of shapes {xs.shape} and {ys.shape}")
        axis = self.axis
        mapping = (axis.first_coordinate, axis.pixels_per_coordinate, SCALE_CODES[axis.scale])
        _gather(xs, ys, mapping, self.gathered, self.counts)

    def points(self) -> Columns:
        """Columns of what was added, and nothing between them."""
        return _columns(self._plain(), self.counts)

    def line(self, gap_px: float | None = None) -> Columns:
        """Columns of the line through what was added: exact where points are sparse, the band where they are dense.

        Parameters
        ----------
        gap_px
            The line breaks where neighbouring points lie further apart than this; None finds pauses that are far
            longer than the usual distance of the points around them, and breaks there.
        """
        out = self._plain()
        _bridge(self.gathered, self.counts, self._breaks(gap_px), out)
        return _columns(out, self.counts)

    def _plain(self) -> Floats:
        """Lowest, highest and mean, of shape (3, columns + 2), with nothing joined."""
        count = self.counts[0]
        out = self.gathered[:3].copy()
        out[2] /= np.maximum(count, 1)
        out[:, count == 0] = np.nan
        return out

    def _breaks(self, gap_px: float | None) -> NDArray[np.bool_]:
        """Tell for each occupied column whether the line from the occupied column before it is cut."""
        breaks = np.zeros(self.counts.shape[1], dtype=np.bool_)
        occupied = np.flatnonzero(self.counts[0])
        first_px, last_px = self.gathered[4, occupied], self.gathered[6, occupied]
        if gap_px is not None:
            breaks[occupied[1:]] = first_px[1:] - last_px[:-1] > gap_px
            return breaks
        # Pauses are compared in values, not in pixels: on a logarithmic axis an even series looks ever denser.
        first, last = self.axis.value_at_px(first_px), self.axis.value_at_px(last_px)
        pauses = first[1:] - last[:-1]
        steps = np.concatenate([[0], np.cumsum(self.counts[1, occupied])])
        for right in (np.flatnonzero(np.diff(occupied) > 1) + 1).tolist():
            # The pauses next to this one count whole: points that grow ever sparser are no reason to break.
            usual = max(pauses[right - 2] if right > 1 else 0.0, pauses[right] if right < pauses.size else 0.0)
            known = 0
            for low, high in ((max(0, right - NEIGHBOUR_COLUMNS), right), (right, right + NEIGHBOUR_COLUMNS)):
                end = min(high, occupied.size) - 1
                count = int(steps[end + 1] - steps[low]) - 1
                if count > 0:
                    usual = max(usual, float(last[end] - first[low]) / count)
                    known += count
            breaks[occupied[right]] = known >= FEWEST_STEPS and pauses[right - 1] > BREAK_FACTOR * usual
        return breaks


def _columns(out: Floats, counts: NDArray[np.int64]) -> Columns:
    return Columns(out[0, 1:-1], out[1, 1:-1], out[2, 1:-1], counts[0, 1:-1].copy())


def gather(axis: Axis) -> Gathering:
    """Make an empty gathering for an axis, a column a pixel."""
    return Gathering(axis, np.zeros((8, axis.length_px + 2)), np.zeros((2, axis.length_px + 2), dtype=np.int64))


def reduce_columns(x: ArrayLike, y: ArrayLike, axis: Axis, *, gap_px: float | None = None) -> Columns:
    """Reduce a series to the pixel columns of an axis: the band and mean of the line through its points.

    Parameters
    ----------
    x, y
        Shape (points,), any order; points that are not finite are left out.
    axis
        What the columns cover.
    gap_px
        Where the line breaks, see `Gathering.line`. 0 joins nothing; `math.inf` joins everything.
    """
    gathering = gather(axis)
    gathering.add(x, y)
    return gathering.line(gap_px)


@njit(cache=True, nogil=True)
def _quantiles(
    place: NDArray[np.int64], values: Floats, starts: NDArray[np.int64], shares: Floats, out: Floats
) -> None:
    """Scatter values by column, sort each column, and read the shares off with linear interpolation."""
    columns = starts.size - 1
    ordered = np.empty(starts[columns])
    filled = starts[:columns].copy()
    for index in range(place.size):
        column = place[index]
        if column >= 0:
            ordered[filled[column]] = values[index]
            filled[column] += 1
    for column in range(columns):
        size = starts[column + 1] - starts[column]
        if size == 0:
            continue
        inside = np.sort(ordered[starts[column] : starts[column + 1]])
        for which in range(shares.size):
            at = shares[which] * (size - 1)
            low = int(at)
            high = min(low + 1, size - 1)
            out[which, column] = inside[low] + (inside[high] - inside[low]) * (at - low)


def column_quantiles(x: ArrayLike, y: ArrayLike, axis: Axis, shares: ArrayLike) -> Floats:
    """Quantiles of what falls into each column.

    Parameters
    ----------
    x, y
        Shape (points,), any order.
    axis
        What the columns cover.
    shares
        Shape (quantiles,), each from 0 (the lowest) to 1 (the highest); 0.5 is the median.

    Returns
    -------
    Shape (quantiles, columns), NaN where a column is empty. Interpolated linearly between the points (Hyndman and
    Fan's definition 7, numpy's default).
    """
    wanted = np.atleast_1d(np.asarray(shares, dtype=np.float64))
    if np.any((wanted < 0) | (wanted > 1)):
        raise ValueError("shares lie between 0 and 1")
    values = np.ascontiguousarray(y, dtype=np.float64)
    place = _place(np.asarray(x, dtype=np.float64), values, axis)
    starts = np.concatenate([[0], np.cumsum(np.bincount(place[place >= 0], minlength=axis.length_px))])
    out = np.full((wanted.size, axis.length_px), np.nan)
    _quantiles(place, values, starts.astype(np.int64), wanted, out)
    return out


def _place(x: Floats, y: Floats, axis: Axis) -> NDArray[np.int64]:
    """Tell each point's column, -1 for points that have none."""
    position = axis.position_px(x)
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(position) & np.isfinite(y) & (position >= 0) & (position <= axis.length_px)
    return np.where(inside, np.minimum(np.where(inside, position, 0).astype(np.int64), axis.length_px - 1), -1)
