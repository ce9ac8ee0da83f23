"""A tile cache: wide pictures that are painted once, a tile at a time, and scrolled by fractions of a pixel.

This module owns which tiles are kept, and the filter that moves them. It does not know what is on a picture: a painter
is asked for any range of columns and must paint the same pixels every time.

A picture is split into columns of one pixel, numbered from any origin, negative numbers too. Only about a screenful of
tiles is kept, so memory doesn't grow with the film.

Most rows of a graph are like the row above them nearly everywhere: ground, and lines across. Where they are, filtered
rows are too, and are copied instead of computed.
"""

# ruff: noqa: PLR0917  # compiled kernels take plain arrays and numbers one by one: that is quickest to call

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.drawing.planes import Plane, Planes, unpainted_planes

TILE_PX: Final = 256
BLOCK_PX: Final = 64  # whether a row is like the one above is known of so many pixels together, a divisor of a tile's
SLACK_TILES: Final = 4  # room to scroll before what is kept must be moved
WEIGHT_ONE: Final = 256  # weights are fixed-point shares that add up to this
SPLINE_REACH: Final = 2.0  # half the width of the cubic B-spline
STANDING_PX: Final = 1e-3  # a blur narrower than this is none
_TILE_BLOCKS: Final = TILE_PX // BLOCK_PX
MOST_TAPS: Final = 96  # a blur wider than this many pixels looks like any other

Weights = NDArray[np.uint16]
Blocks = NDArray[np.bool_]
"""Of every row of a plane, which of its blocks differ from the row above; shape (rows, blocks)."""
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
        self._planes = unpainted_planes(tiles * TILE_PX, height_px)
        blocks = tiles * _TILE_BLOCKS
        self._changed = tuple(np.ones((rows, blocks), dtype=np.bool_) for rows in (height_px, height_px // 2))
        self._tile = unpainted_planes(TILE_PX, height_px)
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
        (left, top), (luma, chroma) = corner, self._changed
        _scroll_plane(out.luma, (left, top, width), self._planes.luma, luma, start + first, weights)
        first, weights = scroll_weights((position - origin) / 2, blur_px / 2)
        for plane, source in ((out.cb, self._planes.cb), (out.cr, self._planes.cr)):
            _scroll_plane(plane, (left // 2, top // 2, width // 2), source, chroma, start // 2 + first, weights)

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
                blocks = slice(place * _TILE_BLOCKS, (place + 1) * _TILE_BLOCKS)
                luma, chroma = self._changed
                luma[:, blocks] = _changed_blocks(self._tile.luma)
                chroma[:, blocks] = _changed_blocks(self._tile.cb) | _changed_blocks(self._tile.cr)
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
            for changed in self._changed:
                blocks = changed[:, source * _TILE_BLOCKS : (source + kept) * _TILE_BLOCKS].copy()
                changed[:, target * _TILE_BLOCKS : (target + kept) * _TILE_BLOCKS] = blocks
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


def _changed_blocks(plane: Plane) -> Blocks:
    """Where the rows of a tile's plane differ from the row above; the first one differs everywhere."""
    height, width = plane.shape
    changed = np.ones((height, _TILE_BLOCKS), dtype=np.bool_)
    changed[1:] = (plane[1:] != plane[:-1]).reshape(height - 1, _TILE_BLOCKS, width // _TILE_BLOCKS).any(axis=2)
    return changed


@njit(cache=True, nogil=True, boundscheck=False)
def _scroll_plane(
    out: Plane, place: tuple[int, int, int], source: Plane, changed: Blocks, start: int, weights: Weights
) -> None:
    """Filter a picture along its rows into a place (left, top, width) of a plane.

    out[top + y, left + x] = sum of weights[k] * source[y, start + x + k] / 256, rounded. A row begins as a copy of the
    one above; what differing blocks of the source reach is filtered.
    """
    left, top, width = place
    total = np.empty(width, dtype=np.uint16)
    padded = np.empty((weights.size + 3) // 4 * 4, dtype=np.uint16)
    for tap in range(padded.size):
        padded[tap] = weights[tap] if tap < weights.size else np.uint16(0)
    block = source.shape[1] // changed.shape[1]
    first, last = start // block, (start + width + padded.size - 2) // block
    line, row = (
        out.reshape(-1),
        source.reshape(-1),
    )  # parts of rows, cut for each of them, would cost more than filtering
    for y in range(source.shape[0]):
        to, by = (top + y) * out.shape[1] + left, y * source.shape[1] + start
        if y > 0:
            here, above = np.uint64(to), np.uint64(to - out.shape[1])  # unsigned: no wrapping around is looked for
            for x in range(np.uint64(width)):
                line[here + x] = line[above + x]
        begin = end = 0  # of what is to be filtered
        for index in range(first, last + 1):
            if changed[y, index]:
                reached = max(0, index * block - start - padded.size + 1)
                if reached > end:
                    if end > begin:  # here, because a call costs as much as many pixels
                        _filter(line, to + begin, row, by + begin, end - begin, padded, total)
                    begin = reached
                end = min(width, (index + 1) * block - start)
        if end > begin:
            _filter(line, to + begin, row, by + begin, end - begin, padded, total)


@njit(cache=True, nogil=True, boundscheck=False)
def _filter(out: Plane, to: int, source: Plane, by: int, count: int, padded: Weights, total: Weights) -> None:
    """Filter part of a row, four weights at a time; sixteen bits hold the sum because the weights add up to 256."""
    width, here = np.uint64(count), np.uint64(to)
    half, last = np.uint16(128), padded.size - 4
    for tap in range(0, last, 4):
        w0, w1, w2, w3 = padded[tap], padded[tap + 1], padded[tap + 2], padded[tap + 3]
        a, b, c, d = np.uint64(by + tap), np.uint64(by + tap + 1), np.uint64(by + tap + 2), np.uint64(by + tap + 3)
        for x in range(width):
            low = np.uint16(np.uint16(source[a + x]) * w0) + np.uint16(np.uint16(source[b + x]) * w1)
            high = np.uint16(np.uint16(source[c + x]) * w2) + np.uint16(np.uint16(source[d + x]) * w3)
            before = half if tap == 0 else total[x]
            total[x] = np.uint16(before + np.uint16(low + high))
    w0, w1, w2, w3 = padded[last], padded[last + 1], padded[last + 2], padded[last + 3]
    a, b, c, d = np.uint64(by + last), np.uint64(by + last + 1), np.uint64(by + last + 2), np.uint64(by + last + 3)
    for x in range(width):
        low = np.uint16(np.uint16(source[a + x]) * w0) + np.uint16(np.uint16(source[b + x]) * w1)
        high = np.uint16(np.uint16(source[c + x]) * w2) + np.uint16(np.uint16(source[d + x]) * w3)
        before = half if last == 0 else total[x]
        out[here + x] = np.uint8(np.uint16(before + np.uint16(low + high)) >> np.uint16(8))
