"""sample: each chosen checkpoint says something: a take. Takes are made side by side, one process each.

Which checkpoints speak, and for how long, is the film's plan. A take is determined by its checkpoint's weights and by
what a person set, so training on, or another caption, makes no take anew.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from pipeline.film.planning.plan import CheckpointPoint, choose_takes
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, TieredSettings
from pipeline.learning.sampling.generation import Order
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.learning.sampling.take import CandidateSet, Take
from pipeline.learning.sampling.take_facts import dead_air_cut, doubts_about
from pipeline.learning.sampling.take_making import TakeJob, make_take, record_of
from pipeline.learning.training.auto_network import network_of
from pipeline.learning.training.run import PLAN_FILE, CheckpointPlan, TrainingRun
from pipeline.production.schema import Production
from pipeline.runtime.relay import ProgressMixer
from pipeline.runtime.side_by_side import Task
from pipeline.runtime.workers import run_parallel, send_to_parent
from pipeline.sound.signal.quantise import code_values
from pipeline.stages.shared.choices import check_choices, check_early_choices, idle_choices
from pipeline.stages.shared.priming import primer_hash, primer_span
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import remembered_sha256, require_room
from pipeline.store.lock import sampling_lock
from pipeline.store.store import Json, Piece, Result, Store, write_record

STAGE: Final = "sample"
VERSION: Final = 2

_SPARE_S: Final = 0.1
"""Takes are made a little longer than planned: the film counts in whole frames."""
_TELL_EVERY_S: Final = 0.25
_REAL_TIME_PARAMETERS: Final = 4_000_000
"""A core speaks in real time with networks up to about this size; larger ones go to a GPU where there is one."""


@dataclass(frozen=True)
class _Speaker:
    """A checkpoint that is to speak; `json_file` is its readable half."""

    section: int
    json_file: Path
    iteration: int


@dataclass(frozen=True)
class _Wish:
    """One take that the film needs, and what determines it.

    Parameters
    ----------
    piece
        The take.
    candidates
        All candidates, where there are several.
    """

    speaker: _Speaker
    samples: int
    settings: SamplingSettings
    network: LstmSettings | TieredSettings | None
    device: str
    corpus: Result[Corpus]
    piece: Piece
    candidates: Piece | None

    @property
    def made_by_network(self) -> Piece:
        """The piece that the network makes: the candidates where there are several, else the take."""
        return self.candidates or self.piece

    @property
    def sound_s(self) -> float:
        """Seconds of sound that the network makes."""
        return self.samples * self.settings.candidates / self.corpus.record.sample_rate_hz

    @property
    def parameters(self) -> int:
        """How many numbers the network has learned."""
        return self.network.parameters if self.network is not None else 0

    @property
    def work(self) -> float:
        """Arithmetic of all its bytes."""
        flops_per_byte = 1 if self.network is None else self.network.flops_per_byte
        return self.samples * self.settings.candidates * flops_per_byte


def check(production: Production) -> None:
    """Check choices among candidates, as far as checkpoints are known before any training; raises a ProductionError."""
    check_early_choices(production)


def pieces(production: Production, results: Results) -> list[Piece]:
    """Every take, and the candidates among which it is chosen.

    Raises
    ------
    ProductionError
        Where the storyboard asks for what was never trained, or priming for what was never recorded.
    """
    return [piece for wish in _wishes(production, results) for piece in (wish.candidates, wish.piece) if piece]


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Let the checkpoints speak whose takes are not fresh."""
    wishes = _wishes(production, results)
    store, forced = workplace.store, STAGE in workplace.force
    todo = [w for w in wishes if forced or (store.find(w.made_by_network) is None)]
    _make_all(todo, workplace)
    takes: list[list[Result[Take]]] = [[] for _ in production.sections]
    for wish in wishes:
        take = None if forced and wish.candidates else store.result(wish.piece, Take)
        if take is None:
            take = _choose(wish, store)
        takes[wish.speaker.section].append(take)
    for number, said in enumerate(takes, start=1):  # also of takes that were made while training ran
        records = [take.record for take in said]
        for doubt in doubts_about(records):
            workplace.report.warn(f"section {number}: {doubt}")
        if idle := idle_choices(production, number - 1, [record.iteration for record in records]):
            workplace.report.warn(f"section {number}: {idle}")
        if told := dead_air_cut(records):
            workplace.report.note(f"section {number}: {told}")
    return replace(results, takes=tuple(map(tuple, takes)))


def follow(
    production: Production,
    results: Results,
    workplace: Workplace,
    trainings: Mapping[int, Path],
    tell: Callable[[str], None] | None = None,
) -> int:
    """Make takes of checkpoints that trainings have saved so far, while they go on: as many as there are jobs.

    The takes are the pieces that the stage looks for when the trainings have ended. Where losses decide which
    checkpoints speak, or for how long, nobody can know yet: then nothing is made.

    Parameters
    ----------
    results
        With the corpora.
    trainings
        For some sections, counted from 0, the folder of the training with its checkpoints and its plan.
    tell
        Told of each new take: which checkpoint speaks, and where it can be listened to.

    Returns
    -------
    int
        How many takes were made.
    """
    ready = [wish for section, folder in trainings.items() for wish in _foreseen(production, results, section, folder)]
    spare = [wish for wish in ready if wish.device == "cpu"]  # a GPU is left to the networks that train on it
    todo = [wish for wish in spare if workplace.store.find(wish.made_by_network) is None][: workplace.jobs]
    _make_all(todo, workplace)
    if tell is not None:
        for wish in todo:
            tell(_told(production, wish, workplace.store))
    return len(todo)


