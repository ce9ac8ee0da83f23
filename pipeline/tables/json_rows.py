"""The rows of a JSON file as columns: values and the rows that have one, since JSON has no empty fields.

Owns how a value becomes a number, and what is kept. It reads no text but lines that are alike.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LogError
from pipeline.tables.dialect import Dialect
from pipeline.tables.json_shapes import BlockLines, LineShape, Places, shape_of
from pipeline.tables.kinds import Column, is_absent
from pipeline.tables.numbers import MISSING, ParseDiagnostics, is_missing, number_from, parse_numbers
from pipeline.tables.times import read_span, read_time

Floats = NDArray[np.float64]
Keeps = Callable[[str], bool]

_MOST_COLUMNS: Final = 10_000
_MOST_ROWS: Final = (1 << 31) - 1
_DEEPEST: Final = 4  # objects within one another
_LONGEST_NAME: Final = 300
_MOST_SHAPES: Final = 16
_MOST_TRIES: Final = 200
"""Lines that are looked at for a shape of their own."""


@dataclass
class _Sparse:
    """One column: its values, and the rows that have one."""

    rows: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("d"))
    is_kept: bool = True
    """Whether its numbers are wanted; what they are is known of each column."""
    kind: str = ""
    offset_s: int | None = None
    found: int = 0
    """How many numbers it has, kept or not."""
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
            if self.is_kept:
                self.rows.append(row)
                self.values.append(number)
            self.found += 1
            return
        self.words += 1
        if self.first_word_row < 0:
            self.first_word, self.first_word_row = str(value)[:40], row

    def add_numbers(self, rows: Places, values: Floats | None) -> None:
        """Keep numbers of many rows, shape (n,) each; None where they aren't kept."""
        if self.kind not in {"", "number"}:
            for row in rows.tolist():
                self.add(row, 0.0)  # words among times, whatever number it is
            return
        self.kind = "number"
        self.found += rows.size
        if values is not None:
            self.rows.frombytes(rows.astype(np.intc).tobytes())
            self.values.frombytes(values.tobytes())

    def add_same(self, rows: Places, value: object) -> None:
        """Keep a value that many rows have; shape (n,)."""
        words = self.words
        self.add(int(rows[0]), value)
        if self.words > words:
            self.words += rows.size - 1
            return
        for row in rows[1:].tolist():
            self.add(row, value)

    def taken(self, rows: int) -> Floats:
        """The column, shape (rows,), NaN where a row has no value; it is not held any longer."""
        column = np.full(rows, MISSING)
        column[np.frombuffer(self.rows, dtype=np.intc)] = np.frombuffer(self.values, dtype=np.float64)
        self.rows, self.values = array("i"), array("d")
        return column

    def diagnostics(self) -> ParseDiagnostics:
        """What is odd; a row that lacks a column is not: JSON has no empty fields."""
        values = np.frombuffer(self.values, dtype=np.float64)
        nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        return ParseDiagnostics(
            missing=self.missing,
            not_a_number=max(nan - self.missing, 0),
            infinite=infinite,
            words=self.words,
            first_word=self.first_word,
            first_word_row=self.first_word_row,
        )

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
class _Group:
    """Lines of one shape in a block: shape (lines,), and the numbers of each name that is kept, shape (lines,) each."""

    shape: LineShape
    lines: Places
    values: dict[int, Floats]


