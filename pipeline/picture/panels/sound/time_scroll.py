"""How sound scrolls: a constant, whole, even number of pixels a frame, so that luma and chroma move together exactly.

This module owns which column shows which sample. Columns are numbered over the whole film: the column at the playhead
in frame n is n times the pixels a frame, so the picture of a frame doesn't depend on where its scene begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.picture.panels.scene_data import SceneData, SceneSound


@dataclass(frozen=True)
class TimeScroll:
    """The law of one scrolling panel.

    Parameters
    ----------
    data
        The scene.
    pixels_per_frame
        Even.
    """

    data: SceneData
    pixels_per_frame: int

    def column_at(self, frame: int) -> int:
        """The column at whose left edge a frame begins."""
        return frame * self.pixels_per_frame

    def samples_per_column(self, sound: SceneSound) -> tuple[int, int]:
        """How many samples a column holds, as a fraction (numerator, denominator)."""
        rate = self.data.frame_rate
        top, bottom = sound.sample_rate_hz * rate.denominator, self.pixels_per_frame * rate.numerator
        common = math.gcd(top, bottom)
        return top // common, bottom // common

    def sounds_between(self, first: int, last: int) -> Iterator[tuple[SceneSound, int, int, int]]:
        """Yield what sounds in the columns first..last - 1: sound, its own first column, and the columns from, to."""
        for sound in self.data.sounds:
            begin, end = self.column_at(sound.start_frame), self.column_at(sound.end_frame)
            if begin < last and end > first:
                yield sound, begin, max(begin, first), min(end, last)


def pixels_per_frame(data: SceneData, room_px: int, look_ahead_s: float) -> int:
    """The fastest even speed at which `room_px` pixels right of the playhead still show `look_ahead_s` seconds.

    Never less than 2: in a picture too small for that, less of what is to come is seen.
    """
    fastest = room_px / (look_ahead_s * float(data.frame_rate))
    return max(2, int(fastest / 2 + 1e-9) * 2)
