"""Songs of strangers, spoiled: melodies of every format, words, and folders of a voice."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from pipeline.song.lyrics.phrases import following, from_file
from pipeline.song.lyrics.text import lyric_line, read_lines
from pipeline.song.mix.sung_midi import midi_of
from pipeline.song.notes.reading import read_tune
from pipeline.song.voices.bank import VoiceBank
from tests.hostile.spoiling import spoiled_bytes
from tests.song.speakers import write_bank
from tests.song.tunes import MUSICXML, UST, midi_bytes

Read = Callable[[], object]
_SYLLABLES: Final = ("\u3042", "sa", "strength", "\u3055", "", "x" * 50)
_EVENTS: Final = bytes.fromhex(  # a name, a tempo, the bend's range, a word, a bend, a note that never ends
    "00ff0302766f 00ff51030f4240 00b06500 006400 00060c 00ff0503e38182 00903c64 00e00040 8360903c00 003e64 60ff2f00"
)
_KARAOKE: Final = bytes.fromhex("4d546864 00000006 0000 0001 01e0 4d54726b") + struct.pack(">L", len(_EVENTS)) + _EVENTS


def melodies() -> Mapping[str, bytes]:
    """A tune in each format that is read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.musicxml", MUSICXML)
    tune = [(0, 1, 60), (1, 1, 62), (1, 1, 65), (2, 2, 64)]
    return {
        "mid": midi_bytes([tune, tune]),
        "0.mid": midi_bytes([tune, tune], kind=0),
        "karaoke.mid": _KARAOKE,
        "ust": UST.encode("cp932"),
        "utf-8.ust": UST.encode(),
        "musicxml": MUSICXML.encode(),
        "mxl": packed.getvalue(),
    }


def melody(folder: Path, rng: random.Random) -> Read:
    """A file of notes, read as far as what is sung and the file of it."""
    found = melodies()
    name = rng.choice(sorted(found))
    path = folder / f"tune.{name}"
    path.write_bytes(spoiled_bytes(found[name], rng, tuple(found.values())))

    def read() -> None:
        tune = read_tune(path, "song 1, melody")
        lead = from_file(tune.tracks[0].line())
        more = [following(track.line(2), lead) for track in tune.tracks[1:3]]
        midi_of([("one", phrases, -5.0) for phrases in (lead, *more)], -1.0)

    return read


def lyrics(folder: Path, rng: random.Random) -> Read:
    """A file of words."""
    text = (
        "[Verse]\n# by me\nhap-py day, l'a~mour\nglo-_ _ ria\n\u3042\u308a\u304c\u3068\u3046\n\u4f60\u597d\n".encode()
    )
    (folder / "lyrics.txt").write_bytes(spoiled_bytes(text, rng, (text.decode().encode("cp932", "replace"),)))
    return lambda: [lyric_line(line) for line in read_lines(folder / "lyrics.txt", "song 1, lyrics").values()]


@lru_cache(maxsize=1)
def _bank() -> Mapping[str, bytes]:
    import tempfile  # noqa: PLC0415 - once

    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in sorted(write_bank(Path(folder)).iterdir())}


def voice_bank(folder: Path, rng: random.Random) -> Read:
    """A folder of samples of which one file is spoiled, as far as its sounds' analysis."""
    files = dict(_bank())
    chosen = rng.choice([name for name in sorted(files) for _ in range(1 if name.endswith(".wav") else 4)])
    files[chosen] = spoiled_bytes(files[chosen], rng, tuple(files.values()))
    for name, data in files.items():
        (folder / name).write_bytes(data)

    def read() -> None:
        bank = VoiceBank(folder, "song 1, voice 1")
        assert len(bank.content_hash) == 64
        assert bank.rate_hz > 0
        for before, syllable in zip(("", *_SYLLABLES), _SYLLABLES, strict=False):
            bank.alias(syllable, before, 72.0)
        assert len(bank.sounding(rng.choice(_SYLLABLES), "", 60.0).body.frames) > 0

    return read
