"""sample: from each chosen checkpoint a take is generated. Takes are made side by side, one process each.

Which checkpoints are sampled, and for how long, is the film's plan. A take is determined by its checkpoint's weights
and by what a person set, so training on, or another caption, makes no take anew.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from pipeline.film.planning.plan import CheckpointPoint, choose_takes
from pipeline.learning.sampling.generation import STATE_FILE
from pipeline.learning.sampling.take import CandidateSet, Take
from pipeline.learning.sampling.take_making import TakeJob, make_take, record_of
from pipeline.learning.sampling.take_warnings import dead_air_cut, take_warnings
from pipeline.learning.sampling.traces import TRACES_VERSION, copy_traces
from pipeline.learning.training.auto_network import network_of
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan, TrainingRun
from pipeline.production.schema import Production
from pipeline.runtime.executor import PIECES_A_GPU, Needs, Work
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.progress.side_by_side import Task
from pipeline.runtime.relay import ProgressMixer
from pipeline.runtime.workers import preload, send_to_parent
from pipeline.stages.shared.choices import check_choices, check_early_choices, idle_choices, rule_choice
from pipeline.stages.shared.priming import primer_hash
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.takes import make_run_takes, requested_sounds
from pipeline.stages.shared.scenes.layouts import shows_network
from pipeline.stages.shared.sections.kinds import note_kinds
from pipeline.stages.shared.songs.record import SongRecord
from pipeline.stages.shared.takes.requests import RequestedTake, SavedCheckpoint, sampling_device, take_job, take_words
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import remembered_sha256, require_room
from pipeline.store.lock import sampling_lock
from pipeline.store.store import Json, Piece, Result, Store, write_record

STAGE: Final = "sample"
VERSION: Final = 2

_SPARE_S: Final = 0.1
"""Takes are made a little longer than planned: the film counts in whole frames."""
_REPORT_EVERY_S: Final = 0.25
_TAKE_BYTES: Final = 200 << 20
"""Of a process that samples, beside its weights, which are read, laid out and rounded."""


def check(production: Production) -> None:
    """Check songs, and choices among candidates as far as checkpoints are known before training; raises InputErrors."""
    check_early_choices(production)
    if production.songs:
        from pipeline.stages.shared.songs.singing import check_songs  # noqa: PLC0415 - brings scipy along

        check_songs(production)


def pieces(production: Production, results: Results) -> list[Piece]:
    """Every take, and the candidates among which it is chosen.

    Raises
    ------
    ProductionError
        Where the storyboard asks for what was never trained, or priming for what was never recorded.
    """
    if not production.songs:
        return take_pieces(production, results)
    from pipeline.stages.shared.songs.singing import song_pieces  # noqa: PLC0415 - brings scipy along

    songs = song_pieces(production, results, _takes_by_section(production, results))
    return [*take_pieces(production, results), *songs]


def take_pieces(production: Production, results: Results) -> list[Piece]:
    """Every take and its candidates, without the songs; raises as `pieces` does."""
    planned_takes = _planned_takes(production, results)
    own = [piece for one in planned_takes for piece in (one.candidates, one.piece) if piece is not None]
    return [*own, *(one.piece for one in requested_sounds(production, results))]


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Generate the takes that are not fresh, and choose among candidates."""
    planned_takes = _planned_takes(production, results)
    store, forced = workplace.store, STAGE in workplace.force
    _make_all([w for w in planned_takes if forced or store.find(w.network_take) is None], workplace)
    of_runs = make_run_takes(production, results, workplace)
    takes: list[list[Result[Take]]] = [[] for _ in production.sections]
    for planned in planned_takes:
        found = None if forced and planned.candidates else store.result(planned.piece, Take)
        takes[planned.checkpoint.section].append(found or _choose(planned, store))
    for number, own in enumerate(takes, start=1):  # also of takes that were made while training ran
        records = [take.record for take in own]
        for warning in take_warnings(records):
            workplace.report.warn(f"section {number}: {warning}")
        if idle := idle_choices(production, number - 1, [record.iteration for record in records]):
            workplace.report.warn(f"section {number}: {idle}")
        if note := dead_air_cut(records):
            workplace.report.note(f"section {number}: {note}")
    made = replace(results, takes=tuple(of_runs.get(number) or tuple(own) for number, own in enumerate(takes)))
    note_kinds(made, workplace.report)
    if not production.songs:
        return made
    from pipeline.stages.shared.songs.singing import make_songs  # noqa: PLC0415 - brings scipy along

    takes_of = _takes_by_section(production, results)
    return replace(made, songs=make_songs(production, made, takes_of, workplace))


