"""Footage in pieces: wherever a piece begins, its pictures are those that were due; and its shape is right."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ffmpeg.process import run
from pipeline.film.encoding.encoder import encode_frames
from pipeline.film.inputs.chain import EARLY_FRAMES, shape_of
from pipeline.film.inputs.footage import probe, write_sound
from pipeline.film.inputs.frames import encode_footage
from pipeline.film.inputs.look import FirstPicture
from pipeline.film.planning.settings import InsertSettings
from pipeline.film.timeline.segments import split
from pipeline.film.timeline.timeline import InsertClip
from tests.film.films import (
    HEIGHT,
    WIDTH,
    draw_number,
    drawn_pictures,
    footage_chain,
    read_number,
    small_plan,
    small_timeline,
)

SIZE = (WIDTH, HEIGHT)


def numbered(folder: Path, rate: Fraction, frames: int, name: str = "clip.mp4", *how: str) -> Path:
    """A video whose frames tell their numbers; stored in another way where `how` says so."""
    plan = small_plan(rate, keyframe_seconds=2.0)
    encode_frames(draw_number, start_frame=0, end_frame=frames, path=folder / "made.mp4", plan=plan)
    if not how:
        return folder / "made.mp4"
    run(["-i", str(folder / "made.mp4"), *how, "-y", str(folder / name)], timeout_s=60)
    return folder / name


def due(frame: int, film_rate: Fraction, rate: Fraction, start_s: Fraction = Fraction(0)) -> set[int]:
    """The number of the picture that was there last; two where it changes within a thousandth of a frame."""
    near = (frame + EARLY_FRAMES + slack for slack in (-Fraction(1, 1000), Fraction(1, 1000)))
    return {int((start_s + moment / film_rate) * rate) for moment in near}


def numbers_of(path: Path) -> list[int]:
    with av.open(str(path)) as film:
        return [read_number(frame.to_ndarray()[:HEIGHT]) for frame in film.decode(video=0)]


RATES = ["24", "25", "30", "60", "24000/1001", "30000/1001"]


@pytest.mark.parametrize("film_rate", ["24", "30", "60", "30000/1001"])
@pytest.mark.parametrize("rate", RATES)
def test_pieces_show_what_the_whole_shows(tmp_path: Path, rate: str, film_rate: str) -> None:
    there, here = Fraction(rate), Fraction(film_rate)
    path = numbered(tmp_path, there, int(there * 3))
    frames = int(here * 2)
    told = InsertSettings(file="x", fade_seconds=0, start_s=0.5)
    chain = footage_chain(path, told, tmp_path, frames=frames, size=SIZE, frame_rate=here)
    encode_footage(chain, first=0, end=frames, path=tmp_path / "whole.mp4", plan=small_plan(here))
    whole = numbers_of(tmp_path / "whole.mp4")
    assert all(number in due(frame, here, there, Fraction(1, 2)) for frame, number in enumerate(whole))
    edges = sorted({0, frames, *random.Random(rate + film_rate).sample(range(1, frames), 2)})
    shown = []
    for first, end in itertools.pairwise(edges):
        encode_footage(chain, first=first, end=end, path=tmp_path / "piece.mp4", plan=small_plan(here))
        shown += numbers_of(tmp_path / "piece.mp4")
    assert shown == whole


STORED = {
    "copy.mkv": ("-c", "copy"),
    "copy.ts": ("-c", "copy"),
    "late.ts": ("-c", "copy", "-output_ts_offset", "7200.5"),
    "copy.flv": ("-c", "copy"),
    "b-frames.avi": ("-c:v", "mpeg4", "-q:v", "2", "-bf", "2", "-g", "40"),
    "plain.avi": ("-c:v", "mjpeg", "-q:v", "2"),
    "mpeg.mpg": ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-g", "40", "-maxrate", "20M", "-bufsize", "20M"),
    "wmv.wmv": ("-c:v", "wmv2", "-q:v", "2", "-g", "40"),
    "webm.webm": ("-c:v", "libvpx", "-crf", "6", "-b:v", "5M", "-g", "80", "-deadline", "realtime"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=80:min-keyint=80:open-gop=1:crf=10"),
    "open.mp4": ("-c:v", "libx264", "-x264-params", "keyint=40:open-gop=1:bframes=5"),
    "one-key.mp4": ("-c:v", "libx264", "-g", "9999"),
    "fragments.mp4": ("-c", "copy", "-movflags", "frag_keyframe+empty_moov"),
    "cut.mp4": ("-c:v", "libx264", "-bf", "3"),
}


@pytest.mark.parametrize("name", STORED)
def test_pieces_of_any_format_begin_with_the_right_picture(tmp_path: Path, name: str) -> None:
    rate = Fraction(25)
    path = numbered(tmp_path, rate, 125, name, *STORED[name])
    told = InsertSettings(file="x", fade_seconds=0)
    chain = footage_chain(path, told, tmp_path, frames=150, size=SIZE)
    for first in (0, 44, 101, 140):
        encode_footage(chain, first=first, end=first + 10, path=tmp_path / "piece.mp4", plan=small_plan())
        late = int(name == "b-frames.avi")  # AVI tells when they are decoded, and not when they are shown
        for frame, number in enumerate(numbers_of(tmp_path / "piece.mp4"), first):
            assert number + late in due(frame, Fraction(30), rate) or number == 124 or frame < 2


def test_frames_are_drawn_in_any_order(tmp_path: Path) -> None:
    path = numbered(tmp_path, Fraction(30), 90)
    chain = footage_chain(path, InsertSettings(file="x", fade_seconds=0), tmp_path, frames=90, size=SIZE)
    order = [80, 3, 4, 6, 89, 0, 40, 39]
    assert [read_number(picture[..., 1]) for picture in drawn_pictures(chain, order)] == order


def lasting(path: Path, times_ms: list[int]) -> Path:
    """Pictures that tell their numbers, at times of their own: only the first is a key frame."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"g": "9999", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at in enumerate(times_ms):
            planes = np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8)
            draw_number(number, planes)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def test_a_picture_that_lasts_long_is_seen_in_the_pieces_that_begin_within_it(tmp_path: Path) -> None:
    times = [0, 40, 80, 6000, 6040, 13000]
    path = lasting(tmp_path / "uneven.mkv", times)
    chain = footage_chain(path, InsertSettings(file="x", fade_seconds=0), tmp_path, frames=450, size=SIZE)
    for first in (60, 170, 180, 200, 385, 440):
        end = min(first + 30, 450)
        encode_footage(chain, first=first, end=end, path=tmp_path / "piece.mp4", plan=small_plan())
        wanted = [sum(at / 1000 <= (frame + EARLY_FRAMES) / 30 for at in times) - 1 for frame in range(first, end)]
        assert numbers_of(tmp_path / "piece.mp4") == wanted


