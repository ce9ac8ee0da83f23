"""Series of numbers out of logs, ready to be drawn: chosen, smoothed, bounded, and what was odd about them.

This module owns which columns are drawn and where the axes begin and end. It does not know pixels or colours.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, LogError
from pipeline.picture.axis import Scale
from pipeline.picture.ticks import NATS_PER_BIT
from pipeline.tools.csv_dialect import LINE_NUMBER, Dialect
from pipeline.tools.csv_table import Table, read_table
from pipeline.tools.endpoints import STANDARD
from pipeline.tools.graph_options import MOST_SERIES, AxisOptions, GraphOptions, SeriesOptions

Floats = NDArray[np.float64]

_LOSS_WORDS: Final = ("loss", "nats")
_PADDING: Final = 0.04  # of the values' span, above and below
_SMOOTHING_SHARE: Final = 0.01


@dataclass(frozen=True)
class Series:
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


@dataclass(frozen=True)
class Span:
    """Where an axis begins and ends."""

    first: float
    last: float
    scale: Scale


@dataclass(frozen=True)
class GraphData:
    """All series, the ends of the axes, and what a person should know about the logs."""

    series: tuple[Series, ...]
    x_name: str
    x_span: Span
    y_spans: tuple[Span, ...]
    """One a panel."""
    rows: int
    notes: tuple[str, ...]


def load_graph_data(options: GraphOptions) -> GraphData:
    """Read the logs and find out what is to be drawn.

    Raises
    ------
    LogError
        A log, a column or its values can't be drawn.
    """
    notes: list[str] = []
    found: list[Series] = []
    rows = 0
    x_name = ""
    for number, path in enumerate(options.logs, 1):
        log = _load_log(path, number, options)
        rows += log.table.rows
        x_name = x_name or log.name_of(log.x)
        notes.extend(_table_notes(log, options))
        found.extend(_series(log, one, index, options) for one, index in log.chosen)
    found = [replace(one, index=index) for index, one in enumerate(found)]
    if not found:
        raise InputError("No series belongs to these logs.", where="series", expected="log = 1, 2, ...")
    if len(found) > MOST_SERIES:
        raise LogError(
            f"The logs hold {len(found)} series.", expected=f"at most {MOST_SERIES}", hint="Choose columns with -y."
        )
    found = _labelled(found, options)
    x_span = _x_span(found, options.x_axis)
    panels = max(one.options.panel for one in found)
    y_spans = tuple(_y_span(found, panel, options.y_axis(panel), x_span) for panel in range(panels))
    return GraphData(tuple(found), x_name, x_span, y_spans, rows, tuple(notes))


@dataclass(frozen=True)
class _Log:
    """One log, and what is wanted of it."""

    number: int  # among the logs, counted from 1
    table: Table
    x: int
    chosen: tuple[tuple[SeriesOptions, int], ...]

    def name_of(self, index: int) -> str:
        """The name of a column."""
        return self.table.dialect.names[index] if index >= 0 else LINE_NUMBER


def _load_log(path: str, number: int, options: GraphOptions) -> _Log:
    found: list[tuple[int, list[tuple[SeriesOptions, int]]]] = []

    def choose(dialect: Dialect) -> Sequence[int]:
        x, chosen = _choose(options, dialect, number, path)
        found.append((x, chosen))
        return [x, *(index for _, index in chosen)]

    table = read_table(path, options.dialect, choose)
    x, chosen = found[0]
    return _Log(number, table, x, tuple(chosen))


def _choose(
    options: GraphOptions, dialect: Dialect, number: int, path: str
) -> tuple[int, list[tuple[SeriesOptions, int]]]:
    """Find the columns of x and of the series in one log."""
    if len(dialect.names) == 1 and options.x != LINE_NUMBER:
        raise LogError(
            "The log has one column only.",
            where=path,
            expected="a column of x, and at least one of values",
            hint=f"Number the lines with  -x {LINE_NUMBER}  or name what stands between the columns with --delimiter.",
        )
    x_index = dialect.find(options.x, path) if options.x else _first_numbers(dialect)
    wanted = [one for one in options.series if one.log in {0, number}]
    if options.series:
        return x_index, [(one, dialect.find(one.column, path)) for one in wanted]
    numeric = [i for i, is_numeric in enumerate(dialect.numeric) if is_numeric and i != x_index]
    spoken = [i for i in numeric if _is_loss(dialect.names[i])]
    if not numeric:
        raise LogError(
            "No column but that of x holds numbers.",
            where=path,
            hint="If commas are its decimal points, say so with --decimal-comma.",
        )
    return x_index, [(SeriesOptions(dialect.names[i]), i) for i in spoken or numeric]


def _first_numbers(dialect: Dialect) -> int:
    """The first column of numbers, else the first of all."""
    return next((index for index, is_numeric in enumerate(dialect.numeric) if is_numeric), 0)


def _series(log: _Log, one: SeriesOptions, index: int, options: GraphOptions) -> Series:
    x, y = log.table.columns[log.x], log.table.columns[index]
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        raise _nothing_to_draw(log, index)
    in_bits = options.bits and _is_loss(log.name_of(index))
    factor = one.factor / (NATS_PER_BIT if in_bits else 1.0)
    x, y = (x, y) if usable.all() else (x[usable], y[usable])
    if factor != 1.0:
        y = y * factor
    _check_scale(x, options.x_axis, log, log.x)
    _check_scale(y, options.y_axis(one.panel - 1), log, index)
    smooth = _exponential_average(y, one.smoothing) if one.middle == "ema" else None
    name = "".join(character for character in log.name_of(index) if character.isprintable())
    return Series(x, y, smooth, one.label or name, one, log.number, in_bits)


def _is_loss(name: str) -> bool:
    return any(word in name.casefold() for word in _LOSS_WORDS)


def _nothing_to_draw(log: _Log, index: int) -> LogError:
    columns, where = log.table.columns, log.table.name
    empty = next((each for each in (log.x, index) if not np.isfinite(columns[each]).any()), None)
    if empty is None:
        return LogError(f"No row has both '{log.name_of(log.x)}' and '{log.name_of(index)}'.", where=where)
    oddities, hint = log.table.oddities[empty], ""
    if oddities.words:
        hint = f"Row {oddities.first_word_row + 1:,} says '{oddities.first_word[:40]}', which is no number."
        if "," in oddities.first_word:
            hint += " If commas are its decimal points, say so with --decimal-comma."
    return LogError(f"All values of the column '{log.name_of(empty)}' are missing.", where=where, hint=hint)


def _check_scale(values: Floats, axis: AxisOptions, log: _Log, index: int) -> None:
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


def _labelled(found: list[Series], options: GraphOptions) -> list[Series]:
    """Put the log's name before labels that several series share."""
    counts = Counter(one.label for one in found)
    result = []
    for one in found:
        path = options.logs[one.log - 1]
        stem = PurePath(path).name.removesuffix(".gz")
        stem = stem.rpartition(".")[0] or stem
        named = counts[one.label] > 1 and len(options.logs) > 1 and path != STANDARD
        result.append(replace(one, label=f"{stem}: {one.label}") if named else one)
    return result


