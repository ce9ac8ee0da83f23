"""Music gives way to voices.

Owns where something is said: all along a take and a recording, and where it sounds in the user's own footage, which may
be silent for a while. It mixes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.sound.signal.silence import WINDOW_S, window_levels, window_samples
from pipeline.sound.soundtrack.placement import VOICES, Placement

Floats = npt.NDArray[np.float32]
Span = tuple[int, int]

_DUCK_S: Final = 0.5  # music is down when a voice begins, and takes this long to go and to come back
_TOGETHER_S: Final = 1.5  # between voices closer than this it stays down
_AUDIBLE_DB: Final = -60.0  # of full scale: below, footage is silent
_BELOW_LOUDEST_DB: Final = -30.0  # its room and hiss, against what is said
_LEAST_S: Final = 0.2  # a click alone is not said
_BLOCK_WINDOWS: Final = 1 << 10


class Duck:
    """The gain of music over the film.

    Parameters
    ----------
    placements
        All that is heard.
    depth_db
        How far music is lowered.
    """

    def __init__(self, placements: Sequence[Placement], depth_db: float) -> None:
        ramp = round(_DUCK_S * FILM_RATE_HZ)
        speech = _joined(
            sorted(span for placement in placements for span in _speech_spans(placement)),
            round(_TOGETHER_S * FILM_RATE_HZ),
        )
        self._samples = [at for start, end in speech for at in (start - ramp, start, end, end + ramp)] or [0]
        self._gains_db = [0.0, depth_db, depth_db, 0.0] * len(speech) or [0.0]

    def gain(self, positions: npt.NDArray[np.integer]) -> Floats:
        """The factor at each sample of the film."""
        factor: Floats = (10 ** (np.interp(positions, self._samples, self._gains_db) / 20)).astype(np.float32)
        return factor


def _speech_spans(placement: Placement) -> list[Span]:
    """Where in the film something is said in a sound, in samples of the film."""
    if placement.kind in VOICES:
        return [(placement.start_sample, placement.end_sample)]
    return _sounding(placement) if placement.kind == "insert" else []


def _sounding(placement: Placement) -> list[Span]:
    levels = np.concatenate(list(_levels(placement)))
    least = max(10 ** (_AUDIBLE_DB / 20), float(levels.max()) * 10 ** (_BELOW_LOUDEST_DB / 20))
    sounds = levels > least
    edges = np.flatnonzero(np.diff(np.concatenate(([False], sounds, [False])).astype(np.int8)))
    found = [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    together = _joined(found, round(_TOGETHER_S / WINDOW_S))
    least_windows = _LEAST_S / WINDOW_S
    speech = [(start, end) for start, end in together if sounds[start:end].sum() >= least_windows]
    scale = window_samples(placement.sample_rate_hz) * FILM_RATE_HZ / placement.sample_rate_hz
    return [
        (
            placement.start_sample + round(start * scale),
            min(placement.start_sample + round(end * scale), placement.end_sample),
        )
        for start, end in speech
    ]


def _levels(placement: Placement) -> Iterator[Floats]:
    """The level of each window, of the louder channel where there are two."""
    size = _BLOCK_WINDOWS * window_samples(placement.sample_rate_hz)
    for start in range(0, placement.source_samples, size):
        block = placement.source[start : min(start + size, placement.source_samples)]
        rows = np.nan_to_num(np.asarray(block, np.float32), nan=0.0, posinf=0.0, neginf=0.0).reshape(len(block), -1)
        yield np.max([window_levels(channel, placement.sample_rate_hz) for channel in rows.T], axis=0)


def _joined(spans: Sequence[Span], gap: int) -> list[Span]:
    """Join spans, in order of their starts, that overlap or are closer than `gap`."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
