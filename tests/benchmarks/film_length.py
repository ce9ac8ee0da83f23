"""What a film's length costs: memory and time for each frame, of rendering and composing, at 1080p.

    python -m tests.benchmarks.film_length [--minutes 3 30] [--frame-rate 10] [--folder FOLDER]

Each film tells one long section from ten minutes of 8-bit recording, with a network so small that nobody waits for it.
Memory is what this process and all its helpers hold together at most (Linux). The frame rate is low to make the run
short: segments are cut by time, so that memory does not depend on it. The last line is JSON: `memory_ratio` and
`time_per_frame_ratio` are the longest film's over the shortest's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.stage_order import STAGES, load_stage
from pipeline.production.schema import load_production
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.benchmarks.rendering import Memory, voice

RECORDING_S = 600.0
PRODUCTION = """
title = "Long"
[video]
width = 1920
height = 1080
frame_rate = {rate}
[[section]]
title = "One long section"
recordings = ["voice.wav"]
network = {{ layers = 1, neurons = 16, embedding = 8 }}
training = {{ iterations = {takes}, checkpoints = {takes} }}
storyboard = {{ takes = {takes}, seconds = {seconds}, recording_seconds = 10.0, emphasis = 1.0 }}
"""
WATCHED = ("render", "compose")


@dataclass(frozen=True)
class Cost:
    """Of rendering and composing one film."""

    minutes: float
    frames: int
    peak_mib: float
    seconds: float

    @property
    def ms_per_frame(self) -> float:
        """Wall time."""
        return 1e3 * self.seconds / self.frames


def build_film(folder: Path, minutes: float, rate: int, jobs: int) -> Cost:
    """Build a film of about so many minutes, and measure its last stages."""
    folder.mkdir(parents=True)
    voice(folder, RECORDING_S)
    takes = max(8, round(2 * minutes))
    words = PRODUCTION.format(rate=rate, takes=takes, seconds=60.0 * minutes - 27.0)
    (folder / "production.toml").write_text(words, encoding="utf-8")
    production = load_production(folder)
    place = Workplace(store=Store(folder / "work"), output=folder / "out", jobs=jobs)
    results = Results()
    for name in (stage for stage in STAGES if stage not in WATCHED):
        results = load_stage(name).run(production, results, place)
    memory, began = Memory(), time.perf_counter()
    memory.start()
    for name in WATCHED:
        results = load_stage(name).run(production, results, place)
    seconds, peak_mib = time.perf_counter() - began, memory.stop()
    assert results.film is not None
    return Cost(minutes, results.film.record.total_frames, peak_mib, seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[3.0, 30.0])
    parser.add_argument("--frame-rate", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        costs = [
            build_film(Path(folder) / str(number), minutes, chosen.frame_rate, chosen.jobs)
            for number, minutes in enumerate(sorted(chosen.minutes))
        ]
    print(f"{'minutes':>8} {'frames':>8} {'peak MiB':>9} {'ms/frame':>9}")
    for cost in costs:
        print(f"{cost.minutes:8.1f} {cost.frames:8,} {cost.peak_mib:9.0f} {cost.ms_per_frame:9.2f}")
    summary = {
        "memory_ratio": round(costs[-1].peak_mib / costs[0].peak_mib, 3),
        "time_per_frame_ratio": round(costs[-1].ms_per_frame / costs[0].ms_per_frame, 3),
        "peak_mib": {str(cost.minutes): round(cost.peak_mib) for cost in costs},
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
