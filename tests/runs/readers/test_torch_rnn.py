from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import LogError
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.record import Log


def _checkpoint(folder: Path, number: int) -> Path:
    path = folder / f"checkpoint_{number}.json"
    state = {
        "opt": {"rnn_size": 680, "num_layers": 3, "wordvec_size": 110, "gpu": -1, "nested": {"a": 1}},
        "train_loss_history": [5.5 - n / number for n in range(number)],
        "val_loss_history": [5.0, 4.5],
        "val_loss_history_it": [number // 2, number],
        "forward_backward_times": {},
        "memory_usage": {},
        "i": number,
    }
    path.write_text(json.dumps(state))
    return path


def _read(path: Path) -> Log:
    return reader_for(path).read(path, Wish())


def test_the_whole_history_of_the_last_checkpoint_is_read(tmp_path: Path) -> None:
    for number in (100, 1000, 200):
        _checkpoint(tmp_path, number)
    log = _read(tmp_path)
    training, validation = log.series
    assert training.iterations[[0, -1]].tolist() == [1, 1000]
    assert validation.iterations.tolist() == [500, 1000]
    assert training.unit == "nats"
    assert log.settings == {"rnn_size": "680", "num_layers": "3", "wordvec_size": "110", "gpu": "-1"}


def test_of_an_unfinished_checkpoint_the_one_before_counts(tmp_path: Path) -> None:
    _checkpoint(tmp_path, 100)
    last = _checkpoint(tmp_path, 200)
    last.write_text(last.read_text()[:900])
    log = _read(tmp_path)
    assert log.series[0].iterations[-1] == 100
    assert "checkpoint_200.json" in log.notes[0]


@pytest.mark.parametrize(
    "text", ['{"train_loss_history": 3}', '{"train_loss_history": [', "{" * 50, '{"val_loss_history": []}']
)
def test_what_is_no_checkpoint_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "checkpoint_10.json"
    path.write_text(text)
    with pytest.raises(LogError) as caught:
        _read(path)
    assert caught.value.where


def test_values_that_are_no_numbers_are_gaps(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint_3.json"
    path.write_text('{"train_loss_history": [1, null, "x"], "val_loss_history": [1, 2], "val_loss_history_it": [3]}')
    log = _read(path)
    assert log.series[0].values[0] == 1
    assert log.series[1].values.tolist() == [1]
    assert "2 values for 1 iteration, of which 1" in log.notes[0]
