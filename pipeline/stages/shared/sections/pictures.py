"""The losses of a section as panels and cards draw them.

Owns how a section's curves become theirs. It opens no file, and draws nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.picture.cards.facts import LossCurve
from pipeline.picture.panels.scene_data import LossHistory
from pipeline.picture.plotting.named_losses import NamedLosses
from pipeline.runtime.wording.units import BITS_PER_BYTE, NATS_PER_BIT
from pipeline.stages.shared.sections.further import further_curves
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
        further_training=_named(losses.training),
        further_validation=_named(losses.validation),
    )


def _named(curves: tuple[SectionCurve, ...], factor: float = 1.0) -> tuple[NamedLosses, ...]:
    return tuple(
        NamedLosses(one.name, one.iterations, one.values if factor == 1.0 else one.values * factor)
        for one in further_curves(curves)
    )


def loss_curve(losses: SectionLosses, section: int, kind: int, measured_on: str) -> LossCurve:
    """A section's losses as cards draw them, in the unit that is shown.

    Parameters
    ----------
    section, kind, measured_on
        As for `LossCurve`; of a run, its losses are measured on what its log calls them.
    """
    training, validation = (next(iter(curves), _NONE) for curves in (losses.training, losses.validation))
    if losses.unit == BITS_PER_BYTE:  # exactly as before there were other units
        known = np.isfinite(training.values)
        return LossCurve(
            iterations=training.iterations[known],
            training_losses=training.values[known] / NATS_PER_BIT,
            validation_iterations=validation.iterations,
            validation_losses=validation.values / NATS_PER_BIT,
            section=section,
            kind=kind,
            measured_on=measured_on,
            epochs=losses.epochs[1][known],
        )
    factor = losses.unit.factor
    return LossCurve(
        iterations=training.iterations,
        training_losses=training.values * factor,
        validation_iterations=validation.iterations,
        validation_losses=validation.values * factor,
        section=section,
        kind=kind,
        measured_on=measured_on,
        unit=losses.unit.words,
        names=(training.name, validation.name),
        further_training=_named(losses.training, factor),
        further_validation=_named(losses.validation, factor),
    )
