"""A made-up production and everything that the stages before the film would have made of it: tones for a voice, noise
that turns into tones for takes, and losses that fall."""

from __future__ import annotations

import math
import shutil
from atexit import register
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from pipeline.audio.quantise import quantise
from pipeline.learning.corpus import Corpus, RecordingFacts
from pipeline.learning.sampling.take import Take, TakeFacts
from pipeline.learning.training.run import CheckpointFacts, TrainingRun
from pipeline.production.schema import Production, parse_production
from pipeline.stages.shared.results import Results
from pipeline.store.store import Piece, Result, Store, write_record

RATE_HZ = 8000
ITERATIONS = (0, 5, 10, 20, 40, 80)
LOG_HEADER = "iteration,epoch,elapsed_s,learning_rate,training_loss_nats,validation_loss_nats"


def production(**changes: Any) -> Production:
    """Two sections at 160x90 and 30 frames/s, a few seconds each."""
    values: dict[str, Any] = {
        "title": "A made-up film",
        "video": {
            "width": 160,
            "height": 90,
            "frame_rate": 30,
            "title_seconds": 1,
            "credits_seconds": 1,
            "comparison_seconds": 1,
            "quality": "draft",
            "graphs": False,
            **changes.pop("video", {}),
        },
        "section": [
            {
                "title": f"Section {number}",
                "recordings": ["voice.wav"],
                "storyboard": {
                    "takes": 4,
                    "seconds": 4,
                    "recording_seconds": 1,
                    "card_seconds": 1,
                    **changes.pop(f"storyboard_{number}", {}),
                },
            }
            for number in (1, 2)
        ],
        **changes,
    }
    return parse_production(values, where="made up")


def loss_at(iteration: int) -> float:
    return 5.5 / (1 + iteration / 20) + 0.7


def corpus(store: Store, section: int) -> Result[Corpus]:
    piece = Piece("prepare", f"section-{section + 1}", 1, {"made": "up", "section": section})
    if (found := store.result(piece, Corpus)) is not None:
        return found
    tone = 0.5 * np.sin(2 * np.pi * (220 + 110 * section) * np.arange(6 * RATE_HZ) / RATE_HZ)
    with store.publish(piece) as folder:
        np.save(folder / "bytes.npy", quantise(tone, "mu-law"))
        write_record(
            folder,
            Corpus(
                sample_rate_hz=RATE_HZ,
                encoding="mu-law",
                total_samples=len(tone),
                train_samples=len(tone) * 9 // 10,
                duration_s=len(tone) / RATE_HZ,
                silence_share=0.0,
                dc_offset=0.0,
                clipped_samples=0,
                recordings=(RecordingFacts(name="voice.wav", duration_s=6.0, sample_rate_hz=RATE_HZ),),
            ),
        )
    return store.published(piece, Corpus)


def run(store: Store, section: int) -> Result[TrainingRun]:
    piece = Piece("train", f"section-{section + 1}", 1, {"made": "up", "section": section})
    if (found := store.result(piece, TrainingRun)) is not None:
        return found
    checkpoints = tuple(
        CheckpointFacts(
            iteration=i,
            epoch=i / 20,
            elapsed_s=i / 10,
            validation_loss_nats=loss_at(i),
            training_loss_nats=None if i == 0 else loss_at(i) - 0.1,
            weights_file=f"weights-{i:06d}.safetensors",
            json_file=f"weights-{i:06d}.json",
        )
        for i in ITERATIONS
    )
    rng = np.random.default_rng(section)
    lines = [LOG_HEADER]
    for i in range(ITERATIONS[-1] + 1):
        training = "" if i == 0 else f"{loss_at(i) - 0.1 + 0.1 * rng.standard_normal():.6f}"
        validation = f"{loss_at(i):.6f}" if i in ITERATIONS else ""
        lines.append(f"{i},{i / 20:.4f},{i / 10:.3f},0.002,{training},{validation}")
    with store.publish(piece) as folder:
        (folder / "loss.csv").write_text("\n".join(lines) + "\n")
        write_record(
            folder,
            TrainingRun(
                checkpoints=checkpoints,
                network={"kind": "lstm", "layers": 2, "neurons": 16, "embedding": 8},
                training={"recipe": "torch-rnn"},
                recipe={"recipe": "torch-rnn"},
                parameters=12345,
                iterations=ITERATIONS[-1],
                epochs=4.0,
                elapsed_s=8.0,
                first_validation_nats=loss_at(0),
                last_validation_nats=loss_at(80),
                best_validation_nats=loss_at(80),
                best_iteration=80,
                device="cpu",
            ),
        )
    return store.published(piece, TrainingRun)


def take(
    store: Store,
    section: int,
    iteration: int,
    *,
    seconds: float = 3.0,
    temperature: float = 1.0,
    facts: TakeFacts | None = None,
) -> Result[Take]:
    piece = Piece(
        "sample",
        f"section-{section + 1}/take-{iteration:06d}",
        1,
        {
            "made": "up",
            "section": section,
            "iteration": iteration,
            "temperature": temperature,
            "seconds": seconds,
            "facts": None if facts is None else facts.model_dump(mode="json"),
        },
    )
    if (found := store.result(piece, Take)) is not None:
        return found
    samples = math.ceil(seconds * RATE_HZ)
    share = iteration / ITERATIONS[-1]
    rng = np.random.default_rng(iteration + int(1000 * temperature))
    tone = np.sin(2 * np.pi * 220 * np.arange(samples) / RATE_HZ)
    codes = quantise(0.4 * share * tone + 0.2 * (1 - share) * rng.standard_normal(samples), "mu-law")
    with store.publish(piece) as folder:
        np.save(folder / "take.npy", codes)
        write_record(
            folder,
            Take(
                iteration=iteration,
                samples=samples,
                sample_rate_hz=RATE_HZ,
                encoding="mu-law",
                seed=1,
                temperature=temperature,
                precision="float32",
                facts=facts or TakeFacts(),
            ),
        )
    return store.published(piece, Take)


def results(
    root: Path, *, temperatures: tuple[float, float] = (1.0, 1.0), take_seconds: float = 3.0
) -> tuple[Store, Results]:
    """Everything that the stages before the film would have made, in a new folder or in one that has some of it."""
    if not root.exists():
        shutil.copytree(_made(temperatures, take_seconds), root)
    return _results(Store(root), temperatures, take_seconds)


@cache
def _made(temperatures: tuple[float, float], take_seconds: float) -> Path:
    """Results that are made once in this process, to be copied: publishing them waits for the disk."""
    folder = Path(mkdtemp(prefix="build-video-tests-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    _results(Store(folder / "work"), temperatures, take_seconds)
    return folder / "work"


def _results(store: Store, temperatures: tuple[float, float], take_seconds: float) -> tuple[Store, Results]:
    takes = tuple(
        tuple(take(store, section, i, temperature=temperatures[section], seconds=take_seconds) for i in ITERATIONS)
        for section in (0, 1)
    )
    return store, Results(
        corpora=tuple(corpus(store, section) for section in (0, 1)),
        runs=tuple(run(store, section) for section in (0, 1)),
        takes=takes,
    )
