"""The takes of all runs of a film: which sounds its storyboards choose, made side by side where they are not fresh."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pipeline.film.planning.plan import choose_takes
from pipeline.production.schema import Production
from pipeline.runs.stored import RunLosses
from pipeline.runtime.executor import Work
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.sounds import STAGE, RequestedSound, made_sound, make_sound, requested_sound, run_takes
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.sounds import HeardTake
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store

_ALONE: Final = 2
"""So few sounds are made without helper processes."""


def requested_sounds(production: Production, results: Results) -> list[RequestedSound]:
    """Every sound of a run that the film plays.

    Raises
    ------
    ProductionError
        Where a storyboard asks for what is not there.
    """
    found: list[RequestedSound] = []
    for section, trained in enumerate(results.runs):
        if not isinstance(trained.record, RunLosses):
            continue
        takes = {take.iteration: take for take in run_takes(production, section, trained.record)[0]}
        if not takes:
            continue
        settings = production.sections[section]
        where = f"section {section + 1} ({settings.title}), storyboard"
        points = [one.point for one in section_checkpoints(production, section, trained)]
        is_short = not production.has_own_length
        chosen = choose_takes(points, settings.storyboard, where=where, is_shortened=is_short)
        found += [requested_sound(section, takes[one.iteration], one.seconds) for one in chosen]
    return found


def make_run_takes(production: Production, results: Results, workplace: Workplace) -> dict[int, tuple[HeardTake, ...]]:
    """Make the takes that are not fresh; all of them, by section, counted from 0.

    Raises
    ------
    InputError
        Where a sound can't be used.
    """
    requested = requested_sounds(production, results)
    forced, store, report = STAGE in workplace.force, workplace.store, workplace.report
    each = {one.piece.key: one for one in requested}  # sections may share a sound
    todo = [one for one in each.values() if forced or store.find(one.piece) is None]
    if todo:
        report.begin(WorkStart(STAGE, "sounds", float(len(todo)), "sounds"))
        done = 0

        def tell(_index: int, _outcome: None) -> None:
            nonlocal done
            done += 1
            report.advance(float(done))

        jobs = 1 if workplace.executor.works_here and len(todo) <= _ALONE else workplace.jobs
        works = [
            Work((one, store.root), one.piece.key, one.piece.name, place=partial(store.publish, one.piece), amount=1.0)
            for one in todo
        ]
        workplace.executor.run(_make, works, jobs=jobs, on_done=tell, on_loss=report.warn)
    for section, trained in enumerate(results.runs):
        if isinstance(trained.record, RunLosses):
            _, note = run_takes(production, section, trained.record)
            if note:
                report.note(f"section {section + 1}: {note}")
    return _by_section(requested, workplace)


def _by_section(requested: Sequence[RequestedSound], workplace: Workplace) -> dict[int, tuple[HeardTake, ...]]:
    found: dict[int, tuple[HeardTake, ...]] = {}
    for one in requested:
        found[one.section] = (*found.get(one.section, ()), made_sound(one, workplace))
    return found


def _make(task: tuple[RequestedSound, Path]) -> None:
    requested, root = task
    make_sound(requested, Store(root))
