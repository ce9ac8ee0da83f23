"""A transparent picture to paint on: text, boxes, lines and bars, anti-aliased, by fractions of a pixel.

This module owns painting and nothing of what is painted. Colours are `#rrggbb`; coordinates are pixels from the top
left corner, (0, 0) being the corner of the first pixel, not its middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.picture.blend import stroke
from pipeline.picture.text import TextPicture
from pipeline.picture.theme import rgb

Rgba = npt.NDArray[np.uint8]
Shares = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]


class Canvas:
    """Paints over what is there already. Holds premultiplied colour and opacity, float32, shape (h, w, 4)."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self._ink = np.zeros((height_px, width_px, 4), np.float32)

    def mask(self, shares: Shares, left_px: int, top_px: int, colour: str) -> None:
        """Paint a colour through shares (0..1), shape (h, w); what sticks out is cut off."""
        height, width = shares.shape
        first, first_row = max(left_px, 0), max(top_px, 0)
        last, last_row = min(left_px + width, self.width_px), min(top_px + height, self.height_px)
        if last <= first or last_row <= first_row:
            return
        share = shares[first_row - top_px : last_row - top_px, first - left_px : last - left_px, None]
        place = self._ink[first_row:last_row, first:last]
        place *= 1.0 - share
        place += share * np.array([*rgb(colour), 255.0], np.float32)

    def text(self, picture: TextPicture, pen_x_px: float, baseline_y_px: float, colour: str) -> None:
        """Paint one line of text, its pen starting at (`pen_x_px`, `baseline_y_px`)."""
        if picture.coverage.size:
            left, top = picture.place(pen_x_px, baseline_y_px)
            self.mask(picture.coverage.astype(np.float32) / 255.0, left, top, colour)

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
        shares = np.clip(0.5 - outside, 0.0, 1.0)
        if line_px:
            shares = np.minimum(shares, np.clip(0.5 + outside + line_px, 0.0, 1.0))
        self.mask((shares * opacity).astype(np.float32), first, first_row, colour)

    def disc(self, x_px: float, y_px: float, radius_px: float, colour: str, *, opacity: float = 1.0) -> None:
        """Paint a disc around (`x_px`, `y_px`)."""
        edges = (x_px - radius_px, y_px - radius_px, x_px + radius_px, y_px + radius_px)
        self.box(edges, colour, opacity=opacity, radius_px=radius_px)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], width_px: float, colour: str, *, opacity: float = 1.0
    ) -> None:
        """Paint the line through points, its joints and ends round; NaN breaks it."""
        shares = np.zeros((self.height_px, self.width_px), np.float32)
        stroke(shares, np.asarray(xs, np.float32), np.asarray(ys, np.float32), max(width_px, 0.7) / 2, opacity)
        rows = np.flatnonzero(shares.any(axis=1))
        if rows.size:
            self.mask(shares[rows[0] : rows[-1] + 1], 0, int(rows[0]), colour)

    def columns(self, tops: Shares, bottoms: Shares, left_px: int, colour: str, *, opacity: float = 1.0) -> None:
        """Paint one upright bar a pixel column, from `tops` to `bottoms`, shapes (n,), in rows from the top."""
        first = max(0, math.floor(float(tops.min(initial=self.height_px))))
        last = min(self.height_px, math.ceil(float(bottoms.max(initial=0.0))))
        if last <= first:
            return
        rows = np.arange(first, last, dtype=np.float32)[:, None]
        shares = np.clip(np.minimum(rows + 1, bottoms) - np.maximum(rows, tops), 0.0, 1.0) * np.float32(opacity)
        self.mask(shares.astype(np.float32), left_px, first, colour)

    def rgba(self) -> Rgba:
        """What was painted: sRGB and opacity, not premultiplied, uint8, shape (h, w, 4)."""
        opacity = self._ink[..., 3:]
        with np.errstate(divide="ignore", invalid="ignore"):
            colour = np.where(opacity > 0, self._ink[..., :3] / opacity * 255.0, 0.0)
        whole: Rgba = np.clip(np.rint(np.concatenate([colour, opacity], axis=2)), 0, 255).astype(np.uint8)
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
    cut = layer[first_row - top_px : last_row - top_px, first - left_px : last - left_px].astype(np.float32)
    share = cut[..., 3:] / 255.0
    place = picture[first_row:last_row, first:last]
    place[...] = np.rint(place * (1.0 - share) + cut[..., :3] * share).astype(np.uint8)
