import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.errors import BuildVideoError, ProductionError, TrainingError
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.training import loop as trainer
from pipeline.learning.training.loop import train
from pipeline.learning.training.loss_log import read_columns
from pipeline.learning.training.run import TrainingRun
from pipeline.learning.training.training import Training
from tests.learning.training.trainings import TINY_LSTM, TINY_TIERED, Listener, training

KINDS: list[tuple[LstmSettings | TieredSettings, dict[str, Any]]] = [
    (TINY_LSTM, {"recipe": "torch-rnn", "iterations": 50, "checkpoint_every": 20}),
    (TINY_TIERED, {"recipe": "modern", "iterations": 50, "checkpoints": 5}),
    (TINY_LSTM, {"recipe": "modern", "iterations": 36, "checkpoints": 4, "precision": "bfloat16"}),
]


def result_of(run: TrainingRun, folder: Path) -> tuple[TrainingRun, str, list[bytes]]:
    """Everything that a training leaves."""
    weights = [(folder / facts.weights_file).read_bytes() for facts in run.checkpoints]
    return run, (folder / run.log_file).read_text(), weights


@pytest.mark.parametrize(("network", "settings"), KINDS)
def test_training_logs_every_iteration_and_keeps_checkpoints_that_can_be_loaded(
    tmp_path: Path, network: LstmSettings | TieredSettings, settings: dict[str, Any]
) -> None:
    run = train(training(tmp_path, network, **settings))
    lines = read_columns(tmp_path / run.log_file)
    iterations, training_loss, validation_loss = lines[:, 0], lines[:, 4], lines[:, 5]
    assert iterations.tolist() == list(range(run.iterations + 1))
    assert iterations[np.isnan(training_loss)].tolist() == [0]
    judged = {int(row[0]): row[5] for row in lines[np.isfinite(validation_loss)]}
    assert list(judged) == [facts.iteration for facts in run.checkpoints]
    for facts in run.checkpoints:
        loaded = load_checkpoint(tmp_path / facts.json_file)
        assert loaded.network == network
        assert loaded.record.validation_loss_nats == facts.validation_loss_nats
        assert judged[facts.iteration] == pytest.approx(facts.validation_loss_nats, abs=1e-6)
    assert run.last_validation_nats < run.first_validation_nats
    assert run.elapsed_s == 0.0


@pytest.mark.parametrize(("network", "settings"), KINDS)
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    tmp_path: Path, network: LstmSettings | TieredSettings, settings: dict[str, Any]
) -> None:
    undisturbed = training(tmp_path / "whole", network, **settings)
    expected = result_of(train(undisturbed), undisturbed.folder)
    stopped = replace(undisturbed, folder=tmp_path / "stopped", save_every_s=0.0)
    stopped.folder.mkdir()
    for stop_at in (5.0, 19.0, 31.0):
        with pytest.raises(KeyboardInterrupt):
            train(replace(stopped, report=Listener(stop_at)))
    assert result_of(train(stopped), stopped.folder) == expected


def _train_one_thread(order: Training) -> None:
    torch.set_num_threads(1)
    train(order)


