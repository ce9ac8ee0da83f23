"""Lines of JSON that are alike but for their numbers, read many at once.

Owns which lines are alike, and finding their numbers: between them stands the same text in all of these lines. It does
not know what becomes of the numbers; lines of no known shape are for whoever reads JSON value by value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_COMMA, _LINE_BREAK = ord(","), ord("\n")
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)')
_LONGEST: Final = 10_000
_MOST_NUMBERS: Final = 500


@dataclass(frozen=True)
class _Slot:
    """Where a number stands among those of a line."""

    number: int


@dataclass(frozen=True)
class LineShape:
    """Lines that are alike.

    Parameters
    ----------
    texts
        What stands before the first number, between the numbers, and after the last one.
    names
        Of each number, its name; names within one another are joined by points. Empty: it is no row's value.
    columns
        All names of the row's values, in their order.
    fixed
        Values that are the same in all of these lines, by name: words, true, false and null.
    """

    texts: tuple[bytes, ...]
    names: tuple[str, ...]
    columns: tuple[str, ...]
    fixed: tuple[tuple[str, object], ...]

    @cached_property
    def commas(self) -> int:
        """How many commas stand in each of the lines."""
        return sum(text.count(b",") for text in self.texts)

    def numbers(self, lines: BlockLines, among: Places) -> tuple[Places, Places, Places]:
        """Find the numbers of those lines that have this shape.

        Parameters
        ----------
        among
            Which lines are looked at, shape (n,).

        Returns
        -------
        The lines that have the shape, shape (m,), and where each of their numbers begins and ends, shape (numbers, m).
        """
        found = among[lines.commas_of(among) == self.commas]
        first, last = self.texts[0], self.texts[-1]
        begin, end = lines.begins[found], lines.ends[found] - len(last)
        alike = (end >= begin + len(first)) & lines.stand(begin, first) & lines.stand(end, last)
        found, begin, end = found[alike], begin[alike] + len(first), end[alike]
        begins: list[Places] = [begin]
        ends: list[Places] = []
        commas = first.count(b",")
        for text in self.texts[1:-1]:
            at = lines.comma(found, commas) - text.index(b",")
            alike = (at > begins[-1]) & (at + len(text) < end) & lines.stand(at, text)
            if not alike.all():
                found, at, end = found[alike], at[alike], end[alike]
                begins, ends = [one[alike] for one in begins], [one[alike] for one in ends]
            ends.append(at)
            begins.append(at + len(text))
            commas += text.count(b",")
        return found, np.stack(begins), np.stack([*ends, end])


class BlockLines:
    """The lines of a block of text that ends where a line ends: where they begin and end, and their commas."""

    def __init__(self, block: bytes) -> None:
        self.data: Bytes = np.frombuffer(block + b"\n" * 64, dtype=np.uint8)
        content = self.data[: len(block)]
        self.ends: Places = np.flatnonzero(content == _LINE_BREAK)
        self.begins: Places = np.concatenate([[0], self.ends[:-1] + 1])
        self._commas = np.flatnonzero(content == _COMMA)
        self._first_comma = np.searchsorted(self._commas, self.begins)
        self._counts = np.searchsorted(self._commas, self.ends) - self._first_comma

    def __len__(self) -> int:
        return self.ends.size

    def text(self, line: int) -> str:
        """A line without its end."""
        return self.data[self.begins[line] : self.ends[line]].tobytes().decode("utf-8", "replace")

    def commas_of(self, lines: Places) -> Places:
        """How many commas each of these lines has."""
        return np.asarray(self._counts[lines], dtype=np.int64)

    def comma(self, lines: Places, number: int) -> Places:
        """Where the comma of a number, counted from 0, stands in each of these lines, which have so many."""
        return self._commas[self._first_comma[lines] + number]

    def stand(self, at: Places, text: bytes) -> NDArray[np.bool_]:
        """Whether a text stands at places, shape (n,); none of them lies beyond the block."""
        alike = np.ones(at.size, dtype=np.bool_)
        for offset, byte in enumerate(text):
            alike &= self.data[np.minimum(at + offset, self.data.size - 1)] == byte
        return alike


def shape_of(line: str, deepest: int, longest_name: int) -> LineShape | None:
    """The shape of a line that is one object; None where it has lists, or no numbers.

    Parameters
    ----------
    deepest, longest_name
        Objects further within one another, and numbers of longer names, are no values of the row.
    """
    if len(line) > _LONGEST or "[" in line:
        return None
    spans = [match.span(1) for match in _TOKENS.finditer(line) if match[1]]
    if not 0 < len(spans) <= _MOST_NUMBERS:
        return None
    count = iter(range(len(spans) + 1))

    def slot(_number: str) -> _Slot:
        return _Slot(next(count))

    try:
        row = json.loads(line, parse_int=slot, parse_float=slot)
    except (ValueError, RecursionError, StopIteration):
        return None
    if not isinstance(row, dict) or next(count) != len(spans):
        return None
    named = dict(_flat(row, "", deepest, longest_name))
    if any(isinstance(value, float) for value in named.values()):  # NaN, which is a number in other lines
        return None
    names = {value.number: name for name, value in named.items() if isinstance(value, _Slot)}
    edges = [0, *(edge for span in spans for edge in span), len(line)]
    return LineShape(
        texts=tuple(line[begin:end].encode() for begin, end in zip(edges[::2], edges[1::2], strict=True)),
        names=tuple(names.get(number, "") for number in range(len(spans))),
        columns=tuple(named),
        fixed=tuple((name, value) for name, value in named.items() if not isinstance(value, _Slot)),
    )


def _flat(row: Mapping[str, Any], path: str, deepest: int, longest_name: int) -> Sequence[tuple[str, object]]:
    """The values of a row, and of the objects in it."""
    found: list[tuple[str, object]] = []
    for name, value in row.items():
        full = f"{path}{name}"
        if isinstance(value, Mapping):
            if deepest > 1:
                found += _flat(value, f"{full}.", deepest - 1, longest_name)
        elif len(full) <= longest_name:
            found.append((full, value))
    return found
