from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FootageError
from pipeline.ffmpeg.process import run
from pipeline.film.inputs.footage import content_hash, probe, shown_seconds, write_sound
from pipeline.film.planning.settings import InsertSettings
from tests.film.films import drawn_pictures, encode_parts, footage_chain, small_plan

SIZE = (96, 64)


def colour_video(path: Path, *, seconds: float = 2.0, size: str = "64x48", rate: int = 25) -> Path:
    """Red, then blue from its middle on, with a tone."""
    half = seconds / 2
    graph = f"color=red:s={size}:r={rate}:d={half}[a];color=blue:s={size}:r={rate}:d={half}[b];[a][b]concat[v]"
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    told = ["-map", "[v]", "-map", "0:a", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(path)]
    run([*tone, "-filter_complex", graph, *told], timeout_s=60)
    return path


def frames_of(path: Path, settings: InsertSettings, folder: Path, frames: int = 60) -> list[np.ndarray]:
    return drawn_pictures(footage_chain(path, settings, folder, frames=frames, size=SIZE))


def test_footage_of_another_rate_and_size_fills_every_frame_of_the_film(tmp_path: Path) -> None:
    path = colour_video(tmp_path / "clip.mp4")
    footage = probe(path)
    assert footage.duration_s == pytest.approx(2.0, abs=0.05)
    assert footage.has_sound
    pictures = frames_of(path, InsertSettings(file="x", fade_seconds=0), tmp_path)
    assert all(picture.shape == (64, 96, 3) for picture in pictures)
    is_red = [picture[..., 0].mean() > 200 and picture[..., 2].mean() < 60 for picture in pictures]
    assert is_red[:29] == [True] * 29
    assert not any(is_red[31:])


def test_it_fades_from_and_to_black(tmp_path: Path) -> None:
    path = colour_video(tmp_path / "clip.mp4")
    pictures = frames_of(path, InsertSettings(file="x", fade_seconds=0.5), tmp_path)
    light = [picture.max() for picture in pictures]
    assert light[0] < 20
    assert light[-1] < 40
    assert light[20] > 200
    assert light[:15] == sorted(light[:15])


def test_it_is_cropped_or_padded_to_the_films_shape(tmp_path: Path) -> None:
    tall = colour_video(tmp_path / "tall.mp4", size="32x64")
    crop = frames_of(tall, InsertSettings(file="x", fade_seconds=0), tmp_path, 5)[2]
    pad = frames_of(tall, InsertSettings(file="x", fade_seconds=0, fit="pad"), tmp_path, 5)[2]
    assert crop[32, 4, 0] > 200
    assert pad[32, 4].max() < 30
    assert pad[32, 48, 0] > 200


def test_a_still_is_shown_for_its_seconds_and_its_transparency_is_black(tmp_path: Path) -> None:
    picture = np.zeros((40, 60, 4), dtype=np.uint8)
    picture[:, 30:] = (0, 255, 0, 255)
    picture[:, :30] = (255, 255, 255, 0)
    Image.fromarray(picture).save(tmp_path / "logo.png")
    footage = probe(tmp_path / "logo.png")
    assert footage.is_still
    assert shown_seconds(footage, InsertSettings(file="x")) == 4.0
    shown = frames_of(tmp_path / "logo.png", InsertSettings(file="x", fade_seconds=0), tmp_path, 3)[1]
    assert shown[32, 10].max() < 30
    assert shown[32, 80, 1] > 200


def test_footage_of_uneven_pace_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        times = [0, 40, 500, 540, 580, 1000, 1700, 1720]
        for number, at in enumerate(times):
            grey = np.full((48, 64, 3), 250 if at >= 1000 else 10, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(grey)
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            assert number < 99
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    pictures = frames_of(path, InsertSettings(file="x", fade_seconds=0, seconds=1.7), tmp_path, 51)
    bright = [picture.mean() > 120 for picture in pictures]
    assert bright.index(True) in {29, 30, 31}
    assert all(bright[31:])


def test_its_sound_is_stereo_at_the_films_rate_and_fades(tmp_path: Path) -> None:
    path = colour_video(tmp_path / "clip.mp4")
    sound = write_sound(probe(path), InsertSettings(file="x", start_s=0.5), 1.0, tmp_path / "sound.f32")
    assert sound.shape == (48000, 2)
    assert np.abs(sound[:200]).max() < 0.01
    assert np.abs(sound[20000:28000]).max() > 0.05


@pytest.mark.parametrize(("seconds", "start"), [(5.0, 0.0), (None, 3.0), (1.5, 1.0)])
def test_more_than_there_is_of_it_is_refused(tmp_path: Path, seconds: float | None, start: float) -> None:
    footage = probe(colour_video(tmp_path / "clip.mp4"))
    with pytest.raises(FootageError, match="are not there"):
        shown_seconds(footage, InsertSettings(file="x", seconds=seconds, start_s=start))


def test_what_is_no_footage_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("just words\n" * 50)
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 20)
    (tmp_path / "list.mp4").write_text("#EXTM3U\nhttp://example.com/a.ts\n")
    run(["-f", "lavfi", "-i", "sine=d=1", "-y", str(tmp_path / "sound.wav")], timeout_s=30)
    for name in ("notes.mp4", "cut.png", "list.mp4", "sound.wav", "missing.mp4"):
        with pytest.raises(FootageError):
            probe(tmp_path / name)
    with pytest.raises(FootageError):
        content_hash(tmp_path / "list.mp4")


def test_a_picture_of_impossible_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (20000, 20000)).save(tmp_path / "huge.png")
    with pytest.raises(FootageError, match=r"large|exceeds"):
        probe(tmp_path / "huge.png")


def test_what_we_encoded_ourselves_can_be_an_insert(tmp_path: Path) -> None:
    ((path, frames),) = encode_parts(tmp_path, [0, 45], small_plan())
    footage = probe(path)
    assert footage.duration_s == pytest.approx(frames / 30, abs=0.01)
    assert not footage.has_sound
