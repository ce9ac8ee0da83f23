"""Where in a TOML text its tables and comments stand: as much of the grammar as is needed to cut it into blocks.

A block is a header such as `[[section]]` with all lines up to the next header. This module does not interpret values.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.production.editing.edits import Path

_QUOTES: Final = ('"""', "'''", '"', "'")
_HEADER: Final = re.compile(r"\s*(\[\[?)(.*?)(\]\]?)\s*(?:#.*)?$")


@dataclass(frozen=True)
class Block:
    """A table of the text.

    Parameters
    ----------
    path
        Where it stands in the values: `("section", 1, "take", 0)`; empty at the top.
    is_item
        Whether its header is one of a list's: `[[section]]`.
    start, end
        Its lines, counted from 0, the end not included; with the header.
    last_key
        The line after its last key's: what follows, up to the end, is comments and empty lines.
    """

    path: Path
    is_item: bool
    start: int
    end: int
    last_key: int


@dataclass(frozen=True)
class _Line:
    is_key: bool
    is_header: bool
    comment: str


def blocks_of(text: str) -> list[Block]:
    """Cut a valid TOML text, whose lines end with line feeds, into blocks; the first has no header."""
    lines, scanned = text.split("\n"), _scanned(text)
    starts = [0] + [number for number, line in enumerate(scanned) if line.is_header]
    ends = [*starts[1:], len(lines)]
    items: dict[Path, int] = {}
    blocks = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        path, is_item = _path_of(lines[start], items) if index else ((), False)
        keys = [number for number in range(start, end) if scanned[number].is_key or scanned[number].is_header]
        blocks.append(Block(path, is_item, start, end, keys[-1] + 1 if keys else start))
    return blocks


def comments_of(text: str) -> Counter[str]:
    """All comments of a valid TOML text, and how often each stands there."""
    return Counter(line.comment for line in _scanned(text) if line.comment)


def leading_comments(text: str, line: int) -> int:
    """The first of the comment lines that stand right above a line; the line itself where there are none."""
    lines = text.split("\n")
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
    return line


def _path_of(header: str, items: dict[Path, int]) -> tuple[Path, bool]:
    match = _HEADER.match(header)
    assert match is not None  # noqa: S101 - only headers are handed in
    is_item = match[1] == "[["
    keys = _keys(match[2])
    path: Path = ()
    for number, key in enumerate(keys):
        path = (*path, key)
        if number == len(keys) - 1 and is_item:
            items[path] = items.get(path, -1) + 1
        if path in items:
            path = (*path, items[path])
    return path, is_item


def _keys(dotted: str) -> list[str]:
    at: object = tomllib.loads(f"{dotted} = 0")
    keys: list[str] = []
    while isinstance(at, dict):
        key, at = next(iter(at.items()))
        keys.append(key)
    return keys


def _scanned(text: str) -> list[_Line]:
    """Each line: whether a key or a part of its value stands on it, whether it is a header, and its comment."""
    return list(_scan(text))


def _scan(text: str) -> Iterator[_Line]:
    quote, depth = "", 0
    for line in text.split("\n"):
        inside = bool(quote) or depth > 0
        is_header = not inside and line.lstrip().startswith("[")
        comment, at = "", 0
        while at < len(line) and not comment:
            if quote:
                quote, at = _in_quotes(line, at, quote)
            elif line[at] == "#":
                comment = line[at:].rstrip()
            elif found := next((one for one in _QUOTES if line.startswith(one, at)), ""):
                quote, at = found, at + len(found)
            else:
                depth += 0 if is_header else (line[at] in "[{") - (line[at] in "]}")
                at += 1
        has_content = inside or bool(line[:at].strip())
        yield _Line(has_content and not is_header, is_header, comment)


def _in_quotes(line: str, at: int, quote: str) -> tuple[str, int]:
    """Go on within quotes; returns those that are open then, and where the line goes on."""
    if quote[0] == '"' and line[at] == "\\":
        return quote, at + 2
    if not line.startswith(quote, at):
        return quote, at + 1
    at += len(quote)
    while len(quote) > 1 and line[at : at + 1] == quote[0]:  # quotes before the closing ones
        at += 1
    return "", at
