"""Loss histories as pixel columns: the band from lowest to highest, and a mean that noise doesn't hide.

This module owns the numbers behind a loss graph, in bits per byte. It does not draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.axis import Axis
from pipeline.picture.columns import reduce_columns
from pipeline.picture.panel import NATS_TO_BITS
from pipeline.picture.scene_data import LossHistory

Floats = NDArray[np.float64]
Series = Literal["training", "validation"]

ROOM: Final = 0.07  # of the loss axis, left free above and below the curves
OUTLIERS: Final = 0.2  # percent of the columns whose highest points may stick out at the top
NARROWEST_BITS: Final = 0.05
SMALLEST_LOSS_BITS: Final = 1e-3  # where a logarithmic loss axis ends at the latest


@dataclass(frozen=True)
class Curve:
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
        if self.points[0].size:
            return float(np.interp(position_px, *self.points))
        if not self._known.size:
            return math.nan
        return float(np.interp(position_px - 0.5, self._known, self.mean[self._known]))

    @cached_property
    def _known(self) -> NDArray[np.int64]:
        return np.flatnonzero(~np.isnan(self.mean))


def time_axis(history: LossHistory, scale: Literal["linear", "log"], length_px: int) -> Axis:
    """The whole time axis: iterations from 0 to the last one known."""
    ends = [int(series[-1]) for series in (history.iterations, history.validation_iterations) if series.size]
    return Axis(0.0, float(max([*ends, 1])), length_px, "linear" if scale == "linear" else "log1p")


def make_curve(history: LossHistory, series: Series, axis: Axis, smooth_px: float) -> Curve:
    """Reduce one series of a history to the axis's columns.

    Parameters
    ----------
    history, series
        Which losses.
    axis
        The time axis.
    smooth_px
        The mean is averaged over about this many columns either side (a Gaussian's standard deviation); 0 joins the
        points by straight lines.
    """
    if series == "training":
        iterations, losses = history.iterations, history.losses_nats
    else:
        iterations, losses = history.validation_iterations, history.validation_losses_nats
    columns = reduce_columns(iterations, np.asarray(losses, dtype=np.float64) * NATS_TO_BITS, axis, gap_px=math.inf)
    if smooth_px > 0:
        return Curve(columns.lowest, columns.highest, smoothed(columns.mean, smooth_px), (np.zeros(0), np.zeros(0)))
    bits = np.asarray(losses, dtype=np.float64) * NATS_TO_BITS
    finite = np.isfinite(bits)
    points = (axis.position_px(iterations)[finite], bits[finite])
    return Curve(columns.lowest, columns.highest, columns.mean, points)


def smoothed(values: Floats, sigma: float) -> Floats:
    """Average with a Gaussian; NaN stays NaN.

    At the beginning, where losses fall steeply, it narrows so that the first value is kept. At the end, where it is cut
    off, straight lines are fitted instead of constants, so that a curve that still falls isn't bent.
    """
    known = np.flatnonzero(~np.isnan(values))
    if known.size < 3 or sigma <= 0:  # noqa: PLR2004  # nothing to average
        return values
    inside = values[known[0] : known[-1] + 1]
    inside = np.interp(np.arange(inside.size), known - known[0], values[known])
    reach = min(math.ceil(3 * sigma), inside.size - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weight = np.convolve(np.ones(inside.size), kernel)[reach : reach + inside.size]
    middle = np.convolve(inside, kernel)[reach : reach + inside.size] / weight
    for left in range(min(reach, inside.size // 2)):
        offsets = np.arange(-reach, left + 1.0)
        weights, values_there = kernel[: reach + left + 1], inside[inside.size - 1 - left - reach :]
        first, second = weights @ offsets / weights.sum(), weights @ offsets**2 / weights.sum()
        level = weights @ values_there / weights.sum()
        slope = (weights @ (offsets * values_there) / weights.sum() - first * level) / max(second - first**2, 1e-9)
        middle[inside.size - 1 - left] = level - slope * first
    for at in range(min(reach, inside.size // 2)):
        narrow = np.exp(-0.5 * (np.arange(-at, at + 1) / max(at / 3, 1e-3)) ** 2)
        middle[at] = float(narrow @ inside[: 2 * at + 1]) / narrow.sum()
    out = values.copy()
    out[known[0] : known[-1] + 1] = middle
    return out


def loss_range(curves: list[Curve], scale: Literal["linear", "log"]) -> tuple[float, float]:
    """The loss axis's ends: all means and nearly all of the bands fit in, with some room; (lowest, highest) in bits."""
    means = np.concatenate([curve.mean[~np.isnan(curve.mean)] for curve in curves] or [np.zeros(0)])
    if not means.size:
        return 1.0, 8.0
    bands = [curve for curve in curves if np.any(~np.isnan(curve.highest))]
    low = min(float(means.min()), *(float(np.nanpercentile(c.lowest, OUTLIERS)) for c in bands))
    high = max(float(means.max()), *(float(np.nanpercentile(c.highest, 100 - OUTLIERS)) for c in bands))
    if scale == "log":
        low = max(low, SMALLEST_LOSS_BITS)
        high = max(high, low * 1.05)
        factor = (high / low) ** ROOM
        return low / factor, high * factor
    spare = max(NARROWEST_BITS - (high - low), 0.0) / 2
    room = (high - low + 2 * spare) * ROOM
    return max(0.0, low - spare - room), high + spare + room
