from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from pipeline.picture.cards.animation import CardAnimation
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.cards.files import write_card
from pipeline.picture.drawing.ground import ground_planes
from pipeline.picture.drawing.moving_ground import (
    Backdrop,
    ClipGround,
    GradientGround,
    Loop,
    Overlay,
    picture_rate,
)
from pipeline.picture.drawing.planes import Ink, Planes, new_planes
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene, SequentialScene
from pipeline.picture.theme.looks import Ground
from pipeline.picture.theme.theme import load_theme
from tests.picture.cards.made_cards import card_facts
from tests.picture.panels.made_scenes import frame_of, scene_data

SIZE = (320, 180)
COLOURS = ("#101830", "#402050", "#806020")


class Constant:
    """A ground that could move, and doesn't."""

    loop = Loop(1, Fraction(1))

    def __init__(self, planes: Planes) -> None:
        self._planes = planes

    def at(self, frame: int) -> Planes:  # noqa: ARG002 - the protocol's name
        return self._planes


def stacked(planes: Planes) -> NDArray[np.uint8]:
    return np.concatenate([planes.luma.ravel(), planes.cb.ravel(), planes.cr.ravel()])


@given(
    count=st.integers(1, 9),
    rate=st.fractions(min_value=Fraction(1, 5), max_value=1),
    mirrored=st.booleans(),
    frame=st.integers(0, 500),
)
def test_a_loop_comes_round_and_equal_phases_go_on_alike(
    count: int, rate: Fraction, *, mirrored: bool, frame: int
) -> None:
    loop = Loop(count, rate, mirrored)
    period = 2 * count - 2 if mirrored and count > 1 else count
    later = frame + period * rate.denominator
    assert loop.phase(frame) == loop.phase(later)
    shown = [loop.picture_at(frame + number) for number in range(40)]
    assert shown == [loop.picture_at(later + number) for number in range(40)]
    assert all(0 <= picture < count for picture in shown)
    steps = np.abs(np.diff(shown))
    assert steps.max(initial=0) <= (1 if mirrored else max(1, count - 1))


def test_a_mirrored_loop_goes_backwards_and_forwards() -> None:
    assert [Loop(4, Fraction(1), is_mirrored=True).picture_at(n) for n in range(8)] == [0, 1, 2, 3, 2, 1, 0, 1]


@pytest.mark.parametrize(
    ("rate", "most", "pictures"),
    [
        (60, 30, 30),
        (24, 30, 24),
        (50, 30, 25),
        (Fraction(60000, 1001), 30, 30),
        (60, 10, 10),
        (25, 10, 25 / 3),
        (30, 60, 30),
    ],
)
def test_every_picture_of_a_ground_is_shown_for_whole_frames(rate: Fraction, most: float, pictures: float) -> None:
    found = picture_rate(Fraction(rate), most)
    assert (Fraction(rate) / found).denominator == 1
    assert round(float(found), 1) == pytest.approx(pictures, abs=0.1)


@pytest.mark.parametrize("motion", ["drift", "turn"])
def test_a_moving_gradient_begins_as_the_still_one_moves_and_comes_round(motion: str) -> None:
    ground = Ground(gradient=COLOURS, angle=30, motion=motion, seconds=4)
    moving = GradientGround(ground, SIZE, Fraction(30))
    theme = load_theme("midnight").model_copy(update={"ground": Ground(gradient=COLOURS, angle=30)})
    still = ground_planes(theme, "#000000", SIZE)
    for part in ("luma", "cb", "cr"):
        difference = getattr(moving.at(0), part).astype(int) - getattr(still, part)
        assert np.abs(difference).max() <= 3
    frames = [0, 40, 7, 119, 40]
    drawn = [stacked(moving.at(frame)).copy() for frame in frames]
    assert np.array_equal(drawn[1], drawn[4])
    assert not np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], stacked(moving.at(120)))
    assert np.abs(drawn[3].astype(int) - drawn[0]).max() <= 4, "there is no jump where it begins again"


@given(st.integers(0, 2**32 - 1))
def test_what_is_drawn_once_looks_the_same_over_any_ground(seed: int) -> None:
    random = np.random.default_rng(seed)
    ground = Planes(*(random.integers(0, 256, shape, np.uint8) for shape in ((16, 24), (8, 12), (8, 12))))
    alphas = [
        random.random(part.shape) * (random.random(part.shape) < 0.7) for part in (ground.luma, ground.cb, ground.cr)
    ]
    inks = [random.integers(0, 256, alpha.shape) for alpha in alphas]

    def draw(planes: Planes) -> None:
        for plane, alpha, colour in zip((planes.luma, planes.cb, planes.cr), alphas, inks, strict=True):
            plane[...] = np.rint(plane * (1 - alpha) + colour * alpha).astype(np.uint8)

    drawn, laid = ground.copied(), new_planes(24, 16, Ink(9, 9, 9))
    draw(drawn)
    Overlay((24, 16), draw).lay(laid, ground, (4, 2, 16, 12))
    whole, part = drawn.part(4, 2, 16, 12), laid.part(4, 2, 16, 12)
    for one, other, alpha in zip(stacked(whole), stacked(part), range(10**9), strict=False):
        assert abs(int(one) - int(other)) <= 2, alpha
    clear = alphas[0][2:14, 4:20] == 0
    assert np.array_equal(part.luma[clear], ground.part(4, 2, 16, 12).luma[clear])
    assert (laid.luma[:2] == 9).all()


