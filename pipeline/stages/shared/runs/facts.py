"""What is said of a run of another program: the lines of its card, and its losses as they are shown.

Owns those words and numbers. It does not know templates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from pipeline.film.timeline.timeline import RunFacts
from pipeline.picture.language import Language
from pipeline.runs.settings import RunSettings
from pipeline.runs.stored import RunLosses
from pipeline.runtime.wording.units import NATS_PER_BIT, LossUnit, loss_unit
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint
from pipeline.stages.shared.sections.losses import counted_by

_MOST_LOGGED: Final = 5
"""Settings found in a log that a card shows where the production names no facts."""
_LONGEST: Final = 60


def fact_lines(settings: RunSettings, losses: RunLosses, language: Language) -> tuple[tuple[str, str], ...]:
    """Labels and values in the order of the card: those that a person wrote, else some that the log holds."""
    if settings.facts:
        return tuple((label, _value_words(value, language)) for label, value in settings.facts.items())
    return tuple((label, value[:_LONGEST]) for label, value in list(losses.settings.items())[:_MOST_LOGGED])


def _value_words(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return language.text("list.yes" if value else "list.no")
    return value if isinstance(value, str) else language.compact(value)


def run_facts_of(
    settings: RunSettings, losses: RunLosses, checkpoints: Sequence[SectionCheckpoint], language: Language
) -> tuple[RunFacts, LossUnit]:
    """The facts of a run, and how its losses are shown."""
    counted = counted_by(losses)
    unit = loss_unit(counted.unit if counted is not None else "")
    known = [one.loss * unit.factor for one in checkpoints if math.isfinite(one.loss)]
    shown = RunFacts(
        facts=fact_lines(settings, losses, language),
        first_loss=known[0] if known else None,
        last_loss=known[-1] if known else None,
        best_loss=min(known, default=None),
        loss_unit=unit.words,
        loss_name=counted.name if counted is not None else "",
    )
    return shown, unit


def in_nats(shown: float | None, unit: LossUnit) -> float | None:
    """A shown loss in nats; None where it is no bits."""
    return None if shown is None or unit.factor == 1.0 else shown * NATS_PER_BIT
