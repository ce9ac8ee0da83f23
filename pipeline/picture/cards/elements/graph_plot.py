"""A graph's plot on a card: its axes, the grid at their ticks, the labels around it, and keys of its curves.

This module owns where a plot stands among its labels. It does not know which curves lie in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.drawing.marks import BoxMark, LineMark, Mark, TextMark, line_through
from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.loss_columns import logged_columns
from pipeline.picture.plotting.number_style import number_style
from pipeline.picture.plotting.ticks import Tick, choose_ticks
from pipeline.picture.text.typesetting import TextStyle
from pipeline.picture.theme.curve_colours import CurveLook

UNIFORM_BITS: Final = 8.0
"""What guessing evenly among 256 bytes costs: losses above it are the exception and don't set the scale."""
ABOVE_EM: Final = 1.7
BELOW_EM: Final = 3.2
"""Room for words above and below the plot, in sizes of their type."""
RIGHT_EM: Final = 1.2
"""Room for half of the last number at its right."""
_LEFT_EM: Final = 0.8
_LARGEST_TYPE: Final = 0.1
"""Type takes at most this share of the height, so that half of it is left for the plot, and half that of the width."""
_LOSS_TICKS_APART_EM: Final = 1.6
_WORDS_EM, _BETWEEN_KEYS_EM = 1.4, 1.2
"""Where the words beside a key's stroke begin, and what lies between two keys, in sizes of their type."""
_SMALLEST_KEYS: Final = 0.7
"""Keys that would have to be smaller are left out, from the end."""
_SHRINK: Final = 0.96
_DASHES: Final = ((0.0, 0.4), (0.6, 1.0))
_DASH_WIDTHS: Final = 4.0
"""Length of a dash, and of the gap after it, in widths of the line."""
Keys = Sequence[tuple[str, CurveLook]]


