"""Rows out of JSON: lines of objects, a list of objects or of points, columns as lists, a `trainer_state.json`.

This module owns reading JSON value by value, in memory in proportion to the numbers kept. It does not know what is
drawn. Names within objects are joined by points: `{"loss": {"train": 1}}` has the column `loss.train`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LogError
from pipeline.tables.dialect import Dialect
from pipeline.tables.json_values import JsonText, load
from pipeline.tables.kinds import Column, is_absent
from pipeline.tables.numbers import MISSING, ParseDiagnostics, number_from
from pipeline.tables.times import read_span, read_time

Floats = NDArray[np.float64]

_MOST_NUMBERS: Final = 40_000_000  # each takes its row's number along
_MOST_COLUMNS: Final = 10_000
_DEEPEST: Final = 4  # objects within one another
_LONGEST_NAME: Final = 300
_HISTORY: Final = "log_history"  # where transformers' trainer_state.json keeps its rows
_BOARD: Final = ("Wall time", "Step", "Value")  # TensorBoard's JSON: a list of such triples


@dataclass
class _Sparse:
    """One column: its values, and the rows that have one."""

    rows: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    kind: str = ""
    offset_s: int | None = None
    missing: int = 0
    words: int = 0
    first_word: str = ""
    first_word_row: int = -1

    def add(self, row: int, value: object) -> None:
        """Keep a row's value as a number; count it where it is none."""
        if value is None or (isinstance(value, str) and is_absent(value)):
            self.missing += value is None or value.casefold() not in {"nan", "inf", "-inf"}
            number: float | None = MISSING if value is None else _absent_number(value)
            kind = self.kind
        else:
            number, kind = self._read(value)
        if kind and not self.kind:
            self.kind = kind
        if kind == self.kind and number is not None:
            self.rows.append(row)
            self.values.append(number)
            return
        self.words += 1
        if self.first_word_row < 0:
            self.first_word, self.first_word_row = str(value)[:40], row

    def _read(self, value: object) -> tuple[float | None, str]:
        """A value as a number, and as what it was read."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return float(value), "number"
            except OverflowError:
                return float("inf"), "number"
        if not isinstance(value, str):
            return None, "words"
        text = value.strip()
        if (number := number_from(text.encode("utf-8", "replace"))) is not None:
            return number, "number"
        if time := read_time(text, self.offset_s):
            if not self.kind:
                self.offset_s = time[1]
            return time[0], "time"
        span = read_span(text)
        return span, "words" if span is None else "span"


def _absent_number(text: str) -> float:
    number = number_from(text.encode("utf-8", "replace"))
    return MISSING if number is None else number


@dataclass
class JsonRows:
    """All rows of a JSON file."""

    sparse: dict[str, _Sparse] = field(default_factory=dict)
    count: int = 0
    bad_lines: int = 0
    first_bad: str = ""

    @property
    def dialect(self) -> Dialect:
        """The columns, as a log's."""
        columns = []
        for name, one in self.sparse.items():
            kind = "words" if one.words > len(one.rows) else one.kind or "number"
            offset = one.offset_s if kind == "time" else None
            columns.append(Column(name, kind, offset_s=offset, first_word=one.first_word))  # type: ignore[arg-type]
        notes = [f"{self.bad_lines:,} lines are no JSON objects ({self.first_bad})"] if self.bad_lines else []
        return Dialect(",", tuple(columns), has_names=True, rows_from=0, comment="", notes=tuple(notes))

    def dense(self, wanted: Iterable[int], most_numbers: int) -> tuple[dict[int, Floats], dict[int, ParseDiagnostics]]:
        """Columns by index, shape (rows,) each, NaN where a row has no value, and what was odd about them.

        Raises
        ------
        LogError
            They hold more than `most_numbers` numbers.
        """
        indices, names = list(wanted), list(self.sparse)
        if self.count * len(indices) > most_numbers:
            raise _too_many(most_numbers)
        columns: dict[int, Floats] = {}
        diagnostics: dict[int, ParseDiagnostics] = {}
        for index in indices:
            if index < 0:
                columns[index], diagnostics[index] = np.arange(1.0, self.count + 1), ParseDiagnostics()
                continue
            one = self.sparse[names[index]]
            column = np.full(self.count, MISSING)
            column[np.frombuffer(one.rows, dtype=np.int64)] = np.frombuffer(one.values, dtype=np.float64)
            columns[index], diagnostics[index] = column, self._diagnostics(one)
        return columns, diagnostics

    def _diagnostics(self, one: _Sparse) -> ParseDiagnostics:
        """What is odd; a row that lacks a column is not: JSON has no empty fields."""
        values = np.frombuffer(one.values, dtype=np.float64)
        nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        return ParseDiagnostics(
            missing=one.missing,
            not_a_number=max(nan - one.missing, 0),
            infinite=infinite,
            words=one.words,
            first_word=one.first_word,
            first_word_row=one.first_word_row,
        )

    def add(self, row: Mapping[str, Any], path: str = "", depth: int = 1) -> None:
        """Keep an object as the next row."""
        for name, value in row.items():
            full = f"{path}{name}"
            if isinstance(value, Mapping):
                if depth < _DEEPEST:
                    self.add(value, f"{full}.", depth + 1)
                continue
            if isinstance(value, list) or len(full) > _LONGEST_NAME:
                continue
            column = self.sparse.get(full)
            if column is None:
                if len(self.sparse) >= _MOST_COLUMNS:
                    raise LogError(f"The log has more than {_MOST_COLUMNS:,} columns.", expected="a log of numbers")
                column = self.sparse[full] = _Sparse()
            column.add(self.count, value)
        if not path:
            self.count += 1


