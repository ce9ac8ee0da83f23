"""Pieces on workers: results, messages, errors and deaths are as with processes; nothing is done twice."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pipeline.errors import InputError, RecordingError, WorkerError
from pipeline.runtime.cluster import admission, executor, opening, pieces, watching
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.watching import Claim
from pipeline.runtime.executor import Needs, Work
from pipeline.runtime.relay import Word
from tests.runtime.cluster.elsewhere import LIMIT_S, ROOT, scheduler, scheduler_process, worker
from tests.runtime.cluster.work import (
    die,
    die_and_linger,
    die_at_first,
    double,
    linger,
    linger_and_say,
    refuse,
    say_gpus_together,
    say_when,
)


def wait_for(folder: Path, pattern: str) -> list[Path]:
    limit = time.monotonic() + LIMIT_S
    while not (found := [*folder.glob(pattern)]) and time.monotonic() < limit:
        time.sleep(0.02)
    return found


def test_results_come_in_order_and_messages_before_them(cluster: DaskExecutor) -> None:
    heard: list[tuple[int, int]] = []
    before: dict[int, int] = {}
    works = [Work(value, label=str(value)) for value in (3, 1, 2)]
    outcomes = cluster.run(
        double,
        works,
        jobs=2,
        on_done=lambda index, _outcome: before.update({index: sum(one[0] == works[index].item for one in heard)}),
        on_message=heard.append,
    )
    assert outcomes == [6, 2, 4]
    assert before == {0: 3, 1: 3, 2: 3}
    assert not cluster.run(double, [], jobs=2)


def test_words_are_timed_when_they_are_received(cluster: DaskExecutor) -> None:
    """Monotonic clocks of machines have nothing in common: times left would be out by days."""
    heard: list[Word] = []
    cluster.run(say_when, [Work(1)], jobs=1, on_message=heard.append)
    assert heard == [Word(0, "advance", done=0.5), Word(0, "note", "noted")]


def test_an_error_travels_with_all_its_parts(cluster: DaskExecutor) -> None:
    with pytest.raises(RecordingError) as caught:
        cluster.run(refuse, [Work(1)], jobs=2)
    assert (caught.value.where, caught.value.hint) == ("take 1", "Record again.")


def test_a_piece_whose_process_is_killed_goes_on_from_what_it_saved(cluster: DaskExecutor, tmp_path: Path) -> None:
    losses: list[str] = []
    done = cluster.run(die_at_first, [Work(tmp_path, "a", "section-1")], jobs=1, on_loss=losses.append)
    assert done == ["saved before the death"]
    assert len(losses) == 1
    assert "section-1" in losses[0]
    assert "signal 9" in losses[0]


def test_a_piece_that_always_dies_is_an_error(cluster: DaskExecutor) -> None:
    with pytest.raises(WorkerError, match="again and again"):
        cluster.run(die, [Work(1, "b", "take")], jobs=1)


def test_an_interruption_stops_what_runs_and_the_cluster_stays_usable(cluster: DaskExecutor, tmp_path: Path) -> None:
    def interrupt(_message: object) -> None:
        raise KeyboardInterrupt

    works = [Work(tmp_path, key, "lingers") for key in ("c", "d", "e")]  # one waits: there are two workers
    with pytest.raises(KeyboardInterrupt):
        cluster.run(linger_and_say, works, jobs=3, on_message=interrupt)
    numbers = [int(path.name.partition("-")[2]) for path in wait_for(tmp_path, "by-*")]
    limit = time.monotonic() + 10
    while any(psutil.pid_exists(number) for number in numbers) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(number) for number in numbers)
    assert cluster.running() == set()
    assert cluster.run(double, [Work(4)], jobs=1) == [8]
    assert len([*tmp_path.glob("by-*")]) <= 2, "what waited was never begun"


_COMMAND = """
import sys
from pathlib import Path
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.executor import Work
from tests.runtime.cluster.work import die_and_linger
with open_cluster(read_choice(sys.argv[1]), Path(sys.argv[2]), jobs=1, note=print) as executor:
    executor.run(die_and_linger, [Work(Path(sys.argv[3]), "shared", "take 1")], jobs=1)
