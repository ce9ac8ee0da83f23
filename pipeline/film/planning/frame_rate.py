"""Frame rates as production files and records write them: whole numbers, or the exact fractions of broadcasting.

Pure numbers; it knows no film.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LOWEST_FRAME_RATE = Fraction(1)
HIGHEST_FRAME_RATE = Fraction(240)
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}|/[0-9]{1,9})?")
_BROADCAST_RATES = {"23.976": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001", "119.88": "120000/1001"}


def parse_frame_rate(value: object) -> Fraction:
    """Read a frame rate: a whole number, or text such as `30000/1001`.

    Raises
    ------
    ValueError
        Where the value is no rate, or lies outside 1 to 240 frames a second.
    """
    known = next((_BROADCAST_RATES[name] for name in _BROADCAST_RATES if str(value).startswith(name)), None)
    if known and "/" not in str(value):
        raise ValueError(f'{value} frames/s is not exact: write "{known}"')
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError(f'a frame rate is a number or a fraction such as "30000/1001", not {value!r}'[:200])  # noqa: TRY004 - pydantic reads ValueErrors
    if isinstance(value, str) and not _RATE.fullmatch(value.strip()):  # Fraction would work out 1e999999999
        raise ValueError(f'{value[:40]!r} is not a frame rate: write 60 or "30000/1001"')
    try:
        rate = Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f'{str(value)[:40]!r} is not a frame rate: write 60 or "30000/1001"') from None
    if not LOWEST_FRAME_RATE <= rate <= HIGHEST_FRAME_RATE:
        raise ValueError(f"{str(value)[:40]} frames/s is impossible: choose from 1 to 240")
    if rate.denominator not in (1, 1001):
        raise ValueError(
            f'{str(value)[:40]} frames/s is not a rate that films use: write a whole number, or "30000/1001"'
        )
    return rate


FrameRate = Annotated[
    Fraction,
    BeforeValidator(parse_frame_rate),
    PlainSerializer(lambda rate: f"{rate.numerator}/{rate.denominator}", return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 240},
                {"type": "string", "pattern": r"^\d+(/\d+)?$"},
            ],
            "description": 'Frames a second: a whole number, or an exact fraction such as "30000/1001".',
        }
    ),
]
