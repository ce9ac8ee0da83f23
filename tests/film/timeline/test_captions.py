from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.film.planning.plan import CheckpointPoint
from pipeline.film.planning.storyboard_settings import CaptionRule
from pipeline.film.timeline.captions import (
    CaptionWish,
    first_frame_at,
    first_reached,
    first_take,
    place_beside,
    place_captions,
    reading_s,
)
from pipeline.film.timeline.timeline import Caption, SoundClip

SHORTEST = 22
"""Frames: about 0.75 s at 30 frames/s."""


def wish(text: str, at: int, frames: int, until: int, **more: object) -> CaptionWish:
    return CaptionWish(text, at, frames, until, SHORTEST, **more)  # type: ignore[arg-type]


def by_hand(text: str, at: int, until: int) -> CaptionWish:
    return wish(text, at, until - at, until, is_for_take=True)


def usual(*edges: int) -> list[Caption]:
    return [Caption(text=f"usual {at}", in_frame=at, out_frame=out) for at, out in pairwise(edges)]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Caption], list[CaptionWish], int]:
    """Takes one after the other, captions written for some of them, and others fired with them or between."""
    edges = [0]
    for length in draw(st.lists(st.integers(1, 200), min_size=1, max_size=8)):
        edges.append(edges[-1] + length)
    wishes = [by_hand(f"hand {at}", at, out) for at, out in pairwise(edges) if draw(st.booleans())]
    for number in range(draw(st.integers(0, 6))):
        at, out = draw(st.sampled_from(list(pairwise(edges))))
        frames = draw(st.integers(SHORTEST, 240))
        playhead = draw(st.booleans())
        begins = draw(st.integers(at, out - 1)) if playhead else at
        wishes.append(wish(f"fired {number}", begins, frames, edges[-1] if playhead else out))
    return usual(*edges), wishes, edges[-1]


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_every_caption_has_its_least_time_and_its_own_or_is_told(
    scene: tuple[list[Caption], list[CaptionWish], int],
) -> None:
    own, wishes, end = scene
    placed, left_out = place_captions(own, wishes, end, SHORTEST)
    for earlier, later in pairwise(placed):
        assert earlier.out_frame <= later.in_frame
    assert all(caption.out_frame - caption.in_frame >= SHORTEST for caption in placed)
    assert all(caption.out_frame <= end for caption in placed)
    shown = {caption.text for caption in placed}
    lost = {one.text for one in left_out}
    assert {one.text for one in wishes} == (shown - {caption.text for caption in own}) | lost
    assert not shown & lost
    for one in wishes:
        first = next((caption for caption in placed if caption.text == one.text), None)
        assert first is None or first.in_frame >= one.at_frame
        if one.is_for_take and first is not None:
            assert first.in_frame < one.until_frame


def test_two_captions_fired_at_one_frame_are_shown_one_after_the_other() -> None:
    rules = [wish("first", 100, 60, 200), wish("second", 100, 60, 200)]
    placed, left_out = place_captions(usual(0, 100, 200, 400), rules, 400, SHORTEST)
    assert not left_out
    assert [(c.text, c.in_frame, c.out_frame) for c in placed] == [
        ("usual 0", 0, 100),
        ("first", 100, 150),  # both want 60 frames of the take's 100
        ("second", 150, 200),
        ("usual 200", 200, 400),
    ]


def test_captions_that_meet_share_a_short_take_and_wait_into_the_next_one() -> None:
    rules = [wish(name, 30, 120, 60) for name in ("one", "two", "three")]
    placed, left_out = place_captions(usual(0, 30, 60, 300), rules, 300, SHORTEST)
    assert not left_out
    assert [(c.text, c.in_frame, c.out_frame - c.in_frame) for c in placed if c.text in {"one", "two", "three"}] == [
        ("one", 30, SHORTEST),
        ("two", 30 + SHORTEST, SHORTEST),
        ("three", 30 + 2 * SHORTEST, SHORTEST),
    ]


def test_what_finds_no_room_is_told_and_what_is_there_is_not_cut_short_for_it() -> None:
    rules = [wish(name, 0, 60, 50) for name in ("one", "two", "three")]
    placed, left_out = place_captions(usual(0, 50), rules, 50, SHORTEST)
    assert [caption.text for caption in placed] == ["one", "two"]
    assert [one.text for one in left_out] == ["three"]


