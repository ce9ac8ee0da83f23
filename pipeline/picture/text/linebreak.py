"""Where a text may be broken into lines, and breaking it.

Pure functions on strings and a measuring function. Where a line may end is decided by ICU, the Unicode Consortium's own
implementation of Unicode Annex 14, which also knows the words of scripts that write none of their spaces, such as
Thai. A word that is wider than the line is parted anywhere between two characters as readers see them (Annex 29).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from icu4py.breakers import CharacterBreaker, LineBreaker

Measure = Callable[[str], float]

_LOCALE: Final = "en"
"""Its rules are the Annex's own, without any language's changes."""
_WRITTEN_BREAK: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SOFT_HYPHEN: Final = "\u00ad"
_FINENESS: Final = 64
"""Balanced lines are found to within this share of the width."""


def units(text: str) -> list[str]:
    """Cut a text after every place where a line may end; spaces stay at the end of their unit."""
    return _cut(text, LineBreaker)


def _cut(text: str, breaker: type[LineBreaker | CharacterBreaker]) -> list[str]:
    lengths = map(len, breaker(_LONE_SURROGATE.sub("\ufffd", text), _LOCALE))  # ICU takes no broken text
    parts, at = [], 0
    for length in lengths:
        parts.append(text[at : at + length])
        at += length
    return parts


def break_lines(text: str, measure: Measure, width: float) -> list[str]:
    """Break `text` into lines at most `width` wide; line breaks in the text are kept.

    A soft hyphen at which a line ends becomes a hyphen.

    Each part between two places to break is measured on its own and the widths are added up, which is quick since
    parts come again and again; what letters gain or lose by their neighbours over such a place is too little to see.
    """
    lines: list[str] = []
    for paragraph in _WRITTEN_BREAK.split(text):
        lines += _break_paragraph(paragraph.strip(), measure, width)
    return lines


def _break_paragraph(text: str, measure: Measure, width: float) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    for unit in units(text):
        word = unit.rstrip()
        room = measure(_ended(word))
        if line and used + room > width:
            lines.append(_ended(line.rstrip()))
            line, used = "", 0.0
        if room > width:
            *heads, word = _parted(word, measure, width)
            lines += heads
            unit = word + unit[len(unit.rstrip()) :]  # noqa: PLW2901 (the rest of it begins the next line)
        line += unit
        used += measure(unit)
    return [*lines, line.rstrip()]


def _ended(line: str) -> str:
    """A line as it looks where it ends."""
    return line[:-1] + "-" if line.endswith(_SOFT_HYPHEN) else line


def _parted(word: str, measure: Measure, width: float) -> list[str]:
    """Part a word that is too wide, anywhere but within a letter and its marks or a composed picture."""
    parts = [""]
    used = 0.0
    for letter in _cut(word, CharacterBreaker):
        room = measure(letter)
        if parts[-1] and used + room > width:
            parts.append("")
            used = 0.0
        parts[-1] += letter
        used += room
    return parts


def balanced(text: str, measure: Measure, width: float) -> list[str]:
    """Break like `break_lines`, into as few lines, but as equally long ones as can be."""
    best = break_lines(text, measure, width)
    if len(best) == 1:
        return best
    low, high = width / len(best), width
    while high - low > width / _FINENESS:
        middle = (low + high) / 2
        tried = break_lines(text, measure, middle)
        if len(tried) <= len(best) and _breaks_no_more_words(tried, best):
            best, high = tried, middle
        else:
            low = middle
    return best


def _breaks_no_more_words(tried: list[str], best: list[str]) -> bool:
    """A balanced text must not part words that the widest lines left whole."""
    return len(" ".join(tried).split()) <= len(" ".join(best).split())
