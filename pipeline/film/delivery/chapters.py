"""Chapters: those inside the file, and the list that platforms read in a description.

This module owns the platforms' rules (the first chapter at 0:00, at least three, each at least 10 s, ascending) and
ffmpeg's metadata syntax. It does not know what the chapters are about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.film.timeline.clock import timestamp
from pipeline.film.timeline.timeline import Chapter, Timeline

SHORTEST_CHAPTER_S: Final = 10
FEWEST_CHAPTERS: Final = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class ChapterLine:
    """A line of a description's chapter list."""

    start_s: int
    title: str

    def __str__(self) -> str:
        """As platforms read it: `1:02 Title`."""
        return f"{timestamp(self.start_s)} {self.title}"


@dataclass(frozen=True)
class ChapterList:
    """A description's chapter list, and what had to be done to the film's chapters for it."""

    lines: tuple[ChapterLine, ...]
    note: str = ""


def one_line(text: str) -> str:
    """Put a text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def platform_chapters(timeline: Timeline) -> ChapterList:
    """Return the chapters as platforms want them; those too short are merged with the shorter of their neighbours.

    Returns
    -------
    ChapterList
        No lines where fewer than three would be left; the note says what was merged or dropped.
    """
    end_s = int(timeline.duration_s)
    starts = [(int(timeline.clock.seconds_at(chapter.frame)), one_line(chapter.title)) for chapter in timeline.chapters]
    if not starts:
        return ChapterList(())
    lines = [ChapterLine(0, starts[0][1]), *(ChapterLine(*start) for start in starts[1:])]
    merged: list[str] = []
    while len(lines) >= FEWEST_CHAPTERS:
        lengths = _lengths(lines, end_s)
        short = next((i for i, length in enumerate(lengths) if length < SHORTEST_CHAPTER_S), None)
        if short is None:
            note = f"Too short for a chapter of its own: {', '.join(merged)}." if merged else ""
            return ChapterList(tuple(lines), note)
        merged.append(_absorb(lines, lengths, short))
    return ChapterList(
        (), f"No chapter list: the film has too few chapters of at least {SHORTEST_CHAPTER_S} s (three are needed)."
    )


def _lengths(lines: Sequence[ChapterLine], end_s: int) -> list[int]:
    starts = [*(line.start_s for line in lines), end_s]
    return [after - before for before, after in pairwise(starts)]


def _absorb(lines: list[ChapterLine], lengths: Sequence[int], short: int) -> str:
    """Merge a short chapter into a neighbour, the first one forward; the longer one's title stays."""
    into = (
        short + 1 if short == 0 or (short + 1 < len(lines) and lengths[short + 1] < lengths[short - 1]) else short - 1
    )
    first, second = sorted((short, into))
    keeps = second if lengths[second] >= lengths[first] else first
    lost = lines[first if keeps == second else second].title
    lines[first : second + 1] = [ChapterLine(lines[first].start_s, lines[keeps].title)]
    return lost


def metadata_text(timeline: Timeline, chapters: Sequence[Chapter], tags: Mapping[str, str]) -> str:
    """Write tags and chapters in ffmpeg's metadata syntax, with nothing in them that it could take for its own.

    Source: https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
    """
    lines = [
        ";FFMETADATA1",
        *(f"{_escaped(name)}={_escaped(one_line(value))}" for name, value in tags.items() if value),
    ]
    base = timeline.frame_rate
    ends = [*(chapter.frame for chapter in chapters[1:]), timeline.total_frames]
    for chapter, end in zip(chapters, ends, strict=False):  # without chapters there is an end alone
        lines += [
            "[CHAPTER]",
            f"TIMEBASE={base.denominator}/{base.numerator}",
            f"START={chapter.frame}",
            f"END={end}",
            f"title={_escaped(one_line(chapter.title))}",
        ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\\n])", r"\\\1", text)
