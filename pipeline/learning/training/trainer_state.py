"""Where a training stands: everything that changes while it runs, besides the tensors.

The state file holds exactly this, as JSON. This module does not know how a training moves on, and needs no torch of its
own.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.recipe import DECAY_SHARE
from pipeline.learning.training.run import CheckpointFacts

FORMAT: Final = 2


class TrainerState(BaseModel):
    """Where a training stands. Losses are nats per byte, times are seconds.

    A field that a later version adds has a default, so that a training in flight goes on.

    Attributes
    ----------
    iteration
        The last update that was made.
    total, decay_from
        The last iteration, and the last one at the full learning rate, as far as they are known.
    elapsed_s, overhead_s
        Seconds of training, and those of them that went into checkpoints and saved states.
    rate_scale, rollbacks
        What is left of the learning rate after going back to a checkpoint, and how often that happened.
    log_bytes
        Length of the loss log when the state was saved.
    checkpoints
        Saved so far, in order.
    losses_since_checkpoint
        Sum and count of the training losses since the last of them.
    recent_losses, lowest_mean
        What `LossWatch` goes on with.
    device, arithmetic
        Where (`cpu` or `cuda`) and how it computes; fixed for the whole training, so that it can go on exactly.
    processors
        The kinds of processor or GPU on which it was trained, one after the other.
    warnings
        Given so far.
    hashes
        SHA-256 of the checkpoints' files, by name, and of the loss log as far as `log_bytes`.
    """

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    iteration: int = Field(default=0, ge=0)
    total: int = Field(default=0, ge=0)
    decay_from: int = 0
    elapsed_s: float = 0.0
    overhead_s: float = 0.0
    rate_scale: float = 1.0
    rollbacks: int = Field(
        default=0, validation_alias=AliasChoices("rollbacks", "rescues"), serialization_alias="rescues"
    )
    log_bytes: int = 0
    checkpoints: list[CheckpointFacts] = []
    losses_since_checkpoint: tuple[float, int] = (0.0, 0)
    recent_losses: list[float] = []
    lowest_mean: float | None = None
    device: str
    arithmetic: Arithmetic
    processors: list[str] = []
    warnings: list[str] = []
    hashes: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, values: Any) -> Any:
        """Read what format 1 held: a training that an older version began goes on, and takes today's schedule."""
        if not isinstance(values, dict) or values.get("format") != 1:
            return values
        own = {name: value for name, value in values.items() if name not in {"threads", "mixed", "corrections"}}
        arithmetic = {
            "matrix_dtype": "bfloat16" if values["mixed"] else "float32",
            "threads": values["threads"],
            "reason": "as this training was begun",
        }
        decay_from = values["total"] - max(1, round(DECAY_SHARE * values["total"]))
        return {**own, "format": FORMAT, "arithmetic": arithmetic, "decay_from": max(0, decay_from)}

    def on(self, kind: str) -> TrainerState:
        """The same, going on on a kind of processor."""
        known = self.processors[-1:] == [kind]
        return self if known else self.model_copy(update={"processors": [*self.processors, kind]})

    def add_loss(self, loss_nats: float) -> None:
        """Count one more training loss since the last checkpoint."""
        total, count = self.losses_since_checkpoint
        self.losses_since_checkpoint = total + loss_nats, count + 1

    def take_mean_loss(self) -> float:
        """Return the mean training loss since the last checkpoint, and begin to count anew."""
        total, count = self.losses_since_checkpoint
        self.losses_since_checkpoint = 0.0, 0
        return total / max(1, count)
