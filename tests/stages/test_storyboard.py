from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import ProductionError, TemplateError
from pipeline.film.planning.settings import InsertSettings
from pipeline.film.timeline.assembly import FilmPlan, PlacedTake, SectionPlan, assemble
from pipeline.film.timeline.timeline import CardClip, SceneClip, Timeline
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Silence
from pipeline.runtime.resources import find_template
from pipeline.stages import storyboard
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up


class Listener(Silence):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def tell(production: Production, root: Path, listener: Listener | None = None, **options: object) -> Timeline:
    store, results = made_up.results(root, **options)  # type: ignore[arg-type]
    workplace = Workplace(store=store, output=root / "out", report=listener or Listener())
    timeline = storyboard.run(production, results, workplace).timeline
    assert timeline is not None
    return timeline.record


def test_the_film_is_title_then_cards_and_scenes_then_comparison_and_credits(tmp_path: Path) -> None:
    timeline = tell(made_up.production(), tmp_path)
    names = [clip.name if isinstance(clip, CardClip) else clip.kind for clip in timeline.clips]
    assert names == ["title", "section-1", "scene", "section-2", "scene", "comparison", "credits"]
    assert [chapter.title for chapter in timeline.chapters] == [
        "A made-up film",
        "Section 1",
        "Section 2",
        "Comparison",
        "Credits",
    ]
    assert timeline.total_frames == pytest.approx(30 * (1 + 2 * (1 + 1 + 4) + 1 + 1), abs=8)


def test_the_playhead_stands_on_a_takes_checkpoint_when_the_take_begins(tmp_path: Path) -> None:
    timeline = tell(made_up.production(), tmp_path)
    scene = timeline.scenes()[0]
    assert scene.sounds[0].kind == "recording"
    assert [(point.frame, point.iteration) for point in scene.key_points] == [
        (sound.start_frame, sound.iteration) for sound in scene.sounds[1:]
    ]
    assert [sound.iteration for sound in scene.sounds[1:]] == [0, 5, 20, 80]


def test_later_takes_last_longer_and_every_take_says_what_it_is(tmp_path: Path) -> None:
    timeline = tell(made_up.production(), tmp_path)
    lengths = [sound.frames for sound in timeline.scenes()[0].sounds[1:]]
    assert lengths == sorted(lengths)
    said = [caption.text for caption in timeline.captions if caption.section == 0]
    assert said[0] == "The recording it learns from"
    assert said[1].startswith("Before any training")
    assert "bits per byte" in said[-1]


def test_an_iteration_of_one_is_no_plural_and_numbers_have_their_units(tmp_path: Path) -> None:
    story = {
        "take": [
            {"iteration": 0},
            {
                "iteration": 5,
                "caption": "{{ section_number }}/{{ sections }}: "
                "{{ network }}, {{ loss_nats|bits }} after {{ trained_s|duration }}",
            },
        ]
    }
    timeline = tell(made_up.production(storyboard_1={"takes": 2, **story}), tmp_path)
    assert timeline.captions[2].text.replace("\u00a0", " ") == "1/2: LSTM, 2 \u00d7 16 neurons, 7.36 after 0.5 s"


def test_a_caption_is_fired_with_the_first_take_that_meets_its_conditions(tmp_path: Path) -> None:
    rules = [
        {"text": "Below six bits!", "below_bits": 6.0},
        {"text": "Half way: {{ iteration }}", "iteration": 40},
    ]
    timeline = tell(made_up.production(storyboard_1={"caption": rules}), tmp_path)
    sounds = {sound.iteration: sound for sound in timeline.scenes()[0].sounds}
    said = {caption.text: caption for caption in timeline.captions}
    assert said["Below six bits!"].in_frame == sounds[20].start_frame  # 20 is the first that speaks below six bits
    assert said["Below six bits!"].out_frame == sounds[20].end_frame
    assert said["Half way: 80"].in_frame == sounds[80].start_frame  # 40 is passed over: it isn't heard
    for earlier, later in pairwise(timeline.captions):
        assert earlier.out_frame <= later.in_frame


def test_a_caption_on_the_playhead_is_fired_between_takes(tmp_path: Path) -> None:
    rules = [{"text": "Half way: {{ iteration }}", "iteration": 40, "seconds": 0.8, "on": "playhead"}]
    timeline = tell(made_up.production(storyboard_1={"caption": rules}), tmp_path)
    (said,) = [caption for caption in timeline.captions if caption.text == "Half way: 40"]
    sounds = {sound.iteration: sound for sound in timeline.scenes()[0].sounds}
    assert sounds[20].start_frame < said.in_frame < sounds[80].start_frame
    assert said.out_frame - said.in_frame == 24


