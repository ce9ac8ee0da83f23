"""Takes of any length, stopped anywhere, end with the same bytes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.learning.sampling import generation
from pipeline.learning.sampling.generation import STATE_FILE, GenerationRequest, generate, is_finished
from pipeline.learning.sampling.sampler import Sampler
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, save_random_checkpoint

SAMPLES = 900
BLOCK = 64


class KilledError(Exception):
    """The process died here."""


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "_BLOCK_SAMPLES", BLOCK)
    monkeypatch.setattr(generation, "_SECONDS_BETWEEN_SAVES", 0.0)


def request_for(folder: Path, files: tuple[str, ...] = ("take.npy",)) -> GenerationRequest:
    checkpoint = save_random_checkpoint(folder / "checkpoints", SMALL_TIERED)
    (folder / "take").mkdir(exist_ok=True)
    curves = (((0.0, 1.5), (1.0, 0.5)),) * len(files)
    return GenerationRequest(checkpoint, folder / "take", files, SAMPLES, seed=3, curves=curves)


def codes_of(request: GenerationRequest, name: str = "take.npy") -> np.ndarray:
    return np.load(request.folder / name, allow_pickle=False)


def generate_until(request: GenerationRequest, samples: int) -> None:
    def kill(done: int) -> None:
        if done >= samples:
            raise KilledError

    with pytest.raises(KilledError):
        generate(request, on_samples=kill)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    request = request_for(tmp_path_factory.mktemp("undisturbed"), ("a.npy", "b.npy"))
    generate(request)
    return np.array([codes_of(request, name) for name in request.files])


def test_a_take_is_an_array_of_its_length(undisturbed: np.ndarray, tmp_path: Path) -> None:
    request = request_for(tmp_path)
    assert not is_finished(request)
    generate(request)
    assert is_finished(request)
    assert sorted(path.name for path in request.folder.iterdir()) == ["take.npy"]
    np.testing.assert_array_equal(codes_of(request), undisturbed[0])


def test_candidates_differ(undisturbed: np.ndarray) -> None:
    assert (undisturbed[0] != undisturbed[1]).mean() > 0.5


@given(st.lists(st.integers(1, SAMPLES - 1), min_size=1, max_size=4))
@settings(deadline=None, max_examples=10)
def test_a_take_killed_again_and_again_ends_the_same(
    undisturbed: np.ndarray, tmp_path_factory: pytest.TempPathFactory, kills: list[int]
) -> None:
    request = request_for(tmp_path_factory.mktemp("killed"), ("a.npy", "b.npy"))
    for kill in sorted(kills):
        generate_until(request, kill)
    generate(request)
    np.testing.assert_array_equal([codes_of(request, name) for name in request.files], undisturbed)


PROGRAM = """
import sys
from pathlib import Path
from pipeline.learning.sampling import generation
generation._SECONDS_BETWEEN_SAVES = 0.0
checkpoint, folder, samples = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
request = generation.GenerationRequest(checkpoint, folder, ("take.npy",), samples, seed=3, curves=(((0.0, 1.0),),))
generation.generate(request, on_samples=lambda done: print(done, flush=True))
"""


def test_a_process_killed_outright_goes_on_with_the_same_bytes(tmp_path: Path) -> None:
    samples = 2_000_000
    checkpoint = save_random_checkpoint(tmp_path, SMALL_LSTM)
    folder = tmp_path / "take"
    folder.mkdir()
    arguments = [sys.executable, "-c", PROGRAM, str(checkpoint), str(folder), str(samples)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) > 10_000:
                process.kill()
                break
        process.communicate()
    shorter = GenerationRequest(checkpoint, folder, ("take.npy",), samples, seed=3, curves=(((0.0, 1.0),),))
    with np.load(folder / STATE_FILE) as memory:
        done = int(memory["done"])
    assert 8_000 <= done < samples
    generate_until(shorter, done + 5000)
    aside = tmp_path / "aside"
    aside.mkdir()
    undisturbed = replace(shorter, folder=aside)
    generate_until(undisturbed, done + 5000)
    both = [np.fromfile(path / "take.npy", np.uint8)[: done + 5000] for path in (folder, aside)]
    np.testing.assert_array_equal(*both)


def test_what_was_saved_is_not_said_again(tmp_path: Path) -> None:
    request = request_for(tmp_path)
    generate_until(request, 600)
    told: list[int] = []
    generate(request, on_samples=told.append)
    assert min(told) >= 600


@pytest.mark.parametrize("damage", ["memory gone", "memory torn", "memory is nonsense", "bytes cut off"])
def test_a_damaged_beginning_is_made_anew(undisturbed: np.ndarray, tmp_path: Path, damage: str) -> None:
    request = request_for(tmp_path)
    generate_until(request, 500)
    memory, take = request.folder / STATE_FILE, request.folder / "take.npy"
    if damage == "memory gone":
        memory.unlink()
    elif damage == "memory torn":
        memory.write_bytes(memory.read_bytes()[:200])
    elif damage == "memory is nonsense":
        np.savez(memory, done=np.array(100), inputs=np.array(["?"]))
    else:
        take.write_bytes(take.read_bytes()[:150])
    generate(request)
    np.testing.assert_array_equal(codes_of(request), undisturbed[0])


def test_the_memory_of_another_network_is_not_used(tmp_path: Path) -> None:
    request = request_for(tmp_path)
    generate_until(request, 500)
    other = replace(request, checkpoint=save_random_checkpoint(tmp_path / "other", SMALL_LSTM))
    generate(other)
    assert is_finished(other)


def test_priming_is_heard_and_not_kept(undisturbed: np.ndarray, tmp_path: Path) -> None:
    recording = np.random.default_rng(1).integers(0, 256, 1000).astype(np.uint8)
    np.save(tmp_path / "recording.npy", recording)
    request = replace(request_for(tmp_path), primer=(tmp_path / "recording.npy", 100, 300))
    generate(request)
    assert len(codes_of(request)) == SAMPLES
    assert (codes_of(request) != undisturbed[0]).any()
    heard = generation.open_sampler(request)
    assert isinstance(heard, Sampler)
    heard.prime(recording[100:400])
    expected = generation._next_block(request, heard, 0, SAMPLES)
    np.testing.assert_array_equal(codes_of(request), expected[0])


def test_a_primer_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "recording.npy").write_bytes(b"no array")
    request = replace(request_for(tmp_path), primer=(tmp_path / "recording.npy", 0, 10))
    with pytest.raises(StoreError, match="bytes can't be read"):
        generate(request)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    request = request_for(tmp_path)
    weights = request.checkpoint.with_suffix(".safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(StoreError, match="checkpoint"):
        generate(request)


def test_a_long_take_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    """What is kept between blocks is the network's memory, whose size has nothing to do with the take's."""
    request = request_for(tmp_path)
    sizes = []
    for kill in (100, 800):
        generate_until(request, kill)
        sizes.append((request.folder / STATE_FILE).stat().st_size)
    assert sizes[0] == sizes[1]
