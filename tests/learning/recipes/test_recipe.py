import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.errors import ProductionError
from pipeline.learning.recipes.recipe import (
    TrainingSettings,
    checkpoint_iterations,
    planned_iterations,
    rate_share_at,
    resolve,
)


def test_the_faithful_recipe_has_the_defaults_of_torch_rnn() -> None:
    recipe = resolve(TrainingSettings(recipe="torch-rnn"))
    assert (recipe.batch, recipe.sequence, recipe.learning_rate) == (50, 50, 2e-3)
    assert (recipe.betas, recipe.epsilon, recipe.weight_decay) == ((0.9, 0.999), 1e-8, 0.0)
    assert (recipe.clip, recipe.clip_at, recipe.halve_every_epochs) == ("value", 5.0, 5)
    assert (recipe.average, recipe.matrix_learning_rate, recipe.mixed_precision) == (0.0, 0.0, False)


def test_the_faithful_learning_rate_is_halved_every_five_epochs() -> None:
    recipe = resolve(TrainingSettings(recipe="torch-rnn"))
    rates = [recipe.learning_rate * rate_share_at(recipe, iteration, 1000, 10.0) for iteration in (1, 50, 51, 100, 101)]
    assert rates == [2e-3, 2e-3, 1e-3, 1e-3, 5e-4]


def test_with_the_bugs_of_2016_it_is_halved_an_epoch_early() -> None:
    recipe = resolve(TrainingSettings(recipe="torch-rnn", bugs_of_2016=True))
    rates = [recipe.learning_rate * rate_share_at(recipe, iteration, 1000, 10.0) for iteration in (1, 39, 40, 89, 90)]
    assert rates == [2e-3, 2e-3, 1e-3, 1e-3, 5e-4]


@given(st.integers(1, 5000))
@settings(deadline=None, max_examples=50)
def test_the_modern_learning_rate_is_never_zero_nor_above_its_peak(total: int) -> None:
    recipe = resolve(TrainingSettings())
    rates = [
        recipe.learning_rate * rate_share_at(recipe, i, total, 10.0)
        for i in {1, 2, total // 2, total}
        if 1 <= i <= total
    ]
    assert all(0 < rate <= recipe.learning_rate for rate in rates)


@given(st.integers(1, 100_000), st.integers(2, 200))
@settings(deadline=None, max_examples=100)
def test_checkpoints_grow_sparser_from_the_beginning_to_the_end(total: int, count: int) -> None:
    chosen = checkpoint_iterations(TrainingSettings(checkpoints=count), total)
    assert chosen[0] == 0
    assert chosen[-1] == total
    assert list(chosen) == sorted(set(chosen))
    assert len(chosen) <= max(count, 2)
    if total >= 100 * count:
        assert len(chosen) == count
        assert chosen[-1] - chosen[-2] >= chosen[1] - chosen[0]


def test_checkpoints_at_equal_distances_include_both_ends() -> None:
    assert checkpoint_iterations(TrainingSettings(checkpoint_every=40), 100) == (0, 40, 80, 100)


def test_the_faithful_recipe_makes_a_checkpoint_every_thousand_iterations() -> None:
    assert checkpoint_iterations(TrainingSettings(recipe="torch-rnn"), 74_000)[:3] == (0, 1000, 2000)


def test_a_first_checkpoint_beyond_the_end_is_refused() -> None:
    with pytest.raises(ProductionError, match="after 500 iterations, but training ends after 100"):
        checkpoint_iterations(TrainingSettings(checkpoint_every=500), 100)
    with pytest.raises(ValidationError, match="beyond the end"):
        TrainingSettings(checkpoint_every=500, iterations=100)


def test_training_ends_at_the_first_limit() -> None:
    assert planned_iterations(TrainingSettings(epochs=2, iterations=1000), 30.0, None) == 60
    assert planned_iterations(TrainingSettings(epochs=2, iterations=10), 30.0, None) == 10
    assert planned_iterations(TrainingSettings(minutes=1), 30.0, 5.0) == 300
    assert planned_iterations(TrainingSettings(), 30.0, None) == 600


def test_minutes_without_a_clock_are_refused() -> None:
    with pytest.raises(ValidationError, match="minutes need a clock"):
        TrainingSettings(minutes=1, clock="none")


def test_a_sequence_that_is_no_whole_number_of_groups_is_refused() -> None:
    with pytest.raises(ProductionError, match="groups of 6"):
        resolve(TrainingSettings(sequence=50), group=6)
    assert resolve(TrainingSettings(), group=6).sequence % 6 == 0
