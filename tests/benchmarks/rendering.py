"""What rendering costs: our frames drawn and encoded, beside the encoder alone and other programs.

    python -m tests.benchmarks.rendering [--seconds 5] [--rounds 3] [--only 1080p60] [--layout inside]
    python -m tests.benchmarks.rendering --ground clip|drift|turn [--seconds 5] [--rounds 3] [--layout landscape]

"Ours" is what the render stage does for a segment of so many seconds: the scene is built, drawn and encoded. "Encoder
alone" is the same ffmpeg with the same arguments, reading the very same frames from a file that was written before.
Beside the ratio of frames a second stands that of processor time, which other work on the machine falls on less.
MoviePy composites ready pictures of the scene's elements over a background (`bg_color` set), its quickest way.
corrscope (with its own encoder settings, ours then set alike) and seewav are measured where they are found on PATH.
Rounds of all are interleaved, and the quickest of each counts, so that other work on the machine falls on all alike.
With `--ground`, the scene is rendered as films are by default, in turns over a ground that stands still and over one
that moves; the clip is a made one, clouds that drift. The last line is JSON: the ratio of the quickest, of the least
processor time, and of each round or the median of those, which a machine whose speed changes falls on least.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the processes of the render stage have it

import numpy as np
import soundfile

from pipeline.ffmpeg.process import Process, ffmpeg_path, run
from pipeline.film.encoding.encoder import EncoderPlan, encode_frames, plan_encoder
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import probe
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.picture.drawing.moving_ground import (
    Backdrop,
    ClipGround,
    GradientGround,
    Loop,
    MovingGround,
    picture_rate,
)
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene, SequentialScene
from pipeline.picture.theme.looks import Ground
from pipeline.picture.theme.theme import Theme, load_theme
from pipeline.stages.shared.scenes.grounds import clip_pictures
from tests.benchmarks.drawing import full_data
from tests.picture.panels.made_scenes import scene as scene_of

FIRST_FRAME = 200  # panels have come, takes are heard
MOST_FRAMES = 550  # of the made scene
LAYOUTS = ("landscape", "inside", "four-graphs")
SIZES = {"1080p60": (1920, 1080), "2160p60": (3840, 2160)}


@dataclass
class Row:
    """One line of the table."""

    name: str
    frames: int
    wall_s: float = float("inf")
    processor_s: float = float("inf")
    size_bytes: int = 0
    walls_s: list[float] = field(default_factory=list)

    @property
    def fps(self) -> float:
        return self.frames / self.wall_s


def processor_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(row: Row, work: Callable[[], None], out: Path | None = None) -> None:
    began, spent = time.perf_counter(), processor_seconds()
    work()
    row.walls_s.append(time.perf_counter() - began)
    row.wall_s = min(row.walls_s)
    row.processor_s = min(row.processor_s, processor_seconds() - spent)
    if out is not None:
        row.size_bytes = out.stat().st_size


class Memory(threading.Thread):
    """Watches what this process and its children hold together, MiB (Linux); what they share counts once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mib = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.peak_mib = max(self.peak_mib, self._held_mib())

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.peak_mib

    @staticmethod
    def _held_mib() -> float:
        total_kib = 0
        parents = {os.getpid()}
        for status in sorted(Path("/proc").glob("[0-9]*/status"), key=lambda path: int(path.parent.name)):
            try:
                text = status.read_text()
            except OSError:
                continue
            pid, parent = int(status.parent.name), int(re.search(r"^PPid:\s*(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
            if pid in parents or parent in parents:
                parents.add(pid)
                try:
                    text = (status.parent / "smaps_rollup").read_text()
                except OSError:
                    continue
                held = re.search(r"^Pss:\s*(\d+)", text, re.MULTILINE)
                total_kib += int(held[1]) if held else 0
        return total_kib / 1024


def segment(size: str, seconds: float, **settings: object) -> tuple[EncoderPlan, int]:
    """How a segment of a layout is encoded, and its frames."""
    width, height = SIZES[size]
    values = {"width": width, "height": height, "frame_rate": 60, "preset": "veryfast", **settings}
    frames = min(MOST_FRAMES, int(seconds * 60))
    frames = frames if size == "1080p60" else frames // 2
    return plan_encoder(VideoSettings.model_validate(values)), frames


def ours_and_encoder_alone(
    size: str, seconds: float, rounds: int, folder: Path, layout: str = "landscape"
) -> tuple[Row, Row, dict[str, float]]:
    """Measure ours and the encoder alone; and what drawing and handing over cost by themselves, ms of a processor."""
    plan, frames = segment(size, seconds)
    data = full_data(*SIZES[size], layout)
    scene = scene_of(data, layout=layout)
    raw, out = folder / "frames.yuv", folder / "out.mp4"
    buffer = np.zeros(plan.frame_shape, dtype=np.uint8)
    parts = {"draw": float("inf"), "hand over": float("inf")}
    with raw.open("wb") as file:
        for frame in range(FIRST_FRAME, FIRST_FRAME + frames):
            scene.draw(frame, buffer)
            file.write(buffer.data)
    ours, alone = Row(f"ours, {layout}, {size}", frames), Row("encoder alone", frames)
    arguments = plan.arguments(plan.source(), frames, out)
    arguments[arguments.index("pipe:0")] = str(raw)
    for _ in range(rounds):
        measure(alone, lambda: _run(arguments), out)
        measure(ours, lambda: _ours(scene_of(data, layout=layout), plan, frames, out), out)
        drawn, began = SequentialScene(scene), time.thread_time()
        for frame in range(FIRST_FRAME, FIRST_FRAME + frames):
            drawn.draw(frame, buffer)
        parts["draw"] = min(parts["draw"], 1e3 * (time.thread_time() - began) / frames)
        parts["hand over"] = min(parts["hand over"], _hand_over_ms(plan, buffer, frames))
    raw.unlink()
    return ours, alone, parts


def ground_rows(kind: str, seconds: float, rounds: int, folder: Path, layout: str) -> None:
    """Render the same frames over a ground that stands still and over one that moves, in turns."""
    plan, frames = segment("1080p60", seconds, preset=None)
    data = full_data(*SIZES["1080p60"], layout)
    still, theme = scene_of(data, layout=layout), load_theme("midnight")
    rows = Row("still ground", frames), Row(f"moving ground: {kind}", frames)
    ground = _made_ground(kind, theme, folder)
    moving = Scene(data, theme, load_layout(layout), backdrop=Backdrop(ground, 0))
    ratios = []
    for _ in range(rounds):
        spent = []
        for row, scene in zip(rows, (still, moving), strict=True):
            began = time.perf_counter()
            measure(row, lambda scene=scene: _ours(scene, plan, frames, folder / "out.mp4"), folder / "out.mp4")
            spent.append(time.perf_counter() - began)
        ratios.append(spent[0] / spent[1])
    for row in rows:
        _print(row)
    quickest = rows[1].fps / rows[0].fps
    cost = rows[0].processor_s / rows[1].processor_s
    found = {f"ground_{kind}": round(quickest, 3), "processor": round(cost, 3)}
    print(json.dumps({**found, "each round": [round(ratio, 3) for ratio in ratios]}))


def _made_ground(kind: str, theme: Theme, folder: Path) -> MovingGround:
    size, rate = SIZES["1080p60"], Fraction(60)
    if kind != "clip":
        return GradientGround(Ground(gradient=("#120a22", "#24123f", "#7a2a5d"), angle=70, motion=kind), size, rate)
    made, pictures = folder / "made.mp4", folder / "pictures.yuv"
    clouds = "perlin=size=640x360:rate=30:octaves=5:xscale=3:yscale=3:tscale=0.3"
    source = ["-f", "lavfi", "-i", clouds, "-t", "6", "-pix_fmt", "yuv420p", str(made)]
    run(["-v", "error", "-y", *source], timeout_s=600)
    looks = Ground(file="made.mp4")
    rate = picture_rate(Fraction(60), looks.clip_pictures_per_s)
    count, insert = int(6 * rate), InsertSettings(file="made.mp4", fade_seconds=0)
    chain = FootageChain(probe(made), insert, size, rate, count, folder)
    with pictures.open("wb") as file:
        for picture in clip_pictures(chain, theme.model_copy(update={"ground": looks})):
            file.write(picture.data)
    return ClipGround(pictures, size, Loop(count, rate / 60))


def _ours(scene: Scene, plan: EncoderPlan, frames: int, out: Path) -> None:
    encode_frames(
        SequentialScene(scene).draw, start_frame=FIRST_FRAME, end_frame=FIRST_FRAME + frames, path=out, plan=plan
    )


def _run(arguments: list[str]) -> None:
    run(arguments, timeout_s=3600)


def _hand_over_ms(plan: EncoderPlan, buffer: np.ndarray, frames: int) -> float:
    arguments = plan.arguments(plan.source(), frames, Path("unused.mp4"))
    source = arguments[: arguments.index("pipe:0") + 1]
    with Process([*source, "-c", "copy", "-f", "null", "-"], writes=True) as process:
        began = time.thread_time()
        for _ in range(frames):
            process.write(buffer.data)
        return 1e3 * (time.thread_time() - began) / frames


STRIPS = ((168, 226), (394, 82), (528, 180), (755, 147))  # rows of waveform, spectrogram and both graphs: top, height
COUNTERS = (
    (1112, 72, 130, 74),
    (1270, 72, 130, 74),
    (1440, 72, 170, 74),
    (1650, 72, 180, 74),
)  # left, top, width, height
CAPTION = (480, 950, 960, 80)


def moviepy_row(seconds: float, rounds: int, folder: Path) -> Row:
    """Composite the scene with MoviePy, quickest way known: elements as ready pictures over a `bg_color`."""
    os.environ["FFMPEG_BINARY"] = str(ffmpeg_path())
    from moviepy import ColorClip, CompositeVideoClip, ImageClip, VideoClip, vfx

    _, frames = segment("1080p60", min(seconds, 3.0))
    scene = scene_of(full_data(*SIZES["1080p60"]))
    buffer = np.zeros((1620, 1920), dtype=np.uint8)
    scene.draw(FIRST_FRAME, buffer)
    picture = rgb_from_planes(planes_of(buffer, 1920, 1080))
    duration = frames / 60
    parts = [ImageClip(picture[40:160, 80:900]).with_position((80, 40))]
    for top, height in STRIPS:
        wide = np.tile(picture[top : top + height], (1, 2 + int(duration * 120 / 1920), 1))
        parts.append(ImageClip(wide).with_position(lambda t, y=top: (-round(120 * t), y)))
        parts.append(ColorClip((4, height), color=(240, 240, 255)).with_position((806, top)))
    for left, top, width, height in COUNTERS:
        shown = [np.roll(picture[top : top + height, left : left + width], shift, axis=1).copy() for shift in range(10)]
        counter = VideoClip(lambda t, shown=shown: shown[int(60 * t) % 10])
        parts.append(counter.with_position((left, top)))
    left, top, width, height = CAPTION
    caption = ImageClip(picture[top : top + height, left : left + width]).with_duration(duration)
    parts.append(caption.with_effects([vfx.CrossFadeIn(0.35), vfx.CrossFadeOut(0.35)]).with_position((left, top)))
    parts.append(ColorClip((1920, 6), color=(100, 160, 255)).with_position((0, 1074)))
    film = CompositeVideoClip(
        [part.with_duration(duration) for part in parts], size=(1920, 1080), bg_color=(10, 12, 24)
    )
    row, out = Row("MoviePy, the same scene, 1080p60", frames), folder / "moviepy.mp4"
    for _ in range(min(rounds, 2)):
        measure(
            row,
            lambda: film.write_videofile(str(out), fps=60, preset="veryfast", threads=2, logger=None, audio=False),
            out,
        )
    return row


def voice(folder: Path, seconds: float) -> Path:
    path = folder / "voice.wav"
    rng = np.random.default_rng(5)
    times = np.arange(int(seconds * 22050)) / 22050
    tone = np.sin(2 * np.pi * 140 * times + 3 * np.sin(2 * np.pi * 3 * times)) * (0.5 + 0.4 * np.sin(7 * times))
    soundfile.write(path, 0.5 * tone + 0.02 * rng.standard_normal(len(times)), 22050, subtype="PCM_16")
    return path


def peer(command: list[str], row: Row, rounds: int, folder: Path, out: Path) -> Row | None:
    """Measure another program by its whole run; its start is a small part of it."""
    for _ in range(min(rounds, 2)):
        try:
            measure(row, lambda: subprocess.run(command, check=True, capture_output=True, cwd=folder) and None, out)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{row.name}: could not be measured ({error})")
            return None
    return row


def corrscope_rows(seconds: float, rounds: int, folder: Path) -> tuple[Row, Row] | None:
    """Corrscope with one channel at 1080p60, and ours with its encoder settings (superfast, crf 18)."""
    if shutil.which("corr") is None:
        return None
    wav = voice(folder, seconds)
    subprocess.run(["corr", wav.name, "-w"], check=True, capture_output=True, cwd=folder)  # writes voice.yaml
    theirs = Row("corrscope, one channel, 1080p60", int(seconds * 60))
    found = peer(["corr", "voice.yaml", "-r", "corr.mp4"], theirs, rounds, folder, folder / "corr.mp4")
    if found is None:
        return None
    plan, frames = segment("1080p60", seconds)
    scene = scene_of(full_data(*SIZES["1080p60"]))
    ours, out = Row("ours, 1080p60, corrscope's encoder settings", frames), folder / "out.mp4"
    for _ in range(rounds):
        measure(ours, lambda: _ours(scene, replace(plan, preset="superfast", crf=18), frames, out), out)
    return ours, found


def seewav_rows(seconds: float, rounds: int, folder: Path) -> tuple[Row, Row] | None:
    """Seewav at 1080p60, and ours, both as they are without any setting."""
    if shutil.which("seewav") is None:
        return None
    plan, frames = segment("1080p60", seconds, preset=None)
    scene = scene_of(full_data(*SIZES["1080p60"]))
    ours, out = Row("ours, 1080p60, as it is", frames), folder / "out.mp4"
    for _ in range(rounds):
        measure(ours, lambda: _ours(scene, plan, frames, out), out)
    wav, short = voice(folder, seconds), min(seconds, 3.0)
    command = ["seewav", wav.name, "seewav.mp4", "-W", "1920", "-H", "1080", "-r", "60", "-d", str(short)]
    theirs = peer(command, Row("seewav, 1080p60", int(short * 60)), rounds, folder, folder / "seewav.mp4")
    return (ours, theirs) if theirs else None


def _print(row: Row | None) -> None:
    if row is not None:
        cost, kib = 1e3 * row.processor_s / row.frames, row.size_bytes / row.frames / 1024
        print(f"{row.name:46} {row.fps:7.1f} frames/s {cost:7.2f} ms/frame {kib:7.1f} KiB/frame", flush=True)


def _ratio(ours: Row, theirs: Row | None) -> float | None:
    return None if theirs is None else round(ours.fps / theirs.fps, 2)


def main() -> None:
    """Measure, print the table, and JSON last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layout", help="one that is made for 16:9; by default " + ", ".join(LAYOUTS))
    parser.add_argument("--ground", choices=["clip", "drift", "turn"], help="what a moving ground costs at 1080p60")
    parser.add_argument("--only", choices=[*SIZES, "peers"])
    options = parser.parse_args()
    if options.ground:
        with tempfile.TemporaryDirectory() as name:
            ground_rows(options.ground, options.seconds, options.rounds, Path(name), options.layout or LAYOUTS[0])
        return
    summary: dict[str, float | None] = {}
    memory = Memory()
    memory.start()
    first: Row | None = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layouts = [options.layout] if options.layout else LAYOUTS
        for size, layout in [*(("1080p60", one) for one in layouts), ("2160p60", layouts[0])]:
            if options.only not in (None, size):
                continue
            ours, alone, parts = ours_and_encoder_alone(size, options.seconds, options.rounds, folder, layout)
            _print(ours)
            _print(alone)
            print("    of ours, processor time: " + ", ".join(f"{k} {v:.2f} ms/frame" for k, v in parts.items()))
            summary[f"vs_encoder_{layout}_{size}"] = _ratio(ours, alone)
            cost = [row.processor_s / row.frames for row in (ours, alone)]
            summary[f"processor_vs_encoder_{layout}_{size}"] = round(cost[1] / cost[0], 2)
            rounds = [other / one for one, other in zip(ours.walls_s, alone.walls_s, strict=True)]
            summary[f"median_of_rounds_{layout}_{size}"] = round(median(rounds), 2)
            first = first or ours
            if layout == layouts[-1] and size == "1080p60":
                summary["peak_mib"] = round(memory.stop())
        if options.only in (None, "peers"):
            if first is None:
                first = ours_and_encoder_alone("1080p60", options.seconds, options.rounds, folder)[0]
            theirs = moviepy_row(options.seconds, options.rounds, folder)
            _print(theirs)
            summary["vs_moviepy"] = _ratio(first, theirs)
            pair = corrscope_rows(options.seconds, options.rounds, folder)
            for row in pair or ():
                _print(row)
            summary["vs_corrscope"] = _ratio(*pair) if pair else None
            pair = seewav_rows(options.seconds, options.rounds, folder)
            for row in pair or ():
                _print(row)
            summary["vs_seewav"] = _ratio(*pair) if pair else None
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
