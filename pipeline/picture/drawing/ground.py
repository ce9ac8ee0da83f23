"""What lies behind everything: a colour, a gradient, or a picture that fills the frame, darkened as the theme asks.

This module owns the ground's pixels. It does not know what stands on it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from pipeline.picture.drawing.planes import Planes, ink, new_planes, planes_from_rgb
from pipeline.picture.theme.picture_files import open_picture
from pipeline.picture.theme.theme import Theme, rgb

Rgb = npt.NDArray[np.uint8]


def ground_rgb(theme: Theme, colour: str, size_px: tuple[int, int]) -> Rgb:
    """The ground of a frame at rest (width, height), sRGB, shape (h, w, 3).

    Parameters
    ----------
    theme
        Whose ground.
    colour
        The plain colour, where the theme asks for nothing else.

    Raises
    ------
    TemplateError
        The theme's picture can't be read.
    """
    width, height = size_px
    if theme.ground.is_plain:
        plain = np.empty((height, width, 3), np.uint8)
        plain[:] = rgb(colour)
        return plain
    under = _gradient(theme, colour, size_px)
    if theme.ground_file is not None:
        picture = _covering(theme.ground_file, size_px, theme.ground.blur * height)
        under = darkened(picture, under, theme.ground.darken)
    return dithered(under)


def ground_planes(theme: Theme, colour: str, size_px: tuple[int, int]) -> Planes:
    """The same as planes (BT.709, limited range)."""
    if theme.ground.is_plain:
        return new_planes(*size_px, ink(colour))
    return planes_from_rgb(ground_rgb(theme, colour, size_px))


def darkened(picture: npt.NDArray[np.float32], under: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float32]:
    """A picture mixed into what lies under it; at 1 it is not seen."""
    return picture * np.float32(1 - share) + under * np.float32(share)


def dithered(picture: npt.NDArray[np.float32]) -> Rgb:
    """Round to whole values with a fixed fine noise, so that slow gradients show no steps."""
    noise = np.random.default_rng(0).random(picture.shape[:2], dtype=np.float32)[..., None]
    whole: Rgb = np.clip(np.floor(picture + noise), 0, 255).astype(np.uint8)
    return whole


def _gradient(theme: Theme, colour: str, size_px: tuple[int, int]) -> npt.NDArray[np.float32]:
    width, height = size_px
    ends = theme.ground.gradient if len(theme.ground.gradient) > 1 else (colour, colour)
    angle = math.radians(theme.ground.angle)
    across, down = math.cos(angle) * width, math.sin(angle) * height
    xs = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    ys = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.5
    reach = abs(across) + abs(down)
    at = (xs[None, :] * across + ys[:, None] * down) / reach + 0.5
    stops = np.linspace(0, 1, len(ends))
    table = np.array([rgb(one) for one in ends], np.float32)
    return np.stack([np.interp(at, stops, table[:, part]) for part in range(3)], axis=-1).astype(np.float32)


@lru_cache(maxsize=4)
def _covering(path: Path, size_px: tuple[int, int], blur_px: float) -> npt.NDArray[np.float32]:
    upright = open_picture(path, "theme's picture").convert("RGB")
    fitted = ImageOps.fit(upright, size_px, Image.Resampling.LANCZOS)
    if blur_px >= 0.5:  # noqa: PLR2004 (less is not seen)
        fitted = fitted.filter(ImageFilter.GaussianBlur(blur_px))
    return np.asarray(fitted, np.float32)
