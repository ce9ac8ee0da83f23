"""train: each section's network learns its corpus; checkpoints and a loss log come of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.files import disk_errors
from pipeline.learning.corpus import Corpus, load_bytes
from pipeline.learning.run import TrainingRun
from pipeline.production import Production
from pipeline.results import Made
from pipeline.store import Piece, Result, read_record, write_record
from pipeline.workplace import Workplace

STAGE = "train"
VERSION = 1

_RECORD = "record.json"


def pieces(production: Production, made: Made) -> list[Piece]:
    """One training a section, determined by network, training settings and corpus."""
    return [
        Piece(
            STAGE,
            f"section-{index + 1}",
            VERSION,
            {
                "network": section.network.model_dump(mode="json"),
                "training": section.training.model_dump(mode="json"),
                "corpus": corpus.content_hash,
            },
        )
        for index, (section, corpus) in enumerate(zip(production.sections, made.corpora, strict=True))
    ]


def run(production: Production, made: Made, workplace: Workplace) -> Made:
    """Train what is not fresh, one section after another; interrupted trainings go on."""
    runs = [_trained(production, made, index, piece, workplace) for index, piece in enumerate(pieces(production, made))]
    return replace(made, runs=tuple(runs))


def _trained(production: Production, made: Made, index: int, piece: Piece, workplace: Workplace) -> Result[TrainingRun]:
    forced = STAGE in workplace.force
    if not forced and (result := workplace.store.result(piece, TrainingRun)) is not None:
        return result
    folder = workplace.store.partial(piece)
    if forced:
        _clear(folder)
    if not (folder / _RECORD).is_file():
        _train_in(folder, production, made.corpora[index], index, workplace)
    read_record(folder, TrainingRun)
    _remove_states(folder)
    workplace.store.publish_partial(piece)
    return workplace.store.made(piece, TrainingRun)


def _train_in(folder: Path, production: Production, corpus: Result[Corpus], index: int, workplace: Workplace) -> None:
    # torch takes seconds to import, and a build that is fresh does without
    from pipeline.learning.hardware import useful_threads  # noqa: PLC0415
    from pipeline.learning.learner import Lesson  # noqa: PLC0415
    from pipeline.learning.trainer import Training, train  # noqa: PLC0415

    section = production.sections[index]
    record = corpus.record
    data = np.asarray(load_bytes(record, corpus.folder))
    lesson = Lesson(
        training=data[: record.train_samples],
        validation=data[record.train_samples :],
        sample_rate_hz=record.sample_rate_hz,
        encoding=record.encoding,
    )
    done = train(
        Training(
            network=section.network,
            settings=section.training,
            corpus=record,
            lesson=lesson,
            folder=folder,
            label=f"section-{index + 1}",
            device=workplace.device,
            threads=useful_threads(workplace.jobs),
            report=workplace.report,
        )
    )
    write_record(folder, done)


def _clear(folder: Path) -> None:
    with disk_errors(folder):
        for path in folder.iterdir():
            path.unlink()


def _remove_states(folder: Path) -> None:
    with disk_errors(folder):
        for path in folder.glob("*-state.safetensors"):
            path.unlink()
        for path in folder.glob(".*"):  # what a kill has left of files half-written
            path.unlink()
