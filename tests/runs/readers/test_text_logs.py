from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LogError
from pipeline.runs.readers.line_pattern import LinePattern
from pipeline.runs.reading import read_run
from pipeline.runs.record import Run
from pipeline.runs.settings import RunSettings

NANOGPT = """number of parameters: 10.65M
step 0: train loss 4.2874, val loss 4.2823
iter 0: loss 4.2654, time 21350.42ms, mfu -100.00%
iter 10: loss 3.1456, time 120.04ms, mfu 2.54%
step 250: train loss 1.9, val loss 2.0
iter 250: loss 1.9123, time 120.04ms, mfu 2.54%
"""
KERAS = (
    "Epoch 1/3\n"
    "  1/100 [..............................] - ETA: 10s - loss: 5.0000\r"
    "100/100 [==============================] - 1s 5ms/step - loss: 2.5000 - accuracy: 0.1 - val_loss: 2.7500\n"
    "Epoch 2/3\n"
    "100/100 \u2501\u2501\u2501\u2501 1s 5ms/step - accuracy: 0.2 - loss: 2.2500 - val_loss: 2.6\n"
    "Epoch 3/3\n"
    "100/100 \u2501\u2501\u2501\u2501 1s 5ms/step - accuracy: 0.3 - loss: 2.0000 - val_loss: nan\n"
)
TUTORIAL = "".join(
    f"Epoch [{epoch}/2], Step [{step}/600], Loss: {5 - epoch - step / 1000:.4f}\n"
    for epoch in (1, 2)
    for step in (100, 300, 600)
)
HUGGING = "{'loss': 2.75, 'learning_rate': 5e-05, 'epoch': 1}\n{'loss': 2.25, 'learning_rate': 4e-05, 'epoch': 2}\n"


def _run(folder: Path, text: str, *, pattern: str = "", **more: object) -> Run:
    path = folder / "train.log"
    path.write_text(text, encoding="utf-8", newline="")
    log = {"file": path.name, "pattern": pattern}
    return read_run(RunSettings.model_validate({"log": log, **more}), lambda name, _field: folder / name)


def _told(run: Run) -> dict[str, tuple[list[int], list[float]]]:
    return {curve.name: (curve.iterations.tolist(), curve.values.tolist()) for curve in run.curves}


def test_the_usual_line_is_read(tmp_path: Path) -> None:
    assert _told(_run(tmp_path, "iter 100: loss 2.31\niter 200: loss 2.01\n")) == {"loss": ([100, 200], [2.31, 2.01])}


def test_columns_between_bars_are_read(tmp_path: Path) -> None:
    run = _run(tmp_path, "step 100 | loss 2.31 | val 2.4\nstep 1,200 | loss 2.01 | val 2.2\n")
    assert _told(run) == {"loss": ([100, 1200], [2.31, 2.01]), "val": ([100, 1200], [2.4, 2.2])}


def test_whose_loss_it_is_stands_before_it(tmp_path: Path) -> None:
    told = _told(_run(tmp_path, NANOGPT, training_loss="loss"))
    assert told["val loss"] == ([0, 250], [4.2823, 2.0])
    assert told["loss"] == ([0, 10, 250], [4.2654, 3.1456, 1.9123])


def test_lines_of_keras_count_epochs(tmp_path: Path) -> None:
    run = _run(tmp_path, KERAS)
    assert _told(run)["loss"] == ([1, 2, 3], [2.5, 2.25, 2.0])
    assert np.array_equal(run.curves[1].values, [2.75, 2.6, np.nan], equal_nan=True)


def test_a_step_that_begins_anew_with_each_epoch_goes_on(tmp_path: Path) -> None:
    run = _run(tmp_path, TUTORIAL)
    assert run.curves[0].iterations.tolist() == [100, 300, 600, 700, 900, 1200]
    assert run.epochs is not None
    assert run.epochs.values.tolist() == [1, 1, 1, 2, 2, 2]


