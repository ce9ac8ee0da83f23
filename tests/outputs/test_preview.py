"""Looking before building: times, and what a sheet shows."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipeline.errors import InputError
from pipeline.film.timeline.timeline import CardClip, InsertClip, KeyPoint, SceneClip, SoundClip, Timeline
from pipeline.outputs.preview import _shown, frame_at, parse_time


def timeline() -> Timeline:
    sounds = (
        SoundClip(start_frame=90, end_frame=120, kind="recording"),
        SoundClip(start_frame=120, end_frame=180, kind="take", iteration=5, caption="After 5 iterations"),
    )
    points = (KeyPoint(frame=90, iteration=0), KeyPoint(frame=120, iteration=5))
    return Timeline(
        title="Tiny",
        width=160,
        height=90,
        frame_rate=Fraction(30),
        total_frames=240,
        clips=(
            CardClip(start_frame=0, end_frame=30, card="title"),
            InsertClip(start_frame=30, end_frame=90, insert=0),
            SceneClip(start_frame=90, end_frame=180, section=0, sounds=sounds, key_points=points),
            InsertClip(start_frame=180, end_frame=210, insert=1),
            CardClip(start_frame=210, end_frame=240, card="credits"),
        ),
    )


INSERTS = ["insert: intro.mp4", "insert: end.png"]


def test_a_sheet_shows_all_that_the_film_shows_once_and_in_order() -> None:
    shown = [(told, span.start_frame, span.frames) for span, told in _shown(timeline(), INSERTS, "recording")]
    assert shown == [
        ("title", 0, 30),
        ("insert: intro.mp4", 30, 60),
        ("recording", 90, 30),
        ("After 5 iterations", 120, 60),
        ("insert: end.png", 180, 30),
        ("credits", 210, 30),
    ]
    assert sum(frames for _, _, frames in shown) == timeline().total_frames


@pytest.mark.parametrize(("text", "seconds"), [("83.5", "83.5"), ("1:23.5", "83.5"), ("0:01:23.5", "83.5"), ("7", "7")])
def test_times_are_read_as_people_write_them(text: str, seconds: str) -> None:
    assert parse_time(text) == Fraction(seconds)


def test_a_time_after_the_end_is_told_with_the_films_length() -> None:
    assert frame_at(timeline(), Fraction(7)) == 210
    with pytest.raises(InputError, match=r"8\.00 s"):
        frame_at(timeline(), Fraction(8))