def test_an_hour_of_footage_is_many_segments() -> None:
    insert = InsertClip(insert=0, start_frame=0, end_frame=3600 * 30)
    timeline = small_timeline(9).model_copy(update={"clips": (insert,), "total_frames": 3600 * 30})
    lengths = [stretch.frames for stretch in split(timeline)]
    assert sum(lengths) == 3600 * 30
    assert max(lengths) <= 15 * 30


def test_fades_run_through_pieces(tmp_path: Path) -> None:
    run(["-f", "lavfi", "-i", "color=white:s=160x90:r=30:d=2", "-y", str(tmp_path / "white.mp4")], timeout_s=60)
    told = InsertSettings(file="x", fade_seconds=0.5)
    chain = footage_chain(tmp_path / "white.mp4", told, tmp_path, frames=60, size=SIZE)
    light = []
    for first, end in ((0, 7), (7, 50), (50, 60)):
        encode_footage(chain, first=first, end=end, path=tmp_path / "piece.mp4", plan=small_plan(crf=2))
        with av.open(str(tmp_path / "piece.mp4")) as film:
            light += [frame.to_ndarray()[:HEIGHT].mean() for frame in film.decode(video=0)]
    wanted = [16 + 219 * min(1, frame / 15, (60 - frame) / 15) for frame in range(60)]
    np.testing.assert_allclose(light, wanted, atol=2)


def test_a_still_is_made_once(tmp_path: Path) -> None:
    """A large picture for many frames: scaled for every frame, it would take minutes."""
    noise = np.random.default_rng(1).integers(0, 255, (3000, 4000, 3), dtype=np.uint8)
    from PIL import Image  # noqa: PLC0415

    Image.fromarray(noise).save(tmp_path / "large.jpg")
    chain = footage_chain(tmp_path / "large.jpg", InsertSettings(file="x"), tmp_path, frames=3000, size=SIZE)
    encode_footage(chain, first=0, end=3000, path=tmp_path / "piece.mp4", plan=small_plan(quality="draft"))
    with av.open(str(tmp_path / "piece.mp4")) as film:
        assert film.streams.video[0].frames == 3000