def _told(production: Production, wish: _Wish, store: Store) -> str:
    """Say in one line which checkpoint speaks, and where."""
    section = wish.speaker.section
    whose = f"section {section + 1} ({production.sections[section].title}), " if len(production.sections) > 1 else ""
    sounds = sorted(store.folder(wish.made_by_network).glob("*.wav"))
    where = f"{sounds[0]}" if sounds else f"{store.folder(wish.made_by_network)}"
    others = f", and {len(sounds) - 1} more beside it" if len(sounds) > 1 else ""
    return f"{whose}iteration {wish.speaker.iteration:,} speaks for {wish.sound_s:.1f} s: {where}{others}"


def _foreseen(production: Production, results: Results, section: int, folder: Path) -> list[_Wish]:
    """The takes of a training's checkpoints that are there already and will be wanted when it has ended."""
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
    planned = choose_takes(
        [CheckpointPoint(iteration, 1.0) for iteration in plan.checkpoints],
        story,
        is_shortened=not production.has_own_length,
    )
    return [
        _wish(production, results, _Speaker(section, saved[take.iteration], take.iteration), take.seconds)
        for take in planned
        if take.iteration in saved
    ]


def _wishes(production: Production, results: Results) -> list[_Wish]:
    wishes = []
    for section, result in enumerate(results.runs):
        record: TrainingRun = result.record
        if record.is_made_up:
            continue  # nobody is there to speak
        where = f"section {section + 1} ({production.sections[section].title}), storyboard"
        points = [CheckpointPoint(c.iteration, c.validation_loss_nats) for c in record.checkpoints]
        json_files = {c.iteration: result.path(c.json_file) for c in record.checkpoints}
        story, is_short = production.sections[section].storyboard, not production.has_own_length
        planned = choose_takes(points, story, where=where, is_shortened=is_short)
        check_choices(production, section, list(json_files))
        for take in planned:
            speaker = _Speaker(section, json_files[take.iteration], take.iteration)
            wishes.append(_wish(production, results, speaker, take.seconds))
    return wishes


def _wish(production: Production, results: Results, speaker: _Speaker, seconds: float) -> _Wish:
    section, corpus = production.sections[speaker.section], results.corpora[speaker.section]
    settings = section.sampling
    network = network_of(section.network, speaker.json_file.parents[1], corpus.content_hash)
    device = _device(settings, network)
    rate = corpus.record.sample_rate_hz
    samples = math.ceil((seconds + _SPARE_S if settings.seconds is None else settings.seconds) * rate)
    ingredients: dict[str, Json] = {
        "weights": remembered_sha256(speaker.json_file.with_suffix(".safetensors")),
        "iteration": speaker.iteration,
        "samples": samples,
        "sample_rate_hz": rate,
        "encoding": corpus.record.encoding,
        "seed": settings.seed,
        "temperature": [[list(corner) for corner in settings.curve(n)] for n in range(settings.candidates)],
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "precision": settings.weight_dtype if device == "cpu" else "float32",
        "primer": primer_hash(settings, corpus, f"section {speaker.section + 1}, sampling.prime_s"),
    }
    if device != "cpu":  # other rounding, other bytes
        ingredients["device"] = device
    if settings.trim_silence:
        ingredients |= {"trim_silence": True, "recording": corpus.content_hash}
    name = f"section-{speaker.section + 1}/take-{speaker.iteration:06d}"
    if settings.candidates == 1:
        piece = Piece(STAGE, name, VERSION, ingredients)
        return _Wish(speaker, samples, settings, network, device, corpus, piece, None)
    ingredients["recording"] = corpus.content_hash
    candidates = Piece(STAGE, name.replace("take", "candidates"), VERSION, ingredients)
    piece = Piece(STAGE, name, VERSION, {**ingredients, "choose": settings.choose.get(speaker.iteration)})
    return _Wish(speaker, samples, settings, network, device, corpus, piece, candidates)


def _make_all(wishes: list[_Wish], workplace: Workplace) -> None:
    """Let the networks speak, the longest takes first, so that no process is left alone at the end."""
    if not wishes:
        return
    store, report, forced = workplace.store, workplace.report, STAGE in workplace.force
    wishes = sorted(wishes, key=lambda wish: wish.sound_s * wish.parameters, reverse=True)
    with sampling_lock(store.root):
        each = {wish.made_by_network.key: wish for wish in wishes}  # sections may share a take
        wishes = [wish for wish in each.values() if forced or store.find(wish.made_by_network) is None]
        if wishes:
            report.begin(STAGE, "takes", sum(wish.sound_s for wish in wishes), "s of sound")
            _TakeMaking(wishes, workplace).run()


