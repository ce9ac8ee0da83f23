"""Ticks of time: round moments of the clock and the calendar, and round lengths of time.

This module owns which moments to mark along an axis of seconds, and how to write them. It does not know fonts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.ticks import Tick, TickSet, fit_ticks
from pipeline.runtime.wording.units import clock_text

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_MONDAY_S: Final = 4 * _DAY  # 1970-01-05, the first Monday of the count
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS_A_YEAR: Final = 12
_MOST_TICKS: Final = 20_000
_NEARLY_STRAIGHT: Final = 4.0  # within so little of a logarithmic axis, even steps mark it better
# Steps in seconds, each with that of its minor ticks.
_BELOW_A_SECOND: Final = tuple(
    (mantissa * 10.0**exponent, mantissa * 10.0**exponent / (4 if mantissa == 2 else 5))  # noqa: PLR2004  # quarters of 2
    for exponent in range(-6, 0)
    for mantissa in (1, 2, 5)
)
_SECONDS: Final = (
    *_BELOW_A_SECOND,
    (1, 0.2), (2, 0.5), (5, 1), (10, 2), (15, 5), (30, 10),
    (_MINUTE, 10), (2 * _MINUTE, 30), (5 * _MINUTE, _MINUTE), (10 * _MINUTE, 2 * _MINUTE), (15 * _MINUTE, 5 * _MINUTE),
    (30 * _MINUTE, 10 * _MINUTE), (_HOUR, 10 * _MINUTE), (2 * _HOUR, 30 * _MINUTE), (3 * _HOUR, _HOUR),
    (6 * _HOUR, _HOUR), (12 * _HOUR, 3 * _HOUR),
)  # fmt: skip
_DAYS: Final = ((_DAY, 6 * _HOUR), (2 * _DAY, 12 * _HOUR), (7 * _DAY, _DAY), (14 * _DAY, 7 * _DAY))
_CALENDAR: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000)  # months
_EARLIEST_S, _LATEST_S = -6.2e10, 2.53e11  # within what the calendar of datetime holds
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimeFormat:
    """How the seconds of an axis are shown.

    Parameters
    ----------
    is_span
        Whether they are lengths of time; else moments, counted from 1970-01-01 UTC.
    offset_s
        How far the shown clock is ahead of UTC; None: the log doesn't say, and nothing is said.
    """

    is_span: bool = False
    offset_s: int | None = None

    def context(self, first: float, last: float) -> str:
        """What the labels of an axis leave out: the spelling of spans, or the day and the clock of moments."""
        if self.is_span:
            return "h:mm:ss" if _has_hours(first, last) else "m:ss"
        zone = "" if self.offset_s is None else _zone(self.offset_s)
        if not self.fits(first, last):
            return f"seconds since 1970{', ' * bool(zone)}{zone}"
        begin, end = self.moment(first), self.moment(last)
        if begin.date() == end.date():
            day = f"{begin.day} {_MONTHS[begin.month - 1]} {begin.year}"
        elif begin.year == end.year:
            day = str(begin.year)
        else:
            day = f"{begin.year}\N{EN DASH}{end.year}"
        return f"{day}, {zone}" if zone else day

    def moment(self, seconds: float) -> datetime:
        """The moment on the shown clock."""
        return _EPOCH + timedelta(seconds=seconds + (self.offset_s or 0))

    def fits(self, first: float, last: float) -> bool:
        """Whether the calendar holds all of an axis."""
        return self.is_span or (first > _EARLIEST_S and last < _LATEST_S)


def choose_time_ticks(
    axis: Axis, clock: TimeFormat, *, measure_px: Callable[[str], float], gap_px: float = 16.0, minor: bool = True
) -> tuple[Tick, ...]:
    """Choose the densest round times whose labels keep a gap between one another.

    Parameters
    ----------
    axis
        What is to be marked: seconds.
    clock
        How they are shown.
    measure_px, gap_px, minor
        As for `choose_ticks`.
    """
    return fit_ticks(axis, _candidates(axis, clock, axis.length_px / gap_px), measure_px, gap_px, minor=minor)


def _candidates(axis: Axis, clock: TimeFormat, most: float) -> Iterator[TickSet]:
    """Sets of ticks, the densest first; on a logarithmic axis first steps that grow with the time."""
    if clock.is_span and axis.scale != "linear" and axis.last > _NEARLY_STRAIGHT * max(axis.first, 0.0):
        yield from _growing(axis)
    shift = 0.0 if clock.is_span else float(clock.offset_s or 0)
    span = axis.last - axis.first
    for step, small in _all_steps(clock):
        if span / step > min(_MOST_TICKS, 2 * most + 2):
            continue
        origin = _MONDAY_S if not clock.is_span and step >= 7 * _DAY else 0.0
        values = _multiples(axis, step, shift, origin)
        if values:
            yield values, [_write(value, step, axis, clock) for value in values], _multiples(axis, small, shift, origin)
    if not clock.is_span:
        yield from _calendar(axis, clock, most)


def _all_steps(clock: TimeFormat) -> Iterator[tuple[float, float]]:
    yield from _SECONDS
    if not clock.is_span:
        yield from _DAYS
        return
    for exponent in range(12):
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**exponent * _DAY
            yield step, step / (4 if mantissa == 2 else 5)  # noqa: PLR2004  # quarters of 2


def _multiples(axis: Axis, step: float, shift: float, origin: float) -> list[float]:
    begin = math.ceil((axis.first + shift - origin) / step - 1e-9)
    end = math.floor((axis.last + shift - origin) / step + 1e-9)
    if end - begin > 10 * _MOST_TICKS:
        return []
    # Whole numbers divided keep their digits, as 3 / 10 does where 3 * 0.1 doesn't.
    parts = round(1 / step) if step < 1 else 0
    values = [(number / parts if parts else number * step) + origin - shift for number in range(begin, end + 1)]
    hair = 1e-6 * (axis.last - axis.first)  # far from 1970, parts of a second are rounded
    return [value for value in values if axis.first - hair <= value <= axis.last + hair]


def _growing(axis: Axis) -> Iterator[TickSet]:
    """Lengths of time for a logarithmic axis: 1, 2, 5, 10, 30 of each unit, then fewer."""
    zero = [0.0] if axis.first <= 0.0 else []
    hours = _has_hours(0.0, axis.last)
    for counts, days in (((1, 2, 5, 10, 30), (1, 2, 5)), ((1, 5, 10, 30), (1, 2, 5)), ((1, 10), (1,)), ((1,), (1,))):
        values = [10.0**exponent for exponent in (-3, -2, -1)]
        values += [count * unit for unit in (1.0, _MINUTE, _HOUR) for count in counts if count * unit < _DAY]
        values += [count * 10.0**exponent * _DAY for exponent in range(6) for count in days]
        inside = [value for value in values if max(axis.first, float(bool(zero))) <= value <= axis.last]
        if len(inside) > 1:
            marked = zero + inside
            yield marked, [_span_text(value, min(value or 1.0, 1.0), hours=hours) for value in marked], []


def _calendar(axis: Axis, clock: TimeFormat, most: float) -> Iterator[TickSet]:
    """The first days of months and years."""
    begin, end = clock.moment(axis.first), clock.moment(axis.last)
    first = begin.year * _MONTHS_A_YEAR + begin.month - 1
    last = end.year * _MONTHS_A_YEAR + end.month - 1
    for step in _CALENDAR:
        if (last - first) / step > 2 * most + 2:
            continue
        months = range(-(-first // step) * step, last + 1, step)
        values = [_month_s(month, clock) for month in months]
        pairs = [(value, month) for value, month in zip(values, months, strict=True) if axis.first <= value]
        if pairs:
            labels = [_month_text(month) for _, month in pairs]
            yield [value for value, _ in pairs], labels, []


def _month_s(month: int, clock: TimeFormat) -> float:
    year, place = divmod(month, _MONTHS_A_YEAR)
    if year < 1:
        return -math.inf
    return (datetime(year, place + 1, 1, tzinfo=UTC) - _EPOCH).total_seconds() - (clock.offset_s or 0)


def _month_text(month: int) -> str:
    year, place = divmod(month, _MONTHS_A_YEAR)
    return _MONTHS[place] if place else str(year)


def _write(value: float, step: float, axis: Axis, clock: TimeFormat) -> str:
    if clock.is_span:
        return _span_text(value, step, hours=_has_hours(axis.first, axis.last))
    whole = math.floor(value + 0.5 * min(step, 1.0)) if step >= 1 else math.floor(value + 1e-7)
    moment = clock.moment(whole)
    same_day = clock.moment(axis.first).date() == clock.moment(axis.last).date()  # which the axis's name tells
    at_midnight = moment.time() == time() and value - whole < step / 2
    if step >= _DAY or (at_midnight and not same_day):
        return f"{moment.day} {_MONTHS[moment.month - 1]}"
    text = f"{moment.hour:02}:{moment.minute:02}"
    if step < _MINUTE:
        text += f":{moment.second:02}"
    return text + _fraction(value - whole, step)


def _span_text(value: float, step: float, *, hours: bool) -> str:
    size = abs(value)
    whole = math.floor(size + min(step, 1.0) / 2)
    if step < 1:
        whole = math.floor(size + 1e-7)
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return sign + clock_text(whole, hours=hours) + _fraction(size - whole, step)


def _fraction(rest: float, step: float) -> str:
    if step >= 1:
        return ""
    digits = max(1, math.ceil(-math.log10(step) - 1e-9))
    return f"{max(rest, 0.0):.{digits}f}"[1:]


def _has_hours(first: float, last: float) -> bool:
    return max(abs(first), abs(last)) >= _HOUR


def _zone(offset_s: int) -> str:
    if not offset_s:
        return "UTC"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    sign = "+" if offset_s > 0 else "\N{MINUS SIGN}"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
