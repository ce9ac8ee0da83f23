"""The songs of a film are sung, one piece a phrase, and mixed; only phrases that are not fresh are sung anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError, InputError, ProductionError
from pipeline.ffmpeg.formats import recognise
from pipeline.film.inputs.footage import content_hash
from pipeline.film.inputs.stills import read_logo
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.song.lyrics.phrases import Phrase, SungNote
from pipeline.song.lyrics.words import said_vowels
from pipeline.song.mix.mixing import SongMix, VoiceTrack, mix
from pipeline.song.mix.sung_midi import midi_of
from pipeline.song.notes.tune import Note
from pipeline.song.settings import SongVoiceSettings
from pipeline.song.singing.phrase import SINGING_VERSION, sing
from pipeline.song.singing.pitch import LEGATO_S
from pipeline.song.singing.style import SingingStyle
from pipeline.song.voices.bank import VoiceBank
from pipeline.song.voices.unit import Voice
from pipeline.sound.inputs.decode import decode
from pipeline.sound.signal.resample import resample
from pipeline.stages.shared.checks import existing_file
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.songs.plan import PlannedVoice, SongPlan, song_plan
from pipeline.stages.shared.songs.record import PhraseSound, SongRecord, SungVoice, write_flac
from pipeline.stages.shared.songs.voices import Singer, TakePieces, VoiceSource, voice_source
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import atomic_write_bytes, require_room
from pipeline.store.store import Json, Piece, Result, Store, write_record

Floats = npt.NDArray[np.float32]

STAGE: Final = "sample"
_PHRASE_VERSION: Final = SINGING_VERSION
_SONG_VERSION: Final = 1
_LEAD_S: Final = 10.0
"""Phrases are sung as if their first note began here: where a phrase stands in its song changes nothing in it."""
_DECIMALS: Final = 6
_BYTES_PER_SAMPLE: Final = 12


@dataclass(frozen=True)
class _Sung:
    """A phrase of a voice, ready to be sung."""

    phrase: Phrase
    piece: Piece
    before: str


@dataclass(frozen=True)
class _Song:
    """A song with all that determines it."""

    number: int
    plan: SongPlan
    sources: tuple[VoiceSource, ...]
    sung: tuple[tuple[_Sung, ...], ...]
    piece: Piece


def song_pieces(production: Production, results: Results, takes: TakePieces) -> list[Piece]:
    """Every phrase of every voice, and the songs.

    Raises
    ------
    ProductionError
        Where a song can't be read, or a voice is not there.
    """
    songs = [
        _song(production, results, takes, number)
        for number in range(len(production.songs))
        if not _waits(production, results, takes, number)
    ]
    return [piece for song in songs for piece in (*(one.piece for voice in song.sung for one in voice), song.piece)]


def make_songs(
    production: Production, results: Results, takes: TakePieces, workplace: Workplace
) -> tuple[Result[SongRecord], ...]:
    """Sing and mix the songs that are not fresh; `results` hold the takes that sing."""
    made = []
    for number in range(len(production.songs)):
        if _waits(production, results, takes, number):
            made.append(_silent(production, number, workplace))
            continue
        song = _song(production, results, takes, number)
        found = None if STAGE in workplace.force else workplace.store.result(song.piece, SongRecord)
        made.append(found or _make(production, results, song, workplace))
    return tuple(made)


def fresh_or_silent(
    production: Production, results: Results, takes: TakePieces, workplace: Workplace, aside: Workplace
) -> tuple[Result[SongRecord], ...]:
    """The songs that are fresh; for the others, silent ones with the same notes and lines, which are kept aside."""
    found = []
    for number in range(len(production.songs)):
        waits = _waits(production, results, takes, number)
        song = None if waits else _song(production, results, takes, number)
        fresh = None if song is None else workplace.store.result(song.piece, SongRecord)
        found.append(fresh or _silent(production, number, aside))
    return tuple(found)


def _waits(production: Production, results: Results, takes: TakePieces, number: int) -> bool:
    """Whether a section that is to sing is not trained yet."""
    sections = [voice.learned[1] - 1 for voice in production.songs[number].voices if voice.learned is not None
                and voice.learned[0] == "section"]  # fmt: skip
    return any(not takes.get(at) and getattr(results.runs[at].record, "is_placeholder", False) for at in sections)


def _silent(production: Production, number: int, workplace: Workplace) -> Result[SongRecord]:
    """A song that nobody has sung yet."""
    plan = song_plan(production, number)
    lines = plan.lines()
    sung: list[Json] = [[_note_key(one) for phrase in voice.phrases for one in phrase.notes] for voice in plan.voices]
    ingredients: dict[str, Json] = {
        "title": plan.settings.title,
        "span": [round(plan.begin_s, _DECIMALS), round(plan.end_s, _DECIMALS)],
        "notes": sung,
        "lines": [line.model_dump(mode="json") for line in lines],
    }
    piece = Piece(STAGE, f"song-{number + 1}/unsung", _SONG_VERSION, ingredients)
    if (found := workplace.store.result(piece, SongRecord)) is not None:
        return found
    samples = round((plan.end_s - plan.begin_s) * FILM_RATE_HZ)
    with workplace.store.publish(piece) as folder:
        mixed = SongMix(np.zeros((samples, 2), np.float32), (np.zeros(samples, np.float32),) * len(plan.voices))
        record = _written(plan, [voice.name for voice in plan.voices], mixed, folder)
        write_record(folder, record.model_copy(update={"is_placeholder": True}))
    return workplace.store.published(piece, SongRecord)


def check_songs(production: Production) -> None:
    """Read all songs; raises an error where one can't be used, or lasts longer than a cut that takes it in."""
    lengths_s = []
    for number, settings in enumerate(production.songs):
        plan = song_plan(production, number)
        lengths_s.append(plan.end_s - plan.begin_s)
        for at, voice in enumerate(plan.voices, start=1):
            if voice.settings.learned is None:
                where = f"song {number + 1}, voice {at}"
                voice_source(production, Results(), {}, voice.settings, where, language=production.language)
        if settings.backing is not None:
            with _placed(f"song {number + 1}, backing") as where:
                recognise(existing_file(production, settings.backing, where), FootageError)
        if settings.picture is not None:
            with _placed(f"song {number + 1}, picture") as where:
                read_logo(existing_file(production, settings.picture, where))
    for at, cut in enumerate(production.cuts, start=1):
        sung_s = sum(lengths_s[number] for number in cut.songs_of(len(lengths_s)))
        needed_s = cut.shortest_s(production.section_cards_s, production.video) + sung_s
        if sung_s and cut.seconds < needed_s:
            raise ProductionError(
                f"The cut's songs last {sung_s:.1f} s, and with its sections and cards it needs {needed_s:.1f} s.",
                where=f"cut {at} ({cut.name}), songs",
                expected=f"at most its {cut.seconds:g} s",
                hint=f'Set seconds = {math.ceil(needed_s)} or more, fewer songs, or sections = "best".',
            )


