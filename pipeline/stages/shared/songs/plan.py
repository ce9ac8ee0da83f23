"""What a song consists of, before anybody sings: its phrases, voice by voice, and where it begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ProductionError
from pipeline.production.schema import Production
from pipeline.runtime.wording.plurals import counted
from pipeline.song.extra import require_singing
from pipeline.song.lyrics.phrases import Phrase, following, from_file, with_lyrics
from pipeline.song.lyrics.text import read_lines
from pipeline.song.notes.reading import read_tune
from pipeline.song.settings import SongSettings, SongVoiceSettings
from pipeline.stages.shared.songs.record import SungLine, SungSyllable

_BEFORE_S: Final = 1.0
"""A song without a backing begins so long before its first note."""
_AFTER_S: Final = 1.5
_AFTER_WITH_BACKING_S: Final = 3.0
_SHOWN_BEFORE_S: Final = 1.2
_SHOWN_AFTER_S: Final = 0.8


@dataclass(frozen=True)
class PlannedVoice:
    """One voice, its name for people, and its phrases."""

    settings: SongVoiceSettings
    name: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class SongPlan:
    """A song's voices, the first leading; when in the tune it begins and ends; and what is to be known of its files."""

    settings: SongSettings
    voices: tuple[PlannedVoice, ...]
    begin_s: float
    end_s: float
    remarks: tuple[str, ...]

    def lines(self) -> tuple[SungLine, ...]:
        """The lines of the lead that have words, as they are shown; times count from the song's beginning."""
        said = [phrase for phrase in self.voices[0].phrases if phrase.text]
        starts = [phrase.start_s - self.begin_s for phrase in said]
        ends = [phrase.end_s - self.begin_s for phrase in said]
        found = []
        for at, phrase in enumerate(said):
            earliest = 0.0 if at == 0 else max(ends[at - 1], (ends[at - 1] + starts[at]) / 2)
            latest = self.end_s - self.begin_s if at + 1 == len(said) else (ends[at] + starts[at + 1]) / 2
            begin = max(earliest, starts[at] - _SHOWN_BEFORE_S)
            end = min(max(latest, ends[at]), ends[at] + _SHOWN_AFTER_S)
            found.append(
                SungLine(
                    text=phrase.text,
                    translation=phrase.translation,
                    start_s=round(begin, 6),
                    end_s=round(end, 6),
                    syllables=_syllables(phrase, self.begin_s),
                )
            )
        return tuple(found)


def _syllables(phrase: Phrase, begin_s: float) -> tuple[SungSyllable, ...]:
    found: list[SungSyllable] = []
    for sung in phrase.notes:
        end_s = round(sung.note.end_s - begin_s, 6)
        if sung.syllable is not None:
            first, last = sung.syllable.first, sung.syllable.last
            start_s = round(sung.note.start_s - begin_s, 6)
            found.append(SungSyllable(first=first, last=last, start_s=start_s, end_s=end_s))
        elif found:
            found[-1] = found[-1].model_copy(update={"end_s": end_s})
    return tuple(found)


def song_plan(production: Production, number: int) -> SongPlan:
    """Read a song's files, counted from 0.

    Raises
    ------
    ProductionError
        What is wrong with one of them, or which package is missing.
    """
    settings, where = production.songs[number], f"song {number + 1}"
    require_singing(where)
    melody = production.resolve(settings.melody, f"{where}, melody")
    tune = read_tune(melody, f"{where}, melody")
    voices: list[PlannedVoice] = []
    for at, voice in enumerate(settings.voices, start=1):
        notes = tune.track(voice.track, f"{where}, voice {at}, track: {melody}").line(voice.part)
        if not notes:
            raise ProductionError(
                "This voice has no notes.", where=f"{where}, voice {at}", expected="a track with notes"
            )
        if voices:
            phrases = following(notes, voices[0].phrases)
        elif settings.lyrics is None:
            phrases = from_file(notes)
        else:
            phrases = with_lyrics(notes, *_words(production, settings, where), f"{where}, lyrics: {settings.lyrics}")
        voices.append(PlannedVoice(voice, f"voice {at}", phrases))
    first_s = min(phrase.start_s for voice in voices for phrase in voice.phrases)
    last_s = max(phrase.end_s for voice in voices for phrase in voice.phrases)
    if settings.backing is None:
        return SongPlan(settings, tuple(voices), first_s - _BEFORE_S, last_s + _AFTER_S, tune.remarks)
    begin_s = min(-settings.offset_s, first_s - _BEFORE_S)
    return SongPlan(settings, tuple(voices), begin_s, last_s + _AFTER_WITH_BACKING_S, tune.remarks)


def _words(production: Production, settings: SongSettings, where: str) -> tuple[Mapping[int, str], tuple[str, ...]]:
    lyrics = read_lines(production.resolve(settings.lyrics or "", f"{where}, lyrics"), f"{where}, lyrics")
    if settings.translation is None:
        return lyrics, ()
    field = f"{where}, translation"
    translated = read_lines(production.resolve(settings.translation, field), field)
    if len(translated) != len(lyrics):
        last = list(translated)[min(len(translated), len(lyrics) + 1) - 1]
        raise ProductionError(
            f"The translation has {counted(len(translated), 'line')}, and the lyrics have {len(lyrics)}.",
            where=f"{field}: {settings.translation}, line {last}",
            expected="a line of translation for each line of lyrics",
            hint="Blank lines, [Verse] and lines that begin with # do not count.",
        )
    return lyrics, tuple(translated.values())
