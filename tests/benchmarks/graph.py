"""The line grapher against matplotlib and datashader: whole processes, from a CSV file to a PNG file.

    python -m tests.benchmarks.graph [--lines 10000,100000,500000,1000000,10000000] [--rounds 3] [--peers PYTHON]

Each round runs all programs in turn, so that whatever else the machine does hits them alike; a program's time is its
best round (logs of 10 million lines get one round only). `--peers` names a Python that has matplotlib, polars, pandas
and datashader, where this one has not. Pictures have 16383 x 2048 pixels; at last comes one of 16383 x 16383.

The last line is JSON: `share_of_fastest_peer_500k` is our time over that of the fastest peer, at 500,000 lines.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 16_383, 2048
LINES = (10_000, 100_000, 500_000, 1_000_000, 10_000_000)
ONE_ROUND_FROM = 5_000_000
TIMEOUT_S = 1200.0
OURS = "build-video graph"

_MATPLOTLIB = """
import sys, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
log, out, width, height = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
{read}
figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
axes = figure.add_subplot()
axes.plot(x, y, linewidth=0.7)
axes.grid()
figure.savefig(out)
"""
_WITH_NUMPY = "import numpy as np; x, y = np.loadtxt(log, delimiter=',', skiprows=1, usecols=(0, 1), unpack=True)"
_WITH_POLARS = (
    "import polars; table = polars.read_csv(log); x, y = table['iteration'].to_numpy(), table['loss'].to_numpy()"
)
_DATASHADER = """
import sys, polars, pandas, datashader, datashader.transfer_functions
log, out, width, height = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
table = polars.read_csv(log)
frame = pandas.DataFrame({"x": table["iteration"].to_numpy(), "y": table["loss"].to_numpy()})
lines = datashader.Canvas(width, height).line(frame, "x", "y")
datashader.transfer_functions.shade(lines).to_pil().save(out)
"""
_SCRIPT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["build-video"]
_OURS = "from {} import {} as main; main()".format(*_SCRIPT.split(":"))  # what the installed command does

PEERS = {
    "matplotlib, numpy": ("matplotlib", _MATPLOTLIB.format(read=_WITH_NUMPY)),
    "matplotlib, polars": ("matplotlib, polars", _MATPLOTLIB.format(read=_WITH_POLARS)),
    "datashader, polars": ("datashader, polars, pandas", _DATASHADER),
}


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    processor_seconds: float
    mib: float


def write_log(path: Path, lines: int) -> None:
    """Write a made loss log: a falling curve with noise, 6 decimals."""
    rng = np.random.default_rng(lines)
    with path.open("w", encoding="ascii") as file:
        file.write("iteration,loss,epoch\n")
        for first in range(0, lines, 100_000):
            numbers = np.arange(first + 1, min(first + 100_000, lines) + 1)
            losses = 1.6 + 3 * np.exp(-numbers / (lines / 8)) + rng.normal(0, 0.12, numbers.size)
            file.writelines(
                f"{number},{loss:.6f},{number / 2000:.4f}\n"
                for number, loss in zip(numbers.tolist(), losses.tolist(), strict=True)
            )


def run(command: list[str]) -> Cost | None:
    """Run a process and measure it; None where it fails or takes too long."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    words = process.stderr.read().decode(errors="replace") if process.stderr else ""
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or seconds > TIMEOUT_S:
        print("   ", words.strip().splitlines()[-1:] or status)
        return None
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def has(python: str, modules: str) -> bool:
    """Whether a Python has the modules."""
    return subprocess.run([python, "-c", f"import {modules}"], capture_output=True, check=False).returncode == 0


def commands(log: Path, folder: Path, peers_python: str, size: tuple[int, int]) -> dict[str, list[str]]:
    """Each program's command line."""
    width, height = size
    ours = [sys.executable, "-c", _OURS, "graph", str(log), str(folder / "ours.png"), "-y", "loss"]
    found = {OURS: [*ours, "--size", f"{width}x{height}"]}
    for name, (modules, code) in PEERS.items():
        if has(peers_python, modules):
            found[name] = [peers_python, "-c", code, str(log), str(folder / "peer.png"), str(width), str(height)]
    return found


def compare(programs: dict[str, list[str]], rounds: int) -> dict[str, Cost]:
    """Run all programs in turn, `rounds` times; the best of each."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for name, command in programs.items():
            cost = run(command)
            if cost is not None and (name not in best or cost.seconds < best[name].seconds):
                best[name] = cost
    return best


def show(title: str, costs: dict[str, Cost]) -> None:
    """Print a table."""
    print(f"\n{title}")
    for name, cost in sorted(costs.items(), key=lambda one: one[1].seconds):
        print(
            f"  {name:<20} {cost.seconds:8.2f} s   {cost.processor_seconds:8.2f} s of processors   {cost.mib:7.0f} MiB"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default=",".join(map(str, LINES)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--no-square", action="store_true", help="leave the picture of 16383 x 16383 out")
    arguments = parser.parse_args()
    facts: dict[str, object] = {"share_of_fastest_peer_500k": None}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.csv"
        for lines in (int(text) for text in arguments.lines.split(",")):
            write_log(log, lines)
            programs = commands(log, folder, arguments.peers, (WIDTH, HEIGHT))
            costs = compare(programs, 1 if lines >= ONE_ROUND_FROM else arguments.rounds)
            show(f"{lines:,} lines ({log.stat().st_size / 1e6:.1f} MB) to {WIDTH} x {HEIGHT} PNG", costs)
            peers = [cost.seconds for one, cost in costs.items() if one != OURS]
            facts[f"seconds_{lines}"] = round(costs[OURS].seconds, 3)
            if peers:
                share = costs[OURS].seconds / min(peers)
                facts["share_of_fastest_peer_500k" if lines == 500_000 else f"share_of_fastest_peer_{lines}"] = round(
                    share, 4
                )
        if not arguments.no_square:
            write_log(log, 1_000_000)
            ours = {OURS: commands(log, folder, arguments.peers, (WIDTH, WIDTH))[OURS]}
            cost = compare(ours, arguments.rounds)[OURS]
            show(f"1,000,000 lines to {WIDTH} x {WIDTH} PNG", {OURS: cost})
            facts |= {"square_seconds": round(cost.seconds, 3), "square_mib": round(cost.mib)}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
