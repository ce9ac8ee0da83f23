"""A training in flight on disk: one file, written whole or not at all, from which it goes on exactly.

Tensors and facts share one safetensors file, so that no kill can leave halves that do not belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.recipe import DECAY_SHARE
from pipeline.learning.training.run import CheckpointFacts
from pipeline.store.files import atomic_write_bytes, file_sha256, plain_reason

FORMAT: Final = 2
_METADATA: Final = "training"


class TrainingState(BaseModel):
    """Everything but the tensors. Losses are nats per byte."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    iteration: int = Field(ge=0)
    total: int = Field(ge=1)
    decay_from: int
    elapsed_s: float
    overhead_s: float = 0.0
    rate_scale: float
    max_rollbacks: int
    log_bytes: int
    checkpoints: tuple[CheckpointFacts, ...]
    losses_since_checkpoint: tuple[float, int]
    """Sum and count."""
    recent_losses: tuple[float, ...]
    lowest_mean: float | None
    device: str
    arithmetic: Arithmetic
    warnings: tuple[str, ...]
    hashes: dict[str, str] = {}
    """SHA-256 of the checkpoints' files, by name, and of the loss log as far as `log_bytes`."""


def _of_today(values: dict[str, Any]) -> dict[str, Any]:
    """Read what format 1 held: a training that was begun by an older version goes on, and takes today's schedule."""
    if values.get("format") != 1:
        return values
    own = {name: value for name, value in values.items() if name not in {"threads", "mixed", "corrections"}}
    mixed = bool(values["mixed"])
    arithmetic = {
        "matrix_dtype": "bfloat16" if mixed else "float32",
        "threads": values["threads"],
        "reason": "as this training was begun",
    }
    decay_from = values["total"] - max(1, round(DECAY_SHARE * values["total"]))
    return {**own, "format": FORMAT, "arithmetic": arithmetic, "decay_from": max(0, decay_from)}


def save_state(path: Path, state: TrainingState, tensors: Mapping[str, Tensor]) -> None:
    """Write a state over the one before."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    told = state.model_dump_json()
    # in one value: safetensors writes several in no fixed order, and the same state would be other bytes
    both = json.dumps({"state": told, "sha256": _digest(told, ready)})
    atomic_write_bytes(path, save(ready, metadata={_METADATA: both}))


def _digest(told: str, tensors: Mapping[str, Tensor]) -> str:
    """Hash everything in a state: safetensors has no check of its own, and one wrong weight would go unseen."""
    digest = sha256(told.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def damage(folder: Path, state: TrainingState, log_file: str) -> str:
    """What is wrong with the files that a training goes on with, or nothing."""
    for name, expected in state.hashes.items():
        path = folder / name
        try:
            if name == log_file:
                with path.open("rb") as file:
                    found = sha256(file.read(state.log_bytes)).hexdigest()
            else:
                found = file_sha256(path)
        except FileNotFoundError:
            return f"{name} is gone"
        except OSError as error:
            return f"{name} can't be read: {plain_reason(error)}"
        if found != expected:
            return f"{name} was altered"
    return ""


def load_state(path: Path) -> tuple[TrainingState, dict[str, Tensor]] | None:
    """Read a state; None where there is none that this version of the program can use."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            metadata = json.loads(metadata[_METADATA]) if _METADATA in metadata else metadata  # older: two values
            state = TrainingState.model_validate(_of_today(json.loads(metadata["state"])))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if _digest(metadata["state"], tensors) != metadata["sha256"]:
            return None
    except (OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    return (state, tensors) if state.format == FORMAT else None
