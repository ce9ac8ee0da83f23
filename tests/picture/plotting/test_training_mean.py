"""The line of the mean through a training loss shows learning, not which part of the recording was read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.picture.plotting.axis import Axis
from pipeline.picture.plotting.training_mean import pass_mean, smoothed, training_mean

NOISE_BITS = 0.05


def learning(epochs: np.ndarray) -> np.ndarray:
    """A loss without noise or text: it falls steeply, then ever more slowly."""
    return 3 + 5 * np.exp(-epochs / 0.03) + 1 / (1 + epochs)


def logged(passes: float, updates: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses of so many passes of so many updates, and the epoch at each."""
    epochs = np.arange(1, int(passes * updates) + 1) / updates
    text = 0.4 * np.sin(2 * np.pi * epochs) + 0.2 * np.sin(6 * np.pi * epochs + 1) + 0.3 * (epochs % 1 > 0.7) - 0.09
    noise = NOISE_BITS * np.random.default_rng(0).standard_normal(epochs.size)
    return learning(epochs) + text + noise, epochs


@pytest.mark.parametrize(
    ("passes", "updates", "most"), [(1.3, 500, 0.06), (1.9, 500, 0.06), (2.4, 500, 0.1), (5, 20, 0.2), (35, 900, 0.03)]
)
def test_after_a_pass_the_mean_shows_learning_and_not_the_text(passes: float, updates: int, most: float) -> None:
    losses, epochs = logged(passes, updates)
    apart = np.abs(pass_mean(losses, epochs) - learning(epochs))
    late = epochs > max(1.0, passes / 2)
    assert np.abs(losses - learning(epochs))[late].max() > 0.4  # what the text does to the losses themselves
    assert apart[late].max() < most


def test_a_loss_that_drops_in_the_last_half_pass_does_so_in_its_mean() -> None:
    losses, epochs = logged(4, 500)
    drop = np.clip(epochs - 3.7, 0, None)
    means = pass_mean(losses - drop, epochs)
    assert means[-1] == pytest.approx(learning(epochs[-1]) - 0.3, abs=0.06)


def test_the_first_fall_is_not_blurred() -> None:
    losses, epochs = logged(5, 2000)
    first = epochs < 0.05
    assert np.abs(pass_mean(losses, epochs) - losses)[first].max() < 5 * NOISE_BITS


@pytest.mark.parametrize("passes", [0.2, 0.99])
def test_before_there_is_a_pass_losses_stay_as_they_are(passes: float) -> None:
    losses, epochs = logged(passes, 400)
    assert np.array_equal(pass_mean(losses, epochs), losses)


def test_without_epochs_or_with_ones_of_no_use_losses_stay_as_they_are() -> None:
    losses, epochs = logged(3, 100)
    for useless in (np.zeros(0), epochs[::-1], np.full(epochs.size, np.nan), np.zeros(epochs.size), epochs * 50):
        assert np.array_equal(pass_mean(losses, useless), losses)


def test_what_is_not_known_stays_so_and_spoils_nothing() -> None:
    losses, epochs = logged(3, 200)
    holes = losses.copy()
    holes[250:260] = np.nan
    means = pass_mean(holes, epochs)
    assert np.array_equal(np.isnan(means), np.isnan(holes))
    assert np.nanmax(np.abs(means - pass_mean(losses, epochs))) < 0.1


@given(
    losses=st.lists(st.floats(0.0, 20.0), min_size=0, max_size=60), passes=st.floats(0.1, 30.0), first=st.floats(0, 9)
)
@settings(deadline=None, max_examples=60)
def test_any_losses_have_a_mean_between_them(losses: list[float], passes: float, first: float) -> None:
    values = np.array(losses)
    means = pass_mean(values, first + np.arange(1, values.size + 1) * passes / max(values.size, 1))
    assert means.shape == values.shape
    assert np.isfinite(means).all()


def test_a_constant_loss_is_its_own_mean_on_any_axis() -> None:
    steps = np.arange(1, 1001)
    for scale in ("linear", "log1p"):
        mean = training_mean(steps, np.full(1000, 4.0), steps / 300, Axis(0, 1000, 200, scale), 3.0)  # type: ignore[arg-type]
        assert mean[~np.isnan(mean)] == pytest.approx(4.0)


def test_smoothing_keeps_the_first_value_constants_and_gaps() -> None:
    values = np.concatenate([[np.nan] * 3, 8 * np.exp(-np.arange(200) / 5), [np.nan] * 2])
    out = smoothed(values, 8.0)
    assert out[3] == pytest.approx(8.0)
    assert np.array_equal(np.isnan(out), np.isnan(values))
    assert smoothed(np.full(50, 3.0), 4.0) == pytest.approx(np.full(50, 3.0))


@given(values=st.lists(st.floats(0.0, 8.0), min_size=0, max_size=60), sigma=st.floats(0.5, 30.0))
@settings(deadline=None, max_examples=60)
def test_a_curve_of_any_few_columns_can_be_smoothed(values: list[float], sigma: float) -> None:
    out = smoothed(np.array(values), sigma)
    assert out.shape == (len(values),)
    assert np.isfinite(out).all()