@dataclass(frozen=True)
class PlotArea:
    """One plot: its place in pixels, its axes, their ticks, and the words above it and below its numbers."""

    left: float
    top: float
    across: Axis
    up: Axis
    widths: tuple[Tick, ...]
    """None where another graph stands below, which has them."""
    heights: tuple[Tick, ...]
    words: str
    """What its losses are."""
    below: str = ""
    """What the numbers along its foot count."""

    def place(self, iterations: npt.ArrayLike, losses: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], ...]:
        """Pixels of points; what lies beside the plot is brought to its edge."""
        xs = np.clip(self.across.position_px(iterations), 0, self.across.length_px)
        return self.left + xs, self.rows(losses)

    def line_of(
        self, iterations: npt.NDArray[np.int64], losses: npt.NDArray[np.floating], *, has_gaps: bool
    ) -> tuple[npt.NDArray[np.float64], ...]:
        """Pixels of the line through points, of which there may be far more than columns.

        Parameters
        ----------
        has_gaps
            Whether the line breaks where a loss is no number.
        """
        if has_gaps and losses.size > self.across.length_px:
            mean = logged_columns(iterations, losses, self.across).mean
            return self.left + np.arange(0.5, mean.size), self.rows(mean)
        kept = np.isfinite(losses) if not has_gaps else np.ones(losses.size, dtype=np.bool_)
        return self.place(iterations[kept], np.where(np.isfinite(losses[kept]), losses[kept], np.nan))

    def rows(self, losses: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Rows of losses; what lies beside the plot is brought to its edge, NaN stays NaN."""
        ys: npt.NDArray[np.float64] = np.clip(self.up.position_px(losses), 0, self.up.length_px)
        return self.top + self.up.length_px - ys


def plot_style(setting: Setting, name: str, width_px: float, height_px: float) -> TextStyle:
    """The type of a graph's labels: the style's, smaller where the graph is small."""
    style = setting.text_style(name)
    return style.scaled(min(1.0, _LARGEST_TYPE * min(height_px, width_px / 2) / style.size_px))


def left_px(setting: Setting, style: TextStyle, ticks: tuple[Tick, ...], *, least: str = "") -> float:
    """How much room the losses' numbers need at the left: that of `least` at least, so that plots can stand in line."""
    labels = [least, *(tick.label for tick in ticks)]
    return max(setting.typesetter.measure(label, style) for label in labels) + _LEFT_EM * style.size_px


def loss_ticks(up: Axis, setting: Setting, em: float, apart_em: float = _LOSS_TICKS_APART_EM) -> tuple[Tick, ...]:
    """Ticks of losses."""
    return choose_ticks(
        up, measure_px=lambda _: em, gap_px=apart_em * em, style=number_style(setting.language), minor=False
    )


def time_ticks(across: Axis, setting: Setting, style: TextStyle) -> tuple[Tick, ...]:
    """Ticks of iterations."""

    def measure(label: str) -> float:
        return setting.typesetter.measure(label, style)

    return choose_ticks(
        across,
        measure_px=measure,
        gap_px=1.4 * style.size_px,
        style=number_style(setting.language),
        minor=False,
        least_step=1,
    )


def grid(plot: PlotArea, setting: Setting, style: TextStyle, colour: str) -> Iterator[Mark]:
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
    end = right + RIGHT_EM * em
    for tick in plot.widths:
        half = measure(tick.label, style) / 2
        x = min(max(plot.left + tick.position_px, half), end - half)
        yield TextMark(x - half, foot + 0.75 * em + cap, tick.label, style, colour)
    if plot.widths:
        yield TextMark(right - measure(plot.below, style), foot + 2.15 * em + cap, plot.below, style, colour)
    yield TextMark(0.0, plot.top - ABOVE_EM * em + cap, plot.words, style, colour)


def curve_keys(
    setting: Setting, style: TextStyle, colour: str, keys: Keys, beside: tuple[str, float]
) -> Iterator[Mark]:
    """Draw keys above a graph, in what room its title leaves.

    Parameters
    ----------
    style, colour
        Of all words.
    keys
        Each curve's name and look.
    beside
        The title that stands above the graph, and the width of both in pixels.
    """
    title, width_px = beside
    left = setting.typesetter.measure(title, style) + _BETWEEN_KEYS_EM * style.size_px if title else 0.0
    baseline = setting.typesetter.cap_height(style)
    small, shown = _fitted(setting, style, keys, width_px - left)
    middle, half = baseline - setting.typesetter.cap_height(small) / 2, max(1.0, 0.075 * small.size_px)
    for name, look in shown:
        for begin, end in _DASHES if look.is_dashed else ((0.0, 1.0),):
            box = (left + begin * small.size_px, middle - half, left + end * small.size_px, middle + half)
            yield BoxMark(box, look.colour, radius_px=half)
        yield TextMark(left + _WORDS_EM * small.size_px, baseline, name, small, colour)
        left += setting.typesetter.measure(name, small) + (_WORDS_EM + _BETWEEN_KEYS_EM) * small.size_px


def _fitted(setting: Setting, style: TextStyle, keys: Keys, width_px: float) -> tuple[TextStyle, Keys]:
    small, shown = style, list(keys)
    while shown and _width_px(setting, small, shown) > width_px:
        if small.size_px * _SHRINK >= _SMALLEST_KEYS * style.size_px:
            small = small.scaled(_SHRINK)
        else:
            shown.pop()
    return small, shown


def _width_px(setting: Setting, style: TextStyle, keys: Keys) -> float:
    words = sum(setting.typesetter.measure(name, style) for name, _ in keys)
    return words + (len(keys) * (_WORDS_EM + _BETWEEN_KEYS_EM) - _BETWEEN_KEYS_EM) * style.size_px


def dashed_line(
    xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], width_px: float, colour: str
) -> Iterator[LineMark]:
    """A line through a point in every pixel column, in dashes."""
    dash = max(1, round(_DASH_WIDTHS * width_px))
    ys = np.where(np.arange(ys.size) % (2 * dash) < dash, ys, np.nan)
    yield line_through(xs, ys, width_px, colour)
