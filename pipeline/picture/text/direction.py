"""In which order the characters of a line stand, from left to right (Unicode Annex 9).

Pure functions on strings. The annex's rules are python-bidi's (the Rust crate unicode-bidi), brackets and isolates
included. It does not know fonts: whatever draws a stretch of one direction may shape it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Final, TypeVar

Tag = TypeVar("Tag")

CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that say which way a text reads, and are never drawn."""
RIGHT_TO_LEFT_MARK: Final = "\u200f"
LEFT_TO_RIGHT_MARK: Final = "\u200e"
_STRONG_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_NEEDS_LEVELS: Final = _STRONG_RIGHT_TO_LEFT | {"RLE", "RLO", "RLI"}
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LEVEL: Final = re.compile(r"Level\(\s*(\d+)")


def reads_right_to_left(text: str) -> bool:
    """Whether a text's first letter with a direction reads from right to left (rules P2 and P3)."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((direction != "L" for direction in directions if direction in {"L", "R", "AL"}), False)


def has_right_to_left_letters(text: str) -> bool:
    """Whether any letter of a text reads from right to left."""
    return any(unicodedata.bidirectional(character) in _STRONG_RIGHT_TO_LEFT for character in text)


def embedding_levels(text: str) -> list[int]:
    """The level of each character of a line: odd ones stand from right to left.

    The whole line reads as `reads_right_to_left` tells.
    """
    if not any(unicodedata.bidirectional(character) in _NEEDS_LEVELS for character in text):
        return [0] * len(text)
    from bidi import get_display  # noqa: PLC0415  # few lines need it

    encodable = _LONE_SURROGATE.sub("\ufffd", text)
    # The levels come in its report, one for each byte of UTF-8; line breaks inside the text are escaped there.
    report = get_display(encodable, base_dir="R" if reads_right_to_left(text) else "L", debug=True)
    listed = report.rpartition("\n    levels: [")[2].partition("\n    ]")[0]
    levels = [int(level) for level in _LEVEL.findall(listed)]
    starts = accumulate((len(character.encode()) for character in encodable[:-1]), initial=0)
    return [levels[start] for start in starts]


def visual_runs(runs: Sequence[tuple[Tag, str]], levels: Sequence[int]) -> list[tuple[Tag, str, bool]]:
    """Cut the runs of a line where the direction changes, and put them in the order in which they stand (rule L2).

    Parameters
    ----------
    runs
        The line's stretches in the order in which they are read, each with whatever belongs to it.
    levels
        One for each character of the line.

    Returns
    -------
    From left to right: what belongs to a stretch, its characters in the order in which they are read, and whether
    they stand from right to left.
    """
    parts: list[tuple[int, Tag, str]] = []
    at = 0
    for tag, text in runs:
        for level, group in groupby(range(at, at + len(text)), key=levels.__getitem__):
            places = list(group)
            parts.append((level, tag, text[places[0] - at : places[-1] + 1 - at]))
        at += len(text)
    for least in range(max(levels, default=0), 0, -1):
        reordered: list[tuple[int, Tag, str]] = []
        for is_reversed, group_of_parts in groupby(parts, key=lambda part: part[0] >= least):
            together = list(group_of_parts)
            reordered += reversed(together) if is_reversed else together
        parts = reordered
    return [(tag, text, bool(level % 2)) for level, tag, text in parts]


def mirrored(character: str) -> str:
    """The character that stands for this one in text from right to left: a closing bracket for an opening one."""
    from bidi.mirror import MIRRORED  # noqa: PLC0415

    return str(MIRRORED.get(character, character))
