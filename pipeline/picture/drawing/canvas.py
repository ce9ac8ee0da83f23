"""A transparent picture to paint on: text, boxes, lines and bars, anti-aliased, by fractions of a pixel.

This module owns painting and nothing of what is painted. Colours are `#rrggbb`; coordinates are pixels from the top
left corner, (0, 0) being the corner of the first pixel, not its middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.picture.text.typesetting import TextPicture
from pipeline.picture.theme.theme import rgb

Rgba = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]

_ROWS_AT_ONCE = 256
"""Large pictures are converted in parts, to spare memory."""


@njit(cache=True, nogil=True, boundscheck=False)
def stroke(mask: Mask, xs: Mask, ys: Mask, half_width: float, alpha: float) -> None:
    """Draw the line through points into a mask (h, w), 0..1: round joints, the largest alpha wins.

    Parameters
    ----------
    mask
        Written where the line covers it.
    xs, ys
        The points, shapes (n,); NaN breaks the line.
    half_width
        Half the line's width, px.
    alpha
        The line's opacity, 0..1.
    """
    height, width = mask.shape
    reach = half_width + 0.5
    for index in range(xs.size - 1):
        x0, y0, x1, y1 = xs[index], ys[index], xs[index + 1], ys[index + 1]
        if math.isnan(x0 + x1 + y0 + y1):
            continue
        across, down = x1 - x0, y1 - y0
        length2 = max(across * across + down * down, 1e-12)
        for y in range(max(0, int(min(y0, y1) - reach)), min(height, int(max(y0, y1) + reach) + 1)):
            for x in range(max(0, int(min(x0, x1) - reach)), min(width, int(max(x0, x1) + reach) + 1)):
                from_x, from_y = x + 0.5 - x0, y + 0.5 - y0
                along = min(1.0, max(0.0, (from_x * across + from_y * down) / length2))
                away_x, away_y = from_x - along * across, from_y - along * down
                inside = reach - math.sqrt(away_x * away_x + away_y * away_y)
                if inside > 0.0:
                    mask[y, x] = max(mask[y, x], alpha * min(1.0, inside))


class Canvas:
    """Paints over what is there already. Holds premultiplied colour and opacity, float32, shape (h, w, 4)."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self._ink = np.zeros((height_px, width_px, 4), np.float32)

    def paint_mask(self, mask: Mask, left_px: int, top_px: int, colour: str) -> None:
        """Paint a colour through a mask (0..1), shape (h, w); what sticks out is cut off."""
        height, width = mask.shape
        first, first_row = max(left_px, 0), max(top_px, 0)
        last, last_row = min(left_px + width, self.width_px), min(top_px + height, self.height_px)
        if last <= first or last_row <= first_row:
            return
        alpha = mask[first_row - top_px : last_row - top_px, first - left_px : last - left_px, None]
        place = self._ink[first_row:last_row, first:last]
        place *= 1.0 - alpha
        place += alpha * np.array([*rgb(colour), 255.0], np.float32)

    def picture(self, premultiplied: Mask, left_px: int, top_px: int) -> None:
        """Lay a picture on: colour (0..255) times opacity, and opacity (0..1), shape (h, w, 4)."""
        height, width = premultiplied.shape[:2]
        first, first_row = max(left_px, 0), max(top_px, 0)
        last, last_row = min(left_px + width, self.width_px), min(top_px + height, self.height_px)
        if last <= first or last_row <= first_row:
            return
        part = premultiplied[first_row - top_px : last_row - top_px, first - left_px : last - left_px]
        opacity = np.clip(part[..., 3:], 0.0, 1.0)
        place = self._ink[first_row:last_row, first:last]
        place *= 1.0 - opacity
        place += np.concatenate([np.clip(part[..., :3], 0.0, 255.0 * opacity), 255.0 * opacity], axis=-1)

    def text(self, picture: TextPicture, pen_x_px: float, baseline_y_px: float, colour: str) -> None:
        """Paint one line of text, its pen starting at (`pen_x_px`, `baseline_y_px`)."""
        if picture.mask.size:
            left, top = picture.place(pen_x_px, baseline_y_px)
            self.paint_mask(picture.mask.astype(np.float32) / 255.0, left, top, colour)

    def box(
        self,
        edges: tuple[float, float, float, float],
        colour: str,
        *,
        opacity: float = 1.0,
        radius_px: float = 0.0,
        line_px: float = 0.0,
    ) -> None:
        """Paint a rectangle (left, top, right, bottom) with round corners; with `line_px`, its outline inside it."""
        left, top, right, bottom = edges
        if right <= left or bottom <= top:
            return
        first, first_row = math.floor(left) - 1, math.floor(top) - 1
        xs = np.arange(first, math.ceil(right) + 1) + 0.5
        ys = np.arange(first_row, math.ceil(bottom) + 1) + 0.5
        outside = _outside(xs, ys, edges, radius_px)
        mask = np.clip(0.5 - outside, 0.0, 1.0)
        if line_px:
            mask = np.minimum(mask, np.clip(0.5 + outside + line_px, 0.0, 1.0))
        self.paint_mask((mask * opacity).astype(np.float32), first, first_row, colour)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], width_px: float, colour: str, *, opacity: float = 1.0
    ) -> None:
        """Paint the line through points, its joints and ends round; NaN breaks it."""
        across, down = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
        there = np.isfinite(across + down)
        if not there.any():
            return
        reach = max(width_px, 0.7) / 2 + 1
        left, top = (max(0, math.floor(float(at[there].min()) - reach)) for at in (across, down))
        right = min(self.width_px, math.ceil(float(across[there].max()) + reach))
        bottom = min(self.height_px, math.ceil(float(down[there].max()) + reach))
        if right > left and bottom > top:
            mask = np.zeros((bottom - top, right - left), np.float32)
            half = max(width_px, 0.7) / 2
            stroke(mask, (across - left).astype(np.float32), (down - top).astype(np.float32), half, opacity)
            self.paint_mask(mask, left, top, colour)

    def band(
        self, left_px: int, tops: Sequence[float], bottoms: Sequence[float], colour: str, *, opacity: float = 1.0
    ) -> None:
        """Fill columns of one pixel each from `left_px` on, at least a pixel high; NaN leaves one out."""
        upper, lower = np.asarray(tops, np.float64), np.asarray(bottoms, np.float64)
        there = np.isfinite(upper + lower)
        if not there.any():
            return
        lower = np.maximum(lower, upper + 1)
        first = max(0, math.floor(float(upper[there].min())))
        last = min(self.height_px, math.ceil(float(lower[there].max())))
        if last > first:
            rows = np.arange(first, last)[:, None]
            covered = np.clip(np.minimum(lower, rows + 1) - np.maximum(upper, rows), 0, 1)
            mask = np.where(there, covered, 0.0) * opacity
            self.paint_mask(mask.astype(np.float32), left_px, first, colour)

    def rgba(self) -> Rgba:
        """What was painted: sRGB and opacity, not premultiplied, uint8, shape (h, w, 4)."""
        whole = np.zeros(self._ink.shape, np.uint8)
        for top in range(0, self.height_px, _ROWS_AT_ONCE):
            ink = self._ink[top : top + _ROWS_AT_ONCE]
            seen = ink[..., 3] > 0
            painted = ink[seen]  # most of a text is empty
            opacity = painted[:, 3:]
            painted[:, :3] *= np.float32(255.0) / opacity
            whole[top : top + _ROWS_AT_ONCE][seen] = np.clip(np.rint(painted), 0, 255)
        return whole


