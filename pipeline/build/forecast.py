"""What a build will take on this machine: printed before its first long stage, and remembered after each.

This module joins a production, what is made of it already, and the speeds of earlier builds. It makes nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import numpy as np

from pipeline.build import estimate
from pipeline.build.estimate import Amount, TrainingAhead, file_bytes, length_s
from pipeline.build.run_amounts import logs_amount, sounds_amount
from pipeline.build.song_amounts import film_seconds, takes_and_songs
from pipeline.build.speeds import Speeds, cache_folder
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.learning.models.network import parse_network
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.auto_network import AUTO, choose_network, network_of
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan
from pipeline.production.schema import Production
from pipeline.runtime.executor import PIECES_A_GPU
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.progress.reporter import WorkTime, outlook_text
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece

LONG: Final = ("train", "sample", "render", "compose")
MEASURED: Final = frozenset({"prepare", *LONG})
_CUT_STAGES: Final = ("storyboard", "cards", "render", "compose")
_SHORTEST_S: Final = 5.0
"""What took less says nothing about speeds."""
_MOSTLY: Final = 2.0
"""A stage that took less than so many times its start tells little of its speed."""
_TRAINING_SHARE: Final = 0.6
"""How much of the speed of plain products a training reaches, its checkpoints included."""
_LEFT_AFTER_TRAINING: Final = 0.1
"""Of sampling, where cores are spare: takes are made while training goes on, but for the last ones."""
_GPU_FLOPS: Final = 2e12
"""Of a GPU that trains one small network, roughly."""
_PROBE_SIZE: Final = 384
_PROBE_S: Final = 0.05

ToMake = Mapping[str, Sequence[bool]]
"""By stage, of each piece, whether it is still to be made; of stages that are missing, all."""


@dataclass(frozen=True)
class Ahead:
    """What a build is going to make.

    Parameters
    ----------
    production, results
        The film's, and what is there already.
    stages
        Their names, in order.
    to_make
        Which pieces of them are stale or missing, as far as that is known.
    cuts, cut_stages
        The cuts that follow, and up to where.
    """

    production: Production
    results: Results
    stages: Sequence[str]
    to_make: ToMake
    cuts: Sequence[CutSettings] = ()
    cut_stages: Sequence[str] = _CUT_STAGES
    trained: Mapping[int, float] = field(default_factory=dict)
    """How much of a section's training is done already, 0 to 1, where it was interrupted."""

    def share(self, stage: str) -> float:
        """How much of a stage is still to be made, 0 to 1."""
        if stage not in self.stages:
            return 0.0
        pieces = self.to_make.get(stage)
        return 1.0 if pieces is None else sum(pieces) / max(1, len(pieces))

    def sections(self, stage: str) -> list[int]:
        """Sections, counted from 0, for which a stage has something to make."""
        pieces = self.to_make.get(stage)
        return [] if stage not in self.stages else [
            index for index in range(len(self.production.sections)) if pieces is None or pieces[index]
        ]  # fmt: skip

    @property
    def trainings(self) -> list[int]:
        """Sections, counted from 0, whose networks are still to be trained; runs of other programs have been."""
        return [index for index in self.sections("train") if self.production.sections[index].run is None]


def to_make(pieces: Sequence[Piece], workplace: Workplace) -> tuple[bool, ...]:
    """Of each piece, whether it is still to be made."""
    return tuple(piece.stage in workplace.force or workplace.store.state(piece).state != "fresh" for piece in pieces)


def works(ahead: Ahead, workplace: Workplace, speeds: Speeds) -> list[WorkTime]:
    """How long each piece of work that will be announced is likely to take, in order."""
    found: list[WorkTime] = []
    for stage in ahead.stages:
        if stage == "train":
            found += _trainings(ahead, workplace, speeds)
            found += [one.time(speeds) for one in _amounts(stage, ahead, workplace)]
        elif ahead.share(stage) > 0:
            amounts = _amounts(stage, ahead, workplace)
            for kinds in estimate.announced(stage, amounts):
                found.append(estimate.together(kinds, speeds))
    for cut in ahead.cuts:
        dressed = ahead.production.dressed(cut)
        for stage in ahead.cut_stages:
            found += [amount.time(speeds) for amount in _film_amounts(stage, dressed, cut.seconds, workplace, 1.0)]
    return found


def _amounts(stage: str, ahead: Ahead, workplace: Workplace) -> list[Amount]:
    production = ahead.production
    if stage == "prepare":
        return [
            estimate.prepare_amount(sum(file_bytes(path) for path in production.recording_paths(section)))
            for section in ahead.sections(stage)
        ]
    if stage == "sample":
        device, (share, songs) = _device(workplace), takes_and_songs(production, ahead.to_make.get(stage))
        trained = _sampled_meanwhile(ahead, workplace, device)
        left = [
            share * (_LEFT_AFTER_TRAINING if index in trained else 1.0) for index in range(len(production.sections))
        ]
        return [
            estimate.sample_amount(section, _training(ahead, index).network, device, workplace.jobs, left[index])
            if section.run is None
            else sounds_amount(production, index, workplace.jobs, share)
            for index, section in enumerate(production.sections)
            if section.run is None or section.run.takes
        ] + songs
    if stage == "train":
        return [logs_amount(production, index) for index in ahead.sections(stage) if production.sections[index].run]
    timeline = ahead.results.timeline
    seconds = float(timeline.record.duration_s) if timeline is not None else film_seconds(production)
    if stage == "compose":
        last = 1 + len(production.sections) * production.video.graphs
        pieces = ahead.to_make.get(stage, (True,) * (last + 1))
        sound, graphs, film = pieces[0], sum(pieces[1:last]), any(pieces[last:])
        return estimate.compose_amounts(
            production.video, seconds, workplace.jobs, sound=sound, film=film, graphs=graphs
        )
    return _film_amounts(stage, production, seconds, workplace, ahead.share(stage))


