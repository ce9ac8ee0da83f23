"""What a file is, by its first bytes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import FootageError, RecordingError
from pipeline.ffmpeg.formats import open_media, recognise
from pipeline.film.inputs.footage import probe
from pipeline.film.inputs.stills import read_logo
from tests.sound.sounds import convert, sine, write

PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n",
    "list.m3u": "/etc/passwd\n",
    "concat.wav": "ffconcat version 1.0\nfile /etc/passwd\n",
    "talk.sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
    "list.pls": "[playlist]\nFile1=/etc/passwd\n",
    "manifest.mpd": '<?xml version="1.0"?><MPD></MPD>',
    "words.wav": "This is no recording, it only says so in its name.\n" * 10,
    "wide.wav": "text in sixteen bits".encode("utf-16").decode("latin-1"),
}


@pytest.mark.parametrize(
    ("suffix", "demuxer", "options"),
    [
        ("wav", "wav", []),
        ("flac", "flac", []),
        ("mp3", "mp3", []),
        ("mp3", "mp3", ["-id3v2_version", "0", "-write_xing", "0"]),
        ("m4a", "mov", []),
        ("mp4", "mov", ["-movflags", "faststart"]),
        ("mov", "mov", []),
        ("ogg", "ogg", ["-c:a", "libopus"]),
        ("aac", "aac", []),
        ("aiff", "aiff", []),
        ("caf", "caf", []),
        ("au", "au", []),
        ("mka", "matroska", []),
        ("webm", "matroska", ["-c:a", "libopus"]),
        ("avi", "avi", []),
        ("ts", "mpegts", []),
        ("mpg", "mpeg", []),
        ("flv", "flv", []),
        ("wma", "asf", []),
        ("w64", "w64", []),
        ("wv", "wv", []),
        ("tta", "tta", []),
        ("mp2", "mp3", []),
        ("ac3", "ac3", []),
    ],
)
def test_formats_are_known_by_their_bytes_not_their_names(
    tmp_path: Path, suffix: str, demuxer: str, options: list[str]
) -> None:
    source = write(tmp_path / "source.wav", sine(300, 1.0, 44100), 44100)
    made = convert(source, tmp_path / f"made.{suffix}", *options)
    misnamed = made.rename(tmp_path / "misnamed.xyz")
    assert recognise(misnamed).demuxer == demuxer


@pytest.mark.parametrize("name", PLAYLISTS)
def test_playlists_and_texts_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PLAYLISTS[name].encode("latin-1"))
    with pytest.raises(RecordingError, match=r"playlist|text file"):
        recognise(path)


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    for name, words in (("none.wav", "no such file"), ("", "folder"), ("empty.wav", "empty")):
        with pytest.raises(RecordingError, match=words):
            recognise(tmp_path / name)


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(RecordingError, match="no plain file"):
        recognise(tmp_path / "pipe.wav")


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(RecordingError, match="can't be read"):
        recognise(Path("bad\0name.wav"))


def test_the_caller_chooses_the_kind_of_error(tmp_path: Path) -> None:
    with pytest.raises(FootageError):
        recognise(tmp_path / "none.mp4", FootageError)


def test_junk_before_an_mp3_is_skipped(tmp_path: Path) -> None:
    source = write(tmp_path / "source.wav", sine(300, 1.0, 44100), 44100)
    made = convert(source, tmp_path / "made.mp3", "-id3v2_version", "0")
    path = tmp_path / "junk.mp3"
    path.write_bytes(bytes(range(200)) + made.read_bytes())
    assert recognise(path).demuxer == "mp3"


def test_cover_art_longer_than_the_first_look_is_skipped(tmp_path: Path) -> None:
    source = write(tmp_path / "source.wav", sine(300, 1.0, 44100), 44100)
    sound = convert(source, tmp_path / "made.flac").read_bytes()
    size = 300_000
    tag = b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\xff\xfb\x90\0" * (size // 4)
    path = tmp_path / "tagged.flac"
    path.write_bytes(tag + sound)
    assert recognise(path).demuxer == "flac"


@given(data=st.binary(min_size=1, max_size=3000))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_a_known_format_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    with contextlib.suppress(RecordingError):
        assert recognise(path).demuxer


def test_noise_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    path.write_bytes(np.random.default_rng(3).integers(0, 256, 100_000).astype(np.uint8).tobytes())
    with pytest.raises(RecordingError, match="no sound or video file"):
        recognise(path)


def test_ffmpeg_is_held_to_the_format_and_to_the_disk(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(300, 0.1, 8000), 8000)
    args = ffmpeg.get_args(ffmpeg.output(open_media(path, recognise(path)), "-", format="null"))
    assert args[args.index("-protocol_whitelist") + 1] == "file,pipe"
    assert args[args.index("-format_whitelist") + 1] == "wav"
    assert args[args.index("-f") + 1] == "wav"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"BM" + bytes(range(250)) * 4, "Export it as MP4"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "Export it as PNG or JPEG"),
    ],
)
def test_what_is_no_footage_is_told_how_to_become_one(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "picture"
    path.write_bytes(data)
    with pytest.raises(FootageError, match=r"picture|no sound") as raised:
        recognise(path, FootageError)
    assert words in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "a HEIC or AVIF picture"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "a HEIC or AVIF picture"),
        (b"II*\x00\x08\x00\x00\x00", "a TIFF picture"),
        (b"MM\x00*\x00\x00\x00\x08", "a TIFF picture"),
        (b"BM\x36\x00\x01\x00\x00\x00\x00\x00\x36\x00", "a BMP picture"),
        (b"8BPS\x00\x01", "a Photoshop file"),
        (b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
        (b"%PDF-1.7\n%\xe2", "a PDF document"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    ],
)
def test_pictures_that_are_not_read_are_named_with_the_way_out(tmp_path: Path, head: bytes, name: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(head + bytes(100))
    for look in (lambda: recognise(path, FootageError), lambda: read_logo(path)):
        with pytest.raises(FootageError, match=name) as caught:
            look()
        assert "PNG or JPEG" in caught.value.hint


def test_a_moving_picture_is_no_logo_and_is_told_as_one(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "logo.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(FootageError, match="a picture that moves"):
        read_logo(tmp_path / "logo.gif")


@pytest.mark.parametrize("suffix", ["mka", "webm", "m4a", "ogg"])
def test_sound_alone_is_no_footage_and_it_is_said_where_sound_goes(tmp_path: Path, suffix: str) -> None:
    sound = convert(write(tmp_path / "tone.wav", sine(440, 1.0, 48000), 48000), tmp_path / f"tone.{suffix}")
    with pytest.raises(FootageError, match="no picture") as caught:
        probe(sound)
    assert "recordings" in caught.value.hint
    assert "ffmpeg" not in f"{caught.value.what}{caught.value.expected}{caught.value.hint}"
