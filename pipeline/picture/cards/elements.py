"""The elements of cards that are made of words: texts, tables, legends, rules.

Each function composes one filled element into a drawing at most `width_px` x `height_px` large (an infinite height
asks how high it would like to be). Words wrap, then shrink; they are never cut. This module does not know where on the
card an element stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.facts import FilledElement, Rows
from pipeline.picture.cards.template import (
    ColourRole,
    LegendElement,
    PictureElement,
    RuleElement,
    Style,
    TableElement,
    TextElement,
)
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark, PictureMark, TextMark
from pipeline.picture.text.typesetting import Align, FittedText, TextStyle, Typesetter, aligned
from pipeline.picture.theme.theme import Theme

_SHRINK = 0.95
_SMALLEST_SCALE = 0.02
_HAIR_PX = 0.01
_MANY = 1000
_LEAST_LEGEND = 0.7
"""A legend that would be smaller than this tells the names alone."""
LABEL_SHARE = 0.46
"""Labels of a table take at most this share of its width."""


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
    mirrored: bool = False
    """Whether left and right are exchanged for what isn't text, as beside a title that reads from right to left."""

    def scaled(self, factor: float) -> Setting:
        """The same, with type `factor` times as large."""
        return replace(self, scale=self.scale * factor)

    def shift(self, align: Align, spare_px: float) -> float:
        """How far from its area's left something stands that isn't text."""
        return aligned(align, spare_px, mirrored=self.mirrored)

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
        )

    def text_colour(self, name: str) -> str:
        """The colour of a style."""
        return self.colour(self.styles[name].colour)

    def lines(self, name: str) -> int:
        """How many lines a style allows."""
        return self.styles[name].lines

    def colour(self, role: ColourRole, section: int | None = None) -> str:
        """A colour of the theme; `section` stands for the section's own."""
        if role == "section":
            index = self.section if section is None else section
            return self.theme.colours.accent if index is None else self.theme.colours.of_section(index)
        return str(getattr(self.theme.colours, role))

    def fit(self, text: str, style: str, width_px: float, *, lines: int | None = None) -> FittedText:
        """Break a text into the lines that its style allows, shrinking it where it must."""
        allowed = self.lines(style) if lines is None else lines
        return self.typesetter.fit(text, self.text_style(style), width_px, lines=allowed)


Compose = Callable[[FilledElement, Setting, float, float], Drawing]


def natural_px(setting: Setting, width_px: float, modules: float, aspect: float) -> float:
    """How high what has no height of its own would like to be: so many modules, at most `aspect` times its width."""
    return setting.scale * min(modules * setting.module_px, aspect * width_px)


def shrunk_to_fit(
    compose: Callable[[Setting], Drawing], setting: Setting, height_px: float, *, least: float = _SMALLEST_SCALE
) -> Drawing:
    """Compose at ever smaller type until the drawing is at most `height_px` high."""
    while True:
        drawing = compose(setting)
        if drawing.height_px <= height_px + _HAIR_PX or setting.scale <= least:
            return drawing
        setting = setting.scaled(_SHRINK)


def set_lines(
    fitted: FittedText,
    setting: Setting,
    colour: str,
    *,
    width_px: float,
    align: Align = "left",
    left_px: float = 0.0,
    top_px: float = 0.0,
) -> list[Mark]:
    """Marks for the lines of a fitted text inside a column that begins at (`left_px`, `top_px`).

    Left and right are meant as in a text that reads from left to right; in others they are exchanged.
    """
    marks: list[Mark] = []
    for line, baseline in zip(fitted.lines, fitted.baselines_px, strict=True):
        spare = max(0.0, width_px - setting.typesetter.measure(line, fitted.style))
        shift = aligned(align, spare, mirrored=fitted.right_to_left)
        marks.append(TextMark(left_px + shift, top_px + baseline, line, fitted.style, colour))
    return marks


def compose_text(filled: FilledElement, setting: Setting, width_px: float, height_px: float) -> Drawing:
    """Words in their area."""
    element = filled.element
    if not isinstance(element, TextElement) or not filled.text:
        return Drawing(width_px, 0.0)
    style = setting.text_style(element.style)
    fitted = setting.typesetter.fit(filled.text, style, width_px, height_px, lines=setting.lines(element.style))
    colour = setting.text_colour(element.style)
    return Drawing(
        width_px,
        fitted.height_px,
        tuple(set_lines(fitted, setting, colour, width_px=width_px, align=element.align)),
    )


@dataclass(frozen=True)
class RowStyle:
    """How rows of facts are set: style names, and the padding above and below each row in label sizes."""

    label: str
    value: str
    padding_em: float
    ruled: bool


