"""Cards: from a template and facts to pictures, and to layers that can enter and leave one by one.

This module owns the way through: fill in the words, place the elements, paint. It does not know files or films.

    template = load_card_template("title", own_folder)
    card = draw_card(template, facts, theme, (1920, 1080))
    card.pages[0].picture                                  # sRGB, uint8, (h, w, 3)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.filling import check_template, fill
from pipeline.picture.cards.layout import PlacedElement, place_elements
from pipeline.picture.cards.template import CardTemplate, module_px
from pipeline.picture.drawing.canvas import paint_over
from pipeline.picture.drawing.ground import ground_rgb
from pipeline.picture.drawing.marks import Layer, TextMark, paint
from pipeline.picture.drawing.motion import Motion
from pipeline.picture.drawing.pieces import split
from pipeline.picture.text.fact_shapes import Names
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.typesetting import Typesetter, typesetter_for
from pipeline.picture.theme.inheritance import joined_file
from pipeline.picture.theme.template_files import load_template
from pipeline.picture.theme.theme import Theme
from pipeline.runtime.resources import find_template

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DrawnLayer:
    """One element, cut out, and how it enters."""

    layer: Layer
    delay_s: float
    move_y_px: float
    motion: Motion | None = None
    unit_px: float = 0.0
    order: int = 0
    following: int = 0


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
    ground: Rgb | None = None
    """What lies behind all layers, where it is more than the colour `background`: sRGB (h, w, 3)."""


def load_card_template(name: str, own: Path | None = None, names: Names | None = None) -> CardTemplate:
    """Load `cards/<name>.toml`; with `names`, check that its texts use no others.

    Raises
    ------
    TemplateError
        No such template, or a broken one; with the field or line.
    """
    path = find_template(f"cards/{name}.toml", own)
    template = load_template(f"cards/{name}.toml", own, CardTemplate).with_pictures(path)
    if names is not None:
        check_template(template, names, str(path), lambda element: _said_at(path, own, element))
    return template


def _said_at(path: Path, own: Path | None, element: int) -> str:
    """The file and line in which an element has its text, which may be those of a card that this one extends."""
    return joined_file(path, own).placed.place_of(("element", element, "text")).words()


def former_names(name: str, own: Path | None, names: Names) -> tuple[FormerName, ...]:
    """The names in a card's template by which facts were called before.

    Raises
    ------
    TemplateError
        As `load_card_template` does.
    """
    return check_template(load_card_template(name, own), names, f"cards/{name}.toml")


def draw_card(
    template: CardTemplate,
    facts: CardFacts,
    theme: Theme,
    size_px: tuple[int, int],
    *,
    where: str = "card",
    ground: Rgb | None = None,
) -> DrawnCard:
    """Draw a card of any size (width, height), both even; `ground` lies behind it in place of the theme's.

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
    ground = ground_rgb(theme, background, size_px) if ground is None else ground
    count = max(len(one.pages) for one in placed)
    pages = []
    for page in range(count):
        picture = ground.copy()
        layers = []
        for one in placed:
            for drawn in _layers(one, page, template, typesetter, module_px(*size_px)):
                paint_over(picture, drawn.layer.picture, drawn.layer.x_px, drawn.layer.y_px)
                layers.append(drawn)
        pages.append(DrawnPage(picture, tuple(layers)))
    seen = None if theme.ground.is_plain else ground
    return DrawnCard(background, tuple(pages), _words(placed, count), _smallest(placed), seen)


def _layers(
    one: PlacedElement, page: int, template: CardTemplate, typesetter: Typesetter, unit_px: float
) -> Iterator[DrawnLayer]:
    """An element's layers: one, or one for each piece of a text that enters or leaves piece by piece."""
    element = one.element
    motion = element.motion and element.motion.filled(template.motion)
    by, drawing = "whole" if motion is None else motion.by, one.on_page(page)
    pieces = [drawing] if by == "whole" else split(drawing, by, typesetter)
    move_px, unit_px = element.move * unit_px, unit_px if motion else 0.0
    is_staggered = motion is not None and motion.exit is not None and motion.exit.stagger
    for order, piece in enumerate(pieces):
        layer = paint(piece, typesetter)
        if layer is not None:
            following = len(pieces) - 1 - order if is_staggered else 0
            yield DrawnLayer(layer, element.delay, move_px, motion, unit_px, order, following)


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
