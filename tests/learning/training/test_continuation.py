"""Longer and shorter trainings out of one that is there."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.learning.models.network import LstmSettings
from pipeline.learning.training.continuation import prolong, shorten
from pipeline.learning.training.loop import train
from pipeline.learning.training.loss_log import read_columns
from pipeline.learning.training.run import CONTINUE_FILE, RECORD_FILE, STATE_FILE
from pipeline.learning.training.state_file import load_state
from pipeline.learning.training.training import Training
from tests.learning.training.trainings import TINY_LSTM, TINY_TIERED, Listener, training

SMALLEST = LstmSettings(layers=1, neurons=8, embedding=4, dropout=0.2)


def trained(order: Training) -> Training:
    (order.folder / RECORD_FILE).write_text(train(order).model_dump_json(), encoding="utf-8")
    return order


def of_length(order: Training, folder: Path, **length: object) -> Training:
    folder.mkdir()
    return replace(order, folder=folder, settings=order.settings.model_copy(update=length))


def result_of(order: Training) -> list[bytes]:
    run = train(order)
    return [
        (order.folder / run.log_file).read_bytes(),
        *((order.folder / facts.weights_file).read_bytes() for facts in run.checkpoints),
    ]


@pytest.mark.parametrize("settings", [{"recipe": "modern"}, {"recipe": "torch-rnn"}])
def test_a_training_made_longer_ends_as_if_it_had_been_so_long_from_the_beginning(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    own = {"iterations": 500, "checkpoint_every": 100, "batch": 12, "learning_rate": 1e-3, **settings}
    short = trained(training(tmp_path / "short", SMALLEST, **own))
    expected = result_of(of_length(short, tmp_path / "whole", iterations=700))
    longer = of_length(short, tmp_path / "longer", iterations=700)
    assert prolong(short.folder, longer.folder) == (300 if settings["recipe"] == "modern" else 500)
    assert result_of(longer) == expected


def test_an_interrupted_training_is_gone_on_from_too(tmp_path: Path) -> None:
    order = training(
        tmp_path / "short", TINY_TIERED, iterations=500, checkpoint_every=50, batch=64, report=Listener(stop_at=130)
    )
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, save_every_s=0.0))
    longer = of_length(order, tmp_path / "longer", iterations=600)
    begun = prolong(order.folder, longer.folder)
    assert begun >= 100
    run = train(replace(longer, report=Listener()))
    assert run.iterations == 600
    assert [facts.iteration for facts in run.checkpoints][:3] == [0, 50, 100]


def test_where_the_learning_rate_has_begun_to_fall_the_state_before_is_taken(tmp_path: Path) -> None:
    order = training(
        tmp_path / "short", TINY_TIERED, iterations=100, checkpoint_every=20, batch=64, report=Listener(stop_at=81)
    )
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, save_every_s=0.0))
    assert prolong(order.folder, of_length(order, tmp_path / "longer", iterations=200).folder) == 60


def test_a_training_made_shorter_is_the_first_part_of_it(tmp_path: Path) -> None:
    long = trained(training(tmp_path / "long", TINY_TIERED, iterations=100, checkpoint_every=20, batch=64))
    short = of_length(long, tmp_path / "short", iterations=50)
    run = shorten(long.folder, short.folder, short)
    assert run is not None
    assert [facts.iteration for facts in run.checkpoints] == [0, 20, 40]
    assert run.iterations == 40
    assert run.last_validation_nats == run.checkpoints[-1].validation_loss_nats
    assert list(read_columns(short.folder / run.log_file)[:, 0]) == list(range(41))
    for facts in run.checkpoints:
        own = short.folder / facts.weights_file
        assert own.read_bytes() == (long.folder / facts.weights_file).read_bytes()


def test_what_reaches_less_far_is_no_shorter_training(tmp_path: Path) -> None:
    long = trained(training(tmp_path / "long", TINY_TIERED, iterations=40, checkpoint_every=20, batch=64))
    longer = of_length(long, tmp_path / "longer", iterations=60)
    assert shorten(long.folder, longer.folder, longer) is None
    assert not list(longer.folder.iterdir())


def test_what_was_damaged_is_not_gone_on_from(tmp_path: Path) -> None:
    short = trained(training(tmp_path / "short", TINY_LSTM, iterations=40, checkpoint_every=20, batch=64))
    stored = load_state(short.folder / CONTINUE_FILE)
    assert stored is not None
    assert stored[0].iteration == stored[0].decay_from == 24
    (short.folder / "weights-000020.safetensors").write_bytes(b"other bytes")
    longer = of_length(short, tmp_path / "longer", iterations=60)
    (short.folder / STATE_FILE).unlink()
    assert prolong(short.folder, longer.folder) == 0
    assert not list(longer.folder.iterdir())
