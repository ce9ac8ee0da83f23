"""Columns of numbers out of a log, at a speed near that of reading the file.

This module owns cutting blocks of lines into fields, and what is kept and reported: columns that a person asked for,
as floats, with NaN where a row has no number. It does not know what is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LogError
from pipeline.runtime.ordered_work import in_order
from pipeline.store.endpoints import input_name
from pipeline.tables.dialect import (
    DELIMITERS,
    LINE_NUMBER,
    Dialect,
    DialectOptions,
    find_dialect,
    split_line,
    split_lines,
)
from pipeline.tables.kinds import Column
from pipeline.tables.numbers import ParseDiagnostics, parse_numbers, parse_words
from pipeline.tables.quotes import whole_records
from pipeline.tables.source import LineBlocks, open_lines
from pipeline.tables.times import read_span, read_time

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_NUMBERS: Final = 100_000_000  # 0.8 GB of floats, twice that while they are joined
_LINE_BREAK: Final = ord("\n")
_PADDING: Final = b"\n" * 32
_UNIT_SEPARATOR: Final = "\x1f"  # stands between fields where quotes have been taken off
_RUNS: Final = re.compile(rb"[ \t]+")
_EDGES: Final = re.compile(rb"[ \t\r]*\n[ \t]*")


@dataclass
class Table:
    """Columns of a log: shape (rows,) each, by their index in the log."""

    path: str
    dialect: Dialect
    columns: dict[int, Floats]
    diagnostics: dict[int, ParseDiagnostics]
    rows: int = 0
    short_rows: int = 0  # rows that end before the last column
    notes: tuple[str, ...] = ()  # what was guessed about the file, and a person should know

    @property
    def name(self) -> str:
        """The log's name for messages."""
        return input_name(self.path)


@dataclass
class _Block:
    """What one block of lines holds; rows and lines are counted from its beginning."""

    columns: dict[int, Floats]
    diagnostics: dict[int, ParseDiagnostics]
    rows: int
    short_rows: int
    lines: int


def read_table(
    path: str,
    options: DialectOptions,
    choose: Callable[[Dialect], Sequence[int]],
    *,
    keeps: Callable[[str], bool] | None = None,
    most_numbers: int = MOST_NUMBERS,
) -> Table:
    """Read columns of a log: CSV and its kin, JSON lines, or a JSON document of rows or columns.

    Parameters
    ----------
    path
        A file, plain or compressed by gzip, or `-` for standard input.
    options
        What is known about how it is written.
    choose
        Called with how the log is written; returns which columns are wanted: their indices, -1 for the line number.
    keeps
        Of JSON, whose columns are known only at its end: which names may be chosen; None: all.
    most_numbers
        More numbers than this are refused.

    Returns
    -------
    The columns, shape (rows,) each: numbers; times as seconds since 1970-01-01 UTC; lengths of time as seconds.

    Raises
    ------
    LogError
        The log can't be read, has no rows, or too many of them.
    """
    try:
        with open_lines(path, options.encoding) as lines:
            raw = next(lines.blocks)
            if raw.lstrip()[:1] in {b"{", b"["}:
                table = _read_json(path, choose, keeps, most_numbers, (raw, lines))
            else:
                lines.blocks = whole_records(
                    chain([raw], lines.blocks), DELIMITERS + options.delimiter, options.comment
                )
                table = _read_rows(path, options, choose, most_numbers, lines)
    except LogError as error:
        raise LogError(
            error.what, where=error.where or input_name(path), expected=error.expected, hint=error.hint
        ) from error
    if not table.rows:
        raise LogError("The file holds no rows.", where=input_name(path), expected="numbers in columns")
    return table