def read_json(blocks: Iterable[bytes], most_numbers: int) -> JsonRows:
    """Read all rows of a JSON file.

    Parameters
    ----------
    blocks
        Its bytes, in UTF-8.
    most_numbers
        More numbers than this are refused.

    Raises
    ------
    LogError
        It is no JSON, holds no rows, or too much.
    """
    rows = JsonRows()
    text = JsonText(blocks)
    kept = 0
    most_numbers = min(most_numbers, _MOST_NUMBERS)
    for value in _row_values(rows, text):
        before = rows.count
        _add(rows, value)
        kept += (rows.count - before) * (len(value) if isinstance(value, list | dict) else 1)
        if kept > most_numbers:
            raise _too_many(most_numbers)
    if not rows.sparse:
        raise LogError(
            "The JSON holds no rows of numbers.",
            expected='an object a line, a list of objects, or an object with a list "log_history"',
        )
    return rows


def _too_many(most_numbers: int) -> LogError:
    return LogError(f"The log holds more than {most_numbers:,} numbers.", hint="Thin the log out.")


def _row_values(rows: JsonRows, text: JsonText) -> Iterator[Any]:
    """Everything that may be a row: each value of the file, each item of a list, each row of a trainer's history."""
    if _whole(text.line() or "") is not None:
        yield from _lines(rows, text)
        return
    while opening := text.peek():
        if opening == "[":
            yield from text.items()
        elif opening == "{":
            yield from _object(text)
        else:
            raise text.broken()


def _whole(line: str) -> Any:
    """The value that a line is; None where it is none, or no object or list."""
    if not line.rstrip().endswith(("}", "]")):
        return None
    try:
        value = load(line)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _lines(rows: JsonRows, text: JsonText) -> Iterator[Any]:
    """The rows of a file whose lines are values; one that isn't, such as a last one cut off, costs one row."""
    while (line := text.line()) is not None:
        text.skip(len(line))
        value = _whole(line)
        if value is None:
            rows.bad_lines += 1
            rows.first_bad = rows.first_bad or line[:40]
        elif isinstance(value, dict) and isinstance(value.get(_HISTORY), list):
            yield from value[_HISTORY]
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            yield from value
        else:
            yield value


def _object(text: JsonText) -> Iterator[Any]:
    """The rows of an object of several lines: a trainer's history, else the object itself."""
    row: dict[str, Any] = {}
    has_history = False
    for name, value in text.pairs(lambda name: name == _HISTORY):
        if name == _HISTORY and value is None:
            has_history = True
            row.clear()
            yield from text.items()
        elif not has_history:
            row[name] = value
    if row:
        yield row


def _add(rows: JsonRows, value: Any) -> None:
    """Add a value of the file: an object is a row, or all columns where its values are lists; a triple is a point."""
    if isinstance(value, dict):
        lists = {str(name): one for name, one in value.items() if isinstance(one, list)}
        longest = max(map(len, lists.values()), default=0)
        if longest and len(lists) == len(value):
            for number in range(longest):
                rows.add({name: one[number] for name, one in lists.items() if number < len(one)})
        else:
            rows.add(value)
    elif isinstance(value, list):
        names = _BOARD if len(value) == len(_BOARD) else [str(number) for number in range(1, len(value) + 1)]
        rows.add(dict(zip(names, value, strict=True)))
    else:
        raise LogError("The JSON holds values that are no rows.", expected="objects, or lists of numbers")
