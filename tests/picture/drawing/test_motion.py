"""Easings, presets and keyframes; sprites moved on planes; texts cut into pieces."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.cards.template import CardTemplate
from pipeline.picture.drawing.easing import SOFT_EDGE
from pipeline.picture.drawing.marks import Drawing, TextMark
from pipeline.picture.drawing.motion import (
    EASINGS,
    PRESETS,
    REST,
    EasingName,
    Keyframe,
    Motion,
    State,
    Transition,
    eased,
    keyframed,
)
from pipeline.picture.drawing.moved import blend_moved
from pipeline.picture.drawing.pieces import MOST_PIECES, pen_at, split
from pipeline.picture.panels.moving import RoundCorners
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import load_theme
from tests.conftest import Golden

TYPE = typesetter_for(load_theme("midnight"))


@given(st.sampled_from(sorted(EASINGS)), st.floats(-1, 2))
@settings(deadline=None)
def test_easings_go_from_nothing_to_all(name: str, at: float) -> None:
    assert (eased(name, 0.0), eased(name, 1.0)) == (0.0, 1.0)  # type: ignore[arg-type]
    assert -0.5 < eased(name, at) < 1.5  # type: ignore[arg-type]
    assert set(EASINGS) == set(get_args(EasingName))


def test_a_bezier_is_csss() -> None:
    assert eased((0.0, 0.0, 1.0, 1.0), 0.3) == pytest.approx(0.3, abs=1e-6)
    assert eased((0.42, 0.0, 1.0, 1.0), 0.5) == pytest.approx(0.3154, abs=1e-3)  # ease-in of browsers


def test_every_easing_looks_like_its_golden_picture(golden: Golden) -> None:
    picture = np.full((90, 160, 3), 20, np.uint8)
    for number, name in enumerate(sorted(EASINGS)):
        left, top = 4 + number % 6 * 26, 8 + number // 6 * 30
        for x in range(22):
            y = 18 - round(14 * eased(name, x / 21))  # type: ignore[arg-type]
            picture[max(0, top + y), left + x] = (124, 196, 255)
    golden("easings", picture)


def test_an_unknown_preset_is_an_error_with_the_nearest_name() -> None:
    template = {
        "style": {"a": {"size": 0.1}},
        "grid": {"square": {"areas": ["x"], "rows": ["auto"]}},
        "motion": {"mine": {"preset": "rise", "seconds": 2}},
        "element": [{"area": "x", "text": "x", "style": "a", "enter": "mine"}],
    }
    assert CardTemplate.model_validate(template).element[0].motion is not None
    template["element"][0]["enter"] = "raise"  # type: ignore[index]
    with pytest.raises(ValueError, match="perhaps 'rise'"):
        CardTemplate.model_validate(template)


def test_presets_fill_what_is_not_set_and_own_ones_come_first() -> None:
    own = {"rise": Transition(preset="pop", seconds=3)}
    assert Transition(preset="rise", easing="linear").filled({}).away == State(opacity=0, y=0.04)
    filled = Transition(preset="rise", easing="linear").filled(own)
    assert (filled.scale, filled.seconds, filled.easing) == (0.6, 3, "linear")
    assert all(one.preset is None for one in PRESETS.values())


@given(st.sampled_from(sorted(PRESETS)), st.floats(2, 20), st.integers(0, 30))
@settings(deadline=None)
def test_what_has_entered_rests_until_it_leaves(name: str, length_s: float, order: int) -> None:
    motion = Motion(enter=Transition(preset=name), exit=Transition(preset=name)).filled({})
    entered = 0.1 + motion.entered_s(order + 1)
    hurry = min(1.0, length_s / 2 / entered)
    for seconds in (entered * hurry + 1e-6, length_s - hurry * motion.exit.duration_s - 1e-6):  # type: ignore[union-attr]
        assert motion.state(seconds, length_s, hurry=hurry, order=order, delay_s=0.1) == REST
    if name != "none":
        assert motion.state(0.0, length_s, hurry=hurry, order=order, delay_s=0.1) != REST


def test_keyframes_hold_outside_and_blend_between() -> None:
    frames = [Keyframe(at=1, x=0.2, easing="linear"), Keyframe(at=3, x=0.4, opacity=0.5, easing="linear")]
    assert keyframed(frames, 0, 10) == State(opacity=0.5, x=0.2)
    assert keyframed(frames, 2, 10).x == pytest.approx(0.3)
    assert keyframed(frames, 9, 10) == State(opacity=0.5, x=0.4)
    assert keyframed([Keyframe(at=0, scale=1), Keyframe(at=-1, scale=2)], 9, 10).scale == 2


def test_a_sprite_that_is_not_moved_is_laid_as_it_is() -> None:
    random = np.random.default_rng(1)
    opacity = random.random((6, 8), dtype=np.float32)
    ink = opacity * 200
    plane = np.full((20, 20), 50, np.uint8)
    blend_moved(plane, (ink, opacity), (4.0, 6.0, 1.0), 1.0, 1 + SOFT_EDGE)
    wanted = np.floor(50 * (1 - opacity) + ink + 0.5)
    assert np.abs(plane[6:12, 4:12].astype(int) - wanted).max() <= 1
    assert (np.delete(plane, slice(6, 12), axis=0) == 50).all()


def test_moving_scaling_and_wiping_keep_a_sprites_light() -> None:
    solid = np.ones((8, 8), np.float32)
    for at, share in (((5.5, 5.25, 1.0), 1.0), ((2.0, 2.0, 2.0), 4.0), ((6.0, 6.0, 0.5), 0.25)):
        plane = np.zeros((40, 40), np.uint8)
        blend_moved(plane, (solid * 200, solid), at, 1.0, 1 + SOFT_EDGE)
        assert plane.sum() == pytest.approx(share * 64 * 200, rel=0.15)
    plane = np.zeros((40, 40), np.uint8)
    blend_moved(plane, (solid * 200, solid), (0.0, 0.0, 1.0), 1.0, 0.5)
    assert plane[0, 0] == 200
    assert plane[0, 5] == 0


def test_letters_stand_where_the_line_has_them() -> None:
    style = TextStyle(40.0, weight=700)
    mark = TextMark(10.0, 50.0, "AVA To", style, "#ffffff")
    pieces = split(Drawing(400, 60, (mark,)), "letter", TYPE)
    letters = [piece.marks[0] for piece in pieces]
    assert [letter.text for letter in letters if isinstance(letter, TextMark)] == list("AVATo")
    last = letters[-1]
    assert isinstance(last, TextMark)
    end = last.x_px + TYPE.measure("o", style)
    assert end == pytest.approx(10 + TYPE.measure("AVA To", style), abs=0.1)
    assert pen_at("AVA", 1, style, TYPE) < TYPE.measure("A", style)  # kerned


def test_joined_scripts_stay_whole_and_long_texts_are_cut_into_words() -> None:
    arabic = TextMark(0.0, 20.0, "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643", TextStyle(20.0), "#ffffff")
    assert len(split(Drawing(99, 30, (arabic,)), "letter", TYPE)) == 2  # its words
    long = TextMark(0.0, 20.0, "many words " * MOST_PIECES, TextStyle(4.0), "#ffffff")
    assert len(split(Drawing(99, 30, (long,)), "letter", TYPE)) == 1  # too many words as well: lines
    short = TextMark(0.0, 20.0, "abcdefghi " * (MOST_PIECES // 9 + 1), TextStyle(4.0), "#ffffff")
    assert len(split(Drawing(99, 30, (short,)), "letter", TYPE)) == MOST_PIECES // 9 + 1


def test_round_corners_show_the_ground() -> None:
    from pipeline.picture.drawing.planes import Ink, new_planes  # noqa: PLC0415

    ours, ground = new_planes(40, 40, Ink(200, 128, 128)), new_planes(40, 40, Ink(16, 90, 90))
    RoundCorners(PixelBox(4, 4, 24, 20), 8.0).draw(ours, ground)
    assert [ours.luma[at] for at in ((4, 4), (4, 27), (23, 4), (23, 27))] == [16] * 4
    assert ours.luma[4, 16] == ours.luma[14, 4] == 200
    assert ours.cb[2, 2] < 100
