import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from pipeline.learning.models.modules import build_network
from pipeline.learning.models.network import LstmSettings, TieredSettings
from tests.learning.sampling.reference import ReferenceNetwork

KINDS = [
    LstmSettings(layers=2, neurons=11, embedding=5),
    TieredSettings(group=3, layers=2, neurons=13, embedding=5, recent=7, fast_neurons=17, fast_layers=2),
    TieredSettings(group=6, layers=1, neurons=13, embedding=5, recent=2, fast_neurons=17, fast_layers=0),
]


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("initial", ["torch-rnn", "smooth"])
def test_what_is_trained_is_what_speaks(settings: LstmSettings | TieredSettings, initial: str) -> None:
    network = build_network(settings, initial=initial, seed=3).eval()
    weights = network.export()
    assert {name: tensor.shape for name, tensor in weights.items()} == settings.shapes()
    data = np.random.default_rng(1).integers(0, 256, 24).astype(np.uint8)
    window = torch.from_numpy(np.concatenate([np.full(network.lookback, 128, np.uint8), data]))[None]
    with torch.no_grad():
        trained, _ = network(window, None)
    speaker = ReferenceNetwork(settings, weights)
    for place, byte in enumerate(data.tolist()):
        torch.testing.assert_close(trained[0, place], speaker.predict(), rtol=1e-4, atol=1e-5)
        speaker.prime(byte)


@pytest.mark.parametrize("settings", KINDS)
def test_a_carried_state_makes_two_windows_one(settings: LstmSettings | TieredSettings) -> None:
    network = build_network(settings, initial="smooth", seed=1).eval()
    back = network.lookback
    window = torch.randint(0, 256, (2, back + 24), dtype=torch.uint8)
    with torch.no_grad():
        whole, _ = network(window, None)
        first, state = network(window[:, : back + 12], None)
        second, _ = network(window[:, 12:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=1e-4, atol=1e-5)


def test_first_weights_are_those_of_torch_rnn() -> None:
    network = build_network(LstmSettings(layers=2, neurons=200, embedding=100), initial="torch-rnn", seed=1)
    weights = network.export()
    for layer, inputs in enumerate((100, 200)):
        expected = 1 / math.sqrt(inputs + 200)
        for name in ("ih", "hh"):
            tensor = weights[f"lstm.weight_{name}_l{layer}"]
            assert abs(tensor.mean()) < 0.05 * expected
            assert tensor.std() == pytest.approx(expected, rel=0.03)
        np.testing.assert_array_equal(weights[f"lstm.bias_ih_l{layer}"], np.repeat([0, 1, 0, 0], 200))
        assert not weights[f"lstm.bias_hh_l{layer}"].any()
    assert weights["embedding.weight"].std() == pytest.approx(1, rel=0.03)


def test_dropout_follows_every_layer_the_last_too() -> None:
    network = build_network(LstmSettings(layers=1, neurons=64, embedding=8, dropout=0.5), initial="smooth", seed=1)
    kept = []
    network._logits = lambda x: kept.append(x) or x  # what the layers hand on
    network(torch.zeros(4, 40, dtype=torch.uint8), None)
    assert float((kept[0] == 0).float().mean()) == pytest.approx(0.5, abs=0.05)


def test_smooth_tables_begin_with_neighbours_alike() -> None:
    table = build_network(LstmSettings(), initial="smooth", seed=1).export()["embedding.weight"]
    distances = [float(np.linalg.norm(a - b)) for a, b in pairwise(table)]
    far = float(np.linalg.norm(table[20] - table[200]))
    assert np.mean(distances) < far / 3


def test_building_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    build_network(KINDS[0], initial="smooth", seed=9)
    torch.testing.assert_close(torch.rand(3), expected)
