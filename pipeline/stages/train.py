"""train: each section's network learns its corpus; checkpoints and a loss log come of it. Runs have their logs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.learning.corpus import Corpus, load_bytes
from pipeline.learning.models.network import FIRST_VERSION as NETWORK_FIRST_VERSION
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.recipe import FIRST_VERSION as TRAINING_FIRST_VERSION
from pipeline.learning.recipes.recipe import STORED_NAMES, TrainingSettings
from pipeline.learning.training.auto_network import (
    AUTO,
    choose_network,
    keep_choice,
    kept_choice,
    measured_speed,
    network_of,
)
from pipeline.learning.training.folders import clear_folder, remove_states
from pipeline.learning.training.run import (
    INGREDIENTS_FILE,
    PLAN_FILE,
    RECORD_FILE,
    STATE_FILE,
    CheckpointPlan,
    TrainingRun,
)
from pipeline.production.schema import Production
from pipeline.runtime.executor import Needs, Work
from pipeline.runtime.progress.reporter import SILENT, Reporter
from pipeline.runtime.progress.side_by_side import Task
from pipeline.runtime.relay import ProgressMixer, RelayReporter
from pipeline.runtime.workers import preload
from pipeline.stages.shared.lengths import check_trainings
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.losses import losses_piece, read_losses
from pipeline.stages.shared.sections.kinds import note_kinds
from pipeline.stages.shared.sections.other_lengths import trainings_of_other_lengths
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import atomic_write_text
from pipeline.store.ingredients import settings_ingredients
from pipeline.store.store import Json, Piece, Result, Store, canonical_json, read_record, write_record

if TYPE_CHECKING:
    from pipeline.learning.training.training import Training

STAGE = "train"
VERSION = 1

DRAFT_MINUTES = 2.0
"""Of the networks of a draft altogether, where they train one after the other."""


def check(production: Production) -> None:
    """Check that settings of trainings go together; raises a ProductionError."""
    check_trainings(production)


def pieces(production: Production, results: Results) -> list[Piece]:
    """One training a section, determined by network, training settings and corpus; of a run, what its logs say."""
    names = [f"section-{number}" for number in range(1, len(production.sections) + 1)]
    return [
        _piece(production.piece_name(name) if production.is_draft else name, *_wanted(production, results, section))
        if production.sections[section].run is None
        else losses_piece(production, section)
        for section, name in enumerate(names)
    ]


def _piece(name: str, network: NetworkSettings | None, training: TrainingSettings, corpus: Result[Corpus]) -> Piece:
    ingredients: dict[str, Json] = {
        "network": AUTO if network is None else settings_ingredients(network, NETWORK_FIRST_VERSION),
        "training": settings_ingredients(training, TRAINING_FIRST_VERSION, STORED_NAMES),
        "corpus": corpus.content_hash,
    }
    return Piece(STAGE, name, VERSION, ingredients)


def _wanted(
    production: Production, results: Results, index: int
) -> tuple[NetworkSettings | None, TrainingSettings, Result[Corpus]]:
    """Network (None: to be chosen yet), training and corpus of a section, counted from 0.

    The training of a draft is short, unless the whole one is there.
    """
    section, corpus = production.sections[index], results.corpus(index)
    network, training = network_of(section.network, _folder(corpus), corpus.content_hash), section.training
    if production.is_draft and not _exists(_piece("section", network, training, corpus), corpus):
        trained = sum(one.run is None for one in production.sections)
        training = training.at_most_minutes(DRAFT_MINUTES / trained)
    return network, training, corpus


def _exists(piece: Piece, corpus: Result[Corpus]) -> bool:
    return Store(corpus.folder.parents[1]).state(piece).state == "fresh"


def _folder(corpus: Result[Corpus]) -> Path:
    """Of this stage's results, in the store that the corpus lies in."""
    return corpus.folder.parents[1] / STAGE


