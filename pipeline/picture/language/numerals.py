"""Numbers as a language writes them: separators, plural categories, units and direction, all from Babel (CLDR).

This module owns the way to Babel's data, which is loaded with the first word that is asked for. Digits are 0 to 9 in
every language, as in the log files that films show, so that counters keep their places. It does not know words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from babel import Locale

_ROOT: Final = "latn"
_CLDR_UNITS: Final = {
    "second": "duration-second",
    "minute": "duration-minute",
    "hour": "duration-hour",
    "day": "duration-day",
    "hertz": "frequency-hertz",
    "kilohertz": "frequency-kilohertz",
    "percent": "concentr-percent",
}
"""Our units by CLDR's identifiers (Unicode Technical Standard 35, part 6)."""


@dataclass(frozen=True)
class Numerals:
    """How numbers are written.

    Parameters
    ----------
    decimal, group, minus
        The signs before decimals, between groups of digits, and before negative numbers.
    sizes
        How many digits the last group has, and those before it.
    """

    decimal: str
    group: str
    minus: str
    sizes: tuple[int, int]

    def rewritten(self, text: str) -> str:
        """Rewrite a number that Python wrote, such as `-1,234.50`."""
        sign, bare = (self.minus, text[1:]) if text.startswith("-") else ("", text)
        whole, point, rest = bare.partition(".")
        if self.sizes != (3, 3):
            whole = _grouped(whole.replace(",", ""), self.sizes)
        return sign + whole.replace(",", self.group) + (self.decimal + rest if point else "")


def _grouped(digits: str, sizes: tuple[int, int]) -> str:
    last, others = sizes
    groups = [digits[-last:]]
    digits = digits[:-last]
    while digits:
        groups.insert(0, digits[-others:])
        digits = digits[:-others]
    return ",".join(groups)


@lru_cache(maxsize=64)
def cldr(locale: str) -> Locale:
    """Babel's data of a locale such as `de_CH`."""
    from babel import Locale  # noqa: PLC0415 - most commands need no word

    return Locale.parse(locale)


def known_locale(tag: str) -> str | None:
    """The locale of a tag such as `de-CH`; None where CLDR doesn't know it."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - as above

    try:
        return str(Locale.parse(tag, sep="-"))
    except (UnknownLocaleError, ValueError):
        return None


@lru_cache(maxsize=64)
def numerals(locale: str) -> Numerals:
    """How a locale writes numbers."""
    data = cldr(locale)
    symbols = data.number_symbols.get(_ROOT, {})
    first, second = data.decimal_formats[None].grouping
    minus = str(symbols.get("minusSign", "-"))
    return Numerals(str(symbols.get("decimal", ".")), str(symbols.get("group", ",")), minus, (first, second))


def plural_category(locale: str, shown: str) -> str:
    """The plural category of a number as Python writes it: `1.0` may be another one than `1`."""
    return str(cldr(locale).plural_form(Decimal(shown.replace(",", "")).copy_abs()))


def plural_categories(locale: str) -> frozenset[str]:
    """The plural categories of a language."""
    return frozenset(cldr(locale).plural_form.tags) | {"other"}


def is_right_to_left(locale: str) -> bool:
    """Whether its script is written from right to left."""
    return bool(cldr(locale).text_direction == "rtl")


def with_unit(locale: str, unit: str, shown: str) -> str:
    """A number as Python writes it with its unit in CLDR's short form, parted by no-break spaces."""
    from babel.units import format_unit  # noqa: PLC0415 - as above

    whole, point, decimals = shown.replace(",", "").lstrip("-").partition(".")
    pattern = f"#,##{'0' * max(1, len(whole) if whole.startswith('0') else 1)}{point}{'0' * len(decimals)}"
    number = Decimal(shown.replace(",", ""))
    text = format_unit(number, _CLDR_UNITS[unit], length="short", format=pattern, locale=cldr(locale))
    return text.replace(" ", "\u00a0")


def listed(locale: str, texts: Sequence[str]) -> str:
    """Texts as a list of a language."""
    from babel.lists import format_list  # noqa: PLC0415 - as above

    return format_list(list(texts), locale=cldr(locale))


def written_date(locale: str, day: date, form: str) -> str:
    """A day as a language writes it; digits are 0 to 9."""
    from babel.dates import format_date  # noqa: PLC0415 - as above

    text = format_date(day, format=form, locale=cldr(locale))
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)


UNITS: Final = tuple(_CLDR_UNITS)
"""The units that can be written."""
