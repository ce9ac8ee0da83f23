"""Facts in rows: labels and values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords, Rows, filled_rows, repeated
from pipeline.picture.cards.elements.setting import MANY_LINES, Setting, Text, set_lines, shrunk_to_fit
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark
from pipeline.picture.text.templating import PlainFacts

LABEL_SHARE: Final = 0.46
"""Labels take at most this share of the width."""


@dataclass(frozen=True)
class RowStyle:
    """How rows of facts are set: style names, and the padding above and below each row in label sizes."""

    label: str
    value: str
    padding_em: float
    ruled: bool


class TableElement(CardElement):
    """Facts: a label and a value a row. Rows whose value is empty are left out."""

    kind: Literal["table"]
    rows: tuple[tuple[Text, Text], ...] = Field(default=(), max_length=60)
    """Labels and values, with facts in them; a row without a value is left out."""
    each: str = Field(default="", max_length=100)
    """The name of a list of facts of which each item has a row of its own, above the others."""
    each_row: tuple[Text, Text] = ("", "")
    """That row; `item` is one of the list."""
    label_style: str = "label"
    """One of the card's styles."""
    value_style: str = "value"
    """One of the card's styles."""
    ruled: bool = True
    """Whether fine lines part the rows."""

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if not self.rows and not self.each:
            raise ValueError("a table needs rows, or each with each_row")
        return self

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield its labels and values."""
        yield from ((text, "") for row in self.rows for text in row)
        if self.each:
            yield from ((text, self.each) for text in self.each_row)

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in its rows."""
        first = [
            row
            for _, facts in (repeated(self.each, words) if self.each else [])
            for row in filled_rows([self.each_row], facts, where)
        ]
        return FilledWords(blocks=(Rows("", (*first, *filled_rows(self.rows, words, where))),))

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """One row below the other."""
        if not content.words.blocks[0].rows:
            return Drawing(width_px, 0.0)
        style = RowStyle(self.label_style, self.value_style, 0.36 if self.ruled else 0.1, self.ruled)
        return shrunk_to_fit(lambda at: compose_rows(content.words.blocks[0], style, at, width_px), setting, height_px)


def compose_row_list(rows: Rows, style: RowStyle, setting: Setting, width_px: float) -> list[Drawing]:
    """One drawing a row: label and value, their first lines on one baseline; all rows share their columns.

    Labels stand where reading begins: at the right in a language that reads from there.
    """
    mirrored = setting.language.is_right_to_left
    labels = setting.text_style(style.label)
    natural = max((setting.typesetter.measure(label, labels) for label, _ in rows.rows), default=0.0)
    label_px = min(natural * 1.01 + 1.0, LABEL_SHARE * width_px)
    left_px = label_px + 1.1 * labels.size_px if natural else 0.0
    padding = style.padding_em * labels.size_px
    drawings = []
    for label, value in rows.rows:
        name = setting.fit(label, style.label, label_px, lines=MANY_LINES)
        text = setting.fit(value, style.value, width_px - left_px, lines=MANY_LINES)
        baseline = padding + max(name.ascent_px, text.ascent_px)
        room_px = min(text.width_px, width_px - left_px)
        marks = [
            *set_lines(
                name,
                setting,
                setting.text_colour(style.label),
                width_px=label_px,
                left_px=width_px - label_px if mirrored else 0.0,
                top_px=baseline - name.ascent_px,
            ),
            *set_lines(
                text,
                setting,
                setting.text_colour(style.value),
                width_px=room_px,
                left_px=width_px - left_px - room_px if mirrored else left_px,
                top_px=baseline - text.ascent_px,
            ),
        ]
        bottom = max(baseline - fitted.ascent_px + fitted.height_px for fitted in (name, text))
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
