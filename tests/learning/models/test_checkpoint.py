import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.learning.models.checkpoint import load_checkpoint
from tests.learning.models.networks import SMALL_LSTM, SMALL_TIERED, random_weights, save_random_checkpoint


@pytest.mark.parametrize("network", [SMALL_LSTM, SMALL_TIERED])
def test_weights_are_read_as_they_were_written(tmp_path: Path, network: object) -> None:
    loaded = load_checkpoint(save_random_checkpoint(tmp_path, network, 1000))
    assert loaded.network == network
    expected = random_weights(network, seed=1000)
    assert loaded.weights.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(loaded.weights[name], tensor)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_weights_cut_at_any_byte_are_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = save_random_checkpoint(tmp_path_factory.mktemp("cut"), SMALL_LSTM)
    weights = path.with_suffix(".safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(StoreError, match="checkpoint can't be used"):
        load_checkpoint(path)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_an_altered_table_does_no_harm(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = save_random_checkpoint(tmp_path_factory.mktemp("altered"), SMALL_LSTM)
    weights = path.with_suffix(".safetensors")
    whole = bytearray(weights.read_bytes())
    whole[data.draw(st.integers(0, 7 + int.from_bytes(whole[:8], "little")))] ^= data.draw(st.integers(1, 255))
    weights.write_bytes(whole)
    with suppress(StoreError):  # offsets that still fit may be swapped; any other error fails the test
        loaded = load_checkpoint(path)
        assert {name: tensor.shape for name, tensor in loaded.weights.items()} == SMALL_LSTM.shapes()


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"kind": "lstm", "layers": 8, "neurons": 4096}},
        {"network": {"kind": "lstm", "layers": 9}},
        {"iteration": -1},
        {"validation_loss_nats": "NaN"},
        {"odd": 1},
    ],
)
def test_a_json_that_does_not_fit_its_weights_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = save_random_checkpoint(tmp_path, SMALL_LSTM)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(StoreError, match="checkpoint can't be used"):
        load_checkpoint(path)


def test_an_enormous_table_is_not_read_into_memory(tmp_path: Path) -> None:
    path = save_random_checkpoint(tmp_path, SMALL_LSTM)
    path.with_suffix(".safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(StoreError, match="cut off"):
        load_checkpoint(path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = save_random_checkpoint(tmp_path, SMALL_LSTM)
    weights = path.with_suffix(".safetensors")
    weights.write_bytes(weights.read_bytes()[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(StoreError, match="not finite"):
        load_checkpoint(path)


def test_settings_and_checkpoints_do_without_torch() -> None:
    names = ("models.network", "recipes.recipe", "corpus", "models.checkpoint")
    names += ("training.run", "training.loss_log", "training.health", "training.so_far", "training.planning")
    imports = "\n".join(f"import pipeline.learning.{name}" for name in names)
    program = f"import sys\n{imports}\nsys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False).returncode == 0
