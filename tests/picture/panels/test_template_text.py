from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import TemplateError
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.template_text import TIMES_PER_S, TemplateTextPanel, now_facts, texts_between
from pipeline.stages.shared.scenes.texts import check_texts
from tests.picture.panels.made_scenes import frame_of, layout_of, scene, scene_data

BOX = {"left": 0.1, "top": 0.2, "width": 0.8, "height": 0.2}
NOW = (
    "{{ now.iteration|thousands }} {{ now.epoch|decimals(1) }} {{ now.take }}/{{ now.takes }} "
    "{{ now.seconds|decimals(1) }}"
)


def test_a_text_follows_what_is_heard_and_seen() -> None:
    data = scene_data(facts={"section": {"title": "Second try"}})
    drawn = scene(data, layout=layout_of({"kind": "text", "template": "{{ section.title }}: " + NOW, **BOX}))
    panel = drawn.panels[0]
    assert isinstance(panel, TemplateTextPanel)
    assert panel.text_at(data.start_frame) == "Second try: 0 0.0 0/3 0.0"
    assert panel.text_at(data.sounds[2].start_frame + 3) == "Second try: 400 0.5 2/3 5.1"
    assert panel.text_at(data.sounds[3].start_frame) == "Second try: 3,000 3.8 3/3 8.0"
    frames = [frame_of(drawn, data, frame) for frame in (190, 191, 250, 190)]
    assert np.array_equal(frames[0], frames[1]), f"it changes {TIMES_PER_S} times a second"
    assert not np.array_equal(frames[0], frames[2])
    assert np.array_equal(frames[0], frames[3])


def test_the_take_that_a_text_names_is_the_one_that_is_heard() -> None:
    takes = {
        sound.iteration: {"epoch": sound.iteration / 100}
        for sound in scene_data().sounds
        if sound.iteration is not None
    }
    data = scene_data(facts={"take": {"epoch": -1}}, take_facts=takes)
    texts = texts_between(["{{ take.epoch|decimals(1) }}"], data, range(data.start_frame, data.end_frame))
    assert texts == [["0.0", "4.0", "30.0"]], "that of the first one while the recording is heard"


def test_its_type_is_as_large_at_every_moment_and_stays_in_its_box() -> None:
    data = scene_data()
    narrow = {**BOX, "width": 0.3}
    drawn = scene(data, layout=layout_of({"kind": "text", "template": NOW, "text": 0.2, **narrow}))
    panel = drawn.panels[0]
    assert isinstance(panel, TemplateTextPanel)
    sizes = set()
    for frame in range(data.start_frame, data.end_frame, 41):
        frame_of(drawn, data, frame)
        sizes.add(panel._styler.style.size_px)
    assert len(sizes) == 1
    blank = scene(data, layout=layout_of({"kind": "text", "template": " ", **narrow}))
    seen = np.argwhere(frame_of(drawn, data, 300)[:180] != frame_of(blank, data, 300)[:180])
    box = panel.box
    assert seen[:, 0].min() >= box.top
    assert seen[:, 0].max() < box.bottom
    assert seen[:, 1].min() >= box.left
    assert seen[:, 1].max() < box.right


def test_what_it_says_in_some_frames_determines_how_they_look() -> None:
    data = scene_data()
    texts = texts_between(["{{ now.take }}", "still"], data, range(data.start_frame, data.end_frame))
    assert texts == [["0", "1", "2", "3"], ["still"]]
    assert texts_between(["{{ now.take }}"], data, range(200, 260)) == [["2"]]


def test_facts_that_are_not_known_are_none() -> None:
    data = scene_data(frame_rate=Fraction(25))
    assert now_facts(data, data.start_frame)["trained_s"] == 0
    bare = scene_data(history=type(data.history)())
    assert now_facts(bare, bare.start_frame + 200) | {"loss": None, "epoch": None, "trained_s": None} == now_facts(
        bare, bare.start_frame + 200
    )


@pytest.mark.parametrize("template", ["{{ now.iterations }}", "{{ nov.iteration }}", "{{ now.take"])
def test_its_template_is_checked_before_there_are_facts(template: str) -> None:
    layout = layout_of({"kind": "text", "template": template, **BOX})
    with pytest.raises(TemplateError, match="panel text"):
        check_texts(layout)
    check_texts(layout_of({"kind": "text", "template": "{{ now.iteration }} {{ section.title }}", **BOX}))


def with_picture(folder: Path, file: str) -> Path:
    (folder / "layouts").mkdir()
    Image.new("RGBA", (40, 20), (255, 128, 0, 255)).save(folder / "logo.png")
    (folder / "layouts" / "mine.toml").write_text(
        'extends = "landscape"\nname = "mine"\n[[panel]]\nkind = "picture"\nname = "second"\n'
        f'file = "{file}"\nleft = 0.7\ntop = 0.15\nwidth = 0.2\nheight = 0.15\n'
    )
    return folder


def test_a_layout_shows_pictures_of_its_own_over_panels_too(tmp_path: Path) -> None:
    layout = load_layout("mine", with_picture(tmp_path, "logo.png"))
    assert layout.pictures == (tmp_path / "logo.png",)
    data = scene_data()
    drawn, without = scene(data, layout=layout), scene(data)
    for frame in (200, 300):
        place = np.s_[27:54, 224:288]
        changed = frame_of(drawn, data, frame)[:180] != frame_of(without, data, frame)[:180]
        assert changed[place].mean() > 0.6
        changed[place] = False
        assert not changed.any()


@pytest.mark.parametrize(
    ("file", "told"), [("lago.png", "is not there"), ("../x.png", "outside"), ("layouts/mine.toml", "can't be read")]
)
def test_a_layouts_picture_that_cannot_be_shown_is_a_clear_error(tmp_path: Path, file: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        load_layout("mine", with_picture(tmp_path, file))
