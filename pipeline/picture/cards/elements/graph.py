"""Loss graphs on cards: all networks side by side, or one network's training or validation loss.

Side by side, validation losses are strong lines with a point a checkpoint, training losses faint behind them. Only
losses on the same held-out sound share an axis: others get one of their own below, or, where there is no room for so
many, are shown as shares of what knowing nothing costs. This module does not know where losses come from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords, filled_text
from pipeline.picture.cards.elements.graph_plot import (
    ABOVE_EM,
    BELOW_EM,
    RIGHT_EM,
    UNIFORM_BITS,
    PlotArea,
    grid,
    left_px,
    loss_ticks,
    plot_style,
    time_ticks,
)
from pipeline.picture.cards.elements.section_graph import Curve, SectionGraph, TimeScale, time_scale
from pipeline.picture.cards.elements.setting import Setting, Text, natural_px
from pipeline.picture.cards.facts import LossCurve
from pipeline.picture.drawing.marks import BoxMark, Drawing, LineMark, Mark, line_through
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.logged_axis import logged_axis
from pipeline.picture.plotting.loss_columns import logged_columns
from pipeline.picture.plotting.training_mean import SMOOTH, training_mean
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.text.typesetting import TextStyle

_TRAINING_OPACITY = 0.34
_POINTS_UP_TO = 60
_NATURAL_MODULES, _NATURAL_ASPECT = 0.45, 0.7
"""How high it would like to be."""
_BETWEEN_EM, _LEAST_EM = 0.7, 3.4
"""Between graphs one below the other, and the least height of each."""
_TICKS_CLOSE_EM = 0.3
"""Between labels of the losses, where there is little room."""


class GraphElement(CardElement):
    """Losses over training."""

    reads: ClassVar[frozenset[str]] = frozenset({"curves", "curve", "heard"})

    kind: Literal["graph"]
    label_style: str = "label"
    """One of the card's styles."""
    of: Literal["film", "section"] = "film"
    """All networks side by side, or the card's own section."""
    loss: Curve = "training"
    """Of a section: which of its two losses."""
    time: TimeScale = "auto"
    """The scale of iterations; `auto` is logarithmic where a training is long beside its first checkpoint."""
    title: Text = ""
    """Of a section: what stands above the graph."""
    time_title: Text = "{{ words.element.iterations }}"
    """What the numbers at its foot count."""
    heard: bool = True
    """Of a section: whether the checkpoints that are heard are marked."""

    @property
    def fields(self) -> frozenset[str]:
        """What it reads, by what it shows."""
        if self.of == "film":
            return frozenset({"curves"})
        return frozenset({"curve", "heard"}) if self.heard else frozenset({"curve"})

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield its title, and the name of its time axis."""
        yield self.title, ""
        yield self.time_title, ""

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in both."""
        return FilledWords(labels=(filled_text(self.title, words, where), filled_text(self.time_title, words, where)))

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Draw the graph with its axes; nothing where there is no loss to show."""
        if self.of == "section":
            return self._compose_section(content, setting, width_px, height_px)
        curves = [curve for curve in content.facts.curves if np.isfinite(curve.judged.losses).any()]
        if not curves:
            return Drawing(width_px, 0.0)
        if not math.isfinite(height_px):
            return Drawing(width_px, natural_px(setting, width_px, _NATURAL_MODULES, _NATURAL_ASPECT))
        style = plot_style(setting, self.label_style, width_px, height_px)
        marks: list[Mark] = []
        below = content.words.labels[1] if content.words.labels else self.time_title
        for plot, shown in _plots(curves, setting, style, (width_px, height_px), self.time):
            marks += grid(replace(plot, below=below), setting, style, setting.text_colour(self.label_style))
            for curve in shown:
                marks += _training(curve, plot, setting)
            for curve in shown:
                marks += _validation(curve, plot, setting)
        return Drawing(width_px, height_px, tuple(marks))

    def _compose_section(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        curve = content.facts.curve
        if curve is None:
            return Drawing(width_px, 0.0)
        if not math.isfinite(height_px):
            return Drawing(width_px, natural_px(setting, width_px, _NATURAL_MODULES, _NATURAL_ASPECT))
        title, below = content.words.labels
        if curve.is_logged:  # in whatever unit
            title = title.replace(setting.word("bits_per_byte"), curve.unit).strip(" ,:")
        shown = SectionGraph(
            curve,
            self.loss,
            self.time,
            content.facts.heard if self.heard else (),
            title,
            below,
            plot_style(setting, self.label_style, width_px, height_px),
            setting.text_colour(self.label_style),
        )
        return Drawing(width_px, height_px, tuple(shown.marks(setting, width_px, height_px)))


def _plots(
    curves: Sequence[LossCurve], setting: Setting, style: TextStyle, size_px: tuple[float, float], time: TimeScale
) -> list[tuple[PlotArea, Sequence[LossCurve]]]:
    """Lay out one graph for each kind of losses, one below the other, along the same iterations."""
    em, (width_px, height_px) = style.size_px, size_px
    kinds = {kind: [curve for curve in curves if curve.kind == kind] for kind in dict.fromkeys(c.kind for c in curves)}
    bits = setting.word("bits_per_byte")
    own = not any(curve.is_logged for curve in curves)
    alone = len(kinds) == 1 and own
    groups = [(bits if alone else _named(group, setting), group) for group in kinds.values()]
    uniform = UNIFORM_BITS
    height = (height_px - BELOW_EM * em + _BETWEEN_EM * em) / len(groups) - (ABOVE_EM + _BETWEEN_EM) * em
    if len(groups) > 1 and height < _LEAST_EM * em:
        words = "share_of_uniform" if own else "share_of_first"
        groups = [(setting.word(words), [_as_share(curve) if own else _of_first(curve) for curve in curves])]
        uniform = 100.0
        height = height_px - (ABOVE_EM + BELOW_EM) * em
    height = max(1, round(height))
    ups = [_up(group, uniform, height) for _, group in groups]
    apart = () if len(groups) == 1 else (_TICKS_CLOSE_EM,)
    ticks = [loss_ticks(up, setting, em, *apart) for up in ups]
    left = left_px(setting, style, tuple(tick for heights in ticks for tick in heights))
    across = _across(curves, max(1, round(width_px - left - RIGHT_EM * em)), time)
    widths = time_ticks(across, setting, style)
    plots: list[tuple[PlotArea, Sequence[LossCurve]]] = []
    for number, ((words, group), up, heights) in enumerate(zip(groups, ups, ticks, strict=True), start=1):
        top = ABOVE_EM * em + (number - 1) * (height + (ABOVE_EM + _BETWEEN_EM) * em)
        plots.append((PlotArea(left, top, across, up, widths if number == len(groups) else (), heights, words), group))
    return plots


def _named(group: Sequence[LossCurve], setting: Setting) -> str:
    """What the losses of one kind are, and whose."""
    whose = setting.language.listed([str(curve.section + 1) for curve in group])
    if group[0].is_logged:
        unit, loss = group[0].unit, group[0].judged.name
        named = setting.word("logged", loss=loss, unit=unit) if unit else loss
        return setting.word("logged_by", count=len(group), sections=whose, loss=named)
    sound = group[0].measured_on
    return setting.word("bits_of_sections", count=len(group), sections=whose, sound=sound).rstrip(": \u00a0\uff1a")


def _as_share(curve: LossCurve) -> LossCurve:
    """Losses in percent of what guessing evenly among 256 bytes costs."""
    percent = 100.0 / UNIFORM_BITS
    return replace(
        curve, training_losses=curve.training_losses * percent, validation_losses=curve.validation_losses * percent
    )


def _of_first(curve: LossCurve) -> LossCurve:
    """Losses in percent of the size of the first that is known; none where that is nothing."""
    known = curve.judged.losses[np.isfinite(curve.judged.losses)]
    factor = 100.0 / abs(float(known[0])) if known.size and known[0] else math.nan
    return replace(
        curve, training_losses=curve.training_losses * factor, validation_losses=curve.validation_losses * factor
    )


def _across(curves: Sequence[LossCurve], width: int, time: TimeScale) -> Axis:
    judged = [curve.judged.iterations for curve in curves]
    longest = max(int(iterations.max()) for iterations in judged)
    firsts = [int(iterations[iterations > 0].min(initial=longest)) for iterations in judged]
    return Axis(0.0, float(max(longest, 1)), width, time_scale(time, longest, min(firsts)))


def _up(curves: Sequence[LossCurve], uniform: float, height: int) -> Axis:
    """The axis of the losses: of our own networks as ever; of others from the lowest on, also below 0.

    Where they span orders of magnitude, it is logarithmic.
    """
    if not any(curve.is_logged for curve in curves):
        return Axis(*_range(curves, uniform), height)
    losses = np.concatenate([curve.judged.losses for curve in curves])
    losses = losses[np.isfinite(losses)]
    if not losses.size:
        return Axis(0.0, 1.0, height)
    return logged_axis(losses, height)


def _range(curves: Sequence[LossCurve], uniform: float = UNIFORM_BITS) -> tuple[float, float]:
    losses = np.concatenate([curve.validation_losses for curve in curves])
    losses = losses[np.isfinite(losses)]
    lowest, highest = float(losses.min()), min(float(losses.max()), max(uniform, float(losses.min()) * 1.5))
    room = max(0.06 * (highest - lowest), 0.05)
    return max(0.0, lowest - room), highest + room


def _training(curve: LossCurve, plot: PlotArea, setting: Setting) -> Iterator[LineMark]:
    if curve.iterations.size < 2:  # noqa: PLR2004 (a line needs two points)
        return
    smooth_px = SMOOTH * plot.across.length_px
    if curve.is_logged:
        mean = logged_columns(curve.iterations, curve.training_losses, plot.across, smooth_px).mean
    else:
        mean = training_mean(curve.iterations, curve.training_losses, curve.epochs, plot.across, smooth_px)
    xs = np.arange(mean.size) + 0.5 + plot.left
    width = 0.7 * setting.theme.line_px("graph", setting.module_px)
    yield line_through(xs, plot.rows(mean), width, setting.colour("section", curve.section), opacity=_TRAINING_OPACITY)


def _validation(curve: LossCurve, plot: PlotArea, setting: Setting) -> Iterator[Mark]:
    colour = setting.colour("section", curve.section)
    width = 1.25 * setting.theme.line_px("graph", setting.module_px)
    judged = curve.judged
    xs, ys = plot.line_of(judged.iterations, judged.losses, has_gaps=curve.is_logged)
    yield line_through(xs, ys, width, colour)
    good = np.isfinite(judged.losses)
    xs, ys = plot.place(judged.iterations[good], judged.losses[good])
    radius = 1.5 * width
    shown = range(xs.size) if xs.size <= _POINTS_UP_TO else [xs.size - 1]
    for index in shown:
        size = 1.45 * radius if index == xs.size - 1 else radius
        x, y = float(xs[index]), float(ys[index])
        yield BoxMark((x - size, y - size, x + size, y + size), colour, radius_px=size)
