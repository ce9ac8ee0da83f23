"""Loss logs as curves: read once, followed while they grow, reduced to columns; a million lines in two seconds."""

import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.learning.training.loss_log import HEADER, LogLine, LossLog, read_columns
from pipeline.studio.losses import GrowingLog, Window, curves


def write(path: Path, count: int) -> LossLog:
    log = LossLog(path)
    for iteration in range(count):
        validation = 3.0 - iteration / 1e3 if iteration % 10 == 0 else None
        log.add(LogLine(iteration, iteration / 10, iteration / 5, 1e-3, 4.0 if iteration else None, validation))
    log.flush()
    return log


def test_a_log_that_grows_is_read_as_it_would_be_at_once(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    log, growing = write(path, 40), GrowingLog(path)
    growing.update()
    log.add(LogLine(40, 4.0, 8.0, 1e-3, 3.5, 2.5))
    log.flush()
    with path.open("ab") as file:
        file.write(b"41,4.1,8.2,0.001,3.")  # is being written
    growing.update()
    whole = read_columns(path)[:, [0, 4, 5]]
    np.testing.assert_array_equal(np.stack(growing.columns(), axis=1), whole)
    assert len(whole) == 41


def test_a_log_that_begins_anew_or_is_gone_or_is_none_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    write(path, 40)
    growing = GrowingLog(path)
    growing.update()
    write(path, 5)
    growing.update()
    assert len(growing.columns()[0]) == 5
    for text in (f"{HEADER}\n1,2,3\n", "no log\n1,2,3,4,5,6\n"):
        path.write_text(text)
        growing.update()
        assert len(growing.columns()[0]) == 0
    path.unlink()
    growing.update()
    assert len(growing.columns()[0]) == 0


def test_columns_hold_the_lowest_the_highest_and_the_mean_of_what_falls_into_them() -> None:
    x = np.arange(1000.0)
    found = curves((x, np.where(x % 2, 1.0, 3.0)), (x[::100], x[::100]), Window(0, 1000, 10), factor=2.0)
    training = found["training"]
    assert training["low"] == [2.0] * 10
    assert training["high"] == [6.0] * 10
    assert training["mean"] == pytest.approx([4.0] * 10, abs=0.05)
    assert training["at"] == [50 + 100 * column for column in range(10)]
    assert found["validation"][3] == [300.0, 600.0]
    inside = curves((x, x), (x, x), Window(100, 110, 20, is_log=True))
    assert len(inside["validation"]) == 11
    assert 10 <= len(inside["training"]["at"]) <= 20


def test_a_million_iterations_open_in_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    block = "".join(f"%d,{n}.000000,{n}.000,0.001,3.{n:06d},\n" for n in range(1000))
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for thousand in range(1000):
            file.write(block % tuple(range(1000 * thousand, 1000 * thousand + 1000)))
    growing = GrowingLog(path)
    begun = time.process_time()
    growing.update()
    iterations, training, validation = growing.columns()
    found = curves((iterations, training), (iterations, validation), Window(0, 1e6, 1200))
    assert time.process_time() - begun < 2.0
    assert found["count"] == 1_000_000
    assert len(found["training"]["at"]) == 1200
    begun = time.process_time()
    for first in range(0, 900_000, 100_000):
        curves((iterations, training), (iterations, validation), Window(first, first + 50_000, 1200))
    assert time.process_time() - begun < 9 * 0.1
