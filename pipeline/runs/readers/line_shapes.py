"""Lines of a log that are alike but for their numbers: read once with care, then all others by one compiled match.

Owns which lines are alike. What a line says is found by whoever reads lines; a shape gives the same answer sooner, or
none. It knows no names of losses or counters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Parse = Callable[[str], Mapping[str, float] | None]
_TOKEN: Final = re.compile(r"(?<![\w.])(?:(?<=[\s:=(])[+-])?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![.\d])")
_FORMS: Final = (
    (re.compile(r"[+-]?\d{1,15}"), r"[+-]?\d{1,15}"),
    (re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d{1,3})?"), r"[+-]?\d{1,20}\.\d{1,20}(?:[eE][+-]?\d{1,3})?"),
    (re.compile(r"[+-]?\d+[eE][+-]?\d{1,3}"), r"[+-]?\d{1,15}[eE][+-]?\d{1,3}"),
)
"""Whole numbers, decimals, and whole numbers with an exponent: what a line says may depend on which of them stands."""
_PLACEHOLDER: Final = 10_000
_THOUSANDS: Final = re.compile(r"\d,\d")
_MOST_TOKENS: Final = 40
_MOST_SHAPES: Final = 16
_MOST_SKELETONS: Final = 500
_TWICE: Final = 3
_LONGEST: Final = 1000


@dataclass(frozen=True)
class Shape:
    """Lines that are alike: a match of them, and the names of the numbers that it captures, in the order of saying."""

    matches: Callable[[bytes], re.Match[bytes] | None]
    names: tuple[str, ...]


class Shapes:
    """The shapes of a log's lines, found as they come.

    Parameters
    ----------
    parse
        Gives the names and numbers of a line; must depend on nothing but the line.
    """

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._shapes: list[Shape] = []
        self._seen: dict[str, int] = {}

    def find(self, raw: bytes) -> tuple[tuple[str, ...], tuple[bytes, ...]] | None:
        """Give the names and numbers of a line that is of a known shape; None: read it with care."""
        for at, shape in enumerate(self._shapes):
            match = shape.matches(raw)
            if match is not None:
                if at:
                    self._shapes.insert(0, self._shapes.pop(at))
                return shape.names, match.groups()
        return None

    def learn(self, line: str, found: Mapping[str, float]) -> None:
        """Look at a line that was read with care, and remember its shape when it has come often enough."""
        if len(self._shapes) >= _MOST_SHAPES or len(line) > _LONGEST or _THOUSANDS.search(line) or not line.isascii():
            return
        skeleton = _TOKEN.sub("0", line)
        if skeleton not in self._seen and len(self._seen) >= _MOST_SKELETONS:
            return
        self._seen[skeleton] = self._seen.get(skeleton, 0) + 1
        if self._seen[skeleton] == _TWICE and (shape := _shape_of(line, found, self._parse)) is not None:
            self._shapes.insert(0, shape)


def _shape_of(line: str, found: Mapping[str, float], parse: Parse) -> Shape | None:
    """The shape of a line; None where it is not certain which number is which.

    Every number is replaced by another of its form, all different: what is then said under a name tells which number it
    is. How many there are of what is counted stays as it is. The line itself must come out as it was read.
    """
    tokens = list(_TOKEN.finditer(line))
    if not tokens or len(tokens) > _MOST_TOKENS:
        return None
    forms = [next((at for at, (form, _) in enumerate(_FORMS) if form.fullmatch(token[0])), None) for token in tokens]
    fixed = [line[: token.start()].rstrip(" ").endswith("/") for token in tokens]  # how many there are, as in 1/100
    stand_ins = [
        token[0] if stays else ("{}", "{}.5", "{}e1")[form or 0].format(_PLACEHOLDER + at)
        for at, (token, form, stays) in enumerate(zip(tokens, forms, fixed, strict=True))
    ]
    ends, starts = [0, *(token.end() for token in tokens)], [*(token.start() for token in tokens), len(line)]
    texts = [line[end:start] for end, start in zip(ends, starts, strict=True)]
    said = parse("".join(text + number for text, number in zip(texts, [*stand_ins, ""], strict=True))) or {}
    places = {float(number): at for at, number in enumerate(stand_ins) if not fixed[at]}
    if None in forms or list(said) != list(found) or not all(value in places for value in said.values()):
        return None
    named = {places[value]: name for name, value in said.items()}
    pattern = _flexible(texts[0])
    for at, (form, text) in enumerate(zip(forms, texts[1:], strict=True)):
        number = re.escape(tokens[at][0]) if fixed[at] else _FORMS[form or 0][1]
        pattern += f"({number})" if at in named else number
        pattern += _flexible(text)
    shape = Shape(re.compile(pattern.encode()).fullmatch, tuple(named[at] for at in sorted(named)))
    match = shape.matches(line.encode())
    if match is None or len(named) != len(found):
        return None
    same = all(float(value) == found[name] for name, value in zip(shape.names, match.groups(), strict=True))
    return shape if same else None


def _flexible(text: str) -> str:
    """The text between two numbers, as a pattern: blanks beside a number are any blanks, unless a slash is there."""
    if "/" in text or not text.strip():
        return re.escape(text) if "/" in text else r"[ \t]+" if text else ""
    inner = text.strip(" \t")
    before, after = text[: len(text) - len(text.lstrip(" \t"))], text[len(text.rstrip(" \t")) :]
    return (r"[ \t]+" if before else "") + re.escape(inner) + (r"[ \t]+" if after else "")
