"""The MIDI file of a song as it was sung: a track a voice, transposed, with its words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from pipeline.song.extra import missing_extra
from pipeline.song.lyrics.phrases import Phrase

_TICKS_PER_BEAT: Final = 480
_TICKS_PER_S: Final = 960
"""At 120 beats a minute: the notes' times are those that are heard."""
_KEYS: Final = (0, 127)


def midi_of(voices: Sequence[tuple[str, Sequence[Phrase], float]], begin_s: float = 0.0) -> bytes:
    """Write a MIDI file of type 1.

    Parameters
    ----------
    voices
        Each one's name, phrases and transposition.
    begin_s
        Which time of the tune is the file's beginning.
    """
    try:
        import mido  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise missing_extra("mido") from None
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_BEAT, charset="utf-8")
    for number, (name, phrases, transpose) in enumerate(voices):
        placed = []
        for sung in (one for phrase in phrases for one in phrase.notes):
            note = sung.note
            key = min(max(round(note.key + transpose), _KEYS[0]), _KEYS[1])
            start, end = (max(0, round((at - begin_s) * _TICKS_PER_S)) for at in (note.start_s, note.end_s))
            velocity = min(127, max(1, round(note.velocity * 127)))
            if sung.syllable is not None:
                placed.append((start, 1, mido.MetaMessage("lyrics", text=sung.syllable.text)))
            placed.append((start, 2, mido.Message("note_on", note=key, velocity=velocity, channel=number % 16)))
            placed.append((max(end, start + 1), 0, mido.Message("note_off", note=key, channel=number % 16)))
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        if number == 0:
            track.append(mido.MetaMessage("set_tempo", tempo=500_000))
        at = 0
        for tick, _, message in sorted(placed, key=lambda one: one[:2]):
            track.append(message.copy(time=tick - at))
            at = tick
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()
