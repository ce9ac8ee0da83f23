"""A person's pattern of a log's lines: plain text, names in braces where numbers stand, * for anything.

Owns matching in time that grows with the line's length alone, whatever the pattern: it is no regular expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(
    r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,4})?|[+-]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE
)
_PARTS: Final = re.compile(r"\{([^{}]*)\}|(\*)")


@dataclass(frozen=True)
class _PatternPart:
    """One part of a pattern: text that stands there, a number's name, or anything."""

    text: str = ""
    name: str = ""


class LinePattern:
    """A pattern such as `it {iteration} * g={loss_g}`; runs of blanks are alike."""

    def __init__(self, pattern: str) -> None:
        pieces: list[_PatternPart] = []
        at = 0
        for found in _PARTS.finditer(pattern):
            pieces += _text_piece(pattern[at : found.start()])
            pieces.append(_PatternPart(name=found[1] or ""))
            at = found.end()
        self._pieces = [*pieces, *_text_piece(pattern[at:])]
        self.names = [piece.name for piece in self._pieces if piece.name]

    def match(self, line: str) -> dict[str, float] | None:
        """The numbers of the first place in a line where the pattern fits; None where it doesn't.

        Each text is looked for from where the one before it ended, and never again before: what stands between them may
        be anything where the pattern says * or begins, else only a number.
        """
        line = " ".join(line.split())
        found: dict[str, float] = {}
        at, anywhere = 0, True
        for piece in self._pieces:
            if piece.text:
                place = line.find(piece.text, at) if anywhere else at if line.startswith(piece.text, at) else -1
                if place < 0:
                    return None
                at, anywhere = place + len(piece.text), False
            elif piece.name:
                number = _NUMBER.search(line, at) if anywhere else _NUMBER.match(line, at + (line[at : at + 1] == " "))
                if number is None:
                    return None
                found[piece.name] = float(number[0])
                at, anywhere = number.end(), False
            else:
                anywhere = True
        return found


def _text_piece(text: str) -> list[_PatternPart]:
    plain = re.sub(r"\s+", " ", text)
    return [_PatternPart(text=plain)] if plain else []
