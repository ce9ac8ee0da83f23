"""A checkpoint on disk: the weights that are sampled, as safetensors, and a readable JSON of the same name.

This module trusts nothing that it reads: sizes and shapes are compared with what the JSON's network asks for before
any memory is taken, and there is no pickle anywhere. It reads and writes numpy arrays, and does not import torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from pipeline.errors import StoreError
from pipeline.learning.models.network import MAX_PARAMETERS, NetworkSettings
from pipeline.runtime.wording.setting_words import expected_words
from pipeline.store.files import atomic_write_bytes, atomic_write_text, plain_reason

Weights = dict[str, npt.NDArray[np.float32]]

_MAX_JSON_BYTES: Final = 1_000_000
_MAX_HEADER_BYTES: Final = 1_000_000
_LENGTH_BYTES: Final = 8
"""A safetensors file begins with the length of its table."""


class CheckpointRecord(BaseModel):
    """What the JSON beside the weights holds. Losses are nats per byte."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings
    iteration: int = Field(ge=0)
    epoch: float = Field(ge=0, allow_inf_nan=False)
    elapsed_s: float = Field(ge=0, allow_inf_nan=False)
    validation_loss_nats: float = Field(ge=0, allow_inf_nan=False)
    training_loss_nats: float | None = Field(default=None, allow_inf_nan=False)
    sample_rate_hz: int = Field(ge=1)
    encoding: str


@dataclass(frozen=True)
class Checkpoint:
    """Weights, checked, and what is known about them."""

    record: CheckpointRecord
    weights: Weights

    @property
    def network(self) -> NetworkSettings:
        """The network whose weights these are."""
        return self.record.network


def checkpoint_name(iteration: int) -> str:
    """Name both files of a checkpoint, without their endings: `weights-003000`."""
    return f"weights-{iteration:06d}"


def save_checkpoint(folder: Path, record: CheckpointRecord, weights: Mapping[str, npt.NDArray[np.float32]]) -> Path:
    """Write both files, each whole or not at all, the JSON last.

    Returns
    -------
    Path
        The JSON.
    """
    shapes = record.network.shapes()
    ordered: Weights = {}
    for name, shape in shapes.items():
        tensor = np.ascontiguousarray(weights[name], dtype=np.float32)
        if tensor.shape != shape:
            raise StoreError(f"The tensor {name} has the shape {tensor.shape}, not {shape}.")
        ordered[name] = tensor
    name = checkpoint_name(record.iteration)
    atomic_write_bytes(folder / f"{name}.safetensors", save(ordered))
    path = folder / f"{name}.json"
    atomic_write_text(path, record.model_dump_json(indent=2) + "\n")
    return path


def load_checkpoint(json_path: Path) -> Checkpoint:
    """Read a checkpoint, and check it before use.

    Parameters
    ----------
    json_path
        The readable half; the weights lie beside it under the same name.

    Raises
    ------
    StoreError
        Where either file is missing, damaged, too large, or where the two do not belong together.
    """
    record = _read_record(json_path)
    weights_path = json_path.with_suffix(".safetensors")
    shapes = record.network.shapes()
    if record.network.parameters > MAX_PARAMETERS:
        raise _damaged(weights_path, f"its network would have {record.network.parameters} parameters")
    _check_header(weights_path, shapes)
    try:
        weights = load_file(weights_path)
    except OSError as error:
        raise _damaged(weights_path, plain_reason(error)) from error
    except (SafetensorError, ValueError) as error:
        raise _damaged(weights_path, "its numbers can't be read") from error
    for name, tensor in weights.items():
        if not np.isfinite(tensor).all():
            raise _damaged(weights_path, f"{name} holds numbers that are not finite")
    return Checkpoint(record, weights)


def _read_record(path: Path) -> CheckpointRecord:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise _damaged(path, "it is too large for what it should hold")
        return CheckpointRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise _damaged(path, plain_reason(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise _damaged(path, "it is no JSON") from error
        raise _damaged(path, f"{field} should be {expected_words([first])}") from error


def _check_header(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Compare the file's own table of tensors with the shapes that the network asks for."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header_bytes = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if size < _LENGTH_BYTES or header_bytes > min(_MAX_HEADER_BYTES, size - _LENGTH_BYTES):
                raise _damaged(path, "it is cut off, or no safetensors file")
            header = json.loads(file.read(header_bytes))
    except OSError as error:
        raise _damaged(path, plain_reason(error)) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its table of tensors can't be read") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its table of tensors can't be read")
    header.pop("__metadata__", None)
    if header.keys() != shapes.keys():
        odd = sorted(header.keys() ^ shapes.keys())[:3]
        raise _damaged(path, f"its tensors are not this network's ({', '.join(map(str, odd))})")
    for name, shape in shapes.items():
        entry = header[name]
        if not isinstance(entry, dict) or entry.get("dtype") != "F32" or entry.get("shape") != list(shape):
            raise _damaged(path, f"{name} should be float32 of the shape {shape}")
    if size != _LENGTH_BYTES + header_bytes + 4 * sum(prod(shape) for shape in shapes.values()):
        raise _damaged(path, "its length is not that of its tensors")


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"The checkpoint can't be used: {why}.",
        where=str(path),
        expected="a weights-*.json and a weights-*.safetensors made by this program",
        hint="Train again: build-video train --force",
    )
