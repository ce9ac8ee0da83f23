"""A training in flight on disk: one file, written whole or not at all, from which it goes on exactly.

Tensors and facts share one safetensors file, so that no kill can leave halves that do not belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline.files import atomic_write_bytes
from pipeline.learning.run import CheckpointFacts

FORMAT: Final = 1


class TrainingState(BaseModel):
    """Everything but the tensors. Losses are nats per byte."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    iteration: int = Field(ge=0)
    total: int = Field(ge=1)
    elapsed_s: float
    rate_scale: float
    rescues: int
    log_bytes: int
    checkpoints: tuple[CheckpointFacts, ...]
    losses_since_checkpoint: tuple[float, int]
    """Sum and count."""
    recent_losses: tuple[float, ...]
    lowest_mean: float | None
    device: str
    threads: int
    mixed: bool
    warnings: tuple[str, ...]
    corrections: int = 0


def save_state(path: Path, state: TrainingState, tensors: Mapping[str, Tensor]) -> None:
    """Write a state over the one before."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    atomic_write_bytes(path, save(ready, metadata={"state": state.model_dump_json()}))


def load_state(path: Path) -> tuple[TrainingState, dict[str, Tensor]] | None:
    """Read a state; None where there is none that this version of the program can use."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = TrainingState.model_validate(json.loads(metadata["state"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    return (state, tensors) if state.format == FORMAT else None
