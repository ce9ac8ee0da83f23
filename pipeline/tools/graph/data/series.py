"""Series of numbers out of logs, ready to be drawn: chosen, smoothed, bounded, and what was odd about them.

This module owns which columns are drawn and where the axes begin and end. It does not know pixels or colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, LogError
from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.time_ticks import TimeFormat
from pipeline.runtime.wording.plurals import counted
from pipeline.runtime.wording.units import NATS_PER_BIT
from pipeline.tables.column_words import is_loss
from pipeline.tables.dialect import LINE_NUMBER, Dialect
from pipeline.tables.kinds import is_value
from pipeline.tables.table import Table, read_table
from pipeline.tools.graph.data.columns import Choice, ChosenSeries, choose_columns
from pipeline.tools.graph.data.gaps import find_gaps
from pipeline.tools.graph.data.names import labelled, shown_name
from pipeline.tools.graph.data.times import as_seconds, common_clock
from pipeline.tools.graph.options import MOST_SERIES, AxisOptions, GraphOptions, SeriesOptions

Floats = NDArray[np.float64]

_PADDING: Final = 0.04  # of the values' span, above and below
_MOST_OTHER_SPELLINGS: Final = 0.01  # of the rows may be numbers in another spelling
_POINTS_PADDING: Final = 0.02  # the same at the sides, where points stand alone
_SMOOTHING_SHARE: Final = 0.01

MeanLine = Callable[[Floats, Floats, Axis], Floats]
"""From a series' points, x and y, shapes (points,), the heights of its line in the columns of an axis of x."""


@dataclass(frozen=True)
class GraphSeries:
    """One curve: shape (points,) each, finite in both."""

    x: Floats
    y: Floats
    smooth: Floats | None
    """The exponential average, where it is wanted."""
    label: str
    options: SeriesOptions
    log: int
    """The number of its log, counted from 1."""
    in_bits: bool = False
    """Whether nats were turned into bits."""
    index: int = 0
    """Its number among all, counted from 0: the theme's colours go by it."""
    band: tuple[Floats, Floats] | None = None
    """The lowest and highest values at each x, where the log has columns for them; as long as x."""
    gaps: Floats | None = None
    """Values of x where the log itself has a gap."""
    clock: TimeFormat | None = None
    """How the values are shown, where they are times."""
    mean_line: MeanLine | None = None
    """What the line shows, where the options don't say it."""


@dataclass(frozen=True)
class AxisRange:
    """Where an axis begins and ends."""

    first: float
    last: float
    scale: Scale


@dataclass(frozen=True)
class GraphData:
    """All series, the ends of the axes, and what a person should know about the logs."""

    series: tuple[GraphSeries, ...]
    x_name: str
    x_span: AxisRange
    y_spans: tuple[AxisRange, ...]
    """One a panel."""
    rows: int
    notes: tuple[str, ...]
    x_clock: TimeFormat | None = None
    """How x is shown, where it is a time."""
    y_clocks: tuple[TimeFormat | None, ...] = (None,)
    """The same, one a panel."""


