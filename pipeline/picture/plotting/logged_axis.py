"""The axis of losses that other programs log: in any unit, negative, huge, or over orders of magnitude.

Owns how much of such a curve is shown on which scale, so that one can read it. It does not draw.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.plotting.axis import Axis

_OUTLIERS: Final = 1.0
"""Percent of the values at either end that may stand at the edge."""
_FEW: Final = 5
"""Of fewer values each counts; of more, one at either end may be a spike."""
_DECADES: Final = 30.0
"""From this ratio of the highest to the lowest on, an axis is logarithmic."""
_ROOM: Final = 0.07
_FLAT: Final = 0.05
"""Of their size: curves that move less are shown with so much around them."""


def logged_axis(values: NDArray[np.floating], length_px: int) -> Axis:
    """Choose the axis of losses.

    Parameters
    ----------
    values
        All that is drawn, finite, shape (n,) with n at least 1.

    Returns
    -------
    A logarithmic axis where they are positive and span orders of magnitude, else a linear one. Spikes of a hundredth
    of the values don't set its ends.
    """
    ordered = np.sort(values.astype(np.float64))
    lowest, highest = float(ordered[0]), float(ordered[-1])
    aside = math.ceil(_OUTLIERS / 100 * ordered.size) if ordered.size >= _FEW else 0
    low, high = float(ordered[aside]), float(ordered[-1 - aside])
    if low == high:
        low, high = lowest, highest
    low, high = _unless_near(lowest, low, high), _unless_near(highest, high, low)
    if low > 0 and high >= _DECADES * low:
        factor = (high / low) ** _ROOM
        return Axis(low / factor, high * factor, length_px, "log")
    least = _FLAT * max(abs(low), abs(high), 1e-300)
    spare = max(least - (high - low), 0.0) / 2
    room = (high - low + 2 * spare) * _ROOM
    return Axis(low - spare - room, high + spare + room, length_px)


def _unless_near(extreme: float, end: float, other: float) -> float:
    """The extreme itself, where it lies hardly beyond the end that leaves spikes out, or not by orders of magnitude."""
    is_near = abs(extreme - end) <= abs(end - other)
    if not is_near and min(extreme, end, other) > 0:
        is_near = abs(math.log(extreme / end)) <= abs(math.log(end / other))
    return extreme if is_near else end
