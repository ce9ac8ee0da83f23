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
from tests.runtime.cluster.elsewhere import network, scheduler, worker
from tests.runtime.cluster.work import fill, read, take_much_memory, wait_in_turn


@contextmanager
def opened(address: str, folder: Path) -> Iterator[DaskExecutor]:
    with open_cluster(read_choice(address), folder, jobs=1, note=lambda _text: None) as executor:
        yield executor


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
        with pytest.raises(WorkerError, match="too little memory"):
            executor.run(take_much_memory, [Work(1)], jobs=1)


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
            limit = time.monotonic() + 60
            while not (piece / "state").exists() and time.monotonic() < limit:
                time.sleep(0.05)
            net.cut(first)
            stack.enter_context(begin(name="second", host=net.here))

        cutting = threading.Thread(target=cut_off, daemon=True)
        cutting.start()
        work = Work(piece, "cut-off", "section-1", folder=piece, state_file="state")
        outcome = executor.run(wait_in_turn, [work], jobs=1, on_loss=losses.append)
        cutting.join()
        assert outcome[0].startswith("saved by "), "the second went on from what was fetched of the first"
        assert any(text.endswith("is gone; section-1: goes on elsewhere") for text in losses)
        assert (piece / "state").read_text() == outcome[0]
