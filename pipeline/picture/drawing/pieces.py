"""A drawing's text cut into lines, words or letters, each in its place, so that they can enter one after another.

This module owns where a text may be cut: letters that join, and lines that read from right to left, stay whole. It does
not know how pieces move.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pipeline.picture.drawing.marks import Drawing, Mark, TextMark
from pipeline.picture.drawing.motion import Pieces
from pipeline.picture.text.direction import has_right_to_left_letters
from pipeline.picture.text.fonts import clusters
from pipeline.picture.text.typesetting import TextStyle, Typesetter

MOST_PIECES: Final = 240
"""A text of more pieces is cut into larger ones."""
_WORD: Final = re.compile(r"\S+")


def split(drawing: Drawing, by: Pieces, typesetter: Typesetter) -> list[Drawing]:
    """Cut a drawing: what is no text comes first, as one piece, then the pieces of its texts in reading order."""
    texts = [mark for mark in drawing.marks if isinstance(mark, TextMark)]
    others: tuple[Mark, ...] = tuple(mark for mark in drawing.marks if not isinstance(mark, TextMark))
    if by in {"letter", "word"} and sum(_count(mark, by) for mark in texts) > MOST_PIECES:
        return split(drawing, "word" if by == "letter" else "line", typesetter)
    pieces: list[tuple[Mark, ...]] = [piece for mark in texts for piece in _pieces(mark, by, typesetter)]
    if others and pieces:
        pieces[0] = (*others, *pieces[0])
    marks = pieces or [others]
    return [replace(drawing, marks=one) for one in marks]


def _count(mark: TextMark, by: Pieces) -> int:
    return 1 if has_right_to_left_letters(mark.text) else len(text_pieces(mark.text, by))


def _pieces(mark: TextMark, by: Pieces, typesetter: Typesetter) -> Iterator[tuple[TextMark, ...]]:
    if by not in {"letter", "word"} or has_right_to_left_letters(mark.text):
        yield (mark,)
        return
    for begin, text in text_pieces(mark.text, by):
        yield (replace(mark, x_px=mark.x_px + pen_at(mark.text, begin, mark.style, typesetter), text=text),)


def text_pieces(text: str, by: Pieces) -> list[tuple[int, str]]:
    """The words or letters of a line, each with the number of its first character."""
    if by == "word":
        return [(found.start(), found[0]) for found in _WORD.finditer(text)]
    found, at = [], 0
    for cluster in clusters(text):
        if cluster.strip():
            found.append((at, cluster))
        at += len(cluster)
    return found


def pen_at(text: str, begin: int, style: TextStyle, typesetter: Typesetter) -> float:
    """Where the pen stands before a character of a line that reads from left to right, px."""
    if not begin:
        return 0.0
    return typesetter.measure(text[: begin + 1], style) - typesetter.measure(text[begin], style)
