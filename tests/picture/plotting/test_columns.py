import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.columns import Binning, column_quantiles, reduce_columns

SCALES: list[Scale] = ["linear", "log", "log1p"]
series = hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(-100, 100, width=32))


def slow_columns(x: np.ndarray, y: np.ndarray, axis: Axis) -> list[np.ndarray]:
    position = axis.position_px(x)
    kept = np.isfinite(position) & np.isfinite(y) & (position >= 0) & (position <= axis.length_px)
    column = np.minimum(position[kept].astype(int), axis.length_px - 1)
    return [y[kept][column == which] for which in range(axis.length_px)]


@settings(deadline=None, max_examples=60)
@given(x=series, seed=st.integers(0, 99), scale=st.sampled_from(SCALES), columns=st.integers(1, 40))
def test_points_are_reduced_as_a_slow_loop_would(x: np.ndarray, seed: int, scale: Scale, columns: int) -> None:
    y = np.random.default_rng(seed).normal(size=x.size)
    y[::7] = np.nan
    axis = Axis(0.5, 60.0, columns, scale)
    gathering = Binning(axis)
    gathering.add(x, y)
    found = gathering.points()
    for which, inside in enumerate(slow_columns(x, y, axis)):
        assert found.count[which] == inside.size
        if inside.size:
            assert found.lowest[which] == inside.min()
            assert found.highest[which] == inside.max()
            assert found.mean[which] == pytest.approx(inside.mean())
        else:
            assert np.isnan([found.lowest[which], found.highest[which], found.mean[which]]).all()


@settings(deadline=None, max_examples=40)
@given(x=series, seed=st.integers(0, 99))
def test_the_order_of_points_does_not_matter(x: np.ndarray, seed: int) -> None:
    x = np.unique(np.round(x, 3))
    rng = np.random.default_rng(seed)
    y = rng.normal(size=x.size)
    axis = Axis(-100.0, 100.0, 50)
    order = rng.permutation(x.size)
    straight, shuffled = (reduce_columns(x[o], y[o], axis, gap_px=math.inf) for o in (np.arange(x.size), order))
    for name in ("lowest", "highest", "mean"):
        np.testing.assert_allclose(getattr(straight, name), getattr(shuffled, name), atol=1e-9)


def test_a_single_spike_among_a_million_points_is_the_highest_of_its_column() -> None:
    y = np.random.default_rng(0).normal(size=1_000_000)
    y[123_456] = 50.0
    found = reduce_columns(np.arange(y.size), y, Axis(0, y.size, 1000))
    assert found.highest[123] == 50.0
    assert np.nanmax(np.delete(found.highest, [123])) < 10.0
    np.testing.assert_allclose(found.mean, y.reshape(1000, 1000).mean(axis=1), atol=5e-3)


def test_two_points_are_joined_by_an_exact_straight_line() -> None:
    found = reduce_columns([0.0, 10.0], [0.0, 5.0], Axis(0.0, 10.0, 20))
    np.testing.assert_allclose(found.mean, (np.arange(20) + 0.5) / 4)
    np.testing.assert_allclose(found.lowest, np.arange(20) / 4)
    np.testing.assert_allclose(found.highest, (np.arange(20) + 1) / 4)
    assert found.count.sum() == 2


def test_a_line_is_straight_on_the_axis_that_it_is_drawn_on() -> None:
    y_axis = Axis(1.0, 1000.0, 30, "log")
    found = reduce_columns([0.0, 10.0], [1.0, 1000.0], Axis(0.0, 10.0, 20), y_axis=y_axis)
    np.testing.assert_allclose(y_axis.position_px(found.mean), (np.arange(20) + 0.5) * 1.5)
    np.testing.assert_allclose(y_axis.position_px(found.highest), (np.arange(20) + 1) * 1.5)


def test_a_line_runs_on_to_points_beside_the_axis() -> None:
    found = reduce_columns([-50.0, -5.0, 5.0, 20.0, 90.0], [9.0, -5.0, 5.0, 20.0, 9.0], Axis(0.0, 10.0, 10))
    np.testing.assert_allclose(found.mean, np.arange(10) + 0.5)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_a_stretch_without_values_stays_empty() -> None:
    y = np.ones(100_000)
    y[20_000:40_000] = np.nan
    found = reduce_columns(np.arange(y.size), y, Axis(0, y.size, 1000))
    assert np.flatnonzero(~found.filled).tolist() == list(range(200, 400))


@pytest.mark.parametrize("scale", SCALES)
def test_values_on_every_thousandth_line_are_one_unbroken_line(scale: Scale) -> None:
    y = np.full(50_001, np.nan)
    y[::1000] = 2.0
    found = reduce_columns(np.arange(y.size), y, Axis(1000, 50_000, 2000, scale))
    assert found.filled.all()


def test_points_that_grow_ever_sparser_are_one_unbroken_line() -> None:
    x = np.power(10.0, np.arange(0, 6, 0.5))
    assert reduce_columns(x, x, Axis(1, x[-1], 1000)).filled.all()


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_randomly_spread_points_are_one_unbroken_line(seed: int) -> None:
    x = np.sort(np.random.default_rng(seed).uniform(0, 1, 500))
    pauses = np.diff(x)
    assume(pauses.max() < 8 * pauses.mean())  # where chance makes a longer one, it may be taken for a break
    assert reduce_columns(x, x, Axis(x[0], x[-1], 4000)).filled.all()


def test_a_wanted_gap_breaks_and_an_infinite_one_joins() -> None:
    x = np.concatenate([np.arange(100), np.arange(500, 600)])
    axis = Axis(0, 600, 600)
    assert not reduce_columns(x, x, axis).filled[150:450].any()
    assert reduce_columns(x, x, axis, gap_px=math.inf).filled[:599].all()
    assert reduce_columns(x, x, axis, gap_px=0).filled.sum() == 200


def test_repeated_x_is_no_reason_to_break_the_line() -> None:
    x = np.repeat(np.arange(20), 1000)
    assert reduce_columns(x, np.ones(x.size), Axis(0, 19, 500)).filled.all()


@settings(deadline=None, max_examples=30)
@given(x=series, seed=st.integers(0, 99), columns=st.integers(1, 12))
def test_quantiles_agree_with_numpy(x: np.ndarray, seed: int, columns: int) -> None:
    y = np.random.default_rng(seed).normal(size=x.size)
    axis = Axis(-80.0, 80.0, columns)
    shares = [0.0, 0.1, 0.5, 1.0]
    found = column_quantiles(x, y, axis, shares)
    for which, inside in enumerate(slow_columns(x, y, axis)):
        expected = np.quantile(inside, shares) if inside.size else np.full(4, np.nan)
        np.testing.assert_allclose(found[:, which], expected)


@pytest.mark.parametrize("scale", SCALES)
def test_positions_and_values_are_inverse(scale: Scale) -> None:
    axis = Axis(0.25, 4e5, 16_383, scale)
    pixels = np.linspace(0, 16_383, 100)
    np.testing.assert_allclose(axis.position_px(axis.value_at_px(pixels)), pixels, atol=1e-6)


@pytest.mark.parametrize(
    ("first", "last", "length", "scale"), [(1, 1, 5, "linear"), (0, 1, 5, "log"), (0, 1, 0, "linear")]
)
def test_an_impossible_axis_is_refused(first: float, last: float, length: int, scale: Scale) -> None:
    with pytest.raises(ValueError, match="axis"):
        Axis(first, last, length, scale)


def test_series_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        reduce_columns([1.0, 2.0], [1.0], Axis(0, 1, 5))
