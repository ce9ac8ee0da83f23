"""Pieces that are late are begun on another worker too, and the first to be done counts."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runtime.cluster import backup
from pipeline.runtime.cluster.backup import FEWEST, LEAST_S, TIMES, Durations
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.executor import Work
from tests.runtime.cluster.elsewhere import LIMIT_S, scheduler
from tests.runtime.cluster.work import lack_and_linger, linger_where_told, stand_still_once


@given(
    took=st.lists(st.floats(1, 1e3), min_size=FEWEST, max_size=9),
    amount=st.floats(0.1, 1e3),
    share=st.floats(0.01, 0.99),
)
def test_a_piece_is_late_by_how_long_the_others_took_for_what_there_was_to_do(
    took: list[float], amount: float, share: float
) -> None:
    durations = Durations()
    for seconds in took:
        durations.add(2.0, 2.0 * seconds)
    usual = sorted(took)[len(took) // 2] if len(took) % 2 else sum(sorted(took)[len(took) // 2 - 1 :][:2]) / 2
    limit = max(LEAST_S, TIMES * usual * amount)
    assert not durations.is_late(amount, share * limit)
    assert durations.is_late(amount, limit / share)
    assert not durations.is_late(0.0, 1e9), "nobody knows how much it is"


def test_a_few_pieces_or_those_without_an_amount_say_nothing_about_others() -> None:
    durations = Durations()
    for _ in range(FEWEST):
        assert not durations.is_late(1.0, 1e9)
        durations.add(0.0, 1.0)
    for _ in range(FEWEST):
        assert not durations.is_late(1.0, 1e9)
        durations.add(1.0, 1.0)
    assert durations.is_late(1.0, LEAST_S + 0.1)


@pytest.mark.parametrize("has_folder", [False, True])
def test_a_slow_worker_loses_its_piece_to_one_without_work(
    cluster: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_folder: bool
) -> None:
    """One that saves what it can go on from is taken over; it goes on sending messages all the while."""
    monkeypatch.setattr(backup, "LEAST_S", 1.0)
    losses: list[str] = []
    folders = [tmp_path / str(number) for number in range(FEWEST + 2)]
    for folder in folders:
        folder.mkdir()
    works = [
        Work((folder, number == 0), f"late-{has_folder}-{number}", f"take {number}", folder=folder, amount=1.0)
        if has_folder
        else Work((folder, number == 0), f"late-{has_folder}-{number}", f"take {number}", amount=1.0)
        for number, folder in enumerate(folders)
    ]
    done = cluster.run(stand_still_once, works, jobs=2, on_message=lambda _: None, on_loss=losses.append)
    assert done == ["saved by the first", *["at once"] * (FEWEST + 1)]
    (late,) = losses
    assert late.startswith("take 0 is late on worker tcp://127.0.0.1:")
    (slow,) = (int(path.name.partition("-")[2]) for path in folders[0].glob("slow-*"))
    limit = time.monotonic() + 10
    while psutil.pid_exists(slow) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not psutil.pid_exists(slow), "whoever is late is stopped"
    assert cluster.running() == set()


def test_a_piece_that_nobody_can_take_over_is_waited_for(
    cluster: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "LEAST_S", 0.5)
    losses: list[str] = []
    works = [Work((tmp_path, False), f"alone-{number}", amount=1e-3) for number in range(FEWEST + 1)]
    assert cluster.run(stand_still_once, works, jobs=1, on_loss=losses.append) == ["at once"] * (FEWEST + 1)
    assert not losses


def test_a_piece_that_only_one_worker_may_do_is_freed_where_that_one_dies(tmp_path: Path) -> None:
    """The scheduler would keep it for an address that nobody has any more."""
    with scheduler(workers=2) as own, open_cluster(
        read_choice(own.scheduler_address), tmp_path, jobs=1, note=lambda _text: None
    ) as executor:  # fmt: skip

        def close_the_other() -> None:
            limit = time.monotonic() + LIMIT_S
            while not (tmp_path / "turn-1").exists() and time.monotonic() < limit:
                time.sleep(0.02)
            (address,) = executor.processing().values()
            (other,) = (one for one in own.workers.values() if one.address == address)
            own.sync(other.close, executor_wait=False, nanny=False)

        closing = threading.Thread(target=close_the_other, daemon=True)
        closing.start()
        losses: list[str] = []
        assert executor.run(lack_and_linger, [Work(tmp_path)], jobs=1, on_loss=losses.append) == ["turn 2"]
        (tmp_path / "end").write_text("")
        closing.join(LIMIT_S)
        assert losses[0].startswith("a piece: A worker has too little memory for a piece (tcp://127.0.0.1:")


def test_pieces_are_not_begun_a_second_time_by_workers_that_are_busy(
    cluster: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "LEAST_S", 0.5)
    monkeypatch.setattr(backup, "TIMES", 0.0)
    losses: list[str] = []
    works = [Work((tmp_path, number > FEWEST + 1), f"busy-{number}", amount=1e-3) for number in range(FEWEST + 4)]

    def end() -> None:
        limit = time.monotonic() + LIMIT_S
        while len([*tmp_path.glob("by-*")]) < 2 and time.monotonic() < limit:
            time.sleep(0.02)
        time.sleep(2.5)  # it is looked every second
        (tmp_path / "end").write_text("")

    ending = threading.Thread(target=end, daemon=True)
    ending.start()
    cluster.run(linger_where_told, works, jobs=3, on_loss=losses.append)
    ending.join(LIMIT_S)
    assert not losses