@contextmanager
def _placed(where: str) -> Iterator[str]:
    """Add the field to errors that name the file alone."""
    try:
        yield where
    except InputError as error:
        error.where = error.where if where in error.where else f"{where}: {error.where}"
        raise


def _song(production: Production, results: Results, takes: TakePieces, number: int) -> _Song:
    plan, settings = song_plan(production, number), production.songs[number]
    language = settings.lyrics_language or production.language
    sources = tuple(
        voice_source(production, results, takes, voice.settings, f"song {number + 1}, voice {at}", language=language)
        for at, voice in enumerate(plan.voices, start=1)
    )
    sung = tuple(
        tuple(_phrases(f"song-{number + 1}/voice-{at}", voice, source, language))
        for at, (voice, source) in enumerate(zip(plan.voices, sources, strict=True), start=1)
    )
    backing = production.resolve(settings.backing, f"song {number + 1}, backing") if settings.backing else None
    ingredients: dict[str, Json] = {
        "title": settings.title,
        "span": [round(plan.begin_s, _DECIMALS), round(plan.end_s, _DECIMALS)],
        "phrases": [[[one.piece.key, round(one.phrase.start_s, _DECIMALS)] for one in voice] for voice in sung],
        "mix": [[voice.settings.pan, voice.settings.gain_db, voice.settings.transpose] for voice in plan.voices],
        "backing": None if backing is None else [content_hash(backing), settings.backing_db, settings.offset_s],
        "lines": [line.model_dump(mode="json") for line in plan.lines()],
        "translation": settings.translation_language if settings.translation else "",
    }
    return _Song(number, plan, sources, sung, Piece(STAGE, f"song-{number + 1}/song", _SONG_VERSION, ingredients))