def _film_amounts(
    stage: str, production: Production, seconds: float, workplace: Workplace, share: float
) -> list[Amount]:
    if stage == "storyboard":
        return [estimate.story_amount(share)]
    if stage == "cards":
        return [estimate.cards_amount(production, share)]
    if stage == "render":
        return [estimate.render_amount(production.video, seconds, workplace.jobs, share)]
    return estimate.compose_amounts(production.video, seconds, workplace.jobs, sound=True, film=True)


def _trainings(ahead: Ahead, workplace: Workplace, speeds: Speeds) -> list[WorkTime]:
    sections, device = ahead.trainings, _device(workplace)
    if not sections:
        return []
    at_once, threads = _shared(len(sections), workplace.jobs, device)
    times = []
    for index in sections:
        core_flops = _core_flops() if device == "cpu" else _GPU_FLOPS
        whole = _training(ahead, index).time(speeds, device=device, threads=threads, core_flops=core_flops)
        times.append(replace(whole, seconds=whole.seconds * (1 - ahead.trained.get(index, 0.0))))
    if len(times) == 1:
        return times
    seconds = sorted((one.seconds for one in times), reverse=True)  # the longest begins first
    basis = times[0].basis if len({one.basis for one in times}) == 1 else "guessed"
    return [WorkTime("train", estimate.side_by_side_s(seconds, at_once), basis)]


def _sampled_meanwhile(ahead: Ahead, workplace: Workplace, device: str) -> frozenset[int]:
    """Sections whose takes are made while they are trained: none where trainings take all cores."""
    sections = ahead.trainings
    at_once, threads = _shared(max(1, len(sections)), workplace.jobs, device)
    is_spare = device != "cpu" or at_once * threads < workplace.jobs
    return frozenset(sections) if is_spare else frozenset()


