from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from pipeline.film.timeline.scroll import Axis, ScrollLaw, axis_coordinate

axes = st.sampled_from(["linear", "log"])


@st.composite
def key_points(draw: st.DrawFn) -> list[tuple[int, int]]:
    gaps = draw(st.lists(st.integers(1, 2000), min_size=1, max_size=20))
    steps = draw(st.lists(st.integers(0, 50_000), min_size=len(gaps), max_size=len(gaps)))
    frames = np.cumsum(gaps) + draw(st.integers(0, 10_000))
    iterations = np.cumsum(steps)
    return [(int(frame), int(iteration)) for frame, iteration in zip(frames, iterations, strict=True)]


def positions(law: ScrollLaw, frames: ArrayLike) -> NDArray[np.float64]:
    """The axis coordinate at each frame."""
    return np.asarray(law._curve(np.clip(np.asarray(frames, dtype=np.float64), law._first, law._last)))


def speeds(law: ScrollLaw, frames: ArrayLike) -> NDArray[np.float64]:
    """The speed at each frame, in axis coordinates a frame."""
    return np.asarray(law._curve.derivative()(np.clip(np.asarray(frames, dtype=np.float64), law._first, law._last)))


@settings(deadline=None, max_examples=60)
@given(key_points(), axes)
def test_it_stands_exactly_on_every_key_point(points: list[tuple[int, int]], axis: Axis) -> None:
    law = ScrollLaw(points, axis=axis)
    expected = axis_coordinate([iteration for _, iteration in points], axis)
    np.testing.assert_allclose(positions(law, [frame for frame, _ in points]), expected, rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=60)
@given(key_points(), axes)
def test_it_never_goes_back_and_never_leaves_the_range(points: list[tuple[int, int]], axis: Axis) -> None:
    law = ScrollLaw(points, axis=axis)
    frames = np.linspace(points[0][0] - 50, points[-1][0] + 50, 4000)
    places = positions(law, frames)
    scale = max(1.0, float(places[-1]))
    assert np.all(np.diff(places) >= -1e-12 * scale)
    low, high = axis_coordinate([points[0][1], points[-1][1]], axis)
    assert low - 1e-9 * scale <= places.min() <= places.max() <= high + 1e-9 * scale


@settings(deadline=None, max_examples=60)
@given(key_points(), axes)
def test_its_speed_has_no_jumps_and_is_zero_at_both_ends(points: list[tuple[int, int]], axis: Axis) -> None:
    law = ScrollLaw(points, axis=axis)
    frames = np.array([frame for frame, _ in points], dtype=np.float64)
    places = axis_coordinate([iteration for _, iteration in points], axis)
    scale = max(1e-9, float(np.max(np.diff(places) / np.diff(frames), initial=0.0)))
    nearby = 1e-6
    np.testing.assert_allclose(speeds(law, frames - nearby), speeds(law, frames + nearby), atol=1e-4 * scale)
    np.testing.assert_allclose(speeds(law, [frames[0] - 5, frames[0], frames[-1], frames[-1] + 5]), 0.0, atol=1e-12)


@settings(deadline=None, max_examples=60)
@given(key_points(), axes)
def test_its_iterations_are_those_of_the_key_points_and_never_fall(points: list[tuple[int, int]], axis: Axis) -> None:
    law = ScrollLaw(points, axis=axis)
    assert law.iterations([frame for frame, _ in points]).tolist() == [iteration for _, iteration in points]
    frames = np.linspace(points[0][0] - 50, points[-1][0] + 50, 4000)
    iterations = law.iterations(frames)
    assert np.all(np.diff(iterations) >= -1e-9 * max(1.0, points[-1][1]))
    assert points[0][1] <= iterations.min() <= iterations.max() <= points[-1][1]
    np.testing.assert_allclose(axis_coordinate(iterations, axis), positions(law, frames), rtol=1e-9, atol=1e-9)


def test_short_takes_make_it_faster_than_long_ones() -> None:
    law = ScrollLaw([(0, 0), (10, 1000), (210, 2000), (300, 2500)])
    assert speeds(law, 5.0) > 5 * speeds(law, 110.0)


def test_a_single_key_point_stands_still() -> None:
    np.testing.assert_array_equal(positions(ScrollLaw([(30, 700)]), [0, 30, 900]), [700.0, 700.0, 700.0])


@pytest.mark.parametrize("points", [[], [(5, 1), (5, 2)], [(5, 2), (6, 1)]])
def test_key_points_out_of_order_are_refused(points: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="key point"):
        ScrollLaw(points)