def _phrases(name: str, voice: PlannedVoice, source: VoiceSource, language: str) -> list[_Sung]:
    found: list[_Sung] = []
    for at, phrase in enumerate(voice.phrases, start=1):
        before = ""
        if found and phrase.start_s - found[-1].phrase.end_s <= LEGATO_S:
            before = next((one.syllable.text for one in reversed(found[-1].phrase.notes) if one.syllable), "")
        placed = _moved(phrase, _LEAD_S - phrase.start_s)
        ingredients: dict[str, Json] = {
            "voice": source.key,
            "style": _style_key(voice.settings),
            "notes": [_note_key(one) for one in placed.notes],
            "before": before,
            "vowels": [*said_vowels([one.syllable for one in placed.notes if one.syllable], language)],
        }
        found.append(_Sung(phrase, Piece(STAGE, f"{name}/phrase-{at:03d}", _PHRASE_VERSION, ingredients), before))
    return found


def _moved(phrase: Phrase, seconds: float) -> Phrase:
    """A phrase elsewhere in time."""

    def note(one: Note) -> Note:
        start, end = (round(at + seconds, _DECIMALS) for at in (one.start_s, one.end_s))
        return replace(one, start_s=start, end_s=end)

    return replace(phrase, notes=tuple(SungNote(note(one.note), one.syllable) for one in phrase.notes))


def _note_key(sung: SungNote) -> Json:
    note = sung.note
    own = note.vibrato
    more: list[Json] = [[list(point) for point in note.bend], [list(point) for point in note.glide]]
    return [
        *(note.start_s, note.end_s, note.key, round(note.velocity, _DECIMALS)),
        sung.syllable.text if sung.syllable else None,
        *more,
        [own.depth_cents, own.period_s, own.share] if own else None,
    ]


def _style_key(voice: SongVoiceSettings) -> Json:
    return [voice.transpose, voice.vibrato_cents, voice.vibrato_hz, voice.portamento_ms]


def _style(voice: SongVoiceSettings) -> SingingStyle:
    return SingingStyle(
        transpose=voice.transpose,
        vibrato_cents=voice.vibrato_cents,
        vibrato_hz=voice.vibrato_hz,
        portamento_s=voice.portamento_ms / 1000,
    )


def _make(production: Production, results: Results, song: _Song, workplace: Workplace) -> Result[SongRecord]:
    store, report, plan = workplace.store, workplace.report, song.plan
    total_s = sum(one.phrase.end_s - one.phrase.start_s for voice in song.sung for one in voice)
    report.begin(WorkStart(STAGE, f"song {song.number + 1}", total_s, "s of singing"))
    for remark in plan.remarks:
        report.note(f"song {song.number + 1}: {remark}")
    samples = round((plan.end_s - plan.begin_s) * FILM_RATE_HZ)
    require_room(store.root, samples * _BYTES_PER_SAMPLE * (1 + len(song.sung)), "for a song")
    singers = [source.opened(results) for source in song.sources]
    places = [f"song {song.number + 1}, voice {at}" for at in range(1, len(singers) + 1)]
    for doubt in (singer.doubt(place) for singer, place in zip(singers, places, strict=True)):
        if doubt:
            report.warn(doubt)
    done_s, tracks = 0.0, []
    for singer, place, voice, phrases in zip(singers, places, plan.voices, song.sung, strict=True):
        heard = np.zeros(samples, np.float32)
        for one in phrases:
            found = None if STAGE in workplace.force else store.result(one.piece, PhraseSound)
            if found is None:
                found = _sing(one, singer.voice, voice.settings, store)
            _lay(heard, found, one.phrase.start_s - plan.begin_s)
            done_s += one.phrase.end_s - one.phrase.start_s
            report.advance(done_s, one.piece.name.partition("/")[2])
        tracks.append(VoiceTrack(heard, voice.settings.pan, voice.settings.gain_db))
        if missed := _missed(singer, place):
            report.warn(missed)
    with store.publish(song.piece) as folder:
        mixed = mix(tracks, _backing(production, song, samples), plan.settings.backing_db)
        write_record(folder, _written(plan, [singer.name for singer in singers], mixed, folder))
    return store.published(song.piece, SongRecord)