class JsonRows:
    """All rows of a JSON file.

    Parameters
    ----------
    keeps
        Which columns' numbers are kept, by name; the others are known by name and kind alone.
    """

    def __init__(self, keeps: Keeps | None = None) -> None:
        self._keeps = keeps
        self._columns: dict[str, _Sparse] = {}
        self._shapes: list[LineShape] = []
        self._tries = 0
        self.count = 0
        self.kept = 0
        """How many values were looked at of the columns that are kept."""
        self.bad_lines = 0
        self.first_bad = ""

    @property
    def dialect(self) -> Dialect:
        """The columns, as a log's."""
        columns = []
        for name, one in self._columns.items():
            kind = "words" if one.words > one.found else one.kind or "number"
            offset = one.offset_s if kind == "time" else None
            columns.append(Column(name, kind, offset_s=offset, first_word=one.first_word))  # type: ignore[arg-type]
        notes = [f"{self.bad_lines:,} lines are no JSON objects ({self.first_bad})"] if self.bad_lines else []
        return Dialect(",", tuple(columns), has_names=True, rows_from=0, comment="", notes=tuple(notes))

    def dense(self, wanted: Iterable[int], most_numbers: int) -> tuple[dict[int, Floats], dict[int, ParseDiagnostics]]:
        """Columns by index, shape (rows,) each, NaN where a row has no value, and what was odd about them; once.

        Raises
        ------
        LogError
            They hold more than `most_numbers` numbers.
        """
        indices, names = list(wanted), list(self._columns)
        if self.count * len(indices) > most_numbers:
            raise too_many(most_numbers)
        columns: dict[int, Floats] = {}
        diagnostics: dict[int, ParseDiagnostics] = {}
        for index in indices:
            if index < 0:
                columns[index], diagnostics[index] = np.arange(1.0, self.count + 1), ParseDiagnostics()
                continue
            one = self._columns[names[index]]
            assert one.is_kept, names[index]  # noqa: S101 - whoever chooses a column has kept it
            diagnostics[index] = one.diagnostics()
            columns[index] = one.taken(self.count)
        return columns, diagnostics

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep an object as the next row."""
        self._add(row, self.count, "", 1)
        self._advance(1)

    def add_lines(self, block: bytes, rows_of: Callable[[str], Sequence[Mapping[str, Any]] | None]) -> None:
        """Keep the rows of a block of lines.

        Parameters
        ----------
        block
            UTF-8 that ends where a line ends.
        rows_of
            Gives the rows that one line holds; None: it is broken.
        """
        lines = BlockLines(block)
        groups, others = self._of_known_shapes(lines)
        rows_in = np.ones(len(lines), dtype=np.int64)
        single: dict[int, Sequence[Mapping[str, Any]]] = {}
        while others.size:
            at, others = int(others[0]), others[1:]
            text = lines.text(at)
            found = rows_of(text)
            if found is None:
                self.bad_lines += 1
                self.first_bad = self.first_bad or text.strip()[:40]
            single[at] = found or ()
            rows_in[at] = len(single[at])
            if rows_in[at] == 1 and (shape := self._learned(text)) is not None:
                group, others = self._group(shape, lines, others)
                groups.append(group)
        numbers = self.count + np.cumsum(rows_in) - rows_in
        first_in = {int(group.lines[0]): group for group in groups if group.lines.size}
        for at in sorted([*first_in, *single]):  # so that columns stand in the order of the file
            if at in first_in:
                self._add_group(first_in[at], numbers[first_in[at].lines])
            for number, row in enumerate(single.get(at, ()), start=int(numbers[at])):
                self._add(row, number, "", 1)
        self._advance(int(rows_in.sum()))

    def _of_known_shapes(self, lines: BlockLines) -> tuple[list[_Group], Places]:
        """The lines that are of a shape that is known, and the others."""
        groups, others = [], np.arange(len(lines))
        for shape in self._shapes:
            group, others = self._group(shape, lines, others)
            groups.append(group)
        return groups, others

    def _group(self, shape: LineShape, lines: BlockLines, among: Places) -> tuple[_Group, Places]:
        """The lines of a shape whose numbers can be read, and the others."""
        if not among.size:
            return _Group(shape, among, {}), among
        found, begins, ends = shape.numbers(lines, among)
        values = {
            number: parse_numbers(lines.data, begins[number], ends[number], ParseDiagnostics())
            for number, name in enumerate(shape.names)
            if name and self._is_kept(name)
        }
        whole = np.ones(found.size, dtype=np.bool_)
        for column in values.values():
            whole &= ~is_missing(column)
        if not whole.all():
            found, values = found[whole], {number: column[whole] for number, column in values.items()}
        return _Group(shape, found, values), np.setdiff1d(among, found, assume_unique=True)

    def _learned(self, line: str) -> LineShape | None:
        """The shape of a line, where it is new."""
        if len(self._shapes) >= _MOST_SHAPES or self._tries >= _MOST_TRIES:
            return None
        self._tries += 1
        shape = shape_of(line, _DEEPEST, _LONGEST_NAME)
        if shape is None or shape in self._shapes:
            return None
        self._shapes.append(shape)
        return shape

    def _add_group(self, group: _Group, rows: Places) -> None:
        for name in group.shape.columns:
            self._column(name)  # in the order of the row
        for number, name in enumerate(group.shape.names):
            if name:
                self._column(name).add_numbers(rows, group.values.get(number))
        for name, value in group.shape.fixed:
            self._column(name).add_same(rows, value)
        self.kept += rows.size * len(group.values)

    def _add(self, row: Mapping[str, Any], number: int, path: str, depth: int) -> None:
        for name, value in row.items():
            full = f"{path}{name}"
            if isinstance(value, Mapping):
                if depth < _DEEPEST:
                    self._add(value, number, f"{full}.", depth + 1)
            elif not isinstance(value, list) and len(full) <= _LONGEST_NAME:
                column = self._column(full)
                column.add(number, value)
                self.kept += column.is_kept

    def _column(self, name: str) -> _Sparse:
        column = self._columns.get(name)
        if column is None:
            if len(self._columns) >= _MOST_COLUMNS:
                raise LogError(f"The log has more than {_MOST_COLUMNS:,} columns.", expected="a log of numbers")
            column = self._columns[name] = _Sparse(is_kept=self._is_kept(name))
        return column

    def _is_kept(self, name: str) -> bool:
        return self._keeps is None or self._keeps(name)

    def _advance(self, rows: int) -> None:
        self.count += rows
        if self.count > _MOST_ROWS:
            raise LogError(f"The log holds more than {_MOST_ROWS:,} rows.", hint="Thin the log out.")


def too_many(most_numbers: int) -> LogError:
    """What to say of a log with more numbers than are kept."""
    return LogError(f"The log holds more than {most_numbers:,} numbers.", hint="Thin the log out.")
