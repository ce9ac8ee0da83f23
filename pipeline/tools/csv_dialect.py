"""How a log is written: what stands between its columns, what they are called, where its numbers begin.

This module owns guessing that from the first lines, and finding a column by the name or number that a person gives.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.errors import LogError

LINE_NUMBER: Final = "line"
"""Names the number of the line, counted from 1, as a column that every log has."""

_SAMPLE_LINES: Final = 100
_SAMPLE_BYTES: Final = 1 << 18
_WHITE_SPACE: Final = " "
_CANDIDATES: Final = ("\t", ";", ",", "|", _WHITE_SPACE)
_MISSING: Final = {"", "na", "n/a", "nan", "null", "none", "-", "inf", "-inf", "+inf", "infinity", "-infinity"}
_SHOWN_NAMES: Final = 12


@dataclass(frozen=True)
class DialectOptions:
    """What a person says about a log; None and empty: find out."""

    delimiter: str = ""
    header: bool | None = None
    comment: str = "#"
    decimal_comma: bool = False


@dataclass(frozen=True)
class Dialect:
    """How a log is written."""

    delimiter: str  # one character; a space stands for any run of spaces and tabs
    names: tuple[str, ...]
    has_names: bool  # the names stand in the log, and are not just numbers
    numeric: tuple[bool, ...]  # whether the first rows hold numbers, or what stands for one, more often than not
    rows_from: int  # how many lines come before the numbers
    comment: str
    decimal_comma: bool

    def find(self, wanted: str, where: str) -> int:
        """Find a column by its name, or by its number counted from 1; -1 is the line number.

        Raises
        ------
        LogError
            There is none; names the nearest one.
        """
        for match in (str, lambda name: str(name).strip().casefold()):
            found = [index for index, name in enumerate(self.names) if match(name) == match(wanted)]
            if found:
                return found[0]
        if wanted == LINE_NUMBER:
            return -1
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.names):
            return int(wanted) - 1
        near = difflib.get_close_matches(wanted, self.names, 1)
        shown = ", ".join(self.names[:_SHOWN_NAMES]) + (", ..." if len(self.names) > _SHOWN_NAMES else "")
        raise LogError(
            f"There is no column '{wanted}'.",
            where=where,
            expected=f"one of {shown}, or a number from 1 to {len(self.names)}",
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )


def is_number(text: str, *, decimal_comma: bool = False) -> bool:
    """Whether a field holds a number, or says that it holds none."""
    cleaned = text.strip().casefold()
    if cleaned in _MISSING:
        return True
    try:
        float(cleaned.replace(",", ".") if decimal_comma else cleaned)
    except ValueError:
        return False
    return "_" not in cleaned


def split_line(line: str, delimiter: str) -> list[str]:
    """Cut one line into its fields.

    Raises
    ------
    LogError
        A quoted field is too long to be one.
    """
    if delimiter == _WHITE_SPACE:
        return re.findall(r'"(?:[^"]|"")*"|\S+', line)
    return next(split_lines([line], delimiter), [])


def split_lines(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Cut lines into their fields, as `split_line` does."""
    try:
        yield from csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    except csv.Error as error:
        raise LogError(
            "A quoted field has no end, or is far too long.", hint="Is there a quotation mark too many, or one too few?"
        ) from error


def find_dialect(block: bytes, options: DialectOptions, where: str) -> Dialect:
    """Find out how a log is written from its first lines.

    Raises
    ------
    LogError
        There are no lines but comments and empty ones.
    """
    text = block[:_SAMPLE_BYTES].decode("utf-8", "replace")
    lines = text.split("\n")[:-1] or [text]
    comment = options.comment
    is_row = [bool(line.strip()) and not (comment and line.startswith(comment)) for line in lines]
    rows = [index for index, wanted in enumerate(is_row) if wanted][:_SAMPLE_LINES]
    if not rows:
        raise LogError("The file holds no rows.", where=where, expected="numbers in columns")
    sample = [lines[index].rstrip("\r") for index in rows]
    delimiter = options.delimiter or _find_delimiter(sample, decimal_comma=options.decimal_comma)
    first = [field.strip() for field in split_line(sample[0], delimiter)]
    numeric = [is_number(field, decimal_comma=options.decimal_comma) for field in first]
    header = not all(numeric) if options.header is None else options.header
    fields = [split_line(line, delimiter) for line in sample[header:]]
    columns = max([len(first), *map(len, fields)])
    names = first if header else _commented_names(lines[: rows[0]], comment, delimiter, columns)
    return Dialect(
        delimiter=delimiter,
        names=tuple(name or str(index) for index, name in enumerate([*names, *[""] * (columns - len(names))], 1)),
        has_names=bool(names),
        numeric=tuple(
            _mostly_numbers([row[column] for row in fields if column < len(row)], decimal_comma=options.decimal_comma)
            for column in range(columns)
        ),
        rows_from=rows[0] + 1 if header else 0,
        comment=comment,
        decimal_comma=options.decimal_comma,
    )


def _mostly_numbers(fields: Sequence[str], *, decimal_comma: bool) -> bool:
    numbers = sum(is_number(field, decimal_comma=decimal_comma) for field in fields)
    return 2 * numbers > len(fields) or not fields


def _find_delimiter(lines: Sequence[str], *, decimal_comma: bool) -> str:
    """Choose what cuts the lines into the same number of fields, more than one, most often."""
    best, best_share = ",", 0.0
    for candidate in _CANDIDATES:
        if candidate == "," and decimal_comma:
            continue
        counts = Counter(len(split_line(line, candidate)) for line in lines)
        fields, often = counts.most_common(1)[0]
        share = often / len(lines) if fields > 1 else 0.0
        if share > best_share:
            best, best_share = candidate, share
    return best


def _commented_names(lines: Sequence[str], comment: str, delimiter: str, columns: int) -> list[str]:
    """Names in the last comment before the first row, where they are as many as the columns."""
    said = [line for line in lines if comment and line.startswith(comment)]
    if not said:
        return []
    names = [name.strip() for name in split_line(said[-1].removeprefix(comment).strip(), delimiter)]
    return names if len(names) == columns and not all(map(is_number, names)) else []
