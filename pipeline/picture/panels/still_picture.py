"""The picture panel: the user's image or logo, fitted into its box, standing still."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from pipeline.picture.drawing.planes import Planes, lay_picture
from pipeline.picture.drawing.scaling import scaled
from pipeline.picture.panels.panel import ScenePanel
from pipeline.picture.panels.settings import PanelSettings, Share
from pipeline.picture.theme.picture_files import read_picture


class PictureSettings(PanelSettings):
    """The user's image or logo, or with `file` one of its own, as large as fits; nothing where there is none."""

    kind: Literal["picture"]
    opacity: Share = 1.0
    """1 hides what lies behind it."""
    align: Literal["left", "centre", "right"] = "centre"
    """Where in the panel's width."""
    beside: Literal["", "title", "counters", "caption"] = ""
    """The panel that begins right of the picture where there is one, and keeps the room to itself where not."""
    gap: Share = 0.015
    """Between the picture and the panel beside it."""

    file: str = Field(default="", max_length=200, exclude_if=lambda value: not value)
    """A picture inside the templates folder, in place of the film's own."""
    path: SkipJsonSchema[Path | None] = Field(default=None, exclude=True)
    """`file`, found; filled in where the layout is loaded."""

    def size_of(self, films: tuple[int, int] | None) -> tuple[int, int] | None:
        """Width and height of what it shows, where the film's own picture has a size, or is not there."""
        if self.path is None:
            return films
        height, width = read_picture(self.path).shape[:2]
        return width, height

    def width_for(self, picture: tuple[int, int], frame: tuple[int, int]) -> float:
        """The share of the frame's width that a picture takes; both sizes are (width, height) in pixels."""
        tall = self.height * frame[1] * picture[0] / picture[1]
        return min(self.width, tall / frame[0])


class PicturePanel(ScenePanel[PictureSettings]):
    """Draws the picture panel; nothing where the scene has no picture."""

    settings_type = PictureSettings
    reads = frozenset({"picture"})

    def draw_base(self, base: Planes) -> None:
        """Draw the picture as large as fits, in the middle of the box's height."""
        path, box = self._settings.path, self.box
        picture = self._context.data.picture if path is None else read_picture(path)
        if picture is None or not picture.size:
            return
        small = scaled(picture, box.width, box.height)
        height, width = small.shape[:2]
        alpha = np.clip(small[..., 3:], 0, 1) * self._settings.opacity
        spare = box.width - width
        left, top = {"left": 0, "centre": spare // 2, "right": spare}[self._settings.align], (box.height - height) // 2
        whole = np.zeros((box.height, box.width, 4), dtype=np.float32)
        whole[top : top + height, left : left + width, :3] = small[..., :3] * self._settings.opacity
        whole[top : top + height, left : left + width, 3:] = alpha
        lay_picture(base.part(*box), whole)
