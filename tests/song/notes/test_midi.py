from __future__ import annotations

from itertools import pairwise

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.song.lyrics.phrases import from_file
from pipeline.song.notes.midi import read_midi
from pipeline.song.notes.midi_bounds import fault_of
from pipeline.song.notes.tune import Note, Track
from tests.song.tunes import TICKS, events, file_bytes, in_order, midi_bytes

TUNE = [(0, 1, 60), (1, 1, 62), (2, 2, 64)]


def one_track(*messages: mido.Message, kind: int = 1) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=TICKS)
    file.tracks.append(mido.MidiTrack(messages))
    return file_bytes(file)


def test_notes_stand_in_seconds_in_files_of_both_types() -> None:
    for kind in (0, 1):
        (track,) = read_midi(midi_bytes([TUNE], kind=kind, beats_per_minute=60), "x").tracks
        assert [(n.start_s, n.end_s, n.key) for n in track.notes] == [(0, 1, 60), (1, 2, 62), (2, 4, 64)]
        assert track.notes[0].velocity == pytest.approx(100 / 127)


def test_running_status_and_note_on_with_velocity_0() -> None:
    body = bytes.fromhex("00 90 3c 64 83 60 3c 00 00 3e 64 83 60 3e 00 00 ff 2f 00")
    data = bytes.fromhex("4d546864 00000006 0000 0001 01e0") + b"MTrk" + len(body).to_bytes(4) + body
    tune = read_midi(data, "x")
    assert [(n.start_s, n.end_s, n.key) for n in tune.tracks[0].notes] == [(0, 0.5, 60), (0.5, 1.0, 62)]
    assert "no tempo" in tune.remarks[0]


def test_tempo_changes_count_from_where_they_stand_in_whatever_track() -> None:
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(mido.MidiTrack(in_order(events([(0, 1, 60), (2, 1, 62)]))))
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000, time=TICKS)]))
    (track,) = read_midi(file_bytes(file), "x").tracks
    assert [n.start_s for n in track.notes] == [0, 0.5 + 1.0]


def test_pitch_bend_has_its_range_from_registered_parameter_0() -> None:
    wheel = mido.Message("pitchwheel", pitch=4096, time=TICKS)
    set_range = [mido.Message("control_change", control=c, value=v) for c, v in ((101, 0), (100, 0), (6, 12))]
    on, off = mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=TICKS)
    (note,) = read_midi(one_track(on, wheel, off), "x").tracks[0].notes
    assert note.bend == ((0.0, 0.0), (0.5, 100.0))
    (note,) = read_midi(one_track(*set_range, on, wheel, off), "x").tracks[0].notes
    assert note.bend[1] == (0.5, 600.0)


def test_notes_that_never_end_end_with_their_track_and_overlaps_are_cut() -> None:
    on = [mido.Message("note_on", note=key, velocity=64, time=TICKS * (key > 60)) for key in (60, 62)]
    tune = read_midi(one_track(*on, mido.MetaMessage("end_of_track", time=TICKS)), "x")
    assert "2 notes never end" in tune.remarks[0]
    assert [(n.start_s, n.end_s) for n in tune.tracks[0].line()] == [(0, 0.5), (0.5, 1.0)]


def test_a_line_is_taken_out_of_chords_from_above() -> None:
    chord = [(0, 1, 60), (0, 1, 64), (0, 1, 67), (1, 1, 59), (1, 1, 62)]
    (track,) = read_midi(midi_bytes([chord]), "x").tracks
    assert [n.key for n in track.line(1)] == [67, 62]
    assert [n.key for n in track.line(2)] == [64, 59]
    assert [n.key for n in track.line(3)] == [60, 59]


@pytest.mark.parametrize("wanted", [1, "line 1", "LINE 1", "channel 1"])
def test_tracks_are_found_by_number_name_and_channel(wanted: int | str) -> None:
    tune = read_midi(midi_bytes([TUNE, [(0, 1, 50)]]), "x")
    assert len(tune.track(wanted, "y").notes) == 3
    with pytest.raises(ProductionError, match=r"no track 3"):
        tune.track(3, "y")


