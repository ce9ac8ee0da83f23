"""The losses of a section as panels and cards draw them.

Owns how a section's curves become theirs. It opens no file, and draws nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.picture.cards.facts import LossCurve
from pipeline.picture.panels.scene_data import LossHistory, NamedLosses
from pipeline.runtime.wording.units import BITS_PER_BYTE, NATS_PER_BIT
from pipeline.stages.shared.sections.losses import SectionCurve, SectionLosses

_NONE: Final = SectionCurve("", np.zeros(0, np.int64), np.zeros(0))


def loss_history(losses: SectionLosses, label: str) -> LossHistory:
    """A section's losses as its scene shows them; `label` is its title."""
    training, validation = (next(iter(curves), _NONE) for curves in (losses.training, losses.validation))
    same = losses.epochs[0] is training.iterations and losses.elapsed_s[0] is training.iterations
    return LossHistory(
        iterations=training.iterations,
        losses=training.values.astype(np.float32),
        epochs=losses.epochs[1],
        elapsed_s=losses.elapsed_s[1],
        validation_iterations=validation.iterations,
        validation_losses=validation.values,
        label=label,
        unit=losses.unit,
        epochs_at=None if same else losses.epochs[0],
        elapsed_at=None if same else losses.elapsed_s[0],
        names=(training.name, validation.name),
        further_training=_named(losses.training[1:]),
        further_validation=_named(losses.validation[1:]),
    )


def _named(curves: tuple[SectionCurve, ...]) -> tuple[NamedLosses, ...]:
    return tuple(NamedLosses(curve.name, curve.iterations, curve.values) for curve in curves)


def loss_curve(losses: SectionLosses, section: int, kind: int, measured_on: str) -> LossCurve:
    """A section's losses as cards draw them, in the unit that is shown.

    Parameters
    ----------
    section, kind, measured_on
        As for `LossCurve`; of a run, its losses are measured on what its log calls them.
    """
    training, validation = (next(iter(curves), _NONE) for curves in (losses.training, losses.validation))
    known = np.isfinite(training.values)
    own = losses.unit == BITS_PER_BYTE
    if own:  # exactly as before there were other units
        shown = training.values[known] / NATS_PER_BIT, validation.values / NATS_PER_BIT
    else:
        shown = training.values[known] * losses.unit.factor, validation.values * losses.unit.factor
    judged = validation if validation.iterations.size else SectionCurve("", training.iterations[known], shown[0])
    return LossCurve(
        iterations=training.iterations[known],
        training_losses=shown[0],
        validation_iterations=judged.iterations,
        validation_losses=shown[1] if judged is validation else shown[0],
        section=section,
        kind=kind,
        measured_on=measured_on,
        unit=losses.unit.words,
        epochs=losses.epochs[1][known] if own else np.zeros(0),
        name="" if own else (validation if judged is validation else training).name,
    )
