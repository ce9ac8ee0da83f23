from __future__ import annotations

from pipeline.film.planning.settings import InsertSettings
from pipeline.film.timeline.assembly import FilmPlan, PlacedTake, SectionPlan, assemble
from pipeline.film.timeline.timeline import InsertClip, SceneClip


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
