"""The picture panel: the user's image or logo, fitted into its box, standing still.

This module also owns scaling a picture with transparency, for panels and cards alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.picture.drawing.planes import Planes, planes_from_rgb, rgb_from_planes
from pipeline.picture.panels.layout import Box, PicturePanel
from pipeline.picture.panels.panel import Easel


class StillPicture:
    """Draws the picture panel; nothing where the scene has no picture."""

    def __init__(self, easel: Easel, settings: PicturePanel) -> None:
        self.box = easel.box(settings)
        self.covered: tuple[Box, ...] = ()
        self.origin_px: int | None = None
        self._easel, self._settings = easel, settings

    def draw_base(self, base: Planes) -> None:
        """Draw the picture as large as fits, in the middle of the box's height."""
        picture, box = self._easel.data.picture, self.box
        if picture is None or not picture.size:
            return
        small = scaled(picture, box.width, box.height)
        height, width = small.shape[:2]
        share = np.clip(small[..., 3:], 0, 1) * self._settings.opacity
        spare = box.width - width
        left, top = {"left": 0, "centre": spare // 2, "right": spare}[self._settings.align], (box.height - height) // 2
        part = base.part(*box)
        under = rgb_from_planes(part).astype(np.float32)
        place = under[top : top + height, left : left + width]
        place[...] = place * (1 - share) + small[..., :3] * self._settings.opacity
        part.copy_from(planes_from_rgb(np.clip(np.rint(under), 0, 255).astype(np.uint8)))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw nothing: the picture stands still."""


def scaled(picture: NDArray[np.uint8], width_px: float, height_px: float) -> NDArray[np.float32]:
    """Scale a picture to fit into width x height.

    Parameters
    ----------
    picture
        sRGB and opacity, uint8, shape (h, w, 4).
    width_px, height_px
        The room.

    Returns
    -------
    NDArray[np.float32]
        Colour (0..255) times opacity, and opacity (about 0..1), shape (height, width, 4), at least 1 x 1.
    """
    scale = min(width_px / picture.shape[1], height_px / picture.shape[0])
    size = (max(1, int(picture.shape[1] * scale + 1e-6)), max(1, int(picture.shape[0] * scale + 1e-6)))
    # Colour is scaled as far as it is opaque, or edges would take on the colour of what can't be seen.
    opacity = picture[..., 3].astype(np.float32) / 255
    solid = [(picture[..., part] * opacity).astype(np.float32) for part in range(3)]
    parts = [
        Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.LANCZOS) for part in (*solid, opacity)
    ]
    return np.stack([np.asarray(part, dtype=np.float32) for part in parts], axis=-1)
