"""The GPU's sampler, its steps tried on the processor, and on a GPU where there is one."""

import numpy as np
import pytest
import torch

from pipeline.errors import TrainingError
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.sampling.draws import uniforms
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.torch_sampler import TorchSampler, gpu_or_cpu
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, random_weights

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
both_networks = pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])
all_devices = pytest.mark.parametrize("device", DEVICES)


def plain(streams: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([uniforms(2, stream, 0, samples) for stream in range(streams)]), np.ones((streams, samples))


@all_devices
@both_networks
def test_logits_are_those_of_the_processor(network: LstmSettings | TieredSettings, device: str) -> None:
    weights = random_weights(network)
    heard = np.random.default_rng(5).integers(0, 256, 300).astype(np.uint8)
    expected = Sampler(network, weights, weight_dtype="float32", streams=2).logits(heard)
    logits = TorchSampler(network, weights, streams=2, device=device).logits(heard)
    assert np.abs(logits - expected).max() < 1e-3


@all_devices
@both_networks
@pytest.mark.parametrize("cuts", [{}, {"top_k": 20}, {"min_p": 0.3}])
def test_bytes_are_those_of_the_processor(
    network: LstmSettings | TieredSettings, device: str, cuts: dict[str, float]
) -> None:
    weights = random_weights(network)
    chance, sharp = plain(3, 150)
    expected = Sampler(network, weights, weight_dtype="float32", streams=3).generate(chance, 1.2 * sharp, **cuts)
    said = TorchSampler(network, weights, streams=3, device=device).generate(chance, 1.2 * sharp, **cuts)
    np.testing.assert_array_equal(said, expected)


@all_devices
@both_networks
def test_a_stop_within_a_group_changes_nothing(network: LstmSettings | TieredSettings, device: str) -> None:
    weights = random_weights(network)
    chance, sharp = plain(2, 200)
    whole = TorchSampler(network, weights, streams=2, device=device).generate(chance, sharp)
    first, second = (TorchSampler(network, weights, streams=2, device=device) for _ in range(2))
    begun = first.generate(chance[:, :100], sharp[:, :100])
    assert second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(np.hstack((begun, second.generate(chance[:, 100:], sharp[:, 100:]))), whole)


@all_devices
@both_networks
@pytest.mark.parametrize("before", [0, 1, 7])
@pytest.mark.parametrize("primed", [0, 1, 5, 64, 131])
def test_priming_in_one_run_is_priming_byte_by_byte(
    network: LstmSettings | TieredSettings, device: str, before: int, primed: int
) -> None:
    weights = random_weights(network)
    heard = np.random.default_rng(7).integers(0, 256, primed + 20).astype(np.uint8)
    chance, sharp = plain(2, before)
    whole, stepwise = (TorchSampler(network, weights, streams=2, device=device) for _ in range(2))
    for sampler in (whole, stepwise):
        sampler.generate(chance, sharp)
    whole.prime(heard[:primed])
    stepwise.logits(heard[:primed])
    np.testing.assert_allclose(whole.logits(heard[primed:]), stepwise.logits(heard[primed:]), atol=1e-4)


def test_foreign_memory_is_refused() -> None:
    weights = random_weights(SMALL_LSTM)
    sampler = TorchSampler(SMALL_LSTM, weights, device="cpu")
    memory = sampler.state_dict()
    assert not sampler.load_state_dict({**memory, "history": memory["history"] + 999})
    assert not sampler.load_state_dict({**memory, "phase": np.array([5])})
    assert not sampler.load_state_dict({"phase": memory["phase"]})


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_told_only_where_it_is_required() -> None:
    assert gpu_or_cpu(required=False) == "cpu"
    with pytest.raises(TrainingError, match="CUDA"):
        gpu_or_cpu(required=True)
