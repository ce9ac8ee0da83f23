"""Scenes in every language that ships: its words stay apart and inside the safe area, and look as they should."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import GlyphError
from pipeline.picture.language import Language, load_language
from pipeline.picture.language.loading import shipped_languages
from pipeline.picture.language.word_list import forms
from pipeline.picture.panels.scene_data import CaptionSpan, SceneData
from tests.conftest import Golden
from tests.picture.panels.made_scenes import frame_of, rgb_of, scene, scene_data
from tests.picture.panels.test_scene_words import check_boxes, words_on

LAYOUTS = {"landscape": (640, 360), "portrait": (360, 640), "square": (480, 480), "four-graphs": (640, 360)}
LANGUAGES = shipped_languages()


def data_in(language: Language, width: int, height: int) -> SceneData:
    """A scene whose caption and title are the longest words that the language's list has for scenes."""
    said = sorted(
        (text for name in language.words if name.startswith("scene.") for text in forms(language.words[name]).values()),
        key=len,
    )
    return scene_data(
        width, height,
        captions=(CaptionSpan(" ".join(said[-3:]), 100, 399),),
        section_title=said[-1],
        iteration=np.linspace(0, 4000, 361),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "layout"),
    [(tag, [*LAYOUTS][(number + turn) % 4]) for number, tag in enumerate(LANGUAGES) for turn in (0, 1)],
)
def test_words_of_every_language_stay_apart_in_scenes(tag: str, layout: str) -> None:
    language = load_language(tag)
    shown = data_in(language, *LAYOUTS[layout])
    try:
        seen = words_on(shown, layout, [150, 385], language)
    except GlyphError:
        pytest.skip("its fonts are not installed")
    for boxes in seen:
        assert len(boxes) > 6
        check_boxes(boxes, shown)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_scene_in_every_language_looks_like_its_golden_picture(tag: str, golden: Golden) -> None:
    shown = scene_data(480, 270)
    try:
        drawn = scene(shown, language=load_language(tag))
    except GlyphError:
        pytest.skip("its fonts are not installed")
    golden(f"language-{tag}", rgb_of(frame_of(drawn, shown, 330), shown))
