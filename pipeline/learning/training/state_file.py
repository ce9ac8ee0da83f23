"""A training in flight on disk: one file, written whole or not at all, from which it goes on exactly.

Tensors and facts share one safetensors file, so that no kill can leave halves that do not belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline.learning.training.trainer_state import FORMAT, TrainerState
from pipeline.store.files import atomic_write_bytes, file_sha256, plain_reason

_METADATA: Final = "training"


def save_state(path: Path, state: TrainerState, tensors: Mapping[str, Tensor]) -> None:
    """Write a state over the one before, whole or not at all."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    state_json = state.model_dump_json(by_alias=True)
    # in one value: safetensors writes several in no fixed order, and the same state would be other bytes
    both = json.dumps({"state": state_json, "sha256": _digest(state_json, ready)})
    atomic_write_bytes(path, save(ready, metadata={_METADATA: both}))


def _digest(state_json: str, tensors: Mapping[str, Tensor]) -> str:
    """Hash everything in a state: safetensors has no check of its own, and one wrong weight would go unseen."""
    digest = sha256(state_json.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def damage(folder: Path, state: TrainerState, log_file: str) -> str:
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


def load_state(path: Path) -> tuple[TrainerState, dict[str, Tensor]] | None:
    """Read a state; None where there is none that this version of the program can use."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            metadata = json.loads(metadata[_METADATA]) if _METADATA in metadata else metadata  # older: two values
            state = TrainerState.model_validate_json(metadata["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if _digest(metadata["state"], tensors) != metadata["sha256"]:
            return None
    except (OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    return (state, tensors) if state.format == FORMAT else None
