"""Cards of the user's own between the parts of the film: what a production says of them.

This module owns the settings and the places that a card may have. It does not know templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pydantic import Field, field_validator

from pipeline.film.planning.settings import FilmSettings

_WHOLE: Final = ("start", "title", "comparison", "end")
_OF_SECTIONS: Final = ("section", "section card", "recording", "take")
_COUNTED: Final = re.compile(r"(section|insert|song|card) ([1-9]\d{0,2})")
_WITHIN: Final = re.compile(r"section ([1-9]\d{0,2}) (card|recording|take ([1-9]\d{0,3}))")
PLACES: Final = (
    '"start", "title", "section 2", "section 2 card", "section 2 recording", "section 2 take 3", "insert 1", "song 1", '
    '"card 1", "comparison" or "end", with the numbers of what there is'
)


class Place(NamedTuple):
    """What a card follows.

    `part` is start, title, section, section card, recording, take, insert, song, card, comparison or end; `number` says
    which section, insert, song or card of one's own, and `take` which take of the section, all counted from 1.
    """

    part: str
    number: int | None = None
    take: int | None = None

    @property
    def is_within_a_scene(self) -> bool:
        """Whether the section's scene is interrupted for it, or goes before it at once."""
        return self.part in {"recording", "take"}


class OwnCardSettings(FilmSettings):
    """A card of the user's own between two parts of the film, or between two takes."""

    template: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        max_length=60,
        description="The card's file in templates/cards/, without its ending.",
        examples=["thanks"],
    )
    after: str = Field(default="end", description=f"What it follows: {PLACES}.")
    seconds: float = Field(default=5.0, gt=0.0, le=600.0, description="How long it is shown.")
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Title of a chapter of its own; by default it has none.",
        examples=["Thanks"],
    )

    @field_validator("after")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if value not in _WHOLE and not _COUNTED.fullmatch(value) and not _WITHIN.fullmatch(value):
            raise ValueError(PLACES)
        return value

    @property
    def place(self) -> Place:
        """What it follows."""
        if found := _COUNTED.fullmatch(self.after):
            return Place(found[1], int(found[2]))
        if found := _WITHIN.fullmatch(self.after):
            part = {"card": "section card", "recording": "recording"}.get(found[2], "take")
            return Place(part, int(found[1]), int(found[3]) if found[3] else None)
        return Place(self.after)

    @property
    def section(self) -> int | None:
        """The section that it is about, counted from 0: the one that it follows or interrupts."""
        number = self.place.number
        return number - 1 if number is not None and self.place.part in _OF_SECTIONS else None


def cards_after(cards: Sequence[OwnCardSettings], place: Place) -> Iterator[int]:
    """The cards that follow something, counted from 0: in order, each with those that follow it in turn."""
    for number, card in enumerate(cards):
        if card.place == place:
            yield number
            yield from cards_after(cards, Place("card", number + 1))
