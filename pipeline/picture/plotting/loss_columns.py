"""Losses as pixel columns of a time axis: the band from lowest to highest, and a mean that noise doesn't hide.

Owns those numbers, for panels and cards alike. It does not draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.columns import Binning
from pipeline.picture.plotting.training_mean import smoothed, training_mean
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit

Floats = NDArray[np.float64]

OUTLIERS: Final = 1.0
"""Percent of the columns whose highest points may stick out at the top."""


@dataclass(frozen=True)
class ColumnCurve:
    """One series on a time axis, in bits per byte; arrays of shape (columns,), NaN where nothing is known.

    `mean` holds the value at each column's centre. `points` are the series' own points, positions in pixels and values,
    where the curve is to pass through them exactly; empty where it is an average.
    """

    lowest: Floats
    highest: Floats
    mean: Floats
    points: tuple[Floats, Floats]

    def value_at(self, position_px: float) -> float:
        """The curve's value at a position along the axis; beyond its ends, the value at the end. NaN if empty."""
        return float(self.values_at(np.array([position_px]))[0])

    def values_at(self, positions_px: Floats) -> Floats:
        """The same at many positions, shape (n,)."""
        if self.points[0].size:
            return np.interp(positions_px, *self.points)
        if not self._known.size:
            return np.full(positions_px.shape, math.nan)
        return np.interp(positions_px - 0.5, self._known, self.mean[self._known])

    @cached_property
    def _known(self) -> NDArray[np.int64]:
        return np.flatnonzero(~np.isnan(self.mean))


def reduced_curve(
    iterations: NDArray[np.int64],
    losses: NDArray[np.floating],
    unit: LossUnit,
    axis: Axis,
    *,
    smooth_px: float,
    epochs: Floats | None = None,
) -> ColumnCurve:
    """Reduce losses at iterations, shapes (n,), to the axis's columns.

    Parameters
    ----------
    smooth_px
        Above 0, the mean is taken over a whole pass through the training data, where there is one, and over about this
        many columns either side (a Gaussian's standard deviation); 0 joins the points by straight lines.
    epochs
        Those at each loss, where they are known.

    What another program has logged as no number is a gap.
    """
    shown = np.asarray(losses, dtype=np.float64) * unit.factor
    is_own, known = unit == BITS_PER_BYTE, np.isfinite(shown)
    gathered = Binning(axis)
    gathered.add(iterations, shown)
    gaps = np.zeros(0) if is_own or known.all() else _gaps(np.asarray(iterations), known)
    columns = gathered.line(math.inf, cuts=gaps if gaps.size else None)
    if smooth_px > 0:
        if not is_own:
            columns = replace(columns, mean=_without_spikes(columns.mean))
        mean = (
            training_mean(iterations, shown, np.asarray(epochs, dtype=np.float64), axis, smooth_px)
            if is_own
            else smoothed(columns.mean, smooth_px)
        )
        if gaps.size:
            mean[np.isnan(columns.mean)] = math.nan
        return ColumnCurve(columns.lowest, columns.highest, mean, (np.zeros(0), np.zeros(0)))
    positions = axis.position_px(iterations)
    kept = known if not gaps.size else np.isfinite(positions)
    points = (positions[kept], np.where(known, shown, math.nan)[kept])
    return ColumnCurve(columns.lowest, columns.highest, columns.mean, points)


def _without_spikes(mean: Floats) -> Floats:
    """Means of columns, spikes cut to where they are seen: averaged, one would hide all that lies around it."""
    known = mean[~np.isnan(mean)]
    if not known.size:
        return mean
    low, high = np.percentile(known, (OUTLIERS, 100 - OUTLIERS))
    return np.clip(mean, 2 * low - high, 2 * high - low)


def _gaps(iterations: NDArray[np.int64], known: NDArray[np.bool_]) -> Floats:
    """Where a curve is to break: one of the iterations of each run of unknown losses."""
    begins = ~known & np.concatenate([[True], known[:-1]])
    broken: Floats = iterations[begins].astype(np.float64)
    return broken


def logged_columns(
    iterations: NDArray[np.int64], losses: NDArray[np.floating], axis: Axis, smooth_px: float = 0.0
) -> ColumnCurve:
    """Reduce another program's losses, which are in the unit that is shown, as `reduced_curve` does."""
    return reduced_curve(iterations, losses, LossUnit(""), axis, smooth_px=smooth_px)
