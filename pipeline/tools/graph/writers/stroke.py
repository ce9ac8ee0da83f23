"""Lines of a width through the centres of pixel columns, with smooth edges.

This module owns the geometry of a round pen drawn along a line that has one height a column, or put down at points,
and how much of each pixel it covers. It does not know colours or quantities.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_COLUMNS_AT_ONCE: Final = 256
_THINNEST_PX: Final = 1.0
_PIXELS_AT_ONCE: Final = 1 << 18


@dataclass(frozen=True)
class Stroke:
    """The upper and lower edge of a line, at every half column: shape (2 * columns + 1,), NaN where there is none."""

    top: Floats
    bottom: Floats


def stroke(centres_px: Floats, width_px: float) -> Stroke:
    """Draw a round pen along a line.

    Parameters
    ----------
    centres_px
        The line's height at each column's centre, counted downwards, shape (columns,); NaN where it is interrupted.
    width_px
        The pen's diameter; at least 1.
    """
    radius = max(width_px, _THINNEST_PX) / 2
    line = np.full(2 * centres_px.size + 1, np.nan)
    line[1::2] = centres_px
    line[2:-1:2] = (centres_px[:-1] + centres_px[1:]) / 2
    line[0], line[-1] = centres_px[0], centres_px[-1]  # a line that reaches the last column reaches its edge
    top, bottom = line - radius, line + radius
    reach = int(2 * radius)
    # The pen's outline stands at every point of the line: its highest and lowest point above each place win.
    for steps in range(1, max(reach, 1) + 1):
        height = math.sqrt(max(radius**2 - (steps / 2) ** 2, 0.0))
        for here, there in ((slice(steps, None), slice(None, -steps)), (slice(None, -steps), slice(steps, None))):
            top[here] = np.fmin(top[here], line[there] - height)
            bottom[here] = np.fmax(bottom[here], line[there] + height)
    return Stroke(top, bottom)


def stroke_coverage(
    drawn: Stroke, first_row: int, last_row: int, columns: slice | None = None
) -> Iterator[tuple[int, int, Floats]]:
    """How much of each pixel a stroke covers, within rows `first_row` to `last_row` (not included).

    Yields
    ------
    Patches that do not overlap: the first row, the first column, and the coverage from 0 to 1, shape (rows, columns).
    """
    width = (drawn.top.size - 1) // 2
    begin, end, _ = (columns or slice(None)).indices(width)
    for left in range(begin, end, _COLUMNS_AT_ONCE):
        right = min(left + _COLUMNS_AT_ONCE, end)
        halves = slice(2 * left, 2 * right)
        edges = [drawn.top[halves], drawn.top[halves.start + 1 : halves.stop + 1]]
        edges += [drawn.bottom[halves], drawn.bottom[halves.start + 1 : halves.stop + 1]]
        patch = _patch(edges, first_row, last_row, right - left)
        if patch is not None:
            yield patch[0], left, patch[1]


def dot_coverage(
    centres_px: Floats, width_px: float, rows: tuple[int, int], columns: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """How much of each pixel the dots of a round pen cover, within rows `rows[0]` to `rows[1]` (not included).

    Parameters
    ----------
    centres_px
        Shape (dots, 2): from the left, and downwards.
    width_px
        The pen's diameter.
    rows, columns
        The picture's part that is drawn.

    Yields
    ------
    Rows, columns and coverage from 0 to 1 of the pixels that some of the dots touch, shape (pixels,) each, no pixel
    twice.
    """
    radius = max(width_px, _THINNEST_PX) / 2
    near = (centres_px[:, 1] > rows[0] - radius - 1) & (centres_px[:, 1] < rows[1] + radius + 1)
    around = np.arange(-math.ceil(radius) - 1, math.ceil(radius) + 2)
    at_once = max(1, _PIXELS_AT_ONCE // around.size**2)
    for begin in range(0, int(np.count_nonzero(near)), at_once):
        centres = centres_px[near][begin : begin + at_once]
        whole = np.floor(centres).astype(np.int64)
        x = (whole[:, :1, None] + around[None, :, None]).repeat(around.size, axis=2)
        y = (whole[:, 1:, None] + around[None, None, :]).repeat(around.size, axis=1)
        far = np.hypot(x + 0.5 - centres[:, :1, None], y + 0.5 - centres[:, 1:, None])
        coverage = np.clip(radius + 0.5 - far, 0.0, 1.0)
        inside = (coverage > 0) & (x >= 0) & (x < columns) & (y >= rows[0]) & (y < rows[1])
        places, covered = y[inside] * columns + x[inside], coverage[inside]
        order = np.lexsort((covered, places))
        places, covered = places[order], covered[order]
        most = np.append(places[1:] != places[:-1], True)[: places.size]  # of each pixel, the last is the largest
        yield places[most] // columns, places[most] % columns, covered[most]


def _patch(edges: list[Floats], first_row: int, last_row: int, columns: int) -> tuple[int, Floats] | None:
    """Coverage by the trapezoids between half columns, given as the heights top left, top right, bottom left, right."""
    highest = np.minimum(edges[0], edges[1])
    lowest = np.maximum(edges[2], edges[3])
    with np.errstate(invalid="ignore"):
        inside = np.flatnonzero((lowest > first_row) & (highest < last_row))  # NaN is neither
    if not inside.size:
        return None
    begin = np.maximum(np.floor(highest[inside]), first_row).astype(np.int64)
    end = np.minimum(np.ceil(lowest[inside]), last_row).astype(np.int64)
    counts = np.maximum(end - begin, 0)
    which = np.repeat(np.arange(inside.size), counts)
    rows = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begin, counts)
    top_left, top_right, bottom_left, bottom_right = (edge[inside][which] for edge in edges)
    below = rows + 1.0
    share = _area(below - top_left, below - top_right) - _area(below - bottom_left, below - bottom_right)
    top_row = int(begin.min())
    height = int(end.max()) - top_row
    places = (rows - top_row) * columns + inside[which] // 2
    coverage = np.bincount(places, weights=share / 2, minlength=height * columns)
    return top_row, np.clip(coverage.reshape(height, columns), 0.0, 1.0)


def _area(left: Floats, right: Floats) -> Floats:
    """How much of a pixel lies below an edge that runs straight from `left` to `right`, both heights within it."""
    rise = right - left
    level = np.abs(rise) < 1e-6  # noqa: PLR2004  # too flat to divide by
    rise[level] = 1.0
    area = _integral(right)
    area -= _integral(left)
    area /= rise
    if level.any():
        area[level] = np.clip(left[level], 0.0, 1.0)
    return area


def _integral(height: Floats) -> Floats:
    """The integral of clip(t, 0, 1) up to a height."""
    inside = np.maximum(height, 0.0)
    np.minimum(inside, 1.0, out=inside)
    whole = height - inside / 2
    whole *= inside
    return whole
