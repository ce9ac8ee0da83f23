"""Reducing long series to pixel columns: lowest, highest and mean of what falls into each.

This module owns the arithmetic between a hundred thousand points and a thousand columns. It does not know colours,
pixels' heights or files. x need not be sorted; points that are not finite, or lie beside the axis, are left out. Time
grows with the points plus the columns, memory beyond the points themselves with the columns alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.picture.plotting.axis import Axis

Floats = NDArray[np.float64]

NEIGHBOUR_COLUMNS: Final = 8  # how many occupied columns on either side tell how far apart points usually lie
BREAK_FACTOR: Final = 16.0  # for evenly random x, one pause in ten million is this many times the usual one
FEWEST_STEPS: Final = 4  # with fewer distances than this, nothing is "usual"
_BLOCK_POINTS: Final = 1 << 16  # a few arrays of this many points fit into a processor's cache


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


@dataclass(frozen=True)
class _ColumnSums:
    """Points summed up by column; shape (columns + 2,) each.

    The first and the last entry stand for what lies beside the axis, and hold the one point nearest to it.
    """

    count: NDArray[np.int64]
    steps: NDArray[np.int64]  # changes of x among the points
    lowest: Floats
    highest: Floats
    total: Floats
    total_px: Floats  # sum of positions
    first_px: Floats  # the leftmost point, and its y
    first: Floats
    last_px: Floats
    last: Floats

    def add_rising(self, columns: NDArray[np.intp], px: Floats, y: Floats) -> None:
        """Add finite points in rising order of position."""
        begins = np.flatnonzero(np.concatenate([[True], columns[1:] != columns[:-1]]))
        ends = np.append(begins[1:], columns.size) - 1
        at = columns[begins]
        changes = np.concatenate([[1], px[1:] != px[:-1]])
        self.steps[at] += np.add.reduceat(changes, begins) - (px[begins] == self.last_px[at])
        self.count[at] += ends - begins + 1
        self.lowest[at] = np.fmin(self.lowest[at], np.minimum.reduceat(y, begins))
        self.highest[at] = np.fmax(self.highest[at], np.maximum.reduceat(y, begins))
        self.total[at] += np.add.reduceat(y, begins)
        self.total_px[at] += np.add.reduceat(px, begins)
        earlier = px[begins] < self.first_px[at]
        self.first_px[at[earlier]], self.first[at[earlier]] = px[begins[earlier]], y[begins[earlier]]
        later = px[ends] >= self.last_px[at]
        self.last_px[at[later]], self.last[at[later]] = px[ends[later]], y[ends[later]]

    def put(self, column: int, px: float, y: float) -> None:
        """Let one point stand for a whole column."""
        self.count[column] = self.steps[column] = 1
        for array in (self.lowest, self.highest, self.total, self.first, self.last):
            array[column] = y
        for array in (self.total_px, self.first_px, self.last_px):
            array[column] = px


class Binning:
    """Points summed up by column, to be turned into columns with or without lines between them."""

    def __init__(self, axis: Axis) -> None:
        self.axis = axis
        size = axis.length_px + 2
        self._sums = _ColumnSums(
            *np.zeros((2, size), dtype=np.int64),
            *np.full((2, size), np.nan),
            *np.zeros((2, size)),
            *np.full((2, size), np.inf),
            *np.full((2, size), -np.inf),
        )

    def add(self, x: ArrayLike, y: ArrayLike) -> None:
        """Add points; `x` and `y` have the same shape (points,)."""
        xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if xs.ndim != 1 or xs.shape != ys.shape:
            raise ValueError(f"x and y must be of one length, not of shapes {xs.shape} and {ys.shape}")
        for begin in range(0, xs.size, _BLOCK_POINTS):
            self._add_block(xs[begin : begin + _BLOCK_POINTS], ys[begin : begin + _BLOCK_POINTS])

    def _add_block(self, x: Floats, y: Floats) -> None:
        px = self.axis.position_px(x)
        finite = np.isfinite(px) & np.isfinite(y)
        if not finite.all():
            px, y = px[finite], y[finite]
        inside = (px >= 0) & (px <= self.axis.length_px)
        if not inside.all():
            self._add_beside(px, y)
            px, y = px[inside], y[inside]
        if np.any(px[1:] < px[:-1]):
            order = np.argsort(px, kind="stable")
            px, y = px[order], y[order]
        if px.size:
            columns = np.minimum(px.astype(np.intp), self.axis.length_px - 1)
            self._sums.add_rising(columns + 1, px, y)

    def _add_beside(self, px: Floats, y: Floats) -> None:
        """Keep the points nearest to the axis's two ends: lines run on to them."""
        sums, far = self._sums, self.axis.length_px
        left = np.where(px < 0, px, -np.inf)
        nearest = int(np.argmax(left))
        if left[nearest] > -np.inf and (sums.count[0] == 0 or left[nearest] > sums.last_px[0]):
            sums.put(0, float(px[nearest]), float(y[nearest]))
        right = np.where(px > far, px, np.inf)
        nearest = int(np.argmin(right))
        if right[nearest] < np.inf and (sums.count[-1] == 0 or right[nearest] < sums.first_px[-1]):
            sums.put(-1, float(px[nearest]), float(y[nearest]))

    def points(self) -> Columns:
        """Columns of what was added, and nothing between them."""
        sums = self._sums
        count = sums.count[1:-1]
        mean = np.divide(sums.total[1:-1], count, out=np.full(count.size, np.nan), where=count > 0)
        return Columns(sums.lowest[1:-1].copy(), sums.highest[1:-1].copy(), mean, count.copy())

    def line(
        self, gap_px: float | None = None, y_axis: Axis | None = None, *, cuts: ArrayLike | None = None
    ) -> Columns:
        """Columns of the line through what was added: exact where points are sparse, the band where they are dense.

        Parameters
        ----------
        gap_px
            The line breaks where neighbouring points lie further apart than this; None finds pauses that are far
            longer than the usual distance of the points around them, and breaks there.
        y_axis
            Where the values will be drawn: lines are straight in its coordinate. None: in the values themselves.
        cuts
            Values of x, shape (cuts,), which no line crosses.

        Returns
        -------
        In each column, the band reaches over everything that the straight lines from point to point cross, and the
        mean is that of the points, carried to the column's centre on straight lines from mean to mean.
        """
        plain, sums = self.points(), self._sums
        occupied = np.flatnonzero(sums.count)
        if occupied.size < 2:  # noqa: PLR2004  # a line has two ends
            return plain
        broken = self._breaks(occupied, gap_px)
        if cuts is not None:
            broken[1:] |= self._cut(occupied, cuts)
        edge_numbers = np.arange(self.axis.length_px + 1)
        knots_px = np.stack([sums.first_px[occupied], sums.last_px[occupied]], axis=1).ravel()
        knots = np.stack([sums.first[occupied], sums.last[occupied]], axis=1).ravel()
        edges = _interpolated(edge_numbers, knots_px, knots, y_axis)
        edges[~_joined(np.searchsorted(occupied, edge_numbers, side="right"), broken)] = np.nan
        count = sums.count[occupied]
        mean_px = sums.total_px[occupied] / count
        centres = edge_numbers[:-1] + 0.5
        mean = _interpolated(centres, mean_px, sums.total[occupied] / count, y_axis)
        return Columns(
            np.fmin(plain.lowest, np.fmin(edges[:-1], edges[1:])),
            np.fmax(plain.highest, np.fmax(edges[:-1], edges[1:])),
            np.where(_joined(np.searchsorted(mean_px, centres), broken), mean, plain.mean),
            plain.count,
        )

    def _cut(self, occupied: NDArray[np.intp], cuts: ArrayLike) -> NDArray[np.bool_]:
        """Tell between which occupied columns there is a cut."""
        at_px = np.sort(self.axis.position_px(cuts))
        before = np.searchsorted(at_px, self._sums.last_px[occupied][:-1], side="left")
        after = np.searchsorted(at_px, self._sums.first_px[occupied][1:], side="right")
        return np.asarray(after > before, dtype=np.bool_)

    def _breaks(self, occupied: NDArray[np.intp], gap_px: float | None) -> NDArray[np.bool_]:
        """Tell for each occupied column whether the line from the occupied column before it is cut."""
        broken = np.zeros(occupied.size, dtype=np.bool_)
        first_px, last_px = self._sums.first_px[occupied], self._sums.last_px[occupied]
        if gap_px is not None:
            broken[1:] = first_px[1:] - last_px[:-1] > gap_px
            return broken
        # Pauses are compared in values, not in pixels: on a logarithmic axis an even series looks ever denser.
        first, last = self.axis.value_at_px(first_px), self.axis.value_at_px(last_px)
        pauses = first[1:] - last[:-1]
        steps = np.concatenate([[0], np.cumsum(self._sums.steps[occupied])])
        right = np.flatnonzero(np.diff(occupied) > 1) + 1
        # The pauses next to this one count whole: points that grow ever sparser are no reason to break.
        around = np.concatenate([[0.0], pauses, [0.0]])
        usual = np.maximum(around[right - 1], around[right + 1])
        known = np.zeros(right.size, dtype=np.int64)
        for low, high in ((np.maximum(0, right - NEIGHBOUR_COLUMNS), right), (right, right + NEIGHBOUR_COLUMNS)):
            end = np.minimum(high, occupied.size) - 1
            count = steps[end + 1] - steps[low] - 1
            known += np.maximum(count, 0)
            usual = np.maximum(usual, np.where(count > 0, (last[end] - first[low]) / np.maximum(count, 1), 0.0))
        broken[right] = (known >= FEWEST_STEPS) & (pauses[right - 1] > BREAK_FACTOR * usual)
        return broken


