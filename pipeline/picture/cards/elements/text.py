"""A text in its area."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords, filled_text
from pipeline.picture.cards.elements.setting import Setting, Text, set_lines
from pipeline.picture.drawing.marks import Drawing
from pipeline.picture.text.shrinking import LEGIBLE_SHARE
from pipeline.picture.text.templating import PlainFacts


class TextElement(CardElement):
    """A text. An empty text takes no room."""

    kind: Literal["text"] = "text"
    text: Text
    style: str

    def texts(self) -> Iterator[tuple[str, bool]]:
        """Yield its text."""
        yield self.text, False

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in its text."""
        return FilledWords(text=filled_text(self.text, words, where))

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Break the text into the lines that its style allows, and shrink it where it must."""
        if not content.words.text:
            return Drawing(width_px, 0.0)
        style = setting.text_style(self.style)
        fitted = setting.typesetter.fit(
            content.words.text,
            style,
            width_px,
            height_px,
            lines=setting.lines(self.style),
            smallest_px=LEGIBLE_SHARE * setting.module_px,
        )
        colour = setting.text_colour(self.style)
        return Drawing(
            width_px,
            fitted.height_px,
            tuple(set_lines(fitted, setting, colour, width_px=width_px, align=self.align)),
        )
