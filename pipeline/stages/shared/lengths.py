"""How long trainings are: whether their settings go together, and whether their recordings are long enough for them.

This module compares settings with corpora. It trains nothing, and imports no torch.
"""

from __future__ import annotations

from pipeline.errors import ProductionError
from pipeline.learning.corpus import Corpus
from pipeline.learning.recipes.recipe import Recipe, check_batch, checkpoint_iterations, planned_iterations, resolve
from pipeline.production.schema import Production
from pipeline.production.section import Section
from pipeline.stages.shared.results import Results


def check_trainings(production: Production) -> None:
    """Check what can be known of trainings before their corpora are there.

    Raises
    ------
    ProductionError
        With the setting.
    """
    for section in production.sections:
        if section.network != "auto" and section.run is None:
            _recipe(section)


def check_trainings_of(production: Production, results: Results) -> None:
    """Check what a production asks of its trainings, by the corpora that they learn.

    Raises
    ------
    ProductionError
        With the section, and what there is.
    """
    for index, section in enumerate(production.sections):
        if section.network != "auto" and section.run is None:
            where, corpus = f"section {index + 1} ({section.title})", results.corpus(index).record
            _check_length(section, corpus, where, is_shortened=not production.has_own_length)


def _recipe(section: Section) -> Recipe:
    return resolve(section.training, 1 if isinstance(section.network, str) else section.network.group)


def _check_length(section: Section, corpus: Corpus, where: str, *, is_shortened: bool) -> None:
    settings, recipe = section.training, _recipe(section)
    length = check_batch(recipe.batch, recipe.sequence, corpus.train_samples, where)
    by_minutes = settings.ends_by_clock
    if by_minutes or is_shortened:
        return  # how far it comes is known when it has ended
    updates = length // recipe.sequence
    end = planned_iterations(settings, updates - 1 if recipe.shifts and updates > 1 else updates, None)
    if settings.minutes is None:
        checkpoint_iterations(settings, end)
    wanted = [(line.iteration, "A take is asked for") for line in section.storyboard.take]
    wanted += [(iteration, "sampling.choose names a take") for iteration in section.sampling.choose]
    for iteration, what in wanted:
        if isinstance(iteration, int) and iteration > end:
            raise ProductionError(
                f"{what} at iteration {iteration}, but training ends at iteration {end}.",
                where=where,
                expected=f"0 to {end}",
                hint="Correct the line, or train for longer.",
            )
