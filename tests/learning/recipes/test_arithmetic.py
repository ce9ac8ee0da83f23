"""How a training computes: by its size and by what the processor has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline.learning.models.network import LstmSettings
from pipeline.learning.recipes import arithmetic
from pipeline.learning.recipes.arithmetic import Arithmetic, choose_arithmetic
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from tests.processors import avx2_alone

CPU = torch.device("cpu")
MODERN, FAITHFUL = resolve(TrainingSettings()), resolve(TrainingSettings(recipe="torch-rnn"))
NETWORK = LstmSettings(layers=2, neurons=128)


@pytest.mark.parametrize(
    ("unit", "tiles", "dtypes"),
    [
        (False, False, ("float32", "float32")),
        (True, False, ("bfloat16", "float32")),
        (True, True, ("bfloat16", "bfloat16")),
    ],
)
@pytest.mark.parametrize("network", [NETWORK, LstmSettings(layers=1, neurons=8)])
def test_what_the_processor_has_decides(
    monkeypatch: pytest.MonkeyPatch, network: LstmSettings, dtypes: tuple[str, str], *, unit: bool, tiles: bool
) -> None:
    monkeypatch.setattr(arithmetic, "has_bfloat16_unit", lambda _device: unit)
    monkeypatch.setattr(arithmetic, "has_matrix_unit", lambda: tiles)
    monkeypatch.setattr(arithmetic, "_lstm_runs", lambda _network: True)
    chosen = choose_arithmetic(network, MODERN, CPU)
    assert (chosen.matrix_dtype, chosen.muon_dtype) == dtypes
    assert ("no unit" in chosen.reason) != unit


def test_without_a_bfloat16_lstm_there_is_no_mixed_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "has_bfloat16_unit", lambda _device: True)
    monkeypatch.setattr(arithmetic, "_lstm_runs", lambda _network: False)
    assert choose_arithmetic(NETWORK, MODERN, CPU).matrix_dtype == "float32"


def test_what_a_person_asks_for_is_done() -> None:
    assert choose_arithmetic(NETWORK, MODERN, CPU, precision="float32").matrix_dtype == "float32"
    assert choose_arithmetic(NETWORK, MODERN, CPU, precision="bfloat16").mixed


def test_the_faithful_recipe_computes_in_float32() -> None:
    chosen = choose_arithmetic(NETWORK, FAITHFUL, CPU)
    assert (chosen.matrix_dtype, chosen.muon_dtype) == ("float32", "float32")


@pytest.mark.parametrize(
    ("neurons", "batch", "devices", "threads"),
    [(16, 8, 1, 1), (128, 64, 1, 1), (256, 50, 1, 2), (680, 50, 1, 4), (680, 50, 5, 2), (680, 50, 50, 1)],
)
def test_threads_are_as_many_as_the_products_are_large(neurons: int, batch: int, devices: int, threads: int) -> None:
    recipe = resolve(TrainingSettings(recipe="torch-rnn", batch=batch))
    assert choose_arithmetic(LstmSettings(neurons=neurons), recipe, CPU, devices=devices).threads == threads


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 3), (64, 8)])
def test_a_training_that_the_clock_ends_takes_the_cores_that_there_are(cores: int, threads: int) -> None:
    large = LstmSettings(neurons=680)
    assert choose_arithmetic(large, FAITHFUL, CPU, free_cores=cores).threads == threads
    assert choose_arithmetic(LstmSettings(neurons=8), FAITHFUL, CPU, free_cores=cores).threads == 1


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
