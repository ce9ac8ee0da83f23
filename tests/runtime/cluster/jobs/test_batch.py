"""Jobs that wait, end before they begin work, or at their walltime: what is told, and that others take their places."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import InputError, WorkerError
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.jobs import batch
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.executor import Work
from tests.runtime.cluster.elsewhere import LIMIT_S
from tests.runtime.cluster.jobs.stand_in import Slurm, stand_in
from tests.runtime.cluster.work import double, wait_in_turn


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    own = tmp_path / "slurm"
    own.mkdir()
    with stand_in(own, monkeypatch) as made:
        yield made


@contextmanager
def opened(slurm: Slurm, folder: Path, note: Callable[[str], None] = lambda _text: None) -> Iterator[DaskExecutor]:
    with open_cluster(read_choice(str(slurm.settings)), folder, jobs=1, note=note) as executor:
        yield executor


def test_a_job_that_ends_is_replaced_and_where_none_is_taken_the_batch_system_has_its_say(
    tmp_path: Path, slurm: Slurm
) -> None:
    piece, losses = tmp_path / "piece.partial", list[str]()
    piece.mkdir()

    def hear_of(text: str) -> None:
        losses.append(text)
        if text.endswith("too many jobs (3)"):
            slurm.say("full", "4")
        elif text.endswith("too many jobs (4)"):
            (slurm.folder / "full").unlink()

    def end_job() -> None:
        wait_for(piece / "state")
        slurm.say("full", "3")
        slurm.end_jobs()

    with opened(slurm, tmp_path) as executor:
        ending = threading.Thread(target=end_job, daemon=True)
        ending.start()
        work = Work(piece, "job", "section-1", folder=piece, state_file="state")
        outcome = executor.run(wait_in_turn, [work], jobs=1, on_loss=hear_of)
        ending.join(LIMIT_S)
        assert not ending.is_alive()
    assert outcome[0].startswith("saved by ")
    assert losses[0].endswith("is gone; section-1: goes on elsewhere")
    said = [text for text in losses if "too many jobs" in text]
    assert said == [f"no worker is left that fits; waiting for one: {_SAID} ({number})" for number in (3, 4)]


_SAID = "the batch system says: sbatch: error: too many jobs"


def wait_for(path: Path) -> None:
    limit = time.monotonic() + LIMIT_S
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.05)


def test_a_batch_system_that_takes_no_job_is_an_error(tmp_path: Path, slurm: Slurm) -> None:
    slurm.say("full", "1")
    with (
        pytest.raises(InputError, match=r"takes no job: sbatch: error: too many jobs") as refused,
        opened(slurm, tmp_path),
    ):
        pass
    assert refused.value.where == str(slurm.settings)


def test_why_jobs_wait_is_said_and_one_that_is_cancelled_meanwhile_is_asked_for_again(
    tmp_path: Path, slurm: Slurm
) -> None:
    notes: list[str] = []

    def hear(text: str) -> None:
        notes.append(text)
        if "(Priority)" in text:
            slurm.say("busy", "Resources")
            slurm.cancel_waiting()
        elif "(Resources)" in text:
            (slurm.folder / "busy").unlink()
            slurm.cancel_waiting()

    slurm.has(jobs=2)
    slurm.say("busy", "Priority")
    with opened(slurm, tmp_path, hear) as executor:
        assert executor.run(double, [Work(4)], jobs=1) == [8]
    said = [text.partition("says: ")[2] for text in notes]
    assert "jobs 0, 1 wait (Priority)" in said
    assert "jobs 2, 3 wait (Resources)" in said
    assert notes[0] == "waiting for the first worker"


def test_jobs_that_end_before_they_begin_work_are_an_error_with_their_last_words(tmp_path: Path, slurm: Slurm) -> None:
    slurm.has(python="/nowhere/python")
    with (
        pytest.raises(WorkerError, match=r"Jobs end before they begin work: job [23] ended") as caught,
        opened(slurm, tmp_path),
    ):
        pass
    assert "/nowhere/python" in caught.value.what
    assert f"{tmp_path}/cluster-logs/dask-worker-" in caught.value.what
    assert caught.value.where == str(slurm.settings)
    assert len([*(slurm.folder / "numbers").iterdir()]) <= 4, "not asked for without end"


def test_a_job_of_several_workers_that_ends_is_replaced(tmp_path: Path, slurm: Slurm) -> None:
    slurm.has(processes=2)
    with opened(slurm, tmp_path) as executor:
        slurm.end_jobs()
        limit = time.monotonic() + LIMIT_S
        while not (slurm.folder / "numbers" / "1").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        assert executor.run(double, [Work(4)], jobs=1) == [8]
    assert (slurm.folder / "running" / "1").exists()


def test_a_training_may_outlast_many_jobs(tmp_path: Path, slurm: Slurm) -> None:
    cluster = batch.prepared(read_choice(str(slurm.settings)), tmp_path / "logs")
    try:
        assert cluster.scheduler.allowed_failures >= 50, "Dask gives a piece up whose workers die more often"
    finally:
        cluster.close()
