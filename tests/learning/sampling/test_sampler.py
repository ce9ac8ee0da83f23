"""The fast sampler says what the plain torch loop would say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.sampling.draws import inverse_temperature, uniforms
from pipeline.learning.sampling.quantisation import quantise
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.settings import WeightDtype
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, random_weights
from tests.learning.sampling.reference import ReferenceNetwork, reference_generate, reference_logits

NETWORKS = {
    "1 x 128": LstmSettings(layers=1, neurons=128),
    "2 x 37": SMALL_LSTM,
    "3 x 48": LstmSettings(layers=3, neurons=48, embedding=110),
    "tiered": SMALL_TIERED,
    "tiered, one fast layer": TieredSettings(neurons=64, fast_neurons=64, fast_layers=0, recent=4),
}
SAMPLES = 2000
LARGEST_LOGIT_ERROR = 1e-3


def heard_bytes(samples: int = SAMPLES) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, samples).astype(np.uint8)


def plain(streams: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.array([uniforms(7, stream, 0, samples) for stream in range(streams)])
    return chance, np.ones((streams, samples))


@pytest.mark.parametrize("weight_dtype", ["float32", "int16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_logits_are_those_of_the_reference(name: str, weight_dtype: WeightDtype) -> None:
    network, heard = NETWORKS[name], heard_bytes()
    weights = random_weights(network)
    expected = reference_logits(ReferenceNetwork(network, weights), heard)
    logits = Sampler(network, weights, weight_dtype=weight_dtype).logits(heard)[:, 0]
    assert np.abs(logits - expected).max() < LARGEST_LOGIT_ERROR


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_random_numbers_give_the_bytes_of_the_reference(name: str) -> None:
    network = NETWORKS[name]
    weights = random_weights(network)
    chance, sharp = plain(1, SAMPLES)
    expected = reference_generate(ReferenceNetwork(network, weights), chance[0], sharp[0])
    said = Sampler(network, weights, weight_dtype="float32").generate(chance, sharp)[0]
    np.testing.assert_array_equal(said, expected)


@pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])
def test_a_stream_says_the_same_alone_and_in_company(network: LstmSettings | TieredSettings) -> None:
    weights, streams = random_weights(network), 6
    chance, sharp = plain(streams, 200)
    together = Sampler(network, weights, streams=streams).generate(chance, sharp)
    for stream in range(streams):
        one = slice(stream, stream + 1)
        np.testing.assert_array_equal(Sampler(network, weights).generate(chance[one], sharp[one])[0], together[stream])


@given(cuts=st.lists(st.integers(0, 60), max_size=4).map(sorted))
@settings(deadline=None, max_examples=15)
@pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])
def test_a_stop_between_any_two_samples_changes_nothing(
    network: LstmSettings | TieredSettings, cuts: list[int]
) -> None:
    weights = random_weights(network)
    chance, sharp = plain(2, 60)
    whole = Sampler(network, weights, streams=2).generate(chance, sharp)
    memory, parts = None, []
    for begin, end in zip([0, *cuts], [*cuts, 60], strict=True):
        sampler = Sampler(network, weights, streams=2)
        assert memory is None or sampler.load_state_dict(memory)
        parts.append(sampler.generate(chance[:, begin:end], sharp[:, begin:end]))
        memory = sampler.state_dict()
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_the_memory_of_another_network_is_refused() -> None:
    small = Sampler(SMALL_LSTM, random_weights(SMALL_LSTM))
    other = Sampler(SMALL_TIERED, random_weights(SMALL_TIERED))
    assert not small.load_state_dict(other.state_dict())
    assert not small.load_state_dict({})


def test_hearing_is_the_same_as_having_said() -> None:
    weights = random_weights(SMALL_LSTM)
    chance, sharp = plain(1, 100)
    speaking, hearing = Sampler(SMALL_LSTM, weights), Sampler(SMALL_LSTM, weights)
    hearing.prime(speaking.generate(chance, sharp)[0])
    np.testing.assert_array_equal(speaking.generate(chance, sharp), hearing.generate(chance, sharp))


def chances(weights: dict[str, np.ndarray], temperature: float = 1.0) -> np.ndarray:
    logits = Sampler(SMALL_LSTM, weights).logits(np.full(1, SILENCE_BYTE, np.uint8))[0, 0].astype(np.float64)
    likely = np.exp((logits - logits.max()) / temperature)
    return likely / likely.sum()


def first_bytes(weights: dict[str, np.ndarray], temperature: float = 1.0, **cuts: float) -> np.ndarray:
    """The first byte of each of 20,000 streams: as many independent draws from one distribution."""
    streams = 20_000
    chance = uniforms(3, 0, 0, streams)[:, None]
    sampler = Sampler(SMALL_LSTM, weights, streams=streams)
    return sampler.generate(chance, np.full((streams, 1), 1.0 / temperature), **cuts)[:, 0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_bytes_are_drawn_as_often_as_they_are_likely(temperature: float) -> None:
    weights = random_weights(SMALL_LSTM)
    expected = chances(weights, temperature)
    drawn = np.bincount(first_bytes(weights, temperature), minlength=256) / 20_000
    assert np.abs(np.cumsum(drawn) - np.cumsum(expected)).max() < 1.63 / np.sqrt(20_000)  # Kolmogorov, 1%


def test_top_k_draws_only_the_likeliest() -> None:
    weights = random_weights(SMALL_LSTM)
    likeliest = set(np.argsort(chances(weights))[-5:])
    assert set(first_bytes(weights, top_k=5)) == likeliest


def test_top_1_is_the_likeliest_byte_at_any_temperature() -> None:
    weights = random_weights(SMALL_LSTM)
    assert set(first_bytes(weights, 10.0, top_k=1)) == {int(np.argmax(chances(weights)))}


def test_min_p_draws_only_what_is_not_far_less_likely() -> None:
    weights = random_weights(SMALL_LSTM)
    likely = chances(weights)
    drawn = set(first_bytes(weights, min_p=0.5))
    assert drawn <= set(np.nonzero(likely >= 0.499 * likely.max())[0])
    assert len(drawn) > 1


def test_enormous_weights_still_end_in_bytes() -> None:
    weights = {name: tensor * np.float32(1e30) for name, tensor in random_weights(SMALL_LSTM).items()}
    said = Sampler(SMALL_LSTM, weights, weight_dtype="float32").generate(*plain(1, 50))
    assert said.shape == (1, 50)


@pytest.mark.parametrize(("weight_dtype", "cost_bits"), [("int16", 1e-6), ("int8", 0.005)])
@pytest.mark.parametrize("network", [SMALL_LSTM, LstmSettings(layers=2, neurons=128)])
def test_fewer_bits_for_weights_cost_next_to_nothing(
    network: LstmSettings, weight_dtype: WeightDtype, cost_bits: float
) -> None:
    weights, heard = random_weights(network), heard_bytes(500)
    exact = Sampler(network, weights, weight_dtype="float32").logits(heard)[:, 0].astype(np.float64)
    rough = Sampler(network, weights, weight_dtype=weight_dtype).logits(heard)[:, 0].astype(np.float64)
    logs = [logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)) for logits in (exact, rough)]
    divergence = (np.exp(logs[0]) * (logs[0] - logs[1])).sum(axis=1).mean() / np.log(2)
    assert 0.0 <= divergence < cost_bits


@given(st.integers(0, 2**32), st.sampled_from(["int16", "int8"]))
@settings(deadline=None, max_examples=20)
def test_quantised_weights_are_within_half_a_step(seed: int, weight_dtype: WeightDtype) -> None:
    matrix = np.random.default_rng(seed).standard_normal((4, 9)).astype(np.float32)
    matrix[1] = 0.0
    numbers, scales = quantise(matrix, weight_dtype)
    steps = matrix / scales[:, None].astype(np.float64)
    rounding = np.abs(steps) * 2.0**-23  # of the division and of the scale, both in float32
    assert (np.abs(numbers - steps) <= 0.5 + rounding).all()
    assert (numbers[1] == 0).all()


@pytest.mark.parametrize("recent", [3, 70])
def test_a_table_too_large_becomes_a_product(recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = SMALL_TIERED.model_copy(update={"recent": recent})
    weights, heard = random_weights(network), heard_bytes(100)
    with_table = Sampler(network, weights, weight_dtype="float32").logits(heard)
    monkeypatch.setattr("pipeline.learning.sampling.sampler_models.LARGEST_TABLE_BYTES", 0)
    assert (
        np.abs(Sampler(network, weights, weight_dtype="float32").logits(heard) - with_table).max() < LARGEST_LOGIT_ERROR
    )


def test_every_weight_that_is_read_is_counted_once() -> None:
    network = LstmSettings(layers=2, neurons=64)
    sampler = Sampler(network, random_weights(network), weight_dtype="int16")
    assert sampler.weight_bytes_per_sample == 2 * (256 * 64 + 256 * 128 + 256 * 64)


@given(st.integers(0, 2**63 - 1), st.integers(0, 63), st.integers(0, 10_000), st.integers(1, 50), st.integers(1, 50))
@settings(deadline=None, max_examples=50)
def test_random_numbers_are_the_same_however_they_are_asked_for(
    seed: int, stream: int, begin: int, first: int, second: int
) -> None:
    whole = uniforms(seed, stream, begin, first + second)
    parts = uniforms(seed, stream, begin, first), uniforms(seed, stream, begin + first, second)
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (whole >= 0.0).all()
    assert (whole < 1.0).all()


def test_random_numbers_are_evenly_spread_and_streams_differ() -> None:
    numbers = uniforms(1, 0, 0, 100_000)
    assert abs(numbers.mean() - 0.5) < 0.004
    assert np.abs(np.histogram(numbers, 10, (0, 1))[0] - 10_000).max() < 400
    assert np.abs(np.corrcoef(numbers, uniforms(1, 1, 0, 100_000))[0, 1]) < 0.02


def test_a_temperature_curve_runs_through_its_corners() -> None:
    sharp = inverse_temperature([(0.0, 2.0), (0.5, 1.0)], 0, 101, 101)
    assert sharp[0] == 0.5
    assert sharp[50] == sharp[100] == 1.0
    assert (np.diff(1.0 / sharp[:51]) < 0).all()
