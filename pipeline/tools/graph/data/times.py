"""Columns that are times, whatever their fields look like.

This module owns telling seconds since 1970 from other large numbers. It does not know how times are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LogError
from pipeline.picture.plotting.time_ticks import TimeFormat
from pipeline.tables.column_words import is_epoch_name, is_time_name
from pipeline.tables.dialect import Dialect

Floats = NDArray[np.float64]

_EARLIEST_S, _LATEST_S = 6.3e8, 4.1e9  # 1990 to 2100
_UNNAMED_FROM_S: Final = 1.0e9  # 2001: columns without a name may hold anything
_UNITS: Final = (1.0, 1e3, 1e6, 1e9)  # a second, in seconds, milliseconds, microseconds, nanoseconds


def as_seconds(values: Floats, index: int, dialect: Dialect) -> tuple[Floats, TimeFormat | None]:
    """Give a column as seconds, and how they are shown; a column that is no time as it is, and None.

    Parameters
    ----------
    values
        Shape (rows,).
    index
        Of the column; below 0 for the line number.
    dialect
        The log's columns.
    """
    if index < 0:
        return values, None
    column = dialect.columns[index]
    if column.kind in {"time", "span"}:
        return values, TimeFormat(is_span=column.kind == "span", offset_s=column.offset_s)
    if dialect.has_names:
        may_be = is_time_name(column.name) or is_epoch_name(column.name)
        unit = _unit(values, _UNITS, _EARLIEST_S) if may_be else 0.0
    else:
        unit = _unit(values, _UNITS[:1], _UNNAMED_FROM_S)
    if not unit:
        return values, None
    return (values if unit == 1.0 else values / unit), TimeFormat(offset_s=0)


def _unit(values: Floats, units: Sequence[float], earliest_s: float) -> float:
    """How many of a column's units are a second, if all its values lie within this age; else 0."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0
    lowest, highest = float(finite.min()), float(finite.max())
    return next((unit for unit in units if earliest_s * unit <= lowest and highest <= _LATEST_S * unit), 0.0)


def common_clock(clocks: Sequence[tuple[TimeFormat | None, str]]) -> TimeFormat | None:
    """How several logs' x is shown together.

    Raises
    ------
    LogError
        Some are times, others are not.
    """
    (first, name), *others = clocks
    for clock, other in others:
        if (clock is None) != (first is None) or (clock and first and clock.is_span != first.is_span):
            kinds = [
                ("numbers" if one is None else "lengths of time" if one.is_span else "times") for one in (first, clock)
            ]
            raise LogError(
                f"x is {kinds[0]} in {name}, and {kinds[1]} in {other}.",
                where=other,
                expected="logs over the same x",
                hint="Name a column that all logs have with -x.",
            )
    return first
