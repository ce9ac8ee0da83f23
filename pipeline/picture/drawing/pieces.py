"""A drawing's text cut into lines, words or letters, each in its place, so that they can enter one after another.

This module owns where a text may be cut: letters that join, and words that read from right to left, stay whole. It does
not know how pieces move.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pipeline.picture.drawing.marks import Drawing, Mark, TextMark
from pipeline.picture.drawing.motion import Pieces
from pipeline.picture.text.direction import (
    RIGHT_TO_LEFT_MARK,
    embedding_levels,
    has_right_to_left_letters,
    reads_right_to_left,
    visual_runs,
)
from pipeline.picture.text.fonts import clusters
from pipeline.picture.text.linebreak import words
from pipeline.picture.text.typesetting import TextStyle, Typesetter

MOST_PIECES: Final = 240
"""A text of more pieces is cut into larger ones."""
_WORD: Final = re.compile(r"\S+")
_WITHOUT_SPACES: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
_JOINING: Final = re.compile("[\u0900-\u0dff\u1000-\u109f\u1780-\u17ff]")
"""Letters of India's scripts, Burmese and Khmer: neighbours change each other's shapes."""


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
    return len(text_pieces(mark.text, by))


def _pieces(mark: TextMark, by: Pieces, typesetter: Typesetter) -> Iterator[tuple[TextMark, ...]]:
    if by not in {"letter", "word"}:
        yield (mark,)
        return
    for marks in cut_line(mark, by, typesetter):
        yield tuple(marks)


def cut_line(mark: TextMark, by: Pieces, typesetter: Typesetter) -> list[list[TextMark]]:
    """A line's words or letters in reading order, each in its place: one mark, or several where it reads both ways.

    Lines with letters that read from right to left, or that join, are cut into words where letters are asked for.
    """
    if has_right_to_left_letters(mark.text):
        return _words_both_ways(mark, typesetter)
    return [
        [replace(mark, x_px=mark.x_px + pen_at(mark.text, begin, mark.style, typesetter), text=text)]
        for begin, text in text_pieces(mark.text, by)
    ]


def _words_both_ways(mark: TextMark, typesetter: Typesetter) -> list[list[TextMark]]:
    found = text_pieces(mark.text, "word")
    runs: list[tuple[int, str]] = []
    end = 0
    for number, (begin, text) in enumerate(found):
        runs += [(-1, mark.text[end:begin]), (number, text)]
        end = begin + len(text)
    runs.append((-1, mark.text[end:]))
    stretches = [
        (number, RIGHT_TO_LEFT_MARK + text if is_reversed and not reads_right_to_left(text) else text)
        for number, text, is_reversed in visual_runs(runs, embedding_levels(mark.text))
    ]
    widths = [typesetter.measure(text, mark.style) for _, text in stretches]
    closer = typesetter.measure(mark.text, mark.style) / max(sum(widths), 1e-9)  # what neighbours take from each other
    marks: list[list[TextMark]] = [[] for _ in found]
    pen = mark.x_px
    for (number, text), width in zip(stretches, widths, strict=True):
        if number >= 0:
            marks[number].append(replace(mark, x_px=pen, text=text))
        pen += width * closer
    return marks


def text_pieces(text: str, by: Pieces) -> list[tuple[int, str]]:
    """The words or letters of a line, each with the number of its first character."""
    if has_right_to_left_letters(text):
        return [(found.start(), found[0]) for found in _WORD.finditer(text)]
    if by == "word" or _JOINING.search(text):
        return [piece for found in _WORD.finditer(text) for piece in _words_within(found[0], found.start())]
    pieces, at = [], 0
    for cluster in clusters(text):
        if cluster.strip():
            pieces.append((at, cluster))
        at += len(cluster)
    return pieces


def _words_within(text: str, begin: int) -> list[tuple[int, str]]:
    """What stands between two spaces: one word, or several of a script that writes no spaces."""
    if not _WITHOUT_SPACES.search(text):
        return [(begin, text)]
    pieces: list[tuple[int, str]] = []
    at = begin
    for word in words(text):
        joins = pieces and not any(character.isalnum() for character in word)
        if joins:  # marks stay with the word before them
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + word)
        else:
            pieces.append((at, word))
        at += len(word)
    return pieces


def pen_at(text: str, begin: int, style: TextStyle, typesetter: Typesetter) -> float:
    """Where the pen stands before a character of a line that reads from left to right, px."""
    if not begin:
        return 0.0
    return typesetter.measure(text[: begin + 1], style) - typesetter.measure(text[begin], style)
