from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.learning.loss_log import HEADER, LogLine, LossLog, read_log

LINES = [LogLine(0, 0.0, 0.0, 0.002, None, 5.5), LogLine(1, 0.1, 0.5, 0.002, 5.25), LogLine(2, 0.2, 1.0, 0.002, 5, 4.5)]


def write(path: Path) -> LossLog:
    log = LossLog(path)
    for line in LINES:
        log.add(line)
    log.flush(durably=True)
    return log


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    assert read_log(log.path) == LINES
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
    lines = read_log(path)
    assert lines == LINES[: len(lines)]
    assert len(lines) == whole[:kept].count(b"\n") - 1


def test_what_lies_beyond_the_known_length_is_removed(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    with log.path.open("ab") as file:
        file.write(b"3,0.3,1.5,0.00")
    again = LossLog(log.path, log.bytes)
    again.add(LogLine(3, 0.3, 1.5, 0.002, 4.0))
    again.flush()
    assert [line.iteration for line in read_log(log.path)] == [0, 1, 2, 3]


def test_a_log_shorter_than_its_training_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "loss.csv")
    with pytest.raises(StoreError, match="shorter"):
        LossLog(log.path, log.bytes + 1)


def test_another_csv_is_no_loss_log(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match="no loss log"):
        read_log(tmp_path / "other.csv")
    (tmp_path / "odd.csv").write_text(f"{HEADER}\n1,2,three\n")
    with pytest.raises(StoreError, match="can't be read"):
        read_log(tmp_path / "odd.csv")
