"""Where a text may be broken into lines, and breaking it.

Pure functions on strings and a measuring function. A small part of Unicode Annex 14: breaks after spaces, hyphens and
slashes, between ideographs and kana (with the marks that may not begin or end a line), and anywhere in a word that is
wider than the line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

Measure = Callable[[str], float]

_BREAK_AFTER: Final = frozenset("-\u2010\u2013\u2014/\\_\u200b\u00ad")
_NEVER_FIRST: Final = frozenset({"Pe", "Pf", "Po", "Lm"})
"""Unicode categories: closing brackets and quotes, points and commas of any script, marks that lengthen or repeat."""
_NEVER_LAST: Final = frozenset({"Ps", "Pi"})
_SMALL_KANA: Final = frozenset("ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_FINENESS: Final = 64
"""Balanced lines are found to within this share of the width."""


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


def units(text: str) -> list[str]:
    """Cut a text after every place where a line may end; spaces stay at the end of their unit."""
    parts: list[str] = []
    for character in text:
        if parts and not _may_break(parts[-1], character):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _may_break(before: str, after: str) -> bool:
    last = before[-1]
    if after.isspace() or unicodedata.category(after).startswith("M") or last == "\u00a0":
        return False
    if last.isspace():
        return True
    unpaired = unicodedata.category(after) in _NEVER_FIRST or after in _SMALL_KANA
    if unpaired or unicodedata.category(last) in _NEVER_LAST:
        return False
    if _is_wide(last) or _is_wide(after):
        return True
    return last in _BREAK_AFTER and len(before) > 1 and after.isalpha()


def break_lines(text: str, measure: Measure, width: float) -> list[str]:
    """Break `text` into lines at most `width` wide; line breaks in the text are kept.

    Each part between two places to break is measured on its own and the widths are added up, which is quick since
    parts come again and again; what letters gain or lose by their neighbours over such a place is too little to see.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _break_paragraph(paragraph.strip(), measure, width)
    return lines


def _break_paragraph(text: str, measure: Measure, width: float) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    for unit in units(text):
        word = unit.rstrip()
        room = measure(word)
        if line and used + room > width:
            lines.append(line.rstrip())
            line, used = "", 0.0
        if room > width:
            *heads, word = _parted(word, measure, width)
            lines += heads
            unit = word + unit[len(unit.rstrip()) :]  # noqa: PLW2901 (the rest of it begins the next line)
        line += unit
        used += measure(unit)
    return [*lines, line.rstrip()]


def _parted(word: str, measure: Measure, width: float) -> list[str]:
    """Part a word that is too wide, anywhere but between a letter and its marks."""
    parts = [""]
    used = 0.0
    for letter in word:
        room = measure(letter)
        joined = unicodedata.category(letter).startswith("M")
        if parts[-1] and used + room > width and not joined:
            parts.append("")
            used = 0.0
        parts[-1] += letter
        used += 0.0 if joined else room
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
