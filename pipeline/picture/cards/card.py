"""The record of a card: a full-screen text picture made from a template, ready to be animated.

This module owns what is kept of a card, and nothing that draws it; it imports nothing heavy.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pipeline.picture.drawing.motion import Motion
from pipeline.store.names import PlainName

ENTER_S: Final = 0.7
"""How long an element usually takes to enter."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardLayer(_Record):
    """One element of a card, cut out: it enters and leaves as a whole.

    Its file is a PNG with transparency; its top left corner belongs at (`x_px`, `y_px`), both even. Times are in
    seconds after the card's beginning; `move_y_px` is how far below its place it begins.
    """

    layer_file: PlainName
    x_px: int
    y_px: int
    delay_s: float = Field(ge=0)
    move_y_px: float = 0.0
    motion: Motion | None = None
    """What its template asks of motion, with nothing left to presets; None for the usual."""
    order: int = Field(default=0, ge=0)
    """Its number among the pieces of one text."""
    following: int = Field(default=0, ge=0, exclude_if=lambda value: value == 0)
    """How many pieces of the text leave after it."""
    unit_px: float = Field(default=0.0, ge=0)
    """What places of its motion are shares of."""

    @property
    def latest_s(self) -> float:
        """When it is there as soon as a usual one that begins then."""
        if self.motion is None or self.motion.enter is None:
            return self.delay_s
        return self.delay_s + self.motion.entered_s(self.order + 1) - ENTER_S


class CardPage(_Record):
    """One screenful: most cards have one; long credits have several."""

    picture_file: PlainName
    """The whole page at rest, PNG without transparency."""
    layers: tuple[CardLayer, ...]


class CardPicture(_Record):
    """A card as it was drawn.

    `name` is the clip's name in the timeline: `title`, `section-1`, `recap-1`, `comparison`, `credits`.
    """

    name: str
    template: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    background: str
    """The ground behind all layers, `#rrggbb`."""
    ground_file: PlainName | None = None
    """The ground where it is a gradient or a picture, PNG without transparency."""
    pages: tuple[CardPage, ...] = Field(min_length=1)
    text: tuple[str, ...] = ()
    """All words on the card, in reading order: for subtitles and for people who can't see it."""

    @property
    def picture_file(self) -> str:
        """The first page at rest."""
        return self.pages[0].picture_file
