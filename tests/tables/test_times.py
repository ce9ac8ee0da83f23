import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tables.times import read_span, read_time

NEW_YEAR = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC


@pytest.mark.parametrize(
    ("text", "seconds", "offset_s"),
    [
        ("2026-01-01", 0.0, None),
        ("2026-01-01T00:00:05", 5.0, None),
        ("2026-01-01 00:00:05.250", 5.25, None),
        ("2026-01-01 00:00:05,250", 5.25, None),  # Python's own logging
        ("2026-01-01T00:00:00.123456789Z", 0.123456, 0),
        ("2026-01-01T02:00:00+02:00", 0.0, 7200),
        ("2026-01-01 01:00:00 +0100", 0.0, 3600),
        ("2026-01-01 00:00:00 UTC", 0.0, 0),
        ("2026-01-01 00:00:00+00:00", 0.0, 0),
        ("2026/01/01 00:01", 60.0, None),
    ],
)
def test_instants_are_read(text: str, seconds: float, offset_s: int | None) -> None:
    found = read_time(text)
    assert found is not None
    assert found[0] == pytest.approx(NEW_YEAR + seconds, abs=1e-6)
    assert found[1] == offset_s


def test_a_time_without_an_offset_is_read_as_that_of_its_column() -> None:
    assert read_time("2026-01-01 02:00:00", 7200) == (NEW_YEAR, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:05", 5.0),
        ("12:34", 754.0),
        ("90:00", 5400.0),
        ("1:00:00", 3600.0),
        ("123:00:00.5", 442_800.5),
        ("-0:01:00", -60.0),
        ("0:00:01,25", 1.25),
        ("1 day, 2:03:04", 93_784.0),
        ("2 days, 0:00:00", 172_800.0),
        ("3d 00:00:01", 259_201.0),
    ],
)
def test_lengths_of_time_are_read(text: str, seconds: float) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "monday",
        "20260101",
        "2026-13-01",
        "2026-01-01T25:00",
        "01/02/2026",
        "5",
        "1:60",
        "1:75:00",
        "1:2:3:4",
        "9" * 99,
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text) is None
    assert read_span(text) is None


@given(st.text("0123456789-:T Z+,./dUTC", max_size=30))
def test_any_text_is_a_finite_time_or_none(text: str) -> None:
    for value in ((read_time(text) or (0.0,))[0], read_span(text) or 0.0):
        assert math.isfinite(value)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-840, 840))  # noqa: DTZ001  # naive on purpose
def test_every_moment_that_python_writes_is_read_back(moment: datetime, minutes: int) -> None:
    seconds = (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    assert (read_time(moment.isoformat()) or (math.nan,))[0] == pytest.approx(seconds, abs=1e-4)
    sign = "-" if minutes < 0 else "+"
    zoned = f"{moment.isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert (read_time(zoned) or (math.nan,))[0] == pytest.approx(seconds - 60 * minutes, abs=1e-4)


@given(st.integers(0, 10**9))
def test_every_length_of_time_that_python_writes_is_read_back(seconds: int) -> None:
    assert read_span(str(timedelta(seconds=seconds))) == seconds
