"""The facts that captions may name: of the film, its section, the network and the checkpoint that is heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import CheckpointFacts, TrainingRun
from pipeline.picture.language import Language
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.film_facts import run_facts
from pipeline.stages.shared.take_findings import FINDING_FACTS

CAPTION_FACTS: Final = (
    *("film", "section", "section_number", "sections", "recording_seconds", "sample_rate_hz", "encoding"),
    *("network", "parameters", "iterations", "epochs", "elapsed_s", "temperature", "seed"),
    *("first_loss_nats", "last_loss_nats", "best_loss_nats", "take", "takes", "seconds"),
    *("iteration", "epoch", "trained_s", "loss_nats", "training_loss_nats"),
    *FINDING_FACTS,
)
"""The names that caption templates may use."""


def caption_facts(
    production: Production,
    number: int,
    corpus: Corpus,
    run: TrainingRun,
    *,
    checkpoint: CheckpointFacts,
    heard: Sequence[int],
    seconds: float,
    take: Take | None,
    language: Language,
) -> dict[str, Any]:
    """All that a caption may name but what was measured on its take.

    Parameters
    ----------
    number
        Of the section, counted from 0.
    checkpoint, take
        That the caption is about; None where the checkpoint is not heard.
    heard
        The iterations of all takes of the section.
    language
        Of the film.
    seconds
        How long the caption, or its take, is shown.
    """
    return {
        "film": production.title,
        "section": production.sections[number].title,
        "section_number": number + 1,
        "sections": len(production.sections),
        "recording_seconds": corpus.duration_s,
        "sample_rate_hz": corpus.sample_rate_hz,
        "encoding": corpus.encoding,
        **run_facts(run, language),
        "temperature": take.temperature if take else None,
        "seed": take.seed if take else None,
        "first_loss_nats": run.first_validation_nats,
        "last_loss_nats": run.last_validation_nats,
        "best_loss_nats": run.best_validation_nats,
        "take": sum(iteration <= checkpoint.iteration for iteration in heard),
        "takes": len(heard),
        "seconds": seconds,
        "iteration": checkpoint.iteration,
        "epoch": checkpoint.epoch,
        "trained_s": checkpoint.elapsed_s,
        "loss_nats": checkpoint.validation_loss_nats,
        "training_loss_nats": checkpoint.training_loss_nats,
    }
