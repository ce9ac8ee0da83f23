"""What all elements of a card share: styles, the theme's colours, type, and how large both are just now.

This module owns how words are set and shrunk. It does not know any element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark, TextMark, TextMarks
from pipeline.picture.language import Language, english
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.typesetting import Align, FittedText, TextStyle, Typesetter, aligned
from pipeline.picture.theme.looks import AnyColour, TextLook
from pipeline.picture.theme.theme import Theme

Text = Annotated[str, Field(max_length=4000)]
Module = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

ELEMENT_WORDS: Final = "element"
"""The table of a word list that elements draw from, beside what templates say: cards' keys are made of it."""
SHRINK: Final = 0.95
HAIR_PX: Final = 0.01
"""Sums of heights differ in their last digits."""
MANY_LINES: Final = 1000
_SMALLEST_SCALE = 0.02


class TemplatePart(BaseModel):
    """A part of a card template."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Style(TextLook):
    """How a text looks. `size` is a share of the module."""

    size: float = Field(gt=0, le=0.5, allow_inf_nan=False)
    """Of the type, a share of the card's module: the frame's height, or 0.8 of its width where that is less."""
    weight: int = Field(default=400, ge=100, le=900)
    """From 100 (thin) to 900 (heavy)."""
    font: Literal["sans", "mono"] = "sans"
    """The theme's letters for words, or those of one width."""
    tabular: bool = False
    """Digits of one width, so that numbers stand below one another."""
    leading: float = Field(default=1.3, ge=0.9, le=3, allow_inf_nan=False)
    """From line to line, a share of the type's size."""
    display: bool = False
    """Letters drawn for large type, where the font has them."""
    lines: int = Field(default=1, ge=1, le=40)
    """At most so many lines; longer text shrinks."""


@dataclass(frozen=True)
class Setting:
    """What all elements of a card share."""

    typesetter: Typesetter
    theme: Theme
    styles: dict[str, Style]
    module_px: float
    section: int | None = None
    scale: float = 1.0
    """By how much type, and all that has a height of its own, is smaller than the template asks for."""
    language: Language = field(default_factory=english)
    mirrored: bool = False
    """Whether left and right are exchanged for what isn't text, as beside a title that reads from right to left."""

    def word(self, name: str, **values: object) -> str:
        """A word of the film's language that elements draw: those of the list's table `element`."""
        return self.language.text(f"{ELEMENT_WORDS}.{name}", **values)

    def scaled(self, factor: float) -> Setting:
        """The same, with type `factor` times as large."""
        return replace(self, scale=self.scale * factor)

    def shift(self, align: Align, spare_px: float) -> float:
        """How far from its area's left something stands that isn't text."""
        return aligned(align, spare_px, mirrored=self.mirrored)

    def box(
        self, colour: AnyColour, align: Align, room_px: float, size_px: tuple[float, float], **look: float
    ) -> Drawing:
        """A box (width, height) of a colour in its place across a room; `look` is as of `BoxMark`."""
        width, height = size_px
        left = self.shift(align, room_px - width)
        return Drawing(room_px, height, (BoxMark((left, 0.0, left + width, height), self.colour(colour), **look),))

    def text_style(self, name: str) -> TextStyle:
        """A style of the template in pixels."""
        style = self.styles[name]
        return TextStyle(
            max(1.0, style.size * self.module_px * self.scale),
            weight=style.weight,
            role=style.font,
            tabular=style.tabular,
            tracking_em=style.tracking,
            display=style.display,
            leading_em=style.leading,
            italic=style.italic,
        )

    def words(self, text: str, name: str) -> str:
        """A text in the letters of a style: capitals where it asks for them."""
        return text.upper() if self.styles[name].uppercase else text

    def marks_of(self, name: str) -> TextMarks | None:
        """What a style has around its letters; None where there is nothing."""
        style = self.styles[name]
        if not (style.outline or style.shadow):
            return None
        return TextMarks(
            style.outline, self.colour(style.outline_colour), style.shadow, self.colour(style.shadow_colour)
        )

    def text_colour(self, name: str) -> str:
        """The colour of a style."""
        return self.colour(self.styles[name].colour)

    def lines(self, name: str) -> int:
        """How many lines a style allows."""
        return self.styles[name].lines

    def colour(self, role: AnyColour, section: int | None = None) -> str:
        """A colour of the theme, or one of its own; `section` stands for the section's own."""
        return self.theme.colour(role, self.section if section is None else section)

    def fit(self, text: str, style: str, width_px: float, *, lines: int | None = None) -> FittedText:
        """Break a text into the lines that its style allows, shrinking it where it must."""
        allowed = self.lines(style) if lines is None else lines
        return self.typesetter.fit(self.words(text, style), self.text_style(style), width_px, lines=allowed)


def natural_px(setting: Setting, width_px: float, modules: float, aspect: float) -> float:
    """How high what has no height of its own would like to be: so many modules, at most `aspect` times its width."""
    return setting.scale * min(modules * setting.module_px, aspect * width_px)


def shrunk_to_fit(
    compose: Callable[[Setting], Drawing], setting: Setting, height_px: float, *, least: float = _SMALLEST_SCALE
) -> Drawing:
    """Compose at ever smaller type until the drawing is at most `height_px` high."""
    return shrink_to_fit(
        setting,
        compose,
        lambda drawing: drawing.height_px <= height_px + HAIR_PX,
        smaller=lambda at: at.scaled(SHRINK),
        goes_on=lambda at: at.scale > least,
    ).result


def set_lines(
    fitted: FittedText,
    setting: Setting,
    colour: str,
    *,
    width_px: float,
    align: Align = "left",
    left_px: float = 0.0,
    top_px: float = 0.0,
    around: TextMarks | None = None,
) -> list[Mark]:
    """Marks for the lines of a fitted text inside a column that begins at (`left_px`, `top_px`).

    Left and right are meant as in a text that reads from left to right; in others, and on a card that does not, they
    are exchanged.
    """
    marks: list[Mark] = []
    for line, baseline in zip(fitted.lines, fitted.baselines_px, strict=True):
        spare = max(0.0, width_px - setting.typesetter.measure(line, fitted.style))
        shift = aligned(align, spare, mirrored=setting.mirrored or fitted.right_to_left)
        marks.append(TextMark(left_px + shift, top_px + baseline, line, fitted.style, colour, around))
    return marks
