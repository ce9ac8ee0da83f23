"""The counters: how far training had come at the checkpoint that is heard, in digits that keep their places.

This module owns which numbers are shown and how they are written. It does not know where the playhead stands.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.graphs.loss_curve import make_curve, time_axis
from pipeline.picture.panels.graphs.loss_words import loss_text
from pipeline.picture.panels.panel import GlyphAtlas, RenderContext, ScenePanel, TextSprite
from pipeline.picture.panels.settings import Size, TextPanelSettings, Words
from pipeline.picture.text.shrinking import shrink_to_fit
from pipeline.picture.text.typesetting import TextStyle
from pipeline.runtime.wording.units import BITS_PER_BYTE, clock_text

NAMES: Final = {"iteration": "iteration", "epoch": "epoch", "time": "time_trained", "bits": "bits_per_byte"}
CURVE_PX: Final = 8192  # columns of the curve from which the loss is read: finer than any graph's
SMOOTH_PX: Final = 24.0  # what the training loss is averaged over where there is no validation loss
SHRINK: Final = 0.94
SMALLEST_SHARE: Final = 0.2


@dataclass(frozen=True)
class _Cell:
    """One counter: its name above its number."""

    item: str
    name: str
    edges: tuple[float, float]
    baselines: tuple[int, int]
    figures: GlyphAtlas
    style: TextStyle


def duration(seconds: float, longest_s: float) -> str:
    """Time as h:mm:ss, or m:ss where even the longest stays below an hour."""
    return clock_text(max(0, int(seconds)), hours=longest_s >= 3600)  # noqa: PLR2004  # seconds an hour


def epoch_decimals(most: float) -> int:
    """How many decimals tell epochs that end at `most` from nothing: two, more where that is less than a tenth."""
    return 2 if most >= 0.1 or most <= 0 else min(6, 1 - math.floor(math.log10(most)))  # noqa: PLR2004


class CountersSettings(TextPanelSettings):
    """The checkpoint that is heard: iteration, epoch, time trained, bits per byte."""

    word_fields: ClassVar[frozenset[str]] = frozenset({"names"})

    kind: Literal["counters"]
    items: tuple[Literal["iteration", "epoch", "time", "bits"], ...] = ("iteration", "epoch", "time", "bits")
    """Which, in this order."""
    names: dict[Literal["iteration", "epoch", "time", "bits"], Words] = Field(default_factory=dict)
    """Their names, where they aren't those of the film's language."""
    columns: Annotated[int, Field(ge=1, le=4)] = 4
    """How many stand side by side."""
    text: Size = 0.05
    """Size of the numbers, a share of the frame's height."""
    label_text: Size = 0.028
    """Size of their names."""
    align: Literal["left", "right"] = "left"
    """Where in the panel's width."""


