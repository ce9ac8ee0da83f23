"""Tunes for tests: MIDI written by mido, UST and MusicXML as editors write them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import mido

TICKS = 480
Line = Sequence[tuple[float, float, int]]
"""Beats, length in beats, key."""


def midi_bytes(lines: Sequence[Line], *, beats_per_minute: float = 120, kind: int = 1, name: str = "line") -> bytes:
    """A MIDI file with one track a line."""
    file = mido.MidiFile(type=kind, ticks_per_beat=TICKS)
    for number, line in enumerate(lines):
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=f"{name} {number + 1}", time=0))
        if number == 0:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_per_minute), time=0))
        track.extend(in_order(events(line, number % 16)))
        file.tracks.append(track)
    if kind == 0:
        file.tracks = [mido.merge_tracks(file.tracks)]
    return file_bytes(file)


def events(line: Line, channel: int = 0) -> list[tuple[float, mido.Message]]:
    """Note on and off, each at its beat."""
    found = []
    for beat, length, key in line:
        found.append((beat, mido.Message("note_on", note=key, velocity=100, channel=channel)))
        found.append((beat + length, mido.Message("note_off", note=key, channel=channel)))
    return found


def in_order(placed: Sequence[tuple[float, mido.Message]]) -> list[mido.Message]:
    """Messages with the ticks since the one before; a note ends before the next begins."""
    found, at = [], 0
    for beat, message in sorted(placed, key=lambda one: (one[0], one[1].type != "note_off")):
        tick = round(beat * TICKS)
        found.append(message.copy(time=tick - at))
        at = tick
    return found


def file_bytes(file: mido.MidiFile) -> bytes:
    """What a file's bytes are."""
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


UST = """[#VERSION]
UST Version1.2
[#SETTING]
Tempo=120.00
ProjectName=\u6b4c
[#0000]
Length=480
Lyric=\u3042
NoteNum=60
Intensity=100
[#0001]
Length=240
Lyric=R
NoteNum=60
[#0002]
Length=480.0
Lyric=a \u304b
NoteNum=62
Tempo=60
PBS=-40;0
PBW=80,50
PBY=5
VBR=65,180,35,20,20,0,0
[#TRACKEND]
"""
MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions></attributes><sound tempo="60"/>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration>
<lyric><syllabic>begin</syllabic><text>hap</text></lyric></note>
<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration><tie type="start"/>
<lyric><syllabic>end</syllabic><text>py</text></lyric></note>
<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>1</duration><tie type="stop"/></note>
<note><rest/><duration>1</duration></note>
<note><pitch><step>E</step><octave>4</octave></pitch><duration>2</duration></note>
<note><chord/><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note>
</measure></part></score-partwise>
"""