def _shared(trainings: int, jobs: int, device: str) -> tuple[int, int]:
    """How many networks train at once, and with how many threads each."""
    at_once = max(1, min(jobs if device == "cpu" else PIECES_A_GPU, trainings))
    return at_once, max(1, jobs // at_once) if device == "cpu" else 1


def _training(ahead: Ahead, section: int) -> TrainingAhead:
    """One section's training; where its network is to be chosen yet, with the one that is likely."""
    from pipeline.stages.train import DRAFT_MINUTES  # noqa: PLC0415 - brings the stage along

    settings, network = ahead.production.sections[section].training, ahead.production.sections[section].network
    train_bytes = _train_bytes(ahead, section)
    if ahead.production.is_draft:
        trained = sum(one.run is None for one in ahead.production.sections)
        settings = settings.at_most_minutes(DRAFT_MINUTES / trained)
    if network != AUTO:
        return TrainingAhead(network, settings, train_bytes)
    kept = None
    if section < len(ahead.results.corpora):
        corpus = ahead.results.corpus(section)
        kept = network_of(network, corpus.folder.parents[1] / "train", corpus.content_hash)
    return TrainingAhead(
        kept or choose_network(settings, round(train_bytes), _core_flops()).network, settings, train_bytes
    )


def _train_bytes(ahead: Ahead, section: int) -> float:
    if section < len(ahead.results.corpora):
        return float(ahead.results.corpus(section).record.train_samples)
    settings = ahead.production.sections[section].corpus
    seconds = sum(length_s(path) for path in ahead.production.recording_paths(section))
    return 0.9 * seconds * settings.sample_rate_hz


def _device(workplace: Workplace) -> str:
    """`cpu`, or `cuda` where networks will be trained on a GPU; torch is asked only where there may be one."""
    if workplace.device == "cpu" or shutil.which("nvidia-smi") is None:
        return "cpu"
    from pipeline.learning.hardware import choose_device  # noqa: PLC0415 - torch takes seconds to import

    return choose_device("auto").type


@cache
def _core_flops() -> float:
    """Measure, in a moment, how fast a core of this machine multiplies matrices; a share of it is left to trainings."""
    one = np.ones((_PROBE_SIZE, _PROBE_SIZE), dtype=np.float32)
    np.matmul(one, one)
    best_s, began = _PROBE_S, time.perf_counter()
    while (start := time.perf_counter()) - began < _PROBE_S:
        np.matmul(one, one)
        best_s = min(best_s, time.perf_counter() - start)
    return 2 * _TRAINING_SHARE * _PROBE_SIZE**3 / best_s / usable_cores()


class Forecast:
    """Tells what a build will take, and remembers how fast each stage was.

    Parameters
    ----------
    production, workplace
        What is built, and where.
    stages
        The stages' names, in order.
    cuts, cut_stages
        The cuts that follow, and up to where.
    """

    def __init__(
        self,
        production: Production,
        workplace: Workplace,
        stages: Sequence[str],
        cuts: Sequence[CutSettings] = (),
        cut_stages: Sequence[str] = _CUT_STAGES,
    ) -> None:
        self._production, self._workplace = production, workplace
        self._stages, self._cuts, self._cut_stages = stages, cuts, cut_stages
        self._speeds = Speeds(cache_folder())
        self._announced = False
        self._trained: tuple[int, ...] = ()

    @contextmanager
    def watch(self, stage: str, results: Results, pieces: Sequence[Piece]) -> Iterator[None]:
        """Before a stage with something to make, tell what is ahead; after it, remember how long it took."""
        todo = to_make(pieces, self._workplace) if stage in MEASURED else ()
        if not any(todo):
            yield
            return
        ahead = self._ahead(stage, results, todo)
        if stage == "train":
            self._trained = tuple(ahead.trainings)
            ahead = replace(ahead, trained={index: self._trained_share(pieces[index]) for index in self._trained})
        self._announce(stage, works(ahead, self._workplace, self._speeds))
        began = time.monotonic()
        yield
        if not self._trained or stage != "train":
            self._remember(stage, ahead, time.monotonic() - began)

    def learn_from(self, results: Results) -> None:
        """Remember how fast the trainings were that have just ended."""
        trained = self._trained
        if not trained:
            return
        device = _device(self._workplace)
        _, threads = _shared(len(trained), self._workplace.jobs, device)
        measured: dict[str, float] = {}
        for index in trained:
            run = results.training(index).record
            if run.elapsed_s <= _SHORTEST_S:
                continue
            training = TrainingAhead(
                parse_network(run.network),
                TrainingSettings.model_validate(run.training),
                results.corpus(index).record.train_samples,
            )
            own, kind = training.speed_names(device, threads)
            rate = run.iterations / run.elapsed_s
            measured |= {own: rate, kind: rate * training.update_flops / threads}
        self._speeds.learn(measured)

    def _trained_share(self, piece: Piece) -> float:
        """How far an interrupted training came, by its last checkpoint."""
        folder = self._workplace.store.partial_path(piece)
        try:
            plan = CheckpointPlan.model_validate_json((folder / PLAN_FILE).read_text(encoding="utf-8"))
            saved = [int(path.stem.rpartition("-")[2]) for path in folder.glob("weights-*.json")]
        except (OSError, ValueError):
            return 0.0
        return (
            min(1.0, max(saved, default=0) / max(1, *plan.checkpoints)) if "train" not in self._workplace.force else 0.0
        )

    def _ahead(self, stage: str, results: Results, todo: tuple[bool, ...]) -> Ahead:
        stages = self._stages[list(self._stages).index(stage) :]
        return Ahead(self._production, results, stages, {stage: todo}, self._cuts, self._cut_stages)

    def _announce(self, stage: str, expected: Sequence[WorkTime]) -> None:
        self._workplace.report.expect(expected)
        if stage in LONG and not self._announced:
            self._announced = True
            self._workplace.report.note(f"This takes {words(expected)}")

    def _remember(self, stage: str, ahead: Ahead, seconds: float) -> None:
        """Spread the time over what the stage made, each as much as was expected of it."""
        amounts = [one for one in _amounts(stage, ahead, self._workplace) if one.speed and one.amount > 0]
        fixed = max((one.fixed_s for one in amounts), default=0.0)
        expected = sum(one.amount / self._speeds.of(one.speed, one.usual) for one in amounts)
        if expected <= 0 or seconds < max(_SHORTEST_S, _MOSTLY * fixed):
            return
        slower = (seconds - fixed) / expected
        self._speeds.learn({one.speed: self._speeds.of(one.speed, one.usual) / slower for one in amounts})


def words(expected: Sequence[WorkTime]) -> str:
    """Say how long it takes, by stage, and how sure that is."""
    guessed = any(one.basis == "guessed" and one.stage in LONG for one in expected)
    return outlook_text(expected) + (
        " (partly guessed: this machine has not built such a film before)" if guessed else ""
    )


def surveyed(
    production: Production,
    workplace: Workplace,
    surveys: Mapping[str, Sequence[bool] | None],
    cuts: Sequence[CutSettings],
    cut_stages: Sequence[str],
) -> list[WorkTime]:
    """How long a build would take, by what a survey has found.

    Parameters
    ----------
    surveys
        By stage in order, of each piece whether it is still to be made; None where a stage waits for others.
    cuts, cut_stages
        The cuts of which something is to be made, and their stages.
    """
    known = {stage: pieces for stage, pieces in surveys.items() if pieces is not None}
    ahead = Ahead(production, Results(), tuple(surveys), known, cuts, cut_stages)
    return works(ahead, workplace, Speeds(cache_folder()))
