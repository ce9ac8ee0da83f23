"""train: each section's network learns its corpus; checkpoints and a loss log come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.files import disk_errors
from pipeline.learning.corpus import Corpus, load_bytes
from pipeline.learning.recipe import TrainingSettings
from pipeline.learning.run import PLAN_FILE, CheckpointPlan, TrainingRun
from pipeline.production import Production, Section
from pipeline.progress import Reporter
from pipeline.relay import ProgressMixer, RelayReporter
from pipeline.results import Made
from pipeline.store import Json, Piece, Result, read_record, write_record
from pipeline.workers import run_parallel
from pipeline.workplace import Workplace

STAGE = "train"
VERSION = 1

_RECORD = "record.json"
_LATER_SETTINGS = frozenset({"schedule"})
_AT_ONCE_ON_GPU = 3
_USUAL_FLOPS = 50e9
"""What one core computes in a second, roughly."""


def pieces(production: Production, made: Made) -> list[Piece]:
    """One training a section, determined by network, training settings and corpus."""
    return [
        Piece(
            STAGE,
            f"section-{index + 1}",
            VERSION,
            {
                "network": section.network.model_dump(mode="json"),
                "training": _ingredients(section.training),
                "corpus": corpus.content_hash,
            },
        )
        for index, (section, corpus) in enumerate(zip(production.sections, made.corpora, strict=True))
    ]


def _ingredients(settings: TrainingSettings) -> dict[str, Json]:
    """What determines a training.

    Settings that older versions did not have count only where they are set: what was trained before stays fresh.
    """
    values: dict[str, Json] = settings.model_dump(mode="json")
    return {name: value for name, value in values.items() if name not in _LATER_SETTINGS or value is not None}


def run(production: Production, made: Made, workplace: Workplace) -> Made:
    """Train what is not fresh; interrupted trainings go on.

    On a processor, sections are trained side by side, each by a process of its own: small networks gain little from
    several threads, and nothing is lost by waiting for each other.
    """
    planned = pieces(production, made)
    forced = STAGE in workplace.force
    first = {piece.key: index for index, piece in reversed(list(enumerate(planned)))}  # sections may share a training
    todo = [
        index
        for index, piece in enumerate(planned)
        if first[piece.key] == index and (forced or workplace.store.result(piece, TrainingRun) is None)
    ]
    tasks = [_task(production, made, index, planned[index], workplace) for index in todo]
    for task in tasks:
        if forced:
            _clear(task.folder)
    unfinished = [task for task in tasks if not _is_whole(task, workplace.report)]
    at_once = _at_once(unfinished, workplace)
    if at_once > 1 or (len(unfinished) > 1 and not _on_gpu(unfinished, workplace)):
        _train_side_by_side(_scheduled(unfinished, at_once, workplace), at_once, workplace)
    else:
        for task in _scheduled(unfinished, at_once, workplace):
            _train(task, workplace.report)
    for task in tasks:
        read_record(task.folder, TrainingRun)
        _remove_states(task.folder)
        workplace.store.publish_partial(task.piece)
    return replace(made, runs=tuple(workplace.store.made(piece, TrainingRun) for piece in planned))


def _is_whole(task: _Task, report: Reporter) -> bool:
    """Whether a training has ended and only waits to be published; what was damaged meanwhile is removed."""
    if not (task.folder / _RECORD).is_file():
        return False
    from pipeline.learning.trainer import ended_whole  # noqa: PLC0415 - torch takes seconds to import

    if ended_whole(task.folder):
        return True
    report.warn(f"{task.label}: what was trained is damaged; the training begins anew")
    _clear(task.folder)
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


def in_flight(production: Production, made: Made, workplace: Workplace) -> list[InFlight]:
    """List the trainings that run, or have ended while others run."""
    found = []
    for section, piece in enumerate(pieces(production, made)):
        folder = workplace.store.partial_path(piece)
        try:
            plan = CheckpointPlan.model_validate_json((folder / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found.append(InFlight(section, folder, 0 if (folder / _RECORD).is_file() else plan.cores))
    return found


def is_done(production: Production, made: Made, workplace: Workplace) -> bool:
    """Tell whether all trainings have ended and are published."""
    return all(workplace.store.state(piece).state == "fresh" for piece in pieces(production, made))


def busy_cores(trainings: Sequence[InFlight]) -> int:
    """Count the cores that trainings leave to nobody else."""
    return sum(training.cores for training in trainings)


@dataclass(frozen=True)
class _Task:
    """One section's training, as it travels to a process."""

    index: int
    piece: Piece
    folder: Path
    section: Section
    corpus: Result[Corpus]
    device: str
    threads: int = 1

    @property
    def label(self) -> str:
        return f"section-{self.index + 1}"


