"""How a log is written: what stands between its columns, what they are called, where its numbers begin.

This module owns guessing that from the first lines, and finding a column by the name or number that a person gives. It
does not know what one column's fields mean.
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
from pipeline.tables.kinds import Column, find_columns, is_value

LINE_NUMBER: Final = "line"
"""Names the number of the line, counted from 1, as a column that every log has."""

_SAMPLE_LINES: Final = 100
_SAMPLE_BYTES: Final = 1 << 18
_WHITE_SPACE: Final = " "
_CANDIDATES: Final = ("\t", ";", ",", "|", _WHITE_SPACE)
DELIMITERS: Final = "".join(_CANDIDATES)
"""What is looked for between columns where nobody says."""
_SHOWN_NAMES: Final = 12


@dataclass(frozen=True)
class DialectOptions:
    """What a person says about a log; None and empty: find out."""

    delimiter: str = ""
    header: bool | None = None
    comment: str = "#"
    decimal_comma: bool | None = None
    """True: numbers are written 3,14 or 1.234,5; False: 3.14 or 1,234.5."""
    encoding: str = ""


@dataclass(frozen=True)
class Dialect:
    """How a log is written."""

    delimiter: str  # one character; a space stands for any run of spaces and tabs
    columns: tuple[Column, ...]
    has_names: bool  # the names stand in the log, and are not just numbers
    rows_from: int  # how many lines come before the numbers
    comment: str
    notes: tuple[str, ...] = ()  # what was guessed, and a person should know

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(column.name for column in self.columns)

    @property
    def readable(self) -> list[int]:
        """The indices of the columns that hold numbers or times."""
        return [index for index, column in enumerate(self.columns) if column.kind != "words"]

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
    delimiter = options.delimiter or _find_delimiter(sample)
    first = [field.strip() for field in split_line(sample[0], delimiter)]
    header = not all(map(is_value, first)) if options.header is None else options.header
    fields = [[field.strip() for field in split_line(line, delimiter)] for line in sample[header:]]
    count = max([len(first), *map(len, fields)])
    names = first if header else _commented_names(lines[: rows[0]], comment, delimiter, count)
    named = [name or str(index) for index, name in enumerate([*names, *[""] * (count - len(names))], 1)]
    columns, notes = find_columns(
        named,
        [[row[at] for row in fields if at < len(row)] for at in range(count)],
        decimal_comma=options.decimal_comma,
        comma_parts=delimiter == ",",
    )
    if header and fields and min(sum(map(bool, row[len(first) :])) for row in fields):
        notes.append(f"the rows have {count} fields, the header names {len(first)}")
    return Dialect(
        delimiter=delimiter,
        columns=columns,
        has_names=bool(names),
        rows_from=rows[0] + 1 if header else 0,
        comment=comment,
        notes=tuple(notes),
    )


def _find_delimiter(lines: Sequence[str]) -> str:
    """Choose what cuts the lines into the same number of fields, more than one, most often.

    Where several do, as commas do in decimals between semicolons, the one with the most numbers between.
    """
    best, best_score = ",", (0.0, 0.0)
    for candidate in _CANDIDATES:
        rows = [split_line(line, candidate) for line in lines]
        fields, often = Counter(map(len, rows)).most_common(1)[0]
        if fields > 1:
            values = sum(is_value(field.strip()) for row in rows for field in row) / sum(map(len, rows))
            best, best_score = max(
                (best, best_score), (candidate, (often / len(lines), values)), key=lambda one: one[1]
            )
    return best


def _commented_names(lines: Sequence[str], comment: str, delimiter: str, columns: int) -> list[str]:
    """Names in the last comment before the first row, where they are as many as the columns."""
    comments = [line for line in lines if comment and line.startswith(comment)]
    if not comments:
        return []
    names = [name.strip() for name in split_line(comments[-1].removeprefix(comment).strip(), delimiter)]
    return names if len(names) == columns and not all(map(is_value, names)) else []
