"""Which track of a file is taken, and what of its channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecordingError
from pipeline.ffmpeg.process import file_argument, run
from pipeline.sound.inputs.decode import decode, load_music
from pipeline.sound.inputs.sources import choose_source
from pipeline.sound.inputs.tracks import AudioTrack, tracks_in, tracks_of
from pipeline.sound.signal.mixing import ChannelSurvey
from tests.sound.sounds import Floats, convert, noise, peak_hz, sine, speechlike, write

RATE = 16000
VOICE = speechlike(6.0, RATE)
NOTHING = np.zeros_like(VOICE)
HISS = noise(6.0, RATE, level_db=-50)


def alike(samples: Floats, other: Floats = VOICE) -> float:
    """The correlation of two sounds, whatever their levels are."""
    length = min(len(samples), len(other))
    return abs(float(np.corrcoef(samples[:length], other[:length])[0, 1]))


def mono_of(path: Path) -> tuple[Floats, tuple[str, ...]]:
    notes: list[str] = []
    return decode(path, sample_rate_hz=RATE, note=notes.append), tuple(notes)


def channels(folder: Path, *rows: Floats, subtype: str = "FLOAT") -> Path:
    return write(folder / "rows.wav", np.stack(rows, axis=1), RATE, subtype)


def tracks(folder: Path, name: str, *parts: Floats, options: tuple[str, ...] = (), picture: bool = False) -> Path:
    inputs: list[str] = []
    for number, samples in enumerate(parts):
        path = write(folder / f"part-{number}.wav", samples, RATE)
        inputs += ["-i", file_argument(path)]
    maps = [part for number in range(len(parts)) for part in ("-map", f"{number}:a")]
    if picture:
        inputs += ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=6"]
        maps = ["-map", f"{len(parts)}:v", *maps, "-pix_fmt", "yuv420p"]
    run([*inputs, *maps, *options, "-y", file_argument(folder / name)], timeout_s=60)
    return folder / name


CANCELLING = {
    "out of phase": (VOICE, -VOICE),
    "nearly so": (VOICE, -0.97 * VOICE + 0.1 * HISS),
    "one softer": (0.3 * VOICE, -VOICE),
    "on a DC offset": (0.5 * VOICE + 0.3, -0.5 * VOICE + 0.3),
    "with a hiss in common": (VOICE + HISS, -VOICE + HISS),
    "a sample late": (VOICE, -np.roll(VOICE, 1)),
    "for a while": (VOICE, np.where(np.arange(len(VOICE)) < RATE, -1, 1) * VOICE),
    "four": (VOICE, -VOICE, VOICE, -VOICE),
    "5.1": (VOICE, -VOICE, NOTHING, NOTHING, NOTHING, NOTHING),
    "5.1, behind": (NOTHING, NOTHING, 0.01 * HISS, 0.2 * HISS, VOICE, -VOICE),
    "7.1": (0.4 * VOICE, -0.4 * VOICE, NOTHING, HISS, NOTHING, NOTHING, VOICE, -VOICE),
    "bass channel only": (NOTHING, NOTHING, NOTHING, VOICE, NOTHING, NOTHING),
}


@pytest.mark.parametrize("name", CANCELLING)
def test_where_channels_cancel_one_is_taken_and_it_is_told(tmp_path: Path, name: str) -> None:
    samples, notes = mono_of(channels(tmp_path, *(row.astype(np.float32) for row in CANCELLING[name])))
    assert alike(samples) > 0.99
    assert len(notes) == 1
    assert "alone is taken" in notes[0]


@pytest.mark.parametrize("suffix", ["flac", "mp3", "m4a", "ogg", "ac3"])
def test_it_does_not_matter_how_the_channels_were_stored(tmp_path: Path, suffix: str) -> None:
    path = convert(channels(tmp_path, VOICE, -VOICE, subtype="PCM_16"), tmp_path / f"made.{suffix}", "-ar", "48000")
    samples, notes = mono_of(path)
    assert np.abs(samples).max() > 0.2
    assert "cancel" in notes[0]


def test_channels_that_only_differ_are_mixed(tmp_path: Path) -> None:
    turns = np.where(np.arange(len(VOICE)) < len(VOICE) // 2, VOICE, 0).astype(np.float32)
    for rows in ((VOICE, VOICE), (VOICE, NOTHING), (turns, VOICE - turns), (VOICE + HISS, VOICE - HISS)):
        samples, notes = mono_of(channels(tmp_path, *rows))
        assert alike(samples) > 0.99
        assert not notes
    apart = noise(6.0, RATE, seed=1), noise(6.0, RATE, seed=2)
    samples, notes = mono_of(channels(tmp_path, *apart))
    assert alike(samples, apart[0] + apart[1]) > 0.99
    assert not notes


@given(gains=st.lists(st.floats(-1, 1), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_whatever_the_channels_hold_the_voice_is_not_lost(gains: list[float], seed: int) -> None:
    """One voice at any level and polarity: what is mixed is at least as loud as the loudest channel's share of it."""
    voice = speechlike(1.0, 4000, pitch_hz=100.0 + seed)
    block = np.stack([np.float32(gain) * voice for gain in gains], axis=1)
    survey = ChannelSurvey(4000, len(gains), None)
    survey.add(block)
    survey.finish()
    mixdown = survey.mixdown()
    loudest = np.abs(block).max() / len(gains)
    assert np.abs(mixdown.mono(block)).max() >= 0.7 * loudest - 1e-6


