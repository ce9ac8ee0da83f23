"""Where everything in a graph stands: panels, ticks, words. The same for pictures of pixels and of vectors.

This module owns sizes, margins and places, in pixels. It does not know how anything is painted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.ticks import Tick, choose_ticks
from pipeline.picture.plotting.time_ticks import TimeFormat, choose_time_ticks
from pipeline.picture.text.typesetting import TextStyle
from pipeline.tools.graph.data.series import AxisRange, GraphData, GraphSeries
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.palette import Colour, parse_colour
from pipeline.tools.graph.theme import GraphTheme

_TEXT_SHARE: Final = 1 / 48  # of the shorter side
_SMALLEST_TEXT_PX, _LARGEST_TEXT_PX = 9.0, 120.0
_THINNEST_LINE_PX: Final = 1.8  # thinner ones pale against their bands
_TITLE: Final = 1.5  # sizes of text, as multiples of the text's own
_FEWEST_TEXTS: Final = (14, 7)  # a picture must be this many text sizes wide and high to have words at all
_WIDE: Final = 4  # pictures that are so much wider than high have numbers on both sides

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Label:
    """A line of text: its pen starts at `x`, on the baseline `y`."""

    text: str
    style: TextStyle
    colour: Colour
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Rectangle:
    """A filled rectangle on whole pixels."""

    x: int
    y: int
    width: int
    height: int
    colour: Colour


@dataclass(frozen=True)
class PanelLayout:
    """One panel: its place, axes, ticks and series."""

    left: int
    top: int
    x_axis: Axis
    y_axis: Axis
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[GraphSeries, ...]

    @property
    def width(self) -> int:
        """In pixels."""
        return self.x_axis.length_px

    @property
    def height(self) -> int:
        """In pixels."""
        return self.y_axis.length_px


@dataclass(frozen=True)
class Layout:
    """A whole graph."""

    width: int
    height: int
    text_px: float
    panels: tuple[PanelLayout, ...]
    labels: tuple[Label, ...]
    rectangles: tuple[Rectangle, ...]

    @property
    def hair_px(self) -> int:
        """The width of the thinnest lines."""
        return max(1, round(self.text_px / 20))

    @property
    def line_px(self) -> float:
        """The width of a curve's line."""
        return max(_THINNEST_LINE_PX, self.text_px / 8)


def series_colour(series: GraphSeries, theme: GraphTheme) -> Colour:
    """The colour of a curve: its own, else the theme's next."""
    own = series.options.colour
    return parse_colour(own) if own else theme.series[series.index % len(theme.series)]


def text_size(options: GraphOptions) -> float:
    """The size of text in pixels: what was asked for, else by the picture's shorter side."""
    if options.text_px:
        return options.text_px
    share = min(options.width, options.height) * _TEXT_SHARE
    return min(max(share, _SMALLEST_TEXT_PX), _LARGEST_TEXT_PX)


def lay_out(data: GraphData, options: GraphOptions, theme: GraphTheme) -> Layout:
    """Find a place for everything."""
    return _LayoutBuilder(data, options, theme).layout()