def load_graph_data(options: GraphOptions, mean_line: MeanLine | None = None) -> GraphData:
    """Read the logs and find out what is to be drawn.

    `mean_line` is for all series in place of what their options say of their lines.

    Raises
    ------
    LogError
        A log, a column or its values can't be drawn.
    """
    if not options.logs:
        raise InputError("No log is named.", where="logs", expected="at least one file")
    notes: list[str] = []
    found: list[GraphSeries] = []
    clocks: list[tuple[TimeFormat | None, str]] = []
    rows, x_name = 0, ""
    for number, path in enumerate(options.logs, 1):
        log = _load_log(path, number, options)
        rows += log.table.rows
        x_name = x_name or shown_name(log.name_of(log.choice.x), in_bits=False)
        clocks.append((log.x_clock, log.table.name))
        notes.extend(_log_notes(log, options))
        found.extend(_series(log, one, options) for one in log.choice.series)
    if not found:
        raise InputError("No series belongs to these logs.", where="series", expected="log = 1, 2, ...")
    if len(found) > MOST_SERIES:
        raise LogError(
            f"The logs hold {len(found)} series.", expected=f"at most {MOST_SERIES}", hint="Choose columns with -y."
        )
    labels = labelled([(one.label, one.log, bool(one.options.label)) for one in found], options.logs)
    if mean_line is not None:
        found = [replace(one, mean_line=mean_line) for one in found]
    found = [replace(one, index=at, label=label) for at, (one, label) in enumerate(zip(found, labels, strict=True))]
    x_span = _x_span(found, options)
    panels = range(max(one.options.panel for one in found))
    y_spans = tuple(_y_span(found, panel, options.y_axis(panel), x_span) for panel in panels)
    y_clocks = tuple(_y_clock(found, panel) for panel in panels)
    return GraphData(tuple(found), x_name, x_span, y_spans, rows, tuple(notes), common_clock(clocks), y_clocks)


@dataclass(frozen=True, eq=False)
class LabelledCurve:
    """A curve that comes from no log: shapes (points,), x ascending; where y is no number it has a gap."""

    label: str
    x: NDArray[np.int64]
    y: Floats
    colour: str


def graph_of_curves(curves: Sequence[LabelledCurve], options: GraphOptions) -> GraphData:
    """Prepare curves for drawing; each has a finite point at least.

    Raises
    ------
    InputError
        The axes can't be as they are wanted.
    """
    found: list[GraphSeries] = []
    for number, one in enumerate(curves):
        x, known = one.x.astype(np.float64), np.isfinite(one.y)
        gaps = None if known.all() else x[~known]
        own = SeriesOptions(column=one.label, colour=one.colour)
        found.append(GraphSeries(x[known], one.y[known], None, one.label, own, 1, index=number, gaps=gaps))
    x_span = _x_span(found, options)
    y_span = _y_span(found, 0, options.y_axis(0), x_span)
    return GraphData(tuple(found), "", x_span, (y_span,), max(one.x.size for one in curves), ())


@dataclass(frozen=True)
class _LogRequest:
    """One log, and what is wanted of it."""

    number: int  # among the logs, counted from 1
    table: Table
    choice: Choice
    x: Floats
    x_clock: TimeFormat | None

    def name_of(self, index: int) -> str:
        """The name of a column."""
        return self.table.dialect.names[index] if index >= 0 else LINE_NUMBER


def _load_log(path: str, number: int, options: GraphOptions) -> _LogRequest:
    found: list[Choice] = []

    def choose(dialect: Dialect) -> Sequence[int]:
        found.append(choose_columns(options, dialect, number, path))
        return found[0].indices

    table = read_table(path, options.dialect, choose)
    x, clock = as_seconds(table.columns[found[0].x], found[0].x, table.dialect)
    return _LogRequest(number, table, found[0], x, clock)


def _series(log: _LogRequest, chosen: ChosenSeries, options: GraphOptions) -> GraphSeries:
    one, index = chosen.options, chosen.index
    x, y = log.x, log.table.columns[index]
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        raise _nothing_to_draw(log, index)
    for each in (log.choice.x, index):
        _check_spelling(log, each)
    in_bits = options.bits and is_loss(log.name_of(index))
    factor = one.factor / (NATS_PER_BIT if in_bits else 1.0)
    gaps = None if usable.all() else find_gaps(x, y, usable)
    band = _band(log, chosen, usable, factor)
    x, y = (x, y) if usable.all() else (x[usable], y[usable])
    if factor != 1.0:
        y = y * factor
    _check_scale(x, options.x_axis, log, log.choice.x)
    for values in (y, *(band or ())):
        _check_scale(values, options.y_axis(one.panel - 1), log, index)
    smooth = _exponential_average(y, one.smoothing) if one.middle == "ema" else None
    label = one.label or shown_name(log.name_of(index), in_bits=in_bits)
    is_span = index >= 0 and log.table.dialect.columns[index].kind == "span" and factor == 1.0
    clock = TimeFormat(is_span=True) if is_span else None
    return GraphSeries(x, y, smooth, label, one, log.number, in_bits, band=band, gaps=gaps, clock=clock)


