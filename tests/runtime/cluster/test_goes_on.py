"""What goes wrong on the way and is no reason to end a film: late files, full disks, workers that come and go."""

from __future__ import annotations

import errno
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.runtime.cluster import depot, handing_over, pieces, watching
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.depot import Depot
from pipeline.runtime.cluster.exchange import Exchange
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.cluster.parcels import write_item
from pipeline.runtime.cluster.pieces import Desk, PieceCall, do_piece, stop_pieces
from pipeline.runtime.cluster.plain import StoppedError, from_text, to_text
from pipeline.runtime.cluster.watching import Claim, ClaimWatch, take_over
from pipeline.runtime.executor import Needs, Work
from tests.runtime.cluster.elsewhere import LIMIT_S, scheduler
from tests.runtime.cluster.work import (
    double,
    linger,
    linger_and_say,
    lose_a_process_at_first,
    read,
    say_gpus_together,
    wait_in_turn,
)


def wait_for(folder: Path, pattern: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not [*folder.glob(pattern)] and time.monotonic() < limit:
        time.sleep(0.02)


def test_a_piece_whose_files_come_late_is_not_the_end(
    away: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the command waits for a worker that is cut off, or sends much to many."""
    send, losses = Exchange._send, list[str]()

    def send_slowly(self: Exchange, worker: str, content: object) -> None:
        time.sleep(0.8)
        send(self, worker, content)

    monkeypatch.setattr(depot, "_WAIT_S", 0.4)
    monkeypatch.setattr(depot, "_LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(Exchange, "_send", send_slowly)
    (tmp_path / "a").write_bytes(b"late")
    assert away.run(read, [Work(tmp_path / "a", label="take 1")], jobs=1, on_loss=losses.append) == [4]
    assert set(losses) == {"take 1: What a piece reads did not come in time; it goes on from what it had saved"}


def test_a_worker_that_can_not_keep_what_is_sent_loses_its_pieces_to_another(
    away: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, full, losses = Depot.store_chunk, list[Path](), list[str]()

    def keep_on_one(self: Depot, sender: str, content: str, *part: int | bytes) -> None:
        full.append(self._root)
        if self._root == full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(self, sender, content, *part)  # type: ignore[arg-type]

    monkeypatch.setattr(Depot, "store_chunk", keep_on_one)
    for number in range(4):
        (tmp_path / str(number)).write_bytes(f"only here, {number}".encode())
    works = [Work(tmp_path / str(number), label=f"take {number}") for number in range(4)]
    assert away.run(read, works, jobs=2, on_loss=losses.append) == [12] * 4
    assert all("A worker could not keep what was sent to it: No space left on device" in text for text in losses)
    assert 1 <= len(losses) <= 2, "it gets no further piece"


def test_a_piece_that_saves_outlives_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler gives a piece up that has lost so many; a training may well outlast the walltime of jobs."""
    monkeypatch.setattr(watching, "_HANDED_OVER_S", 0.5)
    piece, losses = tmp_path / "piece.partial", list[str]()
    piece.mkdir()
    with scheduler(workers=2, distributed__scheduler__allowed_failures=0) as own:

        def close_who_works() -> None:
            wait_for(piece, "state")
            busy = next(worker for worker in own.workers.values() if worker.state.executing_count)
            own.sync(busy.close, executor_wait=False, nanny=False, callback_timeout=20)

        with open_cluster(read_choice(own.scheduler_address), tmp_path, jobs=1, note=lambda _text: None) as executor:
            closing = threading.Thread(target=close_who_works, daemon=True)
            closing.start()
            work = Work(piece, "outlives", "section-1", folder=piece, state_file="state")
            (outcome,) = executor.run(wait_in_turn, [work], jobs=1, on_loss=losses.append)
            closing.join(LIMIT_S)
    assert outcome.startswith("saved by ")
    assert losses[-1] == (
        "section-1: The workers that did it died, one after the other; it goes on from what it had saved"
    )


def test_a_piece_that_lost_a_process_of_its_own_or_got_none_is_begun_again(
    cluster: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: list[str] = []
    start, failed = pieces.start_process, list[object]()

    def fail_at_first(*arguments: object, **options: object) -> BaseProcess:
        failed.append(arguments)
        if len(failed) == 1:
            raise EOFError("unexpected EOF")
        return start(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pieces, "_idle", [])
    monkeypatch.setattr(pieces, "start_process", fail_at_first)
    monkeypatch.chdir(tmp_path)  # where no process waits for work
    assert cluster.run(lose_a_process_at_first, [Work(tmp_path)], jobs=1, on_loss=losses.append) == ["whole"]
    assert losses == [
        "a piece: A process could not be started; it goes on from what it had saved",
        "a piece: One of the processes that train a network together died; it goes on from what it had saved",
    ]


def test_nonsense_from_a_worker_is_passed_over_and_told_once(cluster: DaskExecutor, tmp_path: Path) -> None:
    losses: list[str] = []
    nonsense = [
        *("", "{", 7, None, b"x", to_text(1), to_text((0,)), to_text((0, "message")), to_text((0, "message", 1, 2))),
        *(to_text((0, "needs", 1)), to_text((0, "needs", "a", "b", None)), to_text((0, "saved"))),
        *(to_text((0, "saved", "a", "", [("../x", 1, "0" * 64)], False)), to_text((0, "message", 5)), to_text(([], 1))),
    ]

    def say() -> None:
        wait_for(tmp_path, "by-*")
        (topic,) = topics
        for text in nonsense:
            cluster.client.log_event(topic, text)
        (tmp_path / "end").write_text("")

    topics: set[str] = set()
    make = handing_over.BatchRun.__post_init__

    def hear(self: handing_over.BatchRun) -> None:
        make(self)
        topics.add(self.listener.topic)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(handing_over.BatchRun, "__post_init__", hear)
        saying = threading.Thread(target=say, daemon=True)
        saying.start()
        work = Work(tmp_path, "nonsense", folder=tmp_path / "piece.partial")
        cluster.run(linger_and_say, [work], jobs=1, on_message=lambda text: text.strip(), on_loss=losses.append)
        saying.join(LIMIT_S)
    assert losses == [handing_over._NONSENSE]


def test_a_worker_that_comes_later_works_along_unless_it_was_said_how_many(tmp_path: Path) -> None:
    with (
        scheduler(workers=1) as own,
        open_cluster(read_choice(own.scheduler_address), tmp_path, jobs=None, note=lambda _text: None) as executor,
        open_cluster(read_choice(own.scheduler_address), tmp_path, jobs=1, note=lambda _text: None) as told,
    ):
        own.scale(2)
        limit = time.monotonic() + LIMIT_S
        while executor.cores < 2 and time.monotonic() < limit:
            time.sleep(0.05)
        assert (executor.growth(Needs()), told.growth(Needs())) == (1, 0)
        begun = time.monotonic()
        executor.run(say_gpus_together, [Work((tmp_path, 2)) for _ in range(2)], jobs=1)
        assert time.monotonic() - begun < 50, "the first waits for the second"


def test_a_piece_asks_for_less_where_the_largest_worker_is_gone(
    cluster: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler would keep it until another such worker comes."""
    look, looks = DaskExecutor.offers_of_each, list[int]()

    def with_a_larger_one(self: DaskExecutor) -> dict[str, dict[str, float]]:
        looks.append(1)
        own = look(self)
        larger = {name: 8 * count for name, count in next(iter(own.values())).items()}
        return {"tcp://gone:1": larger} if len(looks) == 1 else own

    monkeypatch.setattr(DaskExecutor, "offers_of_each", with_a_larger_one)
    assert cluster.run(double, [Work(3, needs=Needs(cores=8, memory_bytes=1 << 60))], jobs=1) == [6]


def test_who_lost_a_folder_writes_into_it_no_more(tmp_path: Path) -> None:
    """A process that was given no time, and goes on with files that it has open."""
    (tmp_path / "take.npy").write_bytes(b"begun")
    with (tmp_path / "take.npy").open("ab", buffering=0) as file:
        take_over(tmp_path)
        file.write(b", and written on")
        assert (tmp_path / "take.npy").read_bytes() == b"begun"
    assert [path.name for path in tmp_path.iterdir()] == ["take.npy"]


def test_a_process_ends_where_its_folder_was_taken_over_while_its_worker_stands_still(tmp_path: Path) -> None:
    ended = threading.Event()
    watch, claim = ClaimWatch(ended.set), Claim(tmp_path / "piece.partial")
    watch.note = claim.note
    assert not ended.wait(0.7)
    (tmp_path / "piece.partial.claim").write_text("another")
    assert ended.wait(5)
    watch.note = None


def test_a_piece_that_is_stopped_before_it_has_a_process_never_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_HANDED_OVER_S", 0.5)
    piece, answers = tmp_path / "piece.partial", list[str]()
    piece.mkdir()
    (tmp_path / "piece.partial.claim").write_text("another")
    call = PieceCall(linger, write_item(piece)[0], "build-video/a", "topic", 0, folder=piece)
    desk = Desk("tcp://here:1", Depot(tmp_path / "depot"), lambda _topic, _text: None)
    doing = threading.Thread(target=lambda: answers.append(do_piece(call, desk)), daemon=True)
    doing.start()
    time.sleep(0.1)
    stop_pieces([call.key], dask_worker=SimpleNamespace(local_directory=str(tmp_path)))
    doing.join(LIMIT_S)
    kind, error = from_text(answers[0])
    assert kind == "failed"
    assert isinstance(error, StoppedError)
    assert not [*piece.iterdir()], "it was never begun"
    assert not (tmp_path / "piece.partial.claim").exists()


def test_a_scheduler_keeps_nothing_of_a_command_that_has_ended(tmp_path: Path) -> None:
    """Or each worker that comes later would be looked at for every film that was ever built there."""
    with scheduler(workers=1) as own:
        before = {*own.scheduler.worker_plugins}
        with open_cluster(read_choice(own.scheduler_address), tmp_path, jobs=1, note=lambda _text: None):
            assert {*own.scheduler.worker_plugins} > before
        assert {*own.scheduler.worker_plugins} == before