SHAPES = {
    "torch-rnn": (
        (
            "Epoch 1.01 / 50, i = 1 / 17800, loss = 4.5\n"
            "Epoch 1.02 / 50, i = 2 / 17800, loss = 4.25\nval_loss = \t4.75\n"
        ),
        {"loss": ([1, 2], [4.5, 4.25]), "val_loss": ([2], [4.75])},
    ),
    "char-rnn": (
        (
            "data load done. Number of data batches in train: 423, val: 23, test: 0\n"
            "1/21150 (epoch 0.002), train_loss = 4.5, grad/param norm = 5.1e-01, time/batch = 4.09s\n"
            "2/21150 (epoch 0.005), train_loss = 4.25, grad/param norm = 5.1e-01, time/batch = 4.09s\n"
        ),
        {"train_loss": ([1, 2], [4.5, 4.25])},
    ),
    "fairseq": (
        (
            "x | INFO | train_inner | epoch 001:  100/ 4440 loss=9.5, nll_loss=8.9, num_updates=100, lr=1e-5\n"
            "x | INFO | train_inner | epoch 001:  200/ 4440 loss=9.25, nll_loss=8.9, num_updates=200, lr=1e-5\n"
            "x | INFO | valid | epoch 001 | valid on 'valid' subset | loss 5.5 | nll_loss 5.1 | num_updates 200\n"
        ),
        {"loss": ([100, 200], [9.5, 9.25]), "valid loss": ([200], [5.5])},
    ),
    "coqui": (
        (
            "\x1b[1m   --> STEP: 24/406 -- GLOBAL_STEP: 1025\x1b[0m\n"
            "     | > loss_gen: 2.0  (2.1)\n     | > loss: 4.5 (4)\n"
            "\x1b[1m > EVALUATION \x1b[0m\n   --> STEP: 0\n     | > loss: 4.75 (4)\n"
            "\x1b[1m > TRAINING (2023-01-01 10:00:00) \x1b[0m\n"
            "   --> STEP: 49/406 -- GLOBAL_STEP: 1050\n     | > loss: 4.25 (4)\n"
        ),
        {"loss": ([1025, 1050], [4.5, 4.25]), "evaluation loss": ([1025], [4.75])},
    ),
    "espnet": (
        (
            "INFO: 1epoch results: [train] iter_time=1.1, loss=9.5, total_count=3 [valid] loss_ctc=8.8, loss=9.75\n"
            "INFO: 2epoch results: [train] iter_time=1.1, loss=9.25, total_count=3 [valid] loss_ctc=8.8, loss=9.5\n"
        ),
        {"loss": ([1, 2], [9.5, 9.25]), "valid loss": ([1, 2], [9.75, 9.5])},
    ),
    "PyTorch's examples": (
        (
            "Train Epoch: 1 [0/600 (0%)]\tLoss: 2.5\nTrain Epoch: 1 [300/600 (50%)]\tLoss: 2.25\n"
            "\nTest set: Average loss: 2.75, Accuracy: 90/100 (90%)\n\nTrain Epoch: 2 [0/600 (0%)]\tLoss: 2.0\n"
        ),
        {"Loss": ([0, 300, 600], [2.5, 2.25, 2.0]), "test loss": ([300], [2.75])},
    ),
    "HiFi-GAN": (
        (
            "Steps : 5, Gen Loss Total : 90.5, Mel-Spec. Error : 1.5, s/b : 0.3\n"
            "Steps : 10, Gen Loss Total : 80.5, Mel-Spec. Error : 1.5, s/b : 0.3\n"
        ),
        {"Gen Loss Total": ([5, 10], [90.5, 80.5])},
    ),
    "WaveGlow": ("0:\t-3.125\n1:\t-3.250\n", {"loss": ([0, 1], [-3.125, -3.25])}),
    "Tacotron 2": (
        (
            "Train loss 1 1.25 Grad Norm 1.2 2.1s/it\n"
            "Train loss 2 1.125 Grad Norm 1.2 2.1s/it\nValidation loss 2:  1.5  \n"
        ),
        {"Train loss": ([1, 2], [1.25, 1.125]), "Validation loss": ([2], [1.5])},
    ),
    "a list is no loss": (
        (
            "Losses: [2.1, 2.3, 9.5], step: 200, lr: 1e-4, reference_loss: 3.5\n"
            "Losses: [2.1, 2.3], step: 400, reference_loss: 3\n"
        ),
        {"reference_loss": ([200, 400], [3.5, 3.0])},
    ),
    "transformers": (
        ("{'loss': 2.5, 'lr': 5e-05, 'epoch': 0.5}\n{'loss': 2.25, 'epoch': 1.0}\n{'eval_loss': 2.75, 'epoch': 1.0}\n"),
        {"loss": ([1, 2], [2.5, 2.25]), "eval_loss": ([3], [2.75])},
    ),
    "tqdm": (
        (
            "Epoch 0:  50%|#| 5/10 [00:01<00:09, 9.9it/s, loss=2.5]\r"
            "Epoch 0: 100%|#| 10/10 [00:02<00:00, 9.9it/s, loss=2.25]\n"
            "Epoch 1: 100%|#| 10/10 [00:02<00:00, 9.9it/s, loss=2.0, val_loss=2.75]\n"
        ),
        {"loss": ([5, 10, 20], [2.5, 2.25, 2.0]), "val_loss": ([20], [2.75])},
    ),
    "audiocraft": (
        ("[INFO] - Train Summary | Epoch 1 | ce 2.5 | ppl 12\n[INFO] - Valid Summary | Epoch 1 | ce 2.75 | ppl 12\n"),
        {"ce": ([1], [2.5]), "Valid ce": ([1], [2.75])},
    ),
    "llm.c": (
        (
            "step    1/19560 | loss 11.5 (+nanz)| norm 15 (+nanz)| 900.1 ms\n"
            "step    2/19560 | loss 11.25 (+nanz)| norm 9\n"
            "val loss 11.75\n"
        ),
        {"loss": ([1, 2], [11.5, 11.25]), "val loss": ([2], [11.75])},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_lines_of_known_programs_are_read(tmp_path: Path, name: str) -> None:
    text, expected = SHAPES[name]
    folded = {curve.casefold(): points for curve, points in expected.items()}
    assert {curve.casefold(): points for curve, points in _told(_run(tmp_path, text)).items()} == folded


def test_lines_without_names_are_answered_with_a_pattern(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No line has a name") as caught:
        _run(tmp_path, "2021 INFO [2.5, 1.75, 3400, 0.0002]\n" * 3)
    assert "pattern = " in caught.value.hint


def test_dictionaries_are_read(tmp_path: Path) -> None:
    assert _told(_run(tmp_path, HUGGING))["loss"] == ([1, 2], [2.75, 2.25])


def test_colours_of_a_terminal_are_no_names(tmp_path: Path) -> None:
    assert _told(_run(tmp_path, "step 1 \x1b[32mloss\x1b[0m: 2.5\nstep 2 \x1b[32mloss\x1b[0m: 2\n"))["loss"][1] == [
        2.5,
        2,
    ]


def test_a_last_line_without_end_is_left_out(tmp_path: Path) -> None:
    run = _run(tmp_path, "iter 100: loss 2.31\niter 200: loss 2.01\niter 300: loss 1.")
    assert run.last_iteration == 200
    assert any("still being written" in note for note in run.notes)


def test_a_pattern_of_ones_own_is_read(tmp_path: Path) -> None:
    text = "INFO [2.5, 1.75, 3400, 0.0002]\nnothing\nINFO [2.25, 1.5, 3600, 0.0002]\n"
    run = _run(tmp_path, text, pattern="INFO [{d}, {g}, {iteration},", training_loss="g", iteration="iteration")
    assert _told(run) == {"g": ([3400, 3600], [1.75, 1.5])}


def test_a_pattern_that_fits_no_line_shows_one(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No line fits") as caught:
        _run(tmp_path, "hello 12\n", pattern="step {iteration}: {loss}")
    assert "hello 12" in caught.value.expected


def test_text_that_tells_nothing_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        _run(tmp_path, "nothing here\nat all\n")


@given(st.text(max_size=200), st.text(alphabet="ab *{}x1", max_size=30))
def test_no_pattern_and_no_line_raise(line: str, pattern: str) -> None:
    LinePattern(pattern).match(line)


def test_a_pattern_finds_the_first_place_that_fits() -> None:
    pattern = LinePattern("it {iteration} * g = {g}")
    assert pattern.match("2020  it   12 | d = 3 | g = 1e-3 |") == {"iteration": 12, "g": 0.001}
    assert pattern.match("it twelve g = 1") is None


@pytest.mark.parametrize(
    "line",
    ["a" * 8000, "a-" * 4000, "loss " * 1600, "1" * 8000, "loss " + "1" * 8000 + "x", "train " * 1300, "[1/" * 2600],
)
def test_hostile_lines_cost_no_time(tmp_path: Path, line: str) -> None:
    began = time.process_time()
    text = "iter 1: loss 2\n" + (line + "\n") * 100
    _run(tmp_path, text)
    hostile = LinePattern("*a*a*a*a*a*a{x}*a*a*a*a{y}b")
    for _ in range(100):
        hostile.match(line)
    assert time.process_time() - began < 3


def test_a_restarted_run_with_epochs_is_no_counter_within_epochs(tmp_path: Path) -> None:
    steps = [(1, 100), (1, 200), (2, 300), (2, 400), (3, 500), (2, 300), (2, 400), (3, 500), (3, 600)]
    text = "".join(f"epoch {epoch} step {step} loss {n}\n" for n, (epoch, step) in enumerate(steps))
    run = _run(tmp_path, text)
    assert run.curves[0].iterations.tolist() == [100, 200, 300, 400, 500, 600]
    assert run.curves[0].values.tolist() == [0, 1, 5, 6, 7, 8]
