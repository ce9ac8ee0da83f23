"""Many facts in columns, over as many pages as they need: the end of a film.

This module owns the flow of headed blocks into columns and pages. Nothing is ever cut: type shrinks to a readable
smallest size, then the flow goes on to a further page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from pipeline.picture.cards.elements.element import (
    CardElement,
    Content,
    FilledWords,
    Rows,
    filled_rows,
    filled_text,
    repeated,
)
from pipeline.picture.cards.elements.setting import HAIR_PX, MANY_LINES, SHRINK, Setting, TemplatePart, Text, set_lines
from pipeline.picture.cards.elements.table import RowStyle, compose_row_list
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark, joined
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.templating import PlainFacts

_NARROWEST_EM = 18.0
"""A column narrower than this many label sizes would break every value."""
_COLUMN_GAP = 0.05
_BLOCK_GAP_EM = 1.6
_LARGEST_ALONE = 1.45
"""A single block may be set so much larger than the template asks for."""
_ROW_PADDING_EM = 0.13


class Block(TemplatePart):
    """A heading and rows of facts; with `each`, repeated for every item of a list of facts."""

    heading: Text = ""
    """What stands above its rows."""
    rows: tuple[tuple[Text, Text], ...] = Field(default=(), max_length=60)
    """Labels and values, with facts in them; a row without a value is left out."""
    each: str = ""
    """The name of a list of facts; within the block, `item` is one of them."""


class BlocksElement(CardElement):
    """Many facts in columns, like the end of a film; goes on to further pages where one has no room."""

    has_pages: ClassVar[bool] = True

    kind: Literal["blocks"]
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=20)
    """Headings with rows below them."""
    columns: int = Field(default=3, ge=1, le=6)
    """How many columns they are spread over."""
    heading_style: str = "heading"
    """One of the card's styles."""
    label_style: str = "label"
    """One of the card's styles."""
    value_style: str = "value"
    """One of the card's styles."""
    smallest: float = Field(default=0.0215, gt=0, le=0.1)
    """Type never gets smaller than this (in modules): there are more pages instead."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield headings, labels and values."""
        for block in self.blocks:
            yield from ((text, block.each) for text in (block.heading, *(t for row in block.rows for t in row)))

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in the blocks, each as often as its list has items; empty ones are left out."""
        blocks = [
            Rows(filled_text(block.heading, facts, where), filled_rows(block.rows, facts, where), section)
            for block in self.blocks
            for section, facts in repeated(block.each, words)
        ]
        return FilledWords(blocks=tuple(block for block in blocks if block.rows or block.heading))

    def compose_pages(
        self, content: Content, setting: Setting, width_px: float, height_px: float
    ) -> tuple[Drawing, ...]:
        """Lay the blocks out; one drawing a page."""
        if not content.words.blocks:
            return (Drawing(width_px, 0.0),)
        if len(content.words.blocks) == 1:
            alone = _alone(self, content.words.blocks[0], setting, width_px, height_px)
            if alone is not None:
                return (alone,)
        least = self.smallest / setting.styles[self.label_style].size
        tried: list[list[list[Drawing]]] = []

        def flow(at: Setting) -> int:
            tried.append(_flowed(self, content.words.blocks, at, width_px, height_px))
            return len(tried[-1])

        shrink_to_fit(
            setting,
            flow,
            lambda pages: pages <= 1,
            smaller=lambda at: at.scaled(SHRINK),
            goes_on=lambda at: at.scale * SHRINK >= least,
        )
        fewest = min(tried, key=len)  # of as many pages, those with the largest type
        return tuple(joined(page, width_px, height_px) for page in fewest)


def _alone(element: BlocksElement, block: Rows, setting: Setting, width_px: float, height_px: float) -> Drawing | None:
    """A single block in two even columns, or one, of type as large as there is room for; None where it doesn't fit."""
    gap = _COLUMN_GAP * setting.module_px
    column_px = (width_px - gap) / 2
    setting = setting.scaled(_LARGEST_ALONE)
    if element.columns == 1 or setting.scale < 1.0:
        return None

    def columns_at(at: Setting) -> list[Drawing] | None:
        if column_px < _NARROWEST_EM * at.text_style(element.label_style).size_px:
            whole = _pieces(element, block, at, width_px)
            return _stacked(whole, 0.0, 0.0) if sum(piece.height_px for piece in whole) <= height_px else None
        pieces = _pieces(element, block, at, column_px)
        drop = _heading(element, block, at, column_px).height_px if block.heading else 0.0
        half = (len(pieces) + 1) // 2
        if sum(piece.height_px for piece in pieces[:half]) > height_px:
            return None
        return [*_stacked(pieces[:half], 0.0, 0.0), *_stacked(pieces[half:], column_px + gap, drop)]

    columns = shrink_to_fit(
        setting,
        columns_at,
        lambda columns: columns is not None,
        smaller=lambda at: at.scaled(SHRINK),
        goes_on=lambda at: at.scale * SHRINK >= 1.0,
    ).result
    return None if columns is None else joined(columns, width_px, height_px)


