"""A tile cache: wide pictures that are painted once, a tile at a time, and scrolled by fractions of a pixel.

This module owns which tiles are kept, and the filter that moves them. It does not know what is on a picture: a painter
is asked for any range of columns and must paint the same pixels every time.

A picture is split into columns of one pixel, numbered from any origin, negative numbers too. Only about a screenful of
tiles is kept, so memory doesn't grow with the film.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.drawing.planes import Ink, Plane, Planes, new_planes

TILE_PX: Final = 256
SLACK_TILES: Final = 4  # room to scroll before what is kept must be moved
WEIGHT_ONE: Final = 256  # weights are fixed-point shares that add up to this
SPLINE_REACH: Final = 2.0  # half the width of the cubic B-spline
STANDING_PX: Final = 1e-3  # a blur narrower than this is none
MOST_TAPS: Final = 96  # a blur wider than this many pixels looks like any other

Weights = NDArray[np.uint16]
Painter = Callable[[Planes, int], None]
"""Paints the columns from the given number on over whatever the planes hold."""


def tiles_in_view(view_px: int) -> int:
    """How many tiles are kept of a picture of which `view_px` columns are looked at together."""
    return -(-(view_px + MOST_TAPS) // TILE_PX) + 1 + SLACK_TILES


class TileCache:
    """Keeps the tiles of a wide picture that were shown last.

    Parameters
    ----------
    view_px
        How many columns are looked at together, at most.
    height_px
        Rows, even.
    paint
        Paints any tile: the planes to fill and the number of their first column, which is even.
    """

    def __init__(self, view_px: int, height_px: int, paint: Painter) -> None:
        tiles = tiles_in_view(view_px)
        colour = Ink(16.0, 128.0, 128.0)
        self._planes = new_planes(tiles * TILE_PX, height_px, colour)
        self._tile = new_planes(TILE_PX, height_px, colour)
        self._paint = paint
        self._first_tile = 0
        self._painted = np.zeros(tiles, dtype=np.bool_)

    def copy(self, out: Planes, corner: tuple[int, int], width: int, column: int) -> None:
        """Show the columns from `column` on at a corner (left, top), edge on edge; all these numbers are even."""
        if width <= 0:
            return
        start = self._columns(column, column + width)
        height = self._planes.height
        out.part(*corner, width, height).copy_from(self._planes.part(start, 0, width, height))

    def scroll(self, out: Planes, corner: tuple[int, int], width: int, position: float, blur_px: float) -> None:
        """Show the picture at a corner so that its column `position`, with its fraction, begins at the corner's left.

        Parameters
        ----------
        out, corner, width
            Where to: (left, top) and how many columns; even numbers.
        position
            Which column.
        blur_px
            How far the picture moves while the shutter is open.
        """
        if width <= 0:
            return
        reach = 2 * math.ceil(min(blur_px, MOST_TAPS) / 2) + 12  # the filter, and the zeros that fill up its last four
        origin = 2 * (math.floor(position) // 2)
        start = self._columns(origin - reach, origin + width + reach) + reach
        first, weights = scroll_weights(position - origin, blur_px)
        left, top = corner
        _scroll_plane(out.luma, (left, top, width), self._planes.luma, start + first, weights)
        first, weights = scroll_weights((position - origin) / 2, blur_px / 2)
        for plane, source in ((out.cb, self._planes.cb), (out.cr, self._planes.cr)):
            _scroll_plane(plane, (left // 2, top // 2, width // 2), source, start // 2 + first, weights)

    def _columns(self, first: int, last: int) -> int:
        """Make sure that the columns first..last - 1 are painted; return where column `first` lies."""
        first_tile, last_tile = first // TILE_PX, -(-last // TILE_PX)
        tiles = self._painted.size
        if first_tile < self._first_tile or last_tile > self._first_tile + tiles:
            self._move(first_tile if first_tile > self._first_tile else last_tile - tiles)
        for tile in range(first_tile, last_tile):
            place = tile - self._first_tile
            if not self._painted[place]:
                self._paint(self._tile, tile * TILE_PX)
                self._planes.part(place * TILE_PX, 0, TILE_PX, self._planes.height).copy_from(self._tile)
                self._painted[place] = True
        return first - self._first_tile * TILE_PX

    def _move(self, first_tile: int) -> None:
        """Keep the tiles from `first_tile` on, and forget the others."""
        tiles = self._painted.size
        by = first_tile - self._first_tile
        kept = max(0, tiles - abs(by))
        source, target = (by, 0) if by > 0 else (0, -by)
        painted = np.zeros(tiles, dtype=np.bool_)
        if kept:
            painted[target : target + kept] = self._painted[source : source + kept]
            height = self._planes.height
            moved = self._planes.part(source * TILE_PX, 0, kept * TILE_PX, height).copied()
            self._planes.part(target * TILE_PX, 0, kept * TILE_PX, height).copy_from(moved)
        self._painted = painted
        self._first_tile = first_tile


@njit(cache=True, nogil=True)
def _spline(at: float) -> float:
    """The cubic B-spline: support -2..2, area 1."""
    size = abs(at)
    if size >= SPLINE_REACH:
        return 0.0
    return (2.0 - size) ** 3 / 6.0 if size > 1.0 else 2.0 / 3.0 - size**2 + size**3 / 2.0


@njit(cache=True, nogil=True)
def _spline_area(at: float) -> float:
    """The area of the cubic B-spline left of `at`."""
    size = min(abs(at), 2.0)
    right = (2.0 - size) ** 4 / 24.0 if size > 1.0 else 0.5 - 2.0 * size / 3.0 + size**3 / 3.0 - size**4 / 8.0
    return 1.0 - right if at > 0.0 else right


@njit(cache=True, nogil=True)
def scroll_weights(position: float, blur_px: float) -> tuple[int, Weights]:
    """The filter that shows a picture moved to a fractional position.

    Every output pixel is the picture, rebuilt with cubic B-splines (which look equally sharp at every fraction, so that
    nothing shimmers), averaged over the columns that move past while the shutter is open (so that nothing strobes).

    Parameters
    ----------
    position
        The picture's column, with its fraction, that lies at output pixel 0; a whole number means edge on edge.
    blur_px
        How far the picture moves while the shutter is open.

    Returns
    -------
    The first column to read for output pixel 0, and the weights of it and of those after it; they add up to 256.
    """
    blur = min(max(blur_px, 0.0), MOST_TAPS - 6.0)
    first = math.floor(position - blur / 2.0) - 1
    count = math.ceil(position + blur / 2.0) + 2 - first
    weights = np.empty(count, dtype=np.uint16)
    left_over = 0.0
    given = 0
    for index in range(count):
        offset = first + index - position
        if blur < STANDING_PX:
            share = _spline(offset)
        else:
            share = (_spline_area(offset + blur / 2.0) - _spline_area(offset - blur / 2.0)) / blur
        wanted = share * WEIGHT_ONE + left_over
        weights[index] = np.uint16(max(0.0, math.floor(wanted + 0.5)))
        left_over = wanted - weights[index]
        given += weights[index]
    weights[count // 2] += np.uint16(WEIGHT_ONE - given)
    return first, weights


@njit(cache=True, nogil=True, boundscheck=False)
def _scroll_plane(out: Plane, place: tuple[int, int, int], source: Plane, start: int, weights: Weights) -> None:
    """Filter a picture along its rows into a place (left, top, width) of a plane, four weights at a time.

    out[top + y, left + x] = sum of weights[k] * source[y, start + x + k] / 256, rounded; sixteen bits hold the sum
    because the weights add up to 256.
    """
    left, top, width = place
    total = np.empty(width, dtype=np.uint16)
    padded = np.zeros((weights.size + 3) // 4 * 4, dtype=np.uint16)
    padded[: weights.size] = weights
    for y in range(source.shape[0]):
        total[:] = np.uint16(128)
        for tap in range(0, padded.size, 4):
            w0, w1, w2, w3 = padded[tap], padded[tap + 1], padded[tap + 2], padded[tap + 3]
            a = source[y, start + tap : start + tap + width]
            b = source[y, start + tap + 1 : start + tap + 1 + width]
            c = source[y, start + tap + 2 : start + tap + 2 + width]
            d = source[y, start + tap + 3 : start + tap + 3 + width]
            for x in range(width):
                low = np.uint16(np.uint16(a[x]) * w0) + np.uint16(np.uint16(b[x]) * w1)
                high = np.uint16(np.uint16(c[x]) * w2) + np.uint16(np.uint16(d[x]) * w3)
                total[x] = np.uint16(total[x] + np.uint16(low + high))
        line = out[top + y, left : left + width]
        for x in range(width):
            line[x] = np.uint8(total[x] >> np.uint16(8))
