import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from pipeline.learning.training import state_file
from pipeline.learning.training.loop import train
from pipeline.learning.training.run import STATE_FILE
from pipeline.learning.training.state_file import load_state
from pipeline.learning.training.training import Training
from tests.learning.training.trainings import TINY_TIERED, Listener, training


def interrupted(folder: Path) -> Training:
    order = training(folder, TINY_TIERED, iterations=30, checkpoints=4, report=Listener(stop_at=12))
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, save_every_s=0.0))
    return replace(order, report=Listener())


def stored_json(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        values: dict[str, Any] = json.loads(json.loads(file.metadata()["training"])["state"])
    return values


def rewrite(path: Path, values: dict[str, Any]) -> None:
    """Write a state as another version would have."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    text = json.dumps(values)
    digest = state_file._digest(text, tensors)
    save_file(tensors, path, metadata={"training": json.dumps({"state": text, "sha256": digest})})


def weights(order: Training) -> list[bytes]:
    return [(order.folder / facts.weights_file).read_bytes() for facts in train(order).checkpoints]


@pytest.mark.parametrize("absent", ["overhead_s", "rescues", "warnings", "rate_scale"])
def test_a_state_without_a_field_that_was_added_later_is_gone_on_from(tmp_path: Path, absent: str) -> None:
    expected = weights(training(tmp_path / "whole", TINY_TIERED, iterations=30, checkpoints=4))
    order = interrupted(tmp_path / "stopped")
    values = stored_json(order.folder / STATE_FILE)
    del values[absent]
    rewrite(order.folder / STATE_FILE, values)
    stored = load_state(order.folder / STATE_FILE)
    assert stored is not None
    assert stored[0].iteration > 0
    assert weights(order) == expected
    assert isinstance(order.report, Listener)
    assert not any("anew" in warning for warning in order.report.warnings)


def test_the_stored_names_stay(tmp_path: Path) -> None:
    values = stored_json(interrupted(tmp_path).folder / STATE_FILE)
    assert list(values) == [
        *("format", "iteration", "total", "decay_from", "elapsed_s", "overhead_s", "rate_scale", "rescues"),
        *("log_bytes", "checkpoints", "losses_since_checkpoint", "recent_losses", "lowest_mean", "device"),
        *("arithmetic", "processors", "warnings", "hashes"),
    ]


def test_a_state_with_a_field_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = interrupted(tmp_path).folder / STATE_FILE
    rewrite(path, {**stored_json(path), "of_tomorrow": 1})
    assert load_state(path) is None


def test_a_state_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = interrupted(tmp_path).folder / STATE_FILE
    values = stored_json(path)
    del values["arithmetic"], values["decay_from"]
    rewrite(path, {**values, "format": 1, "threads": 2, "mixed": True, "corrections": 0})
    stored = load_state(path)
    assert stored is not None
    assert stored[0].arithmetic.matrix_dtype == "bfloat16"
    assert stored[0].arithmetic.threads == 2
    assert stored[0].decay_from == 18
