"""What would fail after hours of training, found before it: once from the files named, once from what was prepared.

This module compares settings with footage and recordings. It makes nothing, and imports no torch.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import FootageError, ProductionError
from pipeline.film.planning.settings import InsertSettings, VideoSettings, check_shape
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import TieredSettings
from pipeline.learning.recipes.recipe import check_batch, checkpoint_iterations, planned_iterations, resolve
from pipeline.production.schema import Production, Section
from pipeline.stages.shared.results import Results


def check_layout(video: VideoSettings, own: Path | None) -> None:
    """Check that a layout is one, and made for frames of this shape.

    Raises
    ------
    TemplateError
        Where there is no such layout, or one that can't be used.
    ProductionError
        Where it is made for another shape.
    """
    from pipeline.picture.panels.layout import load_layout  # noqa: PLC0415 - a survey does without pictures

    try:
        check_shape(video.layout, load_layout(video.layout, own).shape, video.width, video.height)
    except ValueError as error:
        told = str(error)
        raise ProductionError(f"{told[0].upper()}{told[1:]}.", where="video: layout, width, height") from None


def check_insert(path: Path, insert: InsertSettings, video: VideoSettings, where: str) -> None:
    """Look into the footage of an insert: whether it lasts as long as it is to be shown.

    Raises
    ------
    FootageError
        With the insert, and how much there is.
    """
    from pipeline.film.inputs.footage import probe, shown_seconds  # noqa: PLC0415 - a survey does without pictures

    seconds = shown_seconds(probe(path), insert)
    if seconds * video.frame_rate < 1:
        raise FootageError(
            f"It is shown for {seconds:g} s, less than one frame.",
            where=f"{where}: {path}",
            expected=f"seconds of at least {float(1 / video.frame_rate):.3f}",
        )


def check_prepared(production: Production, results: Results) -> None:
    """Check what a production asks of its recordings and trainings, now that it is known how long they are.

    Raises
    ------
    ProductionError
        With the section and what there is.
    """
    for number, (section, corpus) in enumerate(zip(production.sections, results.corpora, strict=True), start=1):
        where = f"section {number} ({section.title})"
        section.storyboard.check_excerpt(corpus.record.duration_s, f"{where}, storyboard")
        section.sampling.check_priming(corpus.record.duration_s, f"{where}, sampling.prime_s")
        if section.network != "auto":
            _check_training(section, corpus.record, where, is_shortened=not production.has_own_length)


def _check_training(section: Section, corpus: Corpus, where: str, *, is_shortened: bool) -> None:
    settings, network = section.training, section.network
    recipe = resolve(settings, network.group if isinstance(network, TieredSettings) else 1)
    length = check_batch(recipe.batch, recipe.sequence, corpus.train_samples, where)
    by_minutes = settings.minutes is not None and settings.epochs is None and settings.iterations is None
    if by_minutes or is_shortened:
        return  # how far it comes is known when it has ended
    updates = length // recipe.sequence
    end = planned_iterations(settings, updates - 1 if recipe.shifts and updates > 1 else updates, None)
    if settings.minutes is None:
        checkpoint_iterations(settings, end)
    asked = [(line.iteration, "A take is asked for") for line in section.storyboard.take]
    asked += [(iteration, "sampling.choose names a take") for iteration in section.sampling.choose]
    for iteration, what in asked:
        if isinstance(iteration, int) and iteration > end:
            raise ProductionError(
                f"{what} at iteration {iteration}, but training ends at iteration {end}.",
                where=where,
                expected=f"0 to {end}",
                hint="Correct the line, or train for longer.",
            )
