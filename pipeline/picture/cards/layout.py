"""Where a card's elements stand: the grid's boxes, and each element composed into its own.

This module owns the arithmetic of the grid. Since boxes lie apart and every element stays in its box, nothing overlaps
and nothing leaves the margins, however long the texts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import SHRINK, Setting
from pipeline.picture.cards.facts import CardFacts
from pipeline.picture.cards.filling import FilledElement
from pipeline.picture.cards.template import CardTemplate, Grid, module_px
from pipeline.picture.drawing.marks import Drawing
from pipeline.picture.text.direction import reads_right_to_left
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.typesetting import Typesetter
from pipeline.picture.theme.theme import Theme
from pipeline.store.declared import readable

_SMALLEST_SCALE = 0.05
_LEAST_SHARE, _LEAST_SHARES = 0.1, 0.5
"""A row that shares what is left gets at least this share of the height where something stands in it; all of them
together are content with the second."""
_INFINITE = float("inf")


class ElementBox(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedElement:
    """An element where it belongs on the card; `pages` holds its drawing for each page."""

    element: CardElement
    box: ElementBox
    pages: tuple[Drawing, ...]

    def on_page(self, page: int) -> Drawing:
        """What it shows on a page: an element of one page stands on all of them."""
        if len(self.pages) == 1:
            return self.pages[0]
        return self.pages[page] if page < len(self.pages) else Drawing(0.0, 0.0)


def place_elements(
    template: CardTemplate,
    filled: Sequence[FilledElement],
    facts: CardFacts,
    style: tuple[Theme, Typesetter],
    size_px: tuple[int, int],
) -> tuple[PlacedElement, ...]:
    """Compose all elements into their boxes on a card of `size_px` (width, height).

    A card in a language that reads from right to left, or whose first words do, is mirrored.
    """
    width, height = size_px
    grid = template.grid_for(width, height)
    first = next((one.words.text for one in filled if one.words.text), "")
    mirrored = facts.language.is_right_to_left or reads_right_to_left(first)
    setting = Setting(
        style[1],
        style[0],
        dict(template.style),
        module_px(width, height),
        facts.section,
        language=facts.language,
        mirrored=mirrored,
    )
    by_area: dict[str, list[FilledElement]] = {}
    for one in filled:
        by_area.setdefault(one.element.area, []).append(one)
    solver = _Solver(grid, by_area, facts, setting, ElementBox(0.0, 0.0, float(width), float(height)))
    in_order = sorted(filled, key=lambda one: not one.element.behind)
    return tuple(solver.placed(one) for one in in_order)


def compose(
    filled: FilledElement, facts: CardFacts, setting: Setting, width_px: float, height_px: float
) -> tuple[Drawing, ...]:
    """Compose one element of any kind, one drawing a page; of the facts it can read what its kind declares."""
    content = Content(filled.words, readable(facts, filled.element.fields))
    return filled.element.compose_pages(content, setting, width_px, height_px)


class _Solver:
    """Finds the heights of rows, then the boxes of areas."""

    def __init__(
        self,
        grid: Grid,
        elements: dict[str, list[FilledElement]],
        facts: CardFacts,
        setting: Setting,
        frame: ElementBox,
    ) -> None:
        self._grid, self._elements, self._facts, self._setting = grid, elements, facts, setting
        self._spans = {area: span for area, span in grid.spans().items() if area in elements}
        across, down = grid.margin * frame.width, grid.margin * frame.height
        self._frame = ElementBox(across, down, frame.width - 2 * across, frame.height - 2 * down)
        self._lefts, self._widths = self._columns()
        self._scale = 1.0
        self._heights = self._solved_heights()
        self._tops = self._row_tops()

    def placed(self, filled: FilledElement) -> PlacedElement:
        """Compose an element into its box and align it there."""
        box = self._room(filled)
        drawings = compose(filled, self._facts, self._setting.scaled(self._scale), box.width, box.height)
        aligned = []
        for drawing in drawings:
            spare = max(0.0, box.height - drawing.height_px)
            drop = {"top": 0.0, "middle": spare / 2, "bottom": spare}[filled.element.valign]
            aligned.append(drawing.moved(box.left, box.top + drop))
        return PlacedElement(filled.element, box, tuple(aligned))

    def _columns(self) -> tuple[list[float], list[float]]:
        gap = self._grid.column_gap * self._setting.module_px
        shares = self._grid.columns
        room = self._frame.width - gap * (len(shares) - 1)
        widths = [room * share / sum(shares) for share in shares]
        lefts = [self._frame.left + sum(widths[:index]) + gap * index for index in range(len(shares))]
        return lefts, widths

    def _width(self, area: str) -> float:
        _, first, _, last = self._spans[area]
        return self._lefts[last - 1] + self._widths[last - 1] - self._lefts[first]

    def _solved_heights(self) -> list[float]:
        """Heights of all rows; type and gaps shrink until rows as high as their content leave room for the others."""
        needed = min(_LEAST_SHARE * len(self._filled_shares()), _LEAST_SHARES) * self._frame.height

        def natural_at(scale: float) -> tuple[dict[int, float], float]:
            self._scale = scale
            natural = self._natural_heights()
            return natural, self._frame.height - self._gap * self._gap_count(natural) - sum(natural.values())

        natural, left = shrink_to_fit(
            1.0,
            natural_at,
            lambda heights: heights[1] >= needed,
            smaller=lambda scale: scale * SHRINK,
            goes_on=lambda scale: scale > _SMALLEST_SCALE,
        ).result
        return self._shared_out(natural, max(left, 0.0))

    def _shared_out(self, natural: dict[int, float], left: float) -> list[float]:
        shares = {index: row for index, row in enumerate(self._grid.rows) if row != "auto"}
        whole = sum(shares.values())
        return [
            left * shares[index] / whole if index in shares else natural[index] for index in range(len(self._grid.rows))
        ]

    def _natural_heights(self) -> dict[int, float]:
        """How high each `auto` row would like to be."""
        heights = {index: 0.0 for index, row in enumerate(self._grid.rows) if row == "auto"}
        setting = self._setting.scaled(self._scale)
        for area, (top, _, bottom, _) in sorted(self._spans.items(), key=lambda item: item[1][2] - item[1][0]):
            if not all(row in heights for row in range(top, bottom)):
                continue
            height = sum(self._stack(area, setting))
            taken = sum(heights[row] for row in range(top, bottom)) + self._gap * (bottom - top - 1)
            heights[bottom - 1] += max(0.0, height - taken)
        return heights

    def _standing(self, area: str) -> list[FilledElement]:
        """The elements of an area that stand one below the other; where nothing stands before others, these."""
        standing = [one for one in self._elements[area] if not one.element.behind]
        return standing or self._elements[area]

    def _stack(self, area: str, setting: Setting) -> list[float]:
        """How high each of an area's elements would like to be, with the gap above it."""
        heights: list[float] = []
        for one in self._standing(area):
            height = compose(one, self._facts, setting, self._width(area), _INFINITE)[0].height_px
            heights.append(height + (self._gap if height and any(heights) else 0.0))
        return heights

    def _room(self, filled: FilledElement) -> ElementBox:
        """The part of its area that an element has: all of it where it stands alone or behind others."""
        area = filled.element.area
        box, standing = self._box(area), self._standing(area)
        if filled.element.behind or len(standing) == 1:
            return box
        heights = self._stack(area, self._setting.scaled(self._scale))
        shrink = min(1.0, box.height / max(sum(heights), 1e-9))
        number = next(index for index, one in enumerate(standing) if one is filled)
        top = box.top + sum(heights[:number]) * shrink
        gap = self._gap * shrink if number and heights[number] and any(heights[:number]) else 0.0
        return ElementBox(box.left, top + gap, box.width, max(0.0, heights[number] * shrink - gap))

    def _filled_shares(self) -> list[int]:
        """Rows that share what is left and have something in them."""
        rows = {row for top, _, bottom, _ in self._spans.values() for row in range(top, bottom)}
        return [index for index in rows if self._grid.rows[index] != "auto"]

    @property
    def _gap(self) -> float:
        return self._grid.gap * self._setting.module_px * self._scale

    def _is_open(self, row: int, natural: dict[int, float]) -> bool:
        """Whether a row keeps its gap: empty text rows close up."""
        return row not in natural or natural[row] > 0

    def _gap_count(self, natural: dict[int, float]) -> int:
        return max(0, sum(self._is_open(row, natural) for row in range(len(self._grid.rows))) - 1)

    def _row_tops(self) -> list[float]:
        tops, top = [], self._frame.top
        for row, height in enumerate(self._heights):
            tops.append(top)
            is_open = height > 0 or self._grid.rows[row] != "auto"
            top += height + self._gap if is_open else 0.0
        return tops

    def _box(self, area: str) -> ElementBox:
        top, first, bottom, _ = self._spans[area]
        foot = self._tops[bottom - 1] + self._heights[bottom - 1]
        left, width = self._lefts[first], self._width(area)
        if self._setting.mirrored:
            left = 2 * self._frame.left + self._frame.width - left - width
        return ElementBox(left, self._tops[top], width, max(0.0, foot - self._tops[top]))
