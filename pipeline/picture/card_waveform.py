"""A whole recording at a glance: upright bars from its quietest to its loudest stretch.

This module owns the bars. It does not know scenes or files; samples come as an array.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pipeline.picture.card_elements import Setting
from pipeline.picture.card_facts import FilledElement
from pipeline.picture.card_template import WaveformElement
from pipeline.picture.marks import BoxMark, Drawing, Mark

_PITCH = 0.0085
"""From bar to bar, in modules."""
_BAR_SHARE = 0.56


def levels(samples: npt.NDArray[np.float32], count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Peak and root mean square of `count` equal stretches of `samples`, both shape (count,), 0..1."""
    if samples.size == 0:
        return np.zeros(count, np.float32), np.zeros(count, np.float32)
    edges = np.linspace(0, samples.size, count + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], samples.size - 1)
    lengths = np.maximum(np.diff(edges), 1)
    squares = np.add.reduceat(samples.astype(np.float64) ** 2, starts) / lengths
    peaks = np.maximum.reduceat(np.abs(samples), starts)
    return np.minimum(peaks, 1.0).astype(np.float32), np.minimum(np.sqrt(squares), 1.0).astype(np.float32)


def compose_waveform(
    filled: FilledElement, samples: npt.NDArray[np.float32], setting: Setting, width_px: float, height_px: float
) -> Drawing:
    """Draw the recording: pale bars up to the peaks, full ones up to the root mean square."""
    element = filled.element
    if not isinstance(element, WaveformElement) or samples.size == 0 or not math.isfinite(height_px):
        return Drawing(width_px, 0.0)
    count = max(8, round(width_px / (_PITCH * setting.module_px)))
    pitch = width_px / count
    bar = max(1.0, _BAR_SHARE * pitch)
    peaks, body = levels(samples, count)
    loudest = max(float(peaks.max()), 1e-3)
    colour = setting.colour(element.colour)
    middle = height_px / 2
    marks: list[Mark] = []
    for index in range(count):
        left = index * pitch + (pitch - bar) / 2
        for level, opacity in ((float(peaks[index]), 0.38), (float(body[index]), 1.0)):
            half = max(bar / 2, level / loudest * height_px / 2)
            edges = (left, middle - half, left + bar, middle + half)
            marks.append(BoxMark(edges, colour, opacity=opacity, radius_px=bar / 2))
    return Drawing(width_px, height_px, tuple(marks))
