from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.ticks import choose_ticks
from pipeline.picture.plotting.time_ticks import TimeFormat, choose_time_ticks

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86_400.0


def labels(first: float, last: float, clock: TimeFormat, length_px: int = 800, scale: str = "linear") -> list[str]:
    axis = Axis(first, last, length_px, scale)  # type: ignore[arg-type]
    ticks = choose_time_ticks(axis, clock, measure_px=lambda text: 10.0 * len(text), gap_px=30)
    return [tick.label for tick in ticks if tick.major]


@pytest.mark.parametrize(
    ("first_s", "span_s", "expected"),
    [
        (0.0, 1200.0, ["00:00", "00:02", "00:04"]),
        (100.0, 20.0, ["00:01:40", "00:01:45", "00:01:50"]),
        (0.0, 0.5, ["00:00:00.0", "00:00:00.1", "00:00:00.2"]),
        (0.0, 2 * DAY, ["1 Jan", "06:00", "12:00"]),
        (0.0, 7 * DAY, ["1 Jan", "2 Jan", "3 Jan"]),
        (0.0, 90 * DAY, ["5 Jan", "19 Jan", "2 Feb"]),
        (0.0, 500 * DAY, ["2026", "Mar", "May"]),
        (0.0, 40_000 * DAY, ["2030", "2040", "2050"]),
    ],
)
def test_moments_are_marked_where_clocks_and_calendars_are_round(
    first_s: float, span_s: float, expected: list[str]
) -> None:
    found = labels(NEW_YEAR + first_s, NEW_YEAR + first_s + span_s, TimeFormat(offset_s=0))
    assert found[: len(expected)] == expected


def test_the_clock_of_the_log_is_shown() -> None:
    clock = TimeFormat(offset_s=5 * 3600 + 1800)
    assert labels(NEW_YEAR, NEW_YEAR + 7200, clock)[0] == "05:30"
    assert clock.context(NEW_YEAR, NEW_YEAR + 7200) == "1 Jan 2026, UTC+5:30"


@pytest.mark.parametrize(
    ("span_s", "expected"),
    [
        (100.0, ["0:00", "0:10", "0:20"]),
        (4.0, ["0:00.0", "0:00.5", "0:01.0"]),
        (3600.0, ["0:00:00", "0:10:00", "0:20:00"]),
        (3 * DAY, ["0:00:00", "12:00:00", "24:00:00"]),
    ],
)
def test_lengths_of_time_are_marked_by_the_clock(span_s: float, expected: list[str]) -> None:
    assert labels(0.0, span_s, TimeFormat(is_span=True))[: len(expected)] == expected


def test_lengths_of_time_grow_along_a_logarithmic_axis() -> None:
    found = labels(1.0, 40_000.0, TimeFormat(is_span=True), 1000, "log")
    assert {"0:00:01", "0:00:10", "0:01:00", "1:00:00"} <= set(found)


@pytest.mark.parametrize(
    ("first", "last", "clock", "context"),
    [
        (NEW_YEAR, NEW_YEAR + 60, TimeFormat(), "1 Jan 2026"),
        (NEW_YEAR, NEW_YEAR + 9 * DAY, TimeFormat(offset_s=0), "2026, UTC"),
        (NEW_YEAR - DAY, NEW_YEAR, TimeFormat(offset_s=-3600), "2025, UTC\N{MINUS SIGN}1"),
        (NEW_YEAR - DAY, NEW_YEAR + DAY, TimeFormat(), "2025\N{EN DASH}2026"),
        (0, 10, TimeFormat(is_span=True), "m:ss"),
        (0, 5000, TimeFormat(is_span=True), "h:mm:ss"),
    ],
)
def test_what_labels_leave_out_is_told(first: float, last: float, clock: TimeFormat, context: str) -> None:
    assert clock.context(first, last) == context


@given(
    first=st.floats(-6e10, 2e11),
    span=st.floats(1e-3, 5e10),
    offset_s=st.none() | st.integers(-14 * 3600, 14 * 3600),
    is_span=st.booleans(),
    length_px=st.integers(1, 20_000),
)
def test_ticks_of_any_time_lie_on_the_axis_and_apart(
    *, first: float, span: float, offset_s: int | None, is_span: bool, length_px: int
) -> None:
    assume(span > 1e-9 * abs(first))  # closer together, moments are rounded
    axis, clock = Axis(first, first + span, length_px), TimeFormat(is_span=is_span, offset_s=offset_s)
    ticks = choose_time_ticks(axis, clock, measure_px=lambda text: 10.0 * len(text), gap_px=20.0)
    assert all(-1e-3 <= tick.position_px <= length_px + 1e-3 for tick in ticks)
    major = [tick for tick in ticks if tick.major]
    for before, after in pairwise(major):
        room = 5.0 * (len(before.label) + len(after.label)) + 20.0
        assert after.position_px - before.position_px >= room - 1e-6


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1_612_345_000.0, 1_612_346_000.0, "1,612,345,200"),
        (1.0, 1.0001, "1.00002"),
        (0.0, 1e10, "2e9"),
        (0.0, 4e-6, "2e\N{MINUS SIGN}6"),
    ],
)
def test_numbers_that_share_many_digits_are_written_out(first: float, last: float, expected: str) -> None:
    ticks = choose_ticks(Axis(first, last, 1000), measure_px=lambda text: 10.0 * len(text), gap_px=30)
    assert expected in [tick.label for tick in ticks]
    assert not any("e" in tick.label and len(tick.label) > 8 for tick in ticks)
