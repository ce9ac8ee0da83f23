"""One network over several processes: the losses of one process with the whole batch, stops and errors included."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from pipeline.errors import ProductionError, TrainingError, WorkerError
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.training import parallel
from pipeline.learning.training.loop import train
from tests.learning.training.trainings import TINY_LSTM, TINY_TIERED, Listener, training

LSTM = TINY_LSTM.model_copy(update={"dropout": 0.0})
TIERED = TINY_TIERED.model_copy(update={"dropout": 0.0})
LENGTH = {"iterations": 9, "checkpoint_every": 3}


def losses(folder: Path) -> list[list[float]]:
    """Training and validation loss of each line of the log, 0 where there is none."""
    lines = (folder / "loss.csv").read_text().splitlines()
    names = lines[0].split(",")
    columns = [at for at, name in enumerate(names) if "loss" in name]
    return [[float(line.split(",")[at] or 0) for at in columns] for line in lines[1:]]


@pytest.mark.parametrize(
    ("network", "more"),
    [(LSTM, {"recipe": "torch-rnn", "bugs_of_2016": True}), (TIERED, {"recipe": "modern", "precision": "float32"})],
    ids=["torch-rnn", "modern"],
)
def test_two_processes_lose_what_one_with_the_whole_batch_loses(
    tmp_path: Path, network: LstmSettings | TieredSettings, more: dict[str, object]
) -> None:
    one = train(training(tmp_path / "one", network, **LENGTH, **more))
    two = train(training(tmp_path / "two", network, devices=2, **LENGTH, **more))
    expected, found = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(found) == len(expected) > 9
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=2e-5)
    assert [facts.iteration for facts in two.checkpoints] == [facts.iteration for facts in one.checkpoints]
    assert two.training["devices"] == 2


def test_an_interrupted_training_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    settings = {"devices": 2, "recipe": "modern", **LENGTH}
    whole = training(tmp_path / "whole", TINY_LSTM, **settings)  # with dropout: each process has its random numbers
    train(whole)
    stopped = training(tmp_path / "stopped", TINY_LSTM, report=Listener(stop_at=4), **settings)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(KeyboardInterrupt):
        train(replace(stopped, save_every_s=0.0))
    assert {child.pid for child in psutil.Process().children(recursive=True)} - before <= _server()
    train(training(tmp_path / "stopped", TINY_LSTM, **settings))
    assert (tmp_path / "stopped" / "loss.csv").read_bytes() == (tmp_path / "whole" / "loss.csv").read_bytes()


def _server() -> set[int]:
    """What multiprocessing itself leaves running."""
    children = psutil.Process().children(recursive=True)
    return {one.pid for one in children if "multiprocessing" in " ".join(one.cmdline())}


class Killer(Listener):
    """Kills the other process of a training."""

    def advance(self, done: float, detail: str = "") -> None:
        super().advance(done, detail)
        for child in psutil.Process().children(recursive=True):
            if child.ppid() != os.getpid() and not child.children():
                os.kill(child.pid, signal.SIGKILL)


def test_a_process_that_dies_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="together died") as caught:
        train(training(tmp_path, LSTM, report=Killer(), devices=2, iterations=2000, checkpoint_every=2))
    assert "last state" in caught.value.hint


def test_who_follows_says_nothing_where_its_leader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch says of a lost connection would stand on the screen beside the words of whoever was interrupted."""

    def lose(*_arguments: object) -> None:
        raise RuntimeError("Connection closed by peer")

    here, there = multiprocessing.Pipe()
    monkeypatch.setattr(parallel, "_obey", lose)
    monkeypatch.setattr(parallel, "_END_S", 0.01)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(sentinel=here))
    with pytest.raises(RuntimeError, match="closed by peer"):
        parallel._follow(cast("parallel._Common", None), 1, there)
    there.close()
    parallel._follow(cast("parallel._Common", None), 1, there)


def test_a_process_that_does_not_begin_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_BEGIN_S", 0.0)
    with pytest.raises(TrainingError, match="did not begin within 0 s"):
        train(training(tmp_path, LSTM, devices=2, iterations=2))


def test_a_batch_that_can_not_be_shared_and_too_few_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="can't be shared equally by 3") as caught:
        resolve(TrainingSettings(batch=8, devices=3))
    assert caught.value.expected == "a multiple of 3, such as 9"
    with pytest.raises(ProductionError, match="64 processes") as caught:
        train(training(tmp_path, LSTM, devices=64, batch=64, iterations=2))
    assert "training.devices" in caught.value.where