@pytest.mark.parametrize(("network", "settings"), KINDS[:2])
def test_a_training_killed_at_random_moments_ends_as_if_it_had_not_been(
    tmp_path: Path, network: LstmSettings | TieredSettings, settings: dict[str, Any]
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.learning.training.loop"])
    undisturbed = training(tmp_path / "whole", network, **settings)
    expected = result_of(train(undisturbed), undisturbed.folder)
    killed = replace(undisturbed, folder=tmp_path / "killed", save_every_s=0.0)
    killed.folder.mkdir()
    rng = random.Random(4)
    for _ in range(3):
        process = context.Process(target=_train_one_thread, args=(killed,))
        process.start()
        state = killed.folder / trainer.STATE_FILE
        while not state.exists() and process.is_alive():
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    assert result_of(train(killed), killed.folder) == expected


def test_a_state_that_was_damaged_is_not_trusted(tmp_path: Path) -> None:
    order = training(tmp_path / "whole", TINY_LSTM, iterations=12, checkpoints=3)
    expected = result_of(train(order), order.folder)
    again = replace(order, folder=tmp_path / "damaged")
    again.folder.mkdir()
    (again.folder / trainer.STATE_FILE).write_bytes(b"\x10\0\0\0\0\0\0\0nonsense nonsense")
    assert result_of(train(again), again.folder) == expected


def test_the_weights_that_speak_are_averages_where_the_recipe_has_them(tmp_path: Path) -> None:
    run = train(training(tmp_path, TINY_TIERED, iterations=30, checkpoints=2))
    spoken = load_checkpoint(tmp_path / run.checkpoints[-1].json_file).weights["condition.weight"]
    state = trainer.load_state(tmp_path / trainer.STATE_FILE)
    assert state is not None
    assert not np.array_equal(spoken, state[1]["weights.condition.weight"].numpy())


def test_a_diverging_training_stops_and_names_the_iteration(tmp_path: Path) -> None:
    order = training(tmp_path, TINY_LSTM, recipe="torch-rnn", iterations=400, checkpoint_every=10, learning_rate=10.0)
    with pytest.raises(TrainingError, match="diverged at iteration") as caught:
        train(order)
    assert "learning_rate = 5" in caught.value.hint
    assert "weights-000" in caught.value.where
    for path in tmp_path.glob("weights-*.json"):
        load_checkpoint(path)


def test_a_diverging_training_may_step_back_and_halve_its_learning_rate(tmp_path: Path) -> None:
    listener = Listener()
    order = training(
        tmp_path, TINY_LSTM, report=listener, recipe="torch-rnn", iterations=120, checkpoint_every=10,
        learning_rate=1.0, max_rollbacks=10,
    )  # fmt: skip
    run = train(order)
    assert any("times the learning rate" in warning for warning in run.warnings)
    assert read_columns(tmp_path / run.log_file)[:, 0].tolist() == list(range(121))


def test_costs_are_told_before_training(tmp_path: Path) -> None:
    listener = Listener()
    train(training(tmp_path, TINY_LSTM, report=listener, iterations=60, checkpoints=3, clock="wall"))
    arithmetic, costs = listener.notes
    assert "float32" in arithmetic or "bfloat16" in arithmetic
    assert "60 iterations" in costs
    assert "about " in costs
    assert "MiB of memory" in costs


def test_minutes_are_counted_across_an_interruption(tmp_path: Path) -> None:
    settings = {"minutes": 0.01, "clock": "wall", "checkpoints": 3}
    order = training(tmp_path, TINY_LSTM, report=Listener(stop_at=5), **settings)
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, save_every_s=0.0))
    state = trainer.load_state(tmp_path / trainer.STATE_FILE)
    assert state is not None
    run = train(replace(order, report=Listener()))
    assert run.iterations > state[0].iteration
    assert run.elapsed_s > 0.8 * 60 * 0.01
    assert state[0].elapsed_s < run.elapsed_s


def test_a_training_larger_than_the_memory_is_refused_before_it_begins(tmp_path: Path) -> None:
    order = training(tmp_path, LstmSettings(layers=8, neurons=4096), batch=4096, sequence=4096)
    with pytest.raises(TrainingError, match="GiB of memory"):
        train(order)


def test_cuda_without_a_gpu_is_told(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ProductionError, match="no GPU"):
        train(training(tmp_path, TINY_LSTM, device="cuda", iterations=2))


def test_a_corpus_too_short_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(BuildVideoError) as caught:
        train(training(tmp_path, TINY_LSTM, batch=512, sequence=512, iterations=2))
    assert caught.value.exit_code == 2


def test_the_bugs_of_2016_change_the_course(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"recipe": "torch-rnn", "epochs": 6, "batch": 40, "sequence": 60, "checkpoint_every": 18}
    plain = train(training(tmp_path / "plain", TINY_LSTM, **settings))
    bugs = train(training(tmp_path / "bugs", TINY_LSTM, **settings, bugs_of_2016=True))
    assert plain.checkpoints[1] == bugs.checkpoints[1]
    assert plain.last_validation_nats != bugs.last_validation_nats
