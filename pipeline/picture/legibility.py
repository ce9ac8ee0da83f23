"""Words that had to shrink so far that a small screen can't show them.

This module owns the limit, and finds what falls below it. It warns nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.picture.cards.drawing import DrawnCard
from pipeline.picture.cards.template import module_px
from pipeline.picture.panels.layout import SceneLayout
from pipeline.picture.panels.words import CaptionSettings, TitleSettings
from pipeline.picture.text.typesetting import TextStyle, Typesetter

SMALLEST_SHARE: Final = 0.0195
"""Of the height of a landscape frame: 7 px at 360p, below which letters can't be told apart."""


@dataclass(frozen=True)
class SmallWords:
    """A text, the size in which it fits its place, and the frame's height."""

    text: str
    size_px: float
    height_px: int

    def __str__(self) -> str:
        """Tell it in a few words."""
        shown = self.text if len(self.text) <= 40 else self.text[:40].rstrip() + "\u2026"  # noqa: PLR2004 (a line of a terminal)
        many = f", of {len(self.text)} letters," if shown != self.text else ""
        return (
            f"'{shown}'{many} fits its place only in type of {self.size_px:.0f} px of {self.height_px}, "
            "too small to be read on a small screen"
        )


def small_words_in_scenes(
    captions: Iterable[str],
    titles: Iterable[str],
    typesetter: Typesetter,
    layout: SceneLayout,
    size_px: tuple[int, int],
) -> list[SmallWords]:
    """Find captions, and titles of sections, that a layout's panels can only show too small.

    `size_px` is the frame's width and height.
    """
    width, height = size_px
    found = []
    for panel in layout.panel:
        if isinstance(panel, CaptionSettings | TitleSettings):
            weight = 500 if isinstance(panel, CaptionSettings) else 600
            style = TextStyle(max(1.0, panel.text * height * layout.scale), weight=weight)
            box = panel.box(width, height)
            for text in dict.fromkeys(captions if isinstance(panel, CaptionSettings) else titles):
                fitted = typesetter.fit(text, style, box.width, box.height - 1, lines=panel.lines)
                if fitted.style.size_px < SMALLEST_SHARE * height * layout.scale <= style.size_px:
                    found.append(SmallWords(text, fitted.style.size_px, height))
    return found


def small_words_on_card(card: DrawnCard, size_px: tuple[int, int]) -> Sequence[SmallWords]:
    """Find the smallest words of a card, where they are too small."""
    smallest = card.smallest
    if smallest is None or smallest[1] >= SMALLEST_SHARE * module_px(*size_px):
        return ()
    return (SmallWords(smallest[0], smallest[1], size_px[1]),)
