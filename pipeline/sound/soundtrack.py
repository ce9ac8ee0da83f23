"""The film's soundtrack, built sample by sample from what is placed where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.sound.settings import SoundSettings

Floats = npt.NDArray[np.float32]


class Samples(Protocol):
    """Anything that has a length and whose slices are float32 samples, full scale = 1: an array will do.

    Slices have shape (n,), or (n, 2) for stereo.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Floats: ...


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
        A `recording`, a `take`, a `bed` (what lies under cards) or `music`.
    """

    start_sample: int
    length_samples: int
    source: Samples
    sample_rate_hz: int
    kind: Literal["recording", "take", "bed", "music"]


@dataclass(frozen=True)
class SoundtrackFacts:
    """What was measured on the finished soundtrack.

    `gains_db` are those of each placement (in the order given) before `film_gain_db` was added to all.
    """

    loudness_lufs: float
    true_peak_dbtp: float
    film_gain_db: float
    gains_db: tuple[float, ...]
    warnings: tuple[str, ...] = ()


def mix(
    placements: Sequence[Placement],
    total_samples: int,
    out_path: Path,
    settings: SoundSettings,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> SoundtrackFacts:
    """Write the soundtrack as a stereo WAV file, 24 bit, 48 kHz, exactly `total_samples` long, in constant memory.

    Parameters
    ----------
    on_progress
        Is told the share that is done, 0 to 1.
    """
    raise NotImplementedError
