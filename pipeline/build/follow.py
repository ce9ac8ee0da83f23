"""Sampling from checkpoints while the training that saves them still runs, and rendering sections that have ended.

Both on cores that trainings leave idle. Within a build this happens by itself; `build-video sample --follow` samples
beside a training in another process. What is made so are the very pieces that the stages would make afterwards: they
find them and have less to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NoReturn

from pipeline.build.ahead import sample_ended, work_ahead
from pipeline.build.trainings import is_done, unfinished
from pipeline.errors import BuildVideoError, StoreError
from pipeline.learning.corpus import Corpus
from pipeline.production.schema import Production
from pipeline.runs.stored import RunRecording
from pipeline.runtime.progress.reporter import SILENT, WorkStart
from pipeline.runtime.wording.plurals import counted
from pipeline.runtime.workers import end_process, start_process
from pipeline.stages import prepare, sample, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.sounds import HeardRecording
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.lock import is_held
from pipeline.store.store import Store

_LOOK_EVERY_S: Final = 1.0
_LOWEST_PRIORITY: Final = 19
_GRACE_S: Final = 20.0
_MOST_TROUBLES: Final = 3


@contextlib.contextmanager
def sampling_meanwhile(production: Production, results: Results, workplace: Workplace) -> Iterator[None]:
    """While the body trains, sample from saved checkpoints in a process of lowest priority, where cores are spare.

    Parameters
    ----------
    results
        With the corpora.
    """
    if workplace.jobs == 1 or sample.STAGE in workplace.force or train.STAGE in workplace.force:
        yield
        return
    quiet = replace(workplace, report=SILENT, store=Store(workplace.store.root))
    follower = start_process(_follow, production, results, quiet)
    try:
        yield
    finally:
        end_process(follower, _GRACE_S)


def follow_another(production: Production, workplace: Workplace) -> bool:
    """Sample from the checkpoints of a training that another process runs, until that process or its training ends.

    Returns
    -------
    bool
        Whether that process has ended, or there was none: whoever called may build. Otherwise it is making takes now.
    """
    count = 0
    workplace.report.begin(WorkStart(sample.STAGE, "takes while training", 0, "takes"))
    while is_held(workplace.store.root):
        results = prepared(production, workplace)
        if results is not None:
            trainings = train.in_flight(production, results, workplace)
            if not trainings and is_done(production, results, workplace):
                workplace.report.note(
                    f"The training has ended after {counted(count, 'take')}; its build makes the others."
                )
                return False
            jobs = max(1, workplace.jobs - train.busy_cores(trainings))
            folders = {training.section: training.folder for training in trainings}
            newly = 0
            with contextlib.suppress(StoreError, OSError):  # a training that is published meanwhile moves its files
                place = replace(workplace, jobs=jobs, report=SILENT)
                note = workplace.report.note
                newly = sample.follow(production, results, place, folders, note)
                newly = newly or sample_ended(production, results, place, note)
            if newly:
                count += newly
                workplace.report.advance(count, "made")
                continue
        time.sleep(_LOOK_EVERY_S)
    workplace.report.note(f"Made while the training ran: {counted(count, 'take')}.")
    return True


def prepared(production: Production, workplace: Workplace) -> Results | None:
    """Return the corpora, where all of them have been prepared."""
    found: list[HeardRecording | None] = [
        workplace.store.result(piece, Corpus) if section.run is None else workplace.store.result(piece, RunRecording)
        for section, piece in zip(production.sections, prepare.pieces(production, Results()), strict=True)
    ]
    corpora = tuple(corpus for corpus in found if corpus is not None)
    return Results(corpora=corpora) if len(corpora) == len(found) else None


def _follow(production: Production, results: Results, workplace: Workplace) -> None:
    """What the process beside a build does until it is stopped. Any trouble is left to the stages that come after."""
    signal.signal(signal.SIGTERM, _end)
    stand_back()
    troubles, done_for = 0, -1
    while troubles < _MOST_TROUBLES:
        try:
            trainings = train.in_flight(production, results, workplace)
            waiting = unfinished(production, results, workplace)
            spare = max(0, workplace.jobs - train.busy_cores(trainings))
            folders = {training.section: training.folder for training in trainings}
            if spare and sample.follow(production, results, replace(workplace, jobs=spare), folders):
                continue
            # those that have not begun take their cores as soon as they can
            spare = max(0, spare - max(0, waiting - len(set(folders.values()))))
            if spare and done_for != waiting:
                if work_ahead(production, results, replace(workplace, jobs=spare)):
                    continue
                done_for = waiting
        except (BuildVideoError, OSError, RuntimeError):  # such as a training that is published while it is read
            troubles += 1
        time.sleep(_LOOK_EVERY_S)


def _end(_number: int, _frame: object) -> NoReturn:
    """End in good order: helper processes first, which write where the stage `sample` is about to write."""
    raise SystemExit


def stand_back() -> None:
    """Take only the time that others leave."""
    if hasattr(os, "nice"):
        os.nice(_LOWEST_PRIORITY)
