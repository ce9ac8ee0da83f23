"""Cards of the user's own between the parts of the film: what a production says of them.

This module owns the settings. It does not know templates.
"""

from __future__ import annotations

import re
from typing import Final

from pydantic import Field, field_validator

from pipeline.film.planning.settings import FilmSettings

_PLACES: Final = ("start", "title", "comparison", "end")
_SECTION: Final = re.compile(r"section ([1-9]\d{0,2})")


class OwnCardSettings(FilmSettings):
    """A card of the user's own between two parts of the film."""

    template: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        max_length=60,
        description="The card's file in templates/cards/, without its ending.",
        examples=["thanks"],
    )
    after: str = Field(
        default="end",
        description='What it follows: "start", "title", "section 2", "comparison" or "end".',
    )
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
        if value not in _PLACES and not _SECTION.fullmatch(value):
            raise ValueError('"start", "title", "section 1" with any section\'s number, "comparison" or "end"')
        return value

    @property
    def place(self) -> tuple[str, int | None]:
        """What it follows, and which section, counted from 1."""
        found = _SECTION.fullmatch(self.after)
        return ("section", int(found[1])) if found else (self.after, None)
