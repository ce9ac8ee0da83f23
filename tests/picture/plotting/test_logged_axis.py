"""The axis of losses of any size and sign."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.picture.plotting.logged_axis import logged_axis


def test_losses_below_0_lie_within_the_axis() -> None:
    axis = logged_axis(np.linspace(5.0, -20.0, 400), 300)
    assert axis.scale == "linear"
    assert axis.first < -20
    assert axis.last > 5


def test_losses_over_orders_of_magnitude_are_logarithmic() -> None:
    axis = logged_axis(np.geomspace(1e6, 1e-2, 400), 300)
    assert axis.scale == "log"
    assert axis.first < 1e-2
    assert axis.last > 1e6


def test_a_spike_does_not_set_the_scale() -> None:
    losses = np.linspace(2.0, 1.0, 1000)
    losses[500] = 1e9
    assert logged_axis(losses, 300).last < 3


@pytest.mark.parametrize("value", [0.0, -3.0, 1e12, 1e-9])
def test_a_flat_loss_has_an_axis(value: float) -> None:
    axis = logged_axis(np.full(10, value), 200)
    assert axis.first < value < axis.last


def test_one_spike_among_few_values_does_not_set_the_scale() -> None:
    losses = np.linspace(-2.0, -3.0, 20)
    losses[10] = 4e9
    axis = logged_axis(losses, 300)
    assert axis.first < -3
    assert -2 < axis.last < 0


def test_losses_that_fall_by_orders_of_magnitude_in_few_steps_are_all_shown() -> None:
    axis = logged_axis(np.array([1e4, 1e3, 100.0, 10.0, 1.0]), 300)
    assert axis.scale == "log"
    assert axis.first < 1
    assert axis.last > 1e4


def test_a_single_value_beside_a_flat_loss_is_shown() -> None:
    axis = logged_axis(np.array([0.0] * 9 + [10.0]), 300)
    assert axis.last > 10
