"""Thousands of spoiled inputs: `python -m tests.hostile.mutate --count 20000 --seed 7`.

Each must end in success or in one clear error. Prints a table, and one line of JSON; exits with 1 where one crashed.
`--kind NAME --number N` makes one case again, `--keep FOLDER` keeps the folders of those that crash.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests.hostile.kinds import KINDS, drawn, warm_up
from tests.hostile.watching import MOST_MEMORY_BYTES, Ending, most_memory_bytes, watch

SLOW_SHARE = 0.06
"""Inputs that ffmpeg reads take ten times as long."""


def run_case(name: str, seed: int, number: int, folder: Path) -> Ending:
    """Make one input and read it; what it is depends on its kind, the seed and its number alone."""
    folder.mkdir(parents=True)
    read = KINDS[name].make(folder, random.Random(f"{seed} {name} {number}"))
    (folder / "out").mkdir(exist_ok=True)
    return watch(read, folder / "out")


def name_of(seed: int, number: int, slow_share: float = SLOW_SHARE) -> str:
    """Which kind the case of a number is."""
    rng = random.Random(f"{seed} {number}")
    return drawn(rng, slow=rng.random() < slow_share)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--number", type=int)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--keep", type=Path)
    return parser.parse_args()


def main() -> int:
    """Run many cases and tell how they ended."""
    chosen = _arguments()
    print(f"seed {chosen.seed}", flush=True)
    warm_up()
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    longest: dict[str, float] = defaultdict(float)
    started = time.monotonic()
    numbers = range(chosen.count) if chosen.number is None else [chosen.number]
    with tempfile.TemporaryDirectory(prefix="hostile-") as base:
        for number in numbers:
            if time.monotonic() - started > chosen.seconds:
                break
            name = chosen.kind or name_of(chosen.seed, number)
            folder = Path(base) / str(number)
            ending = run_case(name, chosen.seed, number, folder)
            ends[name][ending.how] += 1
            longest[name] = max(longest[name], ending.seconds)
            if ending.how == "crash":
                print(f"CRASH --kind '{name}' --seed {chosen.seed} --number {number}\n{ending.said}", flush=True)
                if chosen.keep:
                    shutil.copytree(folder, chosen.keep / f"{name}-{chosen.seed}-{number}", dirs_exist_ok=True)
            elif chosen.number is not None:
                print(ending.how, ending.said)
            shutil.rmtree(folder, ignore_errors=True)
    return _tell(ends, longest, chosen.seed, time.monotonic() - started)


def _tell(ends: dict[str, Counter[str]], longest: dict[str, float], seed: int, seconds: float) -> int:
    print(f"{'kind':<12} {'inputs':>7} {'success':>8} {'errors':>7} {'crashes':>8} {'longest':>8}")
    for name, ended in sorted(ends.items()):
        counts = f"{ended.total():>7} {ended['success']:>8} {ended['error']:>7} {ended['crash']:>8}"
        print(f"{name:<12} {counts} {longest[name]:>6.2f} s")
    total = sum(ends.values(), Counter())
    memory = most_memory_bytes()
    summary = {
        "seed": seed,
        "inputs": total.total(),
        "successes": total["success"],
        "clear_errors": total["error"],
        "crashes": total["crash"],
        "seconds": round(seconds, 1),
        "longest_s": round(max(longest.values(), default=0.0), 2),
        "most_memory_mib": memory >> 20,
    }
    print(json.dumps(summary))
    return int(total["crash"] > 0 or memory > MOST_MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
