"""The signal between the samples: four times oversampled, as ITU-R BS.1770-4, Annex 2, measures its true peak.

Owns the interpolating filter. The standard's has 12 taps a phase, this one 32, as the meter in ffmpeg's `ebur128`: of
noise up to half the rate a shorter one finds half a decibel less. It keeps no state: whoever follows a stream brings
the samples around each stretch.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

OVERSAMPLING: Final = 4
TAPS_PER_PHASE: Final = 32
_HALF: Final = OVERSAMPLING * TAPS_PER_PHASE // 2
MARGIN: Final = TAPS_PER_PHASE // 2 + 1
"""How many samples before and after a stretch must be known to interpolate within it."""
REACH: Final = 2.354530742537736
"""Nothing between samples exceeds this many times the largest of those around it: the largest sum of a phase's taps,
without their signs, and a thousandth."""


@cache
def taps() -> npt.NDArray[np.float64]:
    """Return the interpolating filter, shape = (2 * half + 1,): a low pass at a quarter of the fine rate."""
    from scipy import signal  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

    whole: npt.NDArray[np.float64] = signal.firwin(2 * _HALF + 1, 1 / OVERSAMPLING, window=("kaiser", 9.0))
    return OVERSAMPLING * whole


def interpolated(stretch: Floats) -> Floats:
    """Oversample a stretch as if silence came before and after it, in its own precision.

    Parameters
    ----------
    stretch
        shape = (n, channels).

    Returns
    -------
    Floats
        shape = (4 * n, channels): row 4 * i lies on sample i, and the next three between it and sample i + 1.
    """
    from scipy import signal  # noqa: PLC0415 - takes a second to load, and most commands hear nothing

    own = taps().astype(np.float32) if stretch.dtype == np.float32 else taps()
    columns = [signal.upfirdn(own, column, up=OVERSAMPLING) for column in stretch.T]
    fine: Floats = np.stack([column[_HALF : _HALF + OVERSAMPLING * len(stretch)] for column in columns], axis=1)
    return fine


def peaks_from(stretch: Floats) -> Floats:
    """The highest absolute value from each sample, itself included, up to the next one, over all channels.

    Parameters
    ----------
    stretch
        shape = (n, channels), n more than twice `MARGIN`.

    Returns
    -------
    Floats
        shape = (n - 2 * MARGIN,), without the margins at both ends.
    """
    # The filter passes samples on its own grid only nearly unchanged: they are looked at directly, too.
    inner = slice(MARGIN, len(stretch) - MARGIN)
    fine = np.abs(interpolated(stretch)).reshape(len(stretch), -1).max(axis=1)[inner]
    peaks: Floats = np.maximum(fine, np.abs(stretch[inner]).max(axis=1))
    return peaks
