"""The picture panel: the user's image or logo, fitted into its box, standing still."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.picture.layout import Box, PicturePanel
from pipeline.picture.panel import Easel
from pipeline.picture.planes import Planes, planes_from_rgb, rgb_from_planes


class StillPicture:
    """Draws the picture panel; nothing where the scene has no picture."""

    def __init__(self, easel: Easel, settings: PicturePanel) -> None:
        self.box = easel.box(settings)
        self.covered: tuple[Box, ...] = ()
        self.origin_px: int | None = None
        self._easel, self._settings = easel, settings

    def draw_base(self, base: Planes) -> None:
        """Draw the picture as large as fits, in the box's middle."""
        picture, box = self._easel.data.picture, self.box
        if picture is None or not picture.size:
            return
        scale = min(box.width / picture.shape[1], box.height / picture.shape[0])
        size = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
        # Colour is scaled as far as it is opaque, or edges would take on the colour of what can't be seen.
        opacity = picture[..., 3:].astype(np.float32) / 255
        solid = [(picture[..., part] * opacity[..., 0]).astype(np.float32) for part in range(3)]
        parts = [
            Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.LANCZOS)
            for part in (*solid, opacity[..., 0])
        ]
        small = np.stack([np.asarray(part) for part in parts], axis=-1)
        share = np.clip(small[..., 3:], 0, 1) * self._settings.opacity
        left, top = box.left + (box.width - size[0]) // 2, box.top + (box.height - size[1]) // 2
        part = base.part(*box)
        under = rgb_from_planes(part).astype(np.float32)
        place = under[top - box.top : top - box.top + size[1], left - box.left : left - box.left + size[0]]
        place[...] = place * (1 - share) + small[..., :3] * self._settings.opacity
        part.copy_from(planes_from_rgb(np.clip(np.rint(under), 0, 255).astype(np.uint8)))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw nothing: the picture stands still."""
