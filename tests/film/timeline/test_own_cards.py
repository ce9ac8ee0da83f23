"""Cards of the user's own among the parts of a film."""

from itertools import pairwise

import pytest
from pydantic import ValidationError

from pipeline.film.planning.own_cards import OwnCardSettings
from pipeline.film.timeline.assembly import FilmPlan, PlacedTake, SectionPlan, assemble
from pipeline.film.timeline.timeline import CardClip
from pipeline.production.schema import Production

SECTION = SectionPlan("One", 10, 0, [PlacedTake(1, 20)])


def test_own_cards_stand_where_they_belong_with_chapters_of_their_own() -> None:
    cards = [
        (OwnCardSettings(template="thanks", after="end", title="Thanks"), 5),
        (OwnCardSettings(template="note", after="section 2"), 7),
        (OwnCardSettings(template="hello", after="start"), 3),
    ]
    plan = FilmPlan("Film", 4, 0, 6, [SECTION, SECTION], cards=cards)
    clips, chapters = assemble(plan)
    names = [clip.name if isinstance(clip, CardClip) else "scene" for clip in clips]
    assert names == ["own-3", "title", "section-1", "scene", "section-2", "scene", "own-2", "credits", "own-1"]
    note = next(clip for clip in clips if isinstance(clip, CardClip) and clip.name == "own-2")
    assert (note.section, note.end_frame - note.start_frame) == (1, 7)
    assert chapters[-1].title == "Thanks"
    assert chapters[-1].frame == clips[-1].start_frame
    assert all(one.end_frame == two.start_frame for one, two in pairwise(clips))


@pytest.mark.parametrize(
    "after", ["section", "section 0", "sections 1", "middle", "section 1 ", "section 1 take", "section 1 take 0"]
)
def test_a_place_that_is_none_is_an_error(after: str) -> None:
    with pytest.raises(ValidationError, match="section 2 take 3"):
        OwnCardSettings(template="x", after=after)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"after": "section 2"}, "there is but one"),
        ({"after": "comparison"}, "there is none"),
        ({"after": "section 1 take 9"}, '8 takes: write after = "section 1 take 8"'),
        ({"after": "section 2 take 1"}, "there is but one"),
        ({"after": "insert 1"}, "insert 1, and there is no insert"),
        ({"after": "song 2"}, "song 2, and there is no song"),
        ({"after": "card 1"}, "card 1, and there is no card before it"),
        ({"template": "../x"}, "template"),
    ],
)
def test_a_production_checks_where_its_cards_stand(card: dict[str, str], said: str) -> None:
    values = {"title": "t", "section": [{"title": "s"}], "card": [{"template": "thanks", **card}]}
    with pytest.raises(ValidationError, match=said):
        Production.model_validate(values)


def test_timelines_without_own_cards_say_nothing_of_them() -> None:
    clips, _ = assemble(FilmPlan("Film", 4, 0, 0, [SECTION]))
    assert "own" not in clips[0].model_dump(mode="json")


@pytest.mark.parametrize(("part", "story"), [("recording", "recording_seconds"), ("card", "card_seconds")])
def test_a_card_cannot_follow_what_a_section_does_not_show(part: str, story: str) -> None:
    section = {"title": "s", "storyboard": {story: 0}}
    values = {"title": "t", "section": [section], "card": [{"template": "x", "after": f"section 1 {part}"}]}
    with pytest.raises(ValidationError, match=f"{story} = 0"):
        Production.model_validate(values)
