"""Plain shapes: boxes, rings and circles, for themselves or behind what stands in their area."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.drawing.marks import Drawing
from pipeline.picture.theme.looks import AnyColour

_Modules = Annotated[float, Field(gt=0, le=2)]


class ShapeElement(CardElement):
    """A box, a circle, or the outline of one."""

    kind: Literal["shape"]
    shape: Literal["box", "circle"] = "box"
    """Which."""
    colour: AnyColour = "panel"
    """Of its face, or of its outline."""
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1 hides what lies behind it."""
    width: _Modules | None = None
    """In modules; by default as wide as its area, a circle as wide as high."""
    height: _Modules = 0.1
    """In modules; behind others, as high as its area."""
    line: Annotated[float, Field(ge=0, le=0.1)] = 0.0
    """Width of its outline, in modules; 0 fills it."""
    radius: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of a box's corners, in modules."""

    def compose(  # a shape has no content
        self,
        content: Content,  # noqa: ARG002
        setting: Setting,
        width_px: float,
        height_px: float,
    ) -> Drawing:
        """As large as it is asked for, and as there is room."""
        module = setting.module_px
        fills = self.behind and math.isfinite(height_px)
        height = height_px if fills else min(setting.scale * self.height * module, height_px)
        wide = height if self.shape == "circle" and not fills else width_px
        width = min(width_px, wide if self.width is None else self.width * module)
        look = {
            "opacity": self.opacity,
            "radius_px": min(width, height) / 2 if self.shape == "circle" else self.radius * module,
            "line_px": self.line * module,
        }
        return setting.box(self.colour, self.align, width_px, (width, height), **look)
