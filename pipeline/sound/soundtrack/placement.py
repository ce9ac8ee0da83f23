"""What sounds where in the film.

Owns the record of one sound's place. It does not know how sounds are mixed, nor why one stands where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.audio.samples import Samples

Floats = npt.NDArray[np.float32]
Kind = Literal["recording", "take", "bed", "insert", "music", "song"]

VOICES: Final = ("recording", "take", "song")
BACKGROUND: Final = ("bed", "music")
"""What is heard under cards, below the voices."""


@dataclass(frozen=True)
class Placement:
    """One sound's place in the film.

    Parameters
    ----------
    start_sample
        Where it begins, in samples of the film (48 kHz).
    length_samples
        How long it is heard, in samples of the film; a longer source is cut, a shorter one leaves silence.
    source
        The sound from its first audible sample on, at its own rate.
    sample_rate_hz
        The source's rate.
    kind
        A `recording`, a `take`, a `bed` (a voice under cards), an `insert` (the sound of the user's own footage),
        `music`, or a `song`, mixed already.
    """

    start_sample: int
    length_samples: int
    source: Samples
    sample_rate_hz: int
    kind: Kind

    def __post_init__(self) -> None:
        if self.start_sample < 0 or self.length_samples < 1 or self.sample_rate_hz < 1 or len(self.source) < 1:
            raise ValueError(f"no place in a film: {self}")

    @property
    def end_sample(self) -> int:
        """Where it ends, not included."""
        return self.start_sample + self.length_samples

    @property
    def source_samples(self) -> int:
        """How much of the source is heard, in its own samples."""
        return min(len(self.source), -(-self.length_samples * self.sample_rate_hz // FILM_RATE_HZ))

    @property
    def heard_samples(self) -> int:
        """How long it sounds, in samples of the film: at most `length_samples`."""
        return min(self.length_samples, max(1, len(self.source) * FILM_RATE_HZ // self.sample_rate_hz))

    @property
    def channels(self) -> int:
        """1, or 2 for stereo."""
        first = self.source[0:1]
        return 1 if first.ndim == 1 else first.shape[1]


def lay_music(source: Samples, sample_rate_hz: int, total_samples: int) -> list[Placement]:
    """Place music under the whole film, from its beginning again where it is too short."""
    length = max(1, len(source) * FILM_RATE_HZ // sample_rate_hz)
    starts: Sequence[int] = range(0, total_samples, length)
    return [Placement(at, min(length, total_samples - at), source, sample_rate_hz, "music") for at in starts]
