"""The film's own picture or logo."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.drawing.marks import Drawing, PictureMark


class PictureElement(CardElement):
    """The film's own picture or logo. Where there is none, it takes no room."""

    reads: ClassVar[frozenset[str]] = frozenset({"picture"})

    kind: Literal["picture"]
    height: Annotated[float, Field(gt=0, le=1)] = 0.1
    """In modules; less where a wide picture has no room for it."""

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """As high as the template asks for, and as there is room."""
        picture = content.facts.picture
        if picture is None or not picture.size:
            return Drawing(width_px, 0.0)
        height, width = picture.shape[:2]
        scale = min(setting.scale * self.height * setting.module_px / height, width_px / width, height_px / height)
        left = setting.shift(self.align, width_px - scale * width)
        mark = PictureMark((left, 0.0, left + scale * width, scale * height), picture)
        return Drawing(width_px, scale * height, (mark,))
