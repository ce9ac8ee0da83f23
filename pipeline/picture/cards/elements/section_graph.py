"""One network's loss as a whole: training loss as a band and its mean, or validation loss, on either time scale.

The checkpoints that are heard in the film are marked on the curve. Colours are those of the scenes' graphs. This module
does not know how a card is laid out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.elements.graph_plot import (
    ABOVE_EM,
    BELOW_EM,
    RIGHT_EM,
    UNIFORM_BITS,
    PlotArea,
    curve_keys,
    dashed_line,
    grid,
    left_px,
    loss_ticks,
    time_ticks,
)
from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.cards.facts import LossCurve
from pipeline.picture.drawing.marks import BandMark, BoxMark, Mark, TextMark, line_through
from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.columns import Columns, reduce_columns
from pipeline.picture.plotting.logged_axis import logged_axis
from pipeline.picture.plotting.loss_columns import ColumnCurve, logged_columns
from pipeline.picture.plotting.named_losses import NamedLosses, short_curve_names
from pipeline.picture.plotting.training_mean import SMOOTH, training_mean
from pipeline.picture.text.typesetting import TextStyle
from pipeline.picture.theme.curve_colours import looks_beside

Curve = Literal["training", "validation"]
TimeScale = Literal["auto", "linear", "log"]
Floats = npt.NDArray[np.float64]

_LOG_FROM: Final = 30.0
"""Beyond this ratio of the longest training to the first checkpoint, `auto` shows iterations logarithmically."""
_OUTLIERS: Final = 0.1
"""Percent of the losses that may stick out at the foot."""
_FURTHER_THICKNESS: Final = 0.75
"""Of the graph's own line."""
_CHECKPOINTS_UP_TO: Final = 120
"""Of so many checkpoints each has a point; of more, the line alone tells."""
_HEARD_RADIUS: Final = 2.4
"""Of the mark on a checkpoint that is heard, in widths of the graph's line; smaller where there are many."""
_MANY_HEARD: Final = 24
_LEAST_HEARD: Final = 0.5
_NARROWEST_BITS: Final = 0.05
_TICKS_APART_EM: Final = 0.5


