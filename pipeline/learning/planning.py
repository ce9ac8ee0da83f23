"""How long a training will be: decided before it, told to people, and corrected where it was given as minutes.

A measured speed is only worth as much as the machine was quiet while it was measured. Where a person has set iterations
or epochs nothing depends on it but the estimate; where minutes are set, the plan is made again as the training shows
how fast it truly is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from pipeline.files import atomic_write_text
from pipeline.learning.course import Course
from pipeline.learning.hardware import bfloat16_is_quick, training_environment
from pipeline.learning.learner import Learner
from pipeline.learning.probe import measure
from pipeline.learning.recipe import (
    DEFAULT_CHECKPOINTS,
    Recipe,
    TrainingSettings,
    checkpoint_iterations,
    planned_iterations,
)
from pipeline.learning.run import PLAN_FILE, CheckpointPlan
from pipeline.learning.training import Training

_PROBE_WORTH_UPDATES: Final = 50
_CORRECT_AT: Final = (0.02, 0.06, 0.15, 0.3, 0.5)
"""Shares of the minutes after which the plan is made again: rarely, for the learning rate follows it."""
_DONE_AT: Final = 0.9
"""A training that reaches its last iteration before this share of its minutes goes on."""


def begin_course(training: Training, recipe: Recipe, device: torch.device) -> Course:
    """Decide how long to train, and tell what it will cost."""
    settings = training.settings
    mixed = settings.precision == "bfloat16" or (recipe.mixed_precision and bfloat16_is_quick(device))
    course = Course(total=1, device=device, threads=training.threads, mixed=mixed)
    with training_environment(device, course.threads):
        learner = Learner(training.network, recipe, training.lesson, device=device, mixed=mixed)
        course.total = planned_iterations(settings, learner.windows_per_epoch, None)
        checkpoints = len(checkpoint_iterations(settings, course.total)) if settings.minutes is None else 0
        if settings.minutes is None and course.total < _PROBE_WORTH_UPDATES:
            return course
        cost = measure(learner)
    if settings.minutes is not None:
        most = int(60 * settings.minutes / cost.update_s)
        checkpoints = most // settings.checkpoint_every if settings.checkpoint_every else DEFAULT_CHECKPOINTS
        rate = cost.updates_per_s(60 * settings.minutes, settings.checkpoints or checkpoints)
        course.total = _fitting(settings, learner.windows_per_epoch, rate, 1)
        checkpoints = len(checkpoint_iterations(settings, course.total))
    training.report.note(
        f"{training.label}: {training.network.parameters:,} parameters, {course.total:,} iterations, "
        f"{course.total / learner.windows_per_epoch:.1f} epochs, {checkpoints} checkpoints; "
        f"about {_duration(cost.training_s(course.total, checkpoints))} on {device.type}"
        + (f", {cost.memory_bytes / 2**20:.0f} MiB of memory" if cost.memory_bytes else "")
    )
    return course


def corrected_total(settings: TrainingSettings, course: Course, iterations_per_epoch: float, elapsed_s: float) -> int:
    """Count the iterations again where minutes are set and it is time to look; else leave them.

    Parameters
    ----------
    elapsed_s
        Of the training so far, its checkpoints included.
    """
    if settings.minutes is None or course.iteration == 0:
        return course.total
    share = elapsed_s / (60 * settings.minutes)
    early = course.iteration >= course.total and share < _DONE_AT
    looks = sum(share >= at for at in _CORRECT_AT)
    if not early and looks <= course.corrections:
        return course.total
    course.corrections = max(looks, course.corrections)
    rate_per_s = course.iteration / elapsed_s
    return _fitting(settings, iterations_per_epoch, rate_per_s, course.iteration if early else course.iteration + 1)


def _fitting(settings: TrainingSettings, iterations_per_epoch: float, rate_per_s: float, least: int) -> int:
    return max(planned_iterations(settings, iterations_per_epoch, rate_per_s), least, settings.checkpoint_every or 1)


def write_plan(folder: Path, iterations: frozenset[int], course: Course) -> None:
    """Say beside a running training when it will save checkpoints, for those who follow it."""
    cores = course.threads if course.device.type == "cpu" else 1
    plan = CheckpointPlan(checkpoints=tuple(sorted(iterations)), cores=cores)
    atomic_write_text(folder / PLAN_FILE, plan.model_dump_json() + "\n")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
