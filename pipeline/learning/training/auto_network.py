"""`network = "auto"`: the network that learns most in the time that there is, on this machine, from so much speech.

The table below was measured on real voices with `python -m tests.benchmarks.networks`. A choice is made once for a
corpus and kept beside its trainings, so that a training made longer goes on with the same network.
This module imports torch only where it measures.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.learning.models.network import NetworkSettings, TieredSettings
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.store.files import atomic_write_text

AUTO: Final = "auto"
Auto = Literal["auto"]

_WIDTHS: Final = ((1.5, 64), (15.0, 96), (60.0, 128), (250.0, 192), (1000.0, 256), (5000.0, 384), (float("inf"), 512))
"""Up to so many TFLOP of training, so many neurons in both tiers."""
_GROUP: Final = 2
_MOST_PARAMETERS_PER_BYTE: Final = 1.0
"""A larger network learns a short recording by heart."""
_USUAL_MINUTES: Final = 8.0
"""What a length that was not given in minutes counts as."""
_TRIES: Final = 4


class NetworkChoice(BaseModel):
    """What was chosen, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings
    budget_tflop: float
    reason: str


def _path(folder: Path, corpus_hash: str) -> Path:
    return folder / "networks" / f"{corpus_hash[:24]}.json"


def kept_choice(folder: Path, corpus_hash: str) -> NetworkChoice | None:
    """The choice that was made for a corpus; None where there is none yet.

    Parameters
    ----------
    folder
        Of the stage's results.
    corpus_hash
        Of the corpus's content.
    """
    try:
        return NetworkChoice.model_validate_json(_path(folder, corpus_hash).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def keep_choice(folder: Path, corpus_hash: str, choice: NetworkChoice) -> None:
    """Keep a choice for later builds."""
    path = _path(folder, corpus_hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(path, choice.model_dump_json(indent=1) + "\n")


def choose_network(training: TrainingSettings, train_bytes: int, flops_per_s: float) -> NetworkChoice:
    """Choose a network.

    Parameters
    ----------
    training
        Its minutes count; other lengths count as a usual training.
    train_bytes
        Bytes of the corpus that are learned.
    flops_per_s
        How much this machine computes in a second of training.
    """
    minutes = training.minutes if training.minutes is not None else _USUAL_MINUTES
    budget = 60 * minutes * flops_per_s / 1e12
    width = next(width for limit, width in _WIDTHS if budget <= limit)
    widths = [own for _, own in _WIDTHS if own <= width]
    while len(widths) > 1 and _network(widths[-1]).parameters > _MOST_PARAMETERS_PER_BYTE * train_bytes:
        widths.pop()
    network = _network(widths[-1])
    small = "" if widths[-1] == width else f", held down by {train_bytes:,} bytes of speech"
    reason = (
        f"{network.neurons} neurons in either tier, for {minutes:g} minutes at {flops_per_s / 1e9:.0f} GFLOP/s "
        f"({budget:.1f} TFLOP){small}"
    )
    return NetworkChoice(network=network, budget_tflop=round(budget, 3), reason=reason)


def _network(width: int) -> TieredSettings:
    return TieredSettings(group=_GROUP, neurons=width, fast_neurons=width)


def measured_speed(device_name: str, cores: int) -> float:
    """Measure FLOP/s of training on so many cores, by updates of a small network on random bytes; half a second."""
    import numpy as np  # noqa: PLC0415 - with torch, which takes seconds
    import torch  # noqa: PLC0415

    from pipeline.learning.hardware import choose_device, training_environment  # noqa: PLC0415
    from pipeline.learning.recipes.arithmetic import choose_arithmetic  # noqa: PLC0415
    from pipeline.learning.training.trainer import Trainer, TrainingData  # noqa: PLC0415

    device = choose_device(device_name)
    network = _network(128)
    recipe = resolve(TrainingSettings(), network.group)
    data = np.random.default_rng(0).integers(0, 256, 4 * recipe.batch * recipe.sequence).astype(np.uint8)
    arithmetic = choose_arithmetic(network, recipe, device, free_cores=cores)
    with training_environment(device, arithmetic.threads, tf32=arithmetic.tf32):
        trainer = Trainer(
            network, recipe, TrainingData(data, data[:4096], 8000, "mu-law"), device=device, arithmetic=arithmetic
        )
        seconds = []
        for update in range(1, _TRIES + 2):
            began = time.perf_counter()
            float(trainer.update(update, 0.1))
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - began)
    return 3.0 * network.flops_per_byte * recipe.batch * recipe.sequence / min(seconds[1:])


def network_of(network: NetworkSettings | Auto, folder: Path, corpus_hash: str) -> NetworkSettings | None:
    """The network of a section: what the person has set, or what was chosen; None where nothing is chosen yet."""
    if network != AUTO:
        return network
    choice = kept_choice(folder, corpus_hash)
    return None if choice is None else choice.network
