"""Drawing shapes and sprites on planes, anti-aliased, clipped, by fractions of a pixel.

This module owns the kernels. It does not know colours' meaning or where things belong. Coordinates are in luma pixels,
(0, 0) is the top left corner of the top left pixel; a shape from 2.0 to 3.0 covers pixel 2 exactly. Planes must lie in
one piece, so that neighbours are neighbours. Arrays are filled by loops: slices and zeros take a second to compile.
"""

# ruff: noqa: PLR0917  # compiled kernels take plain arrays and numbers one by one: that is quickest to call

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.drawing.planes import Ink, Plane, Planes

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]


@njit(cache=True, nogil=True, boundscheck=False)
def _mix(under: int, over: float, alpha: float) -> int:
    """Blend one byte; `alpha` is between 0 and 1."""
    return int(under + (over - under) * alpha + 0.5)


@njit(cache=True, nogil=True, boundscheck=False)
def _clear(row: NDArray[np.floating]) -> None:
    for x in range(row.size):
        row[x] = 0.0


@njit(cache=True, nogil=True, boundscheck=False)
def _seen(alphas: NDArray[np.floating], first: int, last: int) -> tuple[int, int]:
    """The part of first..last - 1 that begins and ends with an alpha above 0."""
    while first < last and alphas[first] == 0.0:
        first += 1
    while last > first and alphas[last - 1] == 0.0:
        last -= 1
    return first, last


@njit(cache=True, nogil=True, boundscheck=False)
def _mix_line(line: Plane, over: float, alphas: NDArray[np.floating]) -> None:
    """Blend a colour into a stretch of a row, shapes (n,); as whole numbers of 32 bits, several pixels at once."""
    for x in range(alphas.size):
        line[x] = np.uint8(np.int32(line[x] + (over - line[x]) * alphas[x] + 0.5))


