"""What is recorded of a network is what the plain reference computes, and costs the take nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, TieredSettings
from pipeline.learning.sampling import generation
from pipeline.learning.sampling.draws import uniforms
from pipeline.learning.sampling.generation import generate, is_finished
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.torch_sampler import TorchSampler
from pipeline.learning.sampling.traces import (
    BYTES_PER_S,
    TraceSums,
    TraceWindows,
    cut_traces,
    kept_cells,
    kept_distribution,
    new_sums,
    rows_after_cut,
    trace_files,
    trace_windows,
)
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, random_weights
from tests.learning.sampling.reference import ReferenceNetwork
from tests.learning.sampling.test_generation import KilledError, request_for

SAMPLES = 130
WINDOWS = TraceWindows(distribution_samples=16, cells_samples=48, cells=60)
CUTS = {"none": {}, "top_k": {"top_k": 20}, "min_p": {"min_p": 0.3}}
both_networks = pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])


def traced(
    sampler: Sampler | TorchSampler, sharp: float, begin: int = 0, samples: int = SAMPLES, **cuts: float
) -> tuple[np.ndarray, TraceSums]:
    chance = np.array([uniforms(7, stream, begin, samples) for stream in range(sampler.streams)])
    sums = new_sums(WINDOWS, sampler.network, sampler.streams, samples)
    return sampler.generate(chance, np.full(chance.shape, sharp), sums=sums, **cuts), sums


def expected_sums(
    network: LstmSettings | TieredSettings, codes: np.ndarray, sharp: float, primer: np.ndarray, **cuts: float
) -> TraceSums:
    """One stream's sums, from the plain reference that is fed the same bytes."""
    reference = ReferenceNetwork(network, random_weights(network))
    for byte in primer:
        reference.predict()
        reference.prime(int(byte))
    sums = new_sums(WINDOWS, network, 1, len(codes))
    for sample, byte in enumerate(codes):
        steps = reference.phase == 0
        logits = reference.predict().double().numpy()
        likely = np.exp((logits - logits.max()) * sharp)
        likely[logits < np.sort(logits)[-int(cuts.get("top_k", BYTE_VALUES))]] = 0.0
        likely[likely < cuts.get("min_p", 0.0)] = 0.0
        sums.distribution[sample // WINDOWS.distribution_samples, 0] += likely / likely.sum()
        sums.samples[sample // WINDOWS.distribution_samples] += 1
        if steps:
            sums.cells[sample // WINDOWS.cells_samples, 0] += reference.state[1][:, 0].numpy()
            sums.steps[sample // WINDOWS.cells_samples] += 1
        reference.prime(int(byte))
    return sums


def off_by(one: np.ndarray, two: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - two).max())


@both_networks
@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("kind", ["compiled", "cpu", *(["cuda"] if torch.cuda.is_available() else [])])
@pytest.mark.parametrize("primed", [0, 5])
def test_traces_are_those_of_the_reference(
    network: LstmSettings | TieredSettings, cuts: str, kind: str, primed: int
) -> None:
    weights, primer = random_weights(network), np.arange(primed, dtype=np.uint8)
    sampler: Sampler | TorchSampler = Sampler(network, weights, weight_dtype="float32", streams=2)
    if kind != "compiled":
        sampler = TorchSampler(network, weights, streams=2, device=kind)
    sampler.prime(primer)
    codes, sums = traced(sampler, 1.3, **CUTS[cuts])
    for stream in range(2):
        expected = expected_sums(network, codes[stream], 1.3, primer, **CUTS[cuts])
        assert off_by(kept_distribution(sums)[stream], kept_distribution(expected)[0]) <= 1
        assert off_by(kept_cells(sums, WINDOWS)[stream], kept_cells(expected, WINDOWS)[0]) <= 1
        assert sums.samples.tolist() == expected.samples.tolist()
        assert sums.steps.tolist() == expected.steps.tolist()


@both_networks
def test_whole_numbers_as_weights_are_traced_as_they_draw(network: LstmSettings | TieredSettings) -> None:
    weights = random_weights(network)
    codes, sums = traced(Sampler(network, weights), 1.0)
    logits = Sampler(network, weights).logits(codes[0])[:, 0].astype(np.float64)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    whole = SAMPLES // WINDOWS.distribution_samples
    mean = likely[: whole * WINDOWS.distribution_samples].reshape(whole, -1, BYTE_VALUES).mean(axis=1)
    assert off_by(kept_distribution(sums)[0][:whole], np.rint(255 * np.sqrt(mean))) <= 1


@both_networks
@pytest.mark.parametrize("kind", ["compiled", "torch"])
def test_recording_changes_no_byte(network: LstmSettings | TieredSettings, kind: str) -> None:
    weights = random_weights(network)
    made = [
        Sampler(network, weights, streams=2)
        if kind == "compiled"
        else TorchSampler(network, weights, streams=2, device="cpu")
        for _ in range(2)
    ]
    chance = np.array([uniforms(7, stream, 0, SAMPLES) for stream in range(2)])
    np.testing.assert_array_equal(traced(made[0], 1.0)[0], made[1].generate(chance, np.ones(chance.shape)))


NETWORKS = st.one_of(
    st.builds(LstmSettings, layers=st.integers(1, 8), neurons=st.integers(1, 4096)),
    st.builds(
        TieredSettings, layers=st.integers(1, 8), neurons=st.integers(1, 4096), group=st.sampled_from([2, 4, 8, 16])
    ),
)


@given(NETWORKS, st.integers(2000, 192_000))
def test_a_second_of_sound_stays_within_its_bytes(network: LstmSettings | TieredSettings, rate_hz: int) -> None:
    windows = trace_windows(network, rate_hz)
    rates = rate_hz / windows.distribution_samples, rate_hz / windows.cells_samples
    assert BYTE_VALUES * rates[0] + windows.cells * rates[1] < BYTES_PER_S
    assert windows.cells_samples % windows.distribution_samples == 0
    assert isinstance(network, LstmSettings) or windows.distribution_samples % network.group == 0


def test_a_small_network_is_recorded_finely_and_a_large_one_whole() -> None:
    small = trace_windows(LstmSettings(layers=1, neurons=128), 11025)
    assert (small.distribution_samples, small.cells_samples, small.cells) == (62, 62, 128)
    large = trace_windows(LstmSettings(layers=3, neurons=680), 11025)
    assert large.cells == 3 * 680
    assert 11025 / large.cells_samples > 20


def test_enormous_weights_are_traced_as_numbers() -> None:
    weights = {name: tensor * np.float32(1e30) for name, tensor in random_weights(SMALL_LSTM).items()}
    _, sums = traced(Sampler(SMALL_LSTM, weights, weight_dtype="float32"), 1.0)
    assert kept_distribution(sums).dtype == np.uint8
    assert kept_cells(sums, WINDOWS).dtype == np.int8


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "_BLOCK_SAMPLES", 64)
    monkeypatch.setattr(generation, "_SECONDS_BETWEEN_SAVES", 0.0)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("kill", [1, 400, 899])
def test_a_killed_take_ends_with_the_same_bytes_and_traces(tmp_path: Path, kill: int) -> None:
    requests = []
    for name in ("whole", "killed", "plain"):
        (tmp_path / name).mkdir()
        requests.append(replace(request_for(tmp_path / name, ("a.npy", "b.npy")), traces=WINDOWS))
    whole, killed, plain = requests[0], requests[1], replace(requests[2], traces=None)
    generate(whole)
    generate(plain)

    def stop(done: int) -> None:
        if done >= kill:
            raise KilledError

    with pytest.raises(KilledError):
        generate(killed, on_samples=stop)
    assert not is_finished(killed)
    generate(killed)
    assert is_finished(killed)
    for path in whole.folder.iterdir():
        assert path.read_bytes() == (killed.folder / path.name).read_bytes(), path.name
    for name in whole.files:
        assert (whole.folder / name).read_bytes() == (plain.folder / name).read_bytes()
    files = trace_files("b.npy", WINDOWS)
    assert np.load(whole.folder / files.distribution_file).shape == (-(-900 // 16), 256)
    assert np.load(whole.folder / files.cells_file).shape == (-(-900 // 48), 60)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=6), st.integers(1, 20))
@settings(max_examples=60)
def test_what_is_kept_has_the_windows_of_its_own_samples(parts: list[tuple[int, int]], samples: int) -> None:
    kept, at = [], 0
    for gap, length in parts:
        kept.append((at + gap, at + gap + length))
        at += gap + length
    left = np.concatenate([np.arange(start, end) for start, end in kept])
    rows = rows_after_cut(kept, samples)
    middles = np.minimum(np.arange(0, len(left), samples) + samples // 2, len(left) - 1)
    np.testing.assert_array_equal(rows, left[middles] // samples)


def test_traces_are_cut_like_the_take(tmp_path: Path) -> None:
    files = trace_files("take.npy", WINDOWS)
    distribution = np.arange(20 * 256, dtype=np.uint32).astype(np.uint8).reshape(20, 256) + np.arange(20)[:, None]
    np.save(tmp_path / files.distribution_file, distribution.astype(np.uint8))
    np.save(tmp_path / files.cells_file, np.arange(7 * 60).astype(np.int8).reshape(7, 60))
    cut_traces(tmp_path, "take.npy", WINDOWS, [(0, 32), (160, 320)])
    cut = np.load(tmp_path / files.distribution_file)
    np.testing.assert_array_equal(cut, distribution.astype(np.uint8)[[0, 1, *range(10, 20)]])
    assert np.load(tmp_path / files.cells_file).shape == (4, 60)
    assert len(list(tmp_path.iterdir())) == 2
