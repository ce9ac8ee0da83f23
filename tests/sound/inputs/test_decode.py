"""Recordings as streams of samples: every kind of file, and files made to hurt."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import FfmpegError, FootageError, RecordingError
from pipeline.sound.inputs.decode import Floats, decode
from pipeline.sound.inputs.reading import open_recording
from pipeline.sound.signal.mixing import finite, plain_mixdown
from tests.sound.sounds import convert, noise, peak_hz, sine, write

RATE = 22050


def read(path: Path, longest_s: float = 100.0) -> tuple[Floats, int]:
    with open_recording(path, longest_s=longest_s) as stream:
        blocks = [np.zeros((0, stream.channels), np.float32), *stream.blocks()]
    return np.concatenate(blocks), stream.sample_rate_hz


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tone") / "tone.wav", sine(440, 2.0, RATE), RATE)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_wav_of_every_depth_reads_alike(tmp_path: Path, subtype: str) -> None:
    samples, rate = read(write(tmp_path / "tone.wav", sine(440, 1.0, RATE), RATE, subtype))
    assert rate == RATE
    assert samples.shape == (RATE, 1)
    tolerance = {"PCM_U8": 0.01, "ULAW": 0.03, "ALAW": 0.03}.get(subtype, 1e-4)
    assert np.abs(samples[:, 0] - sine(440, 1.0, RATE)).max() < tolerance


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("flac", []),
        ("mp3", []),
        ("m4a", []),
        ("ogg", ["-c:a", "libvorbis"]),
        ("opus", []),
        ("aiff", []),
        ("wma", []),
        ("mkv", ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=2", "-c:v", "libx264", "-c:a", "aac"]),
        ("mp4", ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=2", "-c:v", "libx264", "-c:a", "aac"]),
    ],
)
def test_files_of_every_kind_give_their_sound(tmp_path: Path, tone: Path, suffix: str, options: list[str]) -> None:
    samples, rate = read(convert(tone, tmp_path / f"made.{suffix}", *options))
    assert len(samples) / rate == pytest.approx(2.0, abs=0.15)
    assert peak_hz(samples[:, 0], rate) == pytest.approx(440, abs=2)


def test_cover_art_is_no_obstacle(tmp_path: Path, tone: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "cover.png")
    cover = ["-i", str(tmp_path / "cover.png"), "-map", "0:a", "-map", "1:v", "-c:v", "copy"]
    made = convert(tone, tmp_path / "cover.mp3", *cover, "-disposition:v", "attached_pic")
    samples, rate = read(made)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.1)
    assert b"APIC" in made.read_bytes()


def test_the_first_of_several_audio_streams_is_taken(tmp_path: Path, tone: Path) -> None:
    other = ["-f", "lavfi", "-i", "sine=frequency=2000:duration=2", "-map", "0:a", "-map", "1:a", "-c:a", "flac"]
    samples, rate = read(convert(tone, tmp_path / "two.mkv", *other))
    assert peak_hz(samples[:, 0], rate) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    "name", ["-i.wav", "two words.wav", 'it\'s "here".wav', "größe 日本.wav", "a;b|c$d.wav", "%d.wav"]
)
def test_any_name_can_be_read(tmp_path: Path, name: str) -> None:
    samples, _ = read(write(tmp_path / name, sine(440, 0.5, RATE), RATE))
    assert len(samples) == RATE // 2


def test_a_relative_name_with_a_leading_dash_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "-f.wav", sine(440, 0.5, RATE), RATE)
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("-f.wav"))[0]) == RATE // 2


@pytest.mark.parametrize("channels", [1, 2, 4, 6, 8])
def test_any_number_of_channels_becomes_one(tmp_path: Path, channels: int) -> None:
    rows = np.repeat(sine(440, 0.5, RATE)[:, None], channels, axis=1)
    if channels in {6, 8}:
        rows[:, 3] = sine(60, 0.5, RATE)  # the bass channel is left out
    path = write(tmp_path / "many.wav", rows, RATE)
    assert read(path)[0].shape[1] == channels
    assert np.abs(decode(path, sample_rate_hz=RATE) - sine(440, 0.5, RATE)).max() < 1e-3


def test_what_is_no_number_becomes_silence_and_is_counted(tmp_path: Path) -> None:
    rows = np.array([[np.nan, 0.5], [np.inf, -np.inf], [0.25, 0.75], [1e30, 0.0]], np.float32)
    block, odd = finite(rows)
    assert odd == 3
    assert plain_mixdown(2, None).mono(block).tolist() == [0.25, 0.0, 0.5, 0.0]
    warnings: list[str] = []
    path = write(tmp_path / "nan.wav", np.repeat(rows, 100, axis=0), RATE, "FLOAT")
    assert np.isfinite(decode(path, sample_rate_hz=RATE, warn=warnings.append)).all()
    assert "300 samples are no numbers" in warnings[0]


def test_a_header_that_claims_4_gib_in_a_small_file_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "liar.wav"
    claim = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 2**32 - 1, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", 2**32 - 10
    )
    path.write_bytes(claim + bytes(1024 - len(claim)))
    assert len(read(path)[0]) == (1024 - len(claim)) // 2


def test_a_header_with_an_absurd_rate_or_width_is_refused(tmp_path: Path) -> None:
    for index, (channels, rate) in enumerate([(1, 4_000_000_000), (1, 10), (200, RATE)]):
        path = tmp_path / f"absurd-{index}.wav"
        head = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF",
            9000,
            b"WAVE",
            b"fmt ",
            16,
            1,
            channels,
            rate,
            rate * channels * 2 % 2**32,
            channels * 2,
            16,
            b"data",
            8000,
        )
        path.write_bytes(head + bytes(8000))
        with pytest.raises(RecordingError):
            read(path)


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_a_truncated_file_gives_its_beginning(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / "noise.wav", noise(4.0, RATE), RATE)
    made = convert(source, tmp_path / f"whole.{suffix}")
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    samples, rate = read(cut)
    assert 1.0 < len(samples) / rate < 3.0


def test_damage_that_could_be_read_around_is_told(tmp_path: Path) -> None:
    made = convert(write(tmp_path / "noise.wav", noise(4.0, RATE), RATE), tmp_path / "whole.flac")
    raw = bytearray(made.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 2000] = bytes(2000)
    (tmp_path / "hurt.flac").write_bytes(raw)
    complaints: list[str] = []
    with open_recording(tmp_path / "hurt.flac", longest_s=100, complaints=complaints) as stream:
        assert sum(len(block) for block in stream.blocks()) > RATE
    assert complaints


def test_a_sound_file_without_its_middle_part_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "head.m4a").write_bytes(b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + bytes(100))
    with pytest.raises(RecordingError, match="can't be read") as caught:
        read(tmp_path / "head.m4a")
    assert "damaged or cut off" in caught.value.hint
    assert "ffmpeg said" in str(caught.value.__cause__)  # its own words are for --debug


def test_a_video_without_sound_is_told(tmp_path: Path, tone: Path) -> None:
    video = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", "-map", "1:v", "-c:v", "libx264"]
    with pytest.raises(RecordingError, match="no sound"):
        read(convert(tone, tmp_path / "mute.mp4", *video))


def test_a_recording_that_is_too_long_is_refused(tone: Path) -> None:
    with pytest.raises(RecordingError, match="longer than the 1 s"):
        read(tone, longest_s=1.0)


def test_an_mp4_that_points_at_another_file_reads_nothing_of_it(tmp_path: Path, tone: Path) -> None:
    made = convert(tone, tmp_path / "made.mov", "-c:a", "pcm_s16le").read_bytes()
    own = made.find(b"url \0\0\0\1")
    assert own > 0
    pointing = made.replace(b"url \0\0\0\1", b"url \0\0\0\0")  # "the data lies elsewhere"
    (tmp_path / "pointing.mov").write_bytes(pointing)
    with contextlib.suppress(RecordingError):
        read(tmp_path / "pointing.mov")


def test_leaving_in_the_middle_ends_ffmpeg(tone: Path) -> None:
    with pytest.raises(KeyError), open_recording(tone, longest_s=100):
        raise KeyError


def test_a_missing_ffmpeg_is_not_the_recordings_fault(tone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_VIDEO_FFMPEG", "/nowhere/ffmpeg")
    with pytest.raises(FfmpegError):
        read(tone)


def test_a_whole_sound_comes_at_the_rate_and_width_asked_for(tmp_path: Path) -> None:
    left_only = np.stack([sine(440, 1.0, RATE), np.zeros(RATE, np.float32)], axis=1)
    path = write(tmp_path / "left.wav", left_only, RATE)
    stereo = decode(path, sample_rate_hz=48000, channels=2)
    mono = decode(path, sample_rate_hz=48000)
    assert stereo.shape == (48000, 2)
    assert np.abs(stereo[:, 1]).max() < 1e-6
    assert np.allclose(mono, stereo[:, 0] / 2, atol=1e-5)
    assert decode(write(tmp_path / "mono.wav", left_only[:, 0], RATE), sample_rate_hz=RATE, channels=2).shape == (
        RATE,
        2,
    )


def test_only_the_beginning_of_a_long_sound_is_read_on_request(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", noise(30.0, RATE), RATE)
    assert decode(path, sample_rate_hz=48000, first_s=2.5).shape == (120_000,)


def test_the_callers_kind_of_error_is_used(tmp_path: Path) -> None:
    (tmp_path / "words.mp3").write_text("only words")
    with pytest.raises(FootageError, match="text file"):
        decode(tmp_path / "words.mp3", sample_rate_hz=48000, error=FootageError)


SEEDS: dict[str, bytes] = {}


def seed(folder: Path, suffix: str) -> bytes:
    """A small sound file of a format; made once."""
    if suffix not in SEEDS:
        source = folder / "seed-source.wav"
        soundfile.write(source, noise(0.3, 8000), 8000)
        SEEDS[suffix] = convert(source, folder / f"seed.{suffix}").read_bytes()
    return SEEDS[suffix]


@given(data=st.data(), suffix=st.sampled_from(["wav", "flac", "mp3", "m4a", "ogg"]))
@settings(deadline=None, max_examples=60)
def test_mutated_files_end_in_sound_or_in_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, suffix: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    raw = bytearray(seed(folder, suffix))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(raw) - 1, 400)))
        raw[place] = data.draw(st.integers(0, 255))
    path = folder / "mutated"
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    with contextlib.suppress(RecordingError):
        samples, rate = read(path, longest_s=5.0)
        assert len(samples) <= 6 * rate
