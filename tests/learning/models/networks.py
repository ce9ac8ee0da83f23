"""Small networks with random weights, and checkpoints of them."""

from pathlib import Path

import numpy as np

from pipeline.learning.models.checkpoint import CheckpointRecord, Weights, save_checkpoint
from pipeline.learning.models.network import LstmSettings, TieredSettings

SMALL_LSTM = LstmSettings(layers=2, neurons=37, embedding=9)
SMALL_TIERED = TieredSettings(group=3, layers=2, neurons=21, embedding=5, recent=7, fast_neurons=70, fast_layers=2)


def random_weights(network: LstmSettings | TieredSettings, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in network.shapes().items():
        size = 1.0 if name == "embedding.weight" else 1.2 / np.sqrt(shape[-1])
        weights[name] = (size * rng.standard_normal(shape)).astype(np.float32)
    return weights


def save_random_checkpoint(folder: Path, network: LstmSettings | TieredSettings, iteration: int = 1000) -> Path:
    record = CheckpointRecord(
        network=network,
        iteration=iteration,
        epoch=1.0,
        elapsed_s=0.0,
        validation_loss_nats=4.0,
        training_loss_nats=4.0,
        sample_rate_hz=8000,
        encoding="mu-law",
    )
    folder.mkdir(parents=True, exist_ok=True)
    return save_checkpoint(folder, record, random_weights(network, seed=iteration))