@njit(cache=True, nogil=True, boundscheck=False)
def _mix_part(
    plane: Plane, row: int, begin: int, over: float, alphas: NDArray[np.floating], first: int, last: int
) -> None:
    """Blend a colour into a row of a plane from the column `begin` on, through alphas[first:last]."""
    y, to = np.uint64(row), np.uint64(begin)  # unsigned: no wrapping around is looked for
    for x in range(np.uint64(first), np.uint64(last)):
        plane[y, to + x] = np.uint8(np.int32(plane[y, to + x] + (over - plane[y, to + x]) * alphas[x] + 0.5))


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_mask(luma: Plane, cb: Plane, cr: Plane, mask: Floats, left: int, top: int, colour: Ink) -> None:
    """Blend a colour through a mask of alphas (0..1) whose top left pixel lies at (left, top)."""
    first_row, last_row = max(top, 0), min(top + mask.shape[0], luma.shape[0])
    first, last = max(left, 0), min(left + mask.shape[1], luma.shape[1])
    if last <= first:
        return
    even = first // 2 * 2
    width = (last + 1) // 2 * 2 - even
    rows, quarters = np.empty((2, width), dtype=np.float32), np.empty(width // 2, dtype=np.float64)
    for pair in range(first_row // 2, (last_row + 1) // 2):
        begin, end = width, 0  # the columns that are seen in either row
        for side in range(2):
            y = 2 * pair + side
            _clear(rows[side])
            if first_row <= y < last_row:
                low, high = _seen(mask[y - top], first - left, last - left)
                for x in range(low, high):
                    rows[side, x + left - even] = mask[y - top, x]
                if low < high:
                    low, high = low + left - even, high + left - even
                    _mix_part(luma, y, even, colour[0], rows[side], low, high)
                    begin, end = min(begin, low), max(end, high)
        if begin < end:
            for x in range(begin // 2, (end + 1) // 2):
                quarters[x] = _quarter(rows, x)
            _mix_part(cb, pair, even // 2, colour[1], quarters, begin // 2, (end + 1) // 2)
            _mix_part(cr, pair, even // 2, colour[2], quarters, begin // 2, (end + 1) // 2)


@njit(cache=True, nogil=True, boundscheck=False)
def _quarter(rows: Floats, x: int) -> float:
    """The mean alpha of the four pixels of luma that a pixel of chroma stands for; `rows` are two rows of luma's."""
    above = np.float64(rows[0, 2 * x]) + np.float64(rows[0, 2 * x + 1])
    return (above + np.float64(rows[1, 2 * x]) + np.float64(rows[1, 2 * x + 1])) * 0.25


@njit(cache=True, nogil=True, boundscheck=False)
def _sprite_row(mask: Mask, row: int, drop: float, alpha: float, out: Floats) -> None:
    """The alphas of one row of a sprite that is moved down by a fraction of a pixel, from out[1] on."""
    height, width = mask.shape
    whole = (1.0 - drop) * alpha if row < height else 0.0
    moved = drop * alpha if row > 0 else 0.0
    here, above = mask[min(row, height - 1)], mask[max(row - 1, 0)]
    for x in range(width):
        out[x + 1] = np.float32(whole * here[x] + moved * above[x])


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_sprite(
    luma: Plane, cb: Plane, cr: Plane, mask: Mask, left: int, top: float, colour: Ink, opacity: float
) -> None:
    """Blend row by row, two rows of luma and then their row of chroma."""
    start = math.floor(top)
    drop = top - start
    height, width = mask.shape[0] + (1 if drop > 0.0 else 0), mask.shape[1]
    first, last = max(left, 0), min(left + width, luma.shape[1])
    if last <= first:
        return
    begin = first // 2
    rows, halves = np.empty((2, width + 3), dtype=np.float32), np.empty((last + 1) // 2 - begin, dtype=np.float32)
    y0, y1 = np.float32(colour[0] + 0.5), np.float32(0.5)
    for pair in range(max(start, 0) // 2, (min(start + height, luma.shape[0]) + 1) // 2):
        for half in range(2):
            y = 2 * pair + half
            _clear(rows[half])
            if y < start or y >= start + height or y >= luma.shape[0]:
                continue
            _sprite_row(mask, y - start, drop, opacity / 255.0, rows[half])
            alphas, line = rows[half, 1 + first - left :], luma[y, first:last]
            for x in range(line.size):
                alpha = alphas[x]
                line[x] = np.uint8(np.int32(line[x] * (np.float32(1.0) - alpha) + (y0 - y1) * alpha + y1))
        upper, lower = rows[0, 2 * begin - left + 1 :], rows[1, 2 * begin - left + 1 :]
        for x in range(halves.size):
            halves[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) * np.float32(0.25)
        _mix_line(cb[pair, begin : begin + halves.size], colour[1], halves)
        _mix_line(cr[pair, begin : begin + halves.size], colour[2], halves)


def blend_sprite(planes: Planes, mask: Mask, corner: tuple[int, float], colour: Ink, opacity: float = 1.0) -> None:
    """Blend one colour through a sprite's mask (h, w), 0..255, whose corner is (left, top); what sticks out is cut.

    `top` may lie between pixels.
    """
    if opacity > 0 and mask.size:
        left, top = corner
        if mask.flags.writeable:  # the kernel is compiled for masks that are not
            mask = mask.view()
            mask.flags.writeable = False
        _blend_sprite(planes.luma, planes.cb, planes.cr, mask, left, float(top), colour, float(opacity))


@njit(cache=True, nogil=True, boundscheck=False)
def _rounded_mask(left: float, top: float, right: float, bottom: float, radius: float, opacity: float) -> Floats:
    """The mask of a rectangle with round corners, beginning at the whole pixel up and left of its corner."""
    first, first_row = math.floor(left), math.floor(top)
    mask = np.empty((math.ceil(bottom) - first_row, math.ceil(right) - first), dtype=np.float32)
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    middle, middle_row = (left + right) / 2 - first, (top + bottom) / 2 - first_row
    columns = np.empty(mask.shape[1], dtype=np.float64)
    for x in range(columns.size):
        columns[x] = min(x + 1.0, right - first) - max(float(x), left - first)
    for y in range(mask.shape[0]):
        rows = min(y + 1.0, bottom - first_row) - max(float(y), top - first_row)
        down = abs(y + 0.5 - middle_row) - half_height + radius
        if down <= 0.0:
            for x in range(columns.size):
                mask[y, x] = rows * columns[x] * opacity
            continue
        for x in range(columns.size):
            alpha = rows * columns[x]
            across = abs(x + 0.5 - middle) - half_width + radius
            if across > 0.0:
                alpha = min(alpha, max(0.0, radius + 0.5 - math.sqrt(across * across + down * down)))
            mask[y, x] = alpha * opacity
    return mask


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_rounded(
    luma: Plane,
    cb: Plane,
    cr: Plane,
    box: tuple[float, float, float, float],
    radius: float,
    colour: Ink,
    opacity: float,
) -> None:
    left, top, right, bottom = box
    right, bottom = min(right, luma.shape[1] + radius + 1), min(bottom, luma.shape[0] + radius + 1)
    left, top = max(left, -radius - 1), max(top, -radius - 1)
    if not (opacity > 0 and right > left and bottom > top):
        return
    if radius > 0:
        mask = _rounded_mask(left, top, right, bottom, radius, opacity)
        _blend_mask(luma, cb, cr, mask, math.floor(left), math.floor(top), colour)
    else:
        _blend_plain(luma, cb, cr, (left, top, right, bottom), colour, opacity)


@njit(cache=True, nogil=True, boundscheck=False)
def _corner(across: float, down: float) -> float:
    """How much of a pixel is seen whose middle lies beyond a rectangle's corner by these distances; all, elsewhere."""
    beyond = across > 0.0 and down > 0.0
    return max(0.0, 0.5 - math.sqrt(across * across + down * down)) if beyond else 1.0


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_plain(
    luma: Plane, cb: Plane, cr: Plane, box: tuple[float, float, float, float], colour: Ink, opacity: float
) -> None:
    """Blend a rectangle: nearly all of its rows have the same alphas, which are computed once."""
    left, top = math.floor(box[0]), math.floor(box[1])
    right, bottom = box[2] - left, box[3] - top
    first, last = max(left, 0), min(left + math.ceil(right), luma.shape[1])
    first_row, last_row = max(top, 0), min(top + math.ceil(bottom), luma.shape[0])
    if last <= first:
        return
    even = first // 2 * 2
    width = (last + 1) // 2 * 2 - even
    middle, middle_row = (box[0] + box[2]) / 2 - left, (box[1] + box[3]) / 2 - top
    columns, across = np.empty(width, dtype=np.float64), np.empty(width, dtype=np.float64)
    rows, quarters = np.empty((2, width), dtype=np.float32), np.empty(width // 2, dtype=np.float64)
    _clear(columns)
    _clear(across)
    _clear(rows.reshape(-1))
    for x in range(first - left, last - left):
        columns[x + left - even] = min(x + 1.0, right) - max(float(x), box[0] - left)
        across[x + left - even] = abs(x + 0.5 - middle) - (box[2] - box[0]) / 2
    covered = np.empty(2, dtype=np.float64)
    covered[0] = covered[1] = 0.0
    for pair in range(first_row // 2, (last_row + 1) // 2):
        differs = False
        for side in range(2):
            y = 2 * pair + side
            row = float(y - top)
            share = min(row + 1.0, bottom) - max(row, box[1] - top) if first_row <= y < last_row else 0.0
            if share != covered[side]:
                covered[side], differs = share, True
                down = abs(row + 0.5 - middle_row) - (box[3] - box[1]) / 2
                for x in range(width):
                    rows[side, x] = min(share * columns[x], _corner(across[x], down)) * opacity
            if share > 0.0:
                _mix_part(luma, y, even, colour[0], rows[side], first - even, last - even)
        if differs:
            for x in range(width // 2):
                quarters[x] = _quarter(rows, x)
        _mix_part(cb, pair, even // 2, colour[1], quarters, (first - even) // 2, width // 2)
        _mix_part(cr, pair, even // 2, colour[2], quarters, (first - even) // 2, width // 2)


def blend_box(
    planes: Planes,
    box: tuple[float, float, float, float],
    colour: Ink,
    opacity: float = 1.0,
    *,
    radius_px: float = 0.0,
) -> None:
    """Blend a rectangle (left, top, right, bottom), its edges anywhere between pixels, its corners round."""
    left, top, right, bottom = box
    edges = (float(left), float(top), float(right), float(bottom))
    _blend_rounded(planes.luma, planes.cb, planes.cr, edges, float(radius_px), colour, float(opacity))


class Discs(NamedTuple):
    """Discs around one point, the lowest first: their radii in pixels, shape (n,), and their inks, shape (n, 3)."""

    radii_px: NDArray[np.float64]
    inks: NDArray[np.float64]


def discs(*discs: tuple[float, Ink]) -> Discs:
    """Discs of these radii and colours, to be drawn often."""
    return Discs(np.array([radius for radius, _ in discs]), np.array([colour for _, colour in discs]))


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_discs(luma: Plane, cb: Plane, cr: Plane, x: float, y: float, shown: Discs, opacity: float) -> None:
    for disc in range(shown.radii_px.size):
        radius, inks = shown.radii_px[disc], shown.inks
        box = (x - radius, y - radius, x + radius, y + radius)
        _blend_rounded(luma, cb, cr, box, radius, Ink(inks[disc, 0], inks[disc, 1], inks[disc, 2]), opacity)


def blend_discs(planes: Planes, x: float, y: float, shown: Discs, opacity: float = 1.0) -> None:
    """Blend discs around (x, y)."""
    _blend_discs(planes.luma, planes.cb, planes.cr, float(x), float(y), shown, float(opacity))


@njit(cache=True, nogil=True, boundscheck=False)
def _span_coverage(y: int, top: float, bottom: float) -> float:
    """How much of pixel row `y` a span from `top` to `bottom` covers, 0..1."""
    return max(0.0, min(y + 1.0, bottom) - max(float(y), top))


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_spans(
    luma: Plane, cb: Plane, cr: Plane, tops: Floats, bottoms: Floats, colours: Floats, opacity: float
) -> None:
    height, width = luma.shape
    for x in range(width):
        top, bottom = max(tops[x], 0.0), min(bottoms[x], float(height))
        if bottom > top:
            for y in range(int(top), min(int(bottom) + 1, height)):
                alpha = _span_coverage(y, top, bottom) * opacity
                if alpha > 0.0:
                    luma[y, x] = _mix(luma[y, x], colours[x, 0], alpha)
    for x in range(width // 2):
        _blend_span_chroma(cb, cr, x, tops[2 * x : 2 * x + 2], bottoms[2 * x : 2 * x + 2], colours, opacity)


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_span_chroma(
    cb: Plane, cr: Plane, x: int, tops: Floats, bottoms: Floats, colours: Floats, opacity: float
) -> None:
    """Blend one column of chroma, each pixel once, by the alphas and colours of its four pixels of luma.

    Blending it once for each of the four would let the last colour count most, and round four times.
    """
    height = 2.0 * cb.shape[0]
    top, bottom = height, 0.0
    for side in range(2):
        if bottoms[side] > tops[side]:
            top, bottom = min(top, max(tops[side], 0.0)), max(bottom, min(bottoms[side], height))
    if not bottom > top:
        return
    for y in range(int(top) // 2, min(int(bottom) // 2 + 1, cb.shape[0])):
        left = _span_coverage(2 * y, tops[0], bottoms[0]) + _span_coverage(2 * y + 1, tops[0], bottoms[0])
        right = _span_coverage(2 * y, tops[1], bottoms[1]) + _span_coverage(2 * y + 1, tops[1], bottoms[1])
        covered = left + right
        if covered > 0.0:
            part, alpha = right / covered, covered * 0.25 * opacity
            cb[y, x] = _mix(cb[y, x], colours[2 * x, 1] * (1 - part) + colours[2 * x + 1, 1] * part, alpha)
            cr[y, x] = _mix(cr[y, x], colours[2 * x, 2] * (1 - part) + colours[2 * x + 1, 2] * part, alpha)


def blend_spans(planes: Planes, tops: Floats, bottoms: Floats, colours: Floats, opacity: float = 1.0) -> None:
    """Blend one upright bar a pixel column.

    Parameters
    ----------
    planes
        What to draw on.
    tops, bottoms
        Rows at which the bars begin and end, shapes (width,); where the end isn't below the beginning there is no bar.
    colours
        Each bar's luma and chroma, shape (width, 3).
    opacity
        0..1.
    """
    _blend_spans(planes.luma, planes.cb, planes.cr, tops, bottoms, colours, float(opacity))


def blend_mask(planes: Planes, mask: Floats, corner: tuple[int, int], colour: Ink) -> None:
    """Blend a colour through a mask (h, w), float32, 0..1, whose corner is (left, top)."""
    left, top = corner
    _blend_mask(planes.luma, planes.cb, planes.cr, mask, left, top, colour)


@njit(cache=True, nogil=True, boundscheck=False)
def _fade(
    planes: tuple[Plane, Plane, Plane],
    towards: tuple[Plane, Plane, Plane],
    corner: tuple[int, int],
    height: int,
    alphas: Floats,
) -> None:
    left, top = corner
    bottom = min(top + height, planes[0].shape[0])
    width = min(alphas.size, planes[0].shape[1] - left)
    halves = np.empty(width // 2, dtype=np.float64)
    for x in range(halves.size):
        halves[x] = (alphas[2 * x] + alphas[2 * x + 1]) * 0.5
    _fade_rows(planes[0], towards[0], left, (top, bottom), alphas[:width])
    for plane in range(1, 3):
        _fade_rows(planes[plane], towards[plane], left // 2, (top // 2, bottom // 2), halves)


@njit(cache=True, nogil=True, boundscheck=False)
def _fade_rows(plane: Plane, towards: Plane, left: int, rows: tuple[int, int], alphas: NDArray[np.floating]) -> None:
    """Leave each byte of some rows its alpha of itself."""
    to = np.uint64(left)  # unsigned: no wrapping around is looked for
    for y in range(np.uint64(rows[0]), np.uint64(rows[1])):
        for x in range(np.uint64(alphas.size)):
            under = np.float64(towards[y, to + x])
            plane[y, to + x] = np.uint8(np.int32(under + (plane[y, to + x] - under) * alphas[x] + 0.5))


def fade(planes: Planes, towards: Planes, corner: tuple[int, int], height: int, alphas: Floats) -> None:
    """Blend a rectangle into another picture: each column keeps its alpha of itself, `alphas` has shape (width,).

    `towards` is as large as `planes`; the corner (left, top), the height and the number of alphas are even.
    """
    ours, theirs = (planes.luma, planes.cb, planes.cr), (towards.luma, towards.cb, towards.cr)
    _fade(ours, theirs, corner, height, alphas)
