"""The trainings of a film as they are now: finished, in flight, interrupted, of other settings, or not begun.

This module finds them in the store and says what they are. It changes nothing, takes no lock, and trains nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pipeline.learning.training.run import INGREDIENTS_FILE, LOG_FILE, RECORD_FILE, TrainingRun
from pipeline.learning.training.so_far import SoFar, so_far, unfinished_run
from pipeline.production.schema import Production
from pipeline.runs.stored import RunLosses
from pipeline.stages import train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.differences import explain_difference
from pipeline.store.lock import holder
from pipeline.store.store import PARTIAL, Piece, Result, read_record

_A_MINUTE_S: Final = 60.0
_AN_HOUR_S: Final = 3600.0
_A_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class SectionTraining:
    """A section's training.

    Parameters
    ----------
    result
        The finished run, or as much of it as can be shown; None where there are not two checkpoints, or where the logs
        of another program's run are not read yet.
    is_finished
        Whether it is the one that the production asks for, to its end.
    words
        What it is, in a few words; empty where it is finished.
    """

    result: Result[TrainingRun] | Result[RunLosses] | None
    is_finished: bool
    words: str


def trainings(production: Production, results: Results, workplace: Workplace) -> list[SectionTraining]:
    """Find the training of every section, or what comes closest to it.

    Parameters
    ----------
    results
        With the corpora.
    """
    store, by = workplace.store, holder(workplace.store.root)
    pieces = train.pieces(production, results)
    keys = {piece.key for piece in pieces}
    found = []
    for number, piece in enumerate(pieces):
        if production.sections[number].run is not None:
            found.append(SectionTraining(store.result(piece, RunLosses), is_finished=True, words=""))
            continue
        if store.state(piece).state == "fresh" and (whole := store.result(piece, TrainingRun)) is not None:
            found.append(SectionTraining(whole, is_finished=True, words=""))
            continue
        own = _in_flight(store.partial_path(piece), piece.ingredients)
        others = _of_other_settings(piece, number, keys, workplace) if own is None else iter(())
        if own is not None:
            progress = so_far(store.partial_path(piece))
            words = f"{_flight_words(progress, by)}; shown is what it has saved" if progress else ""
            found.append(SectionTraining(own, is_finished=False, words=words))
        elif (other := next(others, None)) is not None:
            found.append(other)
        else:
            words = "not trained yet: curves and sound are made up, and marked so; --build trains first"
            found.append(SectionTraining(None, is_finished=False, words=words))
    return found


@dataclass(frozen=True)
class Flight:
    """A training that is not finished: how far it is, and which process holds the folder, where one does."""

    progress: SoFar
    by: str

    @property
    def words(self) -> str:
        """Say it in a line."""
        return _flight_words(self.progress, self.by)

    def as_json(self) -> Mapping[str, object]:
        """Return it as plain values."""
        far, saved = self.progress, self.progress.saved_at_s
        return {
            "running": bool(self.by),
            "by": self.by or None,
            "iteration": far.iteration,
            "iterations": far.total,
            "share": None if far.share is None else round(far.share, 4),
            "checkpoints": len(far.checkpoints),
            "saved_iteration": far.saved_iteration,
            "saved_at": None if saved is None else datetime.fromtimestamp(saved, UTC).isoformat(timespec="seconds"),
        }


def flight_of(piece: Piece, workplace: Workplace) -> Flight | None:
    """How far a training is that is not finished; None where it has not begun."""
    progress = so_far(workplace.store.partial_path(piece))
    return None if progress is None else Flight(progress, holder(workplace.store.root))


def _flight_words(progress: SoFar, by: str) -> str:
    """Say how far a training has come, when it was last saved, and who trains."""
    end = f" of {progress.total:,}" if progress.total else ""
    share = f" ({100 * progress.share:.0f} %)" if progress.share is not None else ""
    saved = "nothing saved yet"
    if progress.saved_at_s is not None:
        saved = f"saved at {progress.saved_iteration:,}, {ago(progress.saved_at_s)}"
    state = f"in flight, by {by}" if by else "interrupted: a build goes on from there"
    return f"iteration {progress.iteration:,}{end}{share}, {saved}; {state}"


def ago(then_s: float) -> str:
    """How long ago a time was, given in seconds since 1970."""
    seconds = max(0.0, time.time() - then_s)
    if seconds < _A_MINUTE_S:
        return f"{seconds:.0f} s ago"
    if seconds < _AN_HOUR_S:
        return f"{seconds / _A_MINUTE_S:.0f} min ago"
    if seconds < _A_DAY_S:
        return f"{seconds / _AN_HOUR_S:.0f} h ago"
    return f"{seconds / _A_DAY_S:.0f} days ago"


def _in_flight(folder: Path, ingredients: Mapping[str, Any]) -> Result[TrainingRun] | None:
    """A training that is not published, as far as its checkpoints go."""
    if (folder / RECORD_FILE).is_file():  # it has ended, and waits for others
        run: TrainingRun | None = read_record(folder, TrainingRun)
    else:
        progress = so_far(folder)
        run = unfinished_run(folder, progress, dict(ingredients["training"])) if progress else None
    if run is None:
        return None
    state = f"{folder.name} {run.iterations} {(folder / LOG_FILE).stat().st_size}"
    return Result(folder, run, sha256(state.encode()).hexdigest())


def _of_other_settings(piece: Piece, number: int, wanted: set[str], workplace: Workplace) -> Iterator[SectionTraining]:
    """Trainings of the same recordings that are not quite those that the production asks for, the latest first."""
    store, by = workplace.store, holder(workplace.store.root)
    own_names = {f"section-{number + 1}", f"draft/section-{number + 1}"}
    found: list[tuple[float, Path, Mapping[str, Any]]] = []
    for folder, ingredients in store.all_results(train.STAGE, INGREDIENTS_FILE):
        if ingredients.get("corpus") != piece.ingredients["corpus"] or folder.name.removesuffix(PARTIAL) in wanted:
            continue
        alike = ingredients.get("network") == piece.ingredients["network"]
        if alike if folder.name.endswith(PARTIAL) else _name_of(folder) in own_names:
            found.append((folder.stat().st_mtime, folder, ingredients))
    for _, folder, ingredients in sorted(found, key=lambda one: one[0], reverse=True):
        if folder.name.endswith(PARTIAL):
            result, progress = _in_flight(folder, ingredients), so_far(folder)
            state = _flight_words(progress, by) if progress else "trained"
        else:
            record = read_record(folder, TrainingRun)
            result, state = Result(folder, record, sha256(folder.name.encode()).hexdigest()), "trained"
        if result is not None:
            change = explain_difference(ingredients, piece.ingredients)
            yield SectionTraining(
                result, is_finished=False, words=f"of other settings ({change}): {state}; this one is shown"
            )


def _name_of(folder: Path) -> str:
    """What a published training was called in front of people."""
    try:
        return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def reached(production: Production, results: Results, workplace: Workplace) -> list[int | None]:
    """How far each section's training has come: None where it has ended, else its last checkpoint's iteration.

    Another program's run has ended.

    0 where there are not two checkpoints yet: iteration 0 alone makes no film.
    """
    found: list[int | None] = []
    for section, piece in zip(production.sections, train.pieces(production, results), strict=True):
        if section.run is not None or workplace.store.state(piece).state == "fresh":
            found.append(None)
            continue
        begun = so_far(workplace.store.partial_path(piece))
        found.append(begun.checkpoints[-1].iteration if begun and begun.checkpoints else 0)
    return found


def unfinished(production: Production, results: Results, workplace: Workplace) -> int:
    """Count the trainings that are not published, begun or not."""
    planned = zip(production.sections, train.pieces(production, results), strict=True)
    own = {piece.key: piece for section, piece in planned if section.run is None}
    return sum(workplace.store.state(piece).state != "fresh" for piece in own.values())


def is_done(production: Production, results: Results, workplace: Workplace) -> bool:
    """Tell whether all trainings have ended and are published."""
    return not unfinished(production, results, workplace)
