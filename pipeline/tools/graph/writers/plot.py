"""Line graphs painted a stretch of rows at a time, so that a picture of 16,383 by 16,383 needs little memory.

This module owns panels with grids, bands, lines, boxes and text, and their colours by number. All positions are pixels
already. It does not know quantities, logs or file formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.tools.graph.palette import LEVELS, BlendTable, Colour, Numbers, Palette, over
from pipeline.tools.graph.writers.stroke import Stroke, dot_coverage, stroke_coverage

MOST_BANDS: Final = 12
"""In one panel: each pixel tells which of the panel's bands lie over it, a bit each."""

_COLOURS: Final = 256
_FEWEST_LEVELS: Final = 7  # with fewer, the edges of lines look rough
_PIXELS_AT_ONCE: Final = 1 << 16
_DARKEST: Final = 255  # of a text's coverage


@dataclass(frozen=True)
class BandShape:
    """A filled band: rows `top` to `bottom` (not included) in each column, counted from the panel's top."""

    top: NDArray[np.int32]
    bottom: NDArray[np.int32]
    colour: Colour


@dataclass(frozen=True)
class LineShape:
    """A line, its heights counted from the panel's top."""

    drawn: Stroke
    colour: Colour


@dataclass(frozen=True)
class DotShape:
    """Round dots: their centres, shape (dots, 2), from the panel's left and downwards from its top."""

    centres_px: NDArray[np.float64]
    width_px: float
    colour: Colour


@dataclass(frozen=True)
class Box:
    """A filled rectangle: swatches, marks of ticks."""

    left: int
    top: int
    width: int
    height: int
    colour: Colour


@dataclass(frozen=True)
class TextBitmap:
    """Coverage (uint8, shape (h, w)) at a place, in a colour."""

    left: int
    top: int
    coverage: NDArray[np.uint8]
    colour: Colour


@dataclass(frozen=True)
class Panel:
    """A rectangle with a grid, bands and lines; bands lie below lines, the first of each lowest."""

    left: int
    top: int
    width: int
    height: int
    ground: Colour
    grid: Colour
    grid_rows: NDArray[np.int64]
    grid_columns: NDArray[np.int64]
    bands: tuple[BandShape, ...]
    lines: tuple[LineShape, ...]
    dots: tuple[DotShape, ...] = ()

    @property
    def colours(self) -> list[Colour]:
        """The colours of lines and dots, each once."""
        return list(dict.fromkeys([line.colour for line in self.lines] + [dots.colour for dots in self.dots]))


