"""What a training will cost, from a few measured updates of a throwaway copy.

This module does not know what is done with the numbers.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import Final

import torch

from pipeline.errors import TrainingError
from pipeline.learning.hardware import memory_bytes
from pipeline.learning.learner import Learner
from pipeline.learning.network import LstmSettings, TieredSettings
from pipeline.learning.recipe import Recipe

WARM_UP_UPDATES: Final = 3
MOST_UPDATES: Final = 20
MOST_SECONDS: Final = 2.0
_COPIES: Final = 6
"""Weights, gradients, two moments, averages, and what is written to disk."""
_FLOAT_BYTES: Final = 4


@dataclass(frozen=True)
class Cost:
    """Measured: seconds an update, seconds a checkpoint, and the most memory held so far (0: unknown)."""

    update_s: float
    checkpoint_s: float
    memory_bytes: int

    def training_s(self, updates: int, checkpoints: int) -> float:
        """How long all of it will take."""
        return updates * self.update_s + checkpoints * self.checkpoint_s

    def updates_per_s(self, seconds: float, checkpoints: int) -> float:
        """How many updates fit into each of so many seconds, once the checkpoints are paid for."""
        return max(0.0, seconds - checkpoints * self.checkpoint_s) / seconds / self.update_s


def measure(learner: Learner) -> Cost:
    """Make a few updates and a validation with a learner that will be thrown away."""
    seconds: list[float] = []
    began = time.perf_counter()
    for update in range(1, WARM_UP_UPDATES + MOST_UPDATES + 1):
        start = time.perf_counter()
        float(learner.update(update, rate_share=0.1))
        seconds.append(time.perf_counter() - start)
        if update > WARM_UP_UPDATES and time.perf_counter() - began > MOST_SECONDS:
            break
    start = time.perf_counter()
    learner.validate()
    learner.export()
    return Cost(median(seconds[WARM_UP_UPDATES:]), time.perf_counter() - start, _peak_memory(learner.device))


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def least_memory_bytes(network: LstmSettings | TieredSettings, recipe: Recipe) -> int:
    """A lower bound of what a training holds at once: its copies of the weights, and one window's activations."""
    per_byte = 3 * 256 + network.embedding
    if isinstance(network, LstmSettings):
        per_byte += 6 * network.layers * network.neurons
    else:
        per_byte += (2 + network.fast_layers) * network.fast_neurons
    return _FLOAT_BYTES * (_COPIES * network.parameters + recipe.batch * recipe.sequence * per_byte)


def check_memory(network: LstmSettings | TieredSettings, recipe: Recipe, device: torch.device) -> None:
    """Refuse a training that can't fit, before it takes any memory.

    Raises
    ------
    TrainingError
        Where the device has less memory than the training needs at the very least.
    """
    there, needed = memory_bytes(device), least_memory_bytes(network, recipe)
    if there and needed > there:
        raise TrainingError(
            f"This training needs at least {needed / 2**30:.1f} GiB of memory, and there are {there / 2**30:.1f} GiB.",
            where=f"network ({network.parameters:,} parameters), batch {recipe.batch}, sequence {recipe.sequence}",
            hint="Use fewer neurons, or a smaller batch or sequence.",
        )
