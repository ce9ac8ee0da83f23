"""Choices among candidates: the rule's own, and whether there are checkpoints and takes to which a person's belong.

This module does not know how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.errors import ProductionError
from pipeline.learning.corpus import Corpus
from pipeline.learning.recipes.recipe import checkpoint_iterations
from pipeline.learning.sampling.choosing import closest_in_voice
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.learning.sampling.take import CandidateSet
from pipeline.production.schema import Production
from pipeline.stages.shared.take_findings import recording_voice
from pipeline.store.store import Result

_NAMED: Final = 8


def check_early_choices(production: Production) -> None:
    """Check, before anything is trained, choices among candidates wherever the checkpoints are known by then.

    Raises
    ------
    ProductionError
        Where there will be no checkpoint of a chosen iteration.
    """
    for number, section in enumerate(production.sections):
        training = section.training
        counted = training.iterations if training.minutes is None and training.epochs is None else None
        fixed = training.checkpoint_every is not None or training.checkpoints is not None
        if section.sampling.choose and counted and fixed:
            check_choices(production, number, checkpoint_iterations(training, counted))


def check_choices(production: Production, section: int, iterations: Sequence[int]) -> None:
    """Check the choices of a section, counted from 0, against the iterations of its checkpoints.

    Raises
    ------
    ProductionError
        Where there is no checkpoint of a chosen iteration.
    """
    if not production.has_own_length:  # iterations in the file are those of the film that it describes
        return
    wrong = [iteration for iteration in production.sections[section].sampling.choose if iteration not in iterations]
    if not wrong:
        return
    near = sorted(sorted(iterations, key=lambda one: abs(one - wrong[0]))[:_NAMED])
    raise ProductionError(
        f"A candidate is chosen for iteration {wrong[0]}, of which there is no checkpoint.",
        where=f"section {section + 1} ({production.sections[section].title}), sampling.choose",
        expected=f"an iteration with a take, such as {', '.join(map(str, near))}",
        hint="build-video takes lists all takes and their candidates.",
    )


def idle_choices(production: Production, section: int, iterations: Sequence[int]) -> str:
    """Say which choices of a section, counted from 0, are for checkpoints that the film does not show; else nothing.

    Parameters
    ----------
    iterations
        Of the section's takes.
    """
    chosen = production.sections[section].sampling.choose if production.has_own_length else {}
    idle = [f"{iteration:,}" for iteration in sorted(chosen) if iteration not in iterations]
    if not idle:
        return ""
    shown = ", ".join(f"{iteration:,}" for iteration in iterations)
    return f"the choice of a candidate for iteration {', '.join(idle)} changes nothing: the film has takes of {shown}"


def rule_choice(candidates: CandidateSet, settings: SamplingSettings, corpus: Result[Corpus], samples: int) -> int:
    """The candidate that is taken where no person has chosen, counted from 1.

    Parameters
    ----------
    samples
        How long each candidate was asked to be.
    """
    recording = recording_voice(corpus) if settings.choose_by == "voice" else None
    return candidates.closest if recording is None else closest_in_voice(candidates, recording, samples)
