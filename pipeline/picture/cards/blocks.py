"""Many facts in columns, over as many pages as they need: the end of a film.

This module owns the flow of headed blocks into columns and pages. Nothing is ever cut: type shrinks to a readable
smallest size, then the flow goes on to a further page.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.picture.cards.elements import RowStyle, Setting, compose_row_list, set_lines
from pipeline.picture.cards.facts import FilledElement, Rows
from pipeline.picture.cards.template import BlocksElement
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark, joined

_SHRINK = 0.95
_NARROWEST_EM = 18.0
"""A column narrower than this many label sizes would break every value."""
_COLUMN_GAP = 0.05
_BLOCK_GAP_EM = 1.6
_LARGEST_ALONE = 1.45
"""A single block may be set so much larger than the template asks for."""
_ROW_PADDING_EM = 0.13
_MANY = 1000
_HAIR_PX = 0.01


def compose_blocks(filled: FilledElement, setting: Setting, width_px: float, height_px: float) -> tuple[Drawing, ...]:
    """Lay the blocks out; one drawing a page."""
    element = filled.element
    if not isinstance(element, BlocksElement) or not filled.blocks:
        return (Drawing(width_px, 0.0),)
    if len(filled.blocks) == 1:
        alone = _alone(element, filled.blocks[0], setting, width_px, height_px)
        if alone is not None:
            return (alone,)
    least = element.smallest / setting.styles[element.label_style].size
    best = _flowed(element, filled.blocks, setting, width_px, height_px)
    while len(best) > 1 and setting.scale * _SHRINK >= least:
        setting = setting.scaled(_SHRINK)
        pages = _flowed(element, filled.blocks, setting, width_px, height_px)
        if len(pages) < len(best):
            best = pages
    return tuple(joined(page, width_px, height_px) for page in best)


def _alone(element: BlocksElement, block: Rows, setting: Setting, width_px: float, height_px: float) -> Drawing | None:
    """A single block in two even columns, of type as large as there is room for; None where they don't fit."""
    gap = _COLUMN_GAP * setting.module_px
    column_px = (width_px - gap) / 2
    setting = setting.scaled(_LARGEST_ALONE)
    while element.columns > 1 and setting.scale >= 1.0:
        pieces = _pieces(element, block, setting, column_px)
        drop = _heading(element, block, setting, column_px).height_px if block.heading else 0.0
        half = (len(pieces) + 1) // 2
        columns = [*_stacked(pieces[:half], 0.0, 0.0), *_stacked(pieces[half:], column_px + gap, drop)]
        narrow = column_px < _NARROWEST_EM * setting.text_style(element.label_style).size_px
        if not narrow and sum(piece.height_px for piece in pieces[:half]) <= height_px:
            return joined(columns, width_px, height_px)
        setting = setting.scaled(_SHRINK)
    return None


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
    column: int = 0
    top_px: float = 0.0

    def place(self, piece: Drawing, gap_px: float) -> None:
        """Put a piece below the last one, or at the top of the next column."""
        top = self.top_px + gap_px if self.top_px else 0.0
        if top + piece.height_px > self.height_px + _HAIR_PX and self.top_px:
            self.next_column()
            top = 0.0
        self.pages[-1].append(piece.moved(self.column * self.pitch_px, top))
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
    flow = _Flow(columns, column_px + gap, height_px, [[]])
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
    fitted = setting.fit(block.heading, element.heading_style, width_px, lines=_MANY)
    em = fitted.style.size_px
    marks: list[Mark] = []
    top = 0.0
    if block.section is not None:
        thick = max(2.0, round(0.16 * em))
        marks.append(BoxMark((0.0, 0.0, 1.6 * em, thick), setting.colour("section", block.section)))
        top = thick + 0.3 * em
    colour = setting.text_colour(element.heading_style)
    marks += set_lines(fitted, setting, colour, width_px=width_px, top_px=top)
    return Drawing(width_px, top + fitted.height_px + 0.2 * em, tuple(marks))
