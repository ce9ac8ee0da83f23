from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.planning.storyboard_settings import CaptionRule, StoryboardSettings, TakeLine


@pytest.mark.parametrize(
    ("given", "rate"),
    [(60, Fraction(60)), ("30000/1001", Fraction(30000, 1001)), (25.0, Fraction(25)), ("60/1", Fraction(60))],
)
def test_a_frame_rate_is_exact(given: object, rate: Fraction) -> None:
    video = VideoSettings.model_validate({"frame_rate": given})
    assert video.frame_rate == rate
    assert VideoSettings.model_validate_json(video.model_dump_json()) == video


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"width": 1921}, "choose 1920 or 1922"),
        ({"height": 1081}, "the height of 1081 pixels is odd"),
        ({"frame_rate": -1}, "impossible"),
        ({"frame_rate": 0}, "impossible"),
        ({"frame_rate": 29.97}, '"30000/1001"'),
        ({"frame_rate": "1/0"}, "not a frame rate"),
        ({"frame_rate": "fast"}, "not a frame rate"),
        ({"frame_rate": True}, "a frame rate is"),
        ({"frame_rate": [60]}, "a frame rate is"),
        ({"frame_rate": float("nan")}, "not a frame rate"),
        ({"frame_rate": "1/7"}, "impossible"),
        ({"frame_rate": "121/7"}, "not a rate that films use"),
        ({"width": 0}, "greater than or equal"),
        ({"crf": 99}, "less than or equal"),
        ({"hight": 1080}, "Extra inputs"),
    ],
)
def test_impossible_pictures_are_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        VideoSettings.model_validate(values)


def test_a_draft_has_a_ninth_of_the_pixels_and_half_the_frames() -> None:
    draft = VideoSettings().draft()
    assert (draft.width, draft.height, draft.frame_rate, draft.quality) == (640, 360, 30, "draft")
    assert VideoSettings(frame_rate=Fraction(60000, 1001)).draft().frame_rate == Fraction(30000, 1001)
    assert VideoSettings(frame_rate=Fraction(24)).draft().frame_rate == 24
    assert VideoSettings(width=1366, height=770).draft().width % 2 == 0


@pytest.mark.parametrize(
    ("size", "small"),
    [((3840, 2160), (1280, 720)), ((1280, 720), (640, 360)), ((608, 1080), (360, 640)), ((320, 180), (320, 180))],
)
def test_a_draft_stays_large_enough_to_be_read_and_never_grows(size: tuple[int, int], small: tuple[int, int]) -> None:
    draft = VideoSettings(width=size[0], height=size[1]).draft()
    assert (draft.width, draft.height) == small


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"takes": 0}, "greater than or equal"),
        ({"seconds": 5, "take": [{"iteration": 0, "seconds": 9}]}, "longer than the 5 s"),
        ({"take": [{"iteration": -4}]}, "impossible"),
        ({"caption": [{"text": "Words!"}]}, "needs a condition"),
    ],
)
def test_impossible_storyboards_are_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        StoryboardSettings.model_validate(values)


def test_an_insert_names_its_section_or_another_place() -> None:
    assert InsertSettings(file="intro.mp4", after="start").section is None
    with pytest.raises(ValidationError, match="section goes with"):
        InsertSettings(file="intro.mp4", after="section")


def test_settings_cannot_be_changed() -> None:
    for item in (VideoSettings(), StoryboardSettings(), TakeLine(iteration=3), CaptionRule(text="x", iteration=1)):
        name = next(iter(type(item).model_fields))
        with pytest.raises(ValidationError):
            setattr(item, name, 2)
