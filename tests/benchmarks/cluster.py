"""How a film's pieces spread over workers: the cost of each, and how far 1 to 64 workers shorten a film.

    python -m tests.benchmarks.cluster [--pieces 2000] [--film PRODUCTION.toml] [--rounds 1]
        [--scale SHARE] [--seconds TRAINING TAKE CARD SEGMENT] [--only-planning]

1. `overhead_ms`: pieces that do nothing, through the executor, its scheduler and its workers; a piece.
2. `speedup_16`: a film of 16 sections, with 12 takes and 12 segments each, whose pieces take the seconds given, with
   `--film` those that its own pieces took one after the other, again and again, else round numbers; simulated with
   sleeping pieces on a scheduler without other work, with 1, 2, 4, 16 and 64 workers, stage after stage (a build also
   renders while networks train); beside its critical path. Seconds are slept as so many that a piece sleeps a quarter
   of a second: with far fewer the scheduler would be measured, not the film.
3. `local_vs_jobs`: with `--film`, takes and renders of that production by `--cluster local --jobs 2`, over `--jobs 2`,
   the quickest of `--rounds`.
4. With `--film` too: bytes that its takes, cards and segments move where workers see no folder of this machine.
5. `planning_s`: processor time in which a film of 60 minutes with 2,200 takes, 715 segments and its cards is planned:
   the keys of its takes, its timeline, and the keys of all that is drawn; the quickest of three. `--only-planning`
   measures that alone. Hashing of what training has made is not in it: the checkpoints here are small.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from distributed import Client, LocalCluster

from pipeline.build.stage_order import build
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.production.schema import Production, load_production
from pipeline.runtime.cluster.admission import Admission
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.opening import _travelling_whole, open_cluster
from pipeline.runtime.executor import Work
from pipeline.stages import cards, render, sample, storyboard
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Result, Store
from tests.stages import made_up

_TAKES = 1100
_COUNTS = (16, 192, 35, 192)
WORKERS = (1, 2, 4, 16, 64)
DEFAULT_S = (120.0, 18.0, 0.5, 34.0)
"""Of a training, a take, a card and a segment, where nothing was measured."""


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


def long_film(root: Path) -> tuple[Production, Results, Workplace]:
    """A film of 60 minutes: two sections of 1,100 takes each, which all have the same short sound."""
    store, results = made_up.results(root)
    iterations = range(0, 10 * _TAKES, 10)

    def longer(run: Result[TrainingRun]) -> Result[TrainingRun]:
        first = run.record.checkpoints[0]
        points = [
            first.model_copy(
                update={
                    "iteration": one,
                    "epoch": one / 20,
                    "validation_loss_nats": made_up.loss_at(one),
                    "json_file": f"weights-{one:06d}.json",
                }
            )
            for one in iterations
        ]
        for point in points:
            run.path(point.json_file).with_suffix(".safetensors").write_text(str(point))
        last = {"iterations": iterations[-1], "best_iteration": iterations[-1]}
        return Result(
            run.folder, run.record.model_copy(update={"checkpoints": tuple(points), **last}), run.content_hash
        )

    def many(take: Result[Take]) -> tuple[Result[Take], ...]:
        return tuple(
            Result(take.folder, take.record.model_copy(update={"iteration": one}), f"{take.content_hash}{one}")
            for one in iterations
        )

    story = {"takes": _TAKES, "seconds": 1790}
    made = Results(
        results.corpora,
        tuple(longer(results.training(number)) for number in range(2)),
        tuple(many(made_up.take(store, number, made_up.ITERATIONS[-1])) for number in range(2)),
    )
    return made_up.production(storyboard_1=story, storyboard_2=story), made, Workplace(store, root / "out")


def planning_s() -> float:
    """Seconds of processor time until a long film's timeline and all its pieces' keys are there."""
    took = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            film, results, place = long_film(Path(folder))
            begun_first = time.process_time()
            takes = {piece.key for piece in sample.pieces(film, results)}
            begun = time.process_time()
            results = storyboard.run(film, results, place)
            planned = time.process_time()
            drawn = {piece.key for piece in cards.pieces(film, results)}
            between = time.process_time()
            results = cards.run(film, results, place)
            begun_again = time.process_time()
            rendered = {piece.key for piece in render.pieces(film, results)}
            ended = time.process_time()
            took.append(between - begun_first + ended - begun_again)
        print(
            f"planning: keys of {len(takes)} takes {begun - begun_first:.2f} s, timeline {planned - begun:.2f} s, "
            f"keys of {len(drawn)} cards {between - planned:.2f} s, "
            f"of {len(rendered)} segments {ended - begun_again:.2f} s"
        )
    return min(took)


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


def local_vs_jobs(production: Path, trained: Path, rounds: int) -> float:
    """Seconds of takes and renders on a cluster of this machine, over those of its processes: the quickest of each."""
    took: dict[str, list[tuple[float, float]]] = {"": [], "local": []}
    for cluster in [*took] * rounds:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "film")
            shutil.copytree(trained, place)
            more = ["--cluster", cluster] if cluster else []
            took[cluster].append(timed_s(["render", str(production), "--jobs", "2", "-o", str(place), *more]))
    for cluster, each in took.items():
        words = ", ".join(f"{wall:.1f} s ({busy:.1f} s of processor time)" for wall, busy in each)
        print(f"{'--cluster local ' if cluster else ''}--jobs 2: {words}")
    print(f"by processor time: {min(took['local'], key=_busy)[1] / min(took[''], key=_busy)[1]:.3f}")
    return min(took["local"])[0] / min(took[""])[0]


def moved(production: Path, trained: Path) -> None:
    """Print what travels to two workers and back, as if they did not see the film's folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "film")
        shutil.copytree(trained, place)
        store = Store(place / "work")
        with open_cluster(read_choice("local"), store.root, jobs=2, note=print) as shared:
            executor = DaskExecutor(shared.address, {}, replace(shared.passport, travels=True))
            with _travelling_whole():
                executor.client.register_plugin(Admission(executor.passport))
            counts: dict[str, int] = {}
            build(load_production(production), Workplace(store, place, jobs=2, executor=executor), "render")
            for name in ("sample", "cards", "render"):
                counts[name] = len([*(place / "work" / name).glob("*/manifest.json")])
            sent, fetched = executor.exchange.sent_bytes, executor.exchange.fetched_bytes
            executor.close()
    print(f"pieces: {counts}; to the workers {sent / 1e6:.1f} MB, back {fetched / 1e6:.1f} MB")