def _choose_networks(production: Production, results: Results, workplace: Workplace) -> None:
    """Choose the networks of sections that leave them open, once for each corpus."""
    speed = 0.0
    trained = [index for index, section in enumerate(production.sections) if section.run is None]
    for index in trained:
        section, corpus, number = production.sections[index], results.corpus(index), index + 1
        kept = STAGE not in workplace.force and kept_choice(_folder(corpus), corpus.content_hash) is not None
        if section.network != AUTO or kept:
            continue
        device = workplace.device if section.training.device == AUTO else section.training.device
        speed = speed or measured_speed(device, max(1, workplace.jobs // len(trained)))
        choice = choose_network(section.training, corpus.record.train_samples, speed)
        keep_choice(_folder(corpus), corpus.content_hash, choice)
        workplace.report.note(f"section-{number}: network = 'auto' is {choice.reason}")


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Train what is not fresh; interrupted trainings go on.

    On a processor, sections are trained side by side, each by a process of its own: small networks gain little from
    several threads, and nothing is lost by waiting for each other.
    """
    _choose_networks(production, results, workplace)
    planned = pieces(production, results)
    forced = STAGE in workplace.force
    first = {piece.key: index for index, piece in reversed(list(enumerate(planned)))}  # sections may share a training
    todo = [
        index
        for index, piece in enumerate(planned)
        if production.sections[index].run is None
        and first[piece.key] == index
        and (forced or workplace.store.result(piece, TrainingRun) is None)
    ]
    tasks = [_task(production, results, index, planned[index], workplace) for index in todo]
    for task in tasks:
        if forced:
            clear_folder(task.folder)
        _begin_from_another(task, workplace)
        atomic_write_text(task.folder / INGREDIENTS_FILE, canonical_json(task.piece.ingredients) + "\n")
    unfinished = []
    for task in tasks:
        if _is_whole(task, workplace.report):
            _publish(task, workplace)
        else:
            unfinished.append(task)
    at_once = _at_once(unfinished, workplace)
    if at_once > 1 or _needs_process(unfinished, workplace):
        _train_side_by_side(_scheduled(unfinished, at_once, workplace), at_once, workplace)
    else:
        for task in _scheduled(unfinished, at_once, workplace):
            _train(task, workplace.report)
            _publish(task, workplace)
    runs = (
        workplace.store.published(piece, TrainingRun)
        if production.sections[index].run is None
        else read_losses(production, index, piece, workplace)
        for index, piece in enumerate(planned)
    )
    trained = replace(results, runs=tuple(runs))
    note_kinds(trained, workplace.report)
    return trained


def _publish(task: _TrainingTask, workplace: Workplace) -> None:
    """Publish a training that has ended at once: its takes and its part of the film need not wait for the others."""
    read_record(task.folder, TrainingRun)
    remove_states(task.folder)
    workplace.store.publish_partial(task.piece)


def _is_whole(task: _TrainingTask, report: Reporter) -> bool:
    """Whether a training has ended and only waits to be published; what was damaged meanwhile is removed."""
    if not (task.folder / RECORD_FILE).is_file():
        return False
    from pipeline.learning.training.loop import ended_whole  # noqa: PLC0415 - torch takes seconds to import

    if ended_whole(task.folder):
        return True
    report.warn(f"{task.label}: what was trained is damaged; the training begins anew")
    clear_folder(task.folder)
    return False


@dataclass(frozen=True)
class InFlight:
    """A training that is not published yet. Its folder holds the checkpoints saved so far, and its plan.

    Parameters
    ----------
    section
        Counted from 0.
    cores
        How many it keeps busy; 0 once it has ended.
    """

    section: int
    folder: Path
    cores: int


def in_flight(production: Production, results: Results, workplace: Workplace) -> list[InFlight]:
    """List the trainings that run, or have ended and are about to be published."""
    found = []
    for section, piece in enumerate(pieces(production, results)):
        folder = workplace.store.partial_path(piece)
        try:
            plan = CheckpointPlan.model_validate_json((folder / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found.append(InFlight(section, folder, 0 if (folder / RECORD_FILE).is_file() else plan.cores))
    return found


def busy_cores(trainings: Sequence[InFlight]) -> int:
    """Count the cores that trainings leave to nobody else."""
    return sum(training.cores for training in trainings)


@dataclass(frozen=True)
class _TrainingTask:
    """One section's training, as it travels to a process."""

    index: int
    piece: Piece
    folder: Path
    network: NetworkSettings
    training: TrainingSettings
    corpus: Result[Corpus]
    device: str
    cores: int = 1

    @property
    def label(self) -> str:
        return f"section-{self.index + 1}"


def _at_once(tasks: list[_TrainingTask], workplace: Workplace) -> int:
    """How many networks train at the same time: one a core; a few on a GPU, which small networks never fill."""
    if not tasks:
        return 0
    devices = max(task.training.devices for task in tasks)
    needs = Needs(gpus=devices) if _on_gpu(tasks, workplace) else Needs(cores=devices)
    return max(1, min(workplace.executor.at_once(needs, workplace.jobs), len(tasks)))


def _needs_process(tasks: list[_TrainingTask], workplace: Workplace) -> bool:
    """Whether trainings that run one after the other are no work for this process."""
    if not workplace.executor.works_here:
        return bool(tasks)
    return len(tasks) > 1 and not _on_gpu(tasks, workplace)


def _scheduled(tasks: list[_TrainingTask], at_once: int, workplace: Workplace) -> list[_TrainingTask]:
    """The longest training first, so that no core is left alone at the end; the cores shared by all of these."""
    cores = max(1, workplace.jobs // max(1, at_once))
    longest = sorted(tasks, key=_work, reverse=True)
    return [replace(task, cores=_useful_cores(task, cores // task.training.devices)) for task in longest]


def _useful_cores(task: _TrainingTask, most: int) -> int:
    """How many cores each process of a training keeps busy: no more than it has threads."""
    from pipeline.learning.recipes.arithmetic import training_threads  # noqa: PLC0415 - torch takes seconds to import
    from pipeline.learning.recipes.recipe import resolve  # noqa: PLC0415

    own = task.training
    batch = resolve(own, task.network.group).batch // own.devices
    return max(1, min(most, training_threads(task.network, batch, most if own.ends_by_clock else None)))


def _work(task: _TrainingTask) -> float:
    from pipeline.learning.recipes.work import training_flops  # noqa: PLC0415 - brings torch along

    return training_flops(task.network, task.training, task.corpus.record.train_samples)


def _task(production: Production, results: Results, index: int, piece: Piece, workplace: Workplace) -> _TrainingTask:
    network, training, corpus = _wanted(production, results, index)
    assert network is not None  # noqa: S101 - it was chosen before
    return _TrainingTask(
        index=index,
        piece=piece,
        folder=workplace.store.partial(piece),
        network=network,
        training=training,
        corpus=corpus,
        device=workplace.device,
    )


def _on_gpu(tasks: list[_TrainingTask], workplace: Workplace) -> bool:
    from pipeline.learning.hardware import choose_device  # noqa: PLC0415 - torch takes seconds to import

    wanted = {task.training.device for task in tasks}
    if (gpus := workplace.executor.gpus) is not None:
        chosen = {workplace.device if name == "auto" else name for name in wanted}
        return "cuda" in chosen or ("auto" in chosen and gpus > 0)
    return any(choose_device(workplace.device if name == "auto" else name).type == "cuda" for name in wanted)


def _train_side_by_side(tasks: list[_TrainingTask], at_once: int, workplace: Workplace) -> None:
    works = [Task(task.label, _work(task)) for task in tasks]
    preload("pipeline.learning.training.loop")
    mixer = ProgressMixer(workplace.report, works, at_once, begin=(STAGE, f"{len(tasks)} networks side by side"))

    def finish(index: int, _outcome: None) -> None:
        _publish(tasks[index], workplace)
        mixer.finish(index)

    workplace.executor.run(
        _train_in_process,
        [
            Work((n, task), task.piece.key, task.label, _needs(task, workplace), task.folder, STATE_FILE)
            for n, task in enumerate(tasks)
        ],
        jobs=at_once,
        on_done=finish,
        on_message=mixer.receive,
        on_loss=workplace.report.warn,
    )


def _needs(task: _TrainingTask, workplace: Workplace) -> Needs:
    from pipeline.learning.recipes.memory import likely_memory_bytes  # noqa: PLC0415 - torch takes seconds to import

    devices, on_gpu = task.training.devices, _on_gpu([task], workplace)
    memory = likely_memory_bytes(task.network, task.training)
    return Needs(task.cores * devices, devices * memory, devices if on_gpu else 0)


def _train_in_process(numbered: tuple[int, _TrainingTask]) -> None:
    number, task = numbered
    _train(task, RelayReporter(number))


def _train(task: _TrainingTask, report: Reporter) -> None:
    """Train one section to its end, in its durable folder."""
    from pipeline.learning.training.loop import train  # noqa: PLC0415 - torch takes seconds to import

    write_record(task.folder, train(_training(task, report)))


def _training(task: _TrainingTask, report: Reporter) -> Training:
    # torch takes seconds to import, and a build that is fresh does without
    from pipeline.learning.training.trainer import TrainingData  # noqa: PLC0415
    from pipeline.learning.training.training import Training  # noqa: PLC0415

    record = task.corpus.record
    data = np.asarray(load_bytes(record, task.corpus.folder))
    training_data = TrainingData(
        training=data[: record.train_samples],
        validation=data[record.train_samples :],
        sample_rate_hz=record.sample_rate_hz,
        encoding=record.encoding,
    )
    return Training(
        network=task.network,
        settings=task.training,
        corpus=record,
        training_data=training_data,
        folder=task.folder,
        label=task.label,
        device=task.device,
        cores=task.cores,
        report=report,
    )


def _begin_from_another(task: _TrainingTask, workplace: Workplace) -> None:
    """Let a training begin as a part of one that differs in its length alone, or go on from it."""
    if (task.folder / STATE_FILE).exists() or (task.folder / RECORD_FILE).exists() or STAGE in workplace.force:
        return
    others = list(trainings_of_other_lengths(task.piece, task.training, task.folder, workplace.store))
    if not others:
        return
    from pipeline.learning.training.continuation import (  # noqa: PLC0415 - brings torch along
        prolong,
        shorten,
        usable_state,
    )

    training = _training(task, SILENT)
    for other in others:
        if (part := shorten(other, task.folder, training)) is not None:
            write_record(task.folder, part)
            workplace.report.note(f"{task.label}: the first {part.iterations:,} iterations of a longer training")
            return
    states = [(stored[0].iteration, other) for other in others if (stored := usable_state(other)) is not None]
    if states and (begun := prolong(max(states)[1], task.folder)):
        workplace.report.note(f"{task.label} goes on from iteration {begun:,} of a shorter training")
