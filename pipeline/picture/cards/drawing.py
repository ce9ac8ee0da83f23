"""Cards: from a template and facts to pictures, and to layers that can enter and leave one by one.

This module owns the way through: fill in the words, place the elements, paint. It does not know files or films.

    template = load_card_template("title", own_folder)
    card = draw_card(template, facts, theme, (1920, 1080))
    card.pages[0].picture                                  # sRGB, uint8, (h, w, 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.filling import check_template, fill
from pipeline.picture.cards.layout import PlacedElement, place_elements
from pipeline.picture.cards.template import CardTemplate, module_px
from pipeline.picture.drawing.canvas import paint_over
from pipeline.picture.drawing.marks import Layer, TextMark, paint
from pipeline.picture.text.typesetting import typesetter_for
from pipeline.picture.theme.template_files import load_template
from pipeline.picture.theme.theme import Theme, rgb
from pipeline.runtime.resources import find_template

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DrawnLayer:
    """One element, cut out, and how it enters."""

    layer: Layer
    delay_s: float
    move_y_px: float


@dataclass(frozen=True, eq=False)
class DrawnPage:
    """One screenful: the whole at rest, sRGB (h, w, 3), and its layers."""

    picture: Rgb
    layers: tuple[DrawnLayer, ...]


@dataclass(frozen=True, eq=False)
class DrawnCard:
    """A drawn card: the ground behind all layers, its pages, its words in reading order.

    `smallest` is the line in the smallest type and that type's size, px, a diagram's labels not counted; None where
    there are no words.
    """

    background: str
    pages: tuple[DrawnPage, ...]
    words: tuple[str, ...]
    smallest: tuple[str, float] | None = None


def load_card_template(name: str, own: Path | None = None, names: Sequence[str] | None = None) -> CardTemplate:
    """Load `cards/<name>.toml`; with `names`, check that its texts use no others.

    Raises
    ------
    TemplateError
        No such template, or a broken one; with the field or line.
    """
    path = find_template(f"cards/{name}.toml", own)
    template = load_template(f"cards/{name}.toml", own, CardTemplate)
    if names is not None:
        check_template(template, names, str(path))
    return template


def draw_card(
    template: CardTemplate, facts: CardFacts, theme: Theme, size_px: tuple[int, int], *, where: str = "card"
) -> DrawnCard:
    """Draw a card of any size (width, height), both even.

    Raises
    ------
    TemplateError
        A text that can't be filled in.
    GlyphError
        A character that no font at hand can draw.
    """
    typesetter = typesetter_for(theme)
    filled = fill(template, facts, where)
    placed = place_elements(template, filled, facts, (theme, typesetter), size_px)
    background = str(getattr(theme.colours, template.background))
    count = max(len(one.pages) for one in placed)
    pages = []
    for page in range(count):
        picture = np.empty((size_px[1], size_px[0], 3), np.uint8)
        picture[:] = rgb(background)
        layers = []
        for one in placed:
            layer = paint(one.on_page(page), typesetter)
            if layer is not None:
                paint_over(picture, layer.picture, layer.x_px, layer.y_px)
                move = one.element.move * module_px(*size_px)
                layers.append(DrawnLayer(layer, one.element.delay, move))
        pages.append(DrawnPage(picture, tuple(layers)))
    return DrawnCard(background, tuple(pages), _words(placed, count), _smallest(placed))


def _smallest(placed: Sequence[PlacedElement]) -> tuple[str, float] | None:
    marks = [mark for one in placed if one.element.is_read for page in one.pages for mark in page.marks]
    lines = [(mark.text, mark.style.size_px) for mark in marks if isinstance(mark, TextMark) and mark.text]
    return min(lines, key=lambda line: line[1], default=None)


def _words(placed: Sequence[PlacedElement], pages: int) -> tuple[str, ...]:
    """Every line of text, page by page; what stands on all pages is listed once."""
    lines: list[str] = []
    for page in range(pages):
        for one in placed:
            if page == 0 or len(one.pages) > 1:
                lines += one.on_page(page).words()
    return tuple(lines)
