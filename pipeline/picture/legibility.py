"""Words that had to shrink so far that a small screen can't show them, or have no room at all.

This module owns the limit, and finds what falls below it. It warns nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.picture.cards.drawing import DrawnCard
from pipeline.picture.cards.template import module_px
from pipeline.picture.panels.layout import SceneLayout
from pipeline.picture.panels.words import CaptionSettings, TitleSettings
from pipeline.picture.text.shrinking import LEGIBLE_SHARE
from pipeline.picture.text.typesetting import TextStyle, Typesetter


@dataclass(frozen=True)
class SmallWords:
    """A text, the size in which it fits its place, and the frame's height.

    `is_cut` tells that its end is left out: in type that can be read there is no room for it.
    """

    text: str
    size_px: float
    height_px: int
    is_cut: bool = False

    def __str__(self) -> str:
        """Tell it in a few words."""
        shown = self.text if len(self.text) <= 40 else self.text[:40].rstrip() + "\u2026"  # noqa: PLR2004 (a line of a terminal)
        many = f", of {len(self.text)} letters," if shown != self.text else ""
        if self.is_cut:
            return (
                f"'{shown}'{many} has no room in its place, not even in type of {self.size_px:.0f} px of "
                f"{self.height_px}, the smallest that can be read: its end is left out"
            )
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
                least = LEGIBLE_SHARE * height * layout.scale
                room = (box.width, box.height - 1)
                fitted = typesetter.fit(text, style, *room, lines=panel.lines, smallest_px=least)
                if fitted.is_cut:
                    found.append(SmallWords(text, fitted.style.size_px, height, is_cut=True))
    return found


def small_words_on_card(card: DrawnCard, size_px: tuple[int, int]) -> Sequence[SmallWords]:
    """Find the smallest words of a card, where they are too small."""
    smallest = card.smallest
    if smallest is None or smallest[1] >= LEGIBLE_SHARE * module_px(*size_px):
        return ()
    return (SmallWords(smallest[0], smallest[1], size_px[1]),)
