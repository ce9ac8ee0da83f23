"""Workers in processes of their own that die, stand still, or have no room: what is told, and who goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from pipeline.errors import DiskFullError, WorkerError
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.executor import Work
from tests.runtime.cluster.elsewhere import LIMIT_S, kill_whole, little_memory, network, scheduler, worker
from tests.runtime.cluster.work import fill, fill_well, read, take_all_memory, take_much_memory, wait_in_turn


@contextmanager
def opened(address: str, folder: Path) -> Iterator[DaskExecutor]:
    with open_cluster(read_choice(address), folder, jobs=1, note=lambda _text: None) as executor:
        yield executor


def joined(thread: threading.Thread) -> None:
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def wait_for(path: Path) -> None:
    limit = time.monotonic() + LIMIT_S
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.05)


def test_a_worker_without_room_or_memory_says_so(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.mkdir()
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(8 << 20))
    with (
        scheduler() as own,
        worker(own.scheduler_address, tmp_path / "w", hidden=[film], room="4m"),
        opened(own.scheduler_address, film) as executor,
    ):
        with pytest.raises(WorkerError, match="could not keep") as refused:
            executor.run(read, [Work(large)], jobs=1)
        assert "--local-directory" in refused.value.hint
        piece = film / "piece.partial"
        piece.mkdir()
        with pytest.raises(DiskFullError) as full:
            executor.run(fill, [Work(piece, folder=piece)], jobs=1)
        assert full.value.where.startswith("tcp://127.0.0.1:")
        assert not [*piece.iterdir()]
        with pytest.raises(DiskFullError) as full:  # its folder has the film's name here, and is the worker's there
            executor.run(fill_well, [Work(piece, folder=piece)], jobs=1)
        assert full.value.where.startswith("tcp://127.0.0.1:")
        with pytest.raises(WorkerError, match="too little memory"):
            executor.run(take_much_memory, [Work(1)], jobs=1)
        with worker(own.scheduler_address, tmp_path / "w", hidden=[film], name="roomy"):
            _wait_for_workers(executor, 2)
            losses: list[str] = []
            pieces = [film / f"piece-{number}.partial" for number in range(4)]
            for one in pieces:
                one.mkdir()
            executor.run(fill, [Work(one, folder=one) for one in pieces], jobs=2, on_loss=losses.append)
            assert all((one / "large").stat().st_size == 8 << 20 for one in pieces)
            (told,) = losses
            assert told.startswith("a piece: A worker's disk is full (tcp://127.0.0.1:")
            assert told.endswith("); it goes on from what it had saved")


def _wait_for_workers(executor: DaskExecutor, count: int) -> None:
    limit = time.monotonic() + LIMIT_S
    while len(executor.admitted()) < count and time.monotonic() < limit:
        time.sleep(0.05)


def test_processes_that_the_kernel_kills_for_their_memory_are_told_of_and_the_worker_works_on(tmp_path: Path) -> None:
    film, losses = tmp_path / "film", list[str]()
    film.mkdir()
    with (
        scheduler() as own,
        little_memory(800 << 20) as within,
        worker(own.scheduler_address, tmp_path / "w", within=within),
        opened(own.scheduler_address, film) as executor,
    ):
        with pytest.raises(WorkerError, match="again and again") as killed:
            executor.run(take_all_memory, [Work(1, label="take 1")], jobs=1, on_loss=losses.append)
        assert "memory" in killed.value.expected
        assert len(losses) == 2
        assert all("take 1" in text and "signal 9" in text for text in losses)
        (film / "small").write_bytes(b"abc")
        assert executor.run(read, [Work(film / "small")], jobs=1) == [3]


def test_a_worker_that_is_cut_off_loses_its_piece_to_one_that_comes(tmp_path: Path) -> None:
    """By its network, where this process may make one; else it is stopped in its tracks."""
    film, losses = tmp_path / "film", list[str]()
    piece = film / "piece.partial"
    piece.mkdir(parents=True)
    with ExitStack() as stack:
        net = stack.enter_context(network())
        own = stack.enter_context(scheduler(net.here, distributed__scheduler__worker_ttl="2s"))
        begin = partial(worker, own.scheduler_address, tmp_path / "w", hidden=[film])
        first = stack.enter_context(begin(name="first", host=net.there, within=net.within))
        executor = stack.enter_context(opened(own.scheduler_address, film))

        def cut_off() -> None:
            wait_for(piece / "state")
            net.cut(first)
            stack.enter_context(begin(name="second", host=net.here))

        cutting = threading.Thread(target=cut_off, daemon=True)
        cutting.start()
        work = Work(piece, "cut-off", "section-1", folder=piece, state_file="state")
        outcome = executor.run(wait_in_turn, [work], jobs=1, on_loss=losses.append)
        joined(cutting)
        assert outcome[0].startswith("saved by "), "the second went on from what was fetched of the first"
        assert any(text.endswith("is gone; section-1: goes on elsewhere") for text in losses)
        assert (piece / "state").read_text() == outcome[0]


def test_a_worker_that_is_killed_with_its_nanny_leaves_its_piece_to_one_that_comes_when_there_is_none(
    tmp_path: Path,
) -> None:
    film, losses = tmp_path / "film", list[str]()
    piece = film / "piece.partial"
    piece.mkdir(parents=True)
    with ExitStack() as stack:
        own = stack.enter_context(scheduler())
        begin = partial(worker, own.scheduler_address, tmp_path / "w")
        first = stack.enter_context(begin(name="first", nanny=True))
        executor = stack.enter_context(opened(own.scheduler_address, film))

        def hear_of(text: str) -> None:
            losses.append(text)
            if text.startswith("no worker is left"):
                stack.enter_context(begin(name="second"))

        def kill() -> None:
            wait_for(piece / "state")
            kill_whole(first)

        killing = threading.Thread(target=kill, daemon=True)
        killing.start()
        work = Work(piece, "killed", "section-1", folder=piece, state_file="state")
        outcome = executor.run(wait_in_turn, [work], jobs=1, on_loss=hear_of)
        joined(killing)
    assert outcome[0].startswith("saved by "), "the second went on from what the first had saved"
    assert losses[0].endswith("is gone; section-1: goes on elsewhere")
