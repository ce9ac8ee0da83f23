"""What a finished training leaves behind: the record of a run, its log and its checkpoints.

Other rooms never see this module; stages hand its numbers on. It does not import torch.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from pipeline.store.names import PlainName

RECORD_FILE: Final = "record.json"
LOG_FILE: Final = "loss.csv"
STATE_FILE: Final = "training-state.safetensors"
"""The last state of a training that runs; it is removed at the end."""
CONTINUE_FILE: Final = "continue.safetensors"
"""The state at the last iteration at the full learning rate: from here a longer training goes on."""
INGREDIENTS_FILE: Final = "ingredients.json"
"""Beside a training in flight: what determines it, as a manifest has it later."""
PLAN_FILE: Final = "planned.json"
"""Lies beside a training that runs."""
NO_WEIGHTS: Final = "made-up"
"""Stands for the files of checkpoints in a made-up run, which shows what a training that has not begun may be like."""


class CheckpointPlan(BaseModel):
    """Of a running training: at which iterations it makes checkpoints, and how many cores it keeps busy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoints: tuple[int, ...]
    cores: int


class CheckpointFacts(BaseModel):
    """One checkpoint of a run. Files are relative to the record's folder; losses are nats per byte."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iteration: int
    epoch: float
    elapsed_s: float
    validation_loss_nats: float
    training_loss_nats: float | None
    """Mean training loss since the checkpoint before; None at iteration 0."""
    weights_file: PlainName
    json_file: PlainName


class TrainingRun(BaseModel):
    """A training that has ended. Losses are nats per byte, times are seconds of training, pauses left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_file: PlainName = "loss.csv"
    checkpoints: tuple[CheckpointFacts, ...]
    network: dict[str, JsonValue]
    """The network's settings."""
    training: dict[str, JsonValue]
    """The training's settings as the production file has them."""
    recipe: dict[str, JsonValue]
    """The same with every default filled in: batch, sequence, learning rate and so on."""
    parameters: int
    iterations: int
    epochs: float
    elapsed_s: float
    first_validation_nats: float
    last_validation_nats: float
    best_validation_nats: float
    best_iteration: int
    device: str
    processors: tuple[str, ...] = ()
    """The kinds of processor or GPU on which it was trained, one after the other; older records name none."""
    warnings: tuple[str, ...] = ()

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for a training that has not begun: it has curves and no weights."""
        return any(checkpoint.weights_file == NO_WEIGHTS for checkpoint in self.checkpoints)
