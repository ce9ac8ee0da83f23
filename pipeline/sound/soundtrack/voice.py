"""One placed sound as it is heard: at the film's rate, without DC offset, faded at its ends.

Owns that chain, block by block. It does not know levels, nor the other sounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.sound.signal.resample import Resampler
from pipeline.sound.soundtrack.placement import Placement

Floats = npt.NDArray[np.float32]

_BLOCK_SAMPLES: Final = 1 << 15
_LOWEST_HZ: Final = 20.0  # nothing below can be heard, but it would use up the room above
_FADES_S: Final = {"bed": 0.3, "insert": 0.3, "music": 1.0}


def heard_blocks(placement: Placement, fade_ms: float) -> Iterator[Floats]:
    """Yield exactly `placement.heard_samples` samples at 48 kHz, in blocks of shape (n,), or (n, 2) for stereo."""
    fade = min(round(_FADES_S.get(placement.kind, fade_ms / 1000) * FILM_RATE_HZ), placement.heard_samples // 2)
    at = 0
    for block in _resampled(placement):
        part = block[: placement.heard_samples - at]
        if len(part):
            gain = fade_gain(np.arange(at, at + len(part)), placement.heard_samples, fade)
            yield part * gain.reshape(-1, *[1] * (part.ndim - 1))
        at += len(part)
    if at < placement.heard_samples:  # a resampler may round its last sample away
        yield np.zeros((placement.heard_samples - at, *block.shape[1:]), np.float32)


def fade_gain(positions: npt.NDArray[np.integer], length: int, fade: int) -> Floats:
    """Gain of an equal-power fade at both ends: sine in over `fade` samples, cosine out; 1 between.

    Neither end reaches 0: the samples stand half a step beside it, so that both ends are alike.
    """
    if not fade:
        return np.ones(len(positions), np.float32)
    from_edge = np.minimum(positions, length - 1 - positions) + 0.5
    gain: Floats = np.sin(np.pi / 2 * np.clip(from_edge / fade, 0.0, 1.0)).astype(np.float32)
    return gain


def _resampled(placement: Placement) -> Iterator[Floats]:
    resampler = Resampler(placement.sample_rate_hz, FILM_RATE_HZ, placement.channels)
    for block in _without_direct_current(placement):
        yield resampler.add(block)
    yield resampler.finish()


def _without_direct_current(placement: Placement) -> Iterator[Floats]:
    """The source's samples without their mean, and without what is too low to be heard."""
    from scipy import signal  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

    mean = sum(block.sum(axis=0, dtype=np.float64) for block in _source_blocks(placement)) / placement.source_samples
    sections = signal.butter(2, _LOWEST_HZ, "highpass", fs=placement.sample_rate_hz, output="sos")
    state = None
    for raw in _source_blocks(placement):
        block = raw - mean
        if state is None:  # as if the first sample had stood there for ever: no thump at the beginning
            at_rest = signal.sosfilt_zi(sections)
            state = at_rest * block[0] if block.ndim == 1 else at_rest[:, :, None] * block[0]
        filtered, state = signal.sosfilt(sections, block, axis=0, zi=state)
        yield filtered.astype(np.float32)


def _source_blocks(placement: Placement) -> Iterator[Floats]:
    for start in range(0, placement.source_samples, _BLOCK_SAMPLES):
        block = placement.source[start : min(start + _BLOCK_SAMPLES, placement.source_samples)]
        yield np.nan_to_num(np.asarray(block, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
