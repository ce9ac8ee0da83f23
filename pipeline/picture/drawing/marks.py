"""Drawings as lists of marks: what stands where, before any pixel is painted.

This module owns the marks and painting them on a canvas. It does not know what they mean. All coordinates are pixels
from the top left corner of the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.picture.drawing.canvas import Canvas, Rgba
from pipeline.picture.drawing.scaling import scaled
from pipeline.picture.text.mask_effects import outline_reach, outlined, soft_reach, softened
from pipeline.picture.text.typesetting import TextStyle, Typesetter

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_SOFTNESS: Final = 0.5
"""A shadow's blur (a Gaussian's standard deviation) for each pixel that it lies below its letters."""


class TextMarks(NamedTuple):
    """What letters have around them: an outline and a shadow, as shares of the type's size."""

    outline_em: float
    outline_colour: str
    shadow_em: float
    shadow_colour: str

    def reach_px(self, size_px: float) -> float:
        """How far beyond the letters' ink it reaches."""
        return max(self.outline_em, self.shadow_em * (1 + 3 * _SOFTNESS)) * size_px + 2


@dataclass(frozen=True)
class TextMark:
    """One line of text; its pen begins at (`x_px`, `baseline_px`)."""

    x_px: float
    baseline_px: float
    text: str
    style: TextStyle
    colour: str
    around: TextMarks | None = None

    def moved(self, dx: float, dy: float) -> TextMark:
        """The same mark elsewhere."""
        return replace(self, x_px=self.x_px + dx, baseline_px=self.baseline_px + dy)

    def of_text(self, text: str) -> TextMark:
        """The same mark of another text."""
        return replace(self, text=text)


@dataclass(frozen=True)
class BoxMark:
    """A rectangle, filled, or an outline `line_px` wide inside it."""

    edges: Edges
    colour: str
    opacity: float = 1.0
    radius_px: float = 0.0
    line_px: float = 0.0

    def moved(self, dx: float, dy: float) -> BoxMark:
        """The same mark elsewhere."""
        left, top, right, bottom = self.edges
        return replace(self, edges=(left + dx, top + dy, right + dx, bottom + dy))


@dataclass(frozen=True)
class LineMark:
    """A line through points; NaN breaks it."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    width_px: float
    colour: str
    opacity: float = 1.0

    def moved(self, dx: float, dy: float) -> LineMark:
        """The same mark elsewhere."""
        return replace(self, xs=tuple(x + dx for x in self.xs), ys=tuple(y + dy for y in self.ys))


@dataclass(frozen=True)
class BandMark:
    """A band filled column by column, each a pixel wide from `left_px` on, from its top to its bottom; NaN: nothing."""

    left_px: float
    tops: tuple[float, ...]
    bottoms: tuple[float, ...]
    colour: str
    opacity: float = 1.0

    def moved(self, dx: float, dy: float) -> BandMark:
        """The same mark elsewhere."""
        tops, bottoms = (tuple(y + dy for y in ys) for ys in (self.tops, self.bottoms))
        return replace(self, left_px=self.left_px + dx, tops=tops, bottoms=bottoms)


@dataclass(frozen=True, eq=False)
class PictureMark:
    """A picture (sRGB and opacity, uint8, shape (h, w, 4)), as large as fits into its edges, from their top left."""

    edges: Edges
    picture: Rgba

    def moved(self, dx: float, dy: float) -> PictureMark:
        """The same mark elsewhere."""
        left, top, right, bottom = self.edges
        return replace(self, edges=(left + dx, top + dy, right + dx, bottom + dy))


Mark = TextMark | BoxMark | LineMark | BandMark | PictureMark


@dataclass(frozen=True)
class Drawing:
    """Marks inside a box of `width_px` x `height_px`."""

    width_px: float
    height_px: float
    marks: tuple[Mark, ...] = ()

    def moved(self, dx: float, dy: float) -> Drawing:
        """The same marks elsewhere."""
        return replace(self, marks=tuple(mark.moved(dx, dy) for mark in self.marks))

    def words(self) -> tuple[str, ...]:
        """The texts, in the order in which they were set."""
        return tuple(mark.text for mark in self.marks if isinstance(mark, TextMark))


class Layer(NamedTuple):
    """A painted drawing, cut out: its top left pixel belongs at (`x_px`, `y_px`), both even."""

    picture: Rgba
    x_px: int
    y_px: int


def ink_edges(mark: Mark, typesetter: Typesetter) -> Edges:
    """The box around a mark's ink; all zero where there is none."""
    if isinstance(mark, BoxMark | PictureMark):
        return mark.edges
    if isinstance(mark, LineMark):
        return _edges_around(np.array(mark.xs), np.array(mark.ys), mark.width_px / 2 + 0.5)
    if isinstance(mark, BandMark):
        xs = mark.left_px + np.arange(2 * len(mark.tops)) / 2 + 0.25  # of either end of each column
        return _edges_around(xs, np.stack([mark.tops, mark.bottoms], axis=1).ravel(), 1.0)
    picture = typesetter.render(mark.text, mark.style)
    if not picture.mask.size:
        return (0.0, 0.0, 0.0, 0.0)
    x, y = picture.place(mark.x_px, mark.baseline_px)
    more = mark.around.reach_px(mark.style.size_px) if mark.around else 0.0
    height, width = picture.mask.shape
    return (x - more, y - more, x + width + more, y + height + more)


