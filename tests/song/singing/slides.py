"""Notes that slide, so that their harmonics pass along the envelope, and a voice of one sound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.song.lyrics.phrases import from_file
from pipeline.song.notes.tune import Note
from pipeline.song.singing.phrase import sing
from pipeline.song.singing.pitch import pitch_curve
from pipeline.song.singing.style import SingingStyle
from pipeline.song.voices.unit import Sounding, Unit, Voice
from tests.song.envelopes import Seen, harmonics

Doubles = npt.NDArray[np.float64]


class Alone:
    """A voice of one sound."""

    language = ""

    def __init__(self, unit: Unit) -> None:
        self.unit, self.rate_hz = unit, unit.rate_hz

    def sounding(self, syllable: str, before: str, key: float, vowels: str = "") -> Sounding:  # noqa: ARG002
        return Sounding(self.unit)

    def ending(self, syllable: str, after: str, key: float, vowels: str = "") -> None:
        pass


def slide(key: float, transpose: float) -> tuple[Note, SingingStyle, Doubles, Doubles]:
    """A note that slides by eight semitones around a key, how it is sung, and its pitch in Hz at some times."""
    note = Note(0.5, 2.0, key, bend=tuple((0.2 + 0.02 * at, 16.0 * at - 400) for at in range(51)))
    style = SingingStyle(transpose=transpose, vibrato_cents=0)
    times = np.arange(0.75, 1.7, 0.02)
    return note, style, times, 440 * 2 ** ((pitch_curve([note], times, style) - 69) / 12)


def slid(voice: Voice, key: float, transpose: float) -> Seen:
    """The harmonics of such a note."""
    note, style, times, hz = slide(key, transpose)
    sound = sing(from_file([note])[0], voice, style)
    places = (times - sound.start_s) * sound.sample_rate_hz
    return harmonics(sound.samples, sound.sample_rate_hz, zip(places, hz, strict=True))
