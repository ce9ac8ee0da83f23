"""How far a training has come that is not finished: what its files hold while another process may be writing them.

This module only looks: it takes no lock, and needs no torch. A file that is just being replaced, or that a kill has
left behind, is as if it were not there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

from pipeline.errors import InputError
from pipeline.learning.models.checkpoint import CheckpointRecord
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.training.loss_log import HEADER
from pipeline.learning.training.run import LOG_FILE, PLAN_FILE, STATE_FILE, CheckpointFacts, CheckpointPlan, TrainingRun

_LARGEST_STATE_BYTES: Final = 1 << 36
_TAIL_BYTES: Final = 4096
_CHECKPOINTS: Final = TypeAdapter(tuple[CheckpointFacts, ...])


@dataclass(frozen=True)
class SoFar:
    """A training in flight, or one that was interrupted.

    Parameters
    ----------
    iteration
        The last one in the log: how far it has come.
    total
        At how many it ends; None where that is not decided yet.
    saved_iteration
        From where it would go on after a kill; 0 where nothing is saved yet.
    saved_at_s
        When that was, in seconds since 1970; None where nothing is saved yet.
    checkpoints
        Those saved, in order.
    device
        Where it trains; empty where nothing is saved yet.
    """

    iteration: int
    total: int | None
    saved_iteration: int
    saved_at_s: float | None
    checkpoints: tuple[CheckpointFacts, ...]
    device: str

    @property
    def share(self) -> float | None:
        """How much of it is done, from 0 to 1; None where the end is not decided yet."""
        return min(1.0, self.iteration / self.total) if self.total else None


def so_far(folder: Path) -> SoFar | None:
    """Look at the folder of a training in flight; None where none has begun there."""
    logged, planned = _last_logged(folder / LOG_FILE), _planned_total(folder / PLAN_FILE)
    path = folder / STATE_FILE
    state = _state(path)
    if not state:
        return None if logged is None else SoFar(logged, planned, 0, None, (), "")
    try:
        saved, total = int(state["iteration"]), int(state["total"])
        checkpoints = _CHECKPOINTS.validate_python(state["checkpoints"])
        whole = tuple(one for one in checkpoints if (folder / one.weights_file).is_file())
        changed = path.stat().st_mtime
    except (OSError, ValidationError, ValueError, KeyError, TypeError):
        return None
    return SoFar(max(saved, logged or 0), total, saved, changed, whole, str(state.get("device", "cpu")))


def unfinished_run(folder: Path, found: SoFar, settings: dict[str, Any]) -> TrainingRun | None:
    """Describe a training as if it had ended with its last checkpoint; None where there are not two of them.

    Parameters
    ----------
    settings
        Of the training, as its ingredients have them.
    """
    if len(found.checkpoints) < 2:  # noqa: PLR2004 - iteration 0 alone shows no learning
        return None
    last = found.checkpoints[-1]
    best = min(found.checkpoints, key=lambda one: one.validation_loss_nats)
    try:
        network = CheckpointRecord.model_validate_json((folder / last.json_file).read_bytes()).network
        recipe = resolve(TrainingSettings.model_validate(settings), getattr(network, "group", 1))
    except (OSError, ValidationError, InputError):
        return None
    return TrainingRun(
        log_file=LOG_FILE,
        checkpoints=found.checkpoints,
        network=network.model_dump(mode="json"),
        training=settings,
        recipe=recipe.model_dump(mode="json"),
        parameters=network.parameters,
        iterations=last.iteration,
        epochs=last.epoch,
        elapsed_s=last.elapsed_s,
        first_validation_nats=found.checkpoints[0].validation_loss_nats,
        last_validation_nats=last.validation_loss_nats,
        best_validation_nats=best.validation_loss_nats,
        best_iteration=best.iteration,
        device=found.device,
    )


def _state(path: Path) -> dict[str, Any]:
    """The facts in a saved state, its tensors left alone."""
    try:
        if not 0 < path.stat().st_size < _LARGEST_STATE_BYTES:
            return {}
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        if "training" in metadata:
            metadata = json.loads(metadata["training"])
        state = json.loads(metadata["state"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _planned_total(path: Path) -> int | None:
    try:
        planned = CheckpointPlan.model_validate_json(path.read_text(encoding="utf-8")).checkpoints
    except (OSError, ValueError):
        return None
    return planned[-1] if planned else None


def _last_logged(path: Path) -> int | None:
    """The iteration of the log's last whole line; None where it has none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).split(b"\n")[:-1]
        last = lines[-1].decode() if lines else HEADER
        return None if last == HEADER else int(last.partition(",")[0])
    except (OSError, ValueError):
        return None