def test_a_caption_at_the_very_end_of_a_scene_is_told() -> None:
    placed, left_out = place_captions(usual(0, 100), [wish("late", 90, 60, 100)], 100, SHORTEST)
    assert [caption.text for caption in placed] == ["usual 0"]
    assert [one.text for one in left_out] == ["late"]


def test_what_was_written_for_a_take_comes_before_what_conditions_fire() -> None:
    fired = [wish("fired", 0, 60, 120)]
    placed, left_out = place_captions(usual(0, 120), [*fired, by_hand("mine", 0, 120)], 120, SHORTEST)
    assert [(c.text, c.in_frame, c.out_frame) for c in placed] == [("mine", 0, 60), ("fired", 60, 120)]
    assert not left_out


def test_a_waiting_caption_makes_room_for_what_was_written_for_a_take() -> None:
    """The first take is too short for all that is fired there; the second is the last, and has words of its own."""
    rules = [wish("one", 0, 60, 25), wish("two", 0, 60, 25)]
    placed, left_out = place_captions(usual(0, 25, 50), [*rules, by_hand("mine", 25, 50)], 50, SHORTEST)
    assert [caption.text for caption in placed] == ["one", "mine"]
    assert [one.text for one in left_out] == ["two"]


def test_a_fired_caption_ends_with_its_take_once_it_could_be_read() -> None:
    placed, _ = place_captions(usual(0, 40, 100), [wish("fired", 0, 90, 40)], 100, SHORTEST)
    assert [(c.text, c.in_frame, c.out_frame) for c in placed] == [("fired", 0, 40), ("usual 40", 40, 100)]


def test_pieces_of_one_caption_that_touch_are_one() -> None:
    own = [Caption(text="mine", in_frame=0, out_frame=100)]
    placed, _ = place_captions(own, [by_hand("mine", 0, 100), wish("fired", 30, 25, 100)], 100, SHORTEST)
    assert [(c.text, c.in_frame, c.out_frame) for c in placed] == [
        ("mine", 0, 30),
        ("fired", 30, 55),
        ("mine", 55, 100),
    ]
    placed, _ = place_captions(own, [by_hand("mine", 0, 60)], 100, SHORTEST)
    assert [(c.text, c.in_frame, c.out_frame) for c in placed] == [("mine", 0, 100)]


def test_long_words_take_longer_to_read() -> None:
    assert reading_s("Hi") == 0.75
    assert reading_s("x" * 40) == 2.0
    assert reading_s("x" * 500) == 3.0


TAKES = [
    SoundClip(kind="recording", start_frame=0, end_frame=10),
    SoundClip(kind="take", start_frame=10, end_frame=20, iteration=0, validation_loss_nats=None),
    SoundClip(kind="take", start_frame=20, end_frame=30, iteration=200, validation_loss_nats=5.4 * math.log(2)),
    SoundClip(kind="take", start_frame=30, end_frame=40, iteration=500, validation_loss_nats=4.7 * math.log(2)),
]


@pytest.mark.parametrize(
    ("conditions", "iteration"),
    [
        ({"iteration": 0}, 0),
        ({"iteration": 300}, 500),
        ({"iteration": 501}, None),
        ({"below_bits": 5.5}, 200),
        ({"below_bits": 5.0, "iteration": 100}, 500),
        ({"below_bits": 4.7}, None),
    ],
)
def test_conditions_fire_with_the_first_take_of_which_they_hold(
    conditions: dict[str, float], iteration: int | None
) -> None:
    take = first_take(CaptionRule.model_validate({"text": "x", **conditions}), TAKES)
    assert (take and take.iteration) == iteration


