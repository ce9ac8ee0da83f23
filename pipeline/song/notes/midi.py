"""Standard MIDI files, types 0 to 2, through mido.

Owns which messages make notes: note on and off, tempo, pitch bend and its range, track names and lyrics. Files come
from strangers: their size is bounded before they are read, and whatever mido makes of damaged ones is one error.

Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001); lyrics as in RP-017.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.errors import ProductionError
from pipeline.runtime.wording.plurals import counted
from pipeline.song.notes.midi_bounds import fault_of, tracks_alone
from pipeline.song.notes.tune import MOST_NOTES, NO_TEMPO, Note, TempoMap, Tune, tune_of

MARK: Final = b"MThd"
_MOST_BENDS: Final = 500_000
"""Points of pitch bend, altogether: each note has those that fall in it."""
_BEND_RANGE: Final = 2.0
"""Semitones, where nothing says otherwise."""
_BEND_FULL: Final = 8192
_CENTS: Final = 100.0
_SMPTE: Final = 0x8000
_DRUMS: Final = 9
_FORMAT_ONE_SONG: Final = (0, 1)
_KARAOKE: Final = ("@K", "@L", "@T")
"""Files of karaoke say their kind, language and title so, and have their words as text."""
_LONGEST_WORD: Final = 100
_LYRIC_ENCODINGS: Final = ("utf-8", "cp932", "latin-1")


def read_midi(data: bytes, where: str) -> Tune:
    """Read a MIDI file.

    Raises
    ------
    ProductionError
        Where it is damaged, or has no notes.
    """
    file = _parsed(data, where)
    remarks: list[str] = []
    tempos: list[list[tuple[float, float]]] = []
    readers: list[_TrackReader] = []
    for number, track in enumerate(file.tracks, start=1):
        reader, changes, tick = _TrackReader(number), list[tuple[float, float]](), 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                changes.append((tick, message.tempo / 1e6))
            reader.read(message, tick)
        reader.finish(tick)
        readers.append(reader)
        if sum(one.bends for one in readers) > _MOST_BENDS:
            raise _unusable(where, f"its notes have more than {_MOST_BENDS:,} points of pitch bend")
        tempos.append(changes)
    if sum(len(reader.notes) for reader in readers) > MOST_NOTES:
        raise _unusable(where, f"it has more than {MOST_NOTES:,} notes")
    together = [change for changes in tempos for change in changes]
    maps = [
        _tempo_map(file.ticks_per_beat, together if file.type in _FORMAT_ONE_SONG else own, where) for own in tempos
    ]
    hanging = sum(reader.hanging for reader in readers)
    if hanging:
        ends = "never ends, and ends" if hanging == 1 else "never end, and end"
        remarks.append(
            f"{counted(hanging, 'note')} {ends} with the last message of {'its' if hanging == 1 else 'their'} track"
        )
    if not together:
        remarks.append(NO_TEMPO)
    words = _words_of(readers)
    tracks = [part for reader, law in zip(readers, maps, strict=True) for part in reader.parts(law, file.type, words)]
    return tune_of(tracks, where, remarks)


def _words_of(readers: Sequence[_TrackReader]) -> dict[int, str]:
    """Words that stand in a track without notes, as karaoke files have them: lyrics, else text."""
    silent = [reader for reader in readers if not reader.notes]
    kinds = ([reader.words for reader in silent], [reader.texts for reader in silent if reader.is_karaoke])
    found = next((words for words in kinds if any(words)), [])
    return {tick: word for words in reversed(found) for tick, word in words.items()}


def _parsed(data: bytes, where: str) -> Any:
    try:
        import mido  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        from pipeline.song.extra import missing_extra  # noqa: PLC0415 - only where it is missing

        raise missing_extra("mido", where) from None
    data = tracks_alone(data)
    if fault := fault_of(data):
        raise _unusable(where, fault)
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except MemoryError:
        raise
    except Exception as error:  # of many kinds: mido's own, and Python's
        raise _unusable(where, "it is damaged") from error
    return file


def _unusable(where: str, why: str) -> ProductionError:
    return ProductionError(f"The MIDI file can't be used: {why}.", where=where, expected="a Standard MIDI file")


def _tempo_map(division: int, changes: list[tuple[float, float]], where: str) -> TempoMap:
    if division == 0:
        raise _unusable(where, "its ticks have no length")
    if division > 0:
        return TempoMap(division, [change for change in changes if change[1] > 0])
    frames, ticks = -(division >> 8), division & 0xFF  # frames of film a second, and ticks in each
    if frames * ticks <= 0:
        raise _unusable(where, "its ticks have no length")
    return TempoMap(frames * ticks, [(0, 1.0)])


@dataclass
class _Sounding:
    """A note whose end has not been read."""

    tick: int
    velocity: int
    bend: list[tuple[int, float]]


@dataclass
class _ReadNote:
    tick: int
    end: int
    key: int
    velocity: int
    channel: int
    bend: list[tuple[int, float]]


@dataclass
class _Channel:
    """What a channel's messages have set."""

    bend: float = 0.0
    semitones: float = _BEND_RANGE
    parameter: list[int] = field(default_factory=lambda: [127, 127])
    on: dict[int, deque[_Sounding]] = field(default_factory=dict)