def _sing(one: _Sung, singer: Voice, settings: SongVoiceSettings, store: Store) -> Result[PhraseSound]:
    sound = sing(_moved(one.phrase, _LEAD_S - one.phrase.start_s), singer, _style(settings), one.before)
    with store.publish(one.piece) as folder:
        record = PhraseSound(sample_rate_hz=sound.sample_rate_hz, start_s=round(sound.start_s - _LEAD_S, _DECIMALS))
        np.save(folder / record.samples_file, sound.samples, allow_pickle=False)
        write_record(folder, record)
    return store.published(one.piece, PhraseSound)


def _lay(heard: Floats, phrase: Result[PhraseSound], start_s: float) -> None:
    record = phrase.record
    samples = np.load(phrase.path(record.samples_file), allow_pickle=False)
    samples = resample(np.asarray(samples, np.float32), record.sample_rate_hz, FILM_RATE_HZ)
    first = round((start_s + record.start_s) * FILM_RATE_HZ)
    begin, end = max(0, first), min(len(heard), first + len(samples))
    if end > begin:
        heard[begin:end] += samples[begin - first : end - first]


def _missed(singer: Singer, place: str) -> str:
    """What a voice bank lacked, in words; empty where nothing."""
    missed = sorted(singer.voice.missed) if isinstance(singer.voice, VoiceBank) else []
    if not missed:
        return ""
    named = ", ".join(repr(one) for one in missed[:5])
    have = "syllable has" if len(missed) == 1 else "syllables have"
    return f"{place} ({singer.name}): {len(missed)} {have} no sample of their own ({named}), and the nearest sings"


def _written(plan: SongPlan, names: Sequence[str], mixed: SongMix, folder: Path) -> SongRecord:
    settings = plan.settings
    voices = []
    for at, (voice, alone) in enumerate(zip(plan.voices, mixed.voices, strict=True), start=1):
        notes = [one.note for phrase in voice.phrases for one in phrase.notes]
        record = SungVoice(
            name=names[at - 1],
            sound_file=f"voice-{at}.flac",
            notes=tuple(
                (
                    round(note.start_s - plan.begin_s, _DECIMALS),
                    round(note.end_s - plan.begin_s, _DECIMALS),
                    note.key + voice.settings.transpose,
                )
                for note in notes
            ),
        )
        write_flac(folder / record.sound_file, alone)
        voices.append(record)
    found = SongRecord(
        title=settings.title,
        samples=len(mixed.stereo),
        voices=tuple(voices),
        lines=plan.lines(),
        translation_language=settings.translation_language if settings.translation else "",
    )
    write_flac(folder / found.sound_file, mixed.stereo)
    sung = [
        (record.name, voice.phrases, voice.settings.transpose)
        for record, voice in zip(voices, plan.voices, strict=True)
    ]
    atomic_write_bytes(folder / found.midi_file, midi_of(sung, plan.begin_s))
    return found


def _backing(production: Production, song: _Song, samples: int) -> Floats | None:
    """The backing from where the song begins."""
    settings, where = song.plan.settings, f"song {song.number + 1}, backing"
    if settings.backing is None:
        return None
    path = production.resolve(settings.backing, where)
    into = round((song.plan.begin_s + settings.offset_s) * FILM_RATE_HZ)
    whole = decode(
        path,
        sample_rate_hz=FILM_RATE_HZ,
        channels=2,
        first_s=(max(0, into) + samples) / FILM_RATE_HZ,
        error=FootageError,
    )
    part = np.asarray(whole[max(0, into) :], np.float32)
    return np.concatenate((np.zeros((max(0, -into), 2), np.float32), part))[:samples]
