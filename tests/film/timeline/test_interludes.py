"""Cards between the takes of a section."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.film.planning.own_cards import OwnCardSettings
from pipeline.film.timeline.assembly import FilmPlan, PlacedTake, SectionPlan, assemble
from pipeline.film.timeline.interludes import CutReel, with_interludes
from pipeline.film.timeline.segments import split
from pipeline.film.timeline.timeline import Caption, CardClip, Clip, SceneClip, Timeline

TAKES = [PlacedTake(0, 20), PlacedTake(5, 30), PlacedTake(9, 40)]
SECTION = SectionPlan("One", 10, 6, TAKES)


def card(after: str, frames: int, title: str | None = None) -> tuple[OwnCardSettings, int]:
    return OwnCardSettings(template="note", after=after, title=title), frames


def film(*cards: tuple[OwnCardSettings, int], captions: tuple[Caption, ...] = ()) -> Timeline:
    plan = FilmPlan("Film", 4, 0, 8, [SECTION, SECTION], cards=cards)
    clips, chapters = assemble(plan)
    reel = with_interludes(CutReel(clips, captions, chapters), cards)
    return Timeline(
        title="Film",
        width=64,
        height=64,
        frame_rate=25,
        total_frames=reel.clips[-1].end_frame,
        clips=reel.clips,
        captions=reel.captions,
        chapters=reel.chapters,
    )


def names(clips: tuple[Clip, ...]) -> list[str]:
    return [clip.name if isinstance(clip, CardClip) else clip.kind for clip in clips]


def test_a_card_stands_between_two_takes_and_the_graphs_go_on_where_they_rested() -> None:
    made = film(card("section 2 take 2", 7, "Note"))
    assert names(made.clips) == ["title", "section-1", "scene", "section-2", "scene", "own-1", "scene", "credits"]
    before, after = made.scenes()[1:]
    assert [sound.iteration for sound in before.sounds] == [None, 0, 5]
    assert [sound.iteration for sound in after.sounds] == [9]
    assert (before.key_points[-1].frame, before.key_points[-1].iteration) == (before.end_frame, 9)
    assert (after.key_points[0].frame, after.key_points[0].iteration) == (after.start_frame, 9)
    assert after.start_frame - before.end_frame == 7
    assert [(one.title, one.frame) for one in made.chapters][-2:] == [
        ("Note", before.end_frame),
        ("Credits", made.clips[-1].start_frame),
    ]


def test_a_recording_can_be_followed_by_a_card_and_a_card_by_another() -> None:
    made = film(
        card("section 1 recording", 5), card("card 1", 3), card("section 1 card", 2), card("section 1 take 3", 4)
    )
    expected = ["title", "section-1", "own-3", "scene", "own-1", "own-2", "scene", "own-4", "section-2", "scene"]
    assert names(made.clips) == [*expected, "credits"]
    assert [sound.kind for sound in made.scenes()[0].sounds] == ["recording"]


def test_after_a_take_that_there_is_not_a_card_stands_after_the_last() -> None:
    assert names(film(card("section 1 take 8", 5)).clips)[2:4] == ["scene", "own-1"]


def test_a_caption_is_shown_where_the_card_leaves_it_more_time() -> None:
    scene = film().scenes()[0]
    edge = scene.sounds[1].end_frame
    captions = (
        Caption(text="long before", in_frame=edge - 9, out_frame=edge + 4),
        Caption(text="long after", in_frame=edge + 4, out_frame=edge + 9),
    )
    made = film(card("section 1 take 1", 7), captions=captions)
    assert [(one.in_frame - edge, one.out_frame - edge) for one in made.captions] == [(-9, 0), (11, 16)]


def test_parts_of_a_scene_have_names_of_their_own() -> None:
    segments = split(film(card("section 1 take 1", 7), card("section 1 take 2", 7)))
    assert len({segment.name for segment in segments}) == len(segments)


places = st.sampled_from(
    ["start", "title", "end", "section 1", "section 2", "section 1 card", "section 2 recording"]
    + [f"section {section} take {take}" for section in (1, 2) for take in (1, 2, 3)]
)


@given(st.lists(st.tuples(places, st.integers(1, 9)), max_size=6))
def test_every_card_is_shown_once_and_nothing_else_changes(wanted: list[tuple[str, int]]) -> None:
    made, plain = film(*(card(after, frames) for after, frames in wanted)), film()
    shown = sorted((clip.own, clip.frames) for clip in made.cards() if clip.own is not None)
    assert shown == [(number, frames) for number, (_, frames) in enumerate(wanted)]
    assert made.total_frames == plain.total_frames + sum(frames for _, frames in wanted)
    heard = [[sound for clip in one.scenes() for sound in clip.sounds] for one in (made, plain)]
    assert [(one.iteration, one.frames) for one in heard[0]] == [(one.iteration, one.frames) for one in heard[1]]
    rests = [(one.key_points, two.key_points) for one, two in pairwise(made.scenes()) if one.section == two.section]
    assert all(before[-1].iteration == after[0].iteration for before, after in rests)


def test_scenes_without_such_cards_are_left_as_they_are() -> None:
    clips, chapters = assemble(FilmPlan("Film", 4, 0, 8, [SECTION]))
    reel = CutReel(clips, (), chapters)
    assert with_interludes(reel, [card("end", 5)]) is reel


@pytest.mark.parametrize("number", [1, 2])
def test_a_section_is_told_by_each_of_its_parts(number: int) -> None:
    made = film(card("section 1 take 1", 7), card("section 2 take 2", 7))
    scenes = [clip for clip in made.clips if isinstance(clip, SceneClip) and clip.section == number - 1]
    assert len(scenes) == 2
