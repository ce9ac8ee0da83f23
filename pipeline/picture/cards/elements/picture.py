"""The film's own picture or logo, or a picture of the template's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from pipeline.picture.cards.elements.element import CardElement, Content
from pipeline.picture.cards.elements.setting import Setting
from pipeline.picture.drawing.marks import Drawing, PictureMark
from pipeline.picture.theme.picture_files import read_picture


class PictureElement(CardElement):
    """The film's own picture or logo, or with `file` one of its own. Where there is none, it takes no room."""

    reads: ClassVar[frozenset[str]] = frozenset({"picture"})

    kind: Literal["picture"]
    height: Annotated[float, Field(gt=0, le=1)] = 0.1
    """In modules; less where a wide picture has no room for it."""
    file: str = Field(default="", max_length=200)
    """A picture inside the templates folder, in place of the film's own."""
    path: SkipJsonSchema[Path | None] = Field(default=None, exclude=True)
    """`file`, found; filled in where the template is loaded."""

    @property
    def fields(self) -> frozenset[str]:
        """The film's own picture, where it has none itself."""
        return frozenset() if self.file else super().fields

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """As high as the template asks for, and as there is room."""
        picture = content.facts.picture if self.path is None else read_picture(self.path)
        if picture is None or not picture.size:
            return Drawing(width_px, 0.0)
        height, width = picture.shape[:2]
        scale = min(setting.scale * self.height * setting.module_px / height, width_px / width, height_px / height)
        left = setting.shift(self.align, width_px - scale * width)
        mark = PictureMark((left, 0.0, left + scale * width, scale * height), picture)
        return Drawing(width_px, scale * height, (mark,))
