from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.learning.training.loss_log import HEADER, LogLine, LossLog, read_columns

LINES = [LogLine(0, 0.0, 0.0, 0.002, None, 5.5), LogLine(1, 0.1, 0.5, 0.002, 5.25), LogLine(2, 0.2, 1.0, 0.002, 5, 4.5)]


def rows(lines: list[LogLine]) -> np.ndarray:
    """What a log of these lines holds, as numbers."""
    return np.array([[np.nan if value is None else value for value in astuple(line)] for line in lines]).reshape(-1, 6)


def write(path: Path) -> LossLog:
    log = LossLog(path)
    for line in LINES:
        log.add(line)
    log.flush(durably=True)
    return log


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    np.testing.assert_array_equal(read_columns(log.path), rows(LINES))
    assert log.bytes == log.path.stat().st_size


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_log_cut_at_any_byte_gives_whole_lines_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("log") / "loss.csv"
    write(path)
    whole = path.read_bytes()
    kept = data.draw(st.integers(len(HEADER) + 1, len(whole)))
    path.write_bytes(whole[:kept])
    lines = read_columns(path)
    np.testing.assert_array_equal(lines, rows(LINES[: len(lines)]))
    assert len(lines) == whole[:kept].count(b"\n") - 1


def test_what_lies_beyond_the_known_length_is_removed(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    with log.path.open("ab") as file:
        file.write(b"3,0.3,1.5,0.00")
    again = LossLog(log.path, log.bytes)
    again.add(LogLine(3, 0.3, 1.5, 0.002, 4.0))
    again.flush()
    assert read_columns(log.path)[:, 0].tolist() == [0, 1, 2, 3]


def test_a_log_shorter_than_its_training_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    with pytest.raises(StoreError, match="shorter"):
        LossLog(log.path, log.bytes + 1)


def test_another_csv_is_no_loss_log(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match="no loss log"):
        read_columns(tmp_path / "other.csv")
    (tmp_path / "odd.csv").write_text(f"{HEADER}\n1,2,three\n")
    with pytest.raises(StoreError, match="can't be read"):
        read_columns(tmp_path / "odd.csv")


def test_all_lines_as_numbers_are_those_of_the_lines(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    with log.path.open("ab") as file:
        file.write(b"3,0.3,1.5,0.00")
    numbers = read_columns(log.path)
    assert numbers[:, 0].tolist() == [0, 1, 2]
    assert np.isnan(numbers[:, 4]).tolist() == [True, False, False]
    assert np.isnan(numbers[:, 5]).tolist() == [False, True, False]
    LossLog(log.path)
    assert read_columns(log.path).shape == (0, 6)


@pytest.mark.parametrize(
    "line", ["1,2,three", "1,2,3,4,5,6,7", "#", '"', "\0" * 9, "1," * 100_000, "nan,nan,nan,nan,1,1", ",,,,,", "\ufffd"]
)
def test_garbage_in_a_log_is_one_clear_error(tmp_path: Path, line: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(f"{HEADER}\n0,0,0,0.002,,5.5\n{line}\n1,0.1,0.5,0.002,5.25,\n", encoding="utf-8")
    with pytest.raises(StoreError, match="can't be read"):
        read_columns(path)
