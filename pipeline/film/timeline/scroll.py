"""The scroll law: at which iteration the graphs' playhead stands in every frame of a scene.

In one frame there is one iteration, for every graph and whatever their axes. The law is smooth in the coordinate of one
of them, linear or logarithmic, which the layout names. This module owns the curve through
the key points. It does not know graphs, pixels or sounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Axis = Literal["linear", "log"]


def axis_coordinate(iteration: ArrayLike, axis: Axis) -> NDArray[np.float64]:
    """Return where iterations lie on a time axis: themselves, or `log10(1 + iteration)`."""
    values = np.asarray(iteration, dtype=np.float64)
    return values if axis == "linear" else np.log1p(values) / math.log(10)


def iteration_of(coordinate: ArrayLike, axis: Axis) -> NDArray[np.float64]:
    """Return which iterations lie at coordinates of a time axis: the inverse of `axis_coordinate`."""
    values = np.asarray(coordinate, dtype=np.float64)
    return values if axis == "linear" else np.expm1(values * math.log(10))


class ScrollLaw:
    """A monotone curve through key points whose speed never jumps.

    A piecewise cubic Hermite interpolant (Fritsch and Carlson, 1980; Fritsch and Butland, 1984) in the axis's own
    coordinate. It stands still before the first key point and after the last, and starts and stops there without a
    jerk: its speed is zero at both ends.

    Parameters
    ----------
    key_points
        (frame, iteration) pairs: frames strictly ascending, iterations never descending.
    axis
        The time axis in whose coordinate it moves smoothly.

    Raises
    ------
    ValueError
        Where the key points are none, or out of order.
    """

    def __init__(self, key_points: Sequence[tuple[int, int]], *, axis: Axis = "linear") -> None:
        if not key_points:
            raise ValueError("a scroll law needs a key point")
        if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(key_points)):
            raise ValueError("key points must go forward in time and never back in training")
        frames = [float(frame) for frame, _ in key_points]
        places = axis_coordinate([iteration for _, iteration in key_points], axis)
        self._axis = axis
        self._frames = np.array(frames)
        self._iterations = np.array([iteration for _, iteration in key_points], dtype=np.float64)
        self._first, self._last = frames[0], frames[-1]
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - takes half a second to load

        # A standstill on either side makes the slope zero at the ends, so that the curve joins the hold smoothly.
        self._curve = PchipInterpolator(
            np.array([self._first - 1.0, *frames, self._last + 1.0]),
            np.concatenate([places[:1], places, places[-1:]]),
        )

    def iterations(self, frames: ArrayLike) -> NDArray[np.float64]:
        """Return the iteration at each frame (fractions of frames welcome): at key points exactly theirs."""
        held = np.clip(np.asarray(frames, dtype=np.float64), self._first, self._last)
        before = np.searchsorted(self._frames, held, side="right") - 1
        low, high = self._iterations[before], self._iterations[np.minimum(before + 1, self._iterations.size - 1)]
        between = np.clip(iteration_of(self._curve(held), self._axis), low, high)  # whatever rounding has done
        return np.where(held == self._frames[before], low, between)
