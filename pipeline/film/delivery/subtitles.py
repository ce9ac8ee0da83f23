"""Subtitles of captions and cards, as SubRip and WebVTT.

This module owns the two formats. It does not know where the words come from.

Sources: https://www.w3.org/TR/webvtt1/ ; SubRip has no standard: UTF-8, numbered from 1, no blank line inside a cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.film.timeline.clock import timestamp
from pipeline.film.timeline.timeline import Timeline

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Cue:
    """Words and the frames at which they are read, the end not included."""

    text: str
    in_frame: int
    out_frame: int


def translated_cues(timeline: Timeline, cues: Iterable[Cue], language: str) -> tuple[Cue, ...]:
    """The same subtitles with the lines of songs in their second language, where that is this one."""
    lines = {
        (line.start_frame, line.end_frame): _lines(line.translation)
        for song in timeline.songs()
        for line in song.lines
        if song.translation_language == language
    }
    changed = (Cue(lines.get((cue.in_frame, cue.out_frame), cue.text), cue.in_frame, cue.out_frame) for cue in cues)
    return tuple(cue for cue in changed if cue.text)


def cues_of(timeline: Timeline, card_texts: Mapping[str, Sequence[str]]) -> tuple[Cue, ...]:
    """Gather what is to be read in the film: words of cards, captions, and lyrics; in the film's order.

    Parameters
    ----------
    timeline
        The film.
    card_texts
        The words on each card, by the card's name, in reading order.
    """
    cues = [Cue(caption.text, caption.in_frame, caption.out_frame) for caption in timeline.captions]
    cues += [Cue(line.text, line.start_frame, line.end_frame) for song in timeline.songs() for line in song.lines]
    for card in timeline.cards():
        words = "\n".join(card_texts.get(card.name, ()))
        cues.append(Cue(words, card.start_frame, card.end_frame))
    tidy = (Cue(_lines(cue.text), cue.in_frame, cue.out_frame) for cue in cues)
    return tuple(sorted((cue for cue in tidy if cue.text), key=lambda cue: (cue.in_frame, cue.out_frame, cue.text)))


def _lines(text: str) -> str:
    """Drop control characters and blank lines, which would end a cue; and arrows, which would begin one."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    lines = (" ".join(line.split()) for line in _CONTROL.sub(" ", unified).split("\n"))
    return "\n".join(line for line in lines if line).replace("-->", "\u2192")


def as_subrip(cues: Iterable[Cue], timeline: Timeline) -> str:
    """Write cues as SubRip (.srt)."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        times = [
            timestamp(timeline.clock.seconds_at(frame), milliseconds=True, comma=True)
            for frame in (cue.in_frame, cue.out_frame)
        ]
        blocks.append(f"{number}\n{times[0]} --> {times[1]}\n{cue.text}\n")
    return "\n".join(blocks)


def as_webvtt(cues: Iterable[Cue], timeline: Timeline) -> str:
    """Write cues as WebVTT (.vtt)."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        times = [
            timestamp(timeline.clock.seconds_at(frame), milliseconds=True) for frame in (cue.in_frame, cue.out_frame)
        ]
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{times[0]} --> {times[1]}\n{text}\n")
    return "\n".join(blocks)
