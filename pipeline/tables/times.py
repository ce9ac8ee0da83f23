"""Times in logs: instants in ISO 8601, and spans written h:mm:ss or m:ss, as seconds.

This module owns how times are read. It does not know lines, columns or axes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal

TimeKind = Literal["time", "span"]

_LONGEST: Final = 48
_DATE: Final = re.compile(r"\d{4}([-/])\d\d\1\d\d(?:[T ]|$)", re.ASCII)
_ZONE: Final = re.compile(r"(?: ?(?:UTC|GMT)| (?=[+-]\d\d:?\d\d$))", re.ASCII)
_SPAN: Final = re.compile(
    r"([+-]?)(?:(\d{1,9}) ?d(?:ays?)?,? ?)?(?:(\d{1,9}):)?(\d{1,9}):([0-5]\d(?:[.,]\d{0,12})?)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_MINUTES: Final = 60


def read_time(text: str, offset_s: int | None = None) -> tuple[float, int | None] | None:
    """Read an instant in ISO 8601, with or without a time of day.

    Parameters
    ----------
    text
        Such as `2026-01-31`, `2026-01-31 23:59:59,5` or `2026-01-31T23:59:59Z`.
    offset_s
        How far local time is from UTC where the text doesn't say; None: not known, and taken for 0.

    Returns
    -------
    Seconds since 1970-01-01 UTC, and the offset that the text names, None where it names none; None: it is no time.
    """
    if len(text) > _LONGEST or not (found := _DATE.match(text)):
        return None
    if found[1] == "/":
        text = text.replace("/", "-")
    if " " in text[10:] or text[-1] in "CT":
        text = text[:11] + _ZONE.sub("+00:00" if text.endswith(("UTC", "GMT")) else "", text[11:])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = moment.utcoffset()
    if offset is None:
        moment = moment.replace(tzinfo=UTC if offset_s is None else timezone(timedelta(seconds=offset_s)))
    return (moment - _EPOCH).total_seconds(), None if offset is None else int(offset.total_seconds())


def read_span(text: str) -> float | None:
    """Read a length of time written h:mm:ss, m:ss, or with days before it, in seconds; None: it is none."""
    if len(text) > _LONGEST or not (found := _SPAN.fullmatch(text)):
        return None
    sign, days, hours, minutes, seconds = found.groups()
    if (hours is not None and int(minutes) >= _MINUTES) or (days is not None and hours is None):
        return None
    total = int(days or 0) * _DAY_S + int(hours or 0) * _HOUR_S + int(minutes) * _MINUTE_S
    return (total + float(seconds.replace(",", "."))) * (-1 if sign == "-" else 1)
