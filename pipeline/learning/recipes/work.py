"""How much arithmetic a whole training is, to put trainings in order before any has begun."""

from __future__ import annotations

from typing import Final

from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.recipe import TrainingSettings, planned_iterations, resolve

_USUAL_FLOPS: Final = 50e9
"""What one core computes in a second, roughly."""


def training_flops(network: NetworkSettings, settings: TrainingSettings, train_samples: int) -> float:
    """Arithmetic of a whole training, or of its minutes at a speed that orders them rightly among their like."""
    recipe = resolve(settings, getattr(network, "group", 1))
    window = recipe.batch * recipe.sequence
    by_minutes = 60 * settings.minutes * _USUAL_FLOPS if settings.minutes is not None else float("inf")
    iterations = planned_iterations(settings, train_samples / window, None)
    return min(by_minutes, 3.0 * network.flops_per_byte * window * iterations)