def _edges_around(xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], reach: float) -> Edges:
    """The box around points; all zero where there is none."""
    if not np.isfinite(xs + ys).any():
        return (0.0, 0.0, 0.0, 0.0)
    edges = (np.nanmin(xs) - reach, np.nanmin(ys) - reach, np.nanmax(xs) + reach, np.nanmax(ys) + reach)
    return tuple(float(edge) for edge in edges)  # type: ignore[return-value]


def paint(drawing: Drawing, typesetter: Typesetter) -> Layer | None:
    """Paint a drawing on a canvas just large enough; None where there is nothing to see."""
    edges = [ink_edges(mark, typesetter) for mark in drawing.marks]
    edges = [edge for edge in edges if edge[2] > edge[0] and edge[3] > edge[1]]
    if not edges:
        return None
    left, top = (_even_below(min(edge[side] for edge in edges) - 1) for side in (0, 1))
    right, bottom = (_even_above(max(edge[side] for edge in edges) + 1) for side in (2, 3))
    canvas = Canvas(right - left, bottom - top)
    for mark in drawing.moved(-left, -top).marks:
        _paint_mark(mark, canvas, typesetter)
    return Layer(canvas.rgba(), left, top)


def _even_below(value: float) -> int:
    return math.floor(value / 2) * 2


def _even_above(value: float) -> int:
    return math.ceil(value / 2) * 2


def _paint_mark(mark: Mark, canvas: Canvas, typesetter: Typesetter) -> None:
    if isinstance(mark, TextMark):
        for mask, x, y, colour in around_letters(typesetter, mark):
            canvas.paint_mask(mask.astype(np.float32) / 255.0, x, y, colour)
        canvas.text(typesetter.render(mark.text, mark.style), mark.x_px, mark.baseline_px, mark.colour)
    elif isinstance(mark, BoxMark):
        canvas.box(mark.edges, mark.colour, opacity=mark.opacity, radius_px=mark.radius_px, line_px=mark.line_px)
    elif isinstance(mark, PictureMark):
        left, top, right, bottom = mark.edges
        canvas.picture(scaled(mark.picture, right - left, bottom - top), round(left), round(top))
    elif isinstance(mark, BandMark):
        canvas.band(round(mark.left_px), mark.tops, mark.bottoms, mark.colour, opacity=mark.opacity)
    else:
        canvas.line(mark.xs, mark.ys, mark.width_px, mark.colour, opacity=mark.opacity)


def around_letters(typesetter: Typesetter, mark: TextMark) -> Iterator[tuple[npt.NDArray[np.uint8], int, int, str]]:
    """The shadow and the outline of a line, in the order of painting: mask, left, top and colour."""
    picture, around = typesetter.render(mark.text, mark.style), mark.around
    if around is None or not picture.mask.size:
        return
    x, y = picture.place(mark.x_px, mark.baseline_px)
    size = mark.style.size_px
    outline = around.outline_em * size
    body, before = picture.mask, 0
    if outline:
        body, before = outlined(picture.mask, outline), outline_reach(outline)
    if around.shadow_em:
        sigma = max(0.5, around.shadow_em * size * _SOFTNESS)
        below, reach = round(around.shadow_em * size), before + soft_reach(sigma)
        yield softened(body, sigma), x - reach + below // 2, y - reach + below, around.shadow_colour
    if outline:
        yield body, x - before, y - before, around.outline_colour


def joined(drawings: Iterable[Drawing], width_px: float, height_px: float) -> Drawing:
    """One drawing of several, which lie where they belong already."""
    return Drawing(width_px, height_px, tuple(mark for drawing in drawings for mark in drawing.marks))


def line_through(xs: npt.ArrayLike, ys: npt.ArrayLike, width_px: float, colour: str, opacity: float = 1.0) -> LineMark:
    """A line mark from arrays of equal shape (n,)."""
    points = (np.asarray(xs, np.float64).tolist(), np.asarray(ys, np.float64).tolist())
    return LineMark(tuple(points[0]), tuple(points[1]), width_px, colour, opacity)
