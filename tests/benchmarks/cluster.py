"""How a film's pieces spread over workers: the cost of each, and how far 1 to 64 workers shorten a film.

    python -m tests.benchmarks.cluster [--pieces 2000] [--film PRODUCTION.toml] [--scale 0.002]
        [--seconds TRAINING TAKE CARD SEGMENT]

1. `overhead_ms`: pieces that do nothing, through the executor, its scheduler and its workers; a piece.
2. `speedup_16`: a film whose pieces take the seconds given (by default round numbers, not measured ones), simulated
   with sleeping pieces on a scheduler without other work, with 1, 2, 4, 16 and 64 workers; beside its critical path.
3. `local_vs_jobs`: with `--film`, takes and renders of that production by `--cluster local --jobs 2`, over `--jobs 2`.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client, LocalCluster

from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.opening import open_cluster
from pipeline.runtime.executor import Work

WORKERS = (1, 2, 4, 16, 64)


@dataclass(frozen=True)
class Film:
    """Seconds of a film's pieces: 16 sections, each with 12 takes and as many segments."""

    trainings_s: Sequence[float]
    takes_s: Sequence[float]
    cards_s: Sequence[float]
    segments_s: Sequence[float]
    last_s: float = 30.0
    """Storyboard, sound and the joining of segments, which one process does."""

    @property
    def whole_s(self) -> float:
        """All of it, one piece after the other."""
        return sum(map(sum, self.stages)) + self.last_s

    @property
    def critical_s(self) -> float:
        """The longest piece of each stage, one after the other: no number of workers is quicker."""
        return sum(map(max, self.stages)) + self.last_s

    @property
    def stages(self) -> tuple[Sequence[float], ...]:
        """The pieces, stage by stage: each waits for the one before."""
        return self.trainings_s, self.takes_s, self.cards_s, self.segments_s


def nothing(_item: int) -> None:
    """Do nothing."""


def overhead_ms(pieces: int) -> float:
    """Milliseconds a piece, with one at a time, so that nothing is hidden behind another."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_cluster(read_choice("local"), Path(folder), jobs=1, note=print) as executor,
    ):
        executor.run(nothing, [Work(0)], jobs=1)
        begun = time.perf_counter()
        executor.run(nothing, [Work(number) for number in range(pieces)], jobs=1)
        return 1000 * (time.perf_counter() - begun) / pieces


@contextmanager
def sleepers(workers: int) -> Iterator[Client]:
    """Offer a scheduler whose workers are threads that only sleep."""
    with LocalCluster(
        n_workers=1, threads_per_worker=workers, processes=False, protocol="tcp://", host="127.0.0.1",
        dashboard_address="127.0.0.1:0", worker_dashboard_address=None, memory_limit=0,
    ) as cluster, Client(cluster, set_as_default=False) as client:  # fmt: skip
        yield client


def simulated_s(film: Film, workers: int, scale: float) -> float:
    """Seconds that a film takes, each second slept as `scale` seconds."""
    with sleepers(workers) as client:
        client.gather(client.map(time.sleep, [0.0] * workers, pure=False))
        begun = time.perf_counter()
        for stage in film.stages:
            client.gather(client.map(time.sleep, [scale * seconds for seconds in stage], pure=False))
        return (time.perf_counter() - begun) / scale + film.last_s


def local_vs_jobs(production: Path) -> float:
    """Seconds of takes and renders on a cluster of this machine, over those of its processes."""
    from pipeline.cli.app import run

    took = []
    with tempfile.TemporaryDirectory() as folder:
        trained = Path(folder, "trained")
        assert run(["train", str(production), "--jobs", "2", "-o", str(trained)]) == 0
        for number, more in enumerate(([], ["--cluster", "local"])):
            place = Path(folder, str(number))
            shutil.copytree(trained, place)
            begun = time.perf_counter()
            assert run(["render", str(production), "--jobs", "2", "-o", str(place), *more]) == 0
            took.append(time.perf_counter() - begun)
    print(f"--jobs 2: {took[0]:.1f} s, --cluster local --jobs 2: {took[1]:.1f} s")
    return took[1] / took[0]


def main() -> None:
    """Measure, print a table, and the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=2000)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--scale", type=float, default=0.002)
    parser.add_argument("--seconds", type=float, nargs=4, default=[120.0, 18.0, 0.5, 34.0])
    given = parser.parse_args()
    figures: dict[str, float | None] = {"local_vs_jobs": None, "overhead_ms": round(overhead_ms(given.pieces), 2)}
    training_s, take_s, card_s, segment_s = given.seconds
    film = Film((training_s,) * 16, (take_s,) * 192, (card_s,) * 35, (segment_s,) * 192)
    print(f"{'workers':>8} {'film':>10} {'speed-up':>9}   (critical path {film.critical_s:.0f} s)")
    for workers in WORKERS:
        seconds = simulated_s(film, workers, given.scale)
        print(f"{workers:>8} {seconds:>8.0f} s {film.whole_s / seconds:>9.2f}")
        figures[f"speedup_{workers}"] = round(film.whole_s / seconds, 2)
    if given.film is not None:
        figures["local_vs_jobs"] = round(local_vs_jobs(given.film), 3)
    print(json.dumps({name: figures[name] for name in ("local_vs_jobs", "overhead_ms", "speedup_16")}))


if __name__ == "__main__":
    from tests.benchmarks.cluster import main as run_main  # functions of __main__ don't travel to other processes

    run_main()