def test_the_playhead_reaches_an_iteration_where_the_layouts_law_says(tmp_path: Path) -> None:
    """Along a logarithmic axis the way from 20 to 80 is half done at 40, along a linear one at 50."""
    rules = [{"text": "There", "iteration": 40, "on": "playhead"}]
    own = tmp_path / "templates" / "layouts"
    own.mkdir(parents=True)
    text = find_template("layouts/landscape.toml", None).read_text()
    (own / "mine.toml").write_text(text.replace('scroll = "linear"', 'scroll = "log"'))
    at = {}
    for layout in ("landscape", "mine"):
        production = made_up.production(video={"layout": layout}, storyboard_1={"caption": rules})
        production._folder = tmp_path
        timeline = tell(production, tmp_path / layout)
        assert timeline.scroll == ("log" if layout == "mine" else "linear")
        at[layout] = next(caption.in_frame for caption in timeline.captions if caption.text == "There")
    assert at["landscape"] != at["mine"]


def test_captions_written_for_takes_come_before_fired_ones_and_what_finds_no_room_is_named(tmp_path: Path) -> None:
    listener = Listener()
    rules = [{"text": f"Rule {number}", "iteration": 20} for number in range(4)]
    takes = [{"iteration": 0, "seconds": 1}, {"iteration": 20, "seconds": 2.5, "caption": "By hand"}]
    story = {"seconds": None, "take": takes, "caption": rules}
    timeline = tell(made_up.production(storyboard_1=story), tmp_path, listener)
    sound = timeline.scenes()[0].sounds[-1]
    said = [(c.text, c.in_frame) for c in timeline.captions if c.section == 0 and c.in_frame >= sound.start_frame]
    assert [text for text, _ in said] == ["By hand", "Rule 0", "Rule 1"]
    assert said[0][1] == sound.start_frame
    assert [word.split("caption ")[1].split(" finds")[0] for word in listener.warnings] == ["'Rule 2'", "'Rule 3'"]


def test_a_caption_whose_condition_never_holds_is_told(tmp_path: Path) -> None:
    listener = Listener()
    rules = [
        {"text": "Perfect", "below_bits": 0.1},
        {"text": "Far", "iteration": 10**6, "on": "playhead"},
    ]
    timeline = tell(made_up.production(storyboard_1={"caption": rules}), tmp_path, listener)
    assert "'Perfect' is never shown: no take" in listener.warnings[0]
    assert "'Far' is never shown: the graphs' playhead" in listener.warnings[1]
    assert not any(caption.text in {"Perfect", "Far"} for caption in timeline.captions)


def test_takes_shorter_than_planned_are_shown_for_as_long_as_they_last(tmp_path: Path) -> None:
    listener = Listener()
    timeline = tell(made_up.production(), tmp_path, listener, take_seconds=0.5)
    assert all(sound.frames <= 15 for scene in timeline.scenes() for sound in scene.sounds if sound.kind == "take")
    assert len(listener.warnings) == 2  # one a section
    assert "section 1: 4 of 4 takes have less sound than planned" in listener.warnings[0]
    assert "80 (0.50 of 1.42 s)" in listener.warnings[0]


def test_a_take_that_lost_dead_air_is_made_up_for_by_the_others_without_another_word(tmp_path: Path) -> None:
    """That it was cut was told where it was cut."""
    store, results = made_up.results(tmp_path)
    first = results.takes[0][0]
    cut = first.record.model_copy(update={"samples": 4000, "facts": first.record.facts.model_copy(update={"cut_s": 2})})
    takes = ((replace(first, record=cut), *results.takes[0][1:]), results.takes[1])
    listener = Listener()
    place = Workplace(store=store, output=tmp_path / "out", report=listener)
    told = storyboard.run(made_up.production(), replace(results, takes=takes), place).timeline
    assert told is not None
    usual = tell(made_up.production(), tmp_path / "usual")
    one, other = ([sound.frames for sound in line.scenes()[0].sounds[1:]] for line in (told.record, usual))
    assert one[0] == 15 < other[0]
    assert all(longer >= planned for longer, planned in zip(one[1:], other[1:], strict=True))
    assert sum(one) == sum(other)
    assert not listener.warnings


