"""Pictures of levels: a table of colours, and the planes that it makes of numbers from 0 to 255.

This module knows no theme and no panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.drawing.planes import Ink, Plane, Planes

LEVELS: Final = 256

ColourTable = NDArray[np.float32]
"""Luma and chroma of each level, shape = (256, 3)."""


def colour_table(inks: Sequence[Ink], places: Sequence[float] | None = None) -> ColourTable:
    """Interpolate between colours, which stand evenly or at the given places, ascending from 0 to 1."""
    parts = np.array(inks)
    stands = np.linspace(0, 1, len(parts)) if places is None else np.asarray(places)
    at = np.linspace(0, 1, LEVELS)
    return np.stack([np.interp(at, stands, parts[:, part]) for part in range(3)], axis=1).astype(np.float32)


def dimmed(table: ColourTable, ground: Ink, share: float) -> ColourTable:
    """Return the colours with only a share of their distance from a ground."""
    below = np.array(ground, dtype=np.float32)
    return np.asarray(below + (table - below) * share, dtype=np.float32)


def paint_levels(planes: Planes, levels: Plane, table: ColourTable) -> None:
    """Colour a picture of levels, as large as the planes; chroma is the mean of two by two."""
    _paint_levels(planes.luma, planes.cb, planes.cr, levels, table)


@njit(cache=True, nogil=True, boundscheck=False)
def _paint_levels(luma: Plane, cb: Plane, cr: Plane, levels: Plane, table: ColourTable) -> None:
    for y in range(levels.shape[0]):
        for x in range(levels.shape[1]):
            luma[y, x] = int(table[levels[y, x], 0] + 0.5)
    for y in range(levels.shape[0] // 2):
        for x in range(levels.shape[1] // 2):
            a, b = levels[2 * y, 2 * x], levels[2 * y, 2 * x + 1]
            c, d = levels[2 * y + 1, 2 * x], levels[2 * y + 1, 2 * x + 1]
            cb[y, x] = int((table[a, 1] + table[b, 1] + table[c, 1] + table[d, 1]) / 4 + 0.5)
            cr[y, x] = int((table[a, 2] + table[b, 2] + table[c, 2] + table[d, 2]) / 4 + 0.5)
