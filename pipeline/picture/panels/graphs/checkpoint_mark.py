"""The mark on a loss graph's curve at the checkpoint that is heard, and its loss beside it.

While a take sounds, the playhead runs on to the next one's checkpoint. The mark stays on the curve where the take was
made and travels with the graph, so that both are seen: what is heard, and how training goes on. Its label stands left
of the mark, below or above the curve. Where the mark comes near the graph's left edge or leaves by it, the label stays
in view and the curve runs past: its row is chosen so that it covers nothing of the curve as long as its take is played.
Where there is no such row, it fades at the edge, or there is none: the counters say the same.
This module does not know how graphs are painted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import blend_box, blend_discs, blend_mask, discs
from pipeline.picture.drawing.canvas import stroke
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
Extent = Callable[[NDArray[np.float64]], tuple[float, float]]
"""The highest and the lowest row of the curve's band, but for spikes, over positions along the time axis."""


@dataclass(frozen=True)
class Spot:
    """A checkpoint on the graph: its place along the time axis in pixels, and its loss as it is shown.

    `last_shift_px` is where the time axis begins on the screen when its take ends; None: the mark stays in view.
    """

    position_px: float
    loss: float
    last_shift_px: float | None = None


@dataclass(frozen=True)
class LabelForm:
    """One way to write the label: its words (None for the number alone) and its size without its ground.

    `rows` are the lines' places, as shares of its height.
    """

    words: TextSprite | None
    inner_px: float
    height_px: float
    rows: tuple[float, ...]


class Placement(NamedTuple):
    """A label, the row at which it begins, and whether it stays in view where its mark leaves."""

    label: LabelForm
    top: float
    stays: bool


class CheckpointMark:
    """Draws the mark of one loss graph.

    Parameters
    ----------
    context, plot
        Where it is drawn; the plot is the part of the panel that scrolls.
    words, style, colour
        What its label says beside the loss (None: it has no label), in which type, and the colour of the graph's curve.
    rows, extent
        The rows at which the curve stands, and those that its band reaches.
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
        extent: Extent,
        rest_px: float,
        widest: str = "8.888",
    ) -> None:
        self._context, self._plot, self._style, self._colour = context, plot, style, colour
        self._rows, self._extent, self._widest = rows, extent, widest
        line = context.line_px("graph")
        self.radius_px = radius = RADIUS * line
        self._discs = discs((radius + line, context.plot_ink), (radius, context.ink("text")), (radius - line, colour))
        self._figures = GlyphAtlas(
            context.type, context.style(style.size_px / context.size_px, weight=600, tabular=True)
        )
        self._left = max(plot.left, context.safe_px[0]) + 0.2 * style.size_px
        room = rest_px - self.radius_px - self._left - 2 * PADDING * style.size_px
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
        x, row = spot.position_px + shift_px, self._row_at(spot.position_px)
        seen = smoothstep(x, self._plot.left, self._plot.left + 3 * self.radius_px)  # as the graph's soft left edge
        if (placed := self.placed(spot)) is not None:
            self._draw_label(planes, (x, spot, placed), 1 - seen)
        if seen > 0:
            blend_discs(planes, x, row, self._discs, seen)

    def _draw_label(self, planes: Planes, where: tuple[float, Spot, Placement], beyond: float) -> None:
        """Write the label; once its mark has left the graph, an arrow says where, or the label has left before it."""
        context, size = self._context, self._style.size_px
        x, spot, (label, top, stays) = where
        width, height = self.width_px(label), label.height_px
        first = max(self._left, x - self.radius_px - width)
        seen = 1.0 if stays else smoothstep(x - self.radius_px - width, self._left - size, self._left + size)
        if seen <= 0:
            return
        left = first + (ARROW * beyond * size if stays else 0.0)
        edges = (first, top, left + width, top + height)
        blend_box(planes, edges, context.ink("panel"), GROUND * seen, radius_px=0.35 * size)
        if stays and beyond > 0:
            self._draw_arrow(planes, first + 0.3 * size, top + height / 2, beyond)
        number = context.language.number(loss_text(spot.loss, context.data.history.unit))
        rows = [top + height * at + self._figures.cap_px / 2 for at in label.rows]
        inner = left + PADDING * size
        if label.words:
            label.words.draw(planes, (inner, round(rows[0])), context.ink("muted"), seen)
        pen = inner if len(rows) > 1 else left + width - PADDING * size - self._figures.width_px(number)
        self._figures.draw(planes, number, (pen, rows[-1]), context.ink("text"), seen)

    def _draw_arrow(self, planes: Planes, left: float, row: float, opacity: float) -> None:
        size = self._style.size_px
        mask = np.zeros((round(size) + 4, round(0.7 * size) + 4), dtype=np.float32)
        xs = np.array([0.5 * size, 0.12 * size, 0.5 * size], dtype=np.float32) + np.float32(1)
        ys = np.array([0.2, 0.5, 0.8], dtype=np.float32) * np.float32(size) + np.float32(2)
        stroke(mask, xs, ys, max(0.6, 0.07 * size), opacity)
        blend_mask(planes, mask, (max(0, round(left)), round(row - size / 2) - 2), self._context.ink("text"))

    def _placed(self, spot: Spot) -> Placement | None:
        """Choose the label of a checkpoint and its row, the same as long as that is heard; None: there is no room.

        Best is what keeps clear of the curve's band, or else of its line, as long as it is seen; a smaller label rather
        than one over the line. Where the curve runs through every row it keeps clear of what lies behind its mark.
        """
        chosen: list[tuple[LabelForm, tuple[float, float], bool]] = []
        for stays in (True, False):
            ways = [(label, self._clear_rows(spot, label, stays=stays)) for label in self.labels]
            chosen += [(label, tops, stays) for label, clear in ways for tops in clear]
        row = self._row_at(spot.position_px)
        for label, tops, stays in chosen:
            fitting = [top for top in tops if self._plot.top + 1 <= top <= self._plot.bottom - label.height_px - 1]
            if fitting:
                return Placement(label, min(fitting, key=lambda top: abs(top - row)), stays)
        return None

    def _rows_beside(self, spot: Spot, label: LabelForm) -> tuple[float, float]:
        """Rows at which a label may begin, below and above its mark."""
        row = self._row_at(spot.position_px)
        clear = self.radius_px + self._context.line_px("graph") + 0.3 * GAP * self._style.size_px
        return row + clear, row - clear - label.height_px

    def _clear_rows(self, spot: Spot, label: LabelForm, *, stays: bool) -> list[tuple[float, float]]:
        """Rows at which a label may begin, below and above the curve: first its band, then its line."""
        width, last, gap = self.width_px(label), spot.position_px, GAP * self._style.size_px
        if stays and spot.last_shift_px is not None:
            last = max(last, self._left + width + ARROW * self._style.size_px - spot.last_shift_px)
        beneath = np.append(np.arange(max(0.0, spot.position_px - self.radius_px - width), last), last)
        rows = self._rows(beneath)
        below, above = self._rows_beside(spot, label)
        return [
            (max(lowest + gap, below), min(highest - gap - label.height_px, above))
            for highest, lowest in (self._extent(beneath), (float(rows.min()), float(rows.max())))
        ]