@pytest.mark.parametrize("layout", ["landscape", "portrait"])
def test_a_scene_over_a_moving_ground_is_the_scene_over_that_ground(layout: str) -> None:
    theme = load_theme("midnight").model_copy(update={"ground": Ground(gradient=COLOURS)})
    picture = np.full((20, 40, 4), (250, 120, 10, 200), np.uint8)
    data = scene_data(*(SIZE if layout == "landscape" else SIZE[::-1]), picture=picture)
    ground = ground_planes(theme, theme.colours.background, (data.width, data.height))
    still = Scene(data, theme, load_layout(layout))
    moving = Scene(data, theme, load_layout(layout), backdrop=Backdrop(Constant(ground), 0))
    for frame in (data.start_frame + 4, data.start_frame + 150, data.end_frame - 3):
        difference = frame_of(still, data, frame).astype(int) - frame_of(moving, data, frame)
        assert np.abs(difference).max() <= 2


def test_a_scene_and_a_card_show_the_ground_of_their_place_in_the_film(tmp_path: Path) -> None:
    theme = load_theme("midnight").model_copy(
        update={"ground": Ground(gradient=("#000000", "#ffffff"), motion="drift", seconds=1)}
    )
    data = scene_data()
    corner = np.s_[0, 0]
    expected = [GradientGround(theme.ground, SIZE, Fraction(30)).at(frame).luma[corner] for frame in (110, 140)]
    scene = Scene(
        data, theme, load_layout("landscape"), backdrop=Backdrop(GradientGround(theme.ground, SIZE, Fraction(30)), 10)
    )
    assert frame_of(scene, data, 100)[corner] == expected[0]
    drawn = draw_card(load_card_template("section"), card_facts("section"), theme, SIZE)
    record = write_card(drawn, tmp_path, name="section-1", template="cards/section.toml")
    backdrop = Backdrop(GradientGround(theme.ground, SIZE, Fraction(30)), 80)
    card = CardAnimation(record, tmp_path, 0, 90, Fraction(30), backdrop=backdrop)
    out = np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
    for frame in (60, 2, 60):
        card.draw(frame, out)
    assert out[corner] == expected[1]


def test_the_pictures_of_a_clip_belong_to_frames(tmp_path: Path) -> None:
    pictures = np.arange(3, dtype=np.uint8)[:, None, None] + np.zeros((3, 9, 8), np.uint8)
    pictures.tofile(tmp_path / "pictures.yuv")
    clip = ClipGround(tmp_path / "pictures.yuv", (8, 6), Loop(3, Fraction(1, 2)))
    assert [int(clip.at(frame).cr[0, 0]) for frame in range(8)] == [0, 0, 1, 1, 2, 2, 0, 0]


@pytest.mark.parametrize("wrong", [{"motion": "drift"}, {"motion": "turn", "gradient": COLOURS, "file": "a.png"}])
def test_motion_needs_a_gradient_and_nothing_over_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="motion moves a gradient"):
        Ground.model_validate(wrong)


@pytest.mark.parametrize(
    ("ground", "moves"),
    [
        ({}, False),
        ({"gradient": COLOURS}, False),
        ({"gradient": COLOURS, "motion": "turn"}, True),
        ({"file": "sea.JPG"}, False),
        ({"file": "sea.mp4"}, True),
    ],
)
def test_clips_and_moving_gradients_move(ground: dict[str, object], *, moves: bool) -> None:
    assert Ground.model_validate(ground).moves is moves


def test_frames_drawn_over_one_another_on_a_moving_ground_look_as_each_drawn_alone() -> None:
    data = scene_data(*SIZE, frame_rate=Fraction(10))
    ground = Ground(gradient=("#000000", "#000000", "#200810"), motion="drift", seconds=8)
    theme = load_theme("midnight").model_copy(update={"ground": ground})
    alone, moving = (
        Scene(
            data, theme, load_layout("landscape"), backdrop=Backdrop(GradientGround(ground, SIZE, data.frame_rate), 0)
        )
        for _ in range(2)
    )
    drawn, out = SequentialScene(moving), np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
    loop = GradientGround.loop_of(ground, data.frame_rate)
    shown = {loop.picture_at(frame) for frame in range(data.start_frame, data.end_frame)}
    assert 2 < len(shown) < data.end_frame - data.start_frame, (
        "some frames have the ground of the one before, and some have not"
    )
    for frame in range(data.start_frame, data.end_frame):
        drawn.draw(frame, out)
        assert np.array_equal(out, frame_of(alone, data, frame)), frame


@pytest.mark.parametrize("motion", ["drift", "turn"])
def test_a_gradient_moves_in_steps_that_are_not_seen_and_no_finer(motion: str) -> None:
    slow = Ground(gradient=("#101010", "#202020"), motion=motion, seconds=40)
    moving = GradientGround(slow, SIZE, Fraction(60))
    assert moving.loop.count / 40 < 4, "the fewer, the less is encoded"
    hold = round(1 / moving.loop.rate)
    for number in range(0, moving.loop.count, 5):
        one = stacked(moving.at(number * hold)).astype(int)
        other = stacked(moving.at((number + 1) * hold))
        assert np.abs(one - other).max() <= (1 if motion == "drift" else 4)
        assert np.array_equal(other, stacked(moving.at((number + 2) * hold - 1)))
    strong = slow.model_copy(update={"gradient": ("#000000", "#ffffff")})
    assert GradientGround.loop_of(strong, Fraction(60)).count > 200, "where more changes, it changes more often"
    held = strong.model_copy(update={"pictures_per_s": 2.0})
    assert GradientGround.loop_of(held, Fraction(60)).count == 80
