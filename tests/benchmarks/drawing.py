"""What drawing a frame costs, without encoding: milliseconds of one processor, whole scenes and panel by panel.

    python -m tests.benchmarks.drawing [frames]

The last line is JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the processes of the render stage have it

import numpy as np

from pipeline.picture.drawing.planes import planes_of
from pipeline.picture.panels.scene import Scene, SequentialScene
from pipeline.picture.panels.scene_data import SceneData
from tests.picture.panels.made_networks import inside_data
from tests.picture.panels.made_scenes import history, scene, scene_data

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "2160p": (3840, 2160)}
WARM_UP_FRAMES = 30
LOG_LINES = (4_000, 1_000_000)


def full_data(width: int, height: int, layout: str = "landscape") -> SceneData:
    """What the full scene of a layout shows at 60 frames/s, as the demo has it."""
    made = inside_data if layout.startswith("inside") else scene_data
    return made(width, height, frame_rate=Fraction(60))


def full_scene(width: int, height: int, layout: str = "landscape") -> Scene:
    """The full scene of a layout at 60 frames/s, as the demo has it."""
    return scene(full_data(width, height, layout), layout=layout)


def logged_scene(iterations: int) -> Scene:
    """The same scene at 1080p with a training of so many iterations."""
    data = scene_data(*SIZES["1080p"], frame_rate=Fraction(60))
    position = data.iteration * (iterations / data.iteration[-1])
    long = history(iterations, "A long training")
    return scene(replace(data, history=long, iteration=position))


def drawing_ms(drawn: Scene, frames: int) -> tuple[float, float, dict[str, float]]:
    """The mean and the 99th percentile of a frame's cost, and the mean of each kind of panel, ms of processor time."""
    data: Any = drawn._data
    first = data.start_frame + 200  # panels have come, takes are heard
    out = np.zeros((data.height * 3 // 2, data.width), dtype=np.uint8)
    in_order = SequentialScene(drawn)  # as the render stage does it
    for frame in range(first, first + WARM_UP_FRAMES):
        in_order.draw(frame, out)
    costs = []
    for frame in range(first + WARM_UP_FRAMES, first + WARM_UP_FRAMES + frames):
        began = time.thread_time()
        in_order.draw(frame, out)
        costs.append(time.thread_time() - began)
    return 1e3 * float(np.mean(costs)), 1e3 * float(np.quantile(costs, 0.99)), panel_ms(drawn, first, min(frames, 60))


def panel_ms(drawn: Scene, first: int, frames: int) -> dict[str, float]:
    """The mean cost of each kind of panel, ms, tiles that are already painted not counted again."""
    data: Any = drawn._data
    out = np.zeros((data.height * 3 // 2, data.width), dtype=np.uint8)
    spent: dict[str, float] = defaultdict(float)
    planes = planes_of(out, data.width, data.height)
    for frame in range(first, first + frames):
        for panel in drawn.panels:
            began = time.thread_time()
            panel.draw(frame, planes)
            spent[type(panel).__name__] += time.thread_time() - began
    return {name: 1e3 * seconds / frames for name, seconds in spent.items()}


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    figures: dict[str, float] = {}
    print(f"{'size':>8} {'mean ms':>8} {'99% ms':>8}   panels, ms")
    for name, layout in [*((name, "landscape") for name in SIZES), ("1080p", "inside"), ("1080p", "four-graphs")]:
        mean, slow, panels = drawing_ms(full_scene(*SIZES[name], layout), frames)
        shown = ", ".join(f"{kind} {cost:.2f}" for kind, cost in panels.items() if cost >= 0.005)
        print(f"{name:>8} {mean:8.2f} {slow:8.2f}   {layout}: {shown}")
        figures[f"draw_ms_{layout}_{name}"] = round(mean, 3)
    short, long = (drawing_ms(logged_scene(count), frames)[0] for count in LOG_LINES)
    print(f"1080p with a log of {LOG_LINES[0]:,} iterations: {short:.2f} ms, of {LOG_LINES[1]:,}: {long:.2f} ms")
    figures["long_log_ratio"] = round(long / short, 3)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
