"""Where a text may be broken into lines, and breaking it.

Pure functions on strings and a measuring function. Where a line may end is decided by ICU, the Unicode Consortium's own
implementation of Unicode Annex 14, which also knows the words of scripts that write none of their spaces, such as
Thai. A word that is wider than the line is parted anywhere between two characters as readers see them (Annex 29).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

from icu4py.breakers import CharacterBreaker, LineBreaker, WordBreaker

Measure = Callable[[str], float]

_LOCALE: Final = "en"
"""Its rules are the Annex's own, without any language's changes."""
_WRITTEN_BREAK: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SOFT_HYPHEN: Final = "\u00ad"
_HYPHEN: Final = "-"
_ELLIPSIS: Final = "\u2026"
_FINENESS: Final = 64
"""Balanced lines are found to within this share of the width."""


def units(text: str) -> list[str]:
    """Cut a text after every place where a line may end; spaces stay at the end of their unit."""
    return _cut(text, LineBreaker)


def words(text: str) -> list[str]:
    """Cut a text into words, marks and spaces; scripts that write no spaces are cut where a dictionary has words."""
    return _cut(text, WordBreaker)


def letters(text: str) -> list[str]:
    """Cut a text into characters as readers see them: each with its marks, emoji and flags whole."""
    return _cut(text, CharacterBreaker)


def _cut(text: str, breaker: type[LineBreaker | CharacterBreaker | WordBreaker]) -> list[str]:
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
    return line[:-1] + _HYPHEN if line.endswith(_SOFT_HYPHEN) else line


def _parted(word: str, measure: Measure, width: float) -> list[str]:
    """Part a word that is too wide, anywhere but within a letter and its marks or a composed picture.

    Between two letters of an alphabet that has capitals a hyphen shows that the word goes on.
    """
    left, parts = letters(word), []
    while len(left) > 1 and measure("".join(left)) > width:
        end = _most_within(left, measure, width)
        hyphened = next((at for at in range(end, 1, -1) if measure("".join(left[:at]) + _HYPHEN) <= width), 0)
        is_hyphened = hyphened > 1 and _joins(left[hyphened - 1], left[hyphened])
        end = hyphened if is_hyphened else end
        parts.append("".join(left[:end]) + _HYPHEN * is_hyphened)
        left = left[end:]
    return [*parts, "".join(left)]


def _most_within(parts: Sequence[str], measure: Measure, width: float) -> int:
    """How many parts, at least one and not all, are together as wide as a line."""
    rooms = accumulate(measure(part) for part in parts[:-1])
    count = max(1, sum(room <= width for room in rooms))
    while count > 1 and measure("".join(parts[:count])) > width:  # together they may be wider than each on its own
        count -= 1
    return count


def _joins(one: str, other: str) -> bool:
    """Whether both are letters that have capitals: those of Latin, Greek, Cyrillic, Armenian."""
    return all(letter[0].isalpha() and letter.lower() != letter.upper() for letter in (one, other))


def cut_short(lines: Sequence[str], measure: Measure, width: float) -> list[str]:
    """Return lines of which the last one ends in an ellipsis, for what comes after it is left out."""
    *before, last = lines
    kept = letters(last.rstrip(f" {_HYPHEN}"))
    while kept and measure("".join(kept).rstrip() + _ELLIPSIS) > width:
        kept.pop()
    return [*before, "".join(kept).rstrip() + _ELLIPSIS]


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
