"""Notes and lyrics joined: phrases, each sung in one breath.

Owns which syllable is sung on which note, and where a phrase ends: with a line of lyrics, or at a rest.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runtime.wording.plurals import counted
from pipeline.song.lyrics.kana import is_kana
from pipeline.song.lyrics.text import LyricLine, Syllable, lyric_line
from pipeline.song.notes.tune import Note

REST_S: Final = 0.35
"""A rest of this length ends a phrase."""
MOST_NOTES_OF_PHRASE: Final = 40
_HELD: Final = frozenset({"-", "ー", "+", "+~", "_", "~"})
"""What editors write on a note that goes on with the syllable before."""
_AFTER_VOWEL: Final = re.compile(r"^[-aiueon] ")
_NEAR_S: Final = 0.06
"""A second voice's note that begins this much before the lead's has the lead's syllable."""


@dataclass(frozen=True)
class SungNote:
    """A note and what is sung on it: the syllable, or nothing where the one before is held."""

    note: Note
    syllable: Syllable | None


@dataclass(frozen=True)
class Phrase:
    """Notes that are sung in one breath.

    Parameters
    ----------
    line
        Which line of lyrics, counted from 0.
    text, translation
        The line; both may be empty.
    notes
        In order, one at a time.
    """

    line: int
    text: str
    translation: str
    notes: tuple[SungNote, ...]

    @property
    def start_s(self) -> float:
        """When its first note begins."""
        return self.notes[0].note.start_s

    @property
    def end_s(self) -> float:
        """When its last note ends."""
        return self.notes[-1].note.end_s


def with_lyrics(
    notes: Sequence[Note], lines: Mapping[int, str], translations: Sequence[str], where: str
) -> tuple[Phrase, ...]:
    """Give each note its syllable, line by line.

    Parameters
    ----------
    lines
        By their numbers in their file, in order.
    translations
        One for each line, or none at all.

    Raises
    ------
    ProductionError
        Where there are more or fewer syllables than notes, counting both.
    """
    read = {number: lyric_line(line) for number, line in lines.items()}
    wanted = sum(line.notes for line in read.values())
    if wanted != len(notes):
        raise _miscounted(read, notes, wanted, where)
    phrases: list[Phrase] = []
    at = 0
    for number, line in enumerate(read.values()):
        sung = tuple(
            SungNote(note, syllable) for note, syllable in zip(notes[at : at + line.notes], _slots(line), strict=True)
        )
        at += line.notes
        if sung:
            phrases.append(Phrase(number, line.text, translations[number] if translations else "", sung))
    return tuple(phrases)


def _slots(line: LyricLine) -> Iterator[Syllable | None]:
    for syllable in line.syllables:
        yield syllable
        yield from [None] * (syllable.notes - 1)


def _miscounted(lines: Mapping[int, LyricLine], notes: Sequence[Note], wanted: int, where: str) -> ProductionError:
    """The error for lyrics with so many syllables: at the line in which the notes end, or at the last one."""
    at, place = 0, max(lines)
    for number, line in lines.items():
        if at + line.notes > len(notes):
            place = number
            break
        at += line.notes
    if wanted > len(notes):
        shown = lines[place].text
        shown = shown if len(shown) <= 40 else shown[:39] + "\u2026"  # noqa: PLR2004 - to know it by
        room = counted(len(notes) - at, "note")
        found = f'This line ("{shown}") has {counted(lines[place].notes, "syllable")}, and {room} remain for it'
    else:
        more = len(notes) - wanted
        found = f"{counted(more, 'note')} {'is' if more == 1 else 'are'} left, from {notes[wanted].start_s:.1f} s on"
    return ProductionError(
        f"The lyrics have {counted(wanted, 'syllable')}, and the melody has {counted(len(notes), 'note')}.",
        where=f"{where}, line {place}",
        expected="a syllable for each note",
        hint=f'{found}. Part syllables by "-" (hap-py), hold one on a further note by "_", join two on one by "~".',
    )


def from_file(notes: Sequence[Note]) -> tuple[Phrase, ...]:
    """Phrases with the syllables that stand in the melody's own file; without any, notes without words."""
    phrases: list[Phrase] = []
    for together in _parted(notes):
        sung, text = [], ""
        joins = True
        for note, written in zip(together, _written(together), strict=True):
            if not written or written in _HELD:
                sung.append(SungNote(note, None))
                continue
            goes_on = written.endswith("-") and len(written) > 1
            shown = written.rstrip("-") if goes_on else written
            is_spaced = text and not joins and not (is_kana(shown[0]) or is_kana(text[-1]))
            text += " " if is_spaced else ""
            sung.append(SungNote(note, Syllable(shown, len(text), len(text) + len(shown))))
            text += shown
            joins = goes_on
        phrases.append(Phrase(len(phrases), text, "", tuple(sung)))
    return tuple(phrases)


def _written(notes: Sequence[Note]) -> list[str]:
    """What stands on notes: a hyphen after what its word goes on from, without the vowel that VCV banks begin with.

    Where any syllable has a space, as in files of karaoke, words end at spaces alone.
    """
    raw = [note.syllable for note in notes]
    spaced = any(one.strip() and one != one.strip() for one in raw)
    found = []
    for one, following in zip(raw, [*raw[1:], " "], strict=True):
        word = one.strip()
        said = _AFTER_VOWEL.sub("", word)
        word = said if said and is_kana(said[0]) else word
        goes_on = spaced and word and not word.endswith("-") and one[-1] != " " and following[:1] not in ("", " ")
        found.append(word + "-" if goes_on else word)
    return found


def _parted(notes: Sequence[Note]) -> list[list[Note]]:
    parts: list[list[Note]] = []
    for note in notes:
        is_new = not parts or note.start_s - parts[-1][-1].end_s >= REST_S or len(parts[-1]) >= MOST_NOTES_OF_PHRASE
        if is_new:
            parts.append([note])
        else:
            parts[-1].append(note)
    return parts


def following(notes: Sequence[Note], lead: Sequence[Phrase]) -> tuple[Phrase, ...]:
    """Phrases of a further voice: each note has the syllable that the lead sings when it begins."""
    starts = [sung.note.start_s for phrase in lead for sung in phrase.notes]
    of_lead = [(number, sung) for number, phrase in enumerate(lead) for sung in phrase.notes]
    places: dict[int, list[SungNote]] = {}
    last = None
    for note in notes:
        at = max(0, bisect_right(starts, note.start_s + _NEAR_S) - 1)
        number, sung = of_lead[at]
        syllable = sung.syllable if at != last else None
        last = at
        places.setdefault(number, []).append(SungNote(note, syllable))
    return tuple(
        Phrase(lead[number].line, lead[number].text, lead[number].translation, tuple(sung))
        for number, sung in sorted(places.items())
    )
