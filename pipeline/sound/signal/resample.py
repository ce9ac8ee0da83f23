"""From one sample rate to another, block by block, band-limited.

Owns how soxr is used (its very high quality: linear phase, no delay in the result). It does not know what it resamples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

Floats = npt.NDArray[np.float32]
_QUALITY = "VHQ"


class Resampler:
    """Resamples a stream. The result begins when the input begins: the filter's delay is taken out.

    Parameters
    ----------
    from_hz, to_hz
        The rates.
    channels
        1 for blocks of shape (n,), more for blocks of shape (n, channels).
    """

    def __init__(self, from_hz: int, to_hz: int, channels: int = 1) -> None:
        self._empty = np.zeros((0,) if channels == 1 else (0, channels), np.float32)
        self._stream = None
        if from_hz != to_hz:
            self._stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32", quality=_QUALITY)

    def add(self, block: Floats) -> Floats:
        """Take a block of any length; return what is ready, which may be nothing."""
        return self._run(block, last=False)

    def finish(self) -> Floats:
        """Return the rest."""
        return self._run(self._empty, last=True)

    def _run(self, block: Floats, *, last: bool) -> Floats:
        if self._stream is None:
            return block
        ready: Floats = self._stream.resample_chunk(np.ascontiguousarray(block, np.float32), last=last)
        return ready


def resample(samples: Floats, from_hz: int, to_hz: int) -> Floats:
    """Resample a whole sound, shape (n,) or (n, channels); the result has about n * to_hz / from_hz samples."""
    if from_hz == to_hz:
        return samples
    result: Floats = soxr.resample(np.ascontiguousarray(samples, np.float32), from_hz, to_hz, quality=_QUALITY)
    return result