def _outside(xs: Floats, ys: Floats, edges: tuple[float, float, float, float], radius: float) -> Floats:
    """How far points lie outside a rectangle with round corners (negative: inside), shape (len(ys), len(xs))."""
    left, top, right, bottom = edges
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    across = np.abs(xs - (left + right) / 2) - (right - left) / 2 + radius
    down = np.abs(ys - (top + bottom) / 2)[:, None] - (bottom - top) / 2 + radius
    corner = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    return np.asarray(corner + np.minimum(np.maximum(across, down), 0) - radius)


def paint_over(picture: npt.NDArray[np.uint8], layer: Rgba, left_px: int, top_px: int) -> None:
    """Lay a layer (h, w, 4) on an sRGB picture (h, w, 3), in place; what sticks out is cut off."""
    height, width = picture.shape[:2]
    first, first_row = max(left_px, 0), max(top_px, 0)
    last, last_row = min(left_px + layer.shape[1], width), min(top_px + layer.shape[0], height)
    if last <= first or last_row <= first_row:
        return
    part = layer[first_row - top_px : last_row - top_px, first - left_px : last - left_px]
    place = picture[first_row:last_row, first:last]
    seen = part[..., 3] > 0  # most of a text is empty
    inks = part[seen].astype(np.float32)
    alpha = inks[:, 3:] / 255.0
    place[seen] = np.rint(place[seen] * (1.0 - alpha) + inks[:, :3] * alpha).astype(np.uint8)