def songs_so_far(
    production: Production, results: Results, workplace: Workplace, aside: Workplace
) -> tuple[Result[SongRecord], ...]:
    """The songs that are sung already, and silent ones for the others, which are kept aside."""
    from pipeline.stages.shared.songs.singing import fresh_or_silent  # noqa: PLC0415 - brings scipy along

    return fresh_or_silent(production, results, _takes_by_section(production, results), workplace, aside)


def _takes_by_section(production: Production, results: Results) -> dict[int, dict[int, Piece]]:
    """The piece of every take, by its section and its iteration."""
    found: dict[int, dict[int, Piece]] = {}
    for planned in _planned_takes(production, results):
        found.setdefault(planned.checkpoint.section, {})[planned.checkpoint.iteration] = planned.piece
    for sound in requested_sounds(production, results):
        found.setdefault(sound.section, {})[sound.take.iteration] = sound.piece
    return found


def follow(
    production: Production,
    results: Results,
    workplace: Workplace,
    trainings: Mapping[int, Path],
    notify: Callable[[str], None] | None = None,
) -> int:
    """Sample the checkpoints that trainings have saved so far: as many as there are jobs; returns how many.

    The takes are the pieces that the stage looks for when the trainings have ended. Where losses decide which
    checkpoints are sampled, or for how long, nobody can know yet: then nothing is made.

    Parameters
    ----------
    results
        With the corpora.
    trainings
        For some sections, counted from 0, the folder of the training with its checkpoints and its plan.
    notify
        Called with a line about each new take: its checkpoint, and where it can be listened to.
    """
    ready = [one for section, folder in trainings.items() for one in foreseen(production, results, section, folder)]
    return _make_some(production, ready, workplace, notify)


def follow_ended(
    production: Production, results: Results, workplace: Workplace, notify: Callable[[str], None] | None = None
) -> int:
    """Sample from trainings that have ended while others go on, for which placeholders stand; see `follow`."""
    return _make_some(production, _planned_takes(production, results), workplace, notify)


def _make_some(
    production: Production, ready: list[RequestedTake], workplace: Workplace, notify: Callable[[str], None] | None
) -> int:
    spare = [planned for planned in ready if planned.device == "cpu"]  # a GPU is left to the networks that train on it
    todo = [planned for planned in spare if workplace.store.find(planned.network_take) is None][: workplace.jobs]
    _make_all(todo, workplace)
    if notify is not None:
        for planned in todo:
            notify(take_words(production, planned, workplace.store))
    return len(todo)


def are_generated(production: Production, results: Results, store: Store) -> bool:
    """Whether the takes of all trainings that have ended are there, chosen among candidates or not."""
    return all(store.find(planned.network_take) is not None for planned in _planned_takes(production, results))


