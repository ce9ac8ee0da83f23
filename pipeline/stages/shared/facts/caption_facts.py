"""The facts that captions may name: of the film, its section, the network and the checkpoint that is heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.production.schema import Production
from pipeline.runs.stored import RunRecording, RunSound
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint
from pipeline.stages.shared.take_findings import FINDING_FACTS

CAPTION_FACTS: Final = (
    *("film", "section", "section_number", "sections", "recording_seconds", "sample_rate_hz", "encoding"),
    *("network", "parameters", "iterations", "epochs", "elapsed_s", "temperature", "seed"),
    *("first_loss_nats", "last_loss_nats", "best_loss_nats", "take", "takes", "seconds"),
    *("iteration", "epoch", "trained_s", "loss_nats", "training_loss_nats", "loss", "loss_unit"),
    *("is_noise", "is_first_noise", "noise_lowered_db"),
    *FINDING_FACTS,
)
"""The names that caption templates may use."""


def caption_facts(
    production: Production,
    number: int,
    corpus: Corpus | RunRecording,
    run: Mapping[str, Any],
    *,
    checkpoint: SectionCheckpoint,
    heard: Sequence[int],
    seconds: float,
    take: Take | RunSound | None,
    is_first_noise: bool = False,
    unit: LossUnit = BITS_PER_BYTE,
) -> dict[str, Any]:
    """All that a caption may name but what was measured on its take.

    Parameters
    ----------
    number
        Of the section, counted from 0.
    run
        The facts of its training as a whole: `run_facts`, or those of a run of another program.
    checkpoint, take
        That the caption is about; None where the checkpoint is not heard.
    heard
        The iterations of all takes of the section.
    seconds
        How long the caption, or its take, is shown.
    is_first_noise
        Whether the take is the first of its section that is noise.
    """
    return {
        "film": production.title,
        "section": production.sections[number].title,
        "section_number": number + 1,
        "sections": len(production.sections),
        "recording_seconds": corpus.duration_s,
        "sample_rate_hz": (corpus if isinstance(corpus, Corpus) or take is None else take).sample_rate_hz,
        "encoding": corpus.encoding if isinstance(corpus, Corpus) else None,
        **run,
        "temperature": take.temperature if isinstance(take, Take) else None,
        "seed": take.seed if isinstance(take, Take) else None,
        "take": sum(iteration <= checkpoint.iteration for iteration in heard),
        "takes": len(heard),
        "seconds": seconds,
        "iteration": checkpoint.iteration,
        "epoch": checkpoint.epoch,
        "trained_s": checkpoint.elapsed_s,
        "loss_nats": checkpoint.loss if unit.factor != 1.0 else None,
        "training_loss_nats": checkpoint.training_loss if unit.factor != 1.0 else None,
        "loss": checkpoint.loss * unit.factor,
        "loss_unit": unit.words,
        "is_noise": take is not None and take.facts.noise,
        "is_first_noise": is_first_noise,
        "noise_lowered_db": -production.sound.untrained_db,
    }