class CountersPanel(ScenePanel[CountersSettings]):
    """Draws the counters panel."""

    settings_type = CountersSettings
    reads = frozenset({"history", "iteration", "sounds"})

    def __init__(self, context: RenderContext, settings: CountersSettings) -> None:
        super().__init__(context, settings)
        history = context.data.history
        # as `np.interp` takes them: anything else it copies whole, at every frame
        at = history.iterations
        epochs_at = at if history.epochs_at is None else history.epochs_at
        elapsed_at = at if history.elapsed_at is None else history.elapsed_at
        self._epochs, self._elapsed_s = (
            (np.ascontiguousarray(place, dtype=np.float64), np.ascontiguousarray(passed, dtype=np.float64))
            for place, passed in ((epochs_at, history.epochs), (elapsed_at, history.elapsed_s))
        )
        self._axis = time_axis(history, "linear", CURVE_PX)
        curve = make_curve(history, "validation", self._axis, 0.0)
        self._curve = curve if curve.points[0].size else make_curve(history, "training", self._axis, SMOOTH_PX)
        self._text_at = lru_cache(maxsize=64)(self.text_of)  # it stands still as long as a take is played
        self._items = [item for item in settings.items if self._known(item)]
        self._cells = self._arranged()

    def _known(self, item: str) -> bool:
        history = self._context.data.history
        if item == "epoch":
            return history.epochs.size > 0
        if item == "time":
            return history.elapsed_s.size > 0 and float(history.elapsed_s[-1]) > 0
        return item != "bits" or not np.all(np.isnan(self._curve.mean))

    def _name(self, item: str) -> str:
        """What stands above a number: of a run of another program the unit of its losses, or that they are losses."""
        unit = self._context.data.history.unit
        if item == "bits" and unit != BITS_PER_BYTE:
            return unit.words or self._context.word("loss")
        return self._context.word(NAMES[item])

    def _arranged(self) -> list[_Cell]:
        """Find the largest type that fits, and place the cells."""
        context, settings = self._context, self._settings

        def placed_at(size: float) -> tuple[list[_Cell], bool]:
            figures = GlyphAtlas(context.type, context.style(settings.text * size, weight=600, tabular=True))
            return self._placed(figures, context.style(settings.label_text * size))

        return shrink_to_fit(
            1.0,
            placed_at,
            lambda placed: placed[1],
            smaller=lambda size: size * SHRINK,
            goes_on=lambda size: size >= SMALLEST_SHARE,
        ).result[0]

    def _placed(self, figures: GlyphAtlas, style: TextStyle) -> tuple[list[_Cell], bool]:
        box, settings, typesetter = self.box, self._settings, self._context.type
        columns = min(settings.columns, max(1, len(self._items)))
        rows = -(-len(self._items) // columns)
        names = [settings.names.get(item, self._name(item)) for item in self._items]
        rooms = [
            max(typesetter.measure(n, style), self._widest(i, figures)) for n, i in zip(names, self._items, strict=True)
        ]
        widths = [max(rooms[column::columns], default=0.0) for column in range(columns)]
        gap = 2.0 * style.size_px
        spare = box.width - sum(widths) - gap * (columns - 1)
        lefts = np.concatenate([[0.0], np.cumsum(np.array(widths) + gap)[:-1]]) + box.left
        pitch_x = box.width / columns
        if settings.align == "right":
            lefts += max(0.0, spare)
        elif max(widths, default=0.0) + gap <= pitch_x:
            lefts = box.left + pitch_x * np.arange(columns)
        label_cap, figure_cap = typesetter.cap_height(style), figures.cap_px
        between = 0.55 * style.size_px
        content = label_cap + between + figure_cap
        pitch = box.height / max(rows, 1)
        cells = []
        for index, (item, name) in enumerate(zip(self._items, names, strict=True)):
            row, column = divmod(index, columns)
            top = box.top + row * pitch + (pitch - content) / 2
            edges = (float(lefts[column]), float(lefts[column]) + widths[column])
            baselines = (round(top + label_cap), round(top + content))
            cells.append(_Cell(item, name, edges, baselines, figures, style))
        return cells, spare >= 0 and content + 0.4 * style.size_px <= pitch

    def _widest(self, item: str, figures: GlyphAtlas) -> float:
        """The room that an item's longest text takes."""
        last = self._axis.last
        texts = [self.text_of(item, iteration) for iteration in np.linspace(0, last, 33)]
        return max(figures.width_px("".join("8" if c.isdigit() else c for c in text)) for text in texts)

    def text_of(self, item: str, iteration: float) -> str:
        """Write one number at an iteration, which may lie between two."""
        if item == "iteration":
            return self._context.language.number(f"{math.floor(iteration + 1e-6):,}")
        if item == "epoch":
            epoch = _passed(iteration, self._epochs)
            return self._context.language.number(f"{epoch:.{epoch_decimals(float(self._epochs[1][-1]))}f}")
        if item == "time":
            return duration(_passed(iteration, self._elapsed_s), float(self._elapsed_s[1][-1]))
        loss = self._curve.value_at(float(self._axis.position_px(iteration)))
        return self._context.language.number(loss_text(loss, self._context.data.history.unit))

    def draw_base(self, base: Planes) -> None:
        """Draw the names."""
        for cell in self._cells:
            words = TextSprite(self._context.type, cell.name, cell.style)
            words.draw(base, (self._pen_px(cell, words.width_px), cell.baselines[0]), self._context.ink("muted"))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the numbers."""
        iteration = self._context.data.iteration_at(frame)
        colour = self._context.ink("text")
        for cell in self._cells:
            text = self._text_at(cell.item, iteration)
            pen = (self._pen_px(cell, cell.figures.width_px(text)), cell.baselines[1])
            cell.figures.draw(planes, text, pen, colour)

    def look(self, frame: int) -> Hashable:
        """They stand still as long as a take is played."""
        return self._context.data.iteration_at(frame)

    def extent(self, frame: int) -> tuple[float, float, float, float]:
        """The numbers' rows."""
        iteration = self._context.data.iteration_at(frame)
        edges = [(0.0, 0.0, 0.0, 0.0)] if not self._cells else []
        for cell in self._cells:
            text, size, baseline = self._text_at(cell.item, iteration), cell.style.size_px, cell.baselines[1]
            above, below = cell.figures.reach_px(text)
            pen, width = self._pen_px(cell, cell.figures.width_px(text)), cell.figures.width_px(text)
            edges.append((pen - size, baseline + above, pen + width + size, baseline + below))
        lefts, tops, rights, bottoms = zip(*edges, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def _pen_px(self, cell: _Cell, width: float) -> float:
        return cell.edges[0] if self._settings.align == "left" else cell.edges[1] - width


def _passed(iteration: float, counted: tuple[NDArray[np.float64], NDArray[np.float64]]) -> float:
    """What has passed at an iteration, by counts at iterations: nothing at iteration 0, which few logs hold."""
    places, passed = counted
    if iteration < places[0]:
        return float(passed[0]) * iteration / float(places[0])
    return float(np.interp(iteration, places, passed))


def passed(
    iteration: float,
    iterations: NDArray[np.int64],
    counted_at: NDArray[np.int64] | None,
    counts: NDArray[np.float64],
) -> float | None:
    """What has passed at an iteration, by counts at their own iterations or at those given; None without counts."""
    at = iterations if counted_at is None else counted_at
    if not len(counts):
        return None
    return _passed(iteration, (np.ascontiguousarray(at, np.float64), np.ascontiguousarray(counts, np.float64)))