def test_chunks_that_are_no_tracks_are_passed_over() -> None:
    data = midi_bytes([[(0, 1, 60)]])
    head, track = data[:14], data[14:]
    for spoilt in (data + b"XFIH\0\0\0\3abc", head + b"XFKM\0\0\0\0" + track, data + b"\0" * 40):
        assert [note.key for note in read_midi(spoilt, "x").tracks[0].notes] == [60]


def test_sixty_four_tracks() -> None:
    tune = read_midi(midi_bytes([TUNE] * 64), "x")
    assert len(tune.tracks) == 64
    assert tune.track(64, "x").name == "line 64"


def test_no_notes_is_an_error() -> None:
    with pytest.raises(ProductionError, match="has no notes"):
        read_midi(midi_bytes([[]]), "x")


def test_lyrics_of_the_file_in_shift_jis_belong_to_their_notes() -> None:
    words = mido.MetaMessage("lyrics", text="\u3042".encode("cp932").decode("latin-1"))
    on, off = mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=TICKS)
    assert read_midi(one_track(words, on, off), "x").tracks[0].notes[0].syllable == "\u3042"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_spoilt_files_are_read_or_are_one_error(data: st.DataObject) -> None:
    spoilt = bytearray(midi_bytes([TUNE, TUNE]))
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(4, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(4, len(spoilt)))
    try:
        tune = read_midi(bytes(spoilt[:end]), "x")
    except ProductionError:
        return
    assert all(note.seconds > 0 for track in tune.tracks for note in track.line())


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.05, 5), st.integers(40, 80)), min_size=1, max_size=30))
def test_a_line_never_sings_two_notes_at_once(placed: list[tuple[float, float, int]]) -> None:
    track = Track("x", tuple(Note(start, start + long, float(key)) for start, long, key in placed))
    line = track.line()
    assert all(one.end_s <= two.start_s for one, two in pairwise(line))


def test_karaoke_has_its_words_in_a_track_of_their_own_parted_by_spaces() -> None:
    texts = ["@KMIDI KARAOKE FILE", "\\Hap", "py ", "day"]
    words = mido.MidiTrack(
        mido.MetaMessage("text", text=text, time=TICKS if number > 1 else 0) for number, text in enumerate(texts)
    )
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks += [words, mido.MidiTrack(in_order(events([(0, 1, 60), (1, 1, 62), (2, 1, 64)])))]
    (track,) = read_midi(file_bytes(file), "x").tracks
    (phrase,) = from_file(track.line())
    assert phrase.text == "Happy day"
    assert [sung.syllable and sung.syllable.text for sung in phrase.notes] == ["Hap", "py", "day"]


def test_text_that_is_no_karaoke_is_no_lyrics() -> None:
    on, off = mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=TICKS)
    track = read_midi(one_track(mido.MetaMessage("text", text="by me"), on, off), "x").tracks[0]
    assert track.notes[0].syllable == ""


def test_what_a_file_costs_is_known_before_it_is_read() -> None:
    data = midi_bytes([TUNE, TUNE])
    assert fault_of(data) == ""
    assert fault_of(one_track(mido.Message("sysex", data=[1] * 300), mido.Message("program_change", program=3))) == ""
    at = data.rindex(b"MTrk")
    size = int.from_bytes(data[at + 4 : at + 8])
    for short in (1, 2, size - 1):
        lying = data[: at + 4] + (size - short).to_bytes(4) + data[at + 8 :]
        assert fault_of(lying) == "it is damaged"
    assert fault_of(data[:-1]) == "it is damaged"
    assert fault_of(data[:14] + b"MTrk" + (3).to_bytes(4) + bytes.fromhex("00903c64")) == "it is damaged"


def test_a_channel_that_is_not_there_names_those_that_are() -> None:
    tune = read_midi(midi_bytes([[(0, 1, 60)], [(0, 1, 62)]]), "x")
    assert tune.track("channel 2", "x").notes[0].key == 62
    with pytest.raises(ProductionError, match="no notes on 'channel 9'") as caught:
        tune.track("channel 9", "x")
    assert caught.value.expected == "channel 1, channel 2"
