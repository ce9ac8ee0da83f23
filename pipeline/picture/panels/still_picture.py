"""The picture panel: the user's image or logo, fitted into its box, standing still."""

from __future__ import annotations

import numpy as np

from pipeline.picture.drawing.planes import Planes, planes_from_rgb, rgb_from_planes
from pipeline.picture.drawing.scaling import scaled
from pipeline.picture.panels.layout import Box, PicturePanel
from pipeline.picture.panels.panel import RenderContext


class StillPicture:
    """Draws the picture panel; nothing where the scene has no picture."""

    def __init__(self, context: RenderContext, settings: PicturePanel) -> None:
        self.box = context.box(settings)
        self.covered: tuple[Box, ...] = ()
        self.origin_px: int | None = None
        self._context, self._settings = context, settings

    def draw_base(self, base: Planes) -> None:
        """Draw the picture as large as fits, in the middle of the box's height."""
        picture, box = self._context.data.picture, self.box
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