def compose_row_list(rows: Rows, style: RowStyle, setting: Setting, width_px: float) -> list[Drawing]:
    """One drawing a row: label and value, their first lines on one baseline; all rows share their columns."""
    labels = setting.text_style(style.label)
    natural = max((setting.typesetter.measure(label, labels) for label, _ in rows.rows), default=0.0)
    label_px = min(natural * 1.01 + 1.0, LABEL_SHARE * width_px)
    left_px = label_px + 1.1 * labels.size_px if natural else 0.0
    padding = style.padding_em * labels.size_px
    drawings = []
    for label, value in rows.rows:
        told = setting.fit(label, style.label, label_px, lines=_MANY)
        said = setting.fit(value, style.value, width_px - left_px, lines=_MANY)
        baseline = padding + max(told.ascent_px, said.ascent_px)
        marks = [
            *set_lines(
                told, setting, setting.text_colour(style.label), width_px=label_px, top_px=baseline - told.ascent_px
            ),
            *set_lines(
                said,
                setting,
                setting.text_colour(style.value),
                width_px=min(said.width_px, width_px - left_px),
                left_px=left_px,
                top_px=baseline - said.ascent_px,
            ),
        ]
        bottom = max(baseline - fitted.ascent_px + fitted.height_px for fitted in (told, said))
        drawings.append(Drawing(width_px, bottom + padding, tuple(marks)))
    return drawings


def compose_rows(rows: Rows, style: RowStyle, setting: Setting, width_px: float) -> Drawing:
    """Rows of facts, one below the other."""
    marks: list[Mark] = []
    top = 0.0
    for index, row in enumerate(compose_row_list(rows, style, setting, width_px)):
        if style.ruled and index:
            marks.append(_rule(top, width_px, setting))
        marks += row.moved(0.0, top).marks
        top += row.height_px
    return Drawing(width_px, top, tuple(marks))


def _rule(y_px: float, width_px: float, setting: Setting) -> BoxMark:
    line = max(1.0, round(setting.theme.line_px("grid", setting.module_px)))
    y = round(y_px - line / 2)
    return BoxMark((0.0, y, width_px, y + line), setting.colour("grid"))


def compose_table(filled: FilledElement, setting: Setting, width_px: float, height_px: float) -> Drawing:
    """Facts in rows."""
    element = filled.element
    if not isinstance(element, TableElement) or not filled.blocks[0].rows:
        return Drawing(width_px, 0.0)
    style = RowStyle(element.label_style, element.value_style, 0.36 if element.ruled else 0.1, element.ruled)
    return shrunk_to_fit(lambda at: compose_rows(filled.blocks[0], style, at, width_px), setting, height_px)


def compose_legend(filled: FilledElement, setting: Setting, width_px: float, height_px: float) -> Drawing:
    """Which line is whose: a stroke of the line's colour, a name, and what is said of it."""
    element = filled.element
    if not isinstance(element, LegendElement) or not filled.blocks:
        return Drawing(width_px, 0.0)
    whole = shrunk_to_fit(lambda at: _legend_at(element, filled.blocks, at, width_px), setting, height_px)
    if _legend_at(element, filled.blocks, setting.scaled(_LEAST_LEGEND), width_px).height_px <= height_px:
        return whole
    names = tuple(replace(entry, rows=()) for entry in filled.blocks)
    return shrunk_to_fit(lambda at: _legend_at(element, names, at, width_px), setting, height_px)


def _legend_at(element: LegendElement, entries: tuple[Rows, ...], setting: Setting, width_px: float) -> Drawing:
    em = setting.text_style(element.name_style).size_px
    indent = 1.9 * em
    marks: list[Mark] = []
    top = 0.0
    for entry in entries:
        name = setting.fit(entry.heading, element.name_style, width_px - indent, lines=_MANY)
        middle = top + name.baselines_px[0] - 0.36 * em
        half = max(1.0, 0.075 * em)
        swatch = (0.0, middle - half, 1.2 * em, middle + half)
        marks.append(BoxMark(swatch, setting.colour("section", entry.section), radius_px=half))
        for fitted, style in (
            (name, element.name_style),
            *(
                (setting.fit(v, element.value_style, width_px - indent, lines=_MANY), element.value_style)
                for _, v in entry.rows
            ),
        ):
            colour = setting.text_colour(style)
            room = min(fitted.width_px, width_px - indent)  # beside its stroke, wherever its lines begin
            marks += set_lines(fitted, setting, colour, width_px=room, left_px=indent, top_px=top)
            top += fitted.height_px
        top += 0.75 * em
    return Drawing(width_px, top - 0.75 * em, tuple(marks))


def compose_rule(filled: FilledElement, setting: Setting, width_px: float, height_px: float) -> Drawing:
    """A fine line, or a short thick mark."""
    element = filled.element
    if not isinstance(element, RuleElement):
        return Drawing(width_px, 0.0)
    thick = min(max(1.0, round(element.thickness * setting.module_px)), height_px)
    length = width_px if element.length is None else min(width_px, element.length * setting.module_px)
    left = setting.shift(element.align, width_px - length)
    box = BoxMark((left, 0.0, left + length, thick), setting.colour(element.colour))
    return Drawing(width_px, thick, (box,))


def compose_picture(
    filled: FilledElement, picture: npt.NDArray[np.uint8] | None, setting: Setting, width_px: float, height_px: float
) -> Drawing:
    """The film's own picture, as high as the template asks for and as there is room."""
    element = filled.element
    if not isinstance(element, PictureElement) or picture is None or not picture.size:
        return Drawing(width_px, 0.0)
    height, width = picture.shape[:2]
    scale = min(setting.scale * element.height * setting.module_px / height, width_px / width, height_px / height)
    left = setting.shift(element.align, width_px - scale * width)
    mark = PictureMark((left, 0.0, left + scale * width, scale * height), picture)
    return Drawing(width_px, scale * height, (mark,))
