from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.errors import ProductionError
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.film.planning.cuts import AvailableSection, AvailableTake, plan_cut
from pipeline.film.planning.settings import VideoSettings
from pipeline.film.planning.shares import share_frames

RATES = [Fraction(24), Fraction(30000, 1001), Fraction(50), Fraction(60)]
RATE = Fraction(30)


def cut(**values: Any) -> CutSettings:
    return CutSettings.model_validate({"name": "short", **values})


def section(number: int, lengths: list[int], recording: int = 60, **changes: Any) -> AvailableSection:
    takes = tuple(AvailableTake(10 * i, 6.0 - 0.1 * i - number, frames) for i, frames in enumerate(lengths))
    return AvailableSection(number, recording, takes, **changes)


SECTIONS = [section(number, [60, 60, 90, 120, 180, 240]) for number in range(3)]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(0, 50), st.integers(0, 200)), max_size=12), st.integers(0))
def test_shares_are_whole_within_their_bounds_and_add_up(parts: list[tuple[float, int, int]], total: int) -> None:
    total %= 3000
    weights, lowest = [part[0] for part in parts], [part[1] for part in parts]
    highest = [low + part[2] for low, part in zip(lowest, parts, strict=True)]
    shares = share_frames(total, weights, lowest, highest)
    assert sum(shares) == min(max(total, sum(lowest)), sum(highest))
    assert all(low <= share <= high for low, share, high in zip(lowest, shares, highest, strict=True))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.integers(1, 400), min_size=1, max_size=12), min_size=1, max_size=4),
    st.integers(50, 4000),
    st.sampled_from(RATES),
    st.sampled_from(["highlights", "film"]),
    st.sampled_from(["all", "best"]),
)
def test_a_cut_lasts_exactly_as_long_as_asked_or_shows_all_there_is(
    lengths: list[list[int]], frames: int, rate: Fraction, pick: str, which: str
) -> None:
    available = [section(number, takes) for number, takes in enumerate(lengths)]
    settings_ = cut(pick=pick, sections=which)
    try:
        planned = plan_cut(settings_, available, frames, rate)
    except ProductionError:
        assert frames < 2 * len(lengths) * rate
        return
    chosen = [one for one in available if which == "all" or one.number == planned[0].number]
    there = sum(one.frames for one in chosen)
    if pick == "highlights":
        assert sum(one.frames for one in planned) == min(frames, there)
    assert sum(one.frames for one in planned) <= frames
    for one in planned:
        results = {take.iteration: take.frames for take in available[one.number].takes}
        iterations = [take.iteration for take in one.takes]
        assert iterations == sorted(set(iterations))
        assert all(1 <= take.frames <= results[take.iteration] for take in one.takes)


def test_the_first_take_is_brief_and_the_best_is_the_longest() -> None:
    for one in plan_cut(cut(), SECTIONS, 45 * 30, RATE):
        assert one.takes[0].iteration == 0
        assert one.takes[-1].iteration == 50
        lengths = [take.frames for take in one.takes]
        assert lengths[0] <= 45
        assert max(lengths) == lengths[-1]


def test_a_take_that_is_silent_is_left_out_where_there_are_others() -> None:
    takes = list(SECTIONS[0].takes)
    takes[2] = AvailableTake(20, 5.8, 90, audible=0.1)
    (planned,) = plan_cut(cut(), [AvailableSection(0, 60, tuple(takes))], 400, RATE)
    assert 20 not in {take.iteration for take in planned.takes}
    assert len(planned.takes) == 4


def test_all_of_the_films_takes_are_shown_shorter_on_request() -> None:
    (planned,) = plan_cut(cut(pick="film"), SECTIONS[:1], 400, RATE)
    assert [take.iteration for take in planned.takes] == [0, 10, 20, 30, 40, 50]
    assert [take.frames for take in planned.takes] == sorted(take.frames for take in planned.takes)
    (few,) = plan_cut(cut(pick="film"), SECTIONS[:1], 90, RATE)
    assert 1 < len(few.takes) < 6
    assert few.takes[-1].iteration == 50


def test_sections_can_be_chosen_and_the_best_is_the_one_with_the_lowest_loss() -> None:
    assert [one.number for one in plan_cut(cut(sections=[3, 1]), SECTIONS, 900, RATE)] == [0, 2]
    assert [one.number for one in plan_cut(cut(sections="best"), SECTIONS, 900, RATE)] == [2]
    with pytest.raises(ProductionError, match="no section 4"):
        plan_cut(cut(sections=[4]), SECTIONS, 900, RATE)


