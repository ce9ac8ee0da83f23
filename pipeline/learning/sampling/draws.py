"""Random numbers and inverse temperatures for any stretch of a take, asked for in any order.

The random numbers come from Philox, a generator that counts (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", SC11): number n of a seed is known without the numbers before it. So a take can go on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_NUMBERS_PER_COUNT: Final = 4
"""Philox makes so many 64-bit numbers for every value of its counter."""


def uniforms(seed: int, stream: int, begin: int, count: int) -> Doubles:
    """Random numbers from 0 up to, but without, 1.

    Parameters
    ----------
    seed, stream
        At least 0 and below 2**64. Streams of one seed are independent of each other.
    begin, count
        Which numbers of the stream.

    Returns
    -------
    Doubles
        shape = (count,), multiples of 2**-53.
    """
    first = begin // _NUMBERS_PER_COUNT
    key = np.array([seed, stream], np.uint64)
    generator = np.random.Philox(key=key, counter=np.array([first, 0, 0, 0], np.uint64))
    skipped = begin - first * _NUMBERS_PER_COUNT
    raw = generator.random_raw(skipped + count)[skipped:]
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def inverse_temperature(corners: Sequence[tuple[float, float]], begin: int, count: int, total: int) -> Doubles:
    """One over the temperature at each of the samples.

    Parameters
    ----------
    corners
        (share of the take, temperature), ascending; straight lines between them, level outside.
    begin, count
        Which samples.
    total
        Samples of the whole take.

    Returns
    -------
    Doubles
        shape = (count,).
    """
    shares = np.arange(begin, begin + count) / max(total - 1, 1)
    temperatures = np.interp(shares, [share for share, _ in corners], [temperature for _, temperature in corners])
    return 1.0 / np.asarray(temperatures, np.float64)
