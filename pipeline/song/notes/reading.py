"""A melody's file becomes a tune, whichever of the formats it is: by its first bytes, not by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.errors import ProductionError
from pipeline.song.notes import midi, musicxml, ust
from pipeline.song.notes.texts import bounded_bytes
from pipeline.song.notes.tune import Tune

_HEAD: Final = 4096


def read_tune(path: Path, where: str) -> Tune:
    """Read a melody: Standard MIDI, UST, MusicXML, or MusicXML compressed (.mxl).

    Raises
    ------
    ProductionError
        What is wrong with the file.
    """
    data = bounded_bytes(path, where, "melody")
    place = f"{where}: {path}"
    if data.startswith(midi.MARK):
        return midi.read_midi(data, place)
    if data.startswith(musicxml.ZIP_MARK):
        return musicxml.read_musicxml(musicxml.unpacked(data, place), place)
    if ust.MARK.search(data[:_HEAD]):
        return ust.read_ust(data, place)
    if musicxml.MARK.search(data[:_HEAD].replace(b"\0", b"")):
        return musicxml.read_musicxml(data, place)
    raise ProductionError(
        "This is no melody that can be read.",
        where=place,
        expected="a Standard MIDI file, a UST file or a MusicXML file",
        hint="Export the tune from your editor as MIDI (.mid).",
    )