_BYTES_PER_SAMPLE: Final = 3
"""One as the network made it, two to listen to."""


class _TakeMaking:
    """Makes takes and tells how far they are: on a GPU one after the other, on the processor side by side."""

    def __init__(self, wishes: list[_Wish], workplace: Workplace) -> None:
        self._wishes, self._workplace = wishes, workplace
        self._said_s = [0.0] * len(wishes)
        tasks = [Task(f"section-{wish.speaker.section + 1}", wish.work) for wish in wishes]
        self._mixer = ProgressMixer(workplace.report, tasks, workplace.jobs)

    def run(self) -> None:
        """Make them all."""
        wishes, place = self._wishes, self._workplace
        needed = sum(wish.samples * wish.settings.candidates * _BYTES_PER_SAMPLE for wish in wishes)
        require_room(place.store.root, needed, f"for {len(wishes)} takes")
        jobs = [_job(wish, place.store.partial(wish.made_by_network)) for wish in wishes]
        alone = place.jobs == 1 or len(wishes) == 1
        here = [index for index, job in enumerate(jobs) if alone or job.device != "cpu"]
        for index in here:
            make_take(jobs[index], partial(self._hear, index))
            self._publish(index)
        there = [(index, job) for index, job in enumerate(jobs) if index not in here]
        run_parallel(
            _make_in_process,
            there,
            jobs=place.jobs,
            on_done=lambda done, _: self._publish(there[done][0]),
            on_message=(lambda word: self._hear(*word)) if there else None,
        )

    def _hear(self, index: int, samples: int) -> None:
        wish = self._wishes[index]
        self._said_s[index] = max(self._said_s[index], wish.sound_s * samples / wish.samples)
        self._mixer.share(index, self._said_s[index] / wish.sound_s, wish.piece.name.rpartition("/")[2])
        self._workplace.report.advance(sum(self._said_s), wish.piece.name)

    def _publish(self, index: int) -> None:
        self._workplace.store.publish_partial(self._wishes[index].made_by_network)
        self._mixer.finish(index)
        self._hear(index, self._wishes[index].samples)


def _make_in_process(numbered: tuple[int, TakeJob]) -> None:
    index, job = numbered
    told_s = time.monotonic()

    def tell(samples: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= _TELL_EVERY_S:
            told_s = time.monotonic()
            send_to_parent((index, samples))

    make_take(job, tell)


def _device(settings: SamplingSettings, network: LstmSettings | TieredSettings | None) -> str:
    """Where a take is made: it belongs to its key, for a GPU rounds otherwise."""
    parameters = 0 if network is None else network.parameters
    if settings.device == "cpu" or (settings.device == "auto" and parameters <= _REAL_TIME_PARAMETERS):
        return "cpu"
    from pipeline.learning.sampling.gpu_sampler import (  # noqa: PLC0415 - brings torch along, which few takes need
        gpu_or_cpu,
    )

    return gpu_or_cpu(required=settings.device == "cuda")


def _job(wish: _Wish, folder: Path) -> TakeJob:
    settings, corpus = wish.settings, wish.corpus.record
    count = settings.candidates
    begin, heard = primer_span(settings, corpus)
    bytes_path = wish.corpus.path(corpus.bytes_file)
    return TakeJob(
        order=Order(
            checkpoint=wish.speaker.json_file,
            folder=folder,
            files=tuple(f"candidate-{n + 1:02d}.npy" for n in range(count)) if count > 1 else ("take.npy",),
            samples=wish.samples,
            seed=settings.seed,
            curves=tuple(settings.curve(n) for n in range(count)),
            top_k=settings.top_k or BYTE_VALUES,
            min_p=settings.min_p,
            weight_dtype=settings.weight_dtype,
            primer=(bytes_path, begin, heard) if heard else None,
        ),
        iteration=wish.speaker.iteration,
        encoding=corpus.encoding,
        sample_rate_hz=corpus.sample_rate_hz,
        code_values=code_values(corpus.encoding),
        corpus=bytes_path,
        device=wish.device,
        trim_silence=settings.trim_silence,
    )


def _choose(wish: _Wish, store: Store) -> Result[Take]:
    """Return the take; where there are candidates, the closest to the recording or the one that a person chose."""
    if wish.candidates is None:
        return store.published(wish.piece, Take)
    several = store.published(wish.candidates, CandidateSet)
    hand = wish.settings.choose.get(wish.speaker.iteration)
    number = hand or several.record.closest
    fact = several.record.candidates[number - 1]
    with store.publish(wish.piece) as folder:
        take = record_of(_job(wish, folder)).model_copy(
            update={
                "temperature": fact.temperature,
                "facts": fact.facts,
                "samples": fact.samples or wish.samples,
                "candidates": several.record.candidates,
                "chosen": number,
                "chosen_by": "hand" if hand else "rule",
            }
        )
        shutil.copyfile(several.path(fact.bytes_file), folder / take.bytes_file)
        shutil.copyfile(several.path(fact.listen_file), folder / take.listen_file)
        write_record(folder, take)
    return store.published(wish.piece, Take)
