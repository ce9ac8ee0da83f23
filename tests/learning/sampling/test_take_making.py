"""A take from a checkpoint to its record, also where the sampler can't be compiled."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.quantise import code_values
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.sampling import take_making
from pipeline.learning.sampling.generation import GenerationRequest
from pipeline.learning.sampling.quantisation import rounded_weights
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.settings import WeightDtype
from pipeline.learning.sampling.take import Take
from pipeline.learning.sampling.take_making import TakeJob, make_take
from pipeline.learning.sampling.torch_sampler import TorchSampler
from pipeline.store.store import read_record
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, random_weights, save_random_checkpoint

ROOT = Path(__file__).resolve().parents[3]
RATE_HZ = 4000
PROGRAM = """
import pickle, sys
from pathlib import Path
from pipeline.learning.sampling.take_making import make_take
print(make_take(pickle.loads(Path(sys.argv[1]).read_bytes())))
"""


def job(folder: Path) -> TakeJob:
    checkpoint = save_random_checkpoint(folder / "checkpoints", SMALL_TIERED)
    (folder / "take").mkdir()
    np.save(folder / "corpus.npy", np.random.default_rng(0).integers(0, 256, RATE_HZ).astype(np.uint8))
    return TakeJob(
        request=GenerationRequest(
            checkpoint, folder / "take", ("take.npy",), 400, seed=3, curves=(((0.0, 1.0),),), weight_dtype="int8"
        ),
        iteration=10,
        encoding="mu-law",
        sample_rate_hz=RATE_HZ,
        code_values=code_values("mu-law"),
        corpus=folder / "corpus.npy",
        device="cpu",
    )


def test_a_take_has_its_bytes_a_wav_file_and_a_record(tmp_path: Path) -> None:
    own = job(tmp_path)
    assert make_take(own) == ""
    assert {path.name for path in own.request.folder.iterdir()} == {"take.npy", "take.wav", "record.json"}
    assert read_record(own.request.folder, Take).samples == 400


def test_where_numba_has_changed_takes_are_made_with_torch_and_it_is_said(tmp_path: Path) -> None:
    import pickle  # noqa: PLC0415 - to hand a job to another process

    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "numba.py").write_text("raise AttributeError('cgutils has moved')\n")
    own = job(tmp_path)
    (tmp_path / "job").write_bytes(pickle.dumps(own))
    program = f"import sys; sys.path[:0] = [{str(tmp_path / 'broken')!r}, {str(ROOT)!r}]\n{PROGRAM}"
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "job")], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert "the compiled sampler can't be used here (AttributeError: cgutils has moved)" in ran.stdout
    assert len(np.load(own.request.folder / "take.npy")) == 400
    assert read_record(own.request.folder, Take).precision == "int8"


def test_a_take_that_is_finished_needs_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = job(tmp_path)
    make_take(own)
    monkeypatch.setattr(take_making, "compile_failure", lambda _dtype: pytest.fail("compiled"))
    assert make_take(replace(own)) == ""


@pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])
@pytest.mark.parametrize("weight_dtype", ["int8", "int16"])
def test_rounded_weights_are_those_that_the_compiled_sampler_holds(
    network: LstmSettings | TieredSettings, weight_dtype: WeightDtype
) -> None:
    weights = random_weights(network)
    heard = np.random.default_rng(5).integers(0, 256, 300).astype(np.uint8)
    compiled = Sampler(network, weights, weight_dtype=weight_dtype).logits(heard)
    rounded = rounded_weights(network, weights, weight_dtype)
    errors = [
        np.abs(TorchSampler(network, own, device="cpu").logits(heard) - compiled).mean() for own in (rounded, weights)
    ]
    assert errors[0] < 0.3 * errors[1]
