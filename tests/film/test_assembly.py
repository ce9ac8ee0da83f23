from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.film.assembly import FilmPlan, PlacedTake, SectionPlan, assemble, first_frame_at, place_captions
from pipeline.film.settings import InsertSettings
from pipeline.film.timeline import Caption, InsertClip, SceneClip

spans = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 90)).map(
        lambda span: Caption(text="words", in_frame=span[0], out_frame=span[0] + span[1])
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=200)
@given(spans, spans)
def test_captions_never_overlap_and_fired_ones_always_begin_on_time(usual: list[Caption], fired: list[Caption]) -> None:
    contiguous = []
    at = 0
    for caption in usual:
        length = caption.out_frame - caption.in_frame
        contiguous.append(Caption(text="usual", in_frame=at, out_frame=at + length))
        at += length
    placed = place_captions(contiguous, fired, 5)
    for earlier, later in pairwise(placed):
        assert earlier.out_frame <= later.in_frame
    assert {caption.in_frame for caption in fired} <= {c.in_frame for c in placed if c.text == "words"}
    assert all(c.out_frame - c.in_frame >= 5 for c in placed if c.text == "usual")


def test_inserts_stand_where_they_were_put() -> None:
    section = SectionPlan("One", 10, 10, [PlacedTake(0, 30), PlacedTake(7, 40)])
    inserts = [
        (InsertSettings(file="intro.mp4", after="start", title="Intro"), 5),
        (InsertSettings(file="b.mp4", after="section", section=1), 6),
        (InsertSettings(file="end.mp4", after="end"), 7),
    ]
    clips, chapters = assemble(FilmPlan("Film", 20, 0, 15, [section, section], inserts))
    kinds = [clip.kind for clip in clips]
    assert kinds == ["insert", "card", "card", "scene", "insert", "card", "scene", "card", "insert"]
    assert [clip.insert for clip in clips if isinstance(clip, InsertClip)] == [0, 1, 2]
    assert [(chapter.frame, chapter.title) for chapter in chapters][:3] == [(0, "Intro"), (5, "Film"), (25, "One")]
    scene = next(clip for clip in clips if isinstance(clip, SceneClip))
    assert [(point.frame - scene.start_frame, point.iteration) for point in scene.key_points] == [(10, 0), (40, 7)]


def test_the_first_frame_at_which_an_iteration_is_reached() -> None:
    assert first_frame_at(10, range(100, 120), lambda frames: [float(f - 100) for f in frames]) == 110
    assert first_frame_at(50, range(100, 120), lambda frames: [float(f - 100) for f in frames]) is None
