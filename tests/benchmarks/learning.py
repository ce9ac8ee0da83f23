"""What the recipes learn in the same time: held-out bits per byte, fairly measured.

    python -m tests.benchmarks.learning [--audio FILE ...] [--seconds 300] [--threads 2] [--quick]

The loops take turns of a few seconds on the same bytes with the same number of threads, and are judged on the same
held-out bytes, whose judging is not counted as their time: `torch-rnn`, a 2 x 128 LSTM as that program trains it by
default; `plain`, what a user would write first (nn.LSTM, random chunks, Adam); `lstm`, the same 2 x 128 LSTM with the
modern recipe; and `ours`, the modern recipe with the network that `network = "auto"` chooses for the time, once for
each length of training. Without --audio the corpus is the demo's voice.

The last line is JSON: `gain_bits_at_100s` is torch-rnn's loss minus ours after 100 s, `time_share_to_300s_loss` the
time that ours needs to reach torch-rnn's loss after 300 s, over 300 s, `lstm_gain_bits_at_100s` what the recipe alone
gains. They are null where --seconds is not 300; the same numbers for a third and the whole of --seconds stand beside.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from math import log
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pipeline.learning.hardware import choose_device, training_environment
from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.recipes.arithmetic import choose_arithmetic
from pipeline.learning.recipes.recipe import TrainingSettings, rate_share_at, resolve
from pipeline.learning.training.auto_network import choose_network, measured_speed
from pipeline.learning.training.streams import ValidationStreams
from pipeline.learning.training.trainer import Trainer, TrainingData
from pipeline.runtime.machine import usable_cores
from pipeline.sound.corpus.corpus import make_corpus
from pipeline.sound.settings import CorpusSettings
from tests.processors import add_option, begin_again_as, processor_words

ROOT = Path(__file__).resolve().parents[2]
FULL_SECONDS = 300.0
TURN_SECONDS = 5.0
JUDGINGS = 12
MIB = 2**20

FAITHFUL = LstmSettings(layers=2, neurons=128, embedding=64)


class PlainLoop:
    """The loop that a user would write first: random chunks, no carried state, Adam."""

    batch, sequence = 64, 128

    def __init__(self, training_data: TrainingData, device: torch.device) -> None:
        torch.manual_seed(1)
        self.embedding = nn.Embedding(256, 64).to(device)
        self.lstm = nn.LSTM(64, 128, 2, batch_first=True).to(device)
        self.output = nn.Linear(128, 256).to(device)
        self.parts = nn.ModuleList([self.embedding, self.lstm, self.output])
        self.adam = torch.optim.Adam(self.parts.parameters(), lr=2e-3)
        self.data = torch.from_numpy(np.array(training_data.training)).to(device)
        self.held_out = ValidationStreams(training_data.validation, lookback=1, device=device)

    def update(self) -> None:
        """Learn one batch of chunks."""
        starts = torch.randint(0, len(self.data) - self.sequence - 1, (self.batch, 1), device=self.data.device)
        chunks = self.data[starts + torch.arange(self.sequence + 1, device=self.data.device)].long()
        y, _ = self.lstm(self.embedding(chunks[:, :-1]))
        loss = functional.cross_entropy(self.output(y).flatten(0, 1), chunks[:, 1:].flatten())
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()

    @torch.no_grad()
    def validate(self) -> float:
        """Nats per held-out byte, from a fresh state."""
        total, state = 0.0, None
        for window, counted in self.held_out.windows():
            y, state = self.lstm(self.embedding(window[:, :-1].long()), state)
            logits = self.output(y)[:, :counted].flatten(0, 1)
            targets = window[:, 1 : counted + 1].long().flatten()
            total += float(functional.cross_entropy(logits, targets, reduction="sum"))
        return total / self.held_out.bytes


@dataclass
class Contestant:
    """One loop, the seconds it has worked, and how it was judged."""

    name: str
    update: Callable[[int, float], None]
    validate: Callable[[], float]
    limit_s: float
    judge_at_s: list[float]
    bytes_per_update: int
    network: LstmSettings | TieredSettings = FAITHFUL
    spent_s: float = 0.0
    updates: int = 0
    judged: list[tuple[float, float]] = field(default_factory=list)

    def take_turn(self, device: torch.device) -> None:
        """Work for a few seconds, and be judged where it is due."""
        end_s = min(self.limit_s, self.spent_s + TURN_SECONDS)
        while self.spent_s < end_s:
            began = time.perf_counter()
            self.updates += 1
            self.update(self.updates, self.spent_s)
            if device.type == "cuda":
                torch.cuda.synchronize()
            self.spent_s += time.perf_counter() - began
            while self.judge_at_s and self.spent_s >= self.judge_at_s[0]:
                self.judge_at_s.pop(0)
                self.judged.append((self.spent_s, self.validate() / log(2)))

    def bits_at(self, seconds: float) -> float:
        """The loss when it was judged first after so many seconds."""
        return next(bits for spent, bits in self.judged if spent >= seconds)

    def seconds_to(self, bits: float) -> float | None:
        """When it was first judged to be as good as that."""
        return next((spent for spent, own in self.judged if own <= bits), None)

    @property
    def bytes_per_s(self) -> float:
        """Bytes learned a second."""
        return self.updates * self.bytes_per_update / self.spent_s


def _learner(
    training_data: TrainingData, network: LstmSettings | TieredSettings, recipe: str, device: torch.device
) -> Trainer:
    resolved = resolve(
        TrainingSettings.model_validate({"recipe": recipe}),
        network.group if isinstance(network, TieredSettings) else 1,
    )
    arithmetic = choose_arithmetic(network, resolved, device, free_cores=torch.get_num_threads())
    print(f"{recipe}: {arithmetic.words()}", file=sys.stderr, flush=True)
    return Trainer(network, resolved, training_data, device=device, arithmetic=arithmetic)


def contestant(
    name: str, training_data: TrainingData, device: torch.device, limit_s: float, marks_s: list[float]
) -> Contestant:
    """Make a loop ready: `torch-rnn`, `plain` or `ours`."""
    due = sorted({*marks_s, limit_s, *(limit_s * part / JUDGINGS for part in range(1, JUDGINGS + 1))})
    due = [mark for mark in due if mark <= limit_s]
    if name == "plain":
        plain = PlainLoop(training_data, device)
        size = plain.batch * plain.sequence
        return Contestant(name, lambda _update, _spent: plain.update(), plain.validate, limit_s, due, size)
    ours = name == "ours"
    network = _chosen(training_data, limit_s) if ours else FAITHFUL
    learner = _learner(training_data, network, "torch-rnn" if name == "torch-rnn" else "modern", device)
    recipe = learner.recipe

    def update(number: int, spent_s: float) -> None:
        planned = max(number, round(number * limit_s / spent_s)) if spent_s else 10**6
        learner.update(number, rate_share_at(recipe, number, planned, learner.windows_per_epoch))

    label = f"ours, {limit_s:g} s" if ours else name
    size = recipe.batch * recipe.sequence
    return Contestant(label, update, learner.validate, limit_s, due, size, network=network)


@cache
def _speed(threads: int) -> float:
    return measured_speed("auto", threads)


def _chosen(training_data: TrainingData, seconds: float) -> LstmSettings | TieredSettings:
    settings = TrainingSettings(minutes=seconds / 60)
    return choose_network(settings, len(training_data.training), _speed(torch.get_num_threads())).network


def matrix_flops(device: torch.device, dtype: torch.dtype) -> float:
    """The machine's own speed at multiplying matrices of 1024 x 1024."""
    a, b = (torch.randn(1024, 1024, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    end = time.perf_counter() + 0.5
    while best == float("inf") or time.perf_counter() < end:
        began = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * 1024**3 / best


def _peak_mib(name: str, training_data: TrainingData, threads: int, device_name: str) -> float:
    """The memory of a process that trains this way for two seconds (Linux alone); on a GPU, that of the GPU."""
    device = torch.device(device_name)
    with training_environment(device, threads):
        loop = contestant(name, training_data, device, 2.0, [])
        loop.take_turn(device)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / MIB
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def peak_mib(name: str, training_data: TrainingData, threads: int, device: torch.device) -> float:
    """Peak memory, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_mib, (name, training_data, threads, device.type))


def read_lesson(recordings: list[Path], encoding: str, sample_rate_hz: int) -> TrainingData:
    """Make a corpus as `build-video prepare` does."""
    settings = CorpusSettings.model_validate({"sample_rate_hz": sample_rate_hz, "encoding": encoding})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes.npy"
        sound = make_corpus(recordings, path, Path(folder) / "corpus.wav", settings)
        data = np.load(path)
    return TrainingData(data[: sound.train_samples], data[sound.train_samples :], sample_rate_hz, encoding)


def compete(training_data: TrainingData, seconds: float, threads: int, device: torch.device) -> list[Contestant]:
    """Let all loops work in turns until each has had its time."""
    marks_s = [seconds / 10, seconds / 3, seconds]
    with training_environment(device, threads):
        loops = [contestant("torch-rnn", training_data, device, seconds, marks_s)]
        loops += [contestant(name, training_data, device, seconds / 3, marks_s) for name in ("plain", "lstm")]
        loops += [
            contestant("ours", training_data, device, limit_s, marks_s) for limit_s in (*marks_s[:2], seconds / 2)
        ]
        while any(loop.spent_s < loop.limit_s for loop in loops):
            for loop in loops:
                loop.take_turn(device)
            told = ", ".join(f"{loop.name} {loop.spent_s:.0f} s" for loop in loops)
            print(told, file=sys.stderr, flush=True)
    return loops


def summarise(loops: list[Contestant], seconds: float) -> dict[str, object]:
    """The numbers of the last line."""
    faithful, plain, lstm, *ours = loops
    third, whole = seconds / 3, faithful.bits_at(seconds)
    reached = [loop.seconds_to(whole) for loop in ours]
    shares = [spent / seconds for spent in reached if spent is not None]
    gains = [faithful.bits_at(loop.limit_s) - loop.bits_at(loop.limit_s) for loop in ours]
    share = min(shares) if shares else None
    full = seconds == FULL_SECONDS
    return {
        "gain_bits_at_100s": round(gains[1], 4) if full else None,
        "time_share_to_300s_loss": round(share, 4) if full and share is not None else None,
        "gain_bits_at_30s": round(gains[0], 4) if full else None,
        "lstm_gain_bits_at_100s": round(faithful.bits_at(third) - lstm.bits_at(third), 4) if full else None,
        "gain_bits_at_150s": round(gains[2], 4) if full else None,
        "seconds": seconds,
        "gain_bits_at_a_tenth": round(gains[0], 4),
        "gain_bits_at_a_third": round(gains[1], 4),
        "gain_bits_at_a_half": round(gains[2], 4),
        "lstm_gain_bits_at_a_third": round(faithful.bits_at(third) - lstm.bits_at(third), 4),
        "time_share_to_the_last_loss": None if share is None else round(share, 4),
        "gain_bits_over_plain_at_a_third": round(plain.bits_at(third) - ours[1].bits_at(third), 4),
        "bits": {loop.name: [(round(spent, 1), round(bits, 4)) for spent, bits in loop.judged] for loop in loops},
        "bytes_per_s": {loop.name: round(loop.bytes_per_s) for loop in loops},
    }


def print_table(loops: list[Contestant], seconds: float, device: torch.device, memory_mib: dict[str, float]) -> None:
    """Bits per byte at the marks, and what each loop costs."""
    speed = {dtype: matrix_flops(device, dtype) for dtype in (torch.float32, torch.bfloat16)}
    print(
        f"matrix multiply: {speed[torch.float32] / 1e9:.0f} GFLOP/s float32, {speed[torch.bfloat16] / 1e9:.0f} bfloat16"
    )
    marks_s = (seconds / 10, seconds / 3, seconds / 2, seconds)
    head = "".join(f"{f'{mark:g} s':>10}" for mark in marks_s)
    print(f"{'bits/byte after':16}{head}{'bytes/s':>12}{'of matmul':>11}{'MiB':>8}")
    for loop in loops:
        modern = loop.name not in {"torch-rnn", "plain"}
        bits = "".join(f"{loop.bits_at(mark):10.3f}" if mark <= loop.limit_s else f"{'':10}" for mark in marks_s)
        kind = torch.bfloat16 if modern and speed[torch.bfloat16] > speed[torch.float32] else torch.float32
        share = loop.bytes_per_s * 3 * loop.network.flops_per_byte / speed[kind]
        memory = memory_mib["ours" if loop.name.startswith("ours") else loop.name]
        print(f"{loop.name:16}{bits}{loop.bytes_per_s:12,.0f}{share:11.1%}{memory:8.0f}")


def main() -> None:
    """Measure, and print the table and the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", type=Path, nargs="+", help="recordings of speech; without: the demo's voice")
    parser.add_argument("--seconds", type=float, default=FULL_SECONDS)
    parser.add_argument("--threads", type=int, default=min(2, usable_cores()))
    parser.add_argument("--encoding", choices=("linear-u8", "mu-law"), default="linear-u8")
    parser.add_argument("--sample-rate-hz", type=int, default=11025)
    parser.add_argument("--device", default="auto")
    add_option(parser)
    parser.add_argument("--quick", action="store_true", help="the same with --seconds 15, to see that it works")
    options = parser.parse_args()
    begin_again_as(options.processor)
    seconds = 15.0 if options.quick else options.seconds
    recordings = options.audio or sorted((ROOT / "assets" / "demo").glob("*.flac"))
    training_data = read_lesson(recordings, options.encoding, options.sample_rate_hz)
    device = choose_device(options.device)
    print(processor_words())
    print(
        f"{len(training_data.training) / training_data.sample_rate_hz:.0f} s learned, "
        f"{len(training_data.validation) / training_data.sample_rate_hz:.0f} s held out, {training_data.encoding} at "
        f"{training_data.sample_rate_hz} Hz; {options.threads} threads, {device.type}"
    )
    loops = compete(training_data, seconds, options.threads, device)
    memory_mib = {
        name: peak_mib(name, training_data, options.threads, device) for name in ("torch-rnn", "plain", "lstm", "ours")
    }
    print_table(loops, seconds, device, memory_mib)
    print(json.dumps(summarise(loops, seconds)))


if __name__ == "__main__":
    main()