def _band(
    log: _LogRequest, chosen: ChosenSeries, usable: NDArray[np.bool_], factor: float
) -> tuple[Floats, Floats] | None:
    """The ends of a series' band at its points; where the log leaves one out, the point itself."""
    if chosen.low is None or chosen.high is None:
        return None
    columns = log.table.columns
    low, middle, high = (columns[each][usable] * factor for each in (chosen.low, chosen.index, chosen.high))
    low, high = (np.where(np.isfinite(end), end, middle) for end in (low, high))
    return np.minimum(np.minimum(low, high), middle), np.maximum(np.maximum(low, high), middle)


def _nothing_to_draw(log: _LogRequest, index: int) -> LogError:
    columns, where = {**log.table.columns, log.choice.x: log.x}, log.table.name
    empty = next((each for each in (log.choice.x, index) if not np.isfinite(columns[each]).any()), None)
    if empty is None:
        names = f"'{log.name_of(log.choice.x)}' and '{log.name_of(index)}'"
        return LogError(f"No row has both {names}.", where=where)
    diagnostics, hint = log.table.diagnostics[empty], ""
    if diagnostics.words:
        hint = f"Row {diagnostics.first_word_row + 1:,} says '{diagnostics.first_word[:40]}', which is no number."
        hint += _other_spelling(diagnostics.first_word)
    return LogError(f"All values of the column '{log.name_of(empty)}' are missing.", where=where, hint=hint)


def _check_spelling(log: _LogRequest, index: int) -> None:
    """Refuse a column of which more than single rows would be lost for their spelling."""
    found, name = log.table.diagnostics[index], log.name_of(index)
    if found.words > _MOST_OTHER_SPELLINGS * log.table.rows and (hint := _other_spelling(found.first_word)):
        raise LogError(
            f"{found.words:,} rows of the column '{name}' are written in another way than its first rows.",
            where=f"{log.table.name}, row {found.first_word_row + 1:,}: '{found.first_word[:40]}'",
            expected="numbers written in one way",
            hint=hint.strip(),
        )


def _other_spelling(word: str) -> str:
    """What may help where a word is a number in another spelling."""
    if not is_value(word.strip()) or ":" in word:
        return ""
    flag = "--decimal-comma" if "," in word else "--decimal-point"
    return f" If it is one after all, say how numbers are written with {flag}."


def _check_scale(values: Floats, axis: AxisOptions, log: _LogRequest, index: int) -> None:
    floor = {"linear": -math.inf, "log": 0.0, "log1p": -1.0}[axis.scale]
    lowest = float(values.min())
    if lowest <= floor:
        raise LogError(
            f"A {axis.scale} axis has no room for {lowest:g}, the lowest value of '{log.name_of(index)}'.",
            where=log.table.name,
            expected=f"values above {floor:g}",
            hint="Choose the scale log1p, which has room for 0." if floor == lowest == 0 else "Choose a linear scale.",
        )


def _exponential_average(values: Floats, smoothing: float) -> Floats:
    """An exponential moving average without the pull of its start (the debiasing of Kingma and Ba, 2015)."""
    from scipy.signal import lfilter  # noqa: PLC0415  # takes longer to load than most graphs to draw

    back = smoothing or max(1.0, _SMOOTHING_SHARE * values.size)
    keep = math.exp(-1.0 / back)
    average: Floats = lfilter([1.0 - keep], [1.0, -keep], values) / -np.expm1(
        np.arange(1, values.size + 1) * math.log(keep)
    )
    return average


