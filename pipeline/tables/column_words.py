"""What names of columns mean, as the usual programs for training write them.

This module owns those words. It reads no numbers, and does not know what becomes of a column.
"""

from __future__ import annotations

import re
from typing import Final

LOSS_WORDS: Final = ("loss", "nats")
STEPS: Final = (
    "global_step", "step", "steps", "_step", "iteration", "iterations", "iter", "iters", "update", "updates",
    "num_updates", "total_timesteps", "num_timesteps", "timesteps", "timestep",
)  # fmt: skip
"""What optimiser updates are called, the best first; also as the last part of a path."""
EPOCHS: Final = frozenset({"epoch", "epochs", "current_epoch"})
CLOCK: Final = re.compile(
    r"time(?!s?_?step)|(?<!up)date|stamp|clock|unix|elapsed|created|(?:^|_)epoch_?(?:s|ms|seconds)$|^ts$|^t$"
)
LOW, HIGH = "__min", "__max"
"""At the end of names: Weights & Biases writes the range of a group of runs so."""


def is_loss(name: str) -> bool:
    """Whether a name contains a word for loss."""
    return any(word in name.casefold() for word in LOSS_WORDS)


def plain_name(name: str) -> str:
    """A name without the differences that don't matter."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def is_time_name(name: str) -> bool:
    """Whether a name contains a word for a clock or a date."""
    return bool(CLOCK.search(plain_name(name)))


def is_epoch_name(name: str) -> bool:
    """Whether a name may mean the count of seconds since 1970, if the numbers agree."""
    return plain_name(name) in EPOCHS
