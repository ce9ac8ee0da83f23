"""Strips show the same picture however they are reached, and move without shimmer or strobing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.drawing.planes import Ink, Planes, new_planes
from pipeline.picture.drawing.tile_cache import MOST_TAPS, WEIGHT_ONE, TileCache, scroll_weights

GROUND = Ink(16.0, 128.0, 128.0)


def luma_of(column: np.ndarray) -> np.ndarray:
    return (column * 7919 % 211 + 20).astype(np.uint8)


def paint_numbers(tile: Planes, first: int) -> None:
    columns = np.arange(first, first + tile.width)
    tile.luma[...] = luma_of(columns)
    tile.cb[...] = luma_of(columns[::2] // 2)
    tile.cr[...] = luma_of(columns[::2] // 2 + 1)


@given(st.lists(st.integers(-6000, 6000), min_size=1, max_size=12))
@settings(deadline=None, max_examples=30)
def test_any_stretch_can_be_shown_after_any_other(columns: list[int]) -> None:
    strip = TileCache(300, 4, paint_numbers)
    out = new_planes(320, 8, GROUND)
    for column in (2 * (value // 2) for value in columns):
        strip.copy(out, (10, 2), 300, column)
        wanted = np.arange(column, column + 300)
        assert np.array_equal(out.luma[2:6, 10:310], np.broadcast_to(luma_of(wanted), (4, 300)))
        assert np.array_equal(out.cr[1, 5:155], luma_of(wanted[::2] // 2 + 1))
    assert np.all(out.luma[:2] == 16)
    assert np.all(out.luma[:, :10] == 16)


@given(st.floats(-5000, 5000), st.floats(0, 120))
@settings(deadline=None, max_examples=30)
def test_scrolling_doesnt_depend_on_what_was_shown_before(position: float, blur: float) -> None:
    fresh, used = (TileCache(300, 2, paint_numbers) for _ in range(2))
    one, two = (new_planes(300, 2, GROUND) for _ in range(2))
    used.scroll(two, (0, 0), 300, position + 700.3, 0.0)
    used.scroll(two, (0, 0), 300, position - 2500.7, 3.0)
    fresh.scroll(one, (0, 0), 300, position, blur)
    used.scroll(two, (0, 0), 300, position, blur)
    assert np.array_equal(one.luma, two.luma)
    assert np.array_equal(one.cb, two.cb)


def paint_speckles(tile: Planes, first: int) -> None:
    """Columns of one colour each, and here and there a pixel that differs from those above and below it."""
    for plane, begin, step in ((tile.luma, first, 31), (tile.cb, first // 2, 37), (tile.cr, first // 2, 41)):
        columns = np.arange(begin, begin + plane.shape[1])
        plane[...] = luma_of(columns // 7)
        rows = np.arange(plane.shape[0])[:, None]
        spots = (columns * step + rows * 57) % 83 < (rows % 3)
        plane[spots] = luma_of(columns + 5 * rows)[spots]


@given(st.integers(-3000, 3000), st.floats(-0.5, 0.5), st.floats(0, 60), st.integers(1, 150), st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_scrolling_filters_every_pixel_whatever_rows_have_in_common(
    column: int, fraction: float, blur: float, half_width: int, half_left: int
) -> None:
    width, left, height = 2 * half_width, 2 * half_left, 12
    strip = TileCache(300, height, paint_speckles)
    out = new_planes(320, height + 4, GROUND)
    strip.scroll(out, (left, 2), width, column + fraction, blur)
    for name, scale in (("luma", 1), ("cb", 2), ("cr", 2)):
        plane = getattr(out, name)
        first, weights = scroll_weights((column + fraction) / scale, blur / scale)
        source = new_planes(2 * (width + 2 * MOST_TAPS), height, GROUND)
        begin = 2 * (first * scale // 2)
        paint_speckles(source, begin)
        row = getattr(source, name)[:, first - begin // scale :].astype(np.int64)
        size = width // scale
        wanted = sum(int(weight) * row[:, tap : tap + size] for tap, weight in enumerate(weights))
        rows = slice(2 // scale, (2 + height) // scale)
        assert np.array_equal(plane[rows, left // scale : left // scale + size], (wanted + 128) >> 8)
        assert np.all(plane[rows, : left // scale] == plane[0, 0])
        assert np.all(plane[rows, left // scale + size :] == plane[0, 0])


@given(st.floats(-1000, 1000), st.floats(0, 80))
@settings(deadline=None, max_examples=200)
def test_weights_add_up_to_one_and_lie_around_the_position(position: float, blur: float) -> None:
    first, weights = scroll_weights(position, blur)
    assert int(weights.sum()) == WEIGHT_ONE
    centre = float((weights * (first + np.arange(weights.size))).sum()) / WEIGHT_ONE
    assert centre == pytest.approx(position, abs=0.02 + 0.01 * blur)
    assert weights.size <= MOST_TAPS


def test_a_plain_strip_stays_plain_at_every_fraction_and_speed() -> None:
    def paint(tile: Planes, first: int) -> None:
        del first
        tile.fill(Ink(200.0, 90.0, 160.0))

    strip = TileCache(100, 2, paint)
    out = new_planes(100, 2, GROUND)
    for position, blur in ((0.0, 0.0), (10.25, 0.0), (13.5, 4.0), (20.9, 55.5)):
        strip.scroll(out, (0, 0), 100, position, blur)
        assert {*np.unique(out.luma), *np.unique(out.cb), *np.unique(out.cr)} == {200, 90, 160}


def test_detail_looks_equally_sharp_at_every_fraction_of_a_pixel() -> None:
    random = np.random.default_rng(3)
    texture = np.convolve(random.uniform(-1, 1, 4000), [0.25, 0.5, 0.25], mode="same") * 90 + 128

    def paint(tile: Planes, first: int) -> None:
        tile.luma[...] = texture[np.arange(first, first + tile.width) % 4000].astype(np.uint8)

    strip = TileCache(1000, 2, paint)
    out = new_planes(1000, 2, GROUND)
    contrasts = []
    for fraction in np.linspace(0, 1, 9):
        strip.scroll(out, (0, 0), 1000, 1000 + fraction, 0.0)
        contrasts.append(out.luma[0].astype(float).std())
    assert max(contrasts) / min(contrasts) < 1.03


def test_what_moves_fast_becomes_a_streak_and_not_a_row_of_copies() -> None:
    def paint(tile: Planes, first: int) -> None:
        columns = np.arange(first, first + tile.width)
        tile.luma[...] = np.where(columns % 400 == 200, 236, 16)

    strip = TileCache(200, 2, paint)
    streaks = np.zeros(200)
    for frame in range(4):
        out = new_planes(200, 2, GROUND)
        strip.scroll(out, (0, 0), 200, 100 + 20.0 * frame, 20.0)
        streaks += out.luma[0].astype(float) - 16
    middle = streaks[45:95]
    assert middle.min() > 0
    assert middle.max() / middle.min() < 1.5


def test_a_strip_keeps_no_more_than_a_screenful_and_a_few_tiles() -> None:
    strip = TileCache(1920, 4, paint_numbers)
    out = new_planes(1920, 4, GROUND)
    for column in range(0, 200_000, 1500):
        strip.copy(out, (0, 0), 1920, column)
    assert strip._planes.width <= 1920 + 8 * 256