def _x_span(found: Sequence[GraphSeries], options: GraphOptions) -> AxisRange:
    padding = _POINTS_PADDING if options.join == "none" else 0.0
    lowest = min(float(one.x.min()) for one in found)
    highest = max(float(one.x.max()) for one in found)
    return _span(lowest, highest, options.x_axis, padding=padding, name="x")


def _y_clock(found: Sequence[GraphSeries], panel: int) -> TimeFormat | None:
    clocks = [one.clock for one in found if one.options.panel == panel + 1]
    return clocks[0] if clocks and all(clock is not None for clock in clocks) else None


def _y_span(found: Sequence[GraphSeries], panel: int, axis: AxisOptions, x_span: AxisRange) -> AxisRange:
    lows, highs = [], []
    for one in found:
        if one.options.panel == panel + 1:
            seen = (one.x >= x_span.first) & (one.x <= x_span.last)
            if seen.any():
                low, high = one.band or (one.y, one.y)
                lows.append(float(low.min(where=seen, initial=math.inf)))
                highs.append(float(high.max(where=seen, initial=-math.inf)))
    if not lows:
        raise LogError(
            f"Panel {panel + 1} has nothing to show between {x_span.first:g} and {x_span.last:g}.",
            where="panels and the range of x",
            expected="a series in each panel, and values within the range",
        )
    return _span(min(lows), max(highs), axis, padding=_PADDING, name="y")


def _span(lowest: float, highest: float, axis: AxisOptions, *, padding: float, name: str) -> AxisRange:
    """Choose an axis's ends: what was asked for, else the values' own with some room around them."""
    first, last = lowest, highest
    if first == last:
        first, last = _around(first, axis.scale)
    elif axis.scale == "log":
        room = (last / first) ** padding
        first, last = first / room, last * room
    else:
        room = (last - first) * padding
        first, last = first - room * (lowest < 0 or first > room), last + room
    first = axis.low if axis.low is not None else first
    last = axis.high if axis.high is not None else last
    if not (first < last and math.isfinite(last - first) and _far_enough(first, last)):
        raise InputError(
            f"The {name} axis can't reach from {first:g} to {last:g}.",
            where=f"range of {name}",
            expected=f"a range that holds values; those of the log lie between {lowest:g} and {highest:g}",
        )
    return AxisRange(first, last, axis.scale)


def _around(value: float, scale: Scale) -> tuple[float, float]:
    """Ends of an axis for one single value."""
    if scale == "log":
        return value / 2, value * 2
    room = abs(value) / 2 if value else 0.5
    first = value - room
    return (max(first, -0.5) if scale == "log1p" else first), value + room


def _far_enough(first: float, last: float) -> bool:
    """Whether numbers between the two can be distinguished."""
    return (last - first) > 1e-12 * max(abs(first), abs(last))


def _log_notes(log: _LogRequest, options: GraphOptions) -> list[str]:
    """Say what was odd about a log, one sentence each."""
    table = log.table
    notes = [*table.notes, *log.choice.notes]
    notes += [f"{counted(table.short_rows, 'row')} without the last column"] if table.short_rows else []
    for index, found in table.diagnostics.items():
        counts = ((found.missing, "missing"), (found.not_a_number, "NaN"), (found.infinite, "infinite"))
        parts = [f"{count:,} {what}" for count, what in counts if count]
        if found.words:
            parts.append(f"{found.words:,} no numbers (row {found.first_word_row + 1:,}: '{found.first_word[:40]}')")
        if parts:
            notes.append(f"column '{log.name_of(index)}': {', '.join(parts)}")
    steps = np.diff(log.x)
    back, repeated = int(np.count_nonzero(steps < 0)), int(np.count_nonzero(steps == 0))
    notes += [f"x goes back in {counted(back, 'row')}"] if back else []
    notes += [f"x stays the same in {counted(repeated, 'row')}"] if repeated else []
    return [f"{table.name}: {note}" for note in notes] if len(options.logs) > 1 else notes
