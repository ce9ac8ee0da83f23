"""Attacks on what sings: each would take memory, time or a file from elsewhere; here it is one error, or nothing."""

from __future__ import annotations

import io
import os
import struct
import time
import zipfile
from pathlib import Path

import pytest

from pipeline.errors import ProductionError
from pipeline.song.lyrics.phrases import following, from_file
from pipeline.song.notes.midi import read_midi
from pipeline.song.notes.reading import read_tune
from pipeline.song.notes.tune import Tune
from pipeline.song.voices.bank import VoiceBank
from tests.hostile.watching import MOST_MEMORY_BYTES, most_memory_bytes
from tests.song.speakers import vowel, write_bank
from tests.song.tunes import MUSICXML

ON, OFF, WHEEL = b"\0\x90\x3c\x64", b"\0\x80\x3c\0", b"\1\xe0\0\x50"


def midi(*tracks: bytes, lies: int = 0, division: int = 480) -> bytes:
    """A file of type 1 whose tracks claim to be longer by some bytes than they are."""
    chunks = b"".join(b"MTrk" + struct.pack(">L", len(track) + lies) + track for track in tracks)
    return b"MThd" + struct.pack(">LHHH", 6, 1, len(tracks), division) + chunks


def told(data: bytes, folder: Path) -> str:
    """The error for a melody, which comes soon."""
    path, begun = folder / "tune", time.process_time()
    path.write_bytes(data)
    with pytest.raises(ProductionError) as caught:
        read_tune(path, "song 1, melody")
    assert time.process_time() - begun < 5
    assert most_memory_bytes() < MOST_MEMORY_BYTES
    return caught.value.what


def zipped(score: bytes, name: str = "score.xml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, score)
    return out.getvalue()


def test_a_number_of_a_megabyte_in_a_midi_file_is_not_added_up(tmp_path: Path) -> None:
    assert "damaged" in told(midi(b"\xff" * (1 << 20) + ON), tmp_path)
    assert "damaged" in told(midi(b"\0\xff\x05" + b"\x81" * (1 << 20)), tmp_path)


def test_a_midi_file_of_millions_of_events_is_refused_before_they_are_made(tmp_path: Path) -> None:
    assert "400,000 events" in told(midi(ON + b"\0\x3c\x64" * 1_000_000), tmp_path)
    assert "1024 tracks" in told(midi(*[b""] * 5000), tmp_path)


def test_pitch_bend_over_thousands_of_notes_that_never_end_is_bounded(tmp_path: Path) -> None:
    assert "pitch bend" in told(midi(ON * 20_000 + WHEEL * 20_000), tmp_path)


@pytest.mark.parametrize("lies", [1, -1, 1000, 0x7FFFFFFF])
def test_lying_lengths_of_tracks_are_damage(lies: int, tmp_path: Path) -> None:
    assert "damaged" in told(midi(ON + b"\x60" + OFF[1:], lies=lies), tmp_path)


def test_a_song_of_years_is_refused(tmp_path: Path) -> None:
    slowest = b"\0\xff\x51\x03\xff\xff\xff"
    note = ON + b"\xff\xff\xff\x7f" + OFF[1:]
    assert "lasts 4,503," in told(midi(slowest + note, division=1), tmp_path)
    assert "lasts" in told(b"[#SETTING]\nTempo=1e-9\n" + b"[#0000]\nLength=9e5\nNoteNum=60\nLyric=a\n" * 9, tmp_path)


def test_archives_and_entities_that_grow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "too large" in told(zipped(b"<score-partwise>" + b" " * (40 << 20)), tmp_path)
    monkeypatch.setattr("pipeline.song.notes.musicxml._MOST_ELEMENTS", 10_000)
    assert "too large" in told(zipped(b"<score-partwise>" + b"<a/>" * 10_001), tmp_path)
    bomb = "<!DOCTYPE score-partwise [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 9}">' for n in range(1, 12)) + "]>"
    assert "entities" in told(f"{bomb}<score-partwise>&e11;</score-partwise>".encode(), tmp_path)
    outside = '<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise>&x;</score-partwise>'
    assert "entities" in told(outside.encode(), tmp_path)
    assert "no score" in told(zipped(MUSICXML.encode(), "../../score.txt"), tmp_path)


def test_an_archive_that_lies_about_its_size_is_read_no_further(tmp_path: Path) -> None:
    data = bytearray(zipped(MUSICXML.encode()))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 0x7FFFFFFF)
    (tmp_path / "tune").write_bytes(bytes(data))
    assert read_tune(tmp_path / "tune", "song 1, melody").tracks


def test_the_largest_song_is_read_soon() -> None:
    """64 tracks, of 500 notes each."""
    note = b"\0\x90\x3c\x64\x0a\x80\x3c\0"
    begun = time.process_time()
    tune: Tune = read_midi(midi(*[note * 500] * 64, division=96), "x")
    lead = from_file(tune.tracks[0].line())
    assert len(following(tune.tracks[63].line(), lead)) == len(lead)
    assert time.process_time() - begun < 10


def test_a_voice_bank_leads_nowhere_and_waits_for_nothing(tmp_path: Path) -> None:
    folder = write_bank(tmp_path / "bank")
    os.mkfifo(folder / "pipe.wav")
    (folder / "link.wav").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    bank = VoiceBank(folder, "voice")
    assert len(bank.content_hash) == 64
    assert not {"pipe", "link"} & set(bank._samples)


def test_an_oto_of_more_lines_than_any_singer_has_is_refused(tmp_path: Path) -> None:
    folder = write_bank(tmp_path / "bank")
    (folder / "oto.ini").write_text("i.wav=x,0,0,0,0,0\n" * 50_001)
    with pytest.raises(ProductionError, match="50,000 lines"):
        VoiceBank(folder, "voice")


def test_a_syllable_that_a_large_bank_lacks_is_looked_for_once(tmp_path: Path) -> None:
    folder = write_bank(tmp_path / "bank")
    (folder / "oto.ini").write_text("".join(f"i.wav=ra{n},0,0,0,0,0\n" for n in range(8_000)))
    bank, begun = VoiceBank(folder, "voice"), time.process_time()
    for _ in range(300):
        bank.alias("mi", "", 60)
    assert time.process_time() - begun < 3


def test_a_sample_that_changes_is_heard_as_it_is_now(tmp_path: Path) -> None:
    import soundfile  # noqa: PLC0415

    folder = write_bank(tmp_path / "bank")
    before = VoiceBank(folder, "voice").sounding("i", "", 60).body.samples
    soundfile.write(folder / "i.wav", vowel("o", 220, 0.4, 16000), 16000)
    after = VoiceBank(folder, "voice").sounding("i", "", 60).body.samples
    assert before.tobytes() != after.tobytes()


def test_repeats_that_would_play_for_ever_are_refused(tmp_path: Path) -> None:
    barline = '<barline><repeat direction="backward" times="12"/></barline>'
    measure = f"<measure>{'<note><rest/></note>' * 20_000}{barline}</measure>"
    score = f'<score-partwise><part id="a">{measure * 10}</part></score-partwise>'
    assert "played too often" in told(score.encode(), tmp_path)
