"""A graph's legend: which line is whose, however many lines there are and however long their names.

This module owns how the keys are set. It does not know what the lines show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from pipeline.picture.drawing.blend import blend_box
from pipeline.picture.drawing.planes import Ink, Planes
from pipeline.picture.panels.panel import RenderContext, TextSprite
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.typesetting import TextStyle, Typesetter

INDENT: Final = 1.5  # from a stroke's beginning to its words, in sizes of type; the stroke is one size long
GAP: Final = 1.5  # between keys
SHRINK: Final = 0.96
_DASHES: Final = ((0.0, 0.4), (0.6, 1.0))  # of a dashed line's stroke
SMALLEST: Final = 0.75  # names that would have to be smaller than this are replaced by their short form


@dataclass(frozen=True)
class LegendEntry:
    """One line's name, a short form of it, its ink, and whether it is dashed."""

    name: str
    short: str
    ink: Ink
    is_dashed: bool = False


def fit_keys(
    typesetter: Typesetter, keys: Sequence[LegendEntry], style: TextStyle, width_px: float
) -> tuple[TextStyle, list[tuple[str, LegendEntry]]]:
    """Find type and words with which keys fit into a row; what has no room at all is left out, from the end."""
    words: list[tuple[str, LegendEntry]] = []
    smallest = style
    for form in ("name", "short"):
        words = [(str(getattr(key, form)), key) for key in keys if key.name]
        smallest, _, fits = shrink_to_fit(
            style,
            partial(row_px, typesetter, words),
            lambda wide: wide <= width_px,
            smaller=lambda at: at.scaled(SHRINK),
            goes_on=lambda at: at.scaled(SHRINK).size_px > SMALLEST * style.size_px,
        )
        if fits:
            return smallest, words
    smallest = smallest.scaled(SHRINK)
    while words and row_px(typesetter, words, smallest) > width_px:
        words.pop()
    return smallest, words


def row_px(typesetter: Typesetter, words: Sequence[tuple[str, LegendEntry]], style: TextStyle) -> float:
    """How wide a row of keys is."""
    gaps = GAP * max(len(words) - 1, 0) + INDENT * len(words)
    return sum(typesetter.measure(word, style) for word, _ in words) + gaps * style.size_px


def draw_legend(
    base: Planes,
    context: RenderContext,
    keys: tuple[LegendEntry | None, Sequence[LegendEntry]],
    style: TextStyle,
    row: PixelBox,
) -> None:
    """Draw a graph's own key and those of others, from the left, into a row, or into two where it is that high.

    A graph's own key always has the type that was asked for: panels of one kind look alike in all sections.
    """
    own, others = keys
    rows = 2 if row.height > 2.5 * style.size_px and others else 1
    pitch = row.height / rows
    baseline, left = row.top + 0.62 * pitch, float(row.left)
    if own is not None:
        fitted, words = fit_keys(context.type, [own], style, row.width)
        left = _draw_keys(base, context, words, fitted, (left, baseline))
    if rows > 1:
        baseline, left = row.top + pitch + 0.5 * pitch, float(row.left)
    fitted, words = fit_keys(context.type, others, style, row.right - left)
    _draw_keys(base, context, words, fitted, (left, baseline))


def _draw_keys(
    base: Planes,
    context: RenderContext,
    words: Sequence[tuple[str, LegendEntry]],
    style: TextStyle,
    pen: tuple[float, float],
) -> float:
    """Draw a row of keys; return where the next one may begin."""
    (left, baseline), size, thick = pen, style.size_px, context.line_px("graph")
    middle = baseline - context.type.cap_height(style) / 2
    for text, key in words:
        for begin, end in _DASHES if key.is_dashed else ((0.0, 1.0),):
            box = (left + begin * size, middle - thick / 2, left + end * size, middle + thick / 2)
            blend_box(base, box, key.ink, radius_px=thick / 2)
        drawn = TextSprite(context.type, text, style)
        drawn.draw(base, (left + INDENT * size, baseline), context.ink("muted"))
        left += drawn.width_px + (INDENT + GAP) * size
    return left
