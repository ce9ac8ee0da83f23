"""The studio: how quickly frames come, changes show and large trainings open, and what it costs a training.

    python -m tests.benchmarks.studio [--only scrub play changes opens training] [--folder FOLDER] [--rounds 3]

The film has three sections of eight takes at 1080p60; it is served by the command itself, and asked over HTTP as its
page asks. "scrub" jumps anywhere in it at half the size, one frame after the other; "play" asks for a quarter of the
size ahead of a clock, as the page does ahead of the sound, and counts what comes in time. "changes" is from the change
to the new frame. "opens" is a run of 1,000,000 iterations with 2,000 takes (making it takes minutes, once for each
FOLDER). "training" is how many iterations a second one training makes while a page follows it and while none does, in
turns of 8 s, beside how much these differ without a page, and the server's processor time beside the training's.
Beside wall time stands the server's processor time (Linux), on which other work falls less. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import psutil
import soundfile

from tests.end_to_end.productions import ROOT, voice_like

SECTION = """
[[section]]
title = "Section {number}"
recordings = ["voice-{number}.wav"]
corpus = {{ sample_rate_hz = 8000 }}
network = {{ kind = "lstm", layers = 1, neurons = 32, embedding = 8 }}
training = {{ recipe = "torch-rnn", iterations = 2000, checkpoint_every = 200, batch = 8, sequence = 32 }}
sampling = {{ seed = 3 }}
storyboard = {{ takes = 8, seconds = 30 }}
"""
CUT = '[[cut]]\nname = "short"\nseconds = 20\n'
TRAINED = """title = "Trained"
[[section]]
title = "One"
recordings = ["voice-1.wav"]
network = { kind = "lstm", layers = 2, neurons = 128, embedding = 32 }
training = { recipe = "torch-rnn", iterations = 200000, checkpoint_every = 100 }
"""
LARGE_RUN = """title = "Large"
[[section]]
title = "A run"
storyboard = { takes = 2000, seconds = 1800 }
run = { log = "log.csv", takes = "takes/take-{iteration}.wav" }
"""
ITERATIONS, TAKES = 1_000_000, 2_000
RATE_HZ = 8000


def command(*arguments: str | Path) -> list[str]:
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.start import main; main()"
    return [sys.executable, "-c", program, str(ROOT), *map(str, arguments)]


def build(until: str, file: Path, *more: str) -> None:
    out = ["-o", str(file.parent / "out" / file.stem)]
    subprocess.run(command(until, file, *out, *more), check=True, capture_output=True)


@dataclass
class Served:
    """A studio in a process of its own, and a client that has opened its page."""

    file: Path
    client: httpx.Client = field(init=False)

    def start(self) -> None:
        out = self.file.parent / "out" / self.file.stem
        self._process = subprocess.Popen(
            command("studio", self.file, "--no-open", "-o", out), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        link = self._process.stdout.readline().strip()
        base = link.partition("/?")[0]
        self.client = httpx.Client(base_url=base, headers={"origin": base}, timeout=120)
        self.client.get(link).raise_for_status()

    def stop(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(30)

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self.client.get(path, params=asked).raise_for_status()

    def post(self, path: str, **values: Any) -> Any:
        seen = self.get("/api/state").json()["revision"]
        return self.client.post(path, json={"seen": seen, **values}).raise_for_status().json()

    def processor_s(self) -> float:
        """What the server itself has used, without the builds that it has started."""
        values = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")

    def wait_until_idle(self) -> None:
        """Until it uses hardly any processor time: all clips are ready then."""
        before, quiet = self.processor_s(), 0
        while quiet < 4:
            time.sleep(0.5)
            now = self.processor_s()
            quiet, before = (quiet + 1 if now - before < 0.05 else 0), now

    @property
    def link(self) -> httpx.URL:
        return self.client.base_url


@contextmanager
def served(file: Path) -> Iterator[Served]:
    found = Served(file)
    found.start()
    try:
        yield found
    finally:
        found.stop()


@dataclass
class Meter:
    """Wall time, and the server's processor time."""

    server: Served

    def __enter__(self) -> Self:
        self._wall, self._processor = time.perf_counter(), self.server.processor_s()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.perf_counter() - self._wall
        self.processor_s = self.server.processor_s() - self._processor


