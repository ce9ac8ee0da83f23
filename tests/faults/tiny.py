"""The smallest production that goes through every stage, built in this process or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import soundfile

from pipeline.build.stage_order import build
from pipeline.production.schema import load_production
from pipeline.runtime.progress.reporter import Silence
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.end_to_end.productions import voice_like

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.start import main; main()"
STAGES = ("prepare", "train", "sample", "storyboard", "cards", "render", "compose")

_FILM = """
title = "Small"
[video]
width = 160
height = 90
frame_rate = 10
title_seconds = 0.5
comparison_seconds = 0.5
credits_seconds = 0.5
graphs = false
"""
_SECTION = """
[[section]]
title = "{title}"
recordings = ["voice-{number}.wav"]
corpus = {{ sample_rate_hz = 4000 }}
network = {{ kind = "lstm", layers = 1, neurons = 8, embedding = 4 }}
sampling = {{ temperature = 0.9, seed = 3 }}
[section.training]
recipe = "torch-rnn"
iterations = {iterations}
checkpoint_every = {every}
batch = 8
sequence = 32
clock = "none"
[section.storyboard]
takes = 2
seconds = 1.8
card_seconds = 0.5
recording_seconds = 0.5
"""


def make_small(folder: Path, sections: int = 1, iterations: int = 40) -> Path:
    """Write a production and its recordings; return the production file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = _FILM
    for number in range(1, sections + 1):
        text += _SECTION.format(
            title=["One", "two"][number - 1], number=number, iterations=iterations, every=iterations // 4
        )
        soundfile.write(folder / f"voice-{number}.wav", voice_like(5.5, 8000, seed=number), 8000)
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return folder / "small.toml"


@dataclass(frozen=True)
class Listener(Silence):
    """Keeps the warnings."""

    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def build_here(production: Path, output: Path, until: str = "compose", jobs: int = 1) -> list[str]:
    """Build in this process; return the warnings."""
    listener = Listener()
    store = Store(output / "work", warn=listener.warn)
    store.sweep()
    build(load_production(production), Workplace(store, output, report=listener, jobs=jobs), until)
    return listener.warnings


def start(production: str | Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ROOT), *arguments, str(production)],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip


def run(
    production: str | Path, *arguments: str, cwd: Path, timeout_s: float = 200, **environment: str
) -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it said."""
    process = start(production, *arguments, cwd=cwd, **environment)
    try:
        said, _ = process.communicate(timeout=timeout_s)
    finally:
        kill_session(process.pid)
    return process.returncode, said


def members(session: int) -> dict[int, str]:
    """Processes of a session that still run, by number, with their names; zombies left out."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text().rpartition(")")
        except OSError:
            continue
        fields = tail.split()
        if int(fields[3]) == session and fields[0] != "Z":
            found[int(stat.parent.name)] = head.partition("(")[2]
    return found


def kill_session(session: int) -> None:
    """End all that is left of a session."""
    for number in members(session):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def left_running(session: int, seconds: float = 15.0) -> dict[int, str]:
    """Wait until nobody of a session runs; return who still does."""
    end = time.monotonic() + seconds
    while (left := members(session)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def log_since_start(output: Path) -> list[str]:
    """Lines of the last build in the log."""
    try:
        lines = (output / "work" / "build.log").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    begins = [number for number, line in enumerate(lines) if "build begins" in line]
    return lines[begins[-1] :] if begins else []


def stage_at_work(output: Path) -> str:
    """The stage that has begun last in the last build; nothing where none has."""
    for line in reversed(log_since_start(output)):
        words = line.split(" ", 1)[-1].partition(":")[0]
        if words in STAGES:
            return words
    return ""


def results(output: Path) -> Mapping[str, Mapping[str, str]]:
    """Hashes of the files of every stage's latest results and of what was delivered, by the piece's name."""
    found: dict[str, Mapping[str, str]] = {}
    for name in sorted((output / "work").glob("*/names/*.json")):
        key = json.loads(name.read_text(encoding="utf-8"))["key"]
        folder = name.parents[1] / key
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
        hashes = {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}
        found[f"{name.parents[1].name}/{name.stem}/{key}"] = hashes
    delivered = sorted(path for path in output.iterdir() if path.is_file())
    found["delivered"] = {path.name: sha256(path.read_bytes()).hexdigest() for path in delivered}
    return found


def half_published(output: Path) -> list[str]:
    """Results that are there without being whole: none, ever."""
    bad = []
    for folder in (output / "work").glob("*/" + "[0-9a-f]" * 24):
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            for name, expected in manifest["files"].items():
                if sha256((folder / name).read_bytes()).hexdigest() != expected:
                    bad.append(f"{folder.parent.name}/{folder.name}/{name}")
        except (OSError, ValueError, KeyError) as error:
            bad.append(f"{folder.parent.name}/{folder.name}: {error}")
    return bad
