"""What a person sets about a cut: its length and shape, and which of the film's takes it shows.

This module owns the settings and their bounds. It knows nothing of how a cut is planned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.film.planning.settings import FilmSettings, VideoSettings, file_name_field
from pipeline.film.planning.shapes import check_shape, draft_size, fitting_layout, shape_named

RESERVED_NAMES: Final = frozenset({"work", "draft", "sound", "loops", "graphs"})
"""Folders that stand beside those of cuts."""
SHORTEST_SECTION_S: Final = 1.6


class CutLine(FilmSettings):
    """One take of a cut, chosen by hand among those of the film."""

    section: int = Field(default=1, ge=1, description="The film's section, counted from 1.")
    iteration: int | Literal["first", "last", "best"] = Field(
        description="The film's take: the one nearest to this iteration, the first, the last, or the best.",
        examples=["last"],
    )
    seconds: float | None = Field(
        default=None,
        gt=0.0,
        le=3600.0,
        description="How long the take is shown; by default a share of the time that is left.",
        examples=[6.0],
    )
    caption: str | None = Field(
        default=None,
        max_length=500,
        description="Its caption, a Jinja2 template; by default the film's.",
        examples=["After {{ epoch | decimals(1) }} epochs"],
    )


class CutSettings(FilmSettings):
    """Another length and shape of the film, built beside it from the same takes."""

    name: str = Field(
        min_length=1, max_length=40, description="Its name, and that of its folder beside the film.", examples=["short"]
    )
    layout: str = Field(
        default="portrait",
        min_length=1,
        max_length=100,
        description="portrait, square, landscape, or the name of a file in templates/layouts/; by default the one for "
        "the frame's shape, portrait where that isn't set.",
    )
    width: int | None = Field(
        default=None,
        ge=64,
        le=8192,
        description="Width of the frame, set together with the height; by default what suits the layout and the film.",
        examples=[1080],
    )
    height: int | None = Field(
        default=None, ge=64, le=8192, description="Height of the frame, set together with the width.", examples=[1920]
    )
    seconds: float = Field(
        default=45.0, ge=2.0, le=36000.0, description="How long it lasts: exactly, where there is enough to show."
    )
    sections: Literal["all", "best"] | tuple[int, ...] = Field(
        default="all",
        description="all, a list of numbers from 1, or best: the lowest loss of those tried on the same sound as the "
        "last.",
    )
    pick: Literal["highlights", "film"] = Field(
        default="highlights",
        description="highlights: the first take, briefly, then the best; film: all of the film's takes, shorter.",
    )
    take: tuple[CutLine, ...] = Field(default=(), max_length=500, description="Takes chosen by hand instead.")
    recording_seconds: float = Field(
        default=2.0, ge=0.0, le=600.0, description="How much of each recording is heard before its takes."
    )
    cards: Literal["title", "none", "all"] = Field(
        default="title", description="Which cards it shows: the title, none, or all of the film's."
    )
    songs: Literal["all", "none"] | tuple[int, ...] = Field(
        default="none",
        description="Which of the film's songs it takes in, whole, as part of its seconds: none, all, or a list of "
        "numbers from 1.",
    )
    title_seconds: float = Field(default=2.0, ge=0.2, le=60.0, description="How long the title card is shown.")
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Its title; by default the film's.",
        examples=["A network learns my voice"],
    )
    subtitle: str | None = Field(
        default=None, max_length=300, description="Its subtitle; by default the film's.", examples=["In 45 seconds"]
    )
    file_name: str | None = file_name_field(
        "the production file's name and the cut's", "{{ film.title | slug }}-{{ film.width }}x{{ film.height }}"
    )
    theme: str | None = Field(
        default=None, min_length=1, max_length=100, description="Its theme; by default the film's.", examples=["paper"]
    )

    @model_validator(mode="before")
    @classmethod
    def _layout_follows_the_size(cls, data: object) -> object:
        if not isinstance(data, dict) or "layout" in data:
            return data
        width, height = data.get("width"), data.get("height")
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
            return {**data, "layout": fitting_layout(width, height)}
        return data

    @field_validator("pick", mode="before")
    @classmethod
    def _old_pick(cls, value: object) -> object:
        """Production files of earlier versions say "telling"."""
        return "highlights" if value == "telling" else value

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name) or self.name.lower() in RESERVED_NAMES:
            taken = ", ".join(sorted(RESERVED_NAMES))
            raise ValueError(
                f"{self.name!r} can't be the name of a cut: use letters, digits, - and _, and none of {taken}"
            )
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height go together: set both, or neither")
        if self.width is not None and self.height is not None:
            check_shape(self.layout, self.layout, self.width, self.height)
        if isinstance(self.sections, tuple) and (not self.sections or min(self.sections) < 1):
            raise ValueError('sections are counted from 1: write [1, 3], "all" or "best"')
        if isinstance(self.songs, tuple) and (not self.songs or min(self.songs) < 1):
            raise ValueError('songs are counted from 1: write [1, 3], "all" or "none"')
        if self.cards != "none" and self.title_seconds > self.seconds - 1:
            raise ValueError(f"a title of {self.title_seconds:g} s leaves no time for takes in {self.seconds:g} s")
        return self

    def shortest_s(self, cards_s: Sequence[float], film: VideoSettings) -> float:
        """How many seconds it needs at least.

        `cards_s` is how long each of the film's sections shows its own cards: those that aren't there count nothing.
        """
        chosen = {line.section for line in self.take} or set(self.sections if isinstance(self.sections, tuple) else ())
        each = sorted(cards_s) if not chosen else [cards_s[number - 1] for number in sorted(chosen)]
        if not chosen and self.sections == "best":
            each = each[:1]
        title = 0.0 if self.cards == "none" else self.title_seconds
        if self.cards != "all":
            return len(each) * SHORTEST_SECTION_S + title
        several = film.comparison_seconds if len(each) > 1 else 0.0
        return len(each) * SHORTEST_SECTION_S + title + sum(each) + several + film.credits_seconds

    def songs_of(self, film_songs: int) -> tuple[int, ...]:
        """Which of so many songs it takes in, counted from 0, in the film's order."""
        if isinstance(self.songs, str):
            return tuple(range(film_songs)) if self.songs == "all" else ()
        return tuple(sorted({number - 1 for number in self.songs if number <= film_songs}))

    def video(self, film: VideoSettings, *, is_draft: bool) -> VideoSettings:
        """Return the film's settings in the cut's shape; a draft's sides are a third as long."""
        width, height = self._size(film)
        if is_draft and self.width is not None:
            width, height = draft_size(width, height)
        none = self.cards != "all"
        values = film.model_dump() | {
            "width": width,
            "height": height,
            "layout": self.layout,
            "theme": self.theme or film.theme,
            "title_seconds": 0.0 if self.cards == "none" else self.title_seconds,
            "comparison_seconds": 0.0 if none else film.comparison_seconds,
            "credits_seconds": 0.0 if none else film.credits_seconds,
            "graphs": False,
        }
        return VideoSettings.model_validate(values)

    def _size(self, film: VideoSettings) -> tuple[int, int]:
        if self.width is not None and self.height is not None:
            return self.width, self.height
        shape = shape_named(self.layout)
        if shape is None:
            return film.width, film.height
        across, down = shape
        short = min(film.width, film.height)
        shorter = min(across, down)
        return round(short * across / shorter / 2) * 2, round(short * down / shorter / 2) * 2
