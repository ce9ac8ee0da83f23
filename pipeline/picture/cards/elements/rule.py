"""A fine line, or a short thick mark."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.drawing.marks import Drawing
from pipeline.picture.theme.looks import AnyColour


class RuleElement(CardElement):
    """A fine line across its area, or a short thick mark with `length`."""

    kind: Literal["rule"]
    colour: AnyColour = "grid"
    """Of the line."""
    thickness: float = Field(default=0.0014, gt=0, le=0.05)
    """In modules."""
    length: float | None = Field(default=None, gt=0, le=2)
    """In modules; by default as long as its area is wide."""

    def compose(  # a rule has no content
        self,
        content: Content,  # noqa: ARG002
        setting: Setting,
        width_px: float,
        height_px: float,
    ) -> Drawing:
        """As long and thick as it is asked for, and as there is room."""
        thick = min(max(1.0, round(self.thickness * setting.module_px)), height_px)
        length = width_px if self.length is None else min(width_px, self.length * setting.module_px)
        return setting.box(self.colour, self.align, width_px, (length, thick))
