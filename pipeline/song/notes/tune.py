"""The model of a tune: tracks of notes, in seconds and MIDI keys.

Owns tempo maps and how one line of notes is taken out of a track with chords. It does not know file formats.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runtime.wording.plurals import counted

MOST_NOTES: Final = 100_000
LONGEST_S: Final = 3600.0
LONGEST_NOTE_S: Final = 60.0
"""Longer than any breath: a note that lasts longer ends there."""
SHORTEST_NOTE_S: Final = 0.02
"""Shorter notes can't be sung, and are left out."""
NO_TEMPO: Final = "the melody has no tempo: 120 beats a minute"
_TOGETHER_S: Final = 0.03
"""Notes that begin within this time of each other are a chord."""
STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones above C."""
REFERENCE_HZ: Final = 440.0
REFERENCE_KEY: Final = 69


@dataclass(frozen=True)
class Vibrato:
    """A vibrato of a note's own: depth in cents, period in seconds, and the last share of the note that has it."""

    depth_cents: float
    period_s: float
    share: float


@dataclass(frozen=True)
class Note:
    """One note.

    Parameters
    ----------
    start_s, end_s
        From the tune's beginning.
    key
        MIDI number, 60 is C4; fractions are possible.
    velocity
        0 to 1.
    syllable
        What a file says is sung on it; may be empty.
    bend
        Seconds after the note's start and cents, ascending in time: pitch bend, held from each point to the next.
    glide
        Seconds from the note's start (negative before it) and cents from its key: how its pitch is reached.
    vibrato
        Its own; None for the singer's.
    channel
        MIDI channel, from 1; 0 where the file has none.
    """

    start_s: float
    end_s: float
    key: float
    velocity: float = 0.8
    syllable: str = ""
    bend: tuple[tuple[float, float], ...] = ()
    glide: tuple[tuple[float, float], ...] = ()
    vibrato: Vibrato | None = None
    channel: int = 0

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s

    @property
    def hz(self) -> float:
        """The frequency of its key, equal temperament, A4 = 440 Hz."""
        return float(REFERENCE_HZ * 2 ** ((self.key - REFERENCE_KEY) / 12))


@dataclass(frozen=True)
class Track:
    """Notes that belong together, in order of their starts; they may overlap and form chords."""

    name: str
    notes: tuple[Note, ...]

    def line(self, part: int = 1) -> tuple[Note, ...]:
        """One note at a time: of each chord the `part`th from above, or its lowest where it has fewer.

        A note that still sounds when the next begins is ended there, as a voice does.
        """
        chords: list[list[Note]] = []
        for note in sorted(self.notes, key=lambda one: (one.start_s, -one.key)):
            if chords and note.start_s - chords[-1][0].start_s < _TOGETHER_S:
                chords[-1].append(note)
            else:
                chords.append([note])
        chosen = []
        for chord in chords:
            keys = sorted(chord, key=lambda one: -one.key)
            syllable = next((one.syllable for one in keys if one.syllable), "")
            one = keys[min(part, len(keys)) - 1]
            chosen.append(replace(one, start_s=chord[0].start_s, syllable=syllable))
        ended = [replace(a, end_s=min(a.end_s, b.start_s)) for a, b in pairwise(chosen)] + chosen[-1:]
        return tuple(note for note in ended if note.seconds >= SHORTEST_NOTE_S)


@dataclass(frozen=True)
class Tune:
    """All tracks of a file that have notes, and what is to be known of the file."""

    tracks: tuple[Track, ...]
    remarks: tuple[str, ...] = ()

    def track(self, wanted: int | str, where: str) -> Track:
        """Find a track by its number among those with notes (from 1), as "channel 2", or by its name.

        Raises
        ------
        ProductionError
            Where there is none, naming those that there are.
        """
        if isinstance(wanted, int):
            if 1 <= wanted <= len(self.tracks):
                return self.tracks[wanted - 1]
        elif wanted.lower().startswith("channel ") and wanted[8:].strip().isdecimal():
            channel = int(wanted[8:][:6])
            notes = [note for track in self.tracks for note in track.notes if note.channel == channel]
            if notes:
                return Track(wanted, tuple(sorted(notes, key=lambda note: note.start_s)))
            sung = sorted({note.channel for track in self.tracks for note in track.notes if note.channel})
            there = ", ".join(f"channel {one}" for one in sung) or "a track's number or name: this file has no channels"
            raise ProductionError(f"The melody has no notes on {wanted!r}.", where=where, expected=there)
        elif found := [one for one in self.tracks if one.name.casefold() == wanted.strip().casefold()]:
            return found[0]
        raise ProductionError(
            f"The melody has no track {wanted!r}.", where=where, expected=f"one of: {', '.join(self._names())}"
        )

    def _names(self) -> list[str]:
        named = [f"{number} ({track.name[:40]})" for number, track in enumerate(self.tracks[:12], start=1)]
        return [*named, *(["..."] if len(self.tracks) > len(named) else [])]