class _LayoutBuilder:
    """Measures words, and stacks up what takes room."""

    def __init__(self, data: GraphData, options: GraphOptions, theme: GraphTheme) -> None:
        self.data, self.options, self.theme = data, options, theme
        self.size = text_size(options)
        wide, high = _FEWEST_TEXTS
        self.has_text = options.width >= wide * self.size and options.height >= high * self.size
        self.style = TextStyle(self.size, tabular=True)
        self.labels: list[Label] = []
        self.rectangles: list[Rectangle] = []

    def layout(self) -> Layout:
        bare = Layout(self.options.width, self.options.height, self.size, (), (), ())
        top = self._title_px() if self.has_text else 0
        bottom = self._bottom()
        boxes = self._panel_rows(top, bottom)
        y_ticks = [
            self._ticks(self._axis(span, height), clock, standing=True)
            for span, clock, (_, height) in zip(self.data.y_spans, self.data.y_clocks, boxes, strict=True)
        ]
        left, right = self._sides(y_ticks)
        x_axis = self._axis(self.data.x_span, max(1, self.options.width - left - right))
        x_ticks = self._ticks(x_axis, self.data.x_clock, standing=False)
        panels = []
        for number, ((panel_top, height), ticks) in enumerate(zip(boxes, y_ticks, strict=True)):
            series = tuple(one for one in self.data.series if one.options.panel == number + 1)
            y_axis = self._axis(self.data.y_spans[number], height)
            panels.append(PanelLayout(left, panel_top, x_axis, y_axis, x_ticks, ticks, series))
            if self.has_text:
                self._panel_labels(panels[-1], number, bare.line_px)
                self._tick_marks(panels[-1], bare.hair_px, last=number == len(boxes) - 1)
        if self.has_text:
            self._title(left)
            self._x_labels(panels[-1])
        return replace(bare, panels=tuple(panels), labels=tuple(self.labels), rectangles=tuple(self.rectangles))

    def _axis(self, span: AxisRange, length_px: int) -> Axis:
        return Axis(span.first, span.last, length_px, span.scale)

    def _add_label(
        self,
        text: str,
        x: float,
        y: float,
        *,
        anchor: Anchor = "start",
        muted: bool = False,
        style: TextStyle | None = None,
    ) -> float:
        """Put words somewhere and return their width."""
        style = style or self.style
        width = self.theme.typesetter.measure(text, style)
        pen = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        self.labels.append(Label(text, style, self.theme.muted if muted else self.theme.text, pen, y, width))
        return width

    def _title_style(self) -> TextStyle:
        style = TextStyle(self.size * _TITLE, weight=600)
        room = self.options.width - 4 * self.size
        return self.theme.typesetter.fit(self.options.title, style, room, lines=1).style

    def _title_px(self) -> int:
        """The room above the panels."""
        return _even(self.size + (self._title_style().size_px * 1.6 if self.options.title else 0.0))

    def _title(self, left: int) -> None:
        if self.options.title:
            style = self._title_style()
            room = self.options.width - self.theme.typesetter.measure(self.options.title, style) - self.size
            self._add_label(self.options.title, min(left, max(room, self.size)), self.size + style.size_px, style=style)

    def _bottom(self) -> int:
        """How much room the numbers and the name of x take."""
        if not self.has_text:
            return 0
        return round(self.size * (3.6 if self._x_label() else 2.2))

    def _x_label(self) -> str:
        axis, span, clock = self.options.x_axis, self.data.x_span, self.data.x_clock
        context = clock.context(span.first, span.last) if clock else ""
        return _with_unit(axis.label or self.data.x_name, axis.unit or context)

    def _y_label(self, panel: int) -> str:
        axis = self.options.y_axis(panel)
        inside = [one for one in self.data.series if one.options.panel == panel + 1]
        unit = axis.unit or ("bits" if all(one.in_bits for one in inside) else "")
        span, clock = self.data.y_spans[panel], self.data.y_clocks[panel]
        if clock and not unit:
            unit = clock.context(span.first, span.last)
        alone = inside[0].label if len(inside) == 1 and not self._has_legend(panel) else ""
        return _with_unit(axis.label or alone, unit)

    def _has_legend(self, panel: int) -> bool:
        if self.options.legend is not None:
            return self.options.legend
        return sum(one.options.panel == panel + 1 for one in self.data.series) > 1

    def _panel_rows(self, top: int, bottom: int) -> list[tuple[int, int]]:
        """Top and height of each panel."""
        count = len(self.data.y_spans)
        heads = [self._head_px(panel) if self.has_text else 0 for panel in range(count)]
        between = _even(self.size) if self.has_text else max(1, round(self.options.height / 100))
        room = self.options.height - top - bottom - sum(heads) - between * (count - 1)
        boxes, at = [], top
        for panel in range(count):
            at += heads[panel]
            height = max(1, room // count // 2 * 2 if self.has_text else room // count)
            boxes.append((at, height))
            at += height + between
        return boxes

    def _head_px(self, panel: int) -> int:
        """The room above a panel for its name and legend."""
        if not (self._y_label(panel) or self._has_legend(panel)):
            return _even(self.size * 0.4)
        rows = self._legend_rows(panel) if self._has_legend(panel) else 1
        return _even(self.size * 1.7 * rows)

    def _legend_items(self, panel: int) -> list[tuple[GraphSeries, float]]:
        """The series of a panel, and how wide their places in the legend are."""
        measure = self.theme.typesetter.measure
        inside = [one for one in self.data.series if one.options.panel == panel + 1]
        return [(one, measure(one.label, self.style) + self.size * 3.4) for one in inside]

    def _legend_start(self, panel: int) -> float:
        label = self._y_label(panel)
        return self.theme.typesetter.measure(label, self.style) + 2 * self.size if label else 0.0

    def _legend_rows(self, panel: int) -> int:
        room = self.options.width - 4 * self.size
        rows, at = 1, self._legend_start(panel)
        for _, width in self._legend_items(panel):
            if at > 0 and at + width > room:
                rows, at = rows + 1, 0.0
            at += width
        return rows

    def _ticks(self, axis: Axis, clock: TimeFormat | None, *, standing: bool) -> tuple[Tick, ...]:
        def measure(text: str) -> float:
            return self.size if standing else self.theme.typesetter.measure(text, self.style)

        gap_px = (1.4 if standing else 1.8) * self.size
        if clock is not None and clock.fits(axis.first, axis.last):
            return choose_time_ticks(axis, clock, measure_px=measure, gap_px=gap_px)
        return choose_ticks(axis, measure_px=measure, gap_px=gap_px, style=self.options.numbers)

    def _sides(self, y_ticks: list[tuple[Tick, ...]]) -> tuple[int, int]:
        """The room left and right of the panels."""
        if not self.has_text:
            return 0, 0
        widest = max(
            (self.theme.typesetter.measure(tick.label, self.style) for ticks in y_ticks for tick in ticks), default=0.0
        )
        left = _even(widest + 2.0 * self.size)
        if self.options.width >= _WIDE * self.options.height:
            return left, left
        last = "00:00:00" if self.data.x_clock else f"{self.data.x_span.last:,.0f}"
        return left, round(max(1.6 * self.size, self.theme.typesetter.measure(last, self.style) / 2 + 0.6 * self.size))

    def _panel_labels(self, panel: PanelLayout, number: int, line_px: float) -> None:
        """The panel's name and legend above it, its numbers beside it."""
        baseline = panel.top - self._head_px(number) + self.size * 1.15
        label = self._y_label(number)
        if label:
            self._add_label(label, panel.left, baseline, muted=True)
        if self._has_legend(number):
            self._legend(panel, number, baseline, line_px)
        middle = self.theme.typesetter.cap_height(self.style) / 2
        for tick in panel.y_ticks:
            if tick.major:
                y = panel.top + panel.height - tick.position_px + middle
                self._add_label(tick.label, panel.left - 0.7 * self.size, y, anchor="end", muted=True)
                if self.options.width >= _WIDE * self.options.height:
                    self._add_label(tick.label, panel.left + panel.width + 0.7 * self.size, y, muted=True)

    def _legend(self, panel: PanelLayout, number: int, baseline: float, line_px: float) -> None:
        room = self.options.width - 4 * self.size
        at = self._legend_start(number)
        for one, width in self._legend_items(number):
            if at > 0 and at + width > room:
                at, baseline = 0.0, baseline + self.size * 1.7
            self._swatch(one, round(panel.left + at), baseline, line_px)
            self._add_label(one.label, panel.left + at + self.size * 1.8, baseline)
            at += width

    def _swatch(self, one: GraphSeries, x: int, baseline: float, line_px: float) -> None:
        """A short piece of the curve: its band, and its line over it."""
        red, green, blue, opacity = series_colour(one, self.theme)
        width, height = round(self.size * 1.3), round(self.size * 0.62)
        y = round(baseline - self.theme.typesetter.cap_height(self.style) / 2)
        if one.options.band:
            faint = (red, green, blue, opacity * one.options.opacity)
            self.rectangles.append(Rectangle(x, y - height // 2, width, height, faint))
        if one.options.middle != "none":
            thick = max(1, min(round(one.options.width_px or line_px), height))
            self.rectangles.append(Rectangle(x, y - thick // 2, width, thick, (red, green, blue, opacity)))

    def _tick_marks(self, panel: PanelLayout, hair: int, *, last: bool) -> None:
        long, short = round(self.size * 0.34), round(self.size * 0.18)
        for tick in panel.x_ticks if last else ():
            x = panel.left + min(round(tick.position_px), panel.width - 1) - hair // 2
            length = long if tick.major else short
            self.rectangles.append(Rectangle(x, panel.top + panel.height, hair, length, self.theme.muted))
        for tick in panel.y_ticks:
            row = panel.height - 1 - min(round(tick.position_px), panel.height - 1)
            y = panel.top + row + hair // 2 - (hair - 1)
            length = long if tick.major else short
            self.rectangles.append(Rectangle(panel.left - length, y, length, hair, self.theme.muted))

    def _x_labels(self, panel: PanelLayout) -> None:
        """The numbers below the lowest panel, and the name of x."""
        baseline = panel.top + panel.height + self.size * 1.45
        for tick in panel.x_ticks:
            if tick.major:
                half = self.theme.typesetter.measure(tick.label, self.style) / 2
                x = min(max(panel.left + tick.position_px, half + 2), self.options.width - half - 2)
                self._add_label(tick.label, x, baseline, anchor="middle", muted=True)
        label = self._x_label()
        if label:
            self._add_label(
                label, panel.left + panel.width / 2, baseline + self.size * 1.5, anchor="middle", muted=True
            )


def _even(pixels: float) -> int:
    """Round to an even number: in films, colours are stored for pairs of pixels."""
    return 2 * round(pixels / 2)


def _with_unit(label: str, unit: str) -> str:
    if unit.casefold() in re.split(r"[\W_]+", label.casefold()):  # as in training_loss_bits
        return label
    return f"{label} ({unit})" if label and unit else label or unit
