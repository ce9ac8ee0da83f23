"""Numbers as people read them: thousands, durations, sample rates, bits per byte; the filters of all templates.

Pure functions from numbers to text. Thin no-break spaces part numbers from units, so that lines never break there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Undefined

from pipeline.runtime.wording.units import NATS_PER_BIT, clock_text

GAP: Final = "\u00a0"
"""A no-break space between a number and its unit."""
NOTHING: Final = "\u2013"
"""What stands for a number that isn't there."""
_LONGEST: Final = 4000
_FINEST: Final = 6
"""Decimals beyond which a number is as good as nothing."""
_SMALLEST_PLAIN: Final = 1e-9
_LARGEST_PLAIN: Final = 1e21
_RAISED: Final = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def thousands(value: object) -> str:
    """12345 -> 12,345; a fraction is rounded."""
    number = _number(value)
    return NOTHING if number is None else f"{round(number):,}"


def decimals(value: object, places: int = 2) -> str:
    """3.14159 -> 3.14; what would look like nothing gets the decimals that tell it from nothing: 0.0031 -> 0.003."""
    number = _number(value)
    if number is None:
        return NOTHING
    wanted = min(max(int(places), 0), 12)
    shown = next((more for more in range(wanted, _FINEST + 1) if round(number, more)), wanted)
    return f"{round(number, shown) or 0.0:,.{shown}f}"  # no minus before nothing


def compact(value: object, digits: int = 6) -> str:
    """A number in at most `digits` digits, none after the point that says nothing: 2.0 -> 2, 0.0020 -> 0.002.

    Digits before the point are never left out (1234.6 in 3 is 1,235). No person reads 2e-05: only what has more zeros
    than can be counted is written as a power of ten.
    """
    number = _number(value)
    if number is None:
        return NOTHING if value is None else str(value)
    shown = min(max(int(digits), 1), 12)
    if number and not _SMALLEST_PLAIN <= abs(number) < _LARGEST_PLAIN:
        mantissa, exponent = f"{number:.{shown - 1}e}".split("e")
        return f"{_bare(mantissa)}\u00a0\u00d7\u00a010{str(int(exponent)).translate(_RAISED)}"
    places = max(0, shown - 1 - math.floor(math.log10(abs(number)))) if number else 0
    return _bare(f"{number or 0.0:,.{places}f}")


def _bare(text: str) -> str:
    """A number without the zeros at its end that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def bits(nats: object, places: int = 2) -> str:
    """A loss in nats per byte as bits per byte: 2.0794 -> 3.00."""
    number = _number(nats)
    return NOTHING if number is None else decimals(number / NATS_PER_BIT, places)


def duration(seconds: object) -> str:
    """How long something took: 4.2 s, 1 min 05 s, 2 h 04 min, 3 d 4 h."""
    number = _number(seconds)
    if number is None or number < 0:
        return NOTHING
    if number < 10:  # noqa: PLR2004 (below ten seconds a tenth matters)
        return f"{decimals(number, 1)}{GAP}s"
    whole = round(number)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,}{GAP}d {hours}{GAP}h"
    if hours:
        return f"{hours}{GAP}h {minutes:02d}{GAP}min"
    return f"{minutes}{GAP}min {rest:02d}{GAP}s" if minutes else f"{rest}{GAP}s"


def clock(seconds: object) -> str:
    """A place in a film: 0:07, 1:23, 1:02:03."""
    number = _number(seconds)
    if number is None or number < 0:
        return NOTHING
    return clock_text(int(number))


def rate(hz: object) -> str:
    """A sample rate: 11025 -> 11.025 kHz."""
    number = _number(hz)
    if number is None:
        return NOTHING
    return f"{compact(number / 1000)}{GAP}kHz" if number >= 1000 else f"{compact(number)}{GAP}Hz"  # noqa: PLR2004 (kilo)


def percent(share: object, places: int = 0) -> str:
    """0.123 -> 12 %."""
    number = _number(share)
    return NOTHING if number is None else f"{decimals(number * 100, places)}{GAP}%"


def plural(count: object, one: str, many: str = "") -> str:
    """(3, "layer") -> 3 layers; (1, "layer") -> 1 layer."""
    number = _number(count)
    if number is None:
        return NOTHING
    return f"{compact(number)}{GAP}{one if number == 1 else many or one + 's'}"


def _default(value: object, other: object = "") -> object:
    return other if value is None or isinstance(value, Undefined) or value == "" else value


def _join(values: object, between: str = ", ") -> str:
    if not isinstance(values, list | tuple):
        return str(values)
    if len(values) * len(str(between)) > _LONGEST:
        raise ValueError("'join' would make the text too long")
    return str(between).join(str(value) for value in values)


def _replace(text: object, old: str, new: str) -> str:
    given = str(text)
    if not old or given.count(str(old)) * len(str(new)) > _LONGEST:
        raise ValueError("'replace' would make the text too long")
    return given.replace(str(old), str(new))


def _first(values: Sequence[object]) -> object:
    return values[0]


def _last(values: Sequence[object]) -> object:
    return values[-1]


def _absolute(value: float) -> float:
    return abs(value)


def _capitalised(text: object) -> str:
    given = str(text)
    return given[:1].upper() + given[1:]


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "thousands": thousands,
        "decimals": decimals,
        "compact": compact,
        "bits": bits,
        "duration": duration,
        "clock": clock,
        "rate": rate,
        "percent": percent,
        "plural": plural,
        "default": _default,
        "join": _join,
        "replace": _replace,
        "first": _first,
        "last": _last,
        "length": len,
        "abs": _absolute,
        "capitalize": _capitalised,
        "upper": lambda text: str(text).upper(),
        "lower": lambda text: str(text).lower(),
        "trim": lambda text: str(text).strip(),
    }
)
"""Every filter that templates have, by name."""