@pytest.mark.parametrize(
    "name", ["obs.mkv", "obs.mp4", "obs.mov", "obs.m4a", "obs.mka", "obs.ts", "obs.ogg", "obs.wma"]
)
def test_the_first_track_with_sound_is_taken_and_told(tmp_path: Path, name: str) -> None:
    samples, notes = mono_of(tracks(tmp_path, name, NOTHING, NOTHING, VOICE, sine(440, 6.0, RATE)))
    assert np.abs(samples).max() > 0.2
    assert peak_hz(samples, RATE) != pytest.approx(440, abs=2)
    assert "sound track 3" in notes[0]
    assert "of 4 is taken, as the 2 before it are silent" in notes[0]


def test_a_track_with_a_picture_before_it_counts_among_the_tracks_of_sound(tmp_path: Path) -> None:
    named = ("-metadata:s:a:1", "title=Mic/Aux")
    path = tracks(tmp_path, "film.mkv", NOTHING, VOICE, options=named, picture=True)
    source = choose_source(path, listen_s=100)
    assert source.track.number == 2
    assert source.notes == ("sound track 2 (Mic/Aux) of 2 is taken, as the one before it is silent",)


def test_a_track_may_be_chosen_by_hand(tmp_path: Path) -> None:
    path = tracks(tmp_path, "two.mkv", sine(440, 3.0, RATE), sine(880, 3.0, RATE))
    for track, hz in ((1, 440), (2, 880)):
        source = choose_source(path, listen_s=100, track=track)
        with source.opened(100.0) as stream:
            assert peak_hz(np.concatenate(list(stream.blocks()))[:, 0], stream.sample_rate_hz) == pytest.approx(
                hz, abs=2
            )
    with pytest.raises(RecordingError, match="no sound track 3 in this file: it has 2") as caught:
        choose_source(path, listen_s=100, track=3)
    assert "from 1 to 2" in caught.value.expected


def test_where_no_track_sounds_for_long_the_loudest_is_taken(tmp_path: Path) -> None:
    click = NOTHING.copy()
    click[RATE] = 0.5
    assert choose_source(tracks(tmp_path, "clicks.mkv", NOTHING, click), listen_s=100).track.number == 2


def test_music_and_text_of_sound_take_the_track_with_sound_too(tmp_path: Path) -> None:
    notes: list[str] = []
    music = load_music(tracks(tmp_path, "music.mkv", NOTHING, VOICE), 48_000, notes.append)
    assert np.abs(music).max() > 0.2
    assert "sound track 2" in notes[0]


@pytest.mark.parametrize(
    ("words", "track"),
    [
        (
            "pcm_s16le ([1][0][0][0] / 0x0001), 16000 Hz, mono, s16, 256 kb/s",
            AudioTrack(1, 32767 / 32768, True, 1, None),
        ),
        ("pcm_s24le, 48000 Hz, 5.1(side), s32 (24 bit), 6912 kb/s", AudioTrack(1, 1 - 2.0**-23, True, 6, 3)),
        ("pcm_f32le, 48000 Hz, 2.1, flt, 512 kb/s", AudioTrack(1, None, True, 3, 2)),
        (
            "aac (LC) (mp4a / 0x6134706D), 16000 Hz, stereo, fltp, 38 kb/s (default)",
            AudioTrack(1, None, False, 2, None),
        ),
        ("pcm_s16le, 48000 Hz, 3 channels (FL+LFE+FR), s16", AudioTrack(1, 32767 / 32768, True, 3, 1)),
        ("flac, 44100 Hz, 6 channels, s16", AudioTrack(1, 32767 / 32768, True, 6, 3)),
        ("flac, 44100 Hz, 7.1(wide), s16", AudioTrack(1, 32767 / 32768, True, 8, 3)),
        ("something new", AudioTrack(1, None, False, None, None)),
    ],
)
def test_a_tracks_samples_and_channels_are_known_from_its_description(words: str, track: AudioTrack) -> None:
    described = f"Input #0, wav, from 'x':\n  Stream #0:0: Audio: {words}\nStream mapping:\n  Stream #0:0: Audio: x"
    assert tracks_in(described) == (track,)


@given(st.text(max_size=300))
def test_whatever_is_described_it_is_read_or_left(words: str) -> None:
    for text in (words, f"Input #0, x\n  Stream #0:0: Audio: {words}"):
        assert len(tracks_in(text)) <= len(text)


@pytest.mark.parametrize("layout", ["2.1", "3.1", "4.1", "5.1", "5.1(side)", "6.1", "7.1", "6.0", "quad"])
def test_the_bass_channel_of_every_layout_is_known(tmp_path: Path, layout: str) -> None:
    bass = {"2.1": 2, "6.0": None, "quad": None}.get(layout, 3)
    path = tmp_path / "layout.wav"
    made = ["-f", "lavfi", "-i", "anoisesrc=d=0.2", "-af", f"aformat=channel_layouts={layout}"]
    run([*made, "-y", file_argument(path)], timeout_s=30)
    assert tracks_of(path)[0].bass_channel == bass