def make_film(folder: Path) -> Path:
    file = folder / "film" / "film.toml"
    if not (file.parent / "out").is_dir():
        file.parent.mkdir(parents=True, exist_ok=True)
        for number in (1, 2, 3):
            voice = voice_like(30, 16000, pitch_hz=90 + 30 * number, seed=number)
            soundfile.write(file.parent / f"voice-{number}.wav", voice, 16000)
        sections = "".join(SECTION.format(number=number) for number in (1, 2, 3))
        file.write_text(f'title = "Film"\n[video]\ngraphs = false\n{sections}{CUT}', encoding="utf-8")
        build("storyboard", file)
    return file


def scrub(folder: Path, rounds: int) -> dict[str, float]:
    """Jumps anywhere: at once after opening, and when all clips are ready."""
    found: dict[str, float] = {}
    with served(make_film(folder)) as server:
        story = server.get("/api/story").json()
        rng = random.Random(0)
        for name, count in (("first", 40), ("ready", 50 * rounds)):
            if name == "ready":
                server.wait_until_idle()
            waits = []
            with Meter(server) as meter:
                for _ in range(count):
                    began = time.perf_counter()
                    number = rng.randrange(story["total"])
                    server.get("/api/frame", n=number, by=2, stamp=story["stamp"])
                    waits.append(time.perf_counter() - began)
            found |= {
                f"scrub_{name}_per_s": count / meter.wall_s,
                f"scrub_{name}_processor_ms": 1e3 * meter.processor_s / count,
                f"scrub_{name}_longest_ms": 1e3 * max(waits),
                f"scrub_{name}_median_ms": 1e3 * statistics.median(waits),
            }
    return found


def play(folder: Path, rounds: int) -> dict[str, float]:
    """Ten seconds of a scene for each round, ahead of a clock; and as quickly as it goes."""
    with served(make_film(folder)) as server:
        story = server.get("/api/story").json()
        scene = next(clip for clip in story["clips"] if clip["kind"] == "scene")
        step = max(1, round(story["frame_rate"] / 30))
        server.get("/api/frame", n=scene["start"], by=4, stamp=story["stamp"])
        server.wait_until_idle()
        shown = due = 0
        with Meter(server) as meter:
            for number in range(rounds):
                first = scene["start"] + 200 * number
                late, count = _played(server, story, first, step, seconds=10)
                shown, due = shown + count - late, due + count
        with Meter(server) as quick:
            list(_frames(server, story["stamp"], scene["start"], step=1, count=120))
    return {
        "play_frames_per_s": shown / (10 * rounds),
        "play_in_time_share": shown / due,
        "play_processor_share": meter.processor_s / meter.wall_s,
        "play_possible_per_s": 120 / quick.wall_s,
        "play_processor_ms": 1e3 * quick.processor_s / 120,
    }


