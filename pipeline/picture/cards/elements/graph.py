"""The comparison: the losses of all networks side by side.

This module owns the graph's look: validation losses as strong lines with a point a checkpoint, training losses faint
behind them. Only losses on the same held-out sound share an axis: others get one of their own below, or, where there
is no room for so many, are shown as shares of what knowing nothing costs. It does not know where losses come from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting, natural_px
from pipeline.picture.cards.facts import LossCurve
from pipeline.picture.drawing.marks import BoxMark, Drawing, LineMark, Mark, TextMark, line_through
from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.columns import reduce_columns
from pipeline.picture.plotting.ticks import NumberStyle, Tick, choose_ticks
from pipeline.picture.text.typesetting import TextStyle

_UNIFORM_BITS = 8.0
"""What guessing evenly among 256 bytes costs: losses above it are the exception and don't set the scale."""
_BITS = "bits per byte"
_SHARE = "percent of 8 bits, what knowing nothing costs"
_TRAINING_OPACITY = 0.34
_SMOOTH_SHARE = 0.012
"""The training loss is averaged over this share of the graph's width."""
_LOG_FROM = 30.0
"""Beyond this ratio of the longest training to the first checkpoint, iterations are shown logarithmically."""
_POINTS_UP_TO = 60
_NATURAL_MODULES, _NATURAL_ASPECT = 0.45, 0.7
"""How high it would like to be."""
_ABOVE_EM, _BELOW_EM = 1.7, 3.2
"""Room for words above and below the plot, in sizes of their type."""
_BETWEEN_EM, _LEAST_EM = 0.7, 3.4
"""Between graphs one below the other, and the least height of each."""
_TICKS_APART_EM, _TICKS_CLOSE_EM = 1.6, 0.3
"""Between labels of the losses, the latter where there is little room."""
_LARGEST_TYPE = 0.1
"""Type takes at most this share of the height, so that half of it is left for the plot, and half that of the width."""


@dataclass(frozen=True)
class _Plot:
    left: float
    top: float
    across: Axis
    up: Axis
    widths: tuple[Tick, ...]
    """None where another graph stands below, which has them."""
    heights: tuple[Tick, ...]
    words: str
    """What its losses are."""

    def place(self, iterations: npt.ArrayLike, losses: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], ...]:
        """Pixels of points; what lies beside the plot is brought to its edge."""
        xs = np.clip(self.across.position_px(iterations), 0, self.across.length_px)
        ys = np.clip(self.up.position_px(losses), 0, self.up.length_px)
        return self.left + xs, self.top + self.up.length_px - ys


