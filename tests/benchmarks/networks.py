"""Which network learns most in how much arithmetic: the table behind `network = "auto"`.

    python -m tests.benchmarks.networks --audio FILE ... [--tflop 2 6 20] [--widths 96 128 192 256]

Every width is trained anew for every budget, on the same bytes, and judged on the same held-out bytes. A budget counts
arithmetic and not time, so it may run on a busy machine: 20 TFLOP are about nine minutes of an ordinary core. The last
line is JSON: the best width for each budget.
"""

from __future__ import annotations

import argparse
import json
import time
from math import log
from pathlib import Path

import torch

from pipeline.learning.hardware import choose_device, training_environment
from pipeline.learning.models.network import TieredSettings
from pipeline.learning.recipes.arithmetic import choose_arithmetic
from pipeline.learning.recipes.recipe import TrainingSettings, rate_share_at, resolve
from pipeline.learning.training.trainer import Trainer, TrainingData
from tests.benchmarks.learning import ROOT, read_lesson
from tests.processors import add_option, begin_again_as, processor_words

GROUP = 2


def bits_after(tflop: float, width: int, training_data: TrainingData, device: torch.device) -> tuple[float, int, float]:
    """Held-out bits per byte after so much arithmetic, the updates, and the seconds that they took."""
    network = TieredSettings(group=GROUP, neurons=width, fast_neurons=width)
    recipe = resolve(TrainingSettings(), GROUP)
    learner = Trainer(
        network, recipe, training_data, device=device, arithmetic=choose_arithmetic(network, recipe, device)
    )
    updates = max(1, round(tflop * 1e12 / (3 * network.flops_per_byte * recipe.batch * recipe.sequence)))
    began = time.perf_counter()
    for update in range(1, updates + 1):
        learner.update(update, rate_share_at(recipe, update, updates, learner.windows_per_epoch))
    return learner.validate() / log(2), updates, time.perf_counter() - began


def main() -> None:
    """Train all, and print the table and the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", type=Path, nargs="+", help="recordings of speech; without: the demo's voice")
    parser.add_argument("--tflop", type=float, nargs="+", default=[2.0, 6.0, 20.0])
    parser.add_argument("--widths", type=int, nargs="+", default=[96, 128, 192, 256])
    parser.add_argument("--sample-rate-hz", type=int, default=8000)
    add_option(parser)
    options = parser.parse_args()
    begin_again_as(options.processor)
    print(processor_words())
    recordings = options.audio or sorted((ROOT / "assets" / "demo").glob("*.flac"))
    training_data = read_lesson(recordings, "mu-law", options.sample_rate_hz)
    device = choose_device("auto")
    best: dict[str, int] = {}
    print(f"{'TFLOP':>8}{'neurons':>9}{'updates':>9}{'bits/byte':>11}{'s':>7}")
    with training_environment(device, 1):
        for tflop in options.tflop:
            found: dict[int, float] = {}
            for width in options.widths:
                found[width], updates, seconds = bits_after(tflop, width, training_data, device)
                print(f"{tflop:8g}{width:9}{updates:9}{found[width]:11.3f}{seconds:7.0f}", flush=True)
            best[f"{tflop:g}"] = min(found, key=lambda width: found[width])
    print(json.dumps({"best_width_by_tflop": best}))


if __name__ == "__main__":
    main()