def _played(server: Served, story: dict[str, Any], first: int, step: int, *, seconds: int) -> tuple[int, int]:
    """How many frames came after they were due, and how many there were."""
    rate = story["frame_rate"]
    began, late, count = time.perf_counter() + 0.15, 0, 0
    for batch in range(first, first + int(seconds * rate), int(rate)):
        while (batch - first) / rate > time.perf_counter() - began + 1.0:
            time.sleep(0.02)
        for number in _frames(server, story["stamp"], batch, step=step, count=int(rate) // step):
            count += 1
            late += time.perf_counter() - began > (number + step - first) / rate
    return late, count


def _frames(server: Served, stamp: str, first: int, *, step: int, count: int) -> Iterator[int]:
    asked = {"n": first, "by": 4, "step": step, "count": count, "stamp": stamp}
    held = b""
    with server.client.stream("GET", "/api/frames", params=asked) as answer:
        for chunk in answer.iter_raw():
            held += chunk
            while len(held) >= 8:
                number, length = struct.unpack_from("<II", held)
                if len(held) < 8 + length:
                    break
                held = held[8 + length :]
                yield number


def changes(folder: Path, rounds: int) -> dict[str, float]:
    """From a change to the new frame, on a scene and on a card, beginning when all clips are ready."""
    found: dict[str, float] = {}
    with served(make_film(folder)) as server:
        story = server.get("/api/story").json()
        sounds = [sound for clip in story["clips"] for sound in clip.get("sounds", ()) if sound["kind"] == "take"]
        places = {"scene": sounds[3]["start"] + 30, "card": story["clips"][1]["start"] + 100}
        take = {"section": 0, "iteration": sounds[3]["iteration"]}
        kinds: dict[str, tuple[str, Callable[[int], dict[str, Any]], str]] = {
            "theme": ("/api/edit", lambda n: _set(["video", "theme"], ("paper", "midnight")[n % 2]), ""),
            "layout": ("/api/edit", lambda n: _set(["video", "layout"], ("four-graphs", "landscape")[n % 2]), ""),
            "title": ("/api/edit", lambda n: _set(["section", 0, "title"], f"Title {n}"), ""),
            "caption": ("/api/story", lambda n: {"kind": "caption", "text": f"Words {n}", **take}, ""),
            "cut": ("/api/edit", lambda n: _set(["cut", 0, "seconds"], 20 + n % 2), "short"),
        }
        for kind, (path, values, cut) in kinds.items():
            for place, number in places.items() if not cut else (("scene", 600),):
                server.get("/api/story", cut=cut)
                server.get("/api/frame", n=number, by=2, cut=cut)
                walls, processors = [], []
                for n in range(2 * rounds):
                    server.wait_until_idle()
                    with Meter(server) as meter:
                        server.post(path, **values(n))
                        after = server.get("/api/story", cut=cut).json()
                        server.get("/api/frame", n=number, by=2, stamp=after["stamp"], cut=cut)
                    walls.append(meter.wall_s)
                    processors.append(meter.processor_s)
                found |= {
                    f"{kind}_{place}_s": statistics.median(walls),
                    f"{kind}_{place}_processor_s": statistics.median(processors),
                }
    return found


def _set(path: list[Any], value: Any) -> dict[str, Any]:
    return {"edits": [{"path": path, "value": value}], "words": "a change"}


def make_large(folder: Path) -> Path:
    file = folder / "large" / "large.toml"
    if not (file.parent / "out").is_dir():
        (file.parent / "takes").mkdir(parents=True, exist_ok=True)
        at = np.arange(1, ITERATIONS + 1)
        loss = 1.2 + 3 * np.exp(-at / 2e5) + 0.05 * np.random.default_rng(0).standard_normal(at.size)
        with (file.parent / "log.csv").open("w") as log:
            log.write("iteration,loss\n")
            log.writelines(f"{n},{value:.5f}\n" for n, value in zip(at, loss, strict=True))
        voice = voice_like(0.5, RATE_HZ)
        for number in range(1, TAKES + 1):
            iteration = number * ITERATIONS // TAKES
            soundfile.write(file.parent / "takes" / f"take-{iteration}.wav", np.roll(voice, 7 * number), RATE_HZ)
        file.write_text(LARGE_RUN, encoding="utf-8")
        build("sample", file)
    return file


def opens(folder: Path, rounds: int) -> dict[str, float]:
    """The first look at a large run in a new process, and its graph scrolled."""
    names = ("opens_takes_s", "opens_curves_s", "opens_processor_s", "opens_scroll_processor_ms")
    file, found = make_large(folder), {name: list[float]() for name in names}
    scrolled: list[float] = []
    for _ in range(rounds):
        with served(file) as server:
            server.wait_until_idle()
            with Meter(server) as meter:
                began = time.perf_counter()
                server.get("/api/curves", section=0, columns=1200)
                found["opens_curves_s"].append(time.perf_counter() - began)
                listed = server.get("/api/takes").json()["sections"][0]["takes"]
                found["opens_takes_s"].append(time.perf_counter() - began)
            assert len(listed) == TAKES
            found["opens_processor_s"].append(meter.processor_s)
            with Meter(server) as meter:
                for first in range(0, 900_000, 30_000):
                    began = time.perf_counter()
                    server.get("/api/curves", section=0, columns=1200, first=first, last=first + 50_000)
                    scrolled.append(time.perf_counter() - began)
            found["opens_scroll_processor_ms"].append(1e3 * meter.processor_s / 30)
    return {name: statistics.median(values) for name, values in found.items()} | {
        "opens_scroll_ms": 1e3 * statistics.median(scrolled)
    }


def training(folder: Path, rounds: int) -> dict[str, float]:
    """One training, followed by a page and left alone in turns: how quickly it goes, and whose processor time it is."""
    file = folder / "trained" / "trained.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file.parent / "voice-1.wav", voice_like(60, 16000), 16000)
    file.write_text(TRAINED, encoding="utf-8")
    out = file.parent / "out" / file.stem
    shutil.rmtree(out, ignore_errors=True)
    speeds: dict[str, list[float]] = {"alone": [], "followed": []}
    server_s: dict[str, float] = dict.fromkeys(speeds, 0.0)
    trained_s = 0.0
    with subprocess.Popen(command("train", file, "-o", out), stdout=subprocess.PIPE) as process:
        try:
            log = _begun_log(out, process)
            with served(file) as server:
                for number in range(2 * rounds + 1):
                    name = ("alone", "followed")[number % 2]
                    with _following(server) if name == "followed" else nullcontext():
                        time.sleep(_SETTLES_S)
                        first, before_s = _last_row(log), _processor_s(process.pid)
                        with Meter(server) as meter:
                            time.sleep(_WINDOW_S)
                        last = _last_row(log)
                        trained_s += (_processor_s(process.pid) - before_s) * (name == "followed")
                    speeds[name].append((last[0] - first[0]) / (last[1] - first[1]))
                    server_s[name] += meter.processor_s
        finally:
            process.send_signal(signal.SIGINT)
    alone, followed = (statistics.median(values) for values in speeds.values())
    return {
        "training_alone_per_s": alone,
        "training_followed_per_s": followed,
        "training_cost_share": 1 - followed / alone,
        "training_spread_share": (max(speeds["alone"]) - min(speeds["alone"])) / alone,
        "training_server_share_of_its_processor_s": server_s["followed"] / trained_s,
        "training_server_share_of_a_core": server_s["followed"] / (_WINDOW_S * rounds),
        "training_server_alone_share_of_a_core": server_s["alone"] / (_WINDOW_S * (rounds + 1)),
    }


_SETTLES_S, _WINDOW_S = 2.0, 8.0


def _begun_log(out: Path, process: subprocess.Popen[bytes]) -> Path:
    """The training's log, once some of it is there."""
    while process.poll() is None:
        for log in (out / "work" / "train").glob("*/loss.csv"):
            if len(log.read_bytes().splitlines()) > 100:
                return log
        time.sleep(0.2)
    raise RuntimeError("the training has ended")


def _last_row(log: Path) -> tuple[int, float]:
    """The iteration that was written last, and its time in seconds."""
    cells = log.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2].split(b",")
    return int(cells[0]), float(cells[2])


