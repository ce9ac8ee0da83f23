"""Choices that a person has made among candidates: whether there are takes to which they belong.

This module does not know candidates themselves, nor how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import ProductionError
from pipeline.film.plan import CheckpointPoint, choose_takes
from pipeline.learning.recipe import checkpoint_iterations
from pipeline.production import Production


def check_early_choices(production: Production) -> None:
    """Check, before anything is trained, choices among candidates wherever the takes' iterations are known by then.

    Raises
    ------
    ProductionError
        Where there will be no take of a chosen iteration.
    """
    for number, section in enumerate(production.sections):
        training, story = section.training, section.storyboard
        counted = training.iterations if training.minutes is None and training.epochs is None else None
        fixed = training.checkpoint_every is not None or training.checkpoints is not None
        by_loss = "loss" in (story.spread, story.emphasis_by) or any(line.iteration == "best" for line in story.take)
        if section.sampling.choose and counted and fixed and not by_loss:
            points = [CheckpointPoint(iteration, 1.0) for iteration in checkpoint_iterations(training, counted)]
            where = f"section {number + 1} ({section.title}), storyboard"
            takes = choose_takes(points, story, where=where, is_shortened=not production.has_own_length)
            check_choices(production, number, [take.iteration for take in takes])


def check_choices(production: Production, section: int, iterations: Sequence[int]) -> None:
    """Check the choices of a section, counted from 0, against the iterations of its takes.

    Raises
    ------
    ProductionError
        Where there is no take of a chosen iteration.
    """
    if not production.has_own_length:  # iterations in the file are those of the film that it describes
        return
    wrong = [iteration for iteration in production.sections[section].sampling.choose if iteration not in iterations]
    if not wrong:
        return
    nearest = min(iterations, key=lambda one: abs(one - wrong[0]))
    raise ProductionError(
        f"A candidate is chosen for iteration {wrong[0]}, of which there is no take.",
        where=f"section {section + 1} ({production.sections[section].title}), sampling.choose",
        expected=f"one of the iterations {', '.join(map(str, iterations[:20]))}{', ...' * (len(iterations) > 20)}",  # noqa: PLR2004
        hint=f"The nearest is {nearest}; build-video takes lists all takes and their candidates.",
    )
