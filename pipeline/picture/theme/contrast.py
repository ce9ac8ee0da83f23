"""Whether colours can be distinguished: by contrast, and by people with a colour-vision deficiency.

Pure functions on sRGB colours. This module owns the measures and their bounds; it does not know what a theme is.

Sources: contrast ratio and relative luminance after WCAG 2.2; dichromacy after Machado, Oliveira & Fernandes, "A
Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1; distance in CIE 1976 L*a*b*.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

TEXT_CONTRAST: Final = 7.0
"""WCAG 2.2, success criterion 1.4.6 (AAA) for text."""
GRAPHIC_CONTRAST: Final = 3.0
"""WCAG 2.2, success criterion 1.4.11 for graphics."""
COLOUR_DISTANCE: Final = 11.0
"""Two graph lines side by side can be distinguished from about 10 units of CIE L*a*b* on."""

DEFICIENCIES: Final[dict[str, npt.NDArray[np.float64]]] = {
    "ordinary vision": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

_RARE: Final = 0.02
"""Share of a picture's pixels, at either end, whose luminance doesn't count."""
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)


def rgb(colour: str) -> tuple[int, int, int]:
    """The red, green and blue (0..255) of a colour written `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(colour: str) -> npt.NDArray[np.float64]:
    encoded = np.array(rgb(colour)) / 255.0
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 (sRGB)


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return float(_linear(colour) @ _TO_XYZ[1])


def contrast(first: str, second: str) -> float:
    """Contrast ratio, 1 to 21, the same in both orders."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance_range(picture: npt.NDArray[np.uint8]) -> tuple[str, str]:
    """The darkest and the brightest colours of a picture, sRGB (h, w, 3), but for one pixel in fifty at either end."""
    flat = picture.reshape(-1, 3)
    encoded = flat / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 (sRGB)
    order = np.argsort(linear @ _TO_XYZ[1])
    dark, bright = (flat[order[round(share * (len(flat) - 1))]] for share in (_RARE, 1 - _RARE))
    return "#{:02x}{:02x}{:02x}".format(*dark), "#{:02x}{:02x}{:02x}".format(*bright)


def distance(first: str, second: str, deficiency: str = "ordinary vision") -> float:
    """How far apart two colours look, in units of CIE L*a*b*, to someone with a deficiency of `DEFICIENCIES`."""
    return float(np.linalg.norm(_lab(first, deficiency) - _lab(second, deficiency)))


def _lab(colour: str, deficiency: str) -> npt.NDArray[np.float64]:
    seen = np.clip(DEFICIENCIES[deficiency] @ _linear(colour), 0.0, 1.0)
    share = (_TO_XYZ @ seen) / _WHITE
    edge = (6 / 29) ** 3
    root = np.where(share > edge, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])
