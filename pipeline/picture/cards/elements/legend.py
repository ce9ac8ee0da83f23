"""Which line of the graph is whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

from pipeline.picture.cards.elements.element import (
    CardElement,
    Content,
    FilledWords,
    Rows,
    filled_rows,
    filled_text,
    repeated,
)
from pipeline.picture.cards.elements.setting import MANY_LINES, Setting, Text, set_lines, shrunk_to_fit
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark
from pipeline.picture.text.templating import PlainFacts

_LEAST_SCALE: Final = 0.7
"""A legend that would be smaller than this shows the names alone."""


class LegendElement(CardElement):
    """Which line of the graph is whose."""

    kind: Literal["legend"]
    name_style: str = "name"
    """One of the card's styles."""
    value_style: str = "value"
    """One of the card's styles."""
    value: Text = ""
    """What stands beneath each name; `item` is the section."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield what stands beneath each name."""
        yield self.value, "sections"

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in each section's name and value."""
        entries = []
        for section, facts in repeated("sections", words):
            name = filled_text("{{ item.title }}", facts, where)
            entries.append(Rows(name, filled_rows([("", self.value)], facts, where), section))
        return FilledWords(blocks=tuple(entries))

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """A stroke of each line's colour, its name, and its value."""
        if not content.words.blocks:
            return Drawing(width_px, 0.0)
        whole = shrunk_to_fit(lambda at: _legend_at(self, content.words.blocks, at, width_px), setting, height_px)
        if _legend_at(self, content.words.blocks, setting.scaled(_LEAST_SCALE), width_px).height_px <= height_px:
            return whole
        names = tuple(replace(entry, rows=()) for entry in content.words.blocks)
        return shrunk_to_fit(lambda at: _legend_at(self, names, at, width_px), setting, height_px)


def _legend_at(element: LegendElement, entries: tuple[Rows, ...], setting: Setting, width_px: float) -> Drawing:
    em = setting.text_style(element.name_style).size_px
    indent, mirrored = 1.9 * em, setting.language.is_right_to_left
    marks: list[Mark] = []
    top = 0.0
    for entry in entries:
        name = setting.fit(entry.heading, element.name_style, width_px - indent, lines=MANY_LINES)
        middle = top + name.baselines_px[0] - 0.36 * em
        half = max(1.0, 0.075 * em)
        swatch_px = width_px - 1.2 * em if mirrored else 0.0
        swatch = (swatch_px, middle - half, swatch_px + 1.2 * em, middle + half)
        marks.append(BoxMark(swatch, setting.colour("section", entry.section), radius_px=half))
        for fitted, style in (
            (name, element.name_style),
            *(
                (setting.fit(v, element.value_style, width_px - indent, lines=MANY_LINES), element.value_style)
                for _, v in entry.rows
            ),
        ):
            colour = setting.text_colour(style)
            room = min(fitted.width_px, width_px - indent)  # beside its stroke, wherever its lines begin
            left = width_px - indent - room if mirrored else indent
            marks += set_lines(fitted, setting, colour, width_px=room, left_px=left, top_px=top)
            top += fitted.height_px
        top += 0.75 * em
    return Drawing(width_px, top - 0.75 * em, tuple(marks))