class TempoMap:
    """Seconds of ticks.

    Parameters
    ----------
    ticks_per_beat
        Above 0.
    changes
        Ticks, and the seconds of a beat from there on, in any order; before the first, 120 beats a minute.
    """

    def __init__(self, ticks_per_beat: float, changes: Sequence[tuple[float, float]] = ()) -> None:
        last = dict(sorted(changes, key=lambda change: change[0]))
        points = list(last.items())
        if not points or points[0][0] > 0:
            points.insert(0, (0.0, 0.5))
        self._ticks, self._beats = [point[0] for point in points], [point[1] for point in points]
        self._per_beat, self._seconds = ticks_per_beat, [0.0]
        for (tick, beat), (following, _) in pairwise(points):
            self._seconds.append(self._seconds[-1] + (following - tick) / ticks_per_beat * beat)

    def seconds(self, tick: float) -> float:
        """When a tick is."""
        at = max(0, bisect_right(self._ticks, tick) - 1)
        return self._seconds[at] + (tick - self._ticks[at]) / self._per_beat * self._beats[at]


def tune_of(tracks: Sequence[tuple[str, Sequence[Note]]], where: str, remarks: Sequence[str] = ()) -> Tune:
    """Build a tune of named notes; tracks without any are left out.

    Raises
    ------
    ProductionError
        Where there is nothing to sing, or too much.
    """
    total = sum(len(notes) for _, notes in tracks)
    kept = []
    for number, (name, notes) in enumerate(tracks, start=1):
        long = [_ended(note) for note in notes if note.seconds >= SHORTEST_NOTE_S]
        long.sort(key=lambda note: (note.start_s, note.key))
        if long:
            kept.append(Track(" ".join(name.split())[:100] or f"track {number}", tuple(long)))
    sung = sum(len(track.notes) for track in kept)
    endless = sum(note.seconds > LONGEST_NOTE_S for _, notes in tracks for note in notes)
    if not kept:
        what = "The melody has no notes." if not total else "All notes of the melody are too short to be sung."
        raise ProductionError(what, where=where, expected="a file with at least one note of 0.02 s")
    last_s = max(note.end_s for _, notes in tracks for note in notes)
    if total > MOST_NOTES or last_s > LONGEST_S:
        raise ProductionError(
            f"The melody has {total:,} notes and lasts {last_s:,.0f} s.",
            where=where,
            expected=f"at most {MOST_NOTES:,} notes and {LONGEST_S:,.0f} s",
        )
    gone = total - sung
    more = (
        [f"{counted(gone, 'note')} shorter than {SHORTEST_NOTE_S:g} s {'is' if gone == 1 else 'are'} left out"]
        if gone
        else []
    )
    more += (
        [f"{counted(endless, 'note')} longer than {LONGEST_NOTE_S:g} s {'ends' if endless == 1 else 'end'} there"]
        if endless
        else []
    )
    return Tune(tuple(kept), (*remarks, *more))


def _ended(note: Note) -> Note:
    return replace(note, end_s=min(note.end_s, note.start_s + LONGEST_NOTE_S))


def sounding(notes: Sequence[Note]) -> list[tuple[float, float]]:
    """Stretches without a rest, from the first note's start to the last one's end."""
    stretches: list[tuple[float, float]] = []
    for key, together in groupby(sorted(notes, key=lambda note: note.start_s), key=lambda note: note.start_s):
        end = max(note.end_s for note in together)
        if stretches and key <= stretches[-1][1] + SHORTEST_NOTE_S:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((key, end))
    return stretches
