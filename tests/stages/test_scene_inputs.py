"""What scenes show comes from one table, and the keys of segments are made of what the layout's panels read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.film.timeline.timeline import CardClip, SceneClip
from pipeline.picture.language import english
from pipeline.picture.panels.layout import PANELS, load_layout
from pipeline.picture.panels.scene_data import FRAME_FIELDS, SONG_FIELDS, SceneData
from pipeline.runtime.progress.reporter import Silence
from pipeline.stages import cards, render, storyboard
from pipeline.stages.shared.facts.vocabulary import film_facts
from pipeline.stages.shared.render_inputs import RenderInputs, card_of, inputs_of, render_inputs
from pipeline.stages.shared.scene_inputs import SOURCES, scene_data, scene_ingredients
from pipeline.stages.shared.scenes.texts import take_facts_of_scenes
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.declared import field_names
from tests.picture.panels.made_scenes import frame_of, layout_of, scene
from tests.stages import made_up


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> RenderInputs:
    root = tmp_path_factory.mktemp("film")
    store, results = made_up.results(root / "work")
    workplace = Workplace(store=store, output=root / "out", report=Silence())
    results = storyboard.run(made_up.production(), results, workplace)
    inputs = render_inputs(made_up.production(), cards.run(made_up.production(), results, workplace))
    return replace(inputs, corpora=inputs.corpora[:1] * 2)  # two networks on one sound: their losses compare


def second_scene(inputs: RenderInputs) -> SceneClip:
    return inputs.timeline.scenes()[1]


def test_every_field_of_a_scenes_data_has_a_source() -> None:
    assert set(SOURCES) == field_names(SceneData) - FRAME_FIELDS - SONG_FIELDS


def test_every_field_is_read_by_a_panel_of_some_layout() -> None:
    assert frozenset().union(*(panel.reads for panel in PANELS)) == set(SOURCES) | SONG_FIELDS


@pytest.mark.parametrize("kind", [panel.settings_type.model_fields["kind"].annotation for panel in PANELS])
def test_a_panel_draws_from_what_it_declares_alone(kind: Any, film: RenderInputs) -> None:
    """Undeclared fields hold what can't be drawn, and nothing notices."""
    clip = second_scene(film)
    data = scene_data(film, clip)
    for name in kind.__args__:
        layout = layout_of({"kind": name, **({"template": "{{ now.take }}"} if name == "text" else {})})
        junk: dict[str, Any] = {
            "captions": (None,),
            "history": None,
            "others": (None,),
            "section_title": "\x00",
            "picture": None,
        }
        other = replace(data, **{field: value for field, value in junk.items() if field not in layout.reads})
        drawn = [(scene(one, layout=layout), one) for one in (data, other)]
        for frame in (3, clip.frames // 2):
            one, two = (frame_of(*pair, frame) for pair in drawn)
            assert np.array_equal(one, two)


CHANGES: dict[str, Any] = {
    "sounds": lambda clip: clip.model_copy(update={"sounds": clip.sounds[:-1]}),
    "iteration": lambda clip: clip.model_copy(update={"key_points": clip.key_points[:-1]}),
    "history": lambda clip: clip.model_copy(update={"section": 0}),
    "section_title": lambda clip: clip.model_copy(update={"section": 0}),
    "others": lambda clip: clip.model_copy(update={"section": 0}),
}


@pytest.mark.parametrize("field", CHANGES)
def test_what_changes_a_fields_value_changes_its_part_of_the_key(field: str, film: RenderInputs) -> None:
    clip = second_scene(film)
    whole = range(clip.frames)
    before, after = (scene_ingredients(film, one, whole, {field}) for one in (clip, CHANGES[field](clip)))
    assert before.keys() == {field}
    assert before != after


def test_a_layout_without_captions_keeps_its_segments_when_a_caption_changes(tmp_path: Path) -> None:
    """Keys are made of what is read: what no panel shows draws nothing again."""
    (tmp_path / "layouts").mkdir()
    for name, kind in (("bare", "title"), ("spoken", "caption")):
        place = "left = 0.1\ntop = 0.1\nwidth = 0.8\nheight = 0.3"
        text = f'name = "{name}"\n[[panel]]\nkind = "{kind}"\n{place}\n'
        (tmp_path / "layouts" / f"{name}.toml").write_text(text)
    store, made = made_up.results(tmp_path / "work")
    workplace = Workplace(store=store, output=tmp_path / "out", report=Silence())
    assert load_layout("bare", tmp_path).reads == {"section_title"}
    changed = {}
    for layout in ("bare", "spoken"):
        keys = []
        for text in ("Listen!", "Listen now!"):
            story = {"take": [{"iteration": 5, "caption": text}]}
            film = made_up.production(video={"layout": layout}, storyboard_1=story)
            film = film.model_copy(update={"templates": str(tmp_path)})
            film._folder = tmp_path
            results = cards.run(film, storyboard.run(film, made, workplace), workplace)
            keys.append({piece.name: piece.key for piece in render.pieces(film, results)})
        changed[layout] = {name for name, key in keys[0].items() if keys[1][name] != key}
    assert changed["bare"] == set()
    assert changed["spoken"] == {"scene-1-01"}


def test_takes_are_counted_over_all_parts_of_a_section(tmp_path: Path) -> None:
    store, results = made_up.results(tmp_path)
    production = made_up.production(card=[{"template": "title", "after": "section 1 take 2", "seconds": 1}])
    results = storyboard.run(production, results, Workplace(store=store, output=tmp_path / "out"))
    inputs = render_inputs(production, results)
    numbered = [
        [(sound.number, sound.of) for sound in scene_data(inputs, scene).sounds] for scene in inputs.timeline.scenes()
    ]
    assert numbered[:2] == [[(0, 4), (1, 4), (2, 4)], [(3, 4), (4, 4)]]
    (first, _) = take_facts_of_scenes(production, results, english())
    assert [*first.values()] == [1, 2, 3, 4]
    assert film_facts(production, results, english())["sections"][0]["take"] == 4


def test_what_a_clip_is_drawn_from_is_enough_and_no_more(film: RenderInputs) -> None:
    """The same data and the same key, from what travels to whoever draws the clip."""
    scene_clip = second_scene(film)
    own = inputs_of(film, scene_clip)
    assert own.takes[0] == own.cards == ()
    assert own.takes[1] == film.takes[1]
    fields = sorted(set(SOURCES) - {"facts", "take_facts"})
    frames = range(scene_clip.frames)
    assert scene_ingredients(own, scene_clip, frames, fields) == scene_ingredients(film, scene_clip, frames, fields)
    whole, part = scene_data(film, scene_clip), scene_data(own, scene_clip)
    for ours, theirs in zip(part.sounds, whole.sounds, strict=True):
        assert np.array_equal(ours.samples[0 : len(ours.samples)], theirs.samples[0 : len(theirs.samples)])
    card = next(clip for clip in film.timeline.clips if isinstance(clip, CardClip))
    assert card_of(inputs_of(film, card), card) == card_of(film, card)
    assert len(inputs_of(film, card).cards) == 1


def test_the_key_of_a_scene_is_never_that_of_the_scene_before(film: RenderInputs) -> None:
    first, second = film.timeline.scenes()[:2]
    for scene_clip in (first, second, first):
        (found,) = [one["sound"] for one in SOURCES["sounds"].key(film, scene_clip, range(1))][-1:]
        assert found == film.takes[scene_clip.section][-1].content_hash
    fewer = replace(film, takes=tuple(tuple(reversed(takes)) for takes in film.takes))  # in another order
    assert SOURCES["sounds"].key(fewer, first, range(1)) == SOURCES["sounds"].key(film, first, range(1))
