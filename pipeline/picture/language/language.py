"""A film's language: its words, and how it writes numbers, units, lengths of time and plurals.

This module owns how a word is filled in. It does not know files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Final

from pipeline.picture.language.numerals import (
    Numerals,
    is_right_to_left,
    listed,
    numerals,
    plural_categories,
    plural_category,
    with_unit,
    written_date,
)
from pipeline.picture.language.word_list import COUNT, Word, filled, forms, read_word_list, tree
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.store.store import Json, canonical_json

ENGLISH: Final = "en"
NOTHING: Final = "\u2013"
"""What stands for a number that isn't there."""
PLACES: Final = "places"
BETWEEN: Final = "element.between"
LAST_OF_LIST: Final = "element.last_of_list"
DATE_FORMS: Final = ("short", "medium", "long", "full")
_SMALLEST_PLAIN: Final = 1e-9
_LARGEST_PLAIN: Final = 1e21
_RAISED: Final = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


@dataclass(frozen=True, eq=False)
class Language:
    """The words of one film.

    Parameters
    ----------
    tag
        As the production has it (BCP 47), such as `de-CH`.
    locale
        The CLDR locale of its words and numbers, such as `de_CH`.
    words
        Every word by its dotted name, such as `scene.iteration`.
    missing
        The names of words that are English for want of one in this language.
    has_no_list
        Whether there is no word list for it at all.
    """

    tag: str
    locale: str
    words: Mapping[str, Word]
    missing: tuple[str, ...] = ()
    has_no_list: bool = False

    @cached_property
    def numerals(self) -> Numerals:
        """How it writes numbers."""
        return numerals(self.locale)

    @cached_property
    def is_right_to_left(self) -> bool:
        """Whether it reads from right to left."""
        return is_right_to_left(self.locale)

    @cached_property
    def tree(self) -> Mapping[str, Any]:
        """Its words as templates see them: tables within tables."""
        return tree(self.words)

    @cached_property
    def _digest(self) -> str:
        parts: list[Json] = [self.tag, self.locale, _of_groups(self.words, ())]
        return sha256(canonical_json(parts).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Language) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def identity(self, *groups: str) -> str:
        """Hash the words of some tables of the list (of all without any) and how numbers are written.

        It is empty for English as it comes along: English is no part of a key, so that what was made before there were
        languages stays as it is.
        """
        mine, usual = (_of_groups(one.words, groups) for one in (self, english()))
        if self.locale == ENGLISH and mine == usual:
            return ""
        return sha256(canonical_json([self.locale, mine]).encode()).hexdigest()

    def text(self, name: str, /, **values: object) -> str:
        """Fill in a word.

        Parameters
        ----------
        name
            Such as `scene.iteration`.
        values
            What its braces stand for: texts stand as they are, numbers as the language writes them. `count` chooses the
            plural form; `places` says how many decimals it has.

        Raises
        ------
        KeyError
            Where there is no such word.
        """
        return self.filled(self.words[name], values)

    def filled(self, word: Word, values: Mapping[str, object]) -> str:
        """Fill in a word or one of its plural forms, as `text` does."""
        places = values.get(PLACES)
        shown = {
            name: self._shown(value, places if name == COUNT else None)
            for name, value in values.items()
            if name != PLACES
        }
        return filled(self._form(word, values.get(COUNT), places), shown)

    def _shown(self, value: object, places: object = None) -> str:
        if value is None or isinstance(value, bool | int | float):
            return self.compact(value) if places is None else self.decimals(value, int(str(places)))
        return str(value)

    def _form(self, word: Word, count: object, places: object) -> str:
        texts = forms(word)
        number = finite(count)
        if number is None:
            return texts["other"]
        shown = shown_compact(number) if places is None else f"{number:.{int(str(places))}f}"
        exact = "0" if "\u00d7" in shown else shown  # a power of ten is counted like none
        return texts.get(plural_category(self.locale, exact), texts["other"])

    # Numbers

    def number(self, written: str) -> str:
        """Rewrite a number that Python wrote, such as `1,234.50`, as the language writes it."""
        return self.numerals.rewritten(written)

    def decimals(self, value: object, places: int = 2) -> str:
        """3.14159 -> 3.14; what would look like nothing gets more decimals: 0.0031 -> 0.003."""
        number = finite(value)
        return NOTHING if number is None else self.number(shown_decimals(number, places))

    def compact(self, value: object, digits: int = 6) -> str:
        """A number in at most `digits` digits, none after the point that says nothing: 2.0 -> 2, 0.0020 -> 0.002.

        Digits before the point are never left out (1234.6 in 3 is 1,235). No person reads 2e-05: only what has more
        zeros than can be counted is written as a power of ten.
        """
        number = finite(value)
        if number is None:
            return NOTHING if value is None else str(value)
        shown = shown_compact(number, digits)
        mantissa, power, rest = shown.partition("\u00a0")
        return self.number(mantissa) + power + rest

    def with_unit(self, unit: str, written: str) -> str:
        """A number that Python wrote, with its unit: the word list's own, else CLDR's short form."""
        name = f"unit.{unit}"
        if name not in self.words:
            return with_unit(self.locale, unit, written)
        form = self._form(self.words[name], float(written.replace(",", "")), len(written.partition(".")[2]))
        return filled(form, {COUNT: self.number(written)})

    def listed(self, texts: Sequence[str]) -> str:
        """Texts as a list: "A, B and C", by the word list where it has words for that, else as the CLDR has it."""
        if not {BETWEEN, LAST_OF_LIST} <= self.words.keys():
            return listed(self.locale, texts)
        *before, last = texts or ("",)
        return self.text(LAST_OF_LIST, before=self.text(BETWEEN).join(before), last=last) if before else last

    def date(self, value: object, form: str = "long") -> str:
        """A day as the language writes it: 2026-11-26 -> November 26, 2026; `form` is short, medium, long or full.

        Raises
        ------
        ValueError
            Where it is no day, or the form is another.
        """
        if form not in DATE_FORMS:
            raise ValueError(f"a date is written {', '.join(DATE_FORMS)}")
        return written_date(self.locale, date.fromisoformat(str(value)[:10]), form)


