"""What one training is: a network, settings, bytes, and the folder where it goes on after a stop.

This module only holds that together. It does not know how training is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.trainer import TrainingData
from pipeline.runtime.progress.reporter import SILENT, Reporter


@dataclass(frozen=True)
class Training:
    """What is to be trained, on what, and where.

    Attributes
    ----------
    network, settings
        As the production file has them.
    corpus, training_data
        The corpus's record, and the dataset of its bytes.
    folder
        Where checkpoints, log and state lie; a training that lies there goes on.
    label
        What people call it, in notes and warnings.
    device
        `auto`, `cpu` or `cuda`.
    cores
        How many are left to each of its processes. How it computes depends on that only where the clock ends it.
    report
        Where progress, notes and warnings go.
    save_every_s
        How much work an interruption may cost, or more where saving is slow; 0: none.
    """

    network: NetworkSettings
    settings: TrainingSettings
    corpus: Corpus
    training_data: TrainingData
    folder: Path
    label: str = "training"
    device: str = "auto"
    cores: int = 1
    report: Reporter = SILENT
    save_every_s: float = 20.0

    @property
    def group(self) -> int:
        """Bytes per time step of the network."""
        return self.network.group
