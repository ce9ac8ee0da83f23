"""Which line of a TOML file says what: for errors that are found in the values, after the file was parsed.

This module owns the index from a value's path to its line. It parses nothing anew: the text is valid TOML already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

Path = tuple[str | int, ...]
"""Keys, and the numbers of items in lists, counted from 0."""

_KEY: Final = re.compile(r"""\s*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))\s*(\.?)""")
_STRINGS: Final = ('"""', "'''", '"', "'")
_SKIPPED: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_DEEPEST: Final = 60


def line_numbers(text: str) -> dict[Path, int]:
    """Find the line, counted from 1, on which each value of a valid TOML text begins."""
    return _Index(text).lines


def line_of(path: Sequence[str | int], lines: Mapping[Path, int]) -> int | None:
    """Return the line of a value, or of the smallest part of the file around it that has one."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(tuple(path[:length]))) is not None:
            return line
    return None


class _Index:
    """One pass over the text, statement by statement."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._counts: dict[Path, int] = {}
        self.lines: dict[Path, int] = {}
        self._seen, self._line = 0, 1
        table: Path = ()
        while self._skip() < len(text):
            begin = self._at
            if text[begin] == "[":
                table = self._header()
            else:
                self._statement(table, 0)
            self._at = max(self._at, begin + 1)

    def _skip(self) -> int:
        found = _SKIPPED.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _mark(self, path: Path) -> None:
        self._line += self._text.count("\n", self._seen, self._at)
        self._seen = self._at
        self.lines.setdefault(path, self._line)

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while found := _KEY.match(self._text, self._at):
            self._at = found.end()
            if len(keys) < _DEEPEST:
                keys.append(next(part for part in found.groups()[:3] if part is not None))
            if not found[4]:
                break
        return keys

    def _header(self) -> Path:
        many = self._text.startswith("[[", self._at)
        begin = self._at
        self._at += 2 if many else 1
        path: Path = ()
        keys = self._keys()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            if many and number == len(keys):
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
        end, self._at = self._at + (2 if many else 1), begin
        self._mark(path)
        self._at = end
        return path

    def _statement(self, table: Path, depth: int) -> None:
        self._skip()
        begin = self._at
        keys = self._keys()
        end, self._at = self._at, begin
        for number in range(1, len(keys) + 1):
            self._mark((*table, *keys[:number]))
        self._at = end
        self._skip()
        if self._at < len(self._text) and self._text[self._at] == "=":
            self._at += 1
            self._value((*table, *keys), depth)

    def _value(self, path: Path, depth: int) -> None:
        self._skip()
        self._mark(path)
        text = self._text
        if depth < _DEEPEST and text[self._at : self._at + 1] in {"[", "{"}:
            self._items(path, depth)
            return
        for quotes in _STRINGS:
            if text.startswith(quotes, self._at):
                self._string(quotes)
                return
        found = _SCALAR.match(text, self._at)
        self._at = found.end() if found else self._at + 1

    def _string(self, quotes: str) -> None:
        at = self._at + len(quotes)
        while not self._text.startswith(quotes, at) and at < len(self._text):
            at += 2 if self._text[at] == "\\" and quotes[0] == '"' else 1
        at += len(quotes)
        while len(quotes) > 1 and self._text.startswith(quotes[0], at):  # as many as two may stand before the end
            at += 1
        self._at = at

    def _items(self, path: Path, depth: int) -> None:
        closing = "]" if self._text[self._at] == "[" else "}"
        self._at += 1
        number = 0
        while self._skip() < len(self._text) and self._text[self._at] != closing:
            begin = self._at
            if self._text[self._at] == ",":
                self._at += 1
                number += 1
            elif closing == "]":
                self._value((*path, number), depth + 1)
            else:
                self._statement(path, depth + 1)
            self._at = max(self._at, begin + 1)
        self._at += 1
