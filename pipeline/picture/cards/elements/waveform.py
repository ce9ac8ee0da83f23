"""A whole recording at a glance: upright bars from its quietest to its loudest part.

This module owns the bars. It does not know scenes or files; loudness comes measured.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting, natural_px
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark
from pipeline.picture.theme.looks import AnyColour

_PITCH = 0.0085
"""From bar to bar, in modules."""
_BAR_SHARE = 0.56
_NATURAL_MODULES, _NATURAL_ASPECT = 0.12, 0.5
"""How high it would like to be."""


class WaveformElement(CardElement):
    """The section's recording as an envelope."""

    reads: ClassVar[frozenset[str]] = frozenset({"recording"})

    kind: Literal["waveform"]
    colour: AnyColour = "upcoming"
    """Of the sound."""

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Draw the recording: pale bars up to the peaks, full ones up to the root mean square."""
        recording = content.facts.recording
        if recording.peaks.size == 0:
            return Drawing(width_px, 0.0)
        if not math.isfinite(height_px):
            return Drawing(width_px, natural_px(setting, width_px, _NATURAL_MODULES, _NATURAL_ASPECT))
        count = max(8, round(width_px / (_PITCH * setting.module_px)))
        pitch = width_px / count
        bar = max(1.0, _BAR_SHARE * pitch)
        peaks, body = recording.levels(count)
        loudest = max(float(peaks.max()), 1e-3)
        colour = setting.colour(self.colour)
        middle = height_px / 2
        marks: list[Mark] = []
        for index in range(count):
            left = index * pitch + (pitch - bar) / 2
            for level, opacity in ((float(peaks[index]), 0.38), (float(body[index]), 1.0)):
                half = max(bar / 2, level / loudest * height_px / 2)
                edges = (left, middle - half, left + bar, middle + half)
                marks.append(BoxMark(edges, colour, opacity=opacity, radius_px=bar / 2))
        return Drawing(width_px, height_px, tuple(marks))
