"""How a training computes is chosen by measuring, and at a tie by what the processor has."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.recipes import arithmetic
from pipeline.learning.recipes.arithmetic import Arithmetic, choose_arithmetic, speedup
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from tests.processors import avx2_alone

CPU = torch.device("cpu")
MODERN, FAITHFUL = resolve(TrainingSettings()), resolve(TrainingSettings(recipe="torch-rnn"))
NETWORK = LstmSettings(layers=2, neurons=128)


@pytest.mark.parametrize(
    ("times", "unit", "dtype"),
    [
        (4.0, False, "bfloat16"),
        (1.4, False, "float32"),
        (1.4, True, "bfloat16"),
        (0.8, True, "bfloat16"),
        (0.6, True, "float32"),
        (0.03, True, "float32"),
        (0.03, False, "float32"),
    ],
)
def test_a_clear_measurement_decides_and_at_a_tie_the_processor(
    monkeypatch: pytest.MonkeyPatch, *, times: float, unit: bool, dtype: str
) -> None:
    monkeypatch.setattr(arithmetic, "speedup", lambda _old, _new, **_clock: times)
    monkeypatch.setattr(arithmetic, "has_bfloat16_unit", lambda _device: unit)
    monkeypatch.setattr(arithmetic, "has_matrix_unit", lambda: unit)
    monkeypatch.setattr(arithmetic, "_lstm_runs", lambda _network: True)
    chosen = choose_arithmetic(NETWORK, MODERN, CPU)
    assert chosen.matrix_dtype == dtype
    assert chosen.muon_dtype == dtype
    assert f"{times:.2g} times as fast" in chosen.reason


def test_without_a_bfloat16_lstm_there_is_no_mixed_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "speedup", lambda _old, _new, **_clock: 9.0)
    monkeypatch.setattr(arithmetic, "_lstm_runs", lambda _network: False)
    assert choose_arithmetic(NETWORK, MODERN, CPU).matrix_dtype == "float32"


@pytest.mark.parametrize("unit", [False, True])
def test_what_is_too_small_to_be_measured_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch, *, unit: bool) -> None:
    monkeypatch.setattr(arithmetic, "speedup", lambda _old, _new, **_clock: pytest.fail("measured"))
    monkeypatch.setattr(arithmetic, "has_bfloat16_unit", lambda _device: unit)
    monkeypatch.setattr(arithmetic, "has_matrix_unit", lambda: unit)
    monkeypatch.setattr(arithmetic, "_lstm_runs", lambda _network: True)
    chosen = choose_arithmetic(LstmSettings(layers=1, neurons=8), MODERN, CPU, threads=2)
    assert chosen.threads == 1
    assert {chosen.matrix_dtype, chosen.muon_dtype} == {"bfloat16" if unit else "float32"}


def test_what_a_person_asks_for_is_done() -> None:
    assert choose_arithmetic(NETWORK, MODERN, CPU, precision="float32").matrix_dtype == "float32"
    assert choose_arithmetic(NETWORK, MODERN, CPU, precision="bfloat16").mixed


def test_the_faithful_recipe_computes_in_float32() -> None:
    chosen = choose_arithmetic(NETWORK, FAITHFUL, CPU)
    assert (chosen.matrix_dtype, chosen.muon_dtype) == ("float32", "float32")


@pytest.mark.parametrize("network", [NETWORK, TieredSettings(), LstmSettings(layers=3, neurons=680)])
def test_choosing_takes_well_under_a_second(network: LstmSettings | TieredSettings) -> None:
    choose_arithmetic(NETWORK, MODERN, CPU, threads=2)  # what is prepared once a process is prepared
    before = torch.get_num_threads()
    began = time.process_time()
    choose_arithmetic(network, resolve(TrainingSettings(), getattr(network, "group", 1)), CPU, threads=2)
    assert time.process_time() - began < 2.0  # of two threads
    assert torch.get_num_threads() == before


def test_more_threads_are_taken_only_where_they_help(monkeypatch: pytest.MonkeyPatch) -> None:
    gains = iter([1.8, 1.5, 1.02])
    monkeypatch.setattr(arithmetic, "speedup", lambda _old, _new: next(gains))
    assert choose_arithmetic(NETWORK, FAITHFUL, CPU, threads=8).threads == 4


def test_the_quicker_of_two_ways_is_found() -> None:
    small, large = torch.randn(64, 64), torch.randn(512, 512)
    with arithmetic._threads(1):
        assert speedup(lambda: large @ large, lambda: small @ small) > 3
        assert speedup(lambda: small @ small, lambda: large @ large) < 1 / 3


def test_the_choice_is_told_in_one_line() -> None:
    own = Arithmetic(matrix_dtype="bfloat16", muon_dtype="float32", threads=2, reason="because")
    assert own.words() == "computes in bfloat16, float32 in Muon with 2 threads: because"


TRAINED = """
import sys, tempfile
from pathlib import Path
from tests.learning.training.trainings import TINY_LSTM, TINY_TIERED, Listener, training
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.training.loop import train
import numpy as np
for network in (TINY_LSTM, TINY_TIERED):
    with tempfile.TemporaryDirectory() as folder:
        heard = Listener()
        run = train(training(Path(folder), network, iterations=30, checkpoints=3, batch=32, report=heard))
        assert run.last_validation_nats < run.first_validation_nats, run
        assert run.recipe["arithmetic"]["matrix_dtype"] == "float32", heard.notes
        assert run.recipe["arithmetic"]["muon_dtype"] == "float32", heard.notes
        loaded = load_checkpoint(Path(folder) / run.checkpoints[-1].json_file)
        numbers = np.random.default_rng(0).random((1, 400))
        print(len(set(Sampler(loaded.network, loaded.weights).generate(numbers, np.ones_like(numbers))[0])))
"""


@pytest.mark.skipif("NPY_DISABLE_CPU_FEATURES" not in avx2_alone(), reason="this processor has no more than AVX2")
def test_everything_from_training_to_takes_works_as_if_the_processor_had_avx2_alone() -> None:
    own = {**os.environ, **avx2_alone(), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", TRAINED]
    ran = subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert all(int(line) > 10 for line in ran.stdout.split())