def read_named_columns(
    path: str, wanted: Sequence[str] = (), options: DialectOptions | None = None, *, most_numbers: int = MOST_NUMBERS
) -> dict[str, Floats]:
    """Read columns of a log by their names.

    Parameters
    ----------
    path
        A file that `read_table` reads, such as a CSV file, JSON lines, or a `trainer_state.json`.
    wanted
        Names of columns; none: all that hold numbers or times.
    options
        What is known about how it is written.
    most_numbers
        More numbers than this are refused.

    Returns
    -------
    The columns by name, in the order wanted, shape (rows,) each; NaN where a row has no value. Times are seconds.

    Raises
    ------
    LogError
        The log can't be read, has no rows or too many, or lacks a column; names the nearest one.
    """
    names: dict[str, int] = {}

    def choose(dialect: Dialect) -> Sequence[int]:
        found = [dialect.find(name, input_name(path)) for name in wanted] if wanted else dialect.readable
        names.update({(dialect.names[at] if at >= 0 else LINE_NUMBER): at for at in found})
        return list(names.values())

    table = read_table(path, options or DialectOptions(), choose, most_numbers=most_numbers)
    return {name: table.columns[at] for name, at in names.items()}


def _read_json(
    path: str,
    choose: Callable[[Dialect], Sequence[int]],
    keeps: Callable[[str], bool] | None,
    most_numbers: int,
    opened: tuple[bytes, LineBlocks],
) -> Table:
    """Read an open log that is JSON, of which the first block has come."""
    from pipeline.tables.json_table import read_json  # noqa: PLC0415  # few logs need it

    first, lines = opened
    rows = read_json(chain([first], lines.blocks), most_numbers, keeps)
    wanted = tuple(dict.fromkeys(choose(rows.dialect)))
    columns, diagnostics = rows.dense(wanted, most_numbers)
    notes = (*lines.notes, *rows.dialect.notes)
    return Table(path, rows.dialect, columns, diagnostics, rows.count, notes=notes)


def _read_rows(
    path: str,
    options: DialectOptions,
    choose: Callable[[Dialect], Sequence[int]],
    most_numbers: int,
    records: LineBlocks,
) -> Table:
    """Read blocks of rows, several at once."""
    first = next(records.blocks)
    dialect = find_dialect(first, options, input_name(path))
    wanted = tuple(dict.fromkeys(choose(dialect)))
    table = Table(
        path, dialect, {}, {index: ParseDiagnostics() for index in wanted}, notes=(*records.notes, *dialect.notes)
    )
    parts: dict[int, list[Floats]] = {index: [] for index in wanted}
    lines = dialect.rows_from
    work = partial(_part, dialect=dialect, wanted=wanted)
    for part in in_order(work, chain([_without_lines(first, dialect.rows_from)], records.blocks)):
        for index in wanted:
            parts[index].append(part.columns[index] + lines if index < 0 else part.columns[index])
            table.diagnostics[index].add(part.diagnostics[index], table.rows)
        table.rows += part.rows
        table.short_rows += part.short_rows
        lines += part.lines
        if table.rows * len(wanted) > most_numbers:
            raise LogError(
                f"The log holds more than {most_numbers:,} numbers.",
                hint="Draw fewer columns at once, or thin the log out.",
            )
    table.columns = {index: np.concatenate(parts.pop(index)) for index in wanted}
    return table


def _without_lines(block: bytes, lines: int) -> bytes:
    at = 0
    for _ in range(lines):
        at = block.index(b"\n", at) + 1
    return block[at:]


