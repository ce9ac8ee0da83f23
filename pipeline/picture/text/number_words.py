"""Numbers as people read them: thousands, durations, sample rates, bits per byte: filters of all templates.

Pure functions from numbers to text, in a film's language. No-break spaces part numbers from units, so that lines never
break there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pipeline.picture.language import Language, english
from pipeline.picture.language.language import NOTHING, finite, shown_compact, shown_decimals
from pipeline.picture.sandbox.allowance import Refused
from pipeline.runtime.wording.units import NATS_PER_BIT, clock_text

_LONGEST: Final = 4000


@dataclass(frozen=True)
class NumberWords:
    """Writes numbers in a language."""

    language: Language

    def thousands(self, value: object) -> str:
        """12345 -> 12,345; a fraction is rounded."""
        number = finite(value)
        return NOTHING if number is None else self.language.number(f"{round(number):,}")

    def decimals(self, value: object, places: int = 2) -> str:
        """3.14159 -> 3.14; what would look like nothing gets more decimals: 0.0031 -> 0.003."""
        return self.language.decimals(value, places)

    def compact(self, value: object, digits: int = 6) -> str:
        """A number in at most `digits` digits, none after the point that says nothing: 2.0 -> 2, 0.0020 -> 0.002."""
        return self.language.compact(value, digits)

    def bits(self, nats: object, places: int = 2) -> str:
        """A loss in nats per byte as bits per byte: 2.0794 -> 3.00."""
        number = finite(nats)
        return NOTHING if number is None else self.decimals(number / NATS_PER_BIT, places)

    def duration(self, seconds: object) -> str:
        """How long something took: 4.2 s, 1 min 05 s, 2 h 04 min, 3 d 4 h."""
        number = finite(seconds)
        if number is None or number < 0:
            return NOTHING
        written = self.language.with_unit
        if number < 10:  # noqa: PLR2004 (below ten seconds a tenth matters)
            return written("second", shown_decimals(number, 1))
        whole = round(number)
        minutes, rest = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        if days:
            return f"{written('day', f'{days:,}')} {written('hour', f'{hours}')}"
        if hours:
            return f"{written('hour', f'{hours}')} {written('minute', f'{minutes:02d}')}"
        if minutes:
            return f"{written('minute', f'{minutes}')} {written('second', f'{rest:02d}')}"
        return written("second", f"{rest}")

    def clock(self, seconds: object) -> str:
        """A place in a film: 0:07, 1:23, 1:02:03."""
        number = finite(seconds)
        return NOTHING if number is None or number < 0 else clock_text(int(number))

    def rate(self, hz: object) -> str:
        """A sample rate: 11025 -> 11.025 kHz."""
        number = finite(hz)
        if number is None:
            return NOTHING
        unit, shown = ("kilohertz", number / 1000) if number >= 1000 else ("hertz", number)  # noqa: PLR2004 (kilo)
        written = shown_compact(shown)
        if not written.replace(",", "").replace(".", "").lstrip("-").isdigit():  # a power of ten
            return f"{self.compact(shown)}\u00a0{'kHz' if unit == 'kilohertz' else 'Hz'}"
        return self.language.with_unit(unit, written)

    def percent(self, share: object, places: int = 0) -> str:
        """0.123 -> 12 %."""
        number = finite(share)
        return NOTHING if number is None else self.language.with_unit("percent", shown_decimals(number * 100, places))

    def plural(self, count: object, one: str, many: str = "") -> str:
        """(3, "layer") -> 3 layers; (1, "layer") -> 1 layer; `network` and others are in the word list."""
        number = finite(count)
        if number is None:
            return NOTHING
        name = f"count.{one}"
        if not many and name in self.language.words:
            return self.language.text(name, count=number)
        return f"{self.compact(number)}\u00a0{one if number == 1 else many or one + 's'}"

    def slug(self, value: object) -> str:
        """Words in small letters with dashes between them, as in file names: My voice! -> my-voice."""
        return re.sub(r"[\W_]+", "-", str(value).casefold()).strip("-")

    def listed(self, values: object) -> str:
        """A list as people write it: A, B and C."""
        return self.language.listed([str(one) for one in values] if isinstance(values, Iterable) else [str(values)])

    def date(self, value: object, form: str = "long") -> str:
        """2026-11-26 -> November 26, 2026, by CLDR; `form` is short, medium, long or full."""
        try:
            return self.language.date(value, form)
        except ValueError as error:
            raise Refused("'date' is for days such as 2026-11-26, written short, medium, long or full") from error

    def fill(self, word: object, **values: object) -> str:
        """Put values where a word of the list has braces; `count` chooses the plural form, `places` its decimals."""
        texts = [value for value in values.values() if isinstance(value, str)]
        if sum(map(len, texts)) > _LONGEST:
            raise ValueError("'fill' would make the text too long")
        if isinstance(word, Mapping):
            return self.language.filled({str(form): str(text) for form, text in word.items()}, values)
        return self.language.filled(str(word), values)


def filters_for(language: Language) -> Mapping[str, Callable[..., Any]]:
    """The filters that templates have beside Jinja's own, by name."""
    numbers = NumberWords(language)
    return MappingProxyType(
        {
            "thousands": numbers.thousands,
            "decimals": numbers.decimals,
            "compact": numbers.compact,
            "bits": numbers.bits,
            "duration": numbers.duration,
            "clock": numbers.clock,
            "rate": numbers.rate,
            "percent": numbers.percent,
            "plural": numbers.plural,
            "fill": numbers.fill,
            "listed": numbers.listed,
            "slug": numbers.slug,
            "date": numbers.date,
        }
    )


def in_english() -> NumberWords:
    """Numbers as English has them."""
    return NumberWords(english())
