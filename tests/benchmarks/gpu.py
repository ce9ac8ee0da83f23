"""What a GPU does for us, in under ten minutes: training of 3 x 680 in both recipes, sampling in one and many streams.

    python -m tests.benchmarks.gpu [--seconds 60]

Training is measured on made-up bytes (speed does not depend on what is learned), one update at a time as the trainer
makes them, with its losses fetched every 64. `resumed` says whether a training begun on the processor goes on on the
GPU, and `exact` whether one interrupted on the GPU ends in the same weights, dropout included. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np
import torch

from pipeline.learning.hardware import choose_device, describe_gpu, training_environment
from pipeline.learning.models.network import LstmSettings
from pipeline.learning.recipes.arithmetic import choose_arithmetic
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.sampling.torch_sampler import TorchSampler
from pipeline.learning.training.trainer import Trainer, TrainingData
from tests.benchmarks.sampling import random_weights

FAITHFUL_ITERATIONS = 74_000
"""Of the film of 2016: 35 epochs."""
LARGE = LstmSettings(layers=3, neurons=680, embedding=110)
SMALL = LstmSettings(layers=2, neurons=32, embedding=8, dropout=0.3)
FETCH_EVERY = 64
STREAMS = (1, 256)


def made_up(samples: int) -> TrainingData:
    data = np.random.default_rng(0).integers(0, 256, samples).astype(np.uint8)
    return TrainingData(data[: samples * 9 // 10], data[samples * 9 // 10 :], 11025, "linear-u8")


def learner(network: LstmSettings, recipe: str, device: torch.device, training_data: TrainingData) -> Trainer:
    resolved = resolve(TrainingSettings.model_validate({"recipe": recipe}))
    arithmetic = choose_arithmetic(network, resolved, device)
    print(f"{recipe}: {arithmetic.words()}", file=sys.stderr)
    return Trainer(network, resolved, training_data, device=device, arithmetic=arithmetic)


def updates_per_s(recipe: str, seconds: float) -> tuple[float, int]:
    """Updates a second of 3 x 680, and the bytes of one."""
    device = torch.device("cuda")
    own = learner(LARGE, recipe, device, made_up(4_000_000))
    waiting = [own.update(update, 1.0) for update in range(1, 20)]
    torch.cuda.synchronize()
    began, updates = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        updates += 1
        waiting.append(own.update(20 + updates, 1.0))
        if len(waiting) >= FETCH_EVERY:
            torch.stack(waiting).tolist()
            waiting.clear()
    torch.cuda.synchronize()
    return updates / (time.perf_counter() - began), own.recipe.batch * own.recipe.sequence


def goes_on_from_the_processor() -> bool:
    """Whether a state taken on the processor can be gone on from on the GPU."""
    training_data = made_up(40_000)
    before = learner(SMALL, "modern", torch.device("cpu"), training_data)
    before.update(1, 1.0)
    after = learner(SMALL, "modern", torch.device("cuda"), training_data)
    after.load_state_dict(before.state_dict())
    return bool(torch.isfinite(after.update(2, 1.0)))


def goes_on_exactly() -> bool:
    """Whether six updates in a row and three and three make the same weights, with dropout between the layers."""
    device, training_data = torch.device("cuda"), made_up(40_000)

    def weights(own: Trainer, updates: range) -> list[torch.Tensor]:
        for update in updates:
            own.update(update, 1.0)
        return [parameter.detach().clone() for parameter in own.network.parameters()]

    whole = weights(learner(SMALL, "modern", device, training_data), range(1, 7))
    first = learner(SMALL, "modern", device, training_data)
    weights(first, range(1, 4))
    second = learner(SMALL, "modern", device, training_data)
    second.load_state_dict(first.state_dict())
    return all(torch.equal(a, b) for a, b in zip(whole, weights(second, range(4, 7)), strict=True))


def samples_per_s(streams: int, seconds: float) -> float:
    """Samples a second of 3 x 680, all streams together."""
    sampler = TorchSampler(LARGE, random_weights(LARGE), streams=streams)
    rng, block = np.random.default_rng(0), 2048
    uniforms, inverse_temperature = rng.random((streams, block)), np.ones((streams, block))
    sampler.generate(uniforms, inverse_temperature)
    began, said = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        sampler.generate(uniforms, inverse_temperature)
        said += block * streams
    return said / (time.perf_counter() - began)


def main() -> int:
    """Measure, and print the table and the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the four measurements")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no GPU that torch can use here.", file=sys.stderr)
        return 2
    print(f"{describe_gpu()}, torch {torch.__version__}")
    found: dict[str, object] = {}
    with training_environment(choose_device("cuda"), 1, tf32=True):
        for recipe in ("torch-rnn", "modern"):
            rate, window = updates_per_s(recipe, options.seconds)
            found[f"{recipe} bytes_per_s"] = round(rate * window)
            found[f"{recipe} hours_for_{FAITHFUL_ITERATIONS}"] = round(FAITHFUL_ITERATIONS / rate / 3600, 3)
        found["resumed"], found["exact"] = goes_on_from_the_processor(), goes_on_exactly()
    for streams in STREAMS:
        found[f"samples_per_s_{streams}"] = round(samples_per_s(streams, options.seconds))
    for name, value in found.items():
        print(f"{name:40}{value!s:>16}")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