def _part(raw: bytes, dialect: Dialect, wanted: Sequence[int]) -> _Block:
    """Read the wanted columns of one block of lines."""
    block, delimiter = _plain(raw, dialect)
    data = np.frombuffer(block + _PADDING, dtype=np.uint8)
    content = data[: len(block)]
    is_break = content == _LINE_BREAK
    marks = np.flatnonzero(is_break | (content == ord(delimiter)))
    breaks = np.flatnonzero(is_break[marks])
    first_mark = np.concatenate([[0], breaks[:-1] + 1])[: breaks.size]
    begins = np.concatenate([[0], marks[breaks[:-1]] + 1])[: breaks.size]
    last_field = breaks - first_mark
    kept = _rows(data, begins, block, dialect)
    numbers: Floats = np.flatnonzero(kept) + np.float64(1.0)
    if not kept.all():
        first_mark, begins, last_field = first_mark[kept], begins[kept], last_field[kept]
    columns: dict[int, Floats] = {}
    diagnostics = {index: ParseDiagnostics() for index in wanted}
    for index in wanted:
        if index < 0:
            columns[index] = numbers
        else:
            starts, ends = _fields(marks, first_mark, begins, last_field, index)
            columns[index] = _values(data, starts, ends, diagnostics[index], dialect.columns[index])
    short_rows = int(np.count_nonzero(last_field < len(dialect.names) - 1))
    return _Block(columns, diagnostics, begins.size, short_rows, breaks.size)


def _values(
    data: NDArray[np.uint8], starts: Places, ends: Places, diagnostics: ParseDiagnostics, column: Column
) -> Floats:
    """Read fields as what their column holds."""
    if column.kind == "time":
        return parse_words(
            data, starts, ends, diagnostics, lambda text: (read_time(text, column.offset_s) or (None,))[0]
        )
    if column.kind == "span":
        return parse_words(data, starts, ends, diagnostics, read_span)
    return parse_numbers(data, starts, ends, diagnostics, point=column.point)


def _rows(data: NDArray[np.uint8], begins: Places, block: bytes, dialect: Dialect) -> NDArray[np.bool_]:
    """Tell which lines are rows: not empty, and no comment."""
    kept: NDArray[np.bool_] = data[begins] != _LINE_BREAK
    if dialect.comment:
        kept &= ~_starts_with(data, begins, dialect.comment.encode())
    if b"\r\n" in block:
        kept &= (data[begins] != ord("\r")) | (data[begins + 1] != _LINE_BREAK)
    return kept


def _fields(marks: Places, first_mark: Places, begins: Places, last_field: Places, index: int) -> tuple[Places, Places]:
    """Where each row's field number `index` begins and ends; empty where the row ends before."""
    there = last_field >= index
    if there.all():
        ends = marks[first_mark + index]
        return (begins if index == 0 else marks[first_mark + index - 1] + 1), ends
    at = np.where(there, first_mark + index, first_mark)
    ends = np.where(there, marks[at], begins)
    starts = begins if index == 0 else np.where(there, marks[np.maximum(at - 1, 0)] + 1, begins)
    return starts, ends


def _starts_with(data: NDArray[np.uint8], begins: Places, mark: bytes) -> NDArray[np.bool_]:
    found = np.ones(begins.size, dtype=np.bool_)
    for place, byte in enumerate(mark[: len(_PADDING)]):
        found &= data[begins + place] == byte
    return found


def _plain(block: bytes, dialect: Dialect) -> tuple[bytes, str]:
    """Make a block simple: no quotes, and one delimiter between two fields."""
    if b'"' in block:
        return _unquoted(block, dialect), _UNIT_SEPARATOR
    if dialect.delimiter == " ":
        return _RUNS.sub(b" ", _EDGES.sub(b"\n", block).lstrip(b" \t")), " "
    return block, dialect.delimiter


def _unquoted(block: bytes, dialect: Dialect) -> bytes:
    lines = [line.rstrip("\r") for line in block.decode("utf-8", "replace").split("\n")[:-1]]
    if dialect.delimiter == " ":
        lines = [" ".join(line.split()) for line in lines]
    if any(line.count('"') % 2 for line in lines):  # one that is never closed must not swallow the lines after it
        rows: Iterable[list[str]] = (split_line(line, dialect.delimiter) for line in lines)
    else:
        rows = split_lines(lines, dialect.delimiter)
    return b"".join(_UNIT_SEPARATOR.join(row).replace("\n", " ").encode("utf-8", "replace") + b"\n" for row in rows)
