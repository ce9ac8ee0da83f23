from __future__ import annotations

import numpy as np
import pytest

from pipeline.song.lyrics.phrases import with_lyrics
from pipeline.song.mix.mixing import VoiceTrack, mix, pan_gains
from pipeline.song.mix.sung_midi import midi_of
from pipeline.song.notes.midi import read_midi
from pipeline.song.notes.tune import Note
from pipeline.sound.signal.loudness import measure

RATE = 48_000
TONE = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)


def lufs(samples: np.ndarray) -> float:
    return measure(samples, RATE).integrated_lufs


def test_voices_are_equally_loud_before_their_gains() -> None:
    mixed = mix([VoiceTrack(0.01 * TONE), VoiceTrack(0.9 * TONE, gain_db=-6)], None, 0)
    assert lufs(mixed.voices[0]) - lufs(mixed.voices[1]) == pytest.approx(6, abs=0.1)


def test_a_voice_stands_where_it_is_panned() -> None:
    left = mix([VoiceTrack(TONE, pan=-1)], None, 0).stereo
    assert np.abs(left[:, 1]).max() < 1e-6 < np.abs(left[:, 0]).max()
    for pan in (-1, -0.3, 0, 1):
        assert np.square(pan_gains(pan)).sum() == pytest.approx(2)


def test_the_backing_lies_so_far_below_the_voices() -> None:
    high = np.repeat(np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE).astype(np.float32)[:, None], 2, axis=1)
    mixed = mix([VoiceTrack(TONE)], high, -10).stereo
    power = np.abs(np.fft.rfft(mixed[RATE // 2 : RATE // 2 + RATE, 0]))
    assert 20 * np.log10(power[440] / power[1000]) == pytest.approx(10, abs=1.5)


def test_nothing_clips_however_many_sing() -> None:
    mixed = mix([VoiceTrack(TONE)] * 12, None, 0)
    found = measure(mixed.stereo, RATE)
    assert found.true_peak_dbtp <= -1.4
    assert len(mixed.stereo) == len(TONE)
    assert not mix([VoiceTrack(np.zeros(RATE, np.float32))], None, 0).stereo.any()


def test_the_midi_file_is_what_was_sung() -> None:
    phrases = with_lyrics([Note(0.5, 1, 60), Note(1, 1.25, 62)], {1: "hap-py"}, [], "x")
    tune = read_midi(midi_of([("lead", phrases, -5), ("low", phrases, -12)], 0.25), "x")
    (lead, low) = tune.tracks
    assert (lead.name, [n.syllable for n in lead.notes]) == ("lead", ["hap", "py"])
    assert [(n.start_s, n.key) for n in lead.notes] == [(0.25, 55), (0.75, 57)]
    assert low.notes[0].key == 48