def _at_once(tasks: list[_Task], workplace: Workplace) -> int:
    """How many networks train at the same time: one a core; a few on a GPU, which small networks never fill."""
    if not tasks:
        return 0
    most = _AT_ONCE_ON_GPU if _on_gpu(tasks, workplace) else workplace.jobs
    return max(1, min(most, len(tasks)))


def _scheduled(tasks: list[_Task], at_once: int, workplace: Workplace) -> list[_Task]:
    """The longest training first, so that no core is left alone at the end; the cores shared by all of these."""
    threads = max(1, workplace.jobs // max(1, at_once))
    return [replace(task, threads=threads) for task in sorted(tasks, key=_work, reverse=True)]


def _work(task: _Task) -> float:
    """Arithmetic of a whole training, or of its minutes at a speed that orders them rightly among their like."""
    from pipeline.learning.recipe import planned_iterations, resolve  # noqa: PLC0415

    settings, network = task.section.training, task.section.network
    recipe = resolve(settings, getattr(network, "group", 1))
    window = recipe.batch * recipe.sequence
    by_minutes = 60 * settings.minutes * _USUAL_FLOPS if settings.minutes is not None else float("inf")
    iterations = planned_iterations(settings, task.corpus.record.train_samples / window, None)
    by_length = 3.0 * network.flops_per_byte * window * iterations
    return min(by_minutes, by_length)


def _task(production: Production, made: Made, index: int, piece: Piece, workplace: Workplace) -> _Task:
    return _Task(
        index=index,
        piece=piece,
        folder=workplace.store.partial(piece),
        section=production.sections[index],
        corpus=made.corpora[index],
        device=workplace.device,
    )


def _on_gpu(tasks: list[_Task], workplace: Workplace) -> bool:
    from pipeline.learning.hardware import choose_device  # noqa: PLC0415 - torch takes seconds to import

    wanted = {task.section.training.device for task in tasks}
    return any(choose_device(workplace.device if name == "auto" else name).type == "cuda" for name in wanted)


def _train_side_by_side(tasks: list[_Task], at_once: int, workplace: Workplace) -> None:
    labels = tuple(task.label for task in tasks)
    mixer = ProgressMixer(workplace.report, STAGE, f"{len(tasks)} networks side by side", labels)
    numbered = list(enumerate(tasks))
    run_parallel(
        _train_in_process,
        numbered,
        jobs=at_once,
        on_done=lambda index, _outcome: mixer.finish(index),
        on_message=mixer.hear,
    )


def _train_in_process(numbered: tuple[int, _Task]) -> None:
    number, task = numbered
    _train(task, RelayReporter(number))


def _train(task: _Task, report: Reporter) -> None:
    """Train one section to its end, in its durable folder."""
    # torch takes seconds to import, and a build that is fresh does without
    from pipeline.learning.hardware import useful_threads  # noqa: PLC0415
    from pipeline.learning.learner import Lesson  # noqa: PLC0415
    from pipeline.learning.trainer import train  # noqa: PLC0415
    from pipeline.learning.training import Training  # noqa: PLC0415

    record = task.corpus.record
    data = np.asarray(load_bytes(record, task.corpus.folder))
    lesson = Lesson(
        training=data[: record.train_samples],
        validation=data[record.train_samples :],
        sample_rate_hz=record.sample_rate_hz,
        encoding=record.encoding,
    )
    done = train(
        Training(
            network=task.section.network,
            settings=task.section.training,
            corpus=record,
            lesson=lesson,
            folder=task.folder,
            label=task.label,
            device=task.device,
            threads=useful_threads(task.threads),
            report=report,
        )
    )
    write_record(task.folder, done)


def _clear(folder: Path) -> None:
    with disk_errors(folder):
        for path in folder.iterdir():
            path.unlink()


def _remove_states(folder: Path) -> None:
    with disk_errors(folder):
        for path in (*folder.glob("*-state.safetensors"), *folder.glob(PLAN_FILE)):
            path.unlink()
        for path in folder.glob(".*"):  # what a kill has left of files half-written
            path.unlink()
