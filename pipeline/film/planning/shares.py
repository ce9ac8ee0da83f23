"""Time shared out by weights, in whole frames."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def share_frames(
    total: int, weights: Sequence[float], lowest: Sequence[int], highest: Sequence[int]
) -> tuple[int, ...]:
    """Split frames by weights, within bounds.

    Parameters
    ----------
    total
        To be split.
    weights
        Above 0.
    lowest, highest
        Bounds of each share.

    Returns
    -------
    tuple[int, ...]
        Whole shares whose sum is exactly `total`, or the nearest that the bounds allow.
    """
    total = min(max(total, sum(lowest)), sum(highest))

    each, least, most = (np.array(values, dtype=np.float64) for values in (weights, lowest, highest))

    def shares(scale: float) -> NDArray[np.float64]:
        return np.minimum(np.maximum(scale * each, least), most)

    small, large = 0.0, max((high / w for w, high in zip(weights, highest, strict=True)), default=0.0)
    for _ in range(80):  # halving: more often than a float has bits
        middle = (small + large) / 2
        small, large = (middle, large) if shares(middle).sum() < total else (small, middle)
    exact = shares(large).tolist()
    whole = [math.floor(share + 1e-6) for share in exact]
    order = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    while (rest := total - sum(whole)) > 0:
        able = [index for index in order if whole[index] < highest[index]][:rest]
        for index in able:
            whole[index] += 1
    return tuple(whole)
