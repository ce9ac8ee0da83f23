"""Syllables in time: each from its consonant, before the note, to its end; and how each blends with its neighbours.

Owns when each sound begins, rises and falls. It does not know spectra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.song.lyrics.phrases import Phrase, SungNote
from pipeline.song.lyrics.sounds import sound_of
from pipeline.song.lyrics.words import said_vowels
from pipeline.song.singing.pitch import LEGATO_S
from pipeline.song.voices.unit import Sounding, Unit, Voice

Doubles = npt.NDArray[np.float64]

ATTACK_S: Final = 0.03
"""A vowel without a consonant rises in this time; half of it is there at the note's beginning."""
RELEASE_S: Final = 0.09
"""Before a rest a vowel falls in this time, and is gone a little after the note's end."""
AFTER_S: Final = 0.02
_BLEND_S: Final = 0.03
"""Between two sounds whose voice bank gives no overlap."""
_MOST_BEFORE: Final = 0.5
"""Of the note before, for a consonant."""
_PLAIN_S: Final = 0.02
"""A unit whose vowel begins sooner has no consonant of its own."""
_GLIDE_S: Final = 0.2
"""A diphthong goes to its second vowel in the last moments, as singers hold the first."""
_MOST_GLIDE: Final = 0.5
"""Of its notes."""
_LEAST_HELD: Final = 0.4
"""Of a syllable's notes, before its end may begin."""
_LONGEST_TAIL_S: Final = 0.3
_LONGEST_BREATH_S: Final = 20.0
_DIP: Final = 0.5
_DIP_S: Final = 0.02


@dataclass(frozen=True)
class Tail:
    """How a syllable ends: with what, when that begins, rises and falls, in seconds."""

    unit: Unit
    start_s: float
    rise: tuple[float, float]
    fall: tuple[float, float]

    def share(self, times_s: Doubles) -> Doubles:
        """How much of it there is, 0 to 1, shape = (times,)."""
        return ramp(times_s, *self.rise) * (1 - ramp(times_s, *self.fall))


@dataclass(frozen=True)
class Span:
    """One syllable.

    Parameters
    ----------
    sounding
        What it is sung with.
    start_s, end_s
        From its first note's start to its last one's end.
    lead_s
        How long before `start_s` its sound begins.
    speed
        How much faster its consonant is sung than it was recorded.
    velocity
        Of its first note.
    joins_before, joins_after
        Whether it follows, or is followed by, another without a rest.
    rise, fall
        When it rises and when it falls, from and to, in seconds.
    tail
        What its end is sung with, where that is a sound of its own.
    """

    sounding: Sounding
    start_s: float
    end_s: float
    lead_s: float
    speed: float
    velocity: float
    joins_before: bool
    joins_after: bool
    rise: tuple[float, float]
    fall: tuple[float, float]
    tail: Tail | None = None

    @property
    def sounds_until_s(self) -> float:
        """When nothing of it is heard any more."""
        return max(self.end_s, self.fall[1], self.tail.fall[1] if self.tail else 0.0)

    @property
    def has_consonant(self) -> bool:
        """Whether anything but a vowel begins it."""
        return self.sounding.burst is not None or self.sounding.body.preutterance_s >= _PLAIN_S

    def share(self, times_s: Doubles) -> Doubles:
        """How much of the body there is, 0 to 1, shape = (times,)."""
        return ramp(times_s, *self.rise) * (1 - ramp(times_s, *self.fall))

    def lead_share(self, times_s: Doubles) -> Doubles:
        """How much there is of a murmur before the body, 0 to 1, shape = (times,)."""
        begin = self.start_s - self.lead_s
        half = (_BLEND_S if self.joins_before else ATTACK_S) / 2
        return ramp(times_s, begin - half, begin + half) * (1 - ramp(times_s, *self.rise))

    def glided(self, times_s: Doubles) -> Doubles:
        """How much of the way from a diphthong's first vowel to its second is made, 0 to 1, shape = (times,)."""
        seconds = min(_GLIDE_S, _MOST_GLIDE * (self.end_s - self.start_s))
        end = min(self.end_s, self.fall[0])
        return ramp(times_s, end - seconds, end)

    def dip(self, times_s: Doubles) -> Doubles:
        """A gain that parts a vowel from the one before it, where no consonant does."""
        if not self.joins_before or self.has_consonant:
            return np.ones(len(times_s))
        return np.asarray(1 - _DIP * np.exp(-np.square((times_s - self.start_s) / _DIP_S)))


def ramp(times_s: Doubles, begin_s: float, end_s: float) -> Doubles:
    """From 0 to 1 along a raised cosine."""
    share = np.clip((times_s - begin_s) / max(end_s - begin_s, 1e-4), 0.0, 1.0)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * share))


