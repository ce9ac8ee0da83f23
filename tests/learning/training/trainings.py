"""Tiny trainings on a made sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.trainer import TrainingData
from pipeline.learning.training.training import Training
from pipeline.runtime.progress.reporter import SILENT, Part, Reporter, WorkStart

RATE_HZ = 8000
TINY_LSTM = LstmSettings(layers=2, neurons=12, embedding=6, dropout=0.2)
TINY_TIERED = TieredSettings(group=4, neurons=16, embedding=6, recent=6, fast_neurons=20, dropout=0.1)
TINY = {"batch": 8, "sequence": 32, "clock": "none"}


def made_sound(samples: int = 24_000, seed: int = 0) -> np.ndarray:
    """A warbling tone with some noise, as linear bytes."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / RATE_HZ
    tone = np.sin(2 * np.pi * 180 * t + 3 * np.sin(2 * np.pi * 2 * t)) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t))
    return np.clip(128 + 90 * tone + rng.normal(0, 2, samples), 0, 255).astype(np.uint8)


def training_data(samples: int = 24_000) -> TrainingData:
    data = made_sound(samples)
    split = samples * 9 // 10
    return TrainingData(data[:split], data[split:], RATE_HZ, "linear-u8")


def corpus(own: TrainingData, silence_share: float = 0.0) -> Corpus:
    total = len(own.training) + len(own.validation)
    return Corpus(
        sample_rate_hz=RATE_HZ,
        encoding="linear-u8",
        total_samples=total,
        train_samples=len(own.training),
        duration_s=total / RATE_HZ,
        silence_share=silence_share,
        dc_offset=0.0,
        clipped_samples=0,
        recordings=(),
    )


def training(
    folder: Path,
    network: LstmSettings | TieredSettings,
    *,
    report: Reporter = SILENT,
    own: TrainingData | None = None,
    **settings: object,
) -> Training:
    """Describe a training of a few iterations; `settings` override the tiny ones."""
    own = own or training_data()
    folder.mkdir(parents=True, exist_ok=True)
    return Training(
        network=network,
        settings=TrainingSettings.model_validate({**TINY, **settings}),
        corpus=corpus(own),
        training_data=own,
        folder=folder,
        report=report,
    )


class Listener:
    """Remembers what is told, and may interrupt."""

    def __init__(self, stop_at: float = float("inf")) -> None:
        self.stop_at = stop_at
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.done: list[float] = []
        self.told: list[tuple[tuple[Part, ...], float | None]] = []

    def begin(self, work: WorkStart) -> None:
        pass

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        self.told.append((tuple(parts), left_s))

    def expect(self, works: object) -> None:
        pass

    def advance(self, done: float, detail: str = "") -> None:  # noqa: ARG002 - as reporters are called
        self.done.append(done)
        if done >= self.stop_at:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
