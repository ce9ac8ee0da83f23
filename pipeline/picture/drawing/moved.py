"""A premultiplied sprite laid on a plane anywhere between pixels, at any size, partly wiped in.

This module owns the kernel. Coordinates are pixels of the plane, (0, 0) being the corner of the first pixel.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.picture.drawing.easing import SOFT_EDGE
from pipeline.picture.drawing.planes import Plane

Floats = npt.NDArray[np.float32]


@njit(cache=True, nogil=True, boundscheck=False)
def blend_moved(
    plane: Plane, sprite: tuple[Floats, Floats], at: tuple[float, float, float], alpha: float, edge: float
) -> None:
    """Lay a sprite on a plane, cut at the edges.

    Parameters
    ----------
    plane
        uint8, shape (h, w); changed in place.
    sprite
        Its ink times opacity, and its opacity (0..1), float32, shapes (h, w).
    at
        The column and the row of its top left corner, and its scale.
    alpha
        Opacity of the whole.
    edge
        Up to which share of its width it is wiped in from its left; the soft edge counts, so that all of it is seen
        from 1 + `SOFT_EDGE` on.
    """
    colour, opacity = sprite
    height, width = opacity.shape
    left, top, scale = at
    for y in range(max(0, math.floor(top)), min(plane.shape[0], math.ceil(top + height * scale) + 1)):
        row = (y + 0.5 - top) / scale - 0.5
        y0 = math.floor(row)
        down = row - y0
        for x in range(max(0, math.floor(left)), min(plane.shape[1], math.ceil(left + width * scale) + 1)):
            column = (x + 0.5 - left) / scale - 0.5
            x0 = math.floor(column)
            right = column - x0
            ink = 0.0
            cover = 0.0
            for j in range(2):
                if 0 <= y0 + j < height:
                    share_y = down if j else 1.0 - down
                    for i in range(2):
                        if 0 <= x0 + i < width:
                            share = share_y * (right if i else 1.0 - right)
                            ink += share * colour[y0 + j, x0 + i]
                            cover += share * opacity[y0 + j, x0 + i]
            if cover > 0.0:
                wiped = min(1.0, max(0.0, (edge - (column + 0.5) / width) / SOFT_EDGE))
                seen = alpha * wiped * wiped * (3.0 - 2.0 * wiped)
                plane[y, x] = int(min(255.0, plane[y, x] * (1.0 - cover * seen) + ink * seen + 0.5))
