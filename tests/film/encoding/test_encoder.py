from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import FfmpegError
from pipeline.film.encoding.encoder import FrameEncoder, encode_frames, group_frames, level_for, timescale_for
from tests.film.films import HEIGHT, WIDTH, draw_number, read_number, small_plan


@pytest.mark.parametrize(
    ("width", "height", "rate", "level"),
    [
        (1280, 720, 30, "3.1"),
        (1920, 1080, 30, "4.0"),
        (1920, 1080, 60, "4.2"),
        (3840, 2160, 30, "5.1"),
        (3840, 2160, 60, "5.2"),
        (160, 90, 30, "3.0"),
        (3840, 320, 30, "4.0"),  # 4,800 macroblocks, but 240 in a row, where level 3.2 allows 202
        (320, 3840, 30, "4.0"),
        (1824, 64, 1, "3.1"),  # 114 in a row, where level 3.0 allows 113
        (1808, 64, 1, "3.0"),
        (8192, 8192, 240, "6.2"),
    ],
)
def test_the_level_is_the_lowest_that_allows_the_pictures(width: int, height: int, rate: int, level: str) -> None:
    assert level_for(width, height, Fraction(rate)) == level


@settings(deadline=None, max_examples=200)
@given(st.integers(4, 512), st.integers(4, 270), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60)]))
def test_no_side_and_no_frame_is_beyond_the_level(columns: int, rows: int, rate: Fraction) -> None:
    """The rule of the standard, written another way: each side's square is at most eight times the frame's limit."""
    limits = {"3.0": 1620, "3.1": 3600, "3.2": 5120, "4.0": 8192, "4.2": 8704, "5.0": 22080, "5.1": 36864, "5.2": 36864}
    level = level_for(16 * columns, 16 * rows, rate)
    most = limits.get(level, 139_264)
    assert columns**2 <= 8 * most
    assert rows**2 <= 8 * most
    assert columns * rows <= most


@pytest.mark.parametrize("codec", ["h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf", "libx264"])
def test_every_encoder_of_h264_is_told_the_level_that_is_checked(codec: str) -> None:
    plan = replace(small_plan(width=1920, height=1080, frame_rate=60), codec=codec)
    arguments = plan.arguments(plan.source(), 60, Path("film.mp4"))
    assert arguments[arguments.index("-level") + 1] == ("4.2" if codec == "libx264" else "42")


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5000), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60)]), st.floats(0.5, 2.0))
def test_groups_last_half_a_second_to_two(frames: int, rate: Fraction, seconds: float) -> None:
    group = group_frames(frames, rate, seconds)
    last = frames % group or group
    assert group <= 2 * rate
    if frames >= rate:
        assert min(group, last) >= rate / 2


@pytest.mark.parametrize("rate", ["24", "25", "50", "60", "24000/1001", "30000/1001", "60000/1001"])
def test_every_frame_lasts_a_whole_number_of_ticks(rate: str) -> None:
    assert (timescale_for(Fraction(rate)) / Fraction(rate)).denominator == 1


def test_what_comes_out_is_what_was_promised(tmp_path: Path) -> None:
    path = tmp_path / "a 'quoted' film.mp4"
    encode_frames(draw_number, start_frame=100, end_frame=190, path=path, plan=small_plan())
    with av.open(str(path)) as film:
        video = film.streams.video[0]
        context = video.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert (context.has_b_frames, video.average_rate) == (True, 30)
        frames = list(film.decode(video))
    assert [read_number(frame.to_ndarray()[:HEIGHT]) for frame in frames] == list(range(100, 190))
    assert [frame.key_frame for frame in frames].count(True) == 3
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(n, 30) for n in range(90)]
    longest_run = max(len(run) for run in "".join("B" if f.pict_type == 3 else "." for f in frames).split("."))
    assert longest_run <= 2


def test_grey_levels_pass_unchanged_when_nothing_may_be_lost(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(16, 236, (4, HEIGHT * 3 // 2, WIDTH), dtype=np.uint8)

    def draw(frame: int, out: NDArray[np.uint8]) -> None:
        out[:] = noise[frame]

    encode_frames(
        draw, start_frame=0, end_frame=4, path=tmp_path / "l.mp4", plan=small_plan(quality="lossless", crf=None)
    )
    with av.open(str(tmp_path / "l.mp4")) as film:
        decoded = np.stack([frame.to_ndarray() for frame in film.decode(video=0)])
    np.testing.assert_array_equal(decoded, noise)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        encode_frames(draw_number, start_frame=0, end_frame=70, path=tmp_path / name, plan=small_plan())
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_progress_is_told_frame_by_frame(tmp_path: Path) -> None:
    told: list[int] = []
    encode_frames(
        draw_number, start_frame=5, end_frame=25, path=tmp_path / "f.mp4", plan=small_plan(), on_frame=told.append
    )
    assert told == list(range(1, 21))


def test_an_error_while_drawing_ends_the_encoder_and_is_told(tmp_path: Path) -> None:
    def draw(frame: int, out: NDArray[np.uint8]) -> None:
        if frame == 20:
            raise RuntimeError("the pen broke")
        draw_number(frame, out)

    with pytest.raises(RuntimeError, match="the pen broke"):
        encode_frames(draw, start_frame=0, end_frame=40, path=tmp_path / "f.mp4", plan=small_plan())


def test_an_encoder_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(FfmpegError, match="ffmpeg"):
        encode_frames(
            draw_number, start_frame=0, end_frame=400, path=tmp_path / "no" / "folder" / "f.mp4", plan=small_plan()
        )


def test_a_wrong_number_of_frames_is_an_error(tmp_path: Path) -> None:
    frame = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    with (
        pytest.raises(FfmpegError, match="1 frames were drawn instead of 2"),
        FrameEncoder(tmp_path / "f.mp4", small_plan(), 2) as encoder,
    ):
        encoder.write(frame)


def test_a_frame_of_another_shape_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="a frame is uint8"),
        FrameEncoder(tmp_path / "f.mp4", small_plan(), 1) as encoder,
    ):
        encoder.write(np.zeros((HEIGHT, WIDTH), dtype=np.uint8))