class Plot:
    """A picture that can be painted in any order of rows, by several threads at once.

    Parameters
    ----------
    width, height
        In pixels.
    background
        What is seen outside panels; it may be transparent.
    """

    def __init__(
        self,
        width: int,
        height: int,
        background: Colour,
        panels: Sequence[Panel],
        *,
        boxes: Sequence[Box] = (),
        texts: Sequence[TextBitmap] = (),
    ) -> None:
        self.width, self.height = width, height
        self._panels, self._boxes, self._texts = panels, boxes, texts
        self.palette = Palette()
        self._background = self.palette.add(background)
        self._grounds = [self.palette.add_block(_grounds(panel)) for panel in panels]
        self._box_numbers = [self.palette.add(over(background, box.colour)) for box in boxes]
        levels = self._line_levels()
        line_colours = dict.fromkeys(colour for panel in panels for colour in panel.colours)
        self._line_tables = {colour: BlendTable(self.palette, colour, levels) for colour in line_colours}
        self._text_tables = {text.colour: BlendTable(self.palette, text.colour) for text in texts}
        if levels < LEVELS or self._colours_needed(LEVELS) <= _COLOURS:
            self._prepare()
            self.palette.close()

    def _colours_needed(self, levels: int) -> int:
        """How many colours all that is likely to meet would make."""
        needed = len(self.palette.colours) + LEVELS * len({text.colour for text in self._texts})
        for panel in self._panels:
            colours = panel.colours
            needed += len(colours) * levels * (2 << len(panel.bands)) + levels * len(colours) * (len(colours) - 1)
        return needed

    def _line_levels(self) -> int:
        """How finely the edges of lines are drawn: as 256 colours allow, or fully where they don't suffice."""
        for levels in range(LEVELS, _FEWEST_LEVELS - 1, -1):
            if self._colours_needed(levels) <= _COLOURS:
                return levels
        return LEVELS

    def _prepare(self) -> None:
        for panel, first in zip(self._panels, self._grounds, strict=True):
            tables = {colour: self._line_tables[colour] for colour in panel.colours}
            for table in tables.values():
                table.prepare(range(first, first + (2 << len(panel.bands))))
            for below in tables:
                for colour, table in tables.items():
                    if colour != below:
                        table.prepare([self.palette.add(below)])
        for table in self._text_tables.values():
            table.prepare([self._background])

    def paint(self, first_row: int, last_row: int) -> Numbers:
        """Paint rows `first_row` to `last_row` (not included): numbers of colours, shape (rows, width)."""
        picture: Numbers = np.full((last_row - first_row, self.width), self._background, dtype=self.palette.dtype)
        for panel, number in zip(self._panels, self._grounds, strict=True):
            first, last = max(first_row - panel.top, 0), min(last_row - panel.top, panel.height)
            if first < last:
                self._paint_panel(picture, panel, number, first_row, (first, last))
        for box, number in zip(self._boxes, self._box_numbers, strict=True):
            top, bottom = max(box.top - first_row, 0), max(box.top + box.height - first_row, 0)
            picture[top:bottom, max(box.left, 0) : max(box.left + box.width, 0)] = number
        for text in self._texts:
            self._paint_text(picture, text, first_row)
        return picture

    def _paint_panel(self, picture: Numbers, panel: Panel, ground: int, first_row: int, rows: tuple[int, int]) -> None:
        first, last = rows
        above = panel.top - first_row
        here = picture[above + first : above + last, panel.left : panel.left + panel.width]
        _fill_grounds(here, panel, ground, first)
        for line in panel.lines:
            table = self._line_tables[line.colour]
            for row, column, coverage in stroke_coverage(line.drawn, first, last):
                levels = np.rint(coverage * table.levels).astype(np.int64)
                y, x = np.nonzero(levels)
                table.paint(picture, (above + row + y) * self.width + panel.left + column + x, levels[y, x])
        for dots in panel.dots:
            table = self._line_tables[dots.colour]
            for y, x, coverage in dot_coverage(dots.centres_px, dots.width_px, rows, panel.width):
                levels = np.rint(coverage * table.levels).astype(np.int64)
                covered = levels > 0
                table.paint(picture, (above + y[covered]) * self.width + panel.left + x[covered], levels[covered])

    def _paint_text(self, picture: Numbers, text: TextBitmap, first_row: int) -> None:
        height = len(text.coverage)
        if text.top >= first_row + len(picture) or text.top + height <= first_row:
            return
        table = self._text_tables[text.colour]
        levels = (text.coverage.astype(np.int64) * LEVELS + _DARKEST // 2) // _DARKEST
        y, x = np.nonzero(levels)
        rows, columns = y + text.top - first_row, x + text.left
        inside = (rows >= 0) & (rows < len(picture)) & (columns >= 0) & (columns < self.width)
        table.paint(picture, rows[inside] * self.width + columns[inside], levels[y[inside], x[inside]])


def _grounds(panel: Panel) -> list[Colour]:
    """The colours of a panel below its lines: bit k tells whether band k lies there, the bit above them the grid."""
    colours = []
    for number in range(2 << len(panel.bands)):
        colour = panel.ground
        if number >> len(panel.bands):
            colour = over(colour, panel.grid)
        for place, band in enumerate(panel.bands):
            if number >> place & 1:
                colour = over(colour, band.colour)
        colours.append(colour)
    return colours


def _fill_grounds(here: Numbers, panel: Panel, ground: int, first: int) -> None:
    """Fill a stretch of a panel, from its row `first` on, with the numbers of `_grounds`."""
    grid = ground + (1 << len(panel.bands))
    here[:] = ground
    here[:, panel.grid_columns] = grid
    rows = panel.grid_rows - first
    here[rows[(rows >= 0) & (rows < len(here))]] = grid
    at_once = max(1, _PIXELS_AT_ONCE // panel.width)
    for place, band in enumerate(panel.bands):
        # Unsigned: a row above the band's top wraps around to a number larger than any height.
        heights = np.maximum(band.bottom - band.top, 0).astype(np.uint16)
        top = band.top.astype(np.uint16)
        bit = here.dtype.type(1 << place)
        highest = int(band.top[heights > 0].min(initial=panel.height))
        lowest = int(band.bottom[heights > 0].max(initial=0))
        for begin in range(max(highest - first, 0), min(lowest - first, len(here)), at_once):
            end = min(begin + at_once, lowest - first, len(here))
            numbers = np.arange(first + begin, first + end, dtype=np.uint16)[:, None]
            here[begin:end] += ((numbers - top) < heights) * bit
