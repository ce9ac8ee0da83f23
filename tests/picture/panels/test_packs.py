"""The packs of templates, and grounds that move: each as golden pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.outputs.template_copies import copy_pack, packs
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.drawing.moving_ground import Backdrop, GradientGround
from pipeline.picture.drawing.planes import rgb_from_planes
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene
from pipeline.picture.theme.looks import Ground
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden
from tests.picture.cards.made_cards import card_facts
from tests.picture.panels.made_scenes import frame_of, rgb_of, scene_data

LAYOUTS = {"dusk": "floating", "poster": "poster", "terminal": "landscape"}


def test_every_pack_has_a_scene_here() -> None:
    assert set(LAYOUTS) == set(packs())


@pytest.mark.parametrize("pack", LAYOUTS)
def test_each_pack_looks_like_its_golden_pictures(pack: str, golden: Golden, tmp_path: Path) -> None:
    copy_pack(pack, tmp_path)
    theme = load_theme(pack, tmp_path)
    for name, layout, size in (("scene", LAYOUTS[pack], (320, 180)), ("square", "square", (240, 240))):
        data = scene_data(*size)
        ground = GradientGround(theme.ground, size, data.frame_rate) if theme.ground.moves else None
        backdrop = Backdrop(ground, 0) if ground is not None else None
        shown = Scene(data, theme, load_layout(layout, tmp_path), backdrop=backdrop)
        golden(f"pack-{pack}-{name}", rgb_of(frame_of(shown, data, 330), data))
    card = draw_card(load_card_template("title", tmp_path), card_facts("title"), theme, (160, 90))
    golden(f"pack-{pack}-title", card.pages[0].picture)


@pytest.mark.parametrize("motion", ["drift", "turn"])
def test_each_moving_gradient_looks_like_its_golden_picture(motion: str, golden: Golden) -> None:
    looks = Ground(gradient=("#0b0f1a", "#402050", "#803020"), angle=30, motion=motion, seconds=4)
    moving = GradientGround(looks, (160, 90), Fraction(30))
    golden(f"ground-{motion}", rgb_from_planes(moving.at(40)))