def test_the_best_section_is_sought_among_those_whose_losses_can_be_compared() -> None:
    """Of other sound, at another rate or encoding, a lower loss is no better: the last section says which sound."""
    kinds = [0, 1, 0, 1]  # the losses of sections fall with their numbers
    unlike = [section(number, [60, 90], kind=kind) for number, kind in enumerate(kinds)]
    easy = AvailableSection(0, 60, (AvailableTake(0, 0.5, 90),), kind=0)
    assert [one.number for one in plan_cut(cut(sections="best"), [easy, *unlike[1:]], 150, RATE)] == [3]
    alone = [easy, section(1, [60, 90], kind=1)]
    assert [one.number for one in plan_cut(cut(sections="best"), alone, 150, RATE)] == [1]


def test_takes_chosen_by_hand_are_those_of_the_film_and_share_what_is_left() -> None:
    lines = [{"section": 2, "iteration": "best"}, {"iteration": 0, "seconds": 1}, {"iteration": 48, "caption": "Now"}]
    first, second = plan_cut(cut(take=lines, recording_seconds=1), SECTIONS, 300, RATE)
    assert [(take.iteration, take.caption) for take in first.takes] == [(0, None), (50, "Now")]
    assert first.takes[0].frames == 30
    assert [take.iteration for take in second.takes] == [50]
    assert first.frames + second.frames == 300
    with pytest.raises(ProductionError, match="Two lines"):
        plan_cut(cut(take=[{"iteration": 50}, {"iteration": "last"}]), SECTIONS, 300, RATE)
    with pytest.raises(ProductionError, match="don't fit"):
        plan_cut(cut(take=[{"iteration": 50, "seconds": 8}, {"iteration": 0}]), SECTIONS, 270, RATE)


def test_too_many_sections_for_the_time_are_told() -> None:
    with pytest.raises(ProductionError, match="too short for 3 sections") as raised:
        plan_cut(cut(seconds=3), SECTIONS, 90, RATE)
    assert "best" in raised.value.hint


@pytest.mark.parametrize(
    ("size", "layout"),
    [(None, "portrait"), ((1080, 1080), "square"), ((1280, 720), "landscape"), ((1080, 1350), "portrait")],
)
@pytest.mark.parametrize("is_draft", [False, True])
def test_a_cut_takes_the_layout_for_its_frame(size: tuple[int, int] | None, layout: str, is_draft: bool) -> None:  # noqa: FBT001
    sides = {"width": size[0], "height": size[1]} if size else {}
    own = cut(**sides)
    assert own.layout == layout
    assert own.video(VideoSettings(), is_draft=is_draft).layout == layout


@pytest.mark.parametrize(
    ("layout", "film", "size"),
    [
        ("portrait", (1920, 1080), (1080, 1920)),
        ("square", (1920, 1080), (1080, 1080)),
        ("landscape", (1080, 1920), (1920, 1080)),
        ("portrait", (3840, 2160), (2160, 3840)),
        ("of my own", (1920, 1080), (1920, 1080)),
    ],
)
def test_a_cut_has_the_films_resolution_in_its_own_shape(
    layout: str, film: tuple[int, int], size: tuple[int, int]
) -> None:
    video = cut(layout=layout).video(VideoSettings(width=film[0], height=film[1]), is_draft=False)
    assert (video.width, video.height) == size


def test_the_draft_of_a_cut_is_a_third_as_wide_and_has_the_drafts_rate() -> None:
    film = VideoSettings().draft()
    for one in (cut(), cut(width=1080, height=1920)):
        video = one.video(film, is_draft=True)
        assert (video.width, video.height, video.frame_rate, video.quality) == (360, 640, 30, "draft")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "work"}, "can't be the name of a cut"),
        ({"name": "../up"}, "can't be the name of a cut"),
        ({"name": "-x"}, "can't be the name of a cut"),
        ({"width": 1080}, "go together"),
        ({"sections": [0]}, "counted from 1"),
        ({"sections": []}, "counted from 1"),
        ({"seconds": 2}, "no time for takes"),
        ({"colour": "red"}, "extra"),
    ],
)
def test_impossible_cuts_are_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        cut(**values)


def test_the_old_word_for_highlights_is_still_read() -> None:
    assert CutSettings(name="short", pick="telling").pick == "highlights"  # type: ignore[arg-type]


def test_songs_of_a_cut_are_none_all_or_those_named() -> None:
    assert cut().songs_of(3) == ()
    assert cut(songs="all").songs_of(3) == (0, 1, 2)
    assert cut(songs=[3, 1, 3]).songs_of(3) == (0, 2)
    for wrong in ([], [0], "some"):
        with pytest.raises(ValidationError):
            cut(songs=wrong)
