"""The mark on a loss graph's curve at the checkpoint that is heard, and its loss beside it.

While a take sounds, the playhead runs on to the next one's checkpoint. The mark stays on the curve where the take was
made and travels with the graph, so that both are seen: what is heard, and how training goes on. Its label stands where
the curve leaves room: left of the mark, below or above the curve that was drawn so far. This module does not know how
graphs are painted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.blend import blend_box, blend_disc, blend_mask, stroke
from pipeline.picture.layout import Box
from pipeline.picture.motion import smoothstep
from pipeline.picture.panel import Easel, Figures, Words
from pipeline.picture.planes import Ink, Planes
from pipeline.picture.text import TextStyle

RADIUS: Final = 3.0  # of the mark, in widths of the graph's line
GAP: Final = 0.4  # between the mark's row and its label, in sizes of type
PADDING: Final = 0.45  # within the label
LINE: Final = 1.6  # height of the label, in sizes of type
TWO_LINES: Final = 2.6  # where its number stands below its words
ARROW: Final = 0.7  # the room that the arrow takes
STACKED: Final = 0.86  # type of the words above a number, of the usual
BETWEEN: Final = 0.5  # between its words and its number, where both stand in one row
GROUND: Final = 0.92

Rows = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Rows of the frame at which the curve stands, at positions along the time axis in pixels."""


@dataclass(frozen=True)
class Spot:
    """A checkpoint on the graph: its place along the time axis in pixels, and its loss in bits."""

    position_px: float
    loss_bits: float


class HeardMark:
    """Draws the mark of one loss graph.

    Parameters
    ----------
    easel, plot
        Where it is drawn; the plot is the part of the panel that scrolls.
    words, style, colour
        What its label says beside the loss, in which type, and the colour of the graph's curve.
    rows
        Tells where the curve stands.
    rest_px
        Where the playhead rests.
    """

    def __init__(
        self, easel: Easel, plot: Box, words: str, style: TextStyle, colour: Ink, rows: Rows, rest_px: float
    ) -> None:
        self._easel, self._plot, self._style, self._colour, self._rows = easel, plot, style, colour, rows
        self._radius = RADIUS * easel.line_px("graph")
        self._figures = Figures(easel.type, easel.style(style.size_px / easel.size_px, weight=600, tabular=True))
        self._left = max(plot.left, easel.safe_px[0]) + 0.2 * style.size_px
        self._words = Words(easel.type, words, style) if words else None
        number_px = self._figures.width_px("8.888")
        words_px = self._words.width_px if self._words else 0.0
        inner = words_px + (BETWEEN * style.size_px if words else 0.0) + number_px
        room = rest_px - self._radius - self._left - 2 * PADDING * style.size_px
        self._stacked = self._words is not None and inner > room
        if self._stacked:
            self._words = Words(easel.type, words, easel.style(STACKED * style.size_px / easel.size_px))
            inner = max(self._words.width_px, number_px)
        if self._stacked and inner > room:  # the number says enough: it is that of the counters
            self._words, self._stacked, inner = None, False, number_px
        self.label_px = inner + 2 * PADDING * style.size_px, (TWO_LINES if self._stacked else LINE) * style.size_px
        self._top = lru_cache(maxsize=64)(self._label_top)

    def draw(self, planes: Planes, spot: Spot, shift_px: float) -> None:
        """Draw mark and label.

        Parameters
        ----------
        spot
            The checkpoint that is heard.
        shift_px
            Where the time axis begins on the screen.
        """
        if math.isnan(spot.loss_bits):
            return
        easel, line = self._easel, self._easel.line_px("graph")
        x, row = spot.position_px + shift_px, float(self._rows(np.array([spot.position_px]))[0])
        seen = smoothstep(x, self._plot.left, self._plot.left + 3 * self._radius)  # as the graph's soft left edge
        self._draw_label(planes, x, self._top(spot), spot.loss_bits, 1 - seen)
        if seen > 0:
            blend_disc(planes, x, row, self._radius + line, easel.ink("background"), seen)
            blend_disc(planes, x, row, self._radius, easel.ink("text"), seen)
            blend_disc(planes, x, row, self._radius - line, self._colour, seen)

    def _draw_label(self, planes: Planes, x: float, top: float, loss_bits: float, beyond: float) -> None:
        """Write the label; once its mark has left the graph, an arrow says where."""
        easel, size = self._easel, self._style.size_px
        width, height = self.label_px
        first = max(self._left, x - self._radius - width)
        left = first + ARROW * beyond * size
        blend_box(planes, (first, top, left + width, top + height), easel.ink("panel"), GROUND, radius_px=0.35 * size)
        if beyond > 0:
            self._draw_arrow(planes, first + 0.3 * size, top + height / 2, beyond)
        number = f"{loss_bits:.3f}"
        cap = self._figures.cap_px
        rows = [top + height * at + cap / 2 for at in ((0.29, 0.72) if self._stacked else (0.5,))]
        inner = left + PADDING * size
        right = left + width - PADDING * size - self._figures.width_px(number)
        if self._words:
            self._words.draw(planes, (inner, round(rows[0])), easel.ink("muted"))
        self._figures.draw(planes, number, (inner if self._stacked else right, rows[-1]), easel.ink("text"))

    def _draw_arrow(self, planes: Planes, left: float, row: float, opacity: float) -> None:
        size = self._style.size_px
        mask = np.zeros((round(size) + 4, round(0.7 * size) + 4), dtype=np.float32)
        xs = np.array([0.5 * size, 0.12 * size, 0.5 * size], dtype=np.float32) + np.float32(1)
        ys = np.array([0.2, 0.5, 0.8], dtype=np.float32) * np.float32(size) + np.float32(2)
        stroke(mask, xs, ys, max(0.6, 0.07 * size), opacity)
        blend_mask(planes, mask, (max(0, round(left)), round(row - size / 2) - 2), self._easel.ink("text"))

    def _label_top(self, spot: Spot) -> float:
        """Choose the row at which the label of a checkpoint begins, the same as long as it is heard."""
        width, height = self.label_px
        gap = GAP * self._style.size_px
        row = float(self._rows(np.array([spot.position_px]))[0])
        clear = self._radius + self._easel.line_px("graph") + 0.3 * gap
        behind = np.arange(max(0.0, spot.position_px - self._radius - width), spot.position_px)
        rows = self._rows(np.append(behind, spot.position_px))
        below = max(float(rows.max()) + gap, row + clear)
        above = min(float(rows.min()) - gap, row - clear) - height
        lowest, highest = self._plot.bottom - height - 1, self._plot.top + 1.0
        fitting = [top for top in (below, above) if highest <= top <= lowest]
        return min(fitting or [min(max(below, highest), lowest)], key=lambda top: abs(top + height / 2 - row))
