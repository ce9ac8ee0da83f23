"""Stand-ins for what is not there yet: a training that has not begun, a take that nobody has said.

They let a film be looked at before hours are spent on it. Their losses fall as losses do, their sound is the recording
coming out of noise; whoever shows them says so. This module owns what they are like, and writes them like the stages
that they stand for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.quantise import dequantise, quantise
from pipeline.build.estimate import length_s
from pipeline.build.unmade.placeholder_traces import write_placeholder_traces
from pipeline.film.planning.storyboard_settings import StoryboardSettings
from pipeline.learning.corpus import Corpus, RecordingFacts, map_bytes
from pipeline.learning.models.network import parse_network
from pipeline.learning.recipes.recipe import checkpoint_iterations, planned_iterations, resolve
from pipeline.learning.sampling.take import Take
from pipeline.learning.sampling.traces import trace_files, trace_windows
from pipeline.learning.training.auto_network import choose_network, network_of
from pipeline.learning.training.loss_log import LogLine, LossLog
from pipeline.learning.training.run import LOG_FILE, NO_WEIGHTS, CheckpointFacts, TrainingRun
from pipeline.production.schema import Production
from pipeline.production.section import Section
from pipeline.sound.settings import SHORTEST_S
from pipeline.store.store import Json, Piece, Result, Store, write_record

_USUAL_FLOPS: Final = 50e9
_USUAL_ITERATIONS: Final = 3000
_LINES: Final = 2000
_CHECKPOINTS: Final = 32
_FIRST_NATS: Final = 5.5
_LAST_NATS: Final = 1.3
_NOISE: Final = 0.2


def placeholder_corpus(production: Production, number: int, piece: Piece, store: Store) -> Result[Corpus]:
    """Stand in for recordings that are not prepared yet: as long as their files say, and silent.

    Parameters
    ----------
    number
        The section's, counted from 0.
    piece
        What it stands for: silence differs from other silence by that, at its end.
    """
    settings = production.sections[number].corpus
    paths = production.recording_paths(number)
    seconds = max(SHORTEST_S, min(settings.longest_s, sum(map(length_s, paths))))
    samples = round(seconds * settings.sample_rate_hz)
    corpus = Corpus(
        sample_rate_hz=settings.sample_rate_hz,
        encoding=settings.encoding,
        total_samples=samples,
        train_samples=round((1 - settings.validation_share) * samples),
        duration_s=seconds,
        silence_share=0.0,
        dc_offset=0.0,
        clipped_samples=0,
        recordings=tuple(
            RecordingFacts(name=path.name, duration_s=length_s(path), sample_rate_hz=settings.sample_rate_hz)
            for path in paths
        ),
    )
    with store.publish(Piece(piece.stage, piece.name, 1, {NO_WEIGHTS: piece.key})) as folder:
        codes = np.lib.format.open_memmap(folder / corpus.bytes_file, "w+", np.uint8, (samples,))
        codes[-len(piece.key) :] = np.frombuffer(piece.key.encode(), np.uint8)
        codes.flush()
        write_record(folder, corpus)
    return store.published(Piece(piece.stage, piece.name, 1, {NO_WEIGHTS: piece.key}), Corpus)


def placeholder_run(section: Section, number: int, corpus: Result[Corpus], store: Store) -> Result[TrainingRun]:
    """Make up a training of a section: as long as planned, where that is known, with losses that fall.

    Parameters
    ----------
    number
        The section's, counted from 0.
    store
        Where the stand-in is kept.
    """
    training = section.training
    network = network_of(section.network, corpus.folder.parents[1] / "train", corpus.content_hash)
    if network is None:
        network = choose_network(training, corpus.record.train_samples, _USUAL_FLOPS).network
    recipe = resolve(training, getattr(network, "group", 1))
    per_epoch = corpus.record.train_samples / (recipe.batch * recipe.sequence)
    total = planned_iterations(training, per_epoch, None)
    if training.ends_by_clock:
        total = min(total, _USUAL_ITERATIONS)
    total = max(total, *_named(section.storyboard), training.checkpoint_every or 1)
    marks = sorted({*checkpoint_iterations(training, total, _CHECKPOINTS), *_named(section.storyboard)})
    seconds = 60 * training.minutes if training.minutes is not None else 0.1 * total
    facts = tuple(
        CheckpointFacts(
            iteration=mark,
            epoch=mark / per_epoch,
            elapsed_s=seconds * mark / total,
            validation_loss_nats=_loss(mark, total),
            training_loss_nats=_loss(mark, total) if mark else None,
            weights_file=NO_WEIGHTS,
            json_file=NO_WEIGHTS,
        )
        for mark in marks
    )
    run = TrainingRun(
        checkpoints=facts,
        network=network.model_dump(mode="json"),
        training=training.model_dump(mode="json"),
        recipe=recipe.model_dump(mode="json"),
        parameters=network.parameters,
        iterations=total,
        epochs=total / per_epoch,
        elapsed_s=seconds,
        first_validation_nats=facts[0].validation_loss_nats,
        last_validation_nats=facts[-1].validation_loss_nats,
        best_validation_nats=facts[-1].validation_loss_nats,
        best_iteration=total,
        device="cpu",
    )
    piece = Piece("train", f"section-{number + 1}", 1, {NO_WEIGHTS: run.model_dump_json()})
    if (known := store.result(piece, TrainingRun)) is not None:
        return known
    with store.publish(piece) as folder:
        _write_log(folder / LOG_FILE, facts, total)
        write_record(folder, run)
    return store.published(piece, TrainingRun)


def placeholder_take(
    corpus: Result[Corpus],
    section: Section,
    run: TrainingRun,
    store: Store,
    *,
    piece_name: str,
    iteration: int,
    samples: int,
    is_traced: bool = False,
) -> Result[Take]:
    """Make up what a checkpoint says: noise before any training, the recording at its end.

    Parameters
    ----------
    piece_name
        What the take is called in front of people.
    iteration, samples
        Of the checkpoint; the take's length.
    is_traced
        Whether its network is shown from within.
    """
    windows = trace_windows(parse_network(run.network), corpus.record.sample_rate_hz) if is_traced else None
    take = Take(
        iteration=iteration,
        samples=samples,
        sample_rate_hz=corpus.record.sample_rate_hz,
        encoding=corpus.record.encoding,
        seed=section.sampling.seed,
        temperature=section.sampling.curve()[0][1],
        precision=section.sampling.weight_dtype,
    )
    if windows is not None:
        take = take.model_copy(update={"traces": trace_files(take.bytes_file, windows)})
    learned = min(1.0, float(np.log1p(iteration) / np.log1p(max(1, run.iterations))))
    made_of: dict[str, Json] = {NO_WEIGHTS: take.model_dump_json(), "corpus": corpus.content_hash, "learned": learned}
    piece = Piece("sample", piece_name, 1, made_of)
    if (known := store.result(piece, Take)) is not None:
        return known
    with store.publish(piece) as folder:
        codes = _sound(corpus, iteration, learned, samples)
        np.save(folder / take.bytes_file, codes, allow_pickle=False)
        if windows is not None:
            how = windows, take.sample_rate_hz, take.encoding
            write_placeholder_traces(folder, take.bytes_file, codes, learned, how)
        write_record(folder, take)
    return store.published(piece, Take)


def _named(story: StoryboardSettings) -> list[int]:
    """The iterations that a person has named: there must be something to show at each."""
    lines = [line.iteration for line in story.take if isinstance(line.iteration, int)]
    return [*lines, *(rule.iteration for rule in story.caption if rule.iteration is not None)]


def _loss(iteration: float, total: int) -> float:
    """A power law from the loss of knowing nothing, steep at first."""
    fallen = float((1.0 + 60.0 * iteration / total) ** -0.6)
    return _LAST_NATS + (_FIRST_NATS - _LAST_NATS) * fallen


def _write_log(path: Path, facts: tuple[CheckpointFacts, ...], total: int) -> None:
    rng = np.random.default_rng(total)
    known = {fact.iteration: fact for fact in facts}
    log = LossLog(path)
    last = facts[-1]
    for iteration in sorted({*known, *np.linspace(0, total, min(_LINES, total + 1)).astype(int).tolist()}):
        share = iteration / total
        fact = known.get(iteration)
        loss = _loss(iteration, total) * (1 + 0.05 * float(rng.standard_normal()))
        log.add(
            LogLine(
                iteration,
                last.epoch * share,
                last.elapsed_s * share,
                1e-3,
                loss if iteration else None,
                fact.validation_loss_nats if fact else None,
            )
        )
    log.flush()


def _sound(corpus: Result[Corpus], iteration: int, share: float, samples: int) -> npt.NDArray[np.uint8]:
    record = corpus.record
    codes = map_bytes(corpus.path(record.bytes_file))
    start = iteration * 7919 % max(1, len(codes) - samples + 1)
    heard = dequantise(np.resize(np.asarray(codes[start : start + samples]), samples), record.encoding)
    noise = _NOISE * np.random.default_rng(iteration).standard_normal(samples)
    return quantise(share * heard + (1 - share) * noise, record.encoding)
