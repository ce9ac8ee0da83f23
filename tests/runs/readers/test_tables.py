"""Logs as their programs write them, from their documented fields."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import LogError
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.reading import read_run
from pipeline.runs.record import Log, Run
from pipeline.runs.settings import RunSettings

LIGHTNING = """epoch,lr,step,train_loss,val_loss
,0.001,49,,
0,,49,5.25,
0,,99,4.5,
0,,99,,4.75
1,,149,nan,
1,,199,3.5,
1,,199,,3.75
"""
WANDB = """"Step","fresh-run-7 - loss","fresh-run-7 - loss__MIN","fresh-run-7 - loss__MAX"
"0","5.5","5.4","5.6"
"10","4.5","4.5","4.5"
"20","","",""
"30","3.5","3.5","3.5"
"""


def _read(path: Path, wish: Wish | None = None) -> Log:
    return reader_for(path).read(path, wish or Wish())


def _run(path: Path, **more: object) -> Run:
    return read_run(RunSettings.model_validate({"log": path.name, **more}), lambda name, _field: path.parent / name)


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_lightning_rows_with_blank_cells_are_two_curves(tmp_path: Path) -> None:
    run = _run(_file(tmp_path, "metrics.csv", LIGHTNING))
    training, validation = run.curves
    assert training.iterations.tolist() == [49, 99, 149, 199]
    assert np.array_equal(training.values, [5.25, 4.5, np.nan, 3.5], equal_nan=True), "NaN is a gap, blanks are nothing"
    assert validation.iterations.tolist() == [99, 199]
    assert run.epochs is not None
    assert run.epochs.values.tolist() == [0, 0, 1, 1]


def test_exports_of_wandb_leave_out_the_ranges(tmp_path: Path) -> None:
    run = _run(_file(tmp_path, "export.csv", WANDB))
    assert [curve.name for curve in run.curves] == ["fresh-run-7 - loss"]
    assert run.curves[0].iterations.tolist() == [0, 10, 30]


def test_exports_of_tensorboard_are_named_after_their_file(tmp_path: Path) -> None:
    text = "Wall time,Step,Value\n1700000000.5,0,5.5\n1700000060.5,10,4.5\n"
    run = _run(_file(tmp_path, "run-version_0-tag-val_loss.csv", text))
    assert [(curve.name, curve.kind) for curve in run.curves] == [("val_loss", "validation")]
    assert run.elapsed_s is not None
    assert run.elapsed_s.values.tolist() == [0, 60]
    (tmp_path / "json").mkdir()
    log = _read(_file(tmp_path / "json", "loss.json", "[[1700000000.0, 0, 5.5], [1700000060.0, 10, 4.5]]"))
    assert log.series[0].name == "loss"


def test_a_trainer_state_has_steps_epochs_and_settings(tmp_path: Path) -> None:
    state = {
        "best_metric": 2.5,
        "epoch": 2.0,
        "global_step": 20,
        "max_steps": 20,
        "log_history": [
            {"epoch": 0.5, "learning_rate": 1e-5, "loss": 5.5, "step": 5},
            {"epoch": 1.0, "eval_loss": 5.0, "eval_runtime": 1.5, "step": 10},
            {"epoch": 1.5, "loss": 4.5, "step": 15},
            {"epoch": 2.0, "step": 20, "train_loss": 5.0, "train_runtime": 60.0},
        ],
    }
    run = _run(_file(tmp_path, "trainer_state.json", json.dumps(state, indent=2)))
    assert [(curve.name, curve.iterations.tolist()) for curve in run.curves] == [
        ("loss", [5, 15]),
        ("eval_loss", [10]),
    ]
    assert run.settings["max_steps"] == "20"


def test_json_lines_cut_at_the_end_give_what_is_whole(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"_step": n, "_runtime": n * 2.0, "loss": 5 - n}) + "\n" for n in range(4))
    run = _run(_file(tmp_path, "history.jsonl", lines + '{"_step": 4, "lo'))
    assert run.curves[0].values.tolist() == [5, 4, 3, 2]
    assert run.elapsed_s is not None
    assert run.elapsed_s.values.tolist() == [0, 2, 4, 6]
    assert run.notes


def test_a_history_of_dora_counts_epochs_as_iterations(tmp_path: Path) -> None:
    history = [{"train": {"loss": 5.0 - n}, "valid": {"loss": 6.0 - n}} for n in range(3)]
    run = _run(_file(tmp_path, "history.json", json.dumps(history)))
    assert [(curve.name, curve.kind) for curve in run.curves] == [
        ("train.loss", "training"),
        ("valid.loss", "validation"),
    ]
    assert run.curves[0].iterations.tolist() == [1, 2, 3]
    assert any("number of the row" in note for note in run.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_any_dialect_is_read(tmp_path: Path, delimiter: str, ending: str) -> None:
    rows = [["iteration", "loss"], *([str(n), f"{5 - n / 8}"] for n in range(5))]
    path = tmp_path / "log.tsv"
    path.write_bytes("".join(delimiter.join(row) + ending for row in rows).encode())
    assert _run(path).curves[0].values.tolist() == [5 - n / 8 for n in range(5)]


def test_compressed_logs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"step,loss\n1,2\n2,1.5"))
    assert _run(path).curves[0].values.tolist() == [2, 1.5]


def test_half_a_number_at_the_end_is_no_value(tmp_path: Path) -> None:
    run = _run(_file(tmp_path, "log.csv", "step,loss\n1,2.25\n2,1.75\n3,1.2"))
    assert run.curves[0].iterations.tolist() == [1, 2]
    assert any("still being written" in note for note in run.notes)


def test_errors_name_the_columns_that_there_are(tmp_path: Path) -> None:
    path = _file(tmp_path, "log.csv", LIGHTNING)
    with pytest.raises(LogError) as caught:
        _run(path, iteration="stepp")
    assert "step" in caught.value.hint
    assert "--" not in str(caught.value)


def test_epochs_with_fractions_are_epochs_and_rows_count(tmp_path: Path) -> None:
    path = _file(tmp_path, "log.csv", "epoch,loss\n0.25,2\n0.5,1\n0.75,0.5\n")
    run = _run(path)
    assert run.curves[0].iterations.tolist() == [1, 2, 3]
    assert run.epochs is not None
    assert run.epochs.values.tolist() == [0.25, 0.5, 0.75]
    assert run.notes == ("no column counts iterations: the number of the row stands for them",)
    with pytest.raises(LogError, match="whole numbers"):
        _run(path, iteration="epoch")


def test_of_two_columns_that_count_the_global_one_is_taken(tmp_path: Path) -> None:
    run = _run(_file(tmp_path, "log.csv", "step,global_step,loss\n1,101,2\n1,201,1\n"))
    assert run.curves[0].iterations.tolist() == [101, 201]


def test_columns_between_blanks_are_a_table_and_words_between_tabs_are_none(tmp_path: Path) -> None:
    blanks = "epoch  train_loss  valid_loss  time\n0  3.5  3.75  00:12\n1  3.25  3.5  00:12\n2  3  3  00:12\n"
    run = _run(_file(tmp_path, "fastai.txt", blanks))
    assert [curve.values.tolist() for curve in run.curves] == [[3.5, 3.25, 3.0], [3.75, 3.5, 3.0]]
    words = "".join(f"Step {n}\tTraining Loss {5 - n}\tValidation Loss {6 - n}\n" for n in (1, 2, 3, 4))
    run = _run(_file(tmp_path, "words.log", words))
    assert [curve.values.tolist() for curve in run.curves] == [[4, 3, 2, 1], [5, 4, 3, 2]]


def test_settings_beside_a_log_are_read_and_bad_ones_are_none(tmp_path: Path) -> None:
    _file(tmp_path, "config.json", '{"model": {"layers": 3}, "name": "vits"}')
    assert _read(_file(tmp_path, "log.csv", LIGHTNING)).settings == {"model.layers": "3", "name": "vits"}
    _file(tmp_path, "config.json", "[" * 100_000)
    _file(tmp_path, "hparams.yaml", "lr: 0.001\nname: 'x'\nnested:\n  a: 1\n")
    assert _read(tmp_path / "log.csv").settings == {"lr": "0.001", "name": "x"}


def test_several_logs_are_one_run_and_the_later_one_counts(tmp_path: Path) -> None:
    _file(tmp_path, "a.csv", "step,loss,val_loss\n1,9,\n2,8,8.5\n3,7,\n")
    _file(tmp_path, "b.csv", "step,loss\n3,1\n4,0.5\n")
    run = read_run(RunSettings.model_validate({"log": ["a.csv", "b.csv"]}), lambda name, _field: tmp_path / name)
    assert run.curves[0].iterations.tolist() == [1, 2, 3, 4]
    assert run.curves[0].values.tolist() == [9, 8, 1, 0.5]
    assert run.curves[1].iterations.tolist() == [2]