def foreseen(production: Production, results: Results, section: int, folder: Path) -> list[RequestedTake]:
    """The takes of a training's checkpoints that are there already and will be wanted when it has ended.

    Parameters
    ----------
    section
        Counted from 0.
    folder
        Of the training in flight.
    """
    story = production.sections[section].storyboard
    if "loss" in (story.spread, story.emphasis_by) or any(line.iteration == "best" for line in story.take):
        return []
    try:
        plan = CheckpointPlan.model_validate_json((folder / PLAN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it has not begun, or has ended
        return []
    if not plan.checkpoints:  # of a training given in minutes nothing is planned before its first updates
        return []
    saved = {int(path.stem.rpartition("-")[2]): path for path in folder.glob("weights-*.json")}
    points = [CheckpointPoint(iteration, 1.0) for iteration in plan.checkpoints]
    chosen = choose_takes(points, story, is_shortened=not production.has_own_length)
    is_traced = shows_network(production, section)
    return [
        _planned_take(
            production,
            results,
            SavedCheckpoint(section, saved[take.iteration], take.iteration),
            take.seconds,
            is_traced=is_traced,
        )
        for take in chosen
        if take.iteration in saved
    ]


def make_one(
    production: Production, results: Results, workplace: Workplace, checkpoint: SavedCheckpoint, seconds: float
) -> RequestedTake:
    """Make the take of any checkpoint, with its candidates, also of one that the film leaves out."""
    planned = _planned_take(production, results, checkpoint, seconds, is_traced=False)
    _make_all([planned], workplace)
    return planned


def _planned_takes(production: Production, results: Results) -> list[RequestedTake]:
    planned_takes = []
    for section, result in enumerate(results.runs):
        record = result.record
        if not isinstance(record, TrainingRun) or record.is_placeholder:
            continue  # it has no weights
        where = f"section {section + 1} ({production.sections[section].title}), storyboard"
        points = [CheckpointPoint(c.iteration, c.validation_loss_nats) for c in record.checkpoints]
        json_files = {c.iteration: result.path(c.json_file) for c in record.checkpoints}
        story, is_short = production.sections[section].storyboard, not production.has_own_length
        chosen = choose_takes(points, story, where=where, is_shortened=is_short)
        check_choices(production, section, list(json_files))
        is_traced = shows_network(production, section)
        for take in chosen:
            checkpoint = SavedCheckpoint(section, json_files[take.iteration], take.iteration)
            planned_takes.append(_planned_take(production, results, checkpoint, take.seconds, is_traced=is_traced))
    return planned_takes


def _planned_take(
    production: Production, results: Results, checkpoint: SavedCheckpoint, seconds: float, *, is_traced: bool
) -> RequestedTake:
    section, corpus = production.sections[checkpoint.section], results.corpus(checkpoint.section)
    settings = section.sampling
    network = network_of(section.network, checkpoint.json_file.parents[1], corpus.content_hash)
    device = sampling_device(settings, network)
    rate = corpus.record.sample_rate_hz
    samples = math.ceil((seconds + _SPARE_S if settings.seconds is None else settings.seconds) * rate)
    ingredients: dict[str, Json] = {
        "weights": remembered_sha256(checkpoint.json_file.with_suffix(".safetensors")),
        "iteration": checkpoint.iteration,
        "samples": samples,
        "sample_rate_hz": rate,
        "encoding": corpus.record.encoding,
        "seed": settings.seed,
        "temperature": [[list(corner) for corner in settings.curve(n)] for n in range(settings.candidates)],
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "precision": settings.weight_dtype if device == "cpu" else "float32",
        "primer": primer_hash(settings, corpus, f"section {checkpoint.section + 1}, sampling.prime_s"),
    }
    if device != "cpu":  # other rounding, other bytes
        ingredients["device"] = device
    if is_traced:
        ingredients["traces"] = TRACES_VERSION
    if settings.trim_silence:
        ingredients |= {"trim_silence": True, "recording": corpus.content_hash}
    name = f"section-{checkpoint.section + 1}/take-{checkpoint.iteration:06d}"
    if settings.candidates == 1:
        piece = Piece(STAGE, name, VERSION, ingredients)
        return RequestedTake(checkpoint, samples, settings, network, device, corpus, piece, None, is_traced)
    ingredients["recording"] = corpus.content_hash
    candidates = Piece(STAGE, name.replace("take", "candidates"), VERSION, ingredients)
    by: dict[str, Json] = {} if settings.choose_by == "sound" else {"choose_by": settings.choose_by}
    piece = Piece(STAGE, name, VERSION, {**ingredients, **by, "choose": settings.choose.get(checkpoint.iteration)})
    return RequestedTake(checkpoint, samples, settings, network, device, corpus, piece, candidates, is_traced)


def _make_all(planned_takes: list[RequestedTake], workplace: Workplace) -> None:
    """Generate takes, the longest first, so that no process is left alone at the end."""
    if not planned_takes:
        return
    store, forced = workplace.store, STAGE in workplace.force
    planned_takes = sorted(planned_takes, key=lambda planned: planned.sound_s * planned.parameters, reverse=True)
    with sampling_lock(store.root):
        each = {planned.network_take.key: planned for planned in planned_takes}  # sections may share a take
        planned_takes = [planned for planned in each.values() if forced or store.find(planned.network_take) is None]
        if planned_takes:
            sound_s = sum(planned.sound_s for planned in planned_takes)
            workplace.report.begin(WorkStart(STAGE, "takes", sound_s, "s of sound"))
            _TakeMaking(planned_takes, workplace).run()


class _TakeMaking:
    """Makes takes and tells how far they are: on a GPU one after the other, on the processor side by side."""

    def __init__(self, planned_takes: list[RequestedTake], workplace: Workplace) -> None:
        self._planned_takes, self._workplace = planned_takes, workplace
        self._done_s = [0.0] * len(planned_takes)
        self._notes: set[str] = set()
        tasks = [Task(f"section-{planned.checkpoint.section + 1}", planned.work) for planned in planned_takes]
        self._mixer = ProgressMixer(workplace.report, tasks, workplace.jobs)

    def run(self) -> None:
        """Make them all."""
        planned_takes, place = self._planned_takes, self._workplace
        needed = sum(planned.bytes_needed for planned in planned_takes)
        require_room(place.store.root, needed, f"for {len(planned_takes)} takes")
        jobs = [take_job(planned, place.store.partial(planned.network_take)) for planned in planned_takes]
        here = self._made_here(jobs)
        for index in here:
            self._publish(index, make_take(jobs[index], partial(self._advance, index)))
        there = [index for index in range(len(jobs)) if index not in here]
        preload("pipeline.learning.sampling.sampler")
        place.executor.run(
            _make_in_process,
            [self._work(index, jobs[index]) for index in there],
            jobs=place.jobs,
            on_done=lambda done, note: self._publish(there[done], note),
            on_message=(lambda message: self._advance(*message)) if there else None,
            on_loss=place.report.warn,
        )

    def _made_here(self, jobs: list[TakeJob]) -> list[int]:
        """Takes that this process makes itself: one alone, and on a single GPU all of its own."""
        place = self._workplace
        if not place.executor.works_here:
            return []
        alone = place.jobs == 1 or len(jobs) == 1
        shared = place.executor.at_once(Needs(gpus=1), place.jobs) <= PIECES_A_GPU
        return [index for index, job in enumerate(jobs) if alone or (job.device != "cpu" and shared)]

    def _work(self, index: int, job: TakeJob) -> Work[tuple[int, TakeJob]]:
        piece = self._planned_takes[index].network_take
        memory = _TAKE_BYTES + 12 * self._planned_takes[index].parameters
        needs = Needs(memory_bytes=memory, gpus=int(job.device != "cpu"))
        work = self._planned_takes[index].work
        return Work((index, job), piece.key, piece.name, needs, job.request.folder, STATE_FILE, amount=work)

    def _advance(self, index: int, samples: int) -> None:
        planned = self._planned_takes[index]
        self._done_s[index] = max(self._done_s[index], planned.sound_s * samples / planned.samples)
        self._mixer.share(index, self._done_s[index] / planned.sound_s, planned.piece.name.rpartition("/")[2])
        self._workplace.report.advance(sum(self._done_s), planned.piece.name)

    def _publish(self, index: int, note: str) -> None:
        if note and note not in self._notes:
            self._notes.add(note)
            self._workplace.report.note(note)
        self._workplace.store.publish_partial(self._planned_takes[index].network_take)
        self._mixer.finish(index)
        self._advance(index, self._planned_takes[index].samples)


def _make_in_process(numbered: tuple[int, TakeJob]) -> str:
    index, job = numbered
    sent_s = time.monotonic()

    def notify(samples: int) -> None:
        nonlocal sent_s
        if time.monotonic() - sent_s >= _REPORT_EVERY_S:
            sent_s = time.monotonic()
            send_to_parent((index, samples))

    return make_take(job, notify)


def _choose(planned: RequestedTake, store: Store) -> Result[Take]:
    """Return the take; where there are candidates, the closest to the recording or the one that a person chose."""
    if planned.candidates is None:
        return store.published(planned.piece, Take)
    several = store.published(planned.candidates, CandidateSet)
    hand = planned.settings.choose.get(planned.checkpoint.iteration)
    number = hand or rule_choice(several.record, planned.settings, planned.corpus, planned.samples)
    fact = several.record.candidates[number - 1]
    with store.publish(planned.piece) as folder:
        take = record_of(take_job(planned, folder)).model_copy(
            update={
                "temperature": fact.temperature,
                "facts": fact.facts,
                "samples": fact.samples or planned.samples,
                "candidates": several.record.candidates,
                "chosen": number,
                "chosen_by": "hand" if hand else "rule",
                "processor": several.record.processor,
            }
        )
        shutil.copyfile(several.path(fact.bytes_file), folder / take.bytes_file)
        shutil.copyfile(several.path(fact.listen_file), folder / take.listen_file)
        if take.traces is not None:
            copy_traces(several.folder, fact.bytes_file, folder, take.traces)
        write_record(folder, take)
    return store.published(planned.piece, Take)
