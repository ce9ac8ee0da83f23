"""The stages in order: which are stale, why, and running them.

This module knows the order of the story and nothing of what happens in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast

from pipeline.build.forecast import MEASURED, Forecast, to_make
from pipeline.build.foresight import check_prepared
from pipeline.ffmpeg.health import check_ffmpeg
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, PieceState, Store

if TYPE_CHECKING:
    from pipeline.build.trainings import Flight
    from pipeline.build.unmade.foresee import Foreseen

STAGES: Final = ("prepare", "train", "sample", "storyboard", "cards", "render", "compose")
SHARED: Final = ("prepare", "train", "sample")
"""The stages that cuts have in common with the film: nothing is recorded, trained or said for a cut alone."""
OWN: Final = tuple(stage for stage in STAGES if stage not in SHARED)
_QUICK: Final = frozenset({"storyboard"})
"""Made in passing, aside, where a survey needs to see beyond them."""


class Stage(Protocol):
    """What every file in `stages/` offers."""

    def check(self, production: Production) -> None:
        """Look for faults in what was given, quickly, before any stage makes anything; raises an InputError."""

    def pieces(self, production: Production, results: Results) -> list[Piece]:
        """Say what the stage would make of what was made before it."""

    def run(self, production: Production, results: Results, workplace: Workplace) -> Results:
        """Make what is not there yet, and return everything made so far."""


def load_stage(name: str) -> Stage:
    """Import a stage when it is needed: some bring large libraries along."""
    return cast("Stage", import_module(f"pipeline.stages.{name}"))


def build(
    production: Production,
    workplace: Workplace,
    until: str = STAGES[-1],
    *,
    cuts: Sequence[CutSettings] = (),
    cut_stages: Sequence[str] = (),
) -> Results:
    """Make everything that is stale, up to and including one stage.

    Parameters
    ----------
    cuts, cut_stages
        The cuts that whoever calls will make afterwards, and their stages: to find their faults at once, and to tell
        how long all of it takes.
    """
    wanted = STAGES[: STAGES.index(until) + 1]
    check_all(production, cuts, STAGES if until != "prepare" else wanted)
    results = Results()
    forecast = Forecast(production, workplace, wanted, cuts, cut_stages)
    for name in wanted:
        stage = load_stage(name)
        pieces = stage.pieces(production, results) if name in MEASURED else []
        busy = name == "train" and any(to_make(pieces, workplace))
        meanwhile = _takes_meanwhile(production, results, workplace) if busy and "sample" in wanted else nullcontext()
        with forecast.watch(name, results, pieces), meanwhile:
            results = stage.run(production, results, workplace)
        if name == "prepare" and until != "prepare":
            check_prepared(production, results)
        if busy:
            forecast.learn_from(results)
    return results


def _takes_meanwhile(production: Production, results: Results, workplace: Workplace) -> AbstractContextManager[None]:
    """While networks train, sample from the checkpoints saved so far."""
    from pipeline.build.follow import sampling_meanwhile  # noqa: PLC0415 - only where there is something to train

    return sampling_meanwhile(production, results, workplace)


def check_all(production: Production, cuts: Sequence[CutSettings] = (), stages: Sequence[str] = STAGES) -> None:
    """Look for every fault that can be found before anything is made: of a film, then of its cuts; each once.

    Parameters
    ----------
    cuts
        Those that are to be made too.
    stages
        Those whose faults matter, in order.

    Raises
    ------
    InputError
        The first fault.
    FfmpegError
        Where there is no ffmpeg that works.
    """
    check_ffmpeg()
    for name in stages:
        with production.placing_errors():
            load_stage(name).check(production)
    for cut in cuts:
        dressed = production.dressed(cut)
        for name in stages:
            if name not in SHARED:
                with production.placing_errors():
                    load_stage(name).check(dressed)


@dataclass(frozen=True)
class StageSurvey:
    """What a build would do in one stage."""

    stage: str
    state: Literal["fresh", "stale", "missing", "begun", "waits"]
    why: str
    pieces: tuple[tuple[str, PieceState], ...]
    cut: str = ""
    """Which of the film's cuts it is about; empty for the film itself."""
    flights: Mapping[str, Flight] = field(default_factory=dict)
    """Trainings that have begun and are not finished, by their piece's name."""
    foreseen: Foreseen | None = None
    """Of a stage that waits, what it will have to make, where that was asked for and can be told."""

    @property
    def to_make(self) -> tuple[str, ...]:
        """The names of what a build would make here, as far as that is known."""
        if self.foreseen is not None:
            return tuple(name for name, is_to_make in self.foreseen.pieces if is_to_make)
        return tuple(name for name, state in self.pieces if state.state != "fresh")

    def as_json(self) -> Mapping[str, object]:
        """Return the survey as plain values."""
        pieces: list[Mapping[str, object]] = [
            {"name": name, "state": state.state, "why": state.why}
            | ({"training": self.flights[name].as_json()} if name in self.flights else {})
            for name, state in self.pieces
        ]
        values: dict[str, object] = {"stage": self.stage, "state": self.state, "why": self.why, "pieces": pieces}
        if self.foreseen is not None:
            values |= {"to_make": len(self.to_make), "about": self.foreseen.is_about}
        return {"cut": self.cut, **values} if self.cut else values


