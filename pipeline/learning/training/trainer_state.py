"""Where a training stands: everything that changes while it runs, besides the tensors.

This module turns that into what the state file holds, and back. It does not know how a training moves on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.training.health import LossWatch
from pipeline.learning.training.run import CheckpointFacts
from pipeline.learning.training.training_state import TrainingState


@dataclass
class TrainerState:
    """Where a training stands.

    Attributes
    ----------
    total, decay_from
        The last iteration, and the last one at the full learning rate, as far as they are known.
    device, arithmetic
        Where and how it computes; fixed for the whole training, so that it can go on exactly.
    iteration, elapsed_s, overhead_s
        How far it is, and the seconds that went into checkpoints and saved states.
    rate_scale, rescues
        What is left of the learning rate after stepping back, and how often that happened.
    checkpoints
        Made so far.
    loss_sum, losses
        Training losses since the last of them.
    watch
        What sees divergence.
    warnings
        Told so far.
    hashes
        Of the checkpoints' files.
    """

    total: int
    decay_from: int
    device: torch.device
    arithmetic: Arithmetic
    iteration: int = 0
    elapsed_s: float = 0.0
    overhead_s: float = 0.0
    rate_scale: float = 1.0
    max_rollbacks: int = 0
    checkpoints: list[CheckpointFacts] = field(default_factory=list)
    loss_sum: float = 0.0
    losses: int = 0
    watch: LossWatch = field(default_factory=LossWatch)
    warnings: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def state(self, log_bytes: int, log_hash: Mapping[str, str]) -> TrainingState:
        """Give what the state file holds; `log_hash` by the log's name."""
        return TrainingState(
            iteration=self.iteration,
            total=self.total,
            decay_from=self.decay_from,
            elapsed_s=self.elapsed_s,
            overhead_s=self.overhead_s,
            rate_scale=self.rate_scale,
            max_rollbacks=self.max_rollbacks,
            log_bytes=log_bytes,
            checkpoints=tuple(self.checkpoints),
            losses_since_checkpoint=(self.loss_sum, self.losses),
            recent_losses=tuple(self.watch.recent),
            lowest_mean=self.watch.lowest,
            device=self.device.type,
            arithmetic=self.arithmetic.model_copy(update={"reason": ""}),  # it holds measured numbers
            warnings=tuple(self.warnings),
            hashes=dict(sorted({**self.hashes, **log_hash}.items())),
        )

    @classmethod
    def of(cls, state: TrainingState, device: torch.device) -> TrainerState:
        """Go on where a state was taken."""
        return cls(
            total=state.total,
            decay_from=state.decay_from,
            device=device,
            arithmetic=state.arithmetic,
            iteration=state.iteration,
            elapsed_s=state.elapsed_s,
            overhead_s=state.overhead_s,
            rate_scale=state.rate_scale,
            max_rollbacks=state.max_rollbacks,
            checkpoints=list(state.checkpoints),
            loss_sum=state.losses_since_checkpoint[0],
            losses=state.losses_since_checkpoint[1],
            watch=LossWatch(state.recent_losses, state.lowest_mean),
            warnings=list(state.warnings),
            hashes=dict(state.hashes),
        )
