"""Scenes made of sines and noise, for tests and benchmarks."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.picture.language import Language
from pipeline.picture.panels.layout import SceneLayout, load_layout
from pipeline.picture.panels.scene import Scene
from pipeline.picture.panels.scene_data import CaptionSpan, LossHistory, SceneData, SceneSound
from pipeline.picture.theme.theme import load_theme

RATE_HZ = 11025
BITS = math.log(2)


def vowel(seconds: float, pitch_hz: float = 140.0, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A steady vowel: harmonics under two formants."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    sound = np.zeros(time_s.size)
    for number in range(1, int(4000 / pitch_hz)):
        frequency_hz = number * pitch_hz
        size = math.exp(-(((frequency_hz - 600) / 350) ** 2)) + 0.5 * math.exp(-(((frequency_hz - 1700) / 400) ** 2))
        sound += size * np.sin(2 * np.pi * frequency_hz * time_s + number)
    return (0.8 * sound / np.abs(sound).max()).astype(np.float32)


def noise(seconds: float, seed: int = 0, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, int(seconds * rate_hz)).astype(np.float32)


def history(iterations: int, label: str = "", floor_bits: float = 3.0, seed: int = 1) -> LossHistory:
    """Losses that decay as losses do, with noise and a spike."""
    random = np.random.default_rng(seed)
    steps = np.arange(1, iterations + 1)
    mean = floor_bits + (8 - floor_bits) * np.exp(-steps / (0.06 * iterations))
    every = max(1, iterations // 16)
    checkpoints = np.concatenate([[0], np.arange(every, iterations + 1, every)])
    checked = floor_bits + 0.1 + (7.9 - floor_bits) * np.exp(-checkpoints / (0.06 * iterations))
    losses = mean + random.normal(0, 0.15, iterations)
    losses[iterations // 2] += 1.5
    return LossHistory(steps, losses * BITS, steps / (iterations / 5), steps * 0.05, checkpoints, checked * BITS, label)


def scene_data(width: int = 320, height: int = 180, **changes: object) -> SceneData:
    """A scene of 12 s: a recording, noise, half noise, a vowel."""
    rate = changes.pop("frame_rate", Fraction(30))
    assert isinstance(rate, Fraction)
    start = 40
    edges = [start + int(second * rate) for second in (0, 3, 5, 8, 12)]
    takes = [(0, noise(2)), (400, noise(3, 1) * 0.4 + vowel(3) * 0.5), (3000, vowel(4))]
    sounds = [SceneSound(edges[0], edges[1], vowel(3, 120.0), RATE_HZ, "recording", "the recording", "recording")]
    sounds += [
        SceneSound(first, last, samples, RATE_HZ, "take", f"iteration {iteration:,}", f"{iteration:,}", iteration)
        for first, last, (iteration, samples) in zip(edges[1:], edges[2:], takes, strict=False)
    ]
    frames = np.arange(edges[-1] - start + 1)
    iterations = np.interp(frames, [edge - start for edge in edges], [0, 0, 400, 3000, 4000])
    values: dict[str, object] = {
        "start_frame": start,
        "end_frame": edges[-1],
        "frame_rate": rate,
        "width": width,
        "height": height,
        "sounds": tuple(sounds),
        "history": history(4000, "Second try"),
        "iteration": iterations,
        "others": (history(2500, "First try", 3.6, 2),),
        "captions": (CaptionSpan("It found out how loud a voice is", edges[2], edges[4]),),
        "section_title": "Second try: three layers",
        "section_number": 1,
        "section_count": 3,
    }
    return SceneData(**(values | changes))  # type: ignore[arg-type]


def scene(
    data: SceneData | None = None,
    theme: str = "midnight",
    layout: SceneLayout | str = "landscape",
    language: Language | None = None,
) -> Scene:
    chosen = load_layout(layout) if isinstance(layout, str) else layout
    return Scene(data or scene_data(), load_theme(theme), chosen, language=language)


def layout_of(*panels: dict[str, object], playhead: float = 0.5, scale: float = 1.0) -> SceneLayout:
    """A layout of a few panels; places that are not given fill the frame, or what is safe of it."""
    whole = {"left": 0.0, "top": 0.0, "width": 1.0, "height": 1.0}
    safe = {"left": 0.05, "top": 0.05, "width": 0.9, "height": 0.9}
    texts = {"counters", "caption", "title", "speed", "lyrics", "text"}
    placed = [(safe if panel["kind"] in texts else whole) | panel for panel in panels]
    return SceneLayout.model_validate({"name": "test", "playhead": playhead, "scale": scale, "panel": placed})


def frame_of(drawn: Scene, data: SceneData, frame: int) -> NDArray[np.uint8]:
    """Draw a frame into a buffer full of something else."""
    out = np.full((data.height * 3 // 2, data.width), 77, dtype=np.uint8)
    drawn.draw(frame, out)
    return out


def rgb_of(buffer: NDArray[np.uint8], data: SceneData) -> NDArray[np.uint8]:
    return rgb_from_planes(planes_of(buffer, data.width, data.height))
