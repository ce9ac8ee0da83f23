"""A QR code of a text, such as the address of a page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Literal

import segno
from pydantic import Field

from pipeline.errors import TemplateError
from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords, filled_text
from pipeline.picture.cards.elements.setting import Setting, Text, natural_px
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.theme.looks import AnyColour

_QUIET = 4
"""Empty modules around a code (ISO/IEC 18004)."""
_LONGEST = 600


class QrElement(CardElement):
    """A QR code. An empty text takes no room."""

    kind: Literal["qr"]
    text: Text
    """What it leads to, with facts in it."""
    height: Annotated[float, Field(gt=0, le=1)] = 0.3
    """In modules of the card; less where there is no room."""
    colour: AnyColour = "#000000"
    """Of the code."""
    ground: AnyColour = "#ffffff"
    """Cameras want a dark code on a light ground."""
    level: Literal["low", "medium", "quartile", "high"] = "medium"
    """How much of it may be hidden."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield its text."""
        yield self.text, ""

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in its text.

        Raises
        ------
        TemplateError
            More than a code that can be read from a screen holds.
        """
        text = filled_text(self.text, words, where)
        if len(text) > _LONGEST:
            raise TemplateError(
                f"The text of a QR code is too long: {len(text)} letters.", where=where, expected=f"at most {_LONGEST}"
            )
        return FilledWords(text=text)

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """As high as the template asks for, and as there is room, in whole pixels a module."""
        if not content.words.text:
            return Drawing(width_px, 0.0)
        matrix = segno.make_qr(content.words.text, error=self.level[0]).matrix
        modules = len(matrix) + 2 * _QUIET
        side = min(natural_px(setting, width_px, self.height, 1.0), height_px)
        dot = max(1.0, side // modules)
        size = dot * modules
        left = setting.shift(self.align, width_px - size)
        marks: list[Mark] = [BoxMark((left, 0.0, left + size, size), setting.colour(self.ground))]
        for row, line in enumerate(matrix, start=_QUIET):
            column = _QUIET
            for dark, run in groupby(line):
                count = len(list(run))
                if dark:
                    x, y = left + column * dot, row * dot
                    marks.append(BoxMark((x, y, x + count * dot, y + dot), setting.colour(self.colour)))
                column += count
        return Drawing(width_px, size, tuple(marks))
