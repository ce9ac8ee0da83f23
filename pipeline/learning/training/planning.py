"""How long a training will be, and when it makes checkpoints; both counted again while it runs where minutes are set.

Where a person has set iterations or epochs, nothing here depends on a clock. Where minutes are set, the training itself
is the measurement: its first updates give a first count, and later looks correct it, so that neither a busy machine nor
slow checkpoints change when it ends. This module is pure: times in, counts out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.learning.recipes.recipe import (
    Recipe,
    TrainingSettings,
    checkpoint_iterations,
    decay_start,
    default_checkpoints,
    planned_iterations,
)
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan
from pipeline.store.files import atomic_write_text

FEWEST_ITERATIONS: Final = 100
"""Fewer within the minutes that were set are warned of."""
_UNKNOWN: Final = 100_000_000
_FIRST_LOOK_UPDATES: Final = 4
_FIRST_LOOK_SHARE: Final = 0.01
_FIRST_LOOK_S: Final = 2.0
_LOOK_AT: Final = (0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.55, 0.65, 0.75, 0.82, 0.88, 0.93, 0.96, 0.98, 0.99)
"""Shares of the minutes after which the iterations are counted again."""


@dataclass(frozen=True)
class Plan:
    """When a training ends.

    Attributes
    ----------
    total
        The last iteration.
    due
        The iterations at which checkpoints are made, `total` among them.
    decay_from
        The last iteration at the full learning rate.
    """

    total: int
    due: frozenset[int]
    decay_from: int

    @property
    def is_known(self) -> bool:
        """Whether it is a plan at all: of minutes nothing is known before the first updates."""
        return self.total < _UNKNOWN


@dataclass(frozen=True)
class Spent:
    """Where the time of a training has gone.

    Attributes
    ----------
    iteration
        Updates so far.
    elapsed_s
        Seconds so far, checkpoints included.
    overhead_s
        Of these, seconds for checkpoints, their validation, and saved states.
    checkpoint_s
        Seconds that the last checkpoint took.
    """

    iteration: int
    elapsed_s: float
    overhead_s: float
    checkpoint_s: float


def fixed_plan(settings: TrainingSettings, recipe: Recipe, windows_per_epoch: int, validation_bytes: int) -> Plan:
    """Plan a training given as iterations or epochs; given as minutes alone, nothing but the beginning is known.

    Parameters
    ----------
    windows_per_epoch
        Updates in one pass over the training bytes.
    validation_bytes
        Held-out bytes that every checkpoint is judged by.
    """
    if settings.ends_by_clock:
        return Plan(_UNKNOWN, frozenset({0, _UNKNOWN}), _UNKNOWN)
    total = planned_iterations(settings, windows_per_epoch, None)
    window = recipe.batch * recipe.sequence
    count = default_checkpoints(total * window, validation_bytes)
    return Plan(total, frozenset(checkpoint_iterations(settings, total, count)), decay_start(recipe, total))


class MinutesClock:
    """Counts the iterations of a training that was given in minutes.

    Parameters
    ----------
    settings
        Of the training.
    recipe
        Its recipe.
    windows_per_epoch
        Updates in one pass.
    plan
        What is planned so far.
    """

    def __init__(self, settings: TrainingSettings, recipe: Recipe, windows_per_epoch: int, plan: Plan) -> None:
        self._settings, self._recipe, self._windows = settings, recipe, windows_per_epoch
        self._budget_s = 60 * (settings.minutes or 0.0)
        self._most = planned_iterations(settings, windows_per_epoch, None) if plan.is_known else _UNKNOWN
        self._last: Spent | None = None
        self._looks = 0

    def is_time(self, spent: Spent) -> bool:
        """Whether to count again now."""
        share = spent.elapsed_s / self._budget_s
        if self._last is None:
            known = share >= _FIRST_LOOK_SHARE or spent.elapsed_s >= _FIRST_LOOK_S
            return spent.iteration >= _FIRST_LOOK_UPDATES and known
        return share >= 1 or sum(share >= at for at in _LOOK_AT) > self._looks

    def plan(self, before: Plan, spent: Spent, reached: Iterable[int]) -> Plan:
        """Count again.

        Parameters
        ----------
        before
            What was planned.
        spent
            Where the time has gone.
        reached
            Iterations of the checkpoints that are there.
        """
        self._looks = sum(spent.elapsed_s / self._budget_s >= at for at in _LOOK_AT)
        update_s = self._seconds_an_update(spent)
        self._last = spent
        left_s = self._budget_s - spent.elapsed_s
        count = self._affordable_checkpoints(spent)
        total = before.total
        for _ in range(3):  # the checkpoints ahead cost updates, and how many are ahead depends on the total
            due = self._due(total, count, spent.iteration, reached)
            ahead = sum(iteration > spent.iteration for iteration in due)
            updates = int((left_s - ahead * spent.checkpoint_s) / update_s)
            total = min(self._most, spent.iteration + max(1, updates))
        begun = spent.iteration > before.decay_from
        decay_from = before.decay_from if begun else max(spent.iteration, decay_start(self._recipe, total))
        return Plan(total, frozenset(self._due(total, count, spent.iteration, reached)), decay_from)

    def _seconds_an_update(self, spent: Spent) -> float:
        """Since the last look, for the machine may have become busy or quiet; at first from the beginning."""
        last = self._last or Spent(0, 0.0, 0.0, 0.0)
        updates = spent.iteration - last.iteration
        if updates < 1:
            last, updates = Spent(0, 0.0, 0.0, 0.0), max(1, spent.iteration)
        seconds = (spent.elapsed_s - last.elapsed_s) - (spent.overhead_s - last.overhead_s)
        return max(1e-6, seconds / updates)

    def _affordable_checkpoints(self, spent: Spent) -> int:
        """As many as take a tenth of the time, unless the person has set their number."""
        return default_checkpoints(self._budget_s, 3 * spent.checkpoint_s)

    def _due(self, total: int, count: int, iteration: int, reached: Iterable[int]) -> set[int]:
        every = self._settings.checkpoint_every
        if every is not None and every > total:
            return {*reached, total}
        wanted = checkpoint_iterations(self._settings, total, count)
        return {*reached, *(at for at in wanted if at > iteration), total}


def write_plan(folder: Path, plan: Plan, cores: int) -> None:
    """Write beside a running training when it will save checkpoints, for those who follow it; nothing if unknown."""
    own = CheckpointPlan(checkpoints=tuple(sorted(plan.due)) if plan.is_known else (), cores=cores)
    atomic_write_text(folder / PLAN_FILE, own.model_dump_json() + "\n")


def duration_words(seconds: float) -> str:
    """A duration as people read it: 1 h 5 min, 2 min 3 s, 4 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def epochs_words(epochs: float) -> str:
    """How many epochs: with one decimal, and never as none where there were some."""
    return f"{epochs:,.1f} epochs" if epochs >= 0.1 or epochs <= 0 else "less than 0.1 epochs"  # noqa: PLR2004
