from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.song.lyrics.phrases import from_file
from pipeline.song.lyrics.sounds import sound_of
from pipeline.song.notes.musicxml import read_musicxml
from pipeline.song.notes.reading import read_tune
from pipeline.song.notes.ust import read_ust
from tests.song.tunes import MUSICXML, UST, midi_bytes


def test_endings_and_breaths_in_a_ust_file_are_rests_and_hints_no_lyrics() -> None:
    lyrics = ["- \u304b", "a R", "\u606f", "?a \u304b", "R", "a r", "Rin[r i n]"]
    parts = [f"[#{at:04d}]\nLength=480\nLyric={one}\nNoteNum=60\n" for at, one in enumerate(lyrics)]
    tune = read_ust(("[#VERSION]\n" + "".join(parts)).encode("cp932"), "x")
    assert "no tempo" in tune.remarks[0]
    (track,) = tune.tracks
    assert [note.syllable for note in track.notes] == ["- \u304b", "a \u304b", "Rin"]
    assert [note.start_s for note in track.notes] == [0.0, 1.5, 3.0]


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
def test_ust_in_every_encoding(encoding: str) -> None:
    (track,) = read_ust(UST.encode(encoding), "x").tracks
    first, second = track.notes
    assert track.name == "\u6b4c"
    assert (first.start_s, first.end_s, first.key, first.syllable) == (0, 0.5, 60, "\u3042")
    assert (second.start_s, second.end_s, second.syllable) == (0.75, 1.75, "a \u304b")
    assert second.glide == ((-0.04, 0.0), (0.04, 50.0), (0.09, 0.0))
    assert second.vibrato is not None
    assert (second.vibrato.depth_cents, second.vibrato.period_s) == (35, 0.18)


def test_ust_of_other_editors_lacks_headers_and_keys() -> None:
    text = "[#0000]\nLength=960\nLyric=la\nNoteNum=64\n[#0001]\nLength=\nLyric=la\nNoteNum=x\n"
    text += "[#INSERT]\nLength=480\nLyric=la\nNoteNum=65\n"
    (track,) = read_ust(text.encode(), "x").tracks
    assert [(n.start_s, n.key) for n in track.notes] == [(0, 64), (1.0, 65)]


def test_a_score_without_a_tempo_says_so() -> None:
    tune = read_musicxml(MUSICXML.replace('<sound tempo="60"/>', "").encode(), "x")
    assert tune.remarks == ("the melody has no tempo: 120 beats a minute",)
    assert tune.tracks[0].notes[0].seconds == 0.5
    assert read_musicxml(MUSICXML.encode(), "x").remarks == ()


def test_musicxml_has_ties_chords_tempo_and_lyrics() -> None:
    (track,) = read_musicxml(MUSICXML.encode(), "x").tracks
    assert track.name == "Voice"
    assert [(n.start_s, n.end_s, n.key) for n in track.notes] == [(0, 1, 60), (1, 2.5, 66), (3, 4, 60), (3, 4, 64)]
    assert [n.syllable for n in track.line()] == ["hap-", "py", ""]


def test_musicxml_may_not_declare_entities_nor_nest_for_ever() -> None:
    bomb = MUSICXML.replace('partwise.dtd">', 'partwise.dtd" [<!ENTITY a "aaaaaaaa">]>')
    with pytest.raises(ProductionError, match="entities"):
        read_musicxml(bomb.encode(), "x")
    with pytest.raises(ProductionError, match="nested"):
        read_musicxml(b"<score-partwise>" + b"<a>" * 100, "x")


def test_each_format_is_known_by_its_bytes(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.xml", MUSICXML)
    for data in (midi_bytes([[(0, 1, 60)]]), UST.encode("cp932"), MUSICXML.encode(), packed.getvalue()):
        path = tmp_path / "tune"
        path.write_bytes(data)
        assert read_tune(path, "song 1, melody").tracks
    for data, words in ((b"hello", "no melody"), (b"PK\x03\x04broken", "no score"), (b"", "no melody")):
        path.write_bytes(data)
        with pytest.raises(ProductionError, match=words):
            read_tune(path, "song 1, melody")
    with pytest.raises(ProductionError, match="no melody here"):
        read_tune(tmp_path / "absent.mid", "song 1, melody")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_spoilt_texts_are_read_or_are_one_error(data: st.DataObject) -> None:
    read, text = data.draw(st.sampled_from([(read_ust, UST), (read_musicxml, MUSICXML)]))
    spoilt = bytearray(text.encode("utf-8"))
    for _ in range(data.draw(st.integers(1, 5))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    try:
        tune = read(bytes(spoilt), "x")
    except ProductionError:
        return
    assert all(0 <= note.start_s < note.end_s for track in tune.tracks for note in track.notes)


def test_ust_in_the_dialects_of_other_editors() -> None:
    """UTF-8 with its charset said, decimal commas, held notes, VCV, keys of other programs, pitch bends of mode 1."""
    text = "[#VERSION]\nUST Version 2.0\n[#SETTING]\nTempo=90,5\nTracks=1\nCharset=UTF-8\nMode2=True\n"
    text += "[#PREV]\nLength=480\nLyric=x\nNoteNum=50\n"
    for number, (lyric, more) in enumerate(
        [
            ("- \u304b", "Delta=0\nDuration=480\nPreUtterance=\nVoiceOverlap=\n"),
            ("a \u3057", "PBS=-25\nPBW=50\nPBY=\nPBM=,\n@preuttr=0\n"),
            ("+", "Velocity=\nModulation=0\n$track=1\n"),
            ("\u304d\u3087", "PBType=5\nPBStart=0\nPitchBend=0,10,20\nVBR=0,0\n"),
        ]
    ):
        text += f"[#{number:04d}]\nLength=480\nLyric={lyric}\nNoteNum=60\n{more}"
    (track,) = read_ust((text + "[#NEXT]\n[#TRACKEND]\n").encode(), "x").tracks
    assert [round(note.start_s, 3) for note in track.notes] == [0, 0.663, 1.326, 1.989]
    (phrase,) = from_file(track.line())
    assert phrase.text == "\u304b\u3057\u304d\u3087"
    assert [sung.syllable and sound_of(sung.syllable.text).vowel for sung in phrase.notes] == ["a", "i", None, "o"]
    assert track.notes[3].bend[1][1] == 10
    assert sound_of("a \u3057").onset == "sh"