class GraphElement(CardElement):
    """The losses of all networks over their training."""

    reads: ClassVar[frozenset[str]] = frozenset({"curves"})

    kind: Literal["graph"]
    label_style: str = "label"

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Draw the graph with its axes; nothing where there is no loss to show."""
        curves = [curve for curve in content.facts.curves if np.isfinite(curve.validation_losses).any()]
        if not curves:
            return Drawing(width_px, 0.0)
        if not math.isfinite(height_px):
            return Drawing(width_px, natural_px(setting, width_px, _NATURAL_MODULES, _NATURAL_ASPECT))
        style = setting.text_style(self.label_style)
        style = style.scaled(min(1.0, _LARGEST_TYPE * min(height_px, width_px / 2) / style.size_px))
        marks: list[Mark] = []
        for plot, shown in _plots(curves, setting, style, width_px, height_px):
            marks += _grid(plot, setting, style, setting.text_colour(self.label_style))
            for curve in shown:
                marks += _training(curve, plot, setting)
            for curve in shown:
                marks += _validation(curve, plot, setting)
        return Drawing(width_px, height_px, tuple(marks))


def _plots(
    curves: Sequence[LossCurve], setting: Setting, style: TextStyle, width_px: float, height_px: float
) -> list[tuple[_Plot, Sequence[LossCurve]]]:
    """Lay out one graph for each kind of losses, one below the other, along the same iterations."""
    em = style.size_px
    kinds = {kind: [curve for curve in curves if curve.kind == kind] for kind in dict.fromkeys(c.kind for c in curves)}
    groups = [(_named(group) if len(kinds) > 1 else _BITS, group) for group in kinds.values()]
    height = (height_px - _BELOW_EM * em + _BETWEEN_EM * em) / len(groups) - (_ABOVE_EM + _BETWEEN_EM) * em
    if len(groups) > 1 and height < _LEAST_EM * em:
        groups = [(_SHARE, [_as_share(curve) for curve in curves])]
        height = height_px - (_ABOVE_EM + _BELOW_EM) * em
    height = max(1, round(height))
    uniform = 100.0 if groups[0][0] == _SHARE else _UNIFORM_BITS
    ups = [Axis(*_range(group, uniform), height) for _, group in groups]
    gap_px = (_TICKS_APART_EM if len(groups) == 1 else _TICKS_CLOSE_EM) * em
    ticks = [choose_ticks(up, measure_px=lambda _: em, gap_px=gap_px, minor=False) for up in ups]
    labels = [tick.label for heights in ticks for tick in heights]
    left = max((setting.typesetter.measure(label, style) for label in labels), default=0.0) + 0.8 * em
    across = _across(curves, max(1, round(width_px - left - 1.2 * em)))
    widths = choose_ticks(
        across,
        measure_px=lambda label: setting.typesetter.measure(label, style),
        gap_px=1.4 * em,
        style=NumberStyle(),
        minor=False,
    )
    plots: list[tuple[_Plot, Sequence[LossCurve]]] = []
    for number, ((words, group), up, heights) in enumerate(zip(groups, ups, ticks, strict=True), start=1):
        top = _ABOVE_EM * em + (number - 1) * (height + (_ABOVE_EM + _BETWEEN_EM) * em)
        plots.append((_Plot(left, top, across, up, widths if number == len(groups) else (), heights, words), group))
    return plots


def _named(group: Sequence[LossCurve]) -> str:
    """What the losses of one kind are, and whose."""
    whose = _joined([str(curve.section + 1) for curve in group])
    return f"{_BITS}, section{'s' if len(group) > 1 else ''} {whose}: {group[0].measured_on}".rstrip(": ")


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _as_share(curve: LossCurve) -> LossCurve:
    """Losses in percent of what guessing evenly among 256 bytes costs."""
    percent = 100.0 / _UNIFORM_BITS
    return replace(
        curve, training_losses=curve.training_losses * percent, validation_losses=curve.validation_losses * percent
    )


def _across(curves: Sequence[LossCurve], width: int) -> Axis:
    longest = max(int(curve.validation_iterations.max()) for curve in curves)
    firsts = [
        int(curve.validation_iterations[curve.validation_iterations > 0].min(initial=longest)) for curve in curves
    ]
    scale: Scale = "log1p" if longest / max(1, min(firsts)) > _LOG_FROM else "linear"
    return Axis(0.0, float(max(longest, 1)), width, scale)


def _range(curves: Sequence[LossCurve], uniform: float = _UNIFORM_BITS) -> tuple[float, float]:
    losses = np.concatenate([curve.validation_losses for curve in curves])
    losses = losses[np.isfinite(losses)]
    lowest, highest = float(losses.min()), min(float(losses.max()), max(uniform, float(losses.min()) * 1.5))
    room = max(0.06 * (highest - lowest), 0.05)
    return max(0.0, lowest - room), highest + room


def _grid(plot: _Plot, setting: Setting, style: TextStyle, colour: str) -> Iterator[Mark]:
    """Fine lines at the ticks of the losses, labels on both sides, and what the axes mean."""
    line = max(1.0, round(setting.theme.line_px("grid", setting.module_px)))
    right, foot = plot.left + plot.across.length_px, plot.top + plot.up.length_px
    em, cap = style.size_px, setting.typesetter.cap_height(style)
    measure = setting.typesetter.measure
    for tick in plot.heights:
        y = foot - tick.position_px
        yield BoxMark((plot.left, round(y - line / 2), right, round(y - line / 2) + line), setting.colour("grid"))
        x = plot.left - 0.6 * em - measure(tick.label, style)
        yield TextMark(max(0.0, x), y + cap / 2, tick.label, style, colour)
    yield BoxMark((plot.left, round(foot), right, round(foot) + line), setting.colour("grid"))
    end = right + 1.2 * em
    for tick in plot.widths:
        half = measure(tick.label, style) / 2
        x = min(max(plot.left + tick.position_px, half), end - half)
        yield TextMark(x - half, foot + 0.75 * em + cap, tick.label, style, colour)
    if plot.widths:
        words = "iterations"
        yield TextMark(right - measure(words, style), foot + 2.15 * em + cap, words, style, colour)
    yield TextMark(0.0, plot.top - _ABOVE_EM * em + cap, plot.words, style, colour)


def _training(curve: LossCurve, plot: _Plot, setting: Setting) -> Iterator[LineMark]:
    if curve.iterations.size < 2:  # noqa: PLR2004 (a line needs two points)
        return
    columns = reduce_columns(curve.iterations, curve.training_losses, plot.across)
    mean = _smoothed(columns.mean, max(1, round(_SMOOTH_SHARE * plot.across.length_px)))
    xs, ys = np.arange(mean.size) + 0.5 + plot.left, plot.place(0.0, np.nan_to_num(mean, nan=0.0))[1]
    shown = np.where(np.isfinite(mean), ys, np.nan)
    width = 0.7 * setting.theme.line_px("graph", setting.module_px)
    yield line_through(xs, shown, width, setting.colour("section", curve.section), opacity=_TRAINING_OPACITY)


def _smoothed(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """Mean over `window` neighbours on either side, of those that there are; NaN stays NaN."""
    there = np.isfinite(values)
    sums = np.convolve(np.where(there, values, 0.0), np.ones(2 * window + 1), mode="same")[: values.size]
    counts = np.convolve(there.astype(np.float64), np.ones(2 * window + 1), mode="same")[: values.size]
    return np.where(there, sums / np.maximum(counts, 1.0), np.nan)


def _validation(curve: LossCurve, plot: _Plot, setting: Setting) -> Iterator[Mark]:
    colour = setting.colour("section", curve.section)
    good = np.isfinite(curve.validation_losses)
    xs, ys = plot.place(curve.validation_iterations[good], curve.validation_losses[good])
    width = 1.25 * setting.theme.line_px("graph", setting.module_px)
    yield line_through(xs, ys, width, colour)
    radius = 1.5 * width
    shown = range(xs.size) if xs.size <= _POINTS_UP_TO else [xs.size - 1]
    for index in shown:
        size = 1.45 * radius if index == xs.size - 1 else radius
        x, y = float(xs[index]), float(ys[index])
        yield BoxMark((x - size, y - size, x + size, y + size), colour, radius_px=size)
