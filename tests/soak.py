"""A long run of faults: kills at random moments of a small production's builds, and a failure of every single write.

    python -m tests.soak [--kills 200] [--faults 0] [--seconds N] [--seed S]

Each kill (SIGKILL to the build's whole process group) is followed by `build-video` again. Moments are spread over all
stages: one that has been aimed at least is waited for, and then some random part of the time that it takes; other
moments are random over the whole build. Where a stage is done already, its results are removed, or all of them.

Nothing that was finished before a kill may be made again: each result, take and checkpoint must be the very same file
after the next build (its inode and time of change). Whenever a build ends, every file of every stage must have the hash
that it has in an undisturbed build. The last line is JSON.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from safetensors import SafetensorError, safe_open

from pipeline.errors import BuildVideoError
from tests.faults import tiny
from tests.faults.injection import Disk, failing_disk

_KEY = re.compile(r"[0-9a-f]{24}")
_JOBS = ("--jobs", "2")
_ITERATIONS = 400
_TRAINS_S = 1.0
_FINISH_ONE_IN = 6
_AT_RANDOM_SHARE = 0.3
_ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)

Stamp = tuple[int, int]


@dataclass
class Found:
    """What a run has found."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    builds: int = 0
    compared: int = 0
    repeated: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    most_in_flight: int = 0
    most_training_lost_s: float = 0.0
    resumed_trainings: int = 0


def stamp(path: Path) -> Stamp:
    """What tells a file from another that was written in its place."""
    state = path.stat()
    return state.st_ino, state.st_mtime_ns


def saved_iteration(folder: Path) -> int:
    """How far the state of a training in flight has come; -1 where there is none."""
    try:
        with safe_open(folder / "training-state.safetensors", framework="np") as file:
            return int(json.loads((file.metadata() or {})["state"])["iteration"])
    except (OSError, SafetensorError, ValueError, KeyError):
        return -1


def finished(output: Path) -> Mapping[str, Stamp]:
    """Everything that no later build may make again, by names that stay when work in flight is published."""
    found: dict[str, Stamp] = {}
    for folder in (output / "work").glob("*/*"):
        key, _, partial = folder.name.partition(".")
        if not _KEY.fullmatch(key) or partial not in {"", "partial"}:
            continue
        done = not partial or (folder / "record.json").is_file()
        until = saved_iteration(folder) if partial and folder.parent.name == "train" else -1
        for path in folder.rglob("*"):
            is_weights = path.name.startswith("weights-")
            if (is_weights and (done or int(path.stem.rpartition("-")[2]) <= until)) or (
                done and path.suffix in {".npy", ".mp4", ".png", ".flac", ".csv"}
            ):
                found[f"{folder.parent.name}/{key}/{path.name}"] = stamp(path)
    return found


def in_flight(output: Path) -> int:
    """How many pieces were being made when a build was killed."""
    work = output / "work"
    begun = [path for path in work.glob("sample/*.partial") if any(path.iterdir())]
    begun = [path for path in begun if not (path / "record.json").is_file()]
    return len(list((work / "in-flight").glob("*"))) + len(begun)