def _of_groups(words: Mapping[str, Word], groups: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: word if isinstance(word, str) else dict(word)
        for name, word in sorted(words.items())
        if not groups or name.partition(".")[0] in groups
    }


def finite(value: object) -> float | None:
    """A number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


_FINEST: Final = 6
"""Decimals beyond which a number is as good as nothing."""


def shown_decimals(number: float, places: int) -> str:
    """A number with so many decimals as Python writes it, more where it would look like nothing."""
    wanted = min(max(int(places), 0), 12)
    shown = next((more for more in range(wanted, _FINEST + 1) if round(number, more)), wanted)
    return f"{round(number, shown) or 0.0:,.{shown}f}"  # no minus before nothing


def shown_compact(number: float, digits: int = 6) -> str:
    """A number in at most so many digits as Python writes it, as a power of ten where it has too many zeros."""
    digits = min(max(int(digits), 1), 12)
    if number and not _SMALLEST_PLAIN <= abs(number) < _LARGEST_PLAIN:
        mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
        return f"{_bare(mantissa)}\u00a0\u00d7\u00a010{str(int(exponent)).translate(_RAISED)}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number)))) if number else 0
    return _bare(f"{number or 0.0:,.{places}f}")


def _bare(text: str) -> str:
    """A number without the zeros at its end that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1)
def english() -> Language:
    """English as it comes along."""
    path = builtin_templates_folder() / "languages" / f"{ENGLISH}.toml"
    return Language(ENGLISH, ENGLISH, read_word_list(path, None, plural_categories(ENGLISH)))
