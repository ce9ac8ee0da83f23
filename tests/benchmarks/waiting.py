"""What it costs that the threads of a training soon sleep while they wait for one another, and what it gains.

    python -m tests.benchmarks.waiting [--updates 20] [--rounds 3] [--beside 2] [--threads 2]

The networks of the demo make updates in processes of their own, in turns: with one thread, with several that spin while
they wait (OpenMP's own choice), with several that spin briefly (`pipeline.runtime.openmp`), and with several that sleep
at once; first with nothing else on the machine, then beside as many processes that are always busy as --beside says.
The quickest turn of each counts.

The last line is JSON: how many times as long spinning takes as spinning briefly, alone and beside others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from pipeline.learning.hardware import training_environment
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.recipe import TrainingSettings, resolve
from pipeline.learning.training.trainer import Trainer, TrainingData
from pipeline.runtime.openmp import POLICY_VARIABLE, SPINS, SPINS_VARIABLE
from tests.processors import add_option, begin_again_as, processor_words

NETWORKS = {
    "2 x 128": LstmSettings(layers=2, neurons=128, embedding=64),
    "2 x 192": LstmSettings(layers=2, neurons=192, embedding=64),
    "tiered 128": TieredSettings(group=2, neurons=128, fast_neurons=128),
}
WAYS: dict[str, tuple[int, dict[str, str]]] = {
    "one thread": (1, {}),
    "spinning": (0, {}),
    "briefly": (0, {SPINS_VARIABLE: SPINS}),
    "sleeping": (0, {POLICY_VARIABLE: "passive"}),
}
BUSY = "while True: pass"
DATA_BYTES = 400_000


def updates(name: str, count: int, threads: int) -> float:
    """Seconds an update, in this process."""
    data = np.random.default_rng(1).integers(0, 256, DATA_BYTES).astype(np.uint8)
    lesson = TrainingData(data[: -DATA_BYTES // 10], data[-DATA_BYTES // 10 :], 8000, "mu-law")
    device, arithmetic = torch.device("cpu"), Arithmetic(threads=threads)
    with training_environment(device, threads):
        trainer = Trainer(
            NETWORKS[name], resolve(TrainingSettings(iterations=1000)), lesson, device=device, arithmetic=arithmetic
        )
        for iteration in range(1, 4):  # the first allocate and compile
            trainer.update(iteration, 1.0)
        begun = time.perf_counter()
        for iteration in range(4, 4 + count):
            trainer.update(iteration, 1.0)
        return (time.perf_counter() - begun) / count


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes busy meanwhile."""
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def turn(network: str, way: str, options: argparse.Namespace) -> float:
    """Measure in a process of its own."""
    threads, own = WAYS[way]
    command = [sys.executable, "-m", "tests.benchmarks.waiting", "--one", network]
    command += ["--updates", str(options.updates), "--threads", str(threads or options.threads)]
    set_before = {POLICY_VARIABLE, SPINS_VARIABLE}
    environment = {name: value for name, value in os.environ.items() if name not in set_before} | own
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Measure, and print the table and the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=int, default=2, help="how many processes keep the machine busy")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    add_option(parser)
    options = parser.parse_args()
    begin_again_as(options.processor)
    if options.one:
        print(updates(options.one, options.updates, options.threads))
        return
    print(f"{processor_words()}; ms an update, {options.threads} threads")
    ratios: dict[str, float] = {}
    for others in (0, options.beside):
        for network in NETWORKS:
            with busy(others):
                turns = [{way: turn(network, way, options) for way in WAYS} for _ in range(options.rounds)]
            best = {way: min(one[way] for one in turns) for way in WAYS}
            words = ", ".join(f"{way} {seconds * 1000:.0f}" for way, seconds in best.items())
            print(f"{network:12} beside {others} busy processes: {words}", flush=True)
            ratios[f"{network}, beside {others}"] = round(best["spinning"] / best["briefly"], 3)
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