class Kills:
    """Builds that are killed, one after the other."""

    def __init__(self, folder: Path, rng: random.Random, found: Found, only: str = "") -> None:
        self.folder, self.rng, self.found, self.only = folder, rng, found, only
        self.production = tiny.make_small(folder, sections=2, iterations=_ITERATIONS)
        self.output = folder / "out" / "small"
        self.tries: Counter[str] = Counter()
        self.expected, self.lasts_s, self.whole_s = self._undisturbed()

    def _undisturbed(self) -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, float], float]:
        """Build twice from nothing: the same files both times."""
        seen = []
        for _ in range(2):
            shutil.rmtree(self.output, ignore_errors=True)
            began_s = time.monotonic()
            self._finish()
            whole_s = time.monotonic() - began_s
            seen.append(tiny.results(self.output))
        if seen[0] != seen[1]:
            self.found.different.append("two undisturbed builds")
        timings = next(line for line in reversed(tiny.log_since_start(self.output)) if "timings:" in line)
        lasts = {stage: float(seconds) for stage, seconds in re.findall(r"(\w+) ([\d.]+) s", timings)}
        return seen[1], lasts, whole_s

    def run(self, kills: int, until_s: float) -> None:
        """Kill so many times, then build to the end."""
        while self.found.kills.total() < kills and time.monotonic() < until_s:
            self._kill_once()
            if self.found.builds % 20 == 0:
                print(f"{self.found.kills.total()} kills, {len(self.found.crashes)} crashes", flush=True)
            if self.rng.randrange(_FINISH_ONE_IN) == 0:
                self._finish()
                self._compare()
                if self.rng.random() < 0.5:
                    shutil.rmtree(self.output)
        self._finish()
        self._compare()

    def _kill_once(self) -> None:
        target = ""
        if self.only or self.rng.random() > _AT_RANDOM_SHARE:
            target = self.only or min(tiny.STAGES, key=lambda stage: (self.tries[stage], self.rng.random()))
            self.tries[target] += 1
            self._remove(target)
        elif all((self.output / "work" / stage).is_dir() for stage in tiny.STAGES):
            self._remove(self.rng.choice(tiny.STAGES))
        before = finished(self.output)
        process = tiny.start(self.production, *_JOBS, cwd=self.folder)
        self.found.builds += 1
        if target:
            while process.poll() is None and tiny.stage_at_work(self.output) != target:
                time.sleep(0.002)
            trains = self._wait_for_training(process, target)
            time.sleep(self.rng.uniform(0.0, _TRAINS_S if trains else self.lasts_s.get(target, 1.0)))
        else:
            time.sleep(self.rng.uniform(0.0, self.whole_s))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            stage = tiny.stage_at_work(self.output) if tiny.log_since_start(self.output) else ""
            self.found.kills[stage or "start"] += 1
        said, _ = process.communicate()
        self._look_after(process.pid, process.returncode, said, before)

    def _wait_for_training(self, process: subprocess.Popen[str], target: str) -> bool:
        """Wait in two of three cases until a training has saved its first state: loading libraries takes longer."""
        if target != "train" or self.rng.randrange(3) == 0:
            return False
        while process.poll() is None and not list(self.output.glob("work/train/*.partial/training-state.*")):
            time.sleep(0.002)
        return True

    def _look_after(self, session: int, code: int, said: str, before: Mapping[str, Stamp]) -> None:
        """See what a build, killed or not, has left."""
        now_s = time.time()
        left = tiny.left_running(session, 30.0)
        if left:
            self.found.left_running.append(f"{code}: {left}")
            tiny.kill_session(session)
        if "Traceback" in said or code not in {0, -signal.SIGKILL}:
            self.found.crashes.append(f"exit code {code}: {said[-2000:]}")
        if code == 0:
            self._compare()
        elif code == -signal.SIGKILL:
            self.found.most_in_flight = max(self.found.most_in_flight, in_flight(self.output))
            for state in self.output.glob("work/train/*.partial/training-state.safetensors"):
                if not (state.parent / "record.json").is_file():
                    lost_s = now_s - state.stat().st_mtime
                    self.found.most_training_lost_s = max(self.found.most_training_lost_s, lost_s)
                    self.found.resumed_trainings += saved_iteration(state.parent) > 0
        after = finished(self.output)
        self.found.repeated += [name for name, old in before.items() if after.get(name) != old]
        self.found.different += tiny.half_published(self.output)

    def _finish(self) -> None:
        before = finished(self.output)
        process = tiny.start(self.production, *_JOBS, cwd=self.folder)
        said, _ = process.communicate(timeout=600)
        self.found.builds += 1
        if process.returncode != 0:
            self.found.crashes.append(f"exit code {process.returncode}: {said[-2000:]}")
        self._look_after(process.pid, process.returncode, said, before)

    def _compare(self) -> None:
        if not hasattr(self, "expected"):
            return
        self.found.compared += 1
        seen = tiny.results(self.output)
        self.found.different += [
            name for name in {**self.expected, **seen} if self.expected.get(name) != seen.get(name)
        ]

    def _remove(self, stage: str) -> None:
        for folder in (self.output / "work" / stage).glob("[0-9a-f]*"):
            shutil.rmtree(folder)