def _stacked(pieces: list[Drawing], left_px: float, top_px: float) -> list[Drawing]:
    placed = []
    for piece in pieces:
        placed.append(piece.moved(left_px, top_px))
        top_px += piece.height_px
    return placed


@dataclass
class _Flow:
    """Where the next piece goes: page by page, column by column."""

    columns: int
    pitch_px: float
    height_px: float
    pages: list[list[Drawing]]
    mirrored: bool = False
    """Whether columns go on from right to left."""
    column: int = 0
    top_px: float = 0.0

    def place(self, piece: Drawing, gap_px: float) -> None:
        """Put a piece below the last one, or at the top of the next column."""
        top = self.top_px + gap_px if self.top_px else 0.0
        if top + piece.height_px > self.height_px + HAIR_PX and self.top_px:
            self.next_column()
            top = 0.0
        place = self.columns - 1 - self.column if self.mirrored else self.column
        self.pages[-1].append(piece.moved(place * self.pitch_px, top))
        self.top_px = top + piece.height_px

    def next_column(self) -> None:
        """Go on at the top of the next column, on the next page after the last."""
        self.column += 1
        self.top_px = 0.0
        if self.column == self.columns:
            self.column = 0
            self.pages.append([])


def _flowed(
    element: BlocksElement, blocks: tuple[Rows, ...], setting: Setting, width_px: float, height_px: float
) -> list[list[Drawing]]:
    em = setting.text_style(element.label_style).size_px
    gap = _COLUMN_GAP * setting.module_px
    possible = int((width_px + gap) / (_NARROWEST_EM * em + gap))
    columns = max(1, min(element.columns, len(blocks), possible))
    column_px = (width_px - gap * (columns - 1)) / columns
    flow = _Flow(columns, column_px + gap, height_px, [[]], mirrored=setting.language.is_right_to_left)
    for block in blocks:
        pieces = _pieces(element, block, setting, column_px)
        whole = sum(piece.height_px for piece in pieces) + _BLOCK_GAP_EM * em * bool(flow.top_px)
        room = height_px - flow.top_px
        if flow.top_px and whole > room and (whole <= height_px or room < pieces[0].height_px * 2):
            flow.next_column()
        for index, piece in enumerate(pieces):
            flow.place(piece, 0.0 if index else _BLOCK_GAP_EM * em)
    return [page for page in flow.pages if page]


def _pieces(element: BlocksElement, block: Rows, setting: Setting, width_px: float) -> list[Drawing]:
    """The unbreakable parts of a block: its heading with the first row, then a row each."""
    style = RowStyle(element.label_style, element.value_style, _ROW_PADDING_EM, ruled=False)
    rows = compose_row_list(block, style, setting, width_px)
    if not block.heading:
        return rows
    heading = _heading(element, block, setting, width_px)
    if not rows:
        return [heading]
    first = rows[0].moved(0.0, heading.height_px)
    return [Drawing(width_px, heading.height_px + first.height_px, (*heading.marks, *first.marks)), *rows[1:]]


def _heading(element: BlocksElement, block: Rows, setting: Setting, width_px: float) -> Drawing:
    """The heading, and for a section's block a short stroke of the section's colour above it."""
    fitted = setting.fit(block.heading, element.heading_style, width_px, lines=MANY_LINES)
    em = fitted.style.size_px
    marks: list[Mark] = []
    top = 0.0
    if block.section is not None:
        thick = max(2.0, round(0.16 * em))
        left = width_px - 1.6 * em if fitted.right_to_left else 0.0
        marks.append(BoxMark((left, 0.0, left + 1.6 * em, thick), setting.colour("section", block.section)))
        top = thick + 0.3 * em
    colour = setting.text_colour(element.heading_style)
    marks += set_lines(fitted, setting, colour, width_px=width_px, top_px=top)
    return Drawing(width_px, top + fitted.height_px + 0.2 * em, tuple(marks))