def _busy(took: tuple[float, float]) -> float:
    return took[1]


def timed_s(arguments: list[str]) -> tuple[float, float]:
    """Seconds of a command, and of the processors of all its processes: those left over are waited for here."""
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER, Linux
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "pipeline", *arguments], check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - begun
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(production: Path, trained: Path) -> list[list[float]]:
    """Seconds of each training, take, card and segment of a film, made one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "film")
        shutil.copytree(trained, place)
        timed_s(["render", str(production), "--jobs", "1", "-o", str(place)])
        stages = {name: sorted(_finished(place / "work" / name)) for name in ("train", "sample", "cards", "render")}
        records = [json.loads(path.read_text()) for path in (place / "work" / "train").glob("*/record.json")]
    each = {name: [b - a for a, b in itertools.pairwise(times)] for name, times in stages.items()}
    each["train"] = [one["elapsed_s"] for one in records]
    for name, seconds in each.items():
        print(f"{name}: {len(seconds)} pieces of {min(seconds):.2f} to {max(seconds):.2f} s, {sum(seconds):.0f} in all")
    return [each[name] for name in ("train", "sample", "cards", "render")]


def _finished(stage: Path) -> list[float]:
    """When each of a stage's pieces was published."""
    return [path.stat().st_mtime for path in stage.glob("*/manifest.json")]


def main() -> None:
    """Measure, print a table, and the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=2000)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--scale", type=float, help="seconds slept for each second; by default 0.25 s a piece")
    parser.add_argument("--seconds", type=float, nargs=4)
    parser.add_argument("--only-planning", action="store_true")
    given = parser.parse_args()
    figures: dict[str, float | None] = {"planning_s": round(planning_s(), 2), "local_vs_jobs": None}
    if given.only_planning:
        print(json.dumps(figures))
        return
    seconds = [[one] for one in given.seconds or DEFAULT_S]
    if given.film is not None:
        with tempfile.TemporaryDirectory() as folder:
            trained = Path(folder, "trained")
            timed_s(["train", str(given.film), "--jobs", "2", "-o", str(trained)])
            seconds = seconds if given.seconds else measured(given.film, trained)
            figures["local_vs_jobs"] = round(local_vs_jobs(given.film, trained, given.rounds), 3)
            moved(given.film, trained)
    figures["overhead_ms"] = round(overhead_ms(given.pieces), 2)  # it leaves processes, for which `timed_s` would wait
    film = Film(
        *(list(itertools.islice(itertools.cycle(one), count)) for one, count in zip(seconds, _COUNTS, strict=True))
    )
    scale = given.scale or 0.25 * sum(_COUNTS) / (film.whole_s - film.last_s)
    print(f"{'workers':>8} {'film':>10} {'speed-up':>9}   (critical path {film.critical_s:.0f} s)")
    for workers in WORKERS:
        took_s = simulated_s(film, workers, scale)
        print(f"{workers:>8} {took_s:>8.0f} s {film.whole_s / took_s:>9.2f}")
        figures[f"speedup_{workers}"] = round(film.whole_s / took_s, 2)
    print(json.dumps({name: figures[name] for name in ("local_vs_jobs", "overhead_ms", "speedup_16", "planning_s")}))


if __name__ == "__main__":
    from tests.benchmarks.cluster import main as run_main  # functions of __main__ don't travel to other processes

    run_main()
