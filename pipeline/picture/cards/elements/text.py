"""A text in its area."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pipeline.picture.cards.elements.element import CardElement, Content, FilledWords, filled_text
from pipeline.picture.cards.elements.setting import Setting, Text, set_lines
from pipeline.picture.drawing.marks import BoxMark, Drawing
from pipeline.picture.text.shrinking import LEGIBLE_SHARE
from pipeline.picture.text.templating import PlainFacts
from pipeline.picture.text.typesetting import aligned


class TextElement(CardElement):
    """A text. An empty text takes no room."""

    kind: Literal["text"] = "text"
    text: Text
    """Its words, with facts in them: `{{ film.title }}`; `build-video facts` lists all."""
    style: str
    """One of the card's styles."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield its text."""
        yield self.text, ""

    def filled(self, words: PlainFacts, where: str) -> FilledWords:
        """Fill in its text."""
        return FilledWords(text=filled_text(self.text, words, where))

    def compose(self, content: Content, setting: Setting, width_px: float, height_px: float) -> Drawing:
        """Break the text into the lines that its style allows, and shrink it where it must."""
        if not content.words.text:
            return Drawing(width_px, 0.0)
        look = setting.styles[self.style]
        style = setting.text_style(self.style)
        pad = look.box_padding * style.size_px if look.box is not None else 0.0
        text, lines = setting.words(content.words.text, self.style), setting.lines(self.style)
        room = (max(1.0, width_px - 2 * pad), max(1.0, height_px - 2 * pad))
        smallest = LEGIBLE_SHARE * setting.module_px
        fitted = setting.typesetter.fit(text, style, *room, lines=lines, smallest_px=smallest)
        pad = look.box_padding * fitted.style.size_px if look.box is not None else 0.0
        marks = set_lines(
            fitted,
            setting,
            setting.text_colour(self.style),
            width_px=width_px - 2 * pad,
            align=self.align,
            left_px=pad,
            top_px=pad,
            around=setting.marks_of(self.style),
        )
        height = fitted.height_px + 2 * pad
        if look.box is not None:
            mirrored = setting.mirrored or fitted.right_to_left
            left = aligned(self.align, width_px - fitted.width_px - 2 * pad, mirrored=mirrored)
            edges = (left, 0.0, left + fitted.width_px + 2 * pad, height)
            radius = look.box_radius * fitted.style.size_px
            marks.insert(0, BoxMark(edges, setting.colour(look.box), opacity=look.box_opacity, radius_px=radius))
        return Drawing(width_px, height, tuple(marks))
