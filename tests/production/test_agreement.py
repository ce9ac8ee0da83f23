"""What can't come true is refused while a production is read, in words that name the way out."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ProductionError
from pipeline.production.schema import Production, parse_production


def parsed(sections: int = 1, section: dict[str, Any] | None = None, **values: Any) -> Production:
    one = {"title": "One", "recordings": ["voice.wav"], **(section or {})}
    return parse_production({"title": "Film", "section": [one] * sections, **values}, where="film.toml")


@pytest.mark.parametrize(
    ("video", "size", "layout"),
    [
        ({}, (1920, 1080), "landscape"),
        ({"layout": "portrait"}, (1080, 1920), "portrait"),
        ({"layout": "square"}, (1080, 1080), "square"),
        ({"layout": "portrait", "width": 720}, (720, 1280), "portrait"),
        ({"layout": "portrait", "height": 1280}, (720, 1280), "portrait"),
        ({"width": 1280}, (1280, 720), "landscape"),
        ({"width": 1080, "height": 1920}, (1080, 1920), "portrait"),
        ({"width": 1080, "height": 1350, "layout": "square"}, (1080, 1350), "square"),
        ({"width": 2560, "height": 1080}, (2560, 1080), "landscape"),
        ({"layout": "mine"}, (1920, 1080), "mine"),
        ({"layout": "mine", "width": 1080, "height": 1920}, (1080, 1920), "mine"),
    ],
)
def test_frame_and_layout_follow_each_other(video: dict[str, Any], size: tuple[int, int], layout: str) -> None:
    chosen = parsed(video=video).video
    assert ((chosen.width, chosen.height), chosen.layout) == (size, layout)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"video": {"layout": "portrait", "width": 1920, "height": 1080}}, "width = 1080 and height = 1920"),
        ({"video": {"layout": "landscape", "width": 1080, "height": 1920}}, 'layout = "portrait"'),
        ({"video": {"layout": "portrait", "width": 8192}}, "a height of 14564 pixels"),
        ({"cut": [{"name": "short", "layout": "square", "width": 1920, "height": 1080}]}, 'layout = "landscape"'),
        ({"cut": [{"name": "short", "seconds": 14, "cards": "all"}]}, "needs 16.6 s for its sections and its cards"),
        ({"sound": {"music": "a.mp3", "under_cards": "silence"}}, "music has no place"),
        ({"insert": [{"file": "a.mp4", "after": "section", "section": 2}]}, "there is no section 2, there is but one"),
        ({"insert": [{"file": "a.mp4", "after": "comparison"}]}, "with only one section there is none"),
        (
            {"sections": 2, "video": {"comparison_seconds": 0}, "insert": [{"file": "a.mp4", "after": "comparison"}]},
            "with comparison_seconds = 0 there is none",
        ),
        ({"video": {"title_seconds": 0}, "insert": [{"file": "a.mp4", "after": "title"}]}, 'after = "start"'),
        (
            {"section": {"training": {"iterations": 100}, "take": [{"iteration": 101}]}},
            "training ends at iteration 100",
        ),
        (
            {"section": {"training": {"iterations": 100}, "sampling": {"candidates": 2, "choose": {"600": 2}}}},
            "sampling.choose names a take at iteration 600, but training ends at iteration 100",
        ),
        ({"section": {"sampling": {"candidates": 2, "choose": {"last": 2}}}}, "choose.last"),
        ({"section": {"take": [{"iteration": 500}, {"iteration": 100}]}}, "training order"),
        ({"section": {"take": [{"iteration": 5}, {"iteration": "best"}, {"iteration": 5}]}}, "training order"),
        ({"section": {"take": [{"iteration": "last"}, {"iteration": "best"}]}}, "training order"),
        ({"section": {"take": [{"iteration": 5}, {"iteration": "first"}]}}, "training order"),
        ({"section": {"take": [{"iteration": 5, "seconds": 0.5, "caption": "Hi"}]}}, "too short for its caption"),
        (
            {"cut": [{"name": "short", "take": [{"iteration": 5, "seconds": 0.5, "caption": "Hi"}]}]},
            "too short for its caption",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ProductionError) as raised:
        parsed(**values)
    assert told in f"{raised.value}"


def test_music_alone_is_heard_under_cards() -> None:
    assert parsed(sound={"music": "a.mp3"}).sound.under_cards == "music"
    assert parsed().sound.under_cards == "silence"


def test_inserts_after_what_is_there_and_takes_in_order_are_taken() -> None:
    places = [{"after": "section", "section": 2}, {"after": "comparison"}, {"after": "title"}, {}, {"after": "end"}]
    lines = [{"iteration": "first"}, {"iteration": "best"}, {"iteration": 5}, {"iteration": "last"}]
    film = parsed(2, {"take": lines}, insert=[{"file": "a.mp4", **place} for place in places])
    assert len(film.inserts) == 5
