"""Outlines of curves for pictures of vectors.

This module owns turning heights of columns into points. It does not know SVG or PDF.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.tools.graph.curves import Band

Floats = NDArray[np.float64]


def band_outlines(band: Band) -> Iterator[Floats]:
    """Polygons around a band, one for each stretch without a gap; shape (points, 2), in the panel's pixels."""
    for begin, end in _stretches(~(np.isnan(band.top) | np.isnan(band.bottom))):
        x = np.repeat(np.arange(begin, end + 1, dtype=np.float64), 2)[1:-1]
        upper = np.stack([x, np.repeat(band.top[begin:end], 2)], axis=1)
        lower = np.stack([x, np.repeat(np.maximum(band.bottom, band.top + 1)[begin:end], 2)], axis=1)
        yield np.concatenate([upper, lower[::-1]])


def line_runs(line: Floats) -> Iterator[Floats]:
    """Points along a line, one run for each stretch without a gap; shape (points, 2), in the panel's pixels.

    Points within a straight piece are left out.
    """
    for begin, end in _stretches(~np.isnan(line)):
        heights = line[begin:end]
        x = np.arange(begin, end) + 0.5
        kept = np.ones(heights.size, dtype=np.bool_)
        kept[1:-1] = np.abs(heights[2:] - 2 * heights[1:-1] + heights[:-2]) > 1e-6  # noqa: PLR2004  # pixels
        if heights.size == 1:  # a point of its own: as long as nothing, drawn by the pen's round ends
            x, heights, kept = np.repeat(x, 2), np.repeat(heights, 2), np.repeat(kept, 2)
        yield np.stack([x[kept], heights[kept]], axis=1)


def _stretches(there: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end (not included) of each stretch of True."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in changes.reshape(-1, 2)]
