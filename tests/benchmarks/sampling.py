"""How fast checkpoints speak: the plain torch loop, the same loop in TorchScript, and ours, in turns within one run.

    python tests/benchmarks/sampling.py                                     the table
    python tests/benchmarks/sampling.py --quick                             a rough one, for a look
    python tests/benchmarks/sampling.py --traces                            what recording the network costs
    python tests/benchmarks/sampling.py --checkpoint W.json --bytes B.npy   what fewer bits for weights cost

Weights are random: speed does not depend on what was learned. One core, one take, unless said otherwise. The limit is
this machine's own speed of reading as many bytes as the weights have, again and again. The last line is JSON.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.sampler_steps import read_all
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.learning.sampling.torch_sampler import TorchSampler
from pipeline.learning.sampling.traces import kept_cells, kept_distribution, new_sums, trace_windows
from pipeline.runtime.machine import usable_cores
from tests.learning.sampling.reference import ReferenceNetwork
from tests.processors import add_option, begin_again_as, processor_words

RATE_HZ = 11025
BLOCK = 2048  # samples that a take's generation draws at once
HELD = ("float32", "int16", "int8")
NETWORKS: dict[str, LstmSettings | TieredSettings] = {
    "lstm_1x128": LstmSettings(layers=1, neurons=128, embedding=64),
    "lstm_2x256": LstmSettings(layers=2, neurons=256, embedding=64),
    "lstm_3x680": LstmSettings(layers=3, neurons=680, embedding=110),
    "tiered": TieredSettings(),
}
DEFAULT = dict.fromkeys(NETWORKS, SamplingSettings().weight_dtype)


def random_weights(network: LstmSettings | TieredSettings) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in network.shapes().items()
    }


class PlainLoop(nn.Module):
    """What anyone would write first."""

    def __init__(self, network: LstmSettings, weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(256, network.embedding)
        self.lstm = nn.LSTM(network.embedding, network.neurons, network.layers)
        self.output = nn.Linear(network.neurons, 256)
        self.load_state_dict({name: torch.tensor(tensor) for name, tensor in weights.items()})

    def forward(self, byte: torch.Tensor, hidden: torch.Tensor, cells: torch.Tensor, samples: int) -> torch.Tensor:
        said = torch.zeros(samples, dtype=torch.int64)
        for sample in range(samples):
            x, (hidden, cells) = self.lstm(self.embedding(byte), (hidden, cells))
            chances = torch.softmax(self.output(x)[0, 0], dim=-1)
            byte = torch.multinomial(chances, 1).reshape(1, 1)
            said[sample] = byte[0, 0]
        return said


def torch_loops(network: LstmSettings, weights: dict[str, np.ndarray]) -> dict[str, Callable[[int], Any]]:
    plain = PlainLoop(network, weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(plain)
    zeros = torch.zeros(network.layers, 1, network.neurons)
    start = torch.full((1, 1), 128)

    def run(loop: Any) -> Callable[[int], Any]:
        def generate(samples: int) -> None:
            with torch.no_grad():
                loop(start, zeros, zeros, samples)

        return generate

    return {"plain": run(plain), "TorchScript": run(scripted)}


def plain_tiered(network: TieredSettings, weights: dict[str, np.ndarray]) -> dict[str, Callable[[int], Any]]:
    reference = ReferenceNetwork(network, weights)

    def generate(samples: int) -> None:
        for _ in range(samples):
            reference.prime(int(torch.multinomial(torch.softmax(reference.predict(), dim=0), 1)))

    return {"plain": generate}


def ours(sampler: Sampler | TorchSampler) -> Callable[[int], Any]:
    rng = np.random.default_rng(1)

    def generate(samples: int) -> None:
        shape = (sampler.streams, samples)
        sampler.generate(rng.random(shape), np.ones(shape))

    return generate


def traced(sampler: Sampler | TorchSampler) -> Callable[[int], Any]:
    """The same, recorded for panels that show the network, as takes of a film are."""
    rng, windows = np.random.default_rng(1), trace_windows(sampler.network, RATE_HZ)

    def generate(samples: int) -> None:
        shape = (sampler.streams, samples)
        sums = new_sums(windows, sampler.network, sampler.streams, samples)
        sampler.generate(rng.random(shape), np.ones(shape), sums=sums)
        kept_distribution(sums), kept_cells(sums, windows)

    return generate


def in_blocks(generate: Callable[[int], Any], block: int) -> Callable[[int], Any]:
    """Generate as takes are generated: block after block."""

    def whole(samples: int) -> None:
        for first in range(0, samples, block):
            generate(min(block, samples - first))

    return whole


def cost_of_traces(rounds: int, turn_s: float) -> dict[str, float]:
    """How much slower sampling is with traces, and how many bytes a second of sound they take."""
    costs: dict[str, float] = {}
    for name, network in NETWORKS.items():
        sampler = Sampler(network, random_weights(network), weight_dtype=DEFAULT[name])
        windows = trace_windows(network, RATE_HZ)
        block = -(-BLOCK // windows.cells_samples) * windows.cells_samples
        ways = {"plain": in_blocks(ours(sampler), block), "traced": in_blocks(traced(sampler), block)}
        rates = Contest(ways, turn_s, block=block).rates(rounds)
        size = 256 * RATE_HZ / windows.distribution_samples + windows.cells * RATE_HZ / windows.cells_samples
        costs[f"{name}_traces_cost"] = 1 - rates["traced"] / rates["plain"]
        print(
            f"{name:11} {rates['plain']:9.0f} samples/s, with traces {rates['traced']:9.0f}: "
            f"{100 * costs[f'{name}_traces_cost']:4.1f} % slower; {size / 1e3:.1f} kB a second of sound"
        )
    return costs


def reader(size_bytes: float) -> Callable[[int], Any]:
    """Read an array as large as the weights, again and again; one `sample` is one run through it."""
    size = max(256, int(size_bytes / 4) // 256 * 256)
    room = np.ones(size + (1 << 20), np.float32)
    begin = (-room.ctypes.data % (1 << 21)) // 4
    numbers = room[begin : begin + size]

    def read(times: int) -> None:
        read_all(numbers, times)

    return read


@dataclass
class Contest:
    """Several ways of doing one thing, timed in turns, so that a busy moment of the machine spoils none alone."""

    ways: dict[str, Callable[[int], Any]]
    turn_s: float
    block: int = 8
    counts: dict[str, int] = field(default_factory=dict)

    def rates(self, rounds: int) -> dict[str, float]:
        """Samples a second of each way: the median of the rounds."""
        for name, way in self.ways.items():
            way(2)
            begin, count = time.perf_counter(), 0
            while time.perf_counter() - begin < self.turn_s / 4:
                way(self.block)
                count += self.block
            self.counts[name] = max(self.block, round(count * self.turn_s / (time.perf_counter() - begin)))
        seen: dict[str, list[float]] = {name: [] for name in self.ways}
        for _ in range(rounds):
            for name, way in self.ways.items():
                begin = time.perf_counter()
                way(self.counts[name])
                seen[name].append(self.counts[name] / (time.perf_counter() - begin))
        return {name: median(rates) for name, rates in seen.items()}


def speak_for(work: tuple[str, float]) -> float:
    """One process of several: samples a second of one take."""
    name, seconds = work
    network = NETWORKS[name]
    generate = ours(Sampler(network, random_weights(network), weight_dtype=DEFAULT[name]))
    generate(2000)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        generate(2000)
        count += 2000
    return count / (time.perf_counter() - begin)


def all_cores(name: str, seconds: float) -> tuple[float, float, int]:
    """Samples a second of one process, and of one a core together."""
    cores = usable_cores()
    with get_context("spawn").Pool(cores) as pool:
        one = pool.map(speak_for, [(name, seconds)])[0]
        together = sum(pool.map(speak_for, [(name, seconds)] * cores, chunksize=1))
    return one, together, cores


def measure(name: str, rounds: int, turn_s: float) -> dict[str, float]:
    network = NETWORKS[name]
    weights = random_weights(network)
    ways = torch_loops(network, weights) if isinstance(network, LstmSettings) else plain_tiered(network, weights)
    moved: dict[str, float] = {}
    for weight_dtype in HELD:
        sampler = Sampler(network, weights, weight_dtype=weight_dtype)
        moved[weight_dtype] = sampler.weight_bytes_per_sample
        ways[weight_dtype] = ours(sampler)
        ways[f"read {weight_dtype}"] = reader(sampler.weight_bytes_held)
    ways["8 takes together"] = ours(Sampler(network, weights, weight_dtype=DEFAULT[name], streams=8))
    rates = Contest(ways, turn_s).rates(rounds)
    rates["8 takes together"] *= 8
    held_bytes = {
        weight_dtype: Sampler(network, weights, weight_dtype=weight_dtype).weight_bytes_held for weight_dtype in HELD
    }
    for way in [way for way in rates if not way.startswith("read")]:
        line = f"{name:11} {way:17} {rates[way]:9.0f} samples/s {rates[way] / RATE_HZ:7.2f} x real time"
        line += f" {rates[way] / rates['plain']:7.1f} x plain"
        if way in HELD:
            speed, limit = moved[way] * rates[way], held_bytes[way] * rates[f"read {way}"]
            rates[f"share {way}"] = speed / limit
            line += f" {speed / 1e9:6.1f} of {limit / 1e9:6.1f} GB/s read: {speed / limit:.2f}"
        print(line, flush=True)
    return rates


def on_gpu(rounds: int, turn_s: float) -> dict[str, float]:
    """The largest network on a GPU: one take, and 256 together."""
    network = NETWORKS["lstm_3x680"]
    weights = random_weights(network)
    ways = {f"gpu_{streams}": ours(TorchSampler(network, weights, streams=streams)) for streams in (1, 256)}
    contest = Contest(ways, turn_s, block=1024)
    rates = contest.rates(rounds)
    rates["gpu_256"] *= 256
    for way, rate in rates.items():
        print(f"lstm_3x680  {way:17} {rate:9.0f} samples/s {rate / RATE_HZ:7.2f} x real time", flush=True)
    return rates


def precision_cost(checkpoint_path: Path, bytes_path: Path, samples: int) -> dict[str, float]:
    """Bits per byte on the last bytes of a corpus, which no training has seen."""
    checkpoint = load_checkpoint(checkpoint_path)
    heard = np.load(bytes_path, mmap_mode="r", allow_pickle=False)[-samples:]
    bits: dict[str, float] = {}
    for weight_dtype in HELD:
        logits = Sampler(checkpoint.network, checkpoint.weights, weight_dtype=weight_dtype).logits(np.array(heard))[
            :, 0
        ]
        logits = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        chances = logits[np.arange(len(heard)), heard] - np.log(np.exp(logits).sum(axis=1))
        bits[weight_dtype] = float(-chances.mean() / np.log(2))
        print(f"{weight_dtype:8} {bits[weight_dtype]:.6f} bits/byte, {bits[weight_dtype] - bits['float32']:+.6f}")
    return {f"cost_{weight_dtype}_bits": bits[weight_dtype] - bits["float32"] for weight_dtype in HELD[1:]}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true")
    options.add_argument("--traces", action="store_true")
    add_option(options)
    options.add_argument("--checkpoint", type=Path)
    options.add_argument("--bytes", type=Path)
    options.add_argument("--samples", type=int, default=20_000)
    chosen = options.parse_args()
    begin_again_as(chosen.processor)
    print(processor_words())
    torch.set_num_threads(1)
    if chosen.checkpoint is not None:
        print(json.dumps(precision_cost(chosen.checkpoint, chosen.bytes, chosen.samples)))
        return
    rounds, turn_s = (3, 0.2) if chosen.quick else (7, 0.6)
    if chosen.traces:
        costs = cost_of_traces(rounds, turn_s)
        print(json.dumps({name: round(value, 3) for name, value in costs.items()}))
        return
    rates = {name: measure(name, rounds, turn_s) for name in NETWORKS}
    summary: dict[str, float] = {}
    for name, own in rates.items():
        summary[f"{name}_vs_loop"] = own[DEFAULT[name]] / own["plain"]
        summary[f"{name}_realtime"] = own[DEFAULT[name]] / RATE_HZ
        summary[f"{name}_share_of_bandwidth"] = own[f"share {DEFAULT[name]}"]
    for name in ("lstm_2x256", "tiered"):
        one, together, cores = all_cores(name, 4 * turn_s)
        print(f"{name}: {cores} cores make {together:.0f} samples/s, one alone {one:.0f}: {together / one:.2f} x")
        summary[f"{name}_all_cores"] = together / one
    if torch.cuda.is_available():
        for way, rate in on_gpu(rounds, turn_s).items():
            summary[f"{way}_samples_per_s"] = rate
    summary["share_of_bandwidth"] = summary["lstm_3x680_share_of_bandwidth"]
    print(json.dumps({name: round(value, 3) for name, value in summary.items()}))


if __name__ == "__main__":
    main()