def _x_span(found: Sequence[Series], axis: AxisOptions) -> Span:
    lowest = min(float(one.x.min()) for one in found)
    highest = max(float(one.x.max()) for one in found)
    return _span(lowest, highest, axis, padding=0.0, name="x")


def _y_span(found: Sequence[Series], panel: int, axis: AxisOptions, x_span: Span) -> Span:
    lows, highs = [], []
    for one in found:
        if one.options.panel == panel + 1:
            seen = (one.x >= x_span.first) & (one.x <= x_span.last)
            if seen.any():
                lows.append(float(one.y.min(where=seen, initial=math.inf)))
                highs.append(float(one.y.max(where=seen, initial=-math.inf)))
    if not lows:
        raise LogError(
            f"Panel {panel + 1} has nothing to show between {x_span.first:g} and {x_span.last:g}.",
            where="panels and the range of x",
            expected="a series in each panel, and values within the range",
        )
    return _span(min(lows), max(highs), axis, padding=_PADDING, name="y")


def _span(lowest: float, highest: float, axis: AxisOptions, *, padding: float, name: str) -> Span:
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
    return Span(first, last, axis.scale)


def _around(value: float, scale: Scale) -> tuple[float, float]:
    """Ends of an axis for one single value."""
    if scale == "log":
        return value / 2, value * 2
    room = abs(value) / 2 if value else 0.5
    first = value - room
    return (max(first, -0.5) if scale == "log1p" else first), value + room


def _far_enough(first: float, last: float) -> bool:
    """Whether numbers between the two can be told apart."""
    return (last - first) > 1e-12 * max(abs(first), abs(last))


def _table_notes(log: _Log, options: GraphOptions) -> list[str]:
    """Say what was odd about a log, one sentence each."""
    table = log.table
    notes = [f"{table.short_rows:,} rows end before the last column"] if table.short_rows else []
    for index, odd in table.oddities.items():
        counts = ((odd.missing, "missing"), (odd.not_a_number, "NaN"), (odd.infinite, "infinite"))
        said = [f"{count:,} {what}" for count, what in counts if count]
        if odd.words:
            said.append(f"{odd.words:,} no numbers (row {odd.first_word_row + 1:,}: '{odd.first_word[:40]}')")
        if said:
            notes.append(f"column '{log.name_of(index)}': {', '.join(said)}")
    steps = np.diff(table.columns[log.x])
    back, repeated = int(np.count_nonzero(steps < 0)), int(np.count_nonzero(steps == 0))
    notes += [f"x goes back in {back:,} rows"] if back else []
    notes += [f"x stays the same in {repeated:,} rows"] if repeated else []
    return [f"{table.name}: {note}" for note in notes] if len(options.logs) > 1 else notes