POINTS = [CheckpointPoint(0, 5.5), CheckpointPoint(100, 3.0), CheckpointPoint(200, 4.0), CheckpointPoint(300, 2.0)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"iteration": 0}, (0, 0)),
        ({"iteration": 150}, (100, 150)),
        ({"iteration": 300}, (300, 300)),
        ({"iteration": 301}, None),
        ({"below_bits": 3.5 / math.log(2)}, (100, 100)),
        ({"below_bits": 3.5 / math.log(2), "iteration": 150}, (100, 150)),
        ({"below_bits": 3.5 / math.log(2), "iteration": 200}, (300, 300)),  # it has risen again by then
        ({"below_bits": 0.1}, None),
    ],
)
def test_the_playhead_fires_where_all_conditions_hold_first(
    conditions: dict[str, float], expected: tuple[int, int] | None
) -> None:
    found = first_reached(CaptionRule.model_validate({"text": "x", "on": "playhead", **conditions}), POINTS)
    assert (found and (found[0].iteration, found[1])) == expected


def test_the_first_frame_at_which_an_iteration_is_reached() -> None:
    assert first_frame_at(10, range(100, 120), lambda frames: [float(f - 100) for f in frames]) == 110
    assert first_frame_at(50, range(100, 120), lambda frames: [float(f - 100) for f in frames]) is None


def voice(pitch_hz: float | None, voiced: float) -> VoiceMeasures:
    return VoiceMeasures(seconds=1.0, level_db=-20.0, silence_share=0.0, voiced_share=voiced, pitch_hz=pitch_hz)


@pytest.mark.parametrize(
    ("conditions", "iteration"),
    [
        ({"voiced_above": 0.0}, 200),
        ({"voiced_above": 0.3}, 500),
        ({"voiced_above": 0.6}, None),
        ({"pitch_within": 1.0}, 200),
        ({"pitch_within": 0.1}, 500),
        ({"pitch_within": 0.01}, None),
        ({"pitch_within": 1.0, "iteration": 300}, 500),
        ({"voiced_above": 0.1, "below_bits": 5.0}, 500),
    ],
)
def test_conditions_on_what_is_heard_fire_where_it_was_measured(
    conditions: dict[str, float], iteration: int | None
) -> None:
    voices = (None, None, voice(200.0, 0.2), voice(126.0, 0.5))
    takes = [take.model_copy(update={"voice": one}) for take, one in zip(TAKES, voices, strict=True)]
    rule = CaptionRule.model_validate({"text": "x", **conditions})
    take = first_take(rule, takes, voice(120.0, 0.8))
    assert (take and take.iteration) == iteration
    assert first_take(rule, TAKES, voice(120.0, 0.8)) is None  # nobody has measured these


def test_a_pitch_is_near_no_recording_that_has_none() -> None:
    take = TAKES[2].model_copy(update={"voice": voice(120.0, 0.5)})
    rule = CaptionRule(text="x", pitch_within=10.0)
    assert first_take(rule, [take]) is None
    assert first_take(rule, [take], voice(None, 0.0)) is None


@settings(deadline=None, max_examples=300)
@given(scenes(), st.integers(-100, 2000), st.integers(SHORTEST, 200), st.integers(0, 7), st.integers(SHORTEST, 100))
def test_one_more_caption_takes_time_from_its_takes_own_alone_and_can_be_read(
    scene: tuple[list[Caption], list[CaptionWish], int], at: int, frames: int, which: int, least: int
) -> None:
    own, wishes, end = scene
    placed, _ = place_captions(own, wishes, end, SHORTEST)
    usual_one = own[which % len(own)]
    take = SoundClip(
        kind="take", start_frame=usual_one.in_frame, end_frame=usual_one.out_frame, iteration=1, caption=usual_one.text
    )
    told = place_beside(placed, CaptionWish("Found!", at, max(frames, least), take.end_frame, least), take, SHORTEST)
    room = max((c.out_frame - c.in_frame for c in placed if c.text == take.caption), default=0)
    if told is None:
        assert room < least
        return
    (found,) = [caption for caption in told if caption.text == "Found!"]
    assert found.out_frame - found.in_frame >= least
    assert take.start_frame <= found.in_frame < found.out_frame <= take.end_frame
    assert [c for c in told if c.text not in {"Found!", take.caption}] == [c for c in placed if c.text != take.caption]
    assert all(one.out_frame <= other.in_frame for one, other in pairwise(told))
    pieces = [c.out_frame - c.in_frame for c in told if c.text == take.caption]
    assert min(pieces, default=SHORTEST) >= SHORTEST
