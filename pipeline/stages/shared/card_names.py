"""Which template and which section a card of the film is made from, by its name.

This module owns the names. It does not know what cards show.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pipeline.production.schema import Production

SECTION_CARDS: Final = ("section", "recap")
"""Cards that each section has, named after its number: `section-1`, `recap-1`."""
RUN_CARD: Final = "run"
"""The template of the card before a run of another program."""
OWN: Final = "own"
"""Cards of the user's own, named after their number in the production: `own-1`."""


class CardOrigin(NamedTuple):
    """A card's template, and its section counted from 0, None for cards of the whole film."""

    template: str
    section: int | None


def card_origin(production: Production, name: str) -> CardOrigin:
    """What a card is made from."""
    kind, _, number = name.rpartition("-")
    if kind in SECTION_CARDS and number:
        section = int(number) - 1
        of_run = kind == "section" and production.sections[section].run is not None
        return CardOrigin(RUN_CARD if of_run else kind, section)
    if kind == OWN:
        card = production.cards[int(number) - 1]
        return CardOrigin(card.template, card.section)
    return CardOrigin(name, None)
