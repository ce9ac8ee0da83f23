"""Rows out of JSON: lines of objects, a list of objects or of points, columns as lists, a `trainer_state.json`.

This module owns what is a row, in memory in proportion to the numbers kept. It does not know what is drawn. Names
within objects are joined by points: `{"loss": {"train": 1}}` has the column `loss.train`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from pipeline.errors import LogError
from pipeline.tables.json_rows import JsonRows, Keeps, too_many
from pipeline.tables.json_values import BLANKS, JsonText, load

_MOST_NUMBERS: Final = 60_000_000  # each takes its row's number along
_HISTORY: Final = "log_history"  # where transformers' trainer_state.json keeps its rows
_BOARD: Final = ("Wall time", "Step", "Value")  # TensorBoard's JSON: a list of such triples


def read_json(blocks: Iterable[bytes], most_numbers: int, keeps: Keeps | None = None) -> JsonRows:
    """Read all rows of a JSON file.

    Parameters
    ----------
    blocks
        Its bytes, in UTF-8, each block to the end of a line.
    most_numbers
        More numbers than this are refused.
    keeps
        Which columns' numbers are kept, by name; None: all.

    Raises
    ------
    LogError
        It is no JSON, holds no rows, or too much.
    """
    rows = JsonRows(keeps)
    blocks = iter(blocks)
    most_numbers = min(most_numbers, _MOST_NUMBERS)
    first = next(blocks, b"")
    if _is_lines(first):
        for block in chain([first], blocks):
            rows.add_lines(block, _rows_of_line)
            _check_count(rows, most_numbers)
    else:
        for value in _row_values(JsonText(chain([first], blocks))):
            for row in _rows_of(value):
                rows.add(row)
                _check_count(rows, most_numbers)
    if not rows.dialect.columns:
        raise LogError(
            "The JSON holds no rows of numbers.",
            expected='an object a line, a list of objects, or an object with a list "log_history"',
        )
    return rows


def _check_count(rows: JsonRows, most_numbers: int) -> None:
    if rows.kept > most_numbers:
        raise too_many(most_numbers)


def _is_lines(block: bytes) -> bool:
    """Whether the first line that is not blank is a whole value."""
    line = block.decode("utf-8", "replace").lstrip(BLANKS).partition("\n")[0]
    return _whole(line) is not None


def _whole(line: str) -> Any:
    """The value that a line is; None where it is none, or no object or list."""
    if not line.rstrip().endswith(("}", "]")):
        return None
    try:
        value = load(line.lstrip(BLANKS))
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _rows_of_line(line: str) -> Sequence[Mapping[str, Any]] | None:
    """The rows of a line that is a value; one that isn't, such as a last one cut off, is None."""
    if not line.strip(BLANKS):
        return ()
    value = _whole(line)
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(value.get(_HISTORY), list):
        value = value[_HISTORY]
    elif not (isinstance(value, list) and any(isinstance(item, dict | list) for item in value)):
        value = [value]
    return [row for item in value for row in _rows_of(item)]


def _row_values(text: JsonText) -> Iterator[Any]:
    """Everything that may be a row: each value of the file, each item of a list, each row of a trainer's history."""
    while opening := text.peek():
        if opening == "[":
            yield from text.items()
        elif opening == "{":
            yield from _object(text)
        else:
            raise text.broken()


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


def _rows_of(value: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a value: an object is one, or all columns where its values are lists; a triple is a point."""
    if isinstance(value, dict):
        lists = {str(name): one for name, one in value.items() if isinstance(one, list)}
        longest = max(map(len, lists.values()), default=0)
        if longest and len(lists) == len(value):
            for number in range(longest):
                yield {name: one[number] for name, one in lists.items() if number < len(one)}
        else:
            yield value
    elif isinstance(value, list):
        names = _BOARD if len(value) == len(_BOARD) else [str(number) for number in range(1, len(value) + 1)]
        yield dict(zip(names, value, strict=True))
    else:
        raise LogError("The JSON holds values that are no rows.", expected="objects, or lists of numbers")