class _TrackReader:
    """Reads one track, message by message."""

    def __init__(self, number: int) -> None:
        self.name, self.number = "", number
        self.notes: list[_ReadNote] = []
        self.hanging = self.bends = 0
        self._channels: dict[int, _Channel] = {}
        self.words: dict[int, str] = {}
        self.texts: dict[int, str] = {}
        self.is_karaoke = False

    def read(self, message: Any, tick: int) -> None:
        """Take the next message, at its tick."""
        kind = message.type
        if message.is_meta:
            self._read_words(message, tick)
        if not hasattr(message, "channel"):
            return
        channel = self._channels.setdefault(message.channel, _Channel())
        if kind == "note_on" and message.velocity > 0:
            channel.on.setdefault(message.note, deque()).append(
                _Sounding(tick, message.velocity, [(tick, channel.bend * channel.semitones * _CENTS)])
            )
        elif kind in ("note_on", "note_off"):
            self._end(message.channel, message.note, tick)
        elif kind == "pitchwheel":
            channel.bend = message.pitch / _BEND_FULL
            sounding = channel.on.values() if self.bends <= _MOST_BENDS else ()
            for note in (note for notes in sounding for note in notes):
                note.bend.append((tick, channel.bend * channel.semitones * _CENTS))
                self.bends += 1
        elif kind == "control_change":
            _control(channel, message.control, message.value)

    def _read_words(self, message: Any, tick: int) -> None:
        kind = message.type
        if kind == "track_name" and not self.name:
            self.name = decoded_text(message.name)
        elif kind == "lyrics":
            self.words[tick] = self.words.get(tick, "") + decoded_text(message.text)
        elif kind == "text":
            text = decoded_text(message.text)
            self.is_karaoke |= text.startswith(_KARAOKE)
            if not text.startswith("@"):
                self.texts[tick] = self.texts.get(tick, "") + text.replace("\\", " ").replace("/", " ")

    def finish(self, tick: int) -> None:
        """End what still sounds with the track."""
        for number, channel in self._channels.items():
            for key, notes in channel.on.items():
                for _ in tuple(notes):
                    self.hanging += 1
                    self._end(number, key, tick)

    def _end(self, number: int, key: int, tick: int) -> None:
        waiting = self._channels[number].on.get(key)
        if waiting:
            note = waiting.popleft()
            self.notes.append(_ReadNote(note.tick, tick, key, note.velocity, number, note.bend))

    def parts(self, law: TempoMap, kind: int, others: Mapping[int, str]) -> Iterator[tuple[str, list[Note]]]:
        """The track's notes in seconds, of a file of type 0 each channel alone; its own words, else those of others."""
        words = self.words or (self.texts if self.is_karaoke else None) or others
        notes = [self._note(note, law, words) for note in self.notes]
        channels = sorted({note.channel for note in notes})
        if kind != 0 or len(channels) < 2:  # noqa: PLR2004 - nothing to part
            yield self.name, notes
            return
        for channel in channels:
            yield f"channel {channel}", [note for note in notes if note.channel == channel]

    def _note(self, read: _ReadNote, law: TempoMap, words: Mapping[int, str]) -> Note:
        start_s = law.seconds(read.tick)
        bend = tuple((law.seconds(tick) - start_s, cents) for tick, cents in read.bend)
        return Note(
            start_s,
            law.seconds(read.end),
            float(read.key),
            read.velocity / 127,
            words.get(read.tick, "")[:_LONGEST_WORD],
            bend if any(cents for _, cents in bend) else (),
            channel=read.channel + 1,
        )


def _control(channel: _Channel, control: int, value: int) -> None:
    """Registered parameter 0 is the range of the pitch bend, in semitones and cents."""
    if control in (100, 101):
        channel.parameter[101 - control] = value
    elif control == 6 and channel.parameter == [0, 0]:  # noqa: PLR2004 - data entry, semitones
        channel.semitones = float(value)
    elif control == 38 and channel.parameter == [0, 0]:  # noqa: PLR2004 - data entry, cents
        channel.semitones = int(channel.semitones) + value / _CENTS


def decoded_text(text: str) -> str:
    """The words of a message, whose encoding no standard names."""
    raw = text.encode("latin-1", "replace")
    for encoding in _LYRIC_ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text