"""


def test_a_command_that_was_killed_leaves_its_piece_to_the_next_which_waits_for_it_and_hears_of_it(
    cluster: DaskExecutor, shared_folder: Path, tmp_path: Path
) -> None:
    first = [sys.executable, "-c", _COMMAND, cluster.address, str(shared_folder), str(tmp_path)]
    with subprocess.Popen(first, cwd=ROOT) as killed:
        begun = wait_for(tmp_path, "by-*")
        killed.kill()
        assert killed.wait(LIMIT_S) == -signal.SIGKILL
    assert cluster.running() == {"shared"}
    losses: list[str] = []

    def hear(text: object) -> None:
        assert text == "still there"
        (tmp_path / "end").write_text("")

    work = Work(tmp_path, "shared", "take 1")
    outcome = cluster.run(die_and_linger, [work], jobs=1, on_message=hear, on_loss=losses.append)
    assert wait_for(tmp_path, "by-*") == begun
    assert begun[0].name == f"by-{outcome[0]}"
    assert losses == ["take 1 is being made already, and is waited for"]


def test_a_scheduler_that_goes_is_one_clear_error(shared_folder: Path, tmp_path: Path) -> None:
    with scheduler(workers=1, distributed__comm__timeouts__connect="2s") as own:

        def stop() -> None:
            wait_for(tmp_path, "by-*")
            own.sync(own.scheduler.close, callback_timeout=20)

        choice = read_choice(own.scheduler_address)
        with opening.open_cluster(choice, shared_folder, jobs=1, note=lambda _text: None) as executor:
            stopping = threading.Thread(target=stop, daemon=True)
            stopping.start()
            with pytest.raises(WorkerError, match="scheduler") as caught:
                executor.run(linger, [Work(tmp_path)], jobs=1)
            (tmp_path / "end").write_text("")
            assert caught.value.where == executor.address
            assert "kept" in caught.value.hint
            stopping.join(30)
            assert not stopping.is_alive()


def test_a_scheduler_that_stands_still_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "ANSWER_S", 2)
    with scheduler_process(tmp_path) as (process, address), worker(address, tmp_path / "w"):
        film = tmp_path / "film"
        film.mkdir()
        with opening.open_cluster(read_choice(address), film, jobs=1, note=lambda _text: None) as own:

            def stop() -> None:
                wait_for(tmp_path, "by-*")
                process.send_signal(signal.SIGSTOP)

            stopping = threading.Thread(target=stop, daemon=True)
            stopping.start()
            with pytest.raises(WorkerError, match="has not answered for 2 s") as caught:
                own.run(linger, [Work(tmp_path)], jobs=1)
            assert caught.value.where == address
            assert "kept" in caught.value.hint
            assert not own.running(), "nobody can say: nothing is waited for"
            stopping.join(LIMIT_S)


def test_a_worker_that_is_cut_off_loses_its_piece_to_another(
    shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(watching, "_HANDED_OVER_S", 1.0)
    losses: list[str] = []
    first: list[int] = []
    with scheduler(workers=2) as own:

        def cut_off() -> None:
            first.extend(int(path.name.partition("-")[2]) for path in wait_for(tmp_path, "by-*"))
            busy = next(worker for worker in own.workers.values() if worker.state.executing_count)
            own.sync(busy.close, executor_wait=False, nanny=False, callback_timeout=20)
            limit = time.monotonic() + 20
            while len([*tmp_path.glob("by-*")]) < 2 and time.monotonic() < limit:
                time.sleep(0.05)
            (tmp_path / "end").write_text("")

        choice = read_choice(own.scheduler_address)
        with opening.open_cluster(choice, shared_folder, jobs=2, note=lambda _text: None) as executor:
            cutting = threading.Thread(target=cut_off, daemon=True)
            cutting.start()
            work = Work(tmp_path, "cut", "section-1", folder=tmp_path / "piece.partial")
            outcome = executor.run(linger, [work], jobs=1, on_loss=losses.append)
            cutting.join(30)
            assert not cutting.is_alive()
    assert outcome != first
    assert not psutil.pid_exists(first[0]), "who was cut off has stopped before another began"
    assert len(losses) == 1
    assert losses[0].endswith("is gone; section-1: goes on elsewhere")


def test_a_worker_that_comes_later_gets_work_where_it_fits(shared_folder: Path) -> None:
    with scheduler(workers=1) as own:
        choice = read_choice(own.scheduler_address)
        with opening.open_cluster(choice, shared_folder, jobs=1, note=lambda _text: None) as late:
            own.scale(2)
            limit = time.monotonic() + 20
            while late.cores < 2 and time.monotonic() < limit:
                time.sleep(0.05)
            assert late.cores == 2
            path = shared_folder / late.passport.token
            path.write_text("another folder")
            own.scale(3)
            own.sync(own._correct_state, callback_timeout=20)
            refused = _later_refusal(late)
            assert late.cores == 2
            assert "sees another folder" in refused


def _later_refusal(executor: DaskExecutor) -> str:
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        events = executor.client.get_events(admission.REFUSED)
        if events:
            return str(events[-1][1]["why"])
        time.sleep(0.05)
    return ""


def test_workers_with_other_versions_are_refused_by_name(cluster: DaskExecutor) -> None:
    other = replace(cluster.passport, versions={**cluster.passport.versions, "torch": "0.1"})
    stranger = DaskExecutor(cluster.address, {}, other)
    try:
        about = opening.look_at_workers(stranger)
        with pytest.raises(InputError) as caught:
            opening._refuse(stranger, about)
        assert "torch" in caught.value.what
        assert "instead of 0.1" in caught.value.what
        assert next(iter(about)) in caught.value.what
    finally:
        stranger.close()


def test_a_worker_says_why_it_can_not_work_in_the_folder_itself(cluster: DaskExecutor, tmp_path: Path) -> None:
    passport = replace(cluster.passport, folder=str(tmp_path))
    assert "can't read and write" in admission.not_shared(passport)
    (tmp_path / passport.token).write_text("another")
    assert "another folder" in admission.not_shared(passport)
    (tmp_path / passport.token).write_text(passport.token)
    assert admission.not_shared(passport) == ""
    assert [path.name for path in tmp_path.iterdir()] == [passport.token]


def test_pieces_are_as_many_as_workers_have_cores_for(cluster: DaskExecutor) -> None:
    assert cluster.cores == 2
    assert cluster.at_once(Needs(cores=1), 8) == 2
    assert cluster.at_once(Needs(cores=2), 8) == 2, "a worker of one core takes a piece for two by itself"
    assert cluster.at_once(Needs(), 1) == 1
    asked = DaskExecutor(cluster.address, {}, cluster.passport, (4, 3))  # two of four jobs are not there yet
    try:
        for executor in (asked, pickle.loads(pickle.dumps(asked))):  # noqa: S301 - its own
            assert executor.cores == 2 + 2 * 3
            assert executor.at_once(Needs(cores=1), 20) == 8
            assert executor.at_once(Needs(cores=2), 20) == 4
            executor.close()
    finally:
        asked.close()


def test_nothing_is_open_to_other_machines(cluster: DaskExecutor) -> None:
    assert cluster.address.startswith("tcp://127.0.0.1:")
    open_to = {one.laddr.ip for one in psutil.Process().net_connections("inet") if one.status == psutil.CONN_LISTEN}
    assert open_to <= {"127.0.0.1"}


def test_who_takes_a_folder_over_has_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_HANDED_OVER_S", 0.01)
    first = Claim(tmp_path / "piece.partial")
    assert first.holds()
    second = Claim(tmp_path / "piece.partial")
    assert second.holds()
    assert not first.holds()
    first.release()
    assert second.holds()
    second.release()
    assert not [*tmp_path.iterdir()]


def test_a_piece_that_needs_more_memory_than_any_worker_has_is_done_by_the_one_with_most(cluster: DaskExecutor) -> None:
    offered = cluster.offers(admission.MEMORY)
    assert len(offered) == 2
    assert min(offered) > 1 << 28, "a worker without a limit offers what its machine has"
    assert cluster.run(double, [Work(3, needs=Needs(memory_bytes=10 * max(offered)))], jobs=1) == [6]


def test_pieces_on_gpus_see_one_each_and_are_as_many_as_there_are(
    shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a program that lists three in the place of the driver's."""
    lists = tmp_path / "nvidia-smi"
    lists.write_text("#!/bin/sh\ncase $1 in *index) echo 0; echo 1; echo 2;; *) echo A; echo B; echo C;; esac\n")
    lists.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    with scheduler() as own, worker(own.scheduler_address, tmp_path, threads=4):
        choice = read_choice(own.scheduler_address)
        with opening.open_cluster(choice, shared_folder, jobs=4, note=lambda _text: None) as executor:
            assert executor.gpus == 2
            assert executor.at_once(Needs(gpus=1), 8) == 2
            assert executor.at_once(Needs(gpus=2), 8) == 1
            works = [Work((tmp_path, 2), needs=Needs(gpus=1)) for _ in range(2)]
            assert sorted(executor.run(say_gpus_together, works, jobs=4)) == ["0", "2"]
            assert executor.run(say_gpus_together, [Work((tmp_path, 1), needs=Needs(gpus=2))], jobs=4) == ["0,2"]
            assert executor.run(say_gpus_together, [Work((tmp_path, 1))], jobs=4) == [""], "none for who asks for none"
