"""Masks of text, changed: slanted, outlined, softened to a shadow. Pure functions of arrays.

This module owns the shapes. It does not know colours, nor what the words say.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.uint8]

SLANT: Final = 0.2
"""How far a letter leans for each pixel of height, where its family has no italics."""


def slanted(mask: Mask, top_px: int) -> tuple[Mask, int]:
    """Lean a mask to the right; `top_px` is its first row, counted down from the baseline.

    Returns
    -------
    tuple[Mask, int]
        The mask, and how many pixels further left it begins.
    """
    height, width = mask.shape
    shifts = [-SLANT * (top_px + row + 0.5) for row in range(height)]
    left, right = math.floor(min(shifts, default=0.0)), math.ceil(max(shifts, default=0.0)) + 1
    wide = np.zeros((height, width + right - left), np.float32)
    for row, shift in enumerate(shifts):
        whole = math.floor(shift)
        part, at = shift - whole, whole - left
        wide[row, at : at + width] += (1 - part) * mask[row]
        wide[row, at + 1 : at + 1 + width] += part * mask[row]
    return np.rint(wide).astype(np.uint8), left


def outlined(mask: Mask, width_px: float) -> Mask:
    """A mask grown by `width_px` on all sides; it begins `outline_reach` pixels before the other."""
    return _cached(_Hashed(mask), "outline", width_px)


def softened(mask: Mask, sigma_px: float) -> Mask:
    """A mask blurred by a Gaussian; it begins `soft_reach` pixels before the other."""
    return _cached(_Hashed(mask), "soft", sigma_px)


def outline_reach(width_px: float) -> int:
    """How many pixels before a mask its outline begins."""
    return math.ceil(width_px) + 1


def soft_reach(sigma_px: float) -> int:
    """How many pixels before a mask its shadow begins."""
    return math.ceil(3 * sigma_px)


class _Hashed:
    """A mask by its bytes, so that what was made of it can be kept."""

    def __init__(self, mask: Mask) -> None:
        self.mask, self._key = mask, (mask.shape, mask.tobytes())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self._key == other._key


@lru_cache(maxsize=256)
def _cached(hashed: _Hashed, kind: str, size_px: float) -> Mask:
    from scipy import ndimage  # noqa: PLC0415 - plain words need none, and it takes long to load

    made: Mask
    if kind == "outline":
        wide = np.pad(hashed.mask.astype(np.float32) / 255, outline_reach(size_px))
        away = ndimage.distance_transform_edt(wide < 0.5)  # noqa: PLR2004 (half covered)
        inside = np.clip(size_px + 1.0 - away + (wide * (away <= 1) * 0.5), 0.0, 1.0)
        made = np.rint(255 * np.maximum(inside, wide)).astype(np.uint8)
    else:
        wide = np.pad(hashed.mask.astype(np.float32), soft_reach(size_px))
        made = np.rint(ndimage.gaussian_filter(wide, size_px)).astype(np.uint8)
    made.flags.writeable = False
    return made
