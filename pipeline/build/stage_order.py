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
from pipeline.build.foresight import check_insert, check_layout, check_prepared
from pipeline.errors import FootageError, ProductionError
from pipeline.ffmpeg.health import check_ffmpeg
from pipeline.film.planning.cuts import CutSettings
from pipeline.production.schema import Production
from pipeline.runtime.named_files import absent_hint
from pipeline.runtime.progress import SILENT
from pipeline.stages.shared.choices import check_early_choices
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, PieceState, Store

if TYPE_CHECKING:
    from pipeline.build.trainings import Flight

STAGES: Final = ("prepare", "train", "sample", "storyboard", "cards", "render", "compose")
_MUSIC: Final = "sound.music"
_PICTURE: Final = "video, picture"
_QUICK: Final = frozenset({"storyboard"})
"""Made in passing, aside, where a survey needs to see beyond them."""


class Stage(Protocol):
    """What every file in `stages/` offers."""

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
        The cuts that whoever calls will make afterwards, and their stages: only to tell how long all of it takes.
    """
    check_ffmpeg()
    if until != "prepare":
        check_words(production)
    results = Results()
    wanted = STAGES[: STAGES.index(until) + 1]
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
    """While networks train, let the checkpoints that are there already speak."""
    from pipeline.build.follow import speaking_meanwhile  # noqa: PLC0415 - only where there is something to train

    return speaking_meanwhile(production, results, workplace)


def check_words(production: Production) -> None:
    """Find missing files, and faults of captions, cards, themes and layouts, before hours are spent on training."""
    from pipeline.stages.cards import check_cards  # noqa: PLC0415 - a survey does without pictures
    from pipeline.stages.storyboard import check_captions  # noqa: PLC0415

    _check_files(production)
    check_layout(production.video, production.templates_folder)
    check_captions(production)
    check_early_choices(production)
    check_cards(production)


def _check_files(production: Production) -> None:
    """Look into footage and music, whose stages come after hours of training."""
    from pipeline.ffmpeg.formats import recognise  # noqa: PLC0415 - a survey does without pictures

    inserts = {f"insert {number}": insert for number, insert in enumerate(production.inserts, start=1)}
    named = [(insert.file, field) for field, insert in inserts.items()]
    if production.sound.music is not None:
        named.append((str(production.sound.music), _MUSIC))
    if production.video.picture:
        named.append((production.video.picture, _PICTURE))
    for name, key in named:
        path = production.resolve(name, key)
        if not path.is_file():
            raise FootageError(
                "There is no such file.",
                where=f"{key}: {path}",
                expected="a file beside the production",
                hint=absent_hint(path),
            )
        if key == _MUSIC:
            recognise(path, FootageError)
        elif key in inserts:
            check_insert(path, inserts[key], production.video, key)


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

    def as_json(self) -> Mapping[str, object]:
        """Return the survey as plain values."""
        pieces: list[Mapping[str, object]] = [
            {"name": name, "state": state.state, "why": state.why}
            | ({"training": self.flights[name].as_json()} if name in self.flights else {})
            for name, state in self.pieces
        ]
        told = {"stage": self.stage, "state": self.state, "why": self.why, "pieces": pieces}
        return {"cut": self.cut, **told} if self.cut else told


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
    told = ", ".join(f"{len(group)} of {count} {word}" for word, group in groups.items() if group)
    reasons = list(dict.fromkeys(state.why for state in groups[worst] if state.why))
    why = told + (f": {reasons[0]}" if reasons else "")
    return StageSurvey(stage, worst, why, tuple(pieces))


def check_stage_name(name: str) -> str:
    """Return the name of a stage.

    Raises
    ------
    ProductionError
        Where there is no such stage.
    """
    if name not in STAGES:
        raise ProductionError(f"There is no stage '{name}'.", where="command line", expected=", ".join(STAGES))
    return name
