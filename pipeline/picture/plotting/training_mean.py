"""The line of the mean through a training loss: over a whole pass through the training data, and over a few columns.

Streams are read in order, and every pass reads the same sound again: a loss rises and falls with what is being read. A
mean over a whole pass covers all of it everywhere, so that it shows learning alone. Pure functions on arrays.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.columns import reduce_columns

Floats = NDArray[np.float64]

SMOOTH: Final = 0.006
"""Of a graph's width: what the mean is averaged over beside the pass."""
_LOCAL: Final = 1 / 16
"""Of a pass, either side: what is compared with the same sound in the pass before."""
_TWO_PASSES: Final = 2.0
_FEWEST_POINTS: Final = 4
"""In a pass: a mean of fewer is no better than the points themselves."""


def training_mean(iterations: ArrayLike, losses: Floats, epochs: Floats, axis: Axis, smooth_px: float) -> Floats:
    """Return the mean of a training loss in each column of a time axis, shape (columns,).

    Parameters
    ----------
    iterations, losses, epochs
        Shapes (n,), iterations ascending; `epochs` as `pass_mean` takes them.
    axis
        The time axis.
    smooth_px
        About this many columns on either side are averaged too (a Gaussian's standard deviation).
    """
    columns = reduce_columns(iterations, pass_mean(losses, epochs), axis, gap_px=math.inf)
    return smoothed(columns.mean, smooth_px)


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
        before = min(reach, inside.size - 1 - left)
        offsets = np.arange(-before, left + 1.0)
        weights, values_there = kernel[reach - before : reach + left + 1], inside[inside.size - 1 - left - before :]
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


def pass_mean(losses: Floats, epochs: Floats) -> Floats:
    """Return the mean over a whole pass around each point of a training loss.

    Before there is a whole pass the window grows from nothing. In the last half of a pass, where it would reach beyond
    the end, the loss is set against that of the same sound in the pass before: how far it lies below is what was
    learned.

    Parameters
    ----------
    losses
        Shape (n,); NaN where nothing is known.
    epochs
        Passes through the training data at each of them, shape (n,), or (0,) where that isn't known.

    Returns
    -------
    Shape (n,). The losses as they are where there isn't a whole pass, or too few points in one.
    """
    known = np.flatnonzero(np.isfinite(losses)) if epochs.size == losses.size else np.zeros(0, np.int64)
    at = epochs[known]
    if known.size < _FEWEST_POINTS or not np.isfinite(at).all() or np.any(np.diff(at) < 0):
        return losses
    steps = np.diff(at)
    step = float(np.median(steps[steps > 0])) if np.any(steps > 0) else math.inf
    passed = at - at[0] + step  # each point is what was read up to it
    if step * _FEWEST_POINTS > 1 or passed[-1] < 1:
        return losses
    out = losses.copy()
    out[known] = _Reading(losses[known], passed).means()
    return out


class _Reading:
    """Losses along what was read of the training data, in passes: sums over any stretch of it."""

    def __init__(self, losses: Floats, passed: Floats) -> None:
        self.losses, self.passed, self.end = losses, passed, float(passed[-1])
        self._edges = np.concatenate([[0.0], passed])
        self._sums = np.concatenate([[0.0], np.cumsum(losses)])
        self._counts = np.arange(losses.size + 1.0)

    def means(self) -> Floats:
        """The mean over a whole pass at each point."""
        middle = self._windowed(self.passed)
        last = int(np.searchsorted(self.passed, self.end - 0.5, side="right")) - 1
        late = self.passed[last:]
        continued = self._against_the_pass_before(late) if self.end >= _TWO_PASSES else self._going_on(late)
        # Where the two meet they differ a little by chance: that is spread over the rest.
        rest = (self.end - late) / max(self.end - late[0], 1e-9)
        middle[last:] = continued + (middle[last] - continued[0]) * rest
        return middle

    def _windowed(self, at: Floats) -> Floats:
        """The mean over the window around places: of a whole pass where there is one, far less in the first fall."""
        whole_from = min(1.0, self.end - 0.5)
        halves = np.minimum(at / whole_from, 1.0) ** 2 / 2
        return self._mean(at - halves, at + halves)

    def _against_the_pass_before(self, late: Floats) -> Floats:
        """Near the end: the mean of the pass before, and how far the loss of the same sound has fallen since."""
        reach = np.minimum(_LOCAL, self.end - late)
        now, before = (self._mean(at - _LOCAL, at + reach) for at in (late, late - 1))
        return np.asarray(self._windowed(late - 1) + now - before)

    def _going_on(self, late: Floats) -> Floats:
        """Near the end, where there was no pass before: falling on with the logarithm of time, as early losses do."""
        settled = self.passed > _LOCAL
        slope = np.polyfit(np.log(self.passed[settled]), self.losses[settled], 1)[0]
        return np.asarray(self._windowed(late[:1]) + min(float(slope), 0.0) * np.log(late / late[0]))

    def _mean(self, first: Floats, last: Floats) -> Floats:
        """The mean between two places; of no stretch, that of the point it lies in."""
        first, last = np.maximum(first, 0.0), np.minimum(last, self.end)
        counts = np.interp(last, self._edges, self._counts) - np.interp(first, self._edges, self._counts)
        sums = np.interp(last, self._edges, self._sums) - np.interp(first, self._edges, self._sums)
        point = np.clip(np.searchsorted(self._edges, (first + last) / 2), 1, self.passed.size)
        alone = self._sums[point] - self._sums[point - 1]
        return np.asarray(np.where(counts > 1, sums / np.maximum(counts, 1e-9), alone))