@dataclass(frozen=True)
class SectionGraph:
    """What one such graph shows, and how.

    Parameters
    ----------
    shown, time
        Which loss, and the scale of iterations.
    heard
        The iterations of the checkpoints that are marked.
    title, below
        What stands above it, and what the numbers at its foot count.
    style, colour
        Of all its words.
    """

    curve: LossCurve
    shown: Curve
    time: TimeScale
    heard: Sequence[int]
    title: str
    below: str
    style: TextStyle
    colour: str

    @property
    def iterations(self) -> npt.NDArray[np.int64]:
        """Where its losses stand."""
        return self.curve.iterations if self.shown == "training" else self.curve.validation_iterations

    @property
    def losses(self) -> Floats:
        """Its losses, bits per byte; NaN where there is none."""
        return self.curve.training_losses if self.shown == "training" else self.curve.validation_losses

    def marks(self, setting: Setting, width_px: float, height_px: float) -> Iterator[Mark]:
        """Draw it into a box; only words where there is no loss to show."""
        if not np.isfinite(self.losses).any():
            yield from self._absence(setting, width_px, height_px)
            return
        plot, columns = self._plot(setting, width_px, height_px)
        line = setting.theme.line_px("graph", setting.module_px)
        own = setting.colour("training_mean" if self.shown == "training" else "validation")
        yield from grid(plot, setting, self.style, self.colour)
        yield from self._further(plot, setting, line, width_px)
        if self.shown == "training":
            tops, bottoms = plot.rows(columns.highest), plot.rows(columns.lowest)
            yield BandMark(plot.left, tuple(tops.tolist()), tuple(bottoms.tolist()), setting.colour("training_band"))
            xs, ys = plot.left + np.arange(0.5, columns.mean.size, dtype=np.float64), plot.rows(columns.mean)
        else:
            xs, ys = plot.line_of(self.iterations, self.losses, has_gaps=self.curve.is_logged)
        yield line_through(xs, ys, line, own)
        if self.shown == "validation" and xs.size <= _CHECKPOINTS_UP_TO:
            there = np.isfinite(ys)
            for x, y in zip(xs[there].tolist(), ys[there].tolist(), strict=True):
                yield _disc(x, y, 1.25 * line, own)
        yield from self._heard_marks(plot, (xs, ys), line, setting, own)

    def _finite(self) -> tuple[npt.NDArray[np.int64], Floats]:
        there = np.isfinite(self.losses)
        return self.iterations[there], self.losses[there]

    def _further(self, plot: PlotArea, setting: Setting, line: float, width_px: float) -> Iterator[Mark]:
        """The further curves of a log, and their names beside the title."""
        further = self.curve.further(self.shown)
        if not further:
            return
        looks = looks_beside(setting.theme.colours, len(further))
        for one, look in zip(further, looks, strict=True):
            mean = self._logged(one, plot.across).mean
            xs = plot.left + np.arange(0.5, mean.size)
            pen = (_FURTHER_THICKNESS * line, look.colour)
            yield from (
                dashed_line(xs, plot.rows(mean), *pen) if look.is_dashed else [line_through(xs, plot.rows(mean), *pen)]
            )
        names = self._curve_names()[1:]
        yield from curve_keys(
            setting, self.style, self.colour, list(zip(names, looks, strict=True)), (plot.words, width_px)
        )

    def _logged(self, losses: NamedLosses, across: Axis) -> ColumnCurve:
        smooth_px = SMOOTH * across.length_px if self.shown == "training" else 0.0
        return logged_columns(losses.iterations, losses.losses, across, smooth_px)

    def _curve_names(self) -> list[str]:
        """The names of a log's curves, its own first; none where it is the only one."""
        further = self.curve.further(self.shown)
        own = self.curve.names[0 if self.shown == "training" else 1]
        return short_curve_names([own, *(one.name for one in further)]) if further else []

    def _absence(self, setting: Setting, width_px: float, height_px: float) -> Iterator[Mark]:
        cap = setting.typesetter.cap_height(self.style)
        yield TextMark(0.0, cap, self.title, self.style, self.colour)
        words = setting.word("no_training_loss" if self.shown == "training" else "no_validation_loss")
        left = (width_px - setting.typesetter.measure(words, self.style)) / 2
        yield TextMark(max(0.0, left), (height_px + cap) / 2, words, self.style, self.colour)

    def _plot(self, setting: Setting, width_px: float, height_px: float) -> tuple[PlotArea, Columns | ColumnCurve]:
        """Lay the plot out; return it with the losses in each of its columns."""
        em, style = self.style.size_px, self.style
        height = max(1, round(height_px - (ABOVE_EM + BELOW_EM) * em))
        up = self._logged_axis(height) if self.curve.is_logged else Axis(*_range(self.losses), height)
        heights = loss_ticks(up, setting, em, _TICKS_APART_EM)
        left = left_px(setting, style, heights, least="0.00")
        across = self._across(max(1, round(width_px - left - RIGHT_EM * em)))
        plot = PlotArea(
            left,
            ABOVE_EM * em,
            across,
            up,
            time_ticks(across, setting, style),
            heights,
            ": ".join([self.title, *self._curve_names()[:1]]),
            self.below,
        )
        return plot, self._columns(across)

    def _logged_axis(self, height: int) -> Axis:
        """An axis for all curves of a log."""
        curves = [self.losses, *(one.losses for one in self.curve.further(self.shown))]
        losses = np.concatenate([np.asarray(curve, dtype=np.float64) for curve in curves])
        return logged_axis(losses[np.isfinite(losses)], height)

    def _across(self, width: int) -> Axis:
        """All iterations of the training, the same for both its losses."""
        ends = [
            int(series.max()) for series in (self.curve.iterations, self.curve.validation_iterations) if series.size
        ]
        checkpoints = self.curve.validation_iterations
        longest = max([*ends, 1])
        first = int(checkpoints[checkpoints > 0].min(initial=longest))
        return Axis(0.0, float(longest), width, time_scale(self.time, longest, first))

    def _columns(self, across: Axis) -> Columns | ColumnCurve:
        if self.curve.is_logged:
            return self._logged(NamedLosses("", self.iterations, self.losses), across)
        columns = reduce_columns(*self._finite(), across, gap_px=math.inf)
        if self.shown == "validation":
            return columns
        curve, smooth_px = self.curve, SMOOTH * across.length_px
        return replace(
            columns, mean=training_mean(curve.iterations, curve.training_losses, curve.epochs, across, smooth_px)
        )

    def _heard_marks(
        self, plot: PlotArea, points: tuple[Floats, Floats], line: float, setting: Setting, own: str
    ) -> Iterator[Mark]:
        """A ringed point on the curve at each checkpoint that is heard, but where one would lie over the other."""
        known = np.isfinite(points[1])
        at = plot.place(np.array(self.heard, dtype=np.float64), 0.0)[0]
        at = at[at < points[0][known][-1] + 1]  # a loss that ended in NaN has no place for those that come later
        on = np.ones(known.size, dtype=np.bool_) if self.curve.is_logged else known  # no mark stands in a log's gap
        rows = np.interp(at, points[0][on], points[1][on])
        at, rows = at[np.isfinite(rows)], rows[np.isfinite(rows)]
        radius = _HEARD_RADIUS * line * max(_LEAST_HEARD, min(1.0, (_MANY_HEARD / max(1, at.size)) ** 0.5))
        spots = _apart(at, rows, radius)
        rings = ((0.8 * line, setting.colour("background")), (0.0, setting.colour("text")), (-0.8 * line, own))
        for x, y in spots:
            for wider, colour in rings:
                yield _disc(x, y, radius + wider, colour)


def time_scale(wanted: TimeScale, longest: int, first_checkpoint: int) -> Scale:
    """The scale of an axis of iterations."""
    is_log = wanted == "log" or (wanted == "auto" and longest / max(1, first_checkpoint) > _LOG_FROM)
    return "log1p" if is_log else "linear"


def _range(losses: Floats) -> tuple[float, float]:
    """The ends of the loss axis, bits, the same on both time scales."""
    known = losses[np.isfinite(losses)]
    lowest = float(np.percentile(known, _OUTLIERS))
    highest = min(float(known.max()), max(UNIFORM_BITS, 1.5 * lowest))
    room = max(0.06 * (highest - lowest), _NARROWEST_BITS)
    return max(0.0, lowest - room), highest + room


def _apart(xs: Floats, ys: Floats, least_px: float) -> list[tuple[float, float]]:
    """The places that lie at least so far from the one before, seen from the last."""
    kept: list[tuple[float, float]] = []
    for x, y in zip(xs[::-1].tolist(), ys[::-1].tolist(), strict=True):
        if not kept or math.hypot(x - kept[-1][0], y - kept[-1][1]) >= least_px:
            kept.append((x, y))
    return kept


def _disc(x: float, y: float, radius: float, colour: str) -> BoxMark:
    return BoxMark((x - radius, y - radius, x + radius, y + radius), colour, radius_px=radius)
