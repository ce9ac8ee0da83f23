"""The trainings of a film while they go on: how far each is, its checkpoints, and its log.

Owns which training of a section is shown: the one in flight, the finished one, or the nearest to it. It only looks.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np

from pipeline.build.follow import prepared
from pipeline.build.trainings import trainings
from pipeline.errors import BuildVideoError
from pipeline.learning.training.run import LOG_FILE, RECORD_FILE, CheckpointFacts, TrainingRun
from pipeline.learning.training.so_far import so_far
from pipeline.production.schema import Production
from pipeline.stages import train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.losses import section_losses
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Result, read_record
from pipeline.studio.losses import GrowingLog, Window, curves

T = TypeVar("T")

_KEPT_S, _LONGEST_KEPT_S = 5.0, 60.0
"""Recordings are looked at that often: a page that follows a training looks each second."""
_MOST_SHARE: Final = 0.002
"""Of a core's time, for looking at them: where that takes long it is done less often."""


@dataclass(frozen=True)
class TrainingView:
    """A section's training as it is now.

    Parameters
    ----------
    folder
        Where its log lies; None where nothing is trained.
    iteration, total
        How far it is; the total is None where it is not decided yet.
    is_finished
        Whether it has come to its end.
    checkpoints
        Those saved so far.
    words
        What it is, where it is not the finished one that the production asks for.
    unit
        Of its losses, as they are shown.
    run
        What is stored of it, where another program has made it.
    """

    folder: Path | None
    iteration: int = 0
    total: int | None = None
    is_finished: bool = False
    checkpoints: tuple[CheckpointFacts, ...] = ()
    words: str = ""
    unit: str = "bits per byte"
    run: Result[Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, without the checkpoints."""
        size = 0
        if self.folder is not None and (log := self.folder / LOG_FILE).is_file():
            size = log.stat().st_size
        return {
            "iteration": self.iteration,
            "total": self.total,
            "finished": self.is_finished,
            "trained": self.folder is not None,
            "checkpoints": len(self.checkpoints),
            "words": self.words,
            "unit": self.unit,
            "log": size,
        }


@dataclass(frozen=True)
class _Found(Generic[T]):
    """What was found of a production, when, and how much processor time that took."""

    production: Production
    root: Path
    found: T
    found_s: float
    took_s: float

    def is_new(self, production: Production, workplace: Workplace) -> bool:
        """Whether it is this production's, and was found not long ago."""
        kept_s = min(max(_KEPT_S, self.took_s / _MOST_SHARE), _LONGEST_KEPT_S)
        is_its = self.production is production and self.root == workplace.store.root
        return is_its and time.monotonic() - self.found_s < kept_s


class Trainings:
    """Finds the trainings of a film's sections, again and again, and keeps what does not change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: dict[Path, GrowingLog] = {}
        self._finished: dict[Path, TrainingView] = {}
        self._prepared: _Found[Results] | None = None
        self._seen: _Found[list[TrainingView]] | None = None

    def corpora(self, production: Production, workplace: Workplace) -> Results | None:
        """What the networks learn from, where all of it is prepared: as it was found some seconds ago at most."""
        before, began_s, used_s = self._prepared, time.monotonic(), time.thread_time()
        if before is not None and before.is_new(production, workplace):
            return before.found
        try:
            results = prepared(production, workplace)
        except BuildVideoError:
            results = None
        took_s = time.thread_time() - used_s
        root = workplace.store.root
        self._prepared = None if results is None else _Found(production, root, results, began_s, took_s)
        return results

    def views(self, production: Production, workplace: Workplace) -> list[TrainingView]:
        """Each section's training; views of nothing where nothing is prepared.

        Finished ones are those that were found some seconds ago at most.
        """
        before, began_s, used_s = self._seen, time.monotonic(), time.thread_time()
        if before is not None and before.is_new(production, workplace):
            return before.found
        results = self.corpora(production, workplace)
        if results is None:
            return [TrainingView(None) for _ in production.sections]
        views = self._views(production, results, workplace)
        are_all = all(view.is_finished for view in views)
        took_s = time.thread_time() - used_s
        self._seen = _Found(production, workplace.store.root, views, began_s, took_s) if are_all else None
        return views

    def _views(self, production: Production, results: Results, workplace: Workplace) -> list[TrainingView]:
        pieces = train.pieces(production, results)
        found: list[TrainingView | None] = []
        for number, piece in enumerate(pieces):
            if production.sections[number].run is not None:
                found.append(None)
                continue
            folder = workplace.store.folder(piece)
            partial = workplace.store.partial_path(piece)
            found.append(self._finished_view(folder) or self._view_in_flight(partial))
        if all(view is not None for view in found):
            return [view for view in found if view is not None]
        others = self._others(production, results, workplace)
        return [view or other for view, other in zip(found, others, strict=True)]

    def _finished_view(self, folder: Path) -> TrainingView | None:
        if folder not in self._finished and (folder / "manifest.json").is_file():
            try:
                run = read_record(folder, TrainingRun)
            except BuildVideoError:
                return None
            self._finished[folder] = _view_of(folder, run, is_finished=True)
        return self._finished.get(folder) if folder.is_dir() else None

    def _view_in_flight(self, folder: Path) -> TrainingView | None:
        if (folder / RECORD_FILE).is_file():  # it has ended, and waits for others
            try:
                return _view_of(folder, read_record(folder, TrainingRun), is_finished=True)
            except BuildVideoError:
                return None
        progress = so_far(folder)
        if progress is None:
            return None
        return TrainingView(folder, progress.iteration, progress.total, checkpoints=progress.checkpoints)

    def _others(self, production: Production, results: Results, workplace: Workplace) -> list[TrainingView]:
        """What comes closest: trainings of other settings, and runs of other programs."""
        views = []
        for training in trainings(production, results, workplace):
            result = training.result
            if result is None:
                views.append(TrainingView(None))
            elif isinstance(result.record, TrainingRun):
                views.append(_view_of(result.folder, result.record, words=training.words))
            else:
                losses = section_losses(result)
                views.append(
                    TrainingView(
                        result.folder,
                        result.record.last_iteration,
                        is_finished=True,
                        unit=losses.unit.words,
                        run=result,
                    )
                )
        return views

    def curves(self, view: TrainingView, window: Window) -> dict[str, Any]:
        """A training's curves in the columns of a window."""
        if view.folder is None:
            return {"training": {"at": [], "low": [], "high": [], "mean": []}, "validation": [], "count": 0}
        if view.run is not None:
            losses = section_losses(view.run)
            nothing = np.zeros(0), np.zeros(0)
            own = [
                (np.asarray(group[0].iterations, np.float64), np.asarray(group[0].values, np.float64))
                if group
                else nothing
                for group in (losses.training, losses.validation)
            ]
            return curves(own[0], own[1], window, losses.unit.factor)
        with self._lock:
            log = self._logs.setdefault(view.folder, GrowingLog(view.folder / LOG_FILE))
            log.update()
            iterations, training, validation = log.columns()
        return curves((iterations, training), (iterations, validation), window)


def _view_of(folder: Path, run: TrainingRun, *, is_finished: bool = False, words: str = "") -> TrainingView:
    return TrainingView(
        folder, run.iterations, run.iterations, is_finished=is_finished, checkpoints=run.checkpoints, words=words
    )
