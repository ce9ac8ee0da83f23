"""The whole build: what is to come follows how fast the machine turns out to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.runtime.progress.outlook import Outlook
from pipeline.runtime.progress.reporter import Part, WorkStart, WorkTime, duration_text, outlook_text

PLAN = (
    WorkTime("train", 300.0, "remembered"),
    WorkTime("sample", 20.0, "remembered"),
    WorkTime("render", 60.0, "remembered"),
    WorkTime("compose", 10.0, "remembered"),
    WorkTime("compose", 20.0, "remembered"),
)
LABELS = ("networks", "takes", "segments", "soundtrack", "film")


def build(plan: tuple[WorkTime, ...], slower: float) -> tuple[list[tuple[float, float]], float]:
    """Build what was planned, every work so many times slower; return what was told of the whole, and the end."""
    outlook, now, told = Outlook(), 0.0, []
    outlook.expect(plan, now)
    for work, label in zip(plan, LABELS, strict=True):
        outlook.begin(WorkStart(work.stage, label, 100, ""), now)
        for step in range(1, 101):
            now += slower * work.seconds / 100
            outlook.advance(step, now)
            left = outlook.view(now).whole_left_s
            if left is not None:
                told.append((now, left))
    return told, now


@settings(max_examples=30, deadline=None)
@given(st.floats(0.4, 3.5))
def test_a_slower_machine_makes_all_that_is_to_come_longer(slower: float) -> None:
    told, end = build(PLAN, slower)
    for now, left in told:
        if now > 0.1 * end:
            assert abs(left - (end - now)) <= 0.25 * (end - now) + 3.0 + 0.02 * end, (now, left, end)


def test_what_was_guessed_follows_less_than_what_was_measured() -> None:
    measured, guessed = Outlook(), Outlook()
    for outlook, basis in ((measured, "remembered"), (guessed, "guessed")):
        outlook.expect((WorkTime("train", 100.0, "remembered"), WorkTime("render", 40.0, basis)), 0.0)
        outlook.begin(WorkStart("train", "networks", 100, ""), 0.0)
        for step in range(1, 101):
            outlook.advance(step, 4.0 * step)
            outlook.view(4.0 * step)
        outlook.begin(WorkStart("render", "segments", 100, ""), 400.0)
    assert measured._whole_left_s(None, 400.0) == pytest.approx(40 * 405 / 105)
    assert guessed._whole_left_s(None, 400.0) == pytest.approx(40 * (405 / 105) ** 0.5)


def test_minutes_that_a_person_has_set_say_nothing_about_the_machine() -> None:
    outlook = Outlook()
    outlook.expect((WorkTime("train", 100.0, "set"), WorkTime("render", 50.0, "remembered")), 0.0)
    outlook.begin(WorkStart("train", "section-1", 100, "", expected_s=100.0), 0.0)
    outlook.advance(50, 52.0)
    assert outlook.view(52.0).whole_left_s == pytest.approx(98, abs=2)
    outlook.begin(WorkStart("render", "segments", 100, ""), 103.0)
    assert outlook.view(103.0).whole_left_s == pytest.approx(50, abs=2)


def test_the_whole_is_not_told_while_most_of_it_is_guessed_and_goes_on_being_told_once_it_was() -> None:
    outlook = Outlook()
    outlook.expect((WorkTime("train", 100.0), WorkTime("render", 50.0)), 0.0)
    outlook.begin(WorkStart("train", "networks", 100, ""), 0.0)
    assert outlook.view(0.0).whole_left_s is None
    for step in range(1, 101):
        outlook.advance(step, 3.0 * step)
        told = outlook.view(3.0 * step).whole_left_s
        assert (told is None) == (step < 3)
    outlook.begin(WorkStart("render", "segments", 100, ""), 300.0)
    assert outlook.view(300.0).whole_left_s is not None


def test_works_that_turn_out_to_be_done_are_left_out() -> None:
    outlook = Outlook()
    outlook.expect(PLAN, 0.0)
    outlook.begin(WorkStart("render", "segments", 100, ""), 0.0)
    assert outlook.view(0.0).whole_left_s == pytest.approx(90)
    outlook.begin(WorkStart("cards", "cards", 3, ""), 1.0)  # nobody has foreseen them
    assert outlook.view(1.0).whole_left_s is not None


def test_work_that_tells_nothing_on_its_way_is_told_by_what_was_remembered() -> None:
    outlook = Outlook()
    outlook.expect((WorkTime("compose", 40.0, "remembered"), WorkTime("compose", 30.0)), 0.0)
    outlook.begin(WorkStart("compose", "soundtrack", 1.0, "share"), 0.0)
    assert outlook.view(10.0).left_s == pytest.approx(30.0)
    outlook.begin(WorkStart("compose", "film", 1.0, "share"), 40.0)
    assert outlook.view(50.0).left_s is None


def test_parts_keep_what_is_told_of_them_apart() -> None:
    outlook = Outlook()
    outlook.begin(WorkStart("train", "networks", 1.0, "share"), 0.0)
    outlook.parts([Part("section-1", 0.5, 40.0), Part("section-2", 1.0, 0.0)], 40.0, 10.0)
    first = outlook.view(10.0)
    assert [part.left_s for part in first.parts] == [40.0, 0.0]
    outlook.parts([Part("section-1", 0.5, 400.0), Part("section-2", 1.0, 0.0)], 400.0, 20.0)
    second = outlook.view(20.0)
    assert second.parts[0].left_s is not None
    assert second.left_s is not None
    assert 30.0 < second.parts[0].left_s < 45.0
    assert 30.0 < second.left_s < 45.0
    assert second.whole_left_s is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (42.4, "42 s"),
        (59.7, "1 min"),
        (287, "4 min 50 s"),
        (299, "5 min"),
        (594, "9 min 50 s"),
        (596, "10 min"),
        (5000, "1 h 23 min"),
        (7190, "2 h"),
    ],
)
def test_lengths_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_line_adds_up_by_stage() -> None:
    assert outlook_text(PLAN) == "about 6 min 50 s: train 5 min, sample 20 s, render 1 min, compose 30 s"
    assert outlook_text(()) == "no time: nothing is to be made"