def test_cards_of_no_length_are_left_out_and_chapters_stay(tmp_path: Path) -> None:
    production = made_up.production(
        video={"title_seconds": 0, "credits_seconds": 0, "comparison_seconds": 0},
        storyboard_1={"card_seconds": 0, "recording_seconds": 0},
    )
    timeline = tell(production, tmp_path)
    assert isinstance(timeline.clips[0], SceneClip)
    assert len(timeline.clips) == 3
    assert timeline.chapters[0].frame == 0
    assert [chapter.title for chapter in timeline.chapters] == ["Section 1", "Section 2"]


def test_a_recap_follows_its_sections_last_take_and_stays_in_its_chapter(tmp_path: Path) -> None:
    recap = {"recap": True, "recap_seconds": 2}
    insert = {"after": "section", "section": 1, "file": "title.png", "seconds": 1}
    usual, told = (tell(made_up.production(storyboard_1=story), tmp_path / str(len(story))) for story in ({}, recap))
    names = [clip.name if isinstance(clip, CardClip) else clip.kind for clip in told.clips]
    assert names == ["title", "section-1", "scene", "recap-1", "section-2", "scene", "comparison", "credits"]
    assert told.cards()[2].frames == 60 == told.total_frames - usual.total_frames
    assert [chapter.title for chapter in told.chapters] == [chapter.title for chapter in usual.chapters]
    assert told.chapters[2].frame == told.cards()[2].end_frame
    assert told.captions[: len(told.captions) // 2] == usual.captions[: len(usual.captions) // 2]
    plan = SectionPlan("one", 10, 0, [PlacedTake(5, 20)], recap_frames=7)
    clips, _ = assemble(FilmPlan("film", 0, 0, 0, [plan], [(InsertSettings.model_validate(insert), 9)]))
    assert [clip.kind for clip in clips] == ["card", "scene", "card", "insert"]


def test_an_excerpt_beyond_the_recordings_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match=r"only 6\.0 s"):
        tell(made_up.production(storyboard_1={"recording_start_s": 99}), tmp_path)


def test_a_name_that_is_not_there_is_named_before_anything_is_trained() -> None:
    story = {"takes": 1, "take": [{"iteration": 0, "caption": "{{ iteraton }}"}]}
    with pytest.raises(TemplateError, match="iteraton"):
        storyboard.check(made_up.production(storyboard_1=story))
    storyboard.check(made_up.production())


def test_the_timeline_is_readable_and_comes_back_the_same(tmp_path: Path) -> None:
    timeline = tell(made_up.production(video={"frame_rate": "30000/1001"}), tmp_path)
    text = timeline.model_dump_json(indent=1)
    assert json.loads(text)["frame_rate"] == "30000/1001"
    assert Timeline.model_validate_json(text) == timeline


def test_a_fresh_timeline_is_not_made_again_and_a_caption_makes_it_stale(tmp_path: Path) -> None:
    store, results = made_up.results(tmp_path)
    workplace = Workplace(store=store, output=tmp_path / "out")
    first = storyboard.run(made_up.production(), results, workplace).timeline
    again = storyboard.run(made_up.production(), results, workplace).timeline
    assert first == again
    (piece,) = storyboard.pieces(made_up.production(title="Another"), results)
    assert store.state(piece).state == "stale"
    assert "title" in store.state(piece).why


def test_a_card_between_takes_keeps_captions_and_says_where_it_stands_after_fewer_takes(tmp_path: Path) -> None:
    cards = [{"template": "note", "after": "section 1 take 2", "seconds": 2}]
    cards += [{"template": "note", "after": "section 2 take 9", "seconds": 1}]
    listener, story = Listener(), {"takes": 9, "seconds": 9}
    made = made_up.production(storyboard_2=dict(story), card=cards)
    timeline, plain = tell(made, tmp_path / "a", listener), tell(made_up.production(storyboard_2=story), tmp_path / "b")
    names = [clip.name if isinstance(clip, CardClip) else clip.kind for clip in timeline.clips]
    assert names[1:5] == ["section-1", "scene", "own-1", "scene"]
    assert names[6:9] == ["scene", "own-2", "comparison"]
    assert [one.text for one in timeline.captions] == [one.text for one in plain.captions]
    assert any("stands after take 6 of section 2, the last" in warning for warning in listener.warnings)