class Faults:
    """Builds in this process whose disk fails at one write, every one of them in turn."""

    def __init__(self, folder: Path, rng: random.Random, found: Found) -> None:
        self.folder, self.rng, self.found = folder, rng, found
        self.production = tiny.make_small(folder)
        self.reference = folder / "reference"
        tiny.build_here(self.production, self.reference)
        self.expected = tiny.results(self.reference)

    def run(self, most: int, until_s: float) -> None:
        """Let at most so many writes fail."""
        moments = []
        for stage in tiny.STAGES:
            with failing_disk(Disk(self._before(stage))) as disk:
                tiny.build_here(self.production, disk.root, stage)
            moments += [(stage, number) for number in range(1, disk.done + 1)]
        print(f"{len(moments)} writes, renames and so on can fail", flush=True)
        for stage, number in self.rng.sample(moments, min(most, len(moments))):
            if time.monotonic() > until_s:
                return
            self._fail_once(stage, number)
            if self.found.faults.total() % 50 == 0:
                print(f"{self.found.faults.total()} faults, {len(self.found.crashes)} crashes", flush=True)

    def _before(self, stage: str) -> Path:
        output = self.folder / "faulty"
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(self.reference, output, ignore=shutil.ignore_patterns(stage))
        return output

    def _fail_once(self, stage: str, number: int) -> None:
        output = self._before(stage)
        disk = Disk(output, fail_at=number, number=_ERRORS[number % len(_ERRORS)])
        try:
            with failing_disk(disk):
                tiny.build_here(self.production, output, stage)
        except BuildVideoError as error:
            if not (error.what and error.where and error.hint):
                self.found.crashes.append(f"{disk.failed}: an error with too few words: {error}")
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self.found.crashes.append(f"{disk.failed}: {type(error).__name__}: {error}")
        self.found.faults[stage] += 1
        self.found.different += [f"{disk.failed}: {bad}" for bad in tiny.half_published(output)]
        tiny.build_here(self.production, output)
        if tiny.results(output) != self.expected:
            self.found.different.append(f"{disk.failed}: another film")


def told(found: Found, seed: int, lasted_s: float) -> str:
    """The table, and the line of JSON after it."""
    lines = [f"{'stage':<12}{'kills':>7}{'faults':>8}"]
    rows = [(stage, found.kills[stage], found.faults[stage]) for stage in ("start", *tiny.STAGES)]
    lines += [f"{stage:<12}{kills:>7}{faults:>8}" for stage, kills, faults in rows]
    lines.append(f"{'altogether':<12}{found.kills.total():>7}{found.faults.total():>8}")
    for name in ("repeated", "different", "crashes", "left_running"):
        lines += [f"{name}: {one}" for one in getattr(found, name)[:20]]
    figures = {
        "seed": seed,
        "kills": found.kills.total(),
        "faults": found.faults.total(),
        "builds": found.builds,
        "compared_with_an_undisturbed_build": found.compared,
        "pieces_repeated": len(found.repeated),
        "different": len(found.different),
        "crashes": len(found.crashes),
        "left_running": len(found.left_running),
        "most_pieces_in_flight_at_a_kill": found.most_in_flight,
        "trainings_gone_on_with": found.resumed_trainings,
        "most_training_lost_s": round(found.most_training_lost_s, 2),
        "minutes": round(lasted_s / 60, 1),
    }
    return "\n".join([*lines, json.dumps(figures)])


def main() -> int:
    """Run, and return 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--faults", type=int, default=10**6, help="at most so many writes that fail; all by default")
    parser.add_argument("--only", choices=tiny.STAGES, default="", help="kill in this stage alone")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--inputs", type=int, default=5000, help="spoiled inputs, at last (tests/hostile/mutate.py)")
    parser.add_argument("--fuzz-seconds", type=int, default=120, help="and guided fuzzing of parsers (tests/fuzz.py)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rng, found, began_s = random.Random(options.seed), Found(), time.monotonic()
    until_s = began_s + options.seconds
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="build-video-soak-") as folder:
        if options.faults:
            Faults(Path(folder) / "faults", rng, found).run(options.faults, until_s)
        if options.kills:
            Kills(Path(folder) / "kills", rng, found, options.only).run(options.kills, until_s)
    print(told(found, options.seed, time.monotonic() - began_s))
    hurt = _hostile(options)
    return int(hurt or bool(found.repeated or found.different or found.crashes or found.left_running))


def _hostile(options: argparse.Namespace) -> bool:
    """Spoil inputs and fuzz parsers, each a program of its own that tells its figures; whether any was crashed."""
    commands = []
    if options.inputs:
        commands.append(["tests.hostile.mutate", "--count", str(options.inputs), "--seed", str(options.seed)])
    if options.fuzz_seconds and find_spec("atheris"):
        commands.append(["tests.fuzz", "--seconds", str(options.fuzz_seconds)])
    root = Path(__file__).resolve().parents[1]
    ran = [subprocess.run([sys.executable, "-m", *command], cwd=root, check=False) for command in commands]
    return any(one.returncode for one in ran)


if __name__ == "__main__":
    sys.exit(main())
