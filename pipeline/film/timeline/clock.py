"""The film's clock: whole video frames, and the audio samples at which they begin.

This module owns the one function that joins frames to samples. It does not know what is shown or heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipeline.runtime.wording.units import clock_text


@dataclass(frozen=True)
class Clock:
    """Counts video frames at an exact rate beside audio samples at a whole one.

    Parameters
    ----------
    frame_rate
        Frames a second, exact: `Fraction(60)`, `Fraction(30000, 1001)`.
    sample_rate_hz
        Audio samples a second.
    """

    frame_rate: Fraction
    sample_rate_hz: int

    def sample_at(self, frame: int) -> int:
        """Return the audio sample at which a frame begins: `round(frame * sample_rate_hz / frame_rate)`, halves up.

        A length in samples is always a difference of two boundaries, so nothing drifts.
        """
        numerator = frame * self.sample_rate_hz * self.frame_rate.denominator
        denominator = self.frame_rate.numerator
        return (2 * numerator + denominator) // (2 * denominator)

    def samples_between(self, start_frame: int, end_frame: int) -> int:
        """Return the number of audio samples from the start of one frame to the start of another."""
        return self.sample_at(end_frame) - self.sample_at(start_frame)

    def seconds_at(self, frame: int) -> Fraction:
        """Return the exact time, in seconds, at which a frame begins."""
        return frame / self.frame_rate

    def frames_within(self, seconds: float) -> int:
        """Return how many whole frames fit into a length; what is shown is never longer than what was asked for."""
        exact = Fraction(seconds).limit_denominator(1_000_000) * self.frame_rate
        return int(exact)


def timestamp(seconds: Fraction | float, *, milliseconds: bool = False, comma: bool = False) -> str:
    """Write a time for people: `1:02`, or with milliseconds `00:01:02.500` (a comma for SubRip)."""
    if not milliseconds:
        return clock_text(int(seconds))
    total_ms = (2 * Fraction(seconds) * 1000 + 1) // 2
    whole, part = divmod(int(total_ms), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{',' if comma else '.'}{part:03d}"
