"""What a theme or a style says of looks beside its colours: the ground of the film, panels, and words with their marks.

This module owns the settings. It draws nothing.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from pipeline.picture.theme.inheritance import OLD_ROLES

LiteralColour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
"""A colour (sRGB) written `#rrggbb`."""
TextRole = Literal["text", "muted", "accent"]
"""The colours that a theme keeps readable on its background and on its panels."""
ColourRole = Literal[
    "background",
    "panel",
    "grid",
    "text",
    "muted",
    "accent",
    "played",
    "upcoming",
    "loud",
    "training_band",
    "training_mean",
    "validation",
    "section",
]
"""A colour of the theme; `section` is the series colour of the section."""


def _role(value: object) -> object:
    return OLD_ROLES.get(value, value) if isinstance(value, str) else value


AnyColour = Annotated[ColourRole | LiteralColour, BeforeValidator(_role)]
"""A colour of the theme by its role, or one of its own."""

PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""Files of a ground that are read as pictures; others are clips."""

_CLIP_PICTURES_PER_S: Final = 10.0
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Sizes = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]


class LookPart(BaseModel):
    """A part of a look."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextLook(LookPart):
    """How words look beside their size. Shares are of the type's size."""

    colour: AnyColour = "text"
    """Of the letters."""
    italic: bool = False
    """Slanted letters."""
    uppercase: bool = False
    """Capitals, by the rules of Unicode."""
    tracking: float = Field(default=0.0, ge=-0.1, le=0.5, allow_inf_nan=False)
    """Extra room between letters."""
    outline: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """How wide."""
    outline_colour: AnyColour = "background"
    """Of the outline."""
    shadow: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """How far below the words it lies, and how soft it is."""
    shadow_colour: AnyColour = "background"
    """Of the shadow."""
    box: AnyColour | None = None
    """A rounded box of a colour behind the words."""
    box_opacity: _Share = 1.0
    """1 hides what lies behind the box."""
    box_padding: _Sizes = 0.35
    """Room between the words and the box's edge."""
    box_radius: _Sizes = 0.25
    """Of the box's corners."""

    @property
    def is_plain(self) -> bool:
        """Whether words have nothing around them."""
        return not (self.outline or self.shadow or self.box)


class CaptionLook(TextLook):
    """How captions look, or a section's title."""

    weight: int | None = Field(default=None, ge=100, le=900)
    """From 100 (thin) to 900 (heavy); by default what the panel is set in."""
    reveal: Literal["whole", "word", "letter"] = "whole"
    """What of a caption enters as one."""


class Ground(LookPart):
    """What lies behind everything: by default the colour `background` alone."""

    gradient: tuple[LiteralColour, ...] = Field(default=(), max_length=8)
    """Colours evenly spaced along `angle`; two or more."""
    angle: Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)] = 90.0
    """Degrees from rightwards, clockwise: 90 is from the top down."""
    motion: Literal["still", "drift", "turn"] = Field(default="still", exclude_if=lambda value: value == "still")
    """Of the gradient: its colours drift along, or its angle turns; it comes round again after `seconds`."""
    file: str = Field(default="", max_length=200)
    """A picture or a clip inside the theme's templates folder; it fills the frame. A clip is looped."""
    start_s: Annotated[float, Field(ge=0, le=36_000)] = Field(default=0.0, exclude_if=lambda value: not value)
    """Where in the clip to begin."""
    seconds: Annotated[float, Field(ge=0.5, le=600, allow_inf_nan=False)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """How long until a moving gradient comes round again (by default 20), or how much of the clip is looped."""
    pictures_per_s: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """How many pictures of what moves are shown a second, at most: each is new to the encoder. By default 10 of a clip,
    which cost about a tenth of rendering's speed at 60 frames a second (30 cost a fifth), and of a gradient as many as
    can be told apart."""
    loop: Literal["repeat", "mirror"] = Field(default="repeat", exclude_if=lambda value: value == "repeat")
    """Whether the clip begins again after its end, or is shown backwards and forwards."""
    darken: _Share = 0.5
    """How far the file is mixed into the colour `background` (or the gradient): 1 hides it."""
    blur: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    """Of the frame's height."""

    @property
    def is_plain(self) -> bool:
        """Whether it is a single colour."""
        return not self.has_gradient and not self.file

    @property
    def has_gradient(self) -> bool:
        """Whether there are colours to go through."""
        return len(self.gradient) > 1

    @property
    def is_clip(self) -> bool:
        """Whether its file is a clip: any file that isn't named like a picture."""
        return bool(self.file) and PurePosixPath(self.file).suffix.lower() not in PICTURE_SUFFIXES

    @property
    def clip_pictures_per_s(self) -> float:
        """How many of a clip's pictures are shown a second, at most."""
        return self.pictures_per_s or _CLIP_PICTURES_PER_S

    @property
    def moves(self) -> bool:
        """Whether it is different from one frame to another."""
        return self.is_clip or (self.motion != "still" and self.has_gradient and not self.file)

    @field_validator("gradient")
    @classmethod
    def _goes_from_one_to_another(cls, value: tuple[LiteralColour, ...]) -> tuple[LiteralColour, ...]:
        if len(value) == 1:
            raise ValueError("two colours or more; one alone is [colours] background")
        return value

    @model_validator(mode="after")
    def _motion_has_something_to_move(self) -> Self:
        if self.motion != "still" and not self.has_gradient:
            raise ValueError("motion moves a gradient: give it two colours or more, or leave motion out")
        if self.motion != "still" and self.file:
            raise ValueError("motion moves a gradient alone: leave out either motion or file")
        return self


class PanelLook(LookPart):
    """How panels look whose ground is of a colour of its own."""

    radius: Annotated[float, Field(ge=0, le=0.1)] = 0.0
    """Of their corners, a share of the frame's height."""
