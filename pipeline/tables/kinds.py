"""What the fields of a column are: numbers, in which spelling, times, lengths of time, or words.

This module owns telling that from a sample of a column's fields. It does not know lines or delimiters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.errors import LogError
from pipeline.tables.numbers import MISSING_WORDS, number_from
from pipeline.tables.times import read_span, read_time

Kind = Literal["number", "time", "span", "words"]

_AMBIGUOUS: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)  # 1,234: a little more than 1, or than 1,000
_ABSENT: Final = MISSING_WORDS | {b"nan", b"nat", b"inf", b"-inf", b"+inf", b"infinity", b"-infinity"}


@dataclass(frozen=True)
class Column:
    """One column of a log, and how its fields are read."""

    name: str
    kind: Kind = "number"
    point: str = "."
    """The decimal mark."""
    offset_s: int | None = None
    """How far the times' own clock is from UTC; None: they don't say."""
    first_word: str = ""
    """The first field that is no value, where the kind is words."""


def is_absent(text: str) -> bool:
    """Whether a field says that it holds no finite number: empty, NA, NaN."""
    return text.casefold().encode("utf-8", "replace") in _ABSENT


def is_value(text: str) -> bool:
    """Whether a field, without blanks around it, holds a number or a time in any spelling, or says that it has none."""
    return is_absent(text) or _is_number(text, ".") or _is_number(text, ",") or _is_time(text) or _is_span(text)


def _is_number(text: str, point: str) -> bool:
    return number_from(text.encode("utf-8", "replace"), point) is not None


def _is_time(text: str) -> bool:
    return read_time(text) is not None


def _is_span(text: str) -> bool:
    return read_span(text) is not None


@dataclass(frozen=True)
class _Sample:
    """A column's fields that are not absent, and how many of them are what."""

    name: str
    fields: tuple[str, ...]
    points: int  # numbers such as 1.5 or 1,234.5
    commas: int  # numbers such as 1,5 or 1.234,5

    @property
    def needs_comma(self) -> bool:
        """Whether most fields are numbers only with a decimal comma."""
        return 2 * self.commas > len(self.fields) and self.commas > self.points

    @property
    def needs_point(self) -> bool:
        """Whether most fields are numbers only with a decimal point."""
        return 2 * self.points > len(self.fields) and self.points > self.commas

    @property
    def is_ambiguous(self) -> bool:
        """Whether the fields with a comma may mean either, and are all that tells."""
        with_comma = [field for field in self.fields if "," in field]
        both = self.points == self.commas and 2 * self.points > len(self.fields)
        return both and bool(with_comma) and all(map(_AMBIGUOUS.fullmatch, with_comma))


def find_columns(
    names: Sequence[str], fields: Sequence[Iterable[str]], *, decimal_comma: bool | None, comma_parts: bool
) -> tuple[tuple[Column, ...], list[str]]:
    """Tell what columns hold from a sample of each.

    Parameters
    ----------
    names, fields
        One a column.
    decimal_comma
        True: numbers are written 3,14; False: 3.14; None: find out, column by column.
    comma_parts
        Whether commas stand between the columns: who writes so writes 3.14.

    Returns
    -------
    The columns, and what a person should know about the guess.

    Raises
    ------
    LogError
        Numbers such as 1,234 may mean either, and nothing tells which.
    """
    samples = [_sample(name, each) for name, each in zip(names, fields, strict=True)]
    if decimal_comma is not None:
        point = "," if decimal_comma else "."
        return tuple(_column(sample, point) for sample in samples), []
    need_comma = [sample for sample in samples if sample.needs_comma]
    need_point = [sample for sample in samples if sample.needs_point]
    usual = "," if need_comma and not need_point else "."
    doubtful = next((sample for sample in samples if sample.is_ambiguous), None)
    if doubtful is not None and not comma_parts and bool(need_comma) == bool(need_point):
        shown = next(field for field in doubtful.fields if "," in field)
        raise LogError(
            f"'{shown}' in the column '{doubtful.name}' may be one and a bit, or more than a thousand.",
            expected="numbers that can mean one thing only",
            hint="Say --decimal-comma if its comma begins the decimals, --decimal-point if it groups thousands.",
        )
    columns = tuple(_column(one, "," if one.needs_comma else "." if one.needs_point else usual) for one in samples)
    commas = [f"'{sample.name}'" for sample in need_comma]
    notes = [f"decimal commas in {_listed(commas)} are read as such"] if commas else []
    if doubtful is not None and not notes:
        notes.append(f"commas in '{doubtful.name}' are read as grouping thousands; --decimal-comma says otherwise")
    return columns, notes


def _sample(name: str, fields: Iterable[str]) -> _Sample:
    there = tuple(field for field in fields if not is_absent(field))
    points, commas = (sum(_is_number(field, point) for field in there) for point in ".,")
    return _Sample(name, there, points, commas)


def _listed(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _column(sample: _Sample, point: str) -> Column:
    numbers = sample.commas if point == "," else sample.points
    needed = len(sample.fields) / 2
    if numbers > needed or not sample.fields:
        return Column(sample.name, "number", point)
    times = [time for field in sample.fields if (time := read_time(field)) is not None]
    if len(times) > needed:
        return Column(sample.name, "time", point, times[0][1])
    if sum(map(_is_span, sample.fields)) > needed:
        return Column(sample.name, "span", point)
    word = next((field for field in sample.fields if not _is_number(field, point)), sample.fields[0])
    return Column(sample.name, "words", point, first_word=word)