def spans_of(phrase: Phrase, voice: Voice, before: str, transpose: float) -> list[Span]:
    """Place a phrase's syllables; `before` is the syllable sung before it without a rest, or empty."""
    groups = _grouped(phrase.notes, voice.language)
    soundings, said = [], before
    for text, vowels, notes in groups:
        soundings.append(voice.sounding(text, said, notes[0].note.key + transpose, vowels))
        said = text
    leads = [_lead(groups, soundings, at) for at in range(len(groups))]
    spans = []
    for at, (text, vowels, notes) in enumerate(groups):
        start, end = notes[0].note.start_s, notes[-1].note.end_s
        joined = [_joins(groups, at), _joins(groups, at + 1)]
        lead, speed = leads[at]
        rise = _rise(soundings[at], start, lead, joins=joined[0])
        fall = end - RELEASE_S, end + AFTER_S
        if joined[1]:
            following = groups[at + 1].notes[0].note.start_s
            fall = _fall(soundings[at + 1], following, leads[at + 1][0])
        span = Span(soundings[at], start, end, lead, speed, notes[0].note.velocity, joined[0], joined[1], rise, fall)
        after = groups[at + 1].text if joined[1] else ""
        ending = voice.ending(text, after, notes[0].note.key + transpose, vowels)
        spans.append(span if ending is None else _with_tail(span, ending))
    return spans


def _with_tail(span: Span, ending: Unit) -> Span:
    """End a syllable with a sound of its own; as it is held where there is no room for that."""
    at = span.fall[0] if span.joins_after else span.end_s
    start = at - ending.preutterance_s
    rise = start, start + max(_BLEND_S, min(ending.overlap_s, ending.preutterance_s))
    if rise[1] > at or rise[0] < span.start_s + _LEAST_HELD * (span.end_s - span.start_s):
        return span
    gone = min(start + ending.seconds, at + _LONGEST_TAIL_S)
    fall = span.fall if span.joins_after else (max(rise[1], gone - RELEASE_S), max(rise[1] + RELEASE_S, gone))
    return replace(span, fall=rise, tail=Tail(ending, start, rise, fall))


class _Group(NamedTuple):
    """A syllable, its vowels where its word says them, and its notes."""

    text: str
    vowels: str
    notes: list[SungNote]


def _grouped(notes: Sequence[SungNote], language: str) -> list[_Group]:
    """Syllables with their notes; one that is held over a rest, or too long, begins again with its vowel."""
    groups: list[_Group] = []
    said = iter(said_vowels([one.syllable for one in notes if one.syllable is not None], language))
    for sung in notes:
        if sung.syllable is not None:
            groups.append(_Group(sung.syllable.text, next(said), [sung]))
        elif groups and _goes_on(groups[-1].notes, sung):
            groups[-1].notes.append(sung)
        elif groups:
            vowel = sound_of(groups[-1].text, language, groups[-1].vowels).vowel
            groups.append(_Group(vowel, vowel, [sung]))
        else:
            groups.append(_Group("", "", [sung]))
    return groups


def _goes_on(notes: Sequence[SungNote], sung: SungNote) -> bool:
    """Whether a note is held on from those before it: without a rest, and not for ever in one breath."""
    is_long = sung.note.end_s - notes[0].note.start_s > _LONGEST_BREATH_S
    return sung.note.start_s - notes[-1].note.end_s <= LEGATO_S and not is_long


def _joins(groups: Sequence[_Group], at: int) -> bool:
    """Whether no rest lies before a syllable."""
    if not 0 < at < len(groups):
        return False
    return groups[at].notes[0].note.start_s - groups[at - 1].notes[-1].note.end_s <= LEGATO_S


def _lead(groups: Sequence[_Group], soundings: Sequence[Sounding], at: int) -> tuple[float, float]:
    """How long before its note a syllable begins, and how much faster that is than recorded."""
    sounding = soundings[at]
    wanted = sounding.body.preutterance_s + (sounding.burst.seconds if sounding.burst else 0.0)
    if at == 0 or wanted <= 0:
        return wanted, 1.0
    before = groups[at - 1].notes
    rest = max(0.0, groups[at].notes[0].note.start_s - before[-1].note.end_s)
    room = rest + _MOST_BEFORE * (before[-1].note.end_s - before[-1].note.start_s)
    lead = min(wanted, room)
    return lead, wanted / max(lead, 1e-3)


def _rise(sounding: Sounding, start: float, lead: float, *, joins: bool) -> tuple[float, float]:
    body = sounding.body
    if sounding.burst is not None:
        return start - ATTACK_S / 3, start + ATTACK_S / 3
    if body.preutterance_s < _PLAIN_S:
        half = (_BLEND_S if joins else ATTACK_S) / 2
        return start - half, start + half
    begin = start - lead
    return begin, begin + max(0.01, min(body.overlap_s or _BLEND_S, lead if joins else 0.02))


def _fall(following: Sounding, start: float, lead: float) -> tuple[float, float]:
    """How a sound gives way to the one after it."""
    if following.burst is not None:
        return start - lead - _BLEND_S / 2, start - lead + _BLEND_S / 2
    return _rise(following, start, lead, joins=True)