def survey(production: Production, workplace: Workplace, until: str = STAGES[-1]) -> list[StageSurvey]:
    """Look at every stage and its pieces without making anything."""
    return survey_stages(production, Results(), workplace, STAGES[: STAGES.index(until) + 1])[0]


def survey_stages(
    production: Production, results: Results, workplace: Workplace, names: Sequence[str], waits_for: str = ""
) -> tuple[list[StageSurvey], Results, str]:
    """Look at some stages, one after the other.

    Parameters
    ----------
    results
        By the stages before.
    names
        The stages.
    waits_for
        The stage before that is not fresh, where there is one: then all of these wait.

    Returns
    -------
    list[StageSurvey], Results, str
        What was found, what is there already, and the first stage that is not fresh (empty where all are).
    """
    surveys: list[StageSurvey] = []
    with tempfile.TemporaryDirectory(prefix="build-video-") as aside:
        for name in names:
            if waits_for:
                surveys.append(StageSurvey(name, "waits", f"waits for {waits_for}", (), production.cut))
                continue
            stage = load_stage(name)
            planned = stage.pieces(production, results)
            flights = _flights(planned, workplace) if name == "train" else {}
            pieces = [
                (piece.name, PieceState("begun", flights[piece.name].words))
                if piece.name in flights
                else (piece.name, _state(piece, workplace))
                for piece in planned
            ]
            surveys.append(replace(_sum_up(name, pieces), cut=production.cut, flights=flights))
            if name == STAGES[-1]:
                surveys[-1] = _with_deliveries(surveys[-1], production, results, workplace)
                break
            quiet = replace(workplace, report=SILENT, force=frozenset())
            if surveys[-1].state == "fresh":
                results = stage.run(production, results, quiet)
            elif name in _QUICK:
                results = stage.run(production, results, replace(quiet, store=Store(Path(aside))))
            else:
                waits_for = name
    return surveys, results, waits_for


def _with_deliveries(found: StageSurvey, production: Production, results: Results, workplace: Workplace) -> StageSurvey:
    """Add the files that a composed film lacks in the output folder."""
    if found.state != "fresh":
        return found
    from pipeline.stages.compose import undelivered  # noqa: PLC0415 - only once the film is there

    absent = undelivered(production, results, workplace)
    if not absent:
        return found
    lacking = tuple((name, PieceState("missing", "not in the output folder")) for name in absent)
    why = f"{len(absent)} files are not in the output folder"
    return replace(found, state="missing", why=why, pieces=(*found.pieces, *lacking))


def _flights(pieces: Sequence[Piece], workplace: Workplace) -> dict[str, Flight]:
    """The trainings among these that have begun, and that a build would go on with."""
    from pipeline.build.trainings import flight_of  # noqa: PLC0415 - only where something is to be trained

    found = {piece.name: flight_of(piece, workplace) for piece in pieces if _state(piece, workplace).state != "fresh"}
    return {name: flight for name, flight in found.items() if flight is not None and "train" not in workplace.force}


def _state(piece: Piece, workplace: Workplace) -> PieceState:
    if piece.stage in workplace.force:
        return PieceState("stale", "--force")
    return workplace.store.state(piece)


def _sum_up(stage: str, pieces: list[tuple[str, PieceState]]) -> StageSurvey:
    states = [state for _, state in pieces]
    count = len(states)
    if all(state.state == "fresh" for state in states):
        return StageSurvey(stage, "fresh", "", tuple(pieces))
    groups: dict[Literal["stale", "begun", "missing"], list[PieceState]] = {"stale": [], "begun": [], "missing": []}
    for state in states:
        if state.state != "fresh":
            groups[state.state].append(state)
    worst = next(word for word in groups if groups[word])
    counts = ", ".join(f"{len(group)} of {count} {word}" for word, group in groups.items() if group)
    reasons = list(dict.fromkeys(state.why for state in groups[worst] if state.why))
    why = counts + (f": {reasons[0]}" if reasons else "")
    return StageSurvey(stage, worst, why, tuple(pieces))
