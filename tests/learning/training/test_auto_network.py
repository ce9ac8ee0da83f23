"""The network that is chosen for the time that there is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.learning.models.network import LstmSettings
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.auto_network import (
    AUTO,
    choose_network,
    keep_choice,
    kept_choice,
    measured_speed,
    network_of,
)

HOUR_OF_BYTES = 3600 * 8000


@given(st.floats(0.1, 600), st.floats(1e9, 1e13), st.floats(1.5, 20))
def test_more_time_or_a_quicker_machine_never_gets_a_smaller_network(minutes: float, speed: float, more: float) -> None:
    short = choose_network(TrainingSettings(minutes=minutes), HOUR_OF_BYTES, speed).network
    long = choose_network(TrainingSettings(minutes=minutes * more), HOUR_OF_BYTES, speed).network
    quick = choose_network(TrainingSettings(minutes=minutes), HOUR_OF_BYTES, speed * more).network
    assert short.neurons <= long.neurons == quick.neurons or short.neurons <= min(long.neurons, quick.neurons)


@given(st.floats(0.1, 6000), st.integers(40_000, 100_000_000))
def test_a_short_recording_is_not_given_more_parameters_than_bytes(minutes: float, train_bytes: int) -> None:
    network = choose_network(TrainingSettings(minutes=minutes), train_bytes, 1e12).network
    assert network.neurons == 64 or network.parameters <= train_bytes


def test_eight_minutes_on_an_ordinary_core_get_a_network_that_they_can_train() -> None:
    choice = choose_network(TrainingSettings(minutes=8), 180 * 8000, 35e9)
    assert choice.network.neurons == 128
    assert "8 minutes at 35 GFLOP/s (16.8 TFLOP)" in choice.reason


def test_a_length_in_epochs_counts_as_a_usual_training() -> None:
    by_epochs = choose_network(TrainingSettings(epochs=20), HOUR_OF_BYTES, 35e9)
    assert by_epochs.network == choose_network(TrainingSettings(minutes=8), HOUR_OF_BYTES, 35e9).network


def test_a_choice_is_kept_for_its_corpus_alone(tmp_path: Path) -> None:
    choice = choose_network(TrainingSettings(minutes=8), HOUR_OF_BYTES, 35e9)
    assert kept_choice(tmp_path, "a" * 64) is None
    keep_choice(tmp_path, "a" * 64, choice)
    assert kept_choice(tmp_path, "a" * 64) == choice
    assert network_of(AUTO, tmp_path, "a" * 64) == choice.network
    assert network_of(AUTO, tmp_path, "b" * 64) is None


@pytest.mark.parametrize("text", ["", "{}", '{"network": {"kind": "lstm"}}', "[" * 100_000, "\xff"])
def test_a_spoiled_choice_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / f"{'a' * 24}.json").write_text(text, encoding="utf-8")
    assert kept_choice(tmp_path, "a" * 64) is None


def test_what_a_person_has_set_is_not_chosen(tmp_path: Path) -> None:
    own = LstmSettings(neurons=33)
    assert network_of(own, tmp_path, "a" * 64) == own


def test_speed_is_measured_and_of_a_possible_size() -> None:
    assert 1e8 < measured_speed("cpu", 1) < 1e14
