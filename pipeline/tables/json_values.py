"""JSON value by value, so that a long file needs little memory.

This module owns reading values out of a stream of text. It does not
know columns. What Python writes for numbers that are none (`NaN`, `Infinity`) is read too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pipeline.errors import LogError

LONGEST_VALUE: Final = 1 << 24
"""In characters: of one row, or of one list that is a column."""
_LARGEST_OBJECT: Final = 1 << 25
BLANKS: Final = " \t\r\n\ufeff"
"""What may stand between values."""


def load(text: str) -> Any:
    """Read one JSON value, as `json.loads` does; all that it complains of is a `ValueError`."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


class JsonText:
    """A stream of JSON, read from its beginning to its end.

    Parameters
    ----------
    blocks
        UTF-8 that ends where a line ends: no number or word of JSON reaches from one block into the next.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in BLANKS:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, characters: int) -> None:
        """Move on."""
        self._at += characters

    def value(self) -> Any:
        """Read the next value.

        Raises
        ------
        LogError
            There is none, or it is too long.
        """
        self.peek()
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                known = len(self._text) - self._at
                if known > LONGEST_VALUE or not self._more(max(known, 1)):
                    raise self.broken() from error
            else:
                return value

    def take(self, wanted: str) -> str:
        """Read one character, which must be among `wanted`.

        Raises
        ------
        LogError
            It is another.
        """
        found = self.peek()
        if not found or found not in wanted:
            raise self.broken()
        self._at += 1
        return found

    def broken(self) -> LogError:
        """What to say where the text goes on as no JSON does."""
        near = self._text[self._at : self._at + 40].split("\n")[0]
        if not near:
            return LogError("The JSON ends in the middle.", expected="a whole file")
        shown = "".join(character if character.isprintable() else "?" for character in near)
        return LogError(f"The JSON can't be read from '{shown}' on.", expected="JSON, one object a line, or a list")

    def items(self) -> Iterator[Any]:
        """Read the items of a list, one by one."""
        self.take("[")
        if self.peek() == "]":
            self.skip(1)
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return

    def pairs(self, stream: Callable[[str], bool]) -> Iterator[tuple[str, Any]]:
        """Read the names and values of an object; a value that is to be streamed comes as None, still to be read.

        Raises
        ------
        LogError
            It is broken, or too large to be one row.
        """
        self.take("{")
        if self.peek() == "}":
            self.skip(1)
            return
        held = 0
        while True:
            if self.peek() != '"':
                raise self.broken()
            name = str(self.value())
            self.take(":")
            if stream(name) and self.peek() == "[":
                yield name, None
            else:
                before = len(self._text) - self._at
                yield name, self.value()
                held += max(before - (len(self._text) - self._at), 0)
                if held > _LARGEST_OBJECT:
                    raise LogError("The JSON object is too large.", expected="one object a row, a line each")
            if self.take(",}") == "}":
                return

    def _more(self, least: int = 1) -> bool:
        """Read on for at least so many characters, and forget what has been read; tell whether there was anything."""
        parts, got = [self._text[self._at :]], 0
        for block in self._blocks:
            text = block.decode("utf-8", "replace")
            parts.append(text)
            got += len(text)
            if got >= least:
                break
        self._text, self._at = "".join(parts), 0
        return got > 0