def _interpolated(at_px: NDArray[Any], knots_px: Floats, knots: Floats, y_axis: Axis | None) -> Floats:
    """Read heights off the straight lines from knot to knot."""
    coordinates: Floats = np.interp(at_px, knots_px, knots if y_axis is None else y_axis.coordinate(knots))
    return coordinates if y_axis is None else y_axis.value(coordinates)


def _joined(following: NDArray[np.intp], broken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which places have a line over them, from the number of the occupied column that follows each."""
    between = (following > 0) & (following < broken.size)
    joined: NDArray[np.bool_] = between & ~broken[np.minimum(following, broken.size - 1)]
    return joined


def reduce_columns(
    x: ArrayLike, y: ArrayLike, axis: Axis, *, gap_px: float | None = None, y_axis: Axis | None = None
) -> Columns:
    """Reduce a series to the pixel columns of an axis: the band and mean of the line through its points.

    Parameters
    ----------
    x, y
        Shape (points,), any order; points that are not finite are left out.
    axis
        What the columns cover.
    gap_px
        Where the line breaks, see `Binning.line`. 0 joins nothing; `math.inf` joins everything.
    y_axis
        Where the values will be drawn, see `Binning.line`; matters on a logarithmic axis only.
    """
    gathering = Binning(axis)
    gathering.add(x, y)
    return gathering.line(gap_px, y_axis)


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
    if not np.all((wanted >= 0) & (wanted <= 1)):
        raise ValueError("shares lie between 0 and 1")
    values = np.asarray(y, dtype=np.float64)
    px = axis.position_px(x)
    inside = np.isfinite(px) & np.isfinite(values) & (px >= 0) & (px <= axis.length_px)
    values, columns = values[inside], np.minimum(px[inside].astype(np.intp), axis.length_px - 1)
    order = np.lexsort((values, columns))
    ordered = values[order]
    count = np.bincount(columns, minlength=axis.length_px)
    filled = np.flatnonzero(count)
    begin = (np.cumsum(count) - count)[filled]
    at = wanted[:, None] * (count[filled] - 1)
    low = np.floor(at).astype(np.intp)
    high = np.ceil(at).astype(np.intp)
    out = np.full((wanted.size, axis.length_px), np.nan)
    out[:, filled] = ordered[begin + low] + (ordered[begin + high] - ordered[begin + low]) * (at - low)
    return out