HEADERS = {
    "hd.mp4": ("format=yuv420p", "-c:v", "libx264"),
    "interlaced.mp4": ("format=yuv420p,setfield=tff", "-c:v", "libx264", "-flags", "+ildct+ilme"),
    "deep.mp4": (
        "format=yuv420p10le,setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084",
        *("-c:v", "libx265", "-x265-params"),
        "log-level=none:chromaloc=2:max-cll=1000,400:master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,1)",
    ),
    "narrow.mp4": ("format=yuv420p,setsar=16/11", "-c:v", "libx264"),
    "wide.mov": ("format=yuva444p10le", "-c:v", "prores_ks", "-profile:v", "4444"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_segments_of_footage_have_the_headers_of_all_segments(tmp_path: Path, name: str) -> None:
    filters, *how = HEADERS[name]
    source = ["-f", "lavfi", "-i", "testsrc=s=160x96:r=25:d=0.4", "-vf", filters]
    run([*source, *how, "-y", str(tmp_path / name)], timeout_s=60)
    encode_frames(draw_number, start_frame=0, end_frame=10, path=tmp_path / "drawn.mp4", plan=small_plan())
    chain = footage_chain(tmp_path / name, InsertSettings(file="x"), tmp_path, frames=10, size=SIZE)
    encode_footage(chain, first=0, end=10, path=tmp_path / "footage.mp4", plan=small_plan())
    headers = []
    for path in (tmp_path / "drawn.mp4", tmp_path / "footage.mp4"):
        with av.open(str(path)) as film:
            headers.append(film.streams.video[0].codec_context.extradata)
            assert not [data for frame in film.decode(video=0) for data in frame.side_data if "LIGHT" in str(data.type)]
    assert headers[0] == headers[1]


def test_anamorphic_footage_is_stretched_to_its_shape(tmp_path: Path) -> None:
    disc = "geq=lum='if(lte(hypot((X-48)*2,Y-48),40),235,16)':cb=128:cr=128"
    source = ["-f", "lavfi", "-i", "color=black:s=96x96:r=25:d=0.4", "-vf", f"format=yuv444p,{disc},setsar=2"]
    run([*source, "-c:v", "libx264", "-y", str(tmp_path / "disc.mp4")], timeout_s=60)
    for fit in ("crop", "pad"):
        told = InsertSettings(file="x", fade_seconds=0, fit=fit)
        picture = drawn_pictures(footage_chain(tmp_path / "disc.mp4", told, tmp_path, frames=9, size=(192, 96)), [4])[0]
        light = picture[..., 1] > 128
        assert np.ptp(np.flatnonzero(light.any(axis=0))) == pytest.approx(80, abs=4)
        assert np.ptp(np.flatnonzero(light.any(axis=1))) == pytest.approx(80, abs=4)


@given(
    st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    st.sampled_from([Fraction(1), Fraction(16, 11), Fraction(8, 9), Fraction(1, 16), Fraction(16)]),
    st.tuples(st.integers(32, 2000), st.integers(32, 2000)),
    st.sampled_from(["crop", "pad"]),
)
def test_every_shape_covers_the_frame_or_fits_into_it(
    stored: tuple[int, int], aspect: Fraction, half: tuple[int, int], fit: str
) -> None:
    size = (2 * half[0], 2 * half[1])
    shape = shape_of(FirstPicture(stored, aspect), size, fit)
    width, height, left, top = shape.cut
    assert 1 <= width <= stored[0] - left
    assert 1 <= height <= stored[1] - top
    both = list(zip(shape.scaled, size, (shape.left, shape.top), strict=True))
    if fit == "crop":
        assert all(have >= want and 0 <= at <= have - want for have, want, at in both)
    else:
        assert all(have <= want and 0 <= -at <= want - have for have, want, at in both)
        assert shape.cut == (*stored, 0, 0)


def test_sound_that_begins_later_than_its_picture_is_heard_later(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=3", "-itsoffset", "1", "-f", "lavfi"]
    tone = ["-i", "sine=frequency=440:duration=2", "-c:v", "libx264", "-c:a", "aac"]
    run([*source, *tone, "-y", str(tmp_path / "late.mkv")], timeout_s=60)
    footage = probe(tmp_path / "late.mkv")
    for start_s, begins in ((0.0, 1.0), (0.5, 0.5), (1.5, 0.0)):
        told = InsertSettings(file="x", fade_seconds=0, start_s=start_s)
        sound = np.abs(write_sound(footage, told, 1.4, tmp_path / "sound.f32")[:, 0])
        assert np.argmax(sound > 0.02) / 48000 == pytest.approx(begins, abs=0.05)


def test_footage_without_a_length_is_measured(tmp_path: Path) -> None:
    path = numbered(tmp_path, Fraction(25), 50, "live.webm", "-c:v", "libvpx", "-f", "webm", "-live", "1")
    assert probe(path).duration_s == pytest.approx(2.0, abs=0.05)
