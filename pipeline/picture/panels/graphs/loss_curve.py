"""Loss histories as pixel columns: the band from lowest to highest, and a mean that noise doesn't hide.

This module owns the numbers behind a loss graph, in bits per byte, and the scale that makes them legible. It does not
draw.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.panels.scene_data import LossHistory
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.logged_axis import logged_axis
from pipeline.picture.plotting.loss_columns import OUTLIERS, ColumnCurve, reduced_curve
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit

Floats = NDArray[np.float64]
Series = Literal["training", "validation"]
LossScale = Literal["linear", "log", "fitted"]

ROOM: Final = 0.07  # of the loss axis, left free above and below the curves
NARROWEST_BITS: Final = 0.05
SMALLEST_LOSS_BITS: Final = 1e-3  # where a logarithmic loss axis ends at the latest
FITTED_SHARE: Final = 0.58  # of a fitted axis: below it lie the losses of half of the scene's frames
LOW_SHARE: Final = 0.45  # losses that lie higher than this on a linear axis need no other
MOST_MAGNIFIED: Final = 16.0  # how many times more room a bit takes at the foot of a fitted axis than at its head
_NEARLY_LINEAR: Final = 1.05
LEAST_FITTED: Final = 0.05  # of the range of losses of other programs: beyond these, round numbers are of another size
MOST_FITTED: Final = 100.0
_BISECTIONS: Final = 40


def time_axis(history: LossHistory, scale: Literal["linear", "log"], length_px: int) -> Axis:
    """The whole time axis: iterations from 0 to the last one known."""
    ends = [int(series[-1]) for series in (history.iterations, history.validation_iterations) if series.size]
    return Axis(0.0, float(max([*ends, 1])), length_px, "linear" if scale == "linear" else "log1p")


def make_curve(history: LossHistory, series: Series, axis: Axis, smooth_px: float) -> ColumnCurve:
    """Reduce one series of a history to the axis's columns.

    Parameters
    ----------
    history, series
        Which losses.
    axis
        The time axis.
    smooth_px
        Above 0, the mean is taken over a whole pass through the training data, where there is one, and over about this
        many columns either side (a Gaussian's standard deviation); 0 joins the points by straight lines.
    """
    if series == "training":
        iterations, losses = history.iterations, history.losses
    else:
        iterations, losses = history.validation_iterations, history.validation_losses
    epochs = history.epochs if series == "training" and history.unit == BITS_PER_BYTE else np.zeros(0)
    return reduced_curve(iterations, losses, history.unit, axis, smooth_px=smooth_px, epochs=epochs)


def loss_axis(
    curves: list[ColumnCurve], scale: LossScale, watched: Floats, length_px: int, unit: LossUnit = BITS_PER_BYTE
) -> Axis:
    """The loss axis of a graph.

    Parameters
    ----------
    curves
        All that is drawn in it.
    scale
        `linear`; `log`; or `fitted`: losses fall fast at first and then slowly for most of the time, so that the
        impressive part of a training would lie flat at the foot of either. A fitted axis is logarithmic in how far a
        loss lies above a floor, chosen so that the losses of half of the scene have the greater part of the axis.
    watched
        The losses at which the playhead stands, one a frame, shape (frames,); bits per byte.
    length_px
        The axis's length.
    unit
        How losses are shown: those of other programs may be of any size and sign.
    """
    if unit != BITS_PER_BYTE:
        return _logged(curves, scale, watched, length_px)
    if scale != "fitted":
        return Axis(*loss_range(curves, scale), length_px, scale)
    low, high = _ends(curves)
    usual = float(np.median(watched[np.isfinite(watched)])) if np.isfinite(watched).any() else high
    if not low < usual < low + LOW_SHARE * (high - low):
        return Axis(*loss_range(curves, "linear"), length_px)
    # The share of the axis below the usual loss grows with the magnification, the ratio of the ends' distances from
    # the floor: bisect for the one at which it is as wanted.
    least, most = _NEARLY_LINEAR, MOST_MAGNIFIED
    for _ in range(_BISECTIONS):
        middle = math.sqrt(least * most)
        floor = low - (high - low) / (middle - 1)
        if math.log((usual - floor) / (low - floor)) < FITTED_SHARE * math.log(middle):
            least = middle
        else:
            most = middle
    floor, room = low - (high - low) / (most - 1), most**ROOM
    return Axis(floor + (low - floor) / room, floor + (high - floor) * room, length_px, "log", floor)


def _logged(curves: list[ColumnCurve], scale: LossScale, watched: Floats, length_px: int) -> Axis:
    """The axis of losses of another program; a fitted one where they are well-behaved."""
    parts = [
        part
        for curve in curves
        for part in ([curve.points[1]] if curve.points[1].size else [curve.lowest, curve.highest])
    ]
    values = np.concatenate(parts or [np.zeros(0)])
    values = values[np.isfinite(values)]
    if not values.size:
        return Axis(0.0, 1.0, length_px)
    axis = logged_axis(values, length_px)
    is_plain = axis.scale == "linear" and axis.first >= 0 and LEAST_FITTED <= float(np.ptp(values)) <= MOST_FITTED
    return loss_axis(curves, scale, watched, length_px) if is_plain and scale == "fitted" else axis


def loss_range(curves: list[ColumnCurve], scale: Literal["linear", "log"]) -> tuple[float, float]:
    """The loss axis's ends: all means and nearly all of the bands fit in, with some room; (lowest, highest) in bits."""
    low, high = _ends(curves)
    if scale == "log":
        low = max(low, SMALLEST_LOSS_BITS)
        high = max(high, low * 1.05)
        factor = (high / low) ** ROOM
        return low / factor, high * factor
    spare = max(NARROWEST_BITS - (high - low), 0.0) / 2
    room = (high - low + 2 * spare) * ROOM
    return max(0.0, low - spare - room), high + spare + room


def _ends(curves: list[ColumnCurve]) -> tuple[float, float]:
    """The lowest and the highest loss to be shown, without room, in bits."""
    means = np.concatenate([curve.mean[~np.isnan(curve.mean)] for curve in curves] or [np.zeros(0)])
    if not means.size:
        return 1.0, 8.0
    bands = [curve for curve in curves if np.any(~np.isnan(curve.highest))]
    low = min(float(means.min()), *(float(np.nanpercentile(c.lowest, OUTLIERS)) for c in bands))
    high = max(float(means.max()), *(float(np.nanpercentile(c.highest, 100 - OUTLIERS)) for c in bands))
    return low, high
