"""Colours as planes, and shapes drawn on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.picture.drawing.blend import blend_box, blend_discs, blend_mask, blend_spans, blend_sprite, discs, fade
from pipeline.picture.drawing.canvas import stroke
from pipeline.picture.drawing.planes import (
    _TO_PLANES,
    Ink,
    ink,
    new_planes,
    planes_from_rgb,
    planes_of,
    rgb_from_planes,
)

GROUND = Ink(16.0, 128.0, 128.0)
BRIGHT = Ink(216.0, 90.0, 200.0)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("#ffffff", (235, 128, 128)),
        ("#000000", (16, 128, 128)),
        ("#ff0000", (63, 102, 240)),
        ("#0000ff", (32, 240, 118)),
    ],
)
def test_colours_become_the_known_values_of_bt709_limited_range(colour: str, expected: tuple[int, int, int]) -> None:
    assert tuple(round(value) for value in ink(colour)) == expected


@given(st.tuples(*[st.integers(0, 255)] * 3))
@settings(deadline=None, max_examples=60)
def test_a_plain_colour_survives_the_planes(colour: tuple[int, int, int]) -> None:
    picture = np.full((4, 6, 3), colour, dtype=np.uint8)
    back = rgb_from_planes(planes_from_rgb(picture))
    assert np.abs(back.astype(int) - picture).max() <= 3


def test_planes_are_views_of_one_buffer_in_the_encoders_order() -> None:
    buffer = np.zeros((6, 8), dtype=np.uint8)
    planes = planes_of(buffer, 8, 4)
    planes.fill(Ink(1.0, 2.0, 3.0))
    assert buffer.reshape(-1).tolist() == [1] * 32 + [2] * 8 + [3] * 8


def test_a_whole_box_is_exactly_its_colour_in_all_planes() -> None:
    planes = new_planes(16, 12, GROUND)
    blend_box(planes, (4, 2, 12, 8), BRIGHT)
    assert np.all(planes.luma[2:8, 4:12] == 216)
    assert np.all(planes.cb[1:4, 2:6] == 90)
    assert np.all(planes.cr[1:4, 2:6] == 200)
    assert planes.luma.astype(int).sum() == 16 * 12 * 16 + 48 * 200


@given(st.floats(0, 8), st.floats(0.5, 6), st.floats(0, 8), st.floats(0.5, 6))
@settings(deadline=None, max_examples=80)
def test_a_box_weighs_its_area_wherever_it_lies(left: float, width: float, top: float, height: float) -> None:
    planes = new_planes(16, 16, GROUND)
    blend_box(planes, (left, top, left + width, top + height), BRIGHT)
    area = (planes.luma.astype(float) - 16).sum() / 200
    assert abs(area - width * height) < 0.02 + 0.003 * 4 * (width + height)


def test_a_disc_is_round_and_as_heavy_as_its_area() -> None:
    planes = new_planes(40, 40, GROUND)
    blend_discs(planes, 20.0, 20.0, discs((9.0, BRIGHT)))
    weight = (planes.luma.astype(float) - 16) / 200
    assert abs(weight.sum() - np.pi * 81) < 3
    assert np.array_equal(planes.luma, planes.luma.T)
    assert np.array_equal(planes.luma, planes.luma[::-1])


@pytest.mark.parametrize("radius_px", [0.0, 3.0])
def test_part_of_a_picture_is_drawn_on_as_a_picture_of_its_own(radius_px: float) -> None:
    whole, alone = new_planes(24, 20, GROUND), new_planes(12, 10, GROUND)
    part = whole.part(6, 4, 12, 10)
    for planes in (part, alone):
        blend_box(planes, (1.5, 2.25, 20.0, 8.5), BRIGHT, 0.75, radius_px=radius_px)
        fade(planes, new_planes(12, 10, BRIGHT), (2, 2), 6, np.linspace(0, 1, 8, dtype=np.float32))
    for name in ("luma", "cb", "cr"):
        assert np.array_equal(getattr(part, name), getattr(alone, name))
    assert whole.luma.astype(int).sum() - alone.luma.astype(int).sum() == (24 * 20 - 12 * 10) * 16


def test_what_sticks_out_is_cut() -> None:
    planes = new_planes(8, 8, GROUND)
    sprite = np.full((6, 6), 255, dtype=np.uint8)
    for corner in ((-3, -3.0), (5, 5.0), (-9, 2.0), (2, 40.0), (-3, 5.5), (5, -2.5)):
        blend_sprite(planes, sprite, corner, BRIGHT)
    blend_box(planes, (-50, -50, 60, 1), BRIGHT)
    blend_discs(planes, 8.0, 8.0, discs((30.0, BRIGHT)), 0.5)
    assert planes.luma[0].tolist() == [216] * 8


@pytest.mark.parametrize("corner", [(2, 3.0), (3, 2.0), (2, 2.0), (3, 3.0), (2, 2.5)])
def test_a_sprite_weighs_the_same_at_every_place_and_its_chroma_weighs_a_quarter(corner: tuple[int, float]) -> None:
    planes = new_planes(20, 20, GROUND)
    sprite = np.random.default_rng(0).integers(0, 256, (9, 7)).astype(np.uint8)
    blend_sprite(planes, sprite, corner, BRIGHT)
    wanted = sprite.sum() / 255
    assert (planes.luma.astype(float) - 16).sum() / 200 == pytest.approx(wanted, abs=0.3)
    assert (planes.cr.astype(float) - 128).sum() / 72 == pytest.approx(wanted / 4, abs=0.4)


def test_spans_paint_whole_chroma_where_four_pixels_are_covered() -> None:
    planes = new_planes(8, 8, GROUND)
    colours = np.tile(np.array(BRIGHT, dtype=np.float32), (8, 1))
    blend_spans(planes, np.full(8, 2, np.float32), np.full(8, 6, np.float32), colours)
    assert planes.luma[:, 0].tolist() == [16, 16, 216, 216, 216, 216, 16, 16]
    assert planes.cr[:, 0].tolist() == [128, 200, 200, 128]


def test_a_stroke_is_as_thick_as_asked_at_any_slope() -> None:
    for slope in (0.0, 0.4, 1.0, 3.0):
        mask = np.zeros((200, 60), dtype=np.float32)
        xs = np.arange(5, 56, dtype=np.float32)
        stroke(mask, xs, (10 + slope * (xs - 5)).astype(np.float32), 1.5, 1.0)
        rows = mask[:, 20:40].sum(axis=0).mean()
        assert rows == pytest.approx(3.0 * np.hypot(1, slope), rel=0.06)


def test_fading_keeps_as_much_as_it_is_told() -> None:
    planes, under = new_planes(8, 4, Ink(200.0, 100.0, 100.0)), new_planes(8, 4, Ink(100.0, 200.0, 200.0))
    fade(planes, under, (2, 0), 4, np.array([1, 1, 0.5, 0.5, 0, 0], dtype=np.float32))
    assert planes.luma[0].tolist() == [200, 200, 200, 200, 150, 150, 100, 100]
    assert planes.cb[0].tolist() == [100, 100, 150, 200]


def rgb_reference(
    ground: tuple[int, ...], shares: np.ndarray, colours: np.ndarray, opacity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blend in sRGB at full size, and only then convert: luma (h, w), and both chroma planes (2, h / 2, w / 2)."""
    share = shares[..., None] * opacity
    picture = np.array(ground, dtype=np.float64) * (1 - share) + colours * share
    wide = picture @ _TO_PLANES.T + np.array([16.0, 128.0, 128.0])
    height, width = shares.shape
    small = wide[..., 1:].reshape(height // 2, 2, width // 2, 2, 2).mean(axis=(1, 3))
    return wide[..., 0], np.moveaxis(small, -1, 0)


OPACITIES = (0.02, 0.1, 0.25, 0.28, 0.5, 0.55, 0.75, 0.92, 1.0)
GROUND_RGB, INK_RGB = (12, 16, 24), (240, 80, 40)


@pytest.mark.parametrize("covered", range(16))
@pytest.mark.parametrize("kind", ["sprite", "mask"])
def test_a_chroma_pixel_is_blended_as_rgb_would_be_for_each_covering_of_its_four(kind: str, covered: int) -> None:
    shares = np.zeros((6, 6))
    shares[2:4, 2:4] = np.array([covered >> bit & 1 for bit in range(4)]).reshape(2, 2)
    for opacity in OPACITIES:
        planes = new_planes(6, 6, ink("#0c1018"))
        if kind == "sprite":
            blend_sprite(planes, (shares[2:4, 2:4] * 255).astype(np.uint8), (2, 2.0), ink("#f05028"), opacity)
        else:
            blend_mask(planes, (shares[2:4, 2:4] * opacity).astype(np.float32), (2, 2), ink("#f05028"))
        luma, chroma = rgb_reference(GROUND_RGB, shares, np.array(INK_RGB), opacity)
        assert np.abs(planes.luma - luma).max() <= 1.0
        assert np.abs(np.stack([planes.cb, planes.cr]) - chroma).max() <= 1.0


@pytest.mark.parametrize("kind", ["spans", "box"])
@pytest.mark.parametrize("opacity", OPACITIES)
@pytest.mark.parametrize("left", [(0, 0), (0, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("right", [(0, 0), (0, 1), (1, 2), (0, 2)])
def test_upright_bars_blend_chroma_as_rgb_would(
    kind: str, opacity: float, left: tuple[int, int], right: tuple[int, int]
) -> None:
    if kind == "box" and left != right and (0, 0) not in {left, right}:
        return
    shares = np.zeros((4, 4))
    spans = np.zeros((2, 4), np.float32)
    for column, (top, bottom) in ((0, left), (1, right)):
        shares[top:bottom, column] = 1
        spans[:, column] = top, bottom
    planes = new_planes(4, 4, ink("#0c1018"))
    if kind == "spans":
        colours = np.tile(np.array(ink("#f05028"), dtype=np.float32), (4, 1))
        blend_spans(planes, spans[0], spans[1], colours, opacity)
    else:
        rows, columns = np.flatnonzero(shares.any(axis=1)), np.flatnonzero(shares.any(axis=0))
        if rows.size:
            edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            blend_box(planes, tuple(map(float, edges)), ink("#f05028"), opacity)
    luma, chroma = rgb_reference(GROUND_RGB, shares, np.array(INK_RGB), opacity)
    assert np.abs(planes.luma - luma).max() <= 1.0
    assert np.abs(np.stack([planes.cb, planes.cr]) - chroma).max() <= 1.0


@given(
    arrays(np.float32, (2, 8), elements=st.floats(-3, 15, width=32)),
    arrays(np.uint8, (8, 3)),
    st.floats(0, 1),
)
@settings(deadline=None, max_examples=150)
def test_bars_of_any_heights_and_colours_blend_as_rgb_would(
    spans: np.ndarray, colours: np.ndarray, opacity: float
) -> None:
    rows = np.arange(12)[:, None]
    shares = np.clip(np.minimum(rows + 1, spans[1]) - np.maximum(rows, spans[0]), 0, 1)
    inks = np.array([ink(f"#{bytes(colour).hex()}") for colour in colours], dtype=np.float32)
    planes = new_planes(8, 12, ink("#0c1018"))
    blend_spans(planes, spans[0], spans[1], inks, opacity)
    luma, chroma = rgb_reference(GROUND_RGB, shares, colours.astype(np.float64), opacity)
    assert np.abs(planes.luma - luma).max() <= 1.05
    assert np.abs(np.stack([planes.cb, planes.cr]) - chroma).max() <= 1.05
