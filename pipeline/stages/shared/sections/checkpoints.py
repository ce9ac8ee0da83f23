"""What can be heard of a section and when in training: its checkpoints, or the iterations of a run's sounds.

Owns the numbers beside each of them. A run without sounds has points of its curves instead, which are shown in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.film.planning.plan import CheckpointPoint
from pipeline.learning.training.run import TrainingRun
from pipeline.production.schema import Production
from pipeline.runs.record import RunTake
from pipeline.runs.stored import RunLosses
from pipeline.stages.shared.runs.sounds import run_takes
from pipeline.stages.shared.sections.losses import (
    Floats,
    Integers,
    SectionCurve,
    SectionLosses,
    Trained,
    section_losses,
)
from pipeline.store.store import Result

MOST_SILENT: Final = 1000
"""Points of a run without sounds among which a storyboard chooses."""


@dataclass(frozen=True)
class SectionCheckpoint:
    """A point of a training; losses in the unit that the section's are stored in.

    Parameters
    ----------
    epoch, elapsed_s
        None where nothing says.
    validation_loss
        NaN where it is not known.
    training_loss
        The mean since the point before; None where it is not known.
    loss
        What it is judged by: the validation loss, or of a run that logs none the training loss; NaN for neither.
    """

    iteration: int
    epoch: float | None
    elapsed_s: float | None
    validation_loss: float
    training_loss: float | None
    loss: float

    @property
    def point(self) -> CheckpointPoint:
        """The checkpoint as the plan sees it."""
        return CheckpointPoint(self.iteration, self.loss)


def section_checkpoints(production: Production, section: int, trained: Trained) -> tuple[SectionCheckpoint, ...]:
    """All checkpoints of a section, counted from 0, in training order; of a run those of its sounds.

    Raises
    ------
    InputError
        Where a sound that the production names is gone.
    """
    record = trained.record
    if isinstance(record, TrainingRun):
        return tuple(
            SectionCheckpoint(
                iteration=one.iteration,
                epoch=one.epoch,
                elapsed_s=one.elapsed_s,
                validation_loss=one.validation_loss_nats,
                training_loss=one.training_loss_nats,
                loss=one.validation_loss_nats,
            )
            for one in record.checkpoints
        )
    takes, _ = run_takes(production, section, record)
    losses = section_losses(trained)
    iterations = [take.iteration for take in takes] or _silent_iterations(losses)
    return _with_losses(iterations, losses)


def sounding_takes(production: Production, section: int, trained: Result[RunLosses]) -> tuple[RunTake, ...]:
    """The sounds of a section's run, in the order of their iterations; none where it is silent."""
    return run_takes(production, section, trained.record)[0]


def _silent_iterations(losses: SectionLosses) -> list[int]:
    """Points of the curve that is counted by, evenly chosen; the first and the last among them."""
    curves = losses.validation or losses.training
    iterations = curves[0].iterations if curves else np.zeros(0, np.int64)
    if iterations.size > MOST_SILENT:
        iterations = iterations[np.linspace(0, iterations.size - 1, MOST_SILENT).astype(np.int64)]
    return [int(iteration) for iteration in iterations]


def _with_losses(iterations: Sequence[int], losses: SectionLosses) -> tuple[SectionCheckpoint, ...]:
    validation, training = (_known(curves[0]) if curves else None for curves in (losses.validation, losses.training))
    values = [math.nan] * len(iterations) if validation is None else _values_at(validation, iterations)
    means = [None] * len(iterations) if training is None else _means_since(training, iterations)
    epochs, elapsed_s = (_passed(track, iterations) for track in (losses.epochs, losses.elapsed_s))
    found: list[SectionCheckpoint] = []
    for at, (iteration, own, mean) in enumerate(zip(iterations, values, means, strict=True)):
        found.append(
            SectionCheckpoint(
                iteration=iteration,
                epoch=epochs[at],
                elapsed_s=elapsed_s[at],
                validation_loss=own,
                training_loss=mean,
                loss=own if validation is not None or mean is None else mean,
            )
        )
    return tuple(found)


def _known(curve: SectionCurve) -> tuple[Integers, Floats]:
    """The points of a curve that are numbers."""
    finite = np.isfinite(curve.values)
    return np.asarray(curve.iterations)[finite], np.asarray(curve.values)[finite]


def _values_at(curve: tuple[Integers, Floats], wanted: Sequence[int]) -> list[float]:
    """The curve's values on straight lines between its points; NaN before the first, the last one after the last."""
    iterations, values = curve
    if not iterations.size:
        return [math.nan] * len(wanted)
    return [float(value) for value in np.interp(wanted, iterations, values, left=math.nan)]


def _means_since(curve: tuple[Integers, Floats], wanted: Sequence[int]) -> list[float | None]:
    """The means of a curve's points after one iteration up to the next; where none lies there, its value then."""
    iterations, values = curve
    ends = np.searchsorted(iterations, np.array([-1, *wanted], np.int64), side="right").tolist()
    found: list[float | None] = []
    for first, end, value in zip(ends[:-1], ends[1:], _values_at(curve, wanted), strict=True):
        other = value if math.isfinite(value) else None
        found.append(float(values[first:end].mean()) if end > first else other)
    return found


def _passed(track: tuple[Integers, Floats], wanted: Sequence[int]) -> list[float | None]:
    """What has passed at iterations: nothing at iteration 0, which few logs hold; None where nothing is known."""
    iterations, values = track
    if not iterations.size:
        return [None] * len(wanted)
    first, begin = int(iterations[0]), float(values[0])
    passed = np.interp(wanted, iterations, values).tolist()
    return [begin * one / max(1, first) if one < first else value for one, value in zip(wanted, passed, strict=True)]