def _processor_s(process: int) -> float:
    """What a process and its own processes have used."""
    found = psutil.Process(process)
    return sum(sum(one.cpu_times()[:2]) for one in (found, *found.children(recursive=True)))


@contextmanager
def _following(server: Served) -> Iterator[None]:
    """What the page that shows a build asks, as long as it lasts."""
    ends = threading.Event()

    def follow() -> None:
        logs: list[int] = []
        with (
            httpx.Client(base_url=server.link, headers=server.client.headers, cookies=server.client.cookies) as client,
            client.stream("GET", "/api/live", timeout=60) as answer,
        ):
            for line in answer.iter_lines():
                if ends.is_set():
                    return
                if line.startswith("data: "):
                    state = json.loads(line.removeprefix("data: "))
                    now = [section["log"] for section in state["sections"]]
                    for number in range(len(now)):
                        if now != logs:
                            client.get("/api/curves", params={"section": number, "columns": 600}, timeout=60)
                    logs = now

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    yield
    ends.set()
    thread.join(15)


PARTS = {"scrub": scrub, "play": play, "changes": changes, "opens": opens, "training": training}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--folder", type=Path, help="where films are made and kept; by default they are dropped")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as aside:
        found: dict[str, float] = {}
        for name in asked.only:
            part = PARTS[name](asked.folder or Path(aside), asked.rounds)
            for key, value in part.items():
                print(f"{key:40s} {value:10.3f}")
            found |= part
    print(json.dumps({key: round(value, 4) for key, value in found.items()}))


if __name__ == "__main__":
    main()
