"""The mark on a loss graph's curve at the checkpoint that is heard, and its loss beside it.

While a take sounds, the playhead runs on to the next one's checkpoint. The mark stays on the curve where the take was
made and travels with the graph, so that both are seen: what is heard, and how training goes on. Its label stands where
the curve leaves room: left of the mark, below or above the curve that was drawn so far. This module does not know how
graphs are painted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import blend_box, blend_disc, blend_mask, stroke
from pipeline.picture.drawing.easing import smoothstep
from pipeline.picture.drawing.planes import Ink, Planes
from pipeline.picture.panels.graphs.loss_words import loss_text
from pipeline.picture.panels.panel import GlyphAtlas, RenderContext, TextSprite
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.text.typesetting import TextStyle

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
    """A checkpoint on the graph: its place along the time axis in pixels, and its loss as it is shown."""

    position_px: float
    loss: float


@dataclass(frozen=True)
class LabelForm:
    """One way to write the label: its words (None for the number alone) and its size without its ground.

    `rows` are the lines' places, as shares of its height.
    """

    words: TextSprite | None
    inner_px: float
    height_px: float
    rows: tuple[float, ...]


class CheckpointMark:
    """Draws the mark of one loss graph.

    Parameters
    ----------
    context, plot
        Where it is drawn; the plot is the part of the panel that scrolls.
    words, style, colour
        What its label says beside the loss (None: it has no label), in which type, and the colour of the graph's curve.
    rows
        The rows at which the curve stands.
    rest_px
        Where the playhead rests.
    widest
        The longest number that it will show, in figures.
    """

    def __init__(
        self,
        context: RenderContext,
        plot: PixelBox,
        *,
        words: str | None,
        style: TextStyle,
        colour: Ink,
        rows: Rows,
        rest_px: float,
        widest: str = "8.888",
    ) -> None:
        self._context, self._plot, self._style, self._colour, self._rows = context, plot, style, colour, rows
        self._widest = widest
        self._radius = RADIUS * context.line_px("graph")
        self._figures = GlyphAtlas(
            context.type, context.style(style.size_px / context.size_px, weight=600, tabular=True)
        )
        self._left = max(plot.left, context.safe_px[0]) + 0.2 * style.size_px
        room = rest_px - self._radius - self._left - 2 * PADDING * style.size_px
        self.labels = tuple(
            label
            for label in (self._labels(words) if words is not None else ())
            if label.inner_px <= room or label.words is None
        )
        self.placed = lru_cache(maxsize=64)(self._placed)
        self._row_at = lru_cache(maxsize=64)(lambda position_px: float(rows(np.array([position_px]))[0]))

    def _labels(self, words: str) -> Iterator[LabelForm]:
        """The label at its best, and smaller where there is no room for that; the number alone says enough."""
        widest = self._context.language.number(self._widest)
        size, number_px = self._style.size_px, self._figures.width_px(widest)
        if words:
            beside = TextSprite(self._context.type, words, self._style)
            yield LabelForm(beside, beside.width_px + BETWEEN * size + number_px, LINE * size, (0.5,))
            above = TextSprite(self._context.type, words, self._context.style(STACKED * size / self._context.size_px))
            yield LabelForm(above, max(above.width_px, number_px), TWO_LINES * size, (0.29, 0.72))
        yield LabelForm(None, number_px, LINE * size, (0.5,))

    def width_px(self, label: LabelForm) -> float:
        """The width of a label with its ground."""
        return label.inner_px + 2 * PADDING * self._style.size_px

    def draw(self, planes: Planes, spot: Spot, shift_px: float) -> None:
        """Draw mark and label.

        Parameters
        ----------
        spot
            The checkpoint that is heard.
        shift_px
            Where the time axis begins on the screen.
        """
        if math.isnan(spot.loss):
            return
        context, line = self._context, self._context.line_px("graph")
        x, row = spot.position_px + shift_px, self._row_at(spot.position_px)
        seen = smoothstep(x, self._plot.left, self._plot.left + 3 * self._radius)  # as the graph's soft left edge
        if self.labels:
            self._draw_label(planes, x, spot, 1 - seen)
        if seen > 0:
            blend_disc(planes, x, row, self._radius + line, context.plot_ink, seen)
            blend_disc(planes, x, row, self._radius, context.ink("text"), seen)
            blend_disc(planes, x, row, self._radius - line, self._colour, seen)

    def _draw_label(self, planes: Planes, x: float, spot: Spot, beyond: float) -> None:
        """Write the label; once its mark has left the graph, an arrow says where."""
        context, size = self._context, self._style.size_px
        label, top = self.placed(spot)
        width, height = self.width_px(label), label.height_px
        first = max(self._left, x - self._radius - width)
        left = first + ARROW * beyond * size
        blend_box(planes, (first, top, left + width, top + height), context.ink("panel"), GROUND, radius_px=0.35 * size)
        if beyond > 0:
            self._draw_arrow(planes, first + 0.3 * size, top + height / 2, beyond)
        number = context.language.number(loss_text(spot.loss, context.data.history.unit))
        rows = [top + height * at + self._figures.cap_px / 2 for at in label.rows]
        inner = left + PADDING * size
        if label.words:
            label.words.draw(planes, (inner, round(rows[0])), context.ink("muted"))
        pen = inner if len(rows) > 1 else left + width - PADDING * size - self._figures.width_px(number)
        self._figures.draw(planes, number, (pen, rows[-1]), context.ink("text"))

    def _draw_arrow(self, planes: Planes, left: float, row: float, opacity: float) -> None:
        size = self._style.size_px
        mask = np.zeros((round(size) + 4, round(0.7 * size) + 4), dtype=np.float32)
        xs = np.array([0.5 * size, 0.12 * size, 0.5 * size], dtype=np.float32) + np.float32(1)
        ys = np.array([0.2, 0.5, 0.8], dtype=np.float32) * np.float32(size) + np.float32(2)
        stroke(mask, xs, ys, max(0.6, 0.07 * size), opacity)
        blend_mask(planes, mask, (max(0, round(left)), round(row - size / 2) - 2), self._context.ink("text"))

    def _placed(self, spot: Spot) -> tuple[LabelForm, float]:
        """Choose the label of a checkpoint and the row at which it begins, the same as long as that is heard."""
        gap, row = GAP * self._style.size_px, self._row_at(spot.position_px)
        clear = self._radius + self._context.line_px("graph") + 0.3 * gap
        highest = self._plot.top + 1.0
        for label in self.labels:
            lowest = self._plot.bottom - label.height_px - 1
            behind = np.arange(max(0.0, spot.position_px - self._radius - self.width_px(label)), spot.position_px)
            rows = self._rows(np.append(behind, spot.position_px))
            below = max(float(rows.max()) + gap, row + clear)
            above = min(float(rows.min()) - gap, row - clear) - label.height_px
            near = row + clear, row - clear - label.height_px  # over the curve, but not over the mark
            for tops in ((below, above), near):
                fitting = [top for top in tops if highest <= top <= lowest]
                if fitting:
                    return label, min(fitting, key=lambda top: abs(top - row))
        return self.labels[-1], max(highest, min(row + clear, lowest))
