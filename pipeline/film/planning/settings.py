"""What a person sets about the film: its size, speed and encoder, and the footage between its parts.

This module owns the settings and their bounds. It imports nothing heavy, so that reading a production is quick.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.film.planning.frame_rate import FrameRate
from pipeline.film.planning.shapes import (
    LONGEST_SIDE_PX,
    SHORTEST_SIDE_PX,
    check_shape,
    draft_size,
    fitting_layout,
    frame_size,
    shape_named,
)


class FilmSettings(BaseModel):
    """The base of all settings here: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def file_name_field(by_default: str, example: str) -> Any:
    """What files are called: a film's and a cut's."""
    return Field(
        default=None,
        min_length=1,
        max_length=300,
        description="What its files are called, without an ending, a Jinja2 template of facts; "
        f"by default {by_default}.",
        examples=[example],
    )


Quality = Literal["draft", "web", "archive", "lossless"]
Encoder = Literal["x264", "x265", "av1", "nvenc", "videotoolbox", "qsv", "amf"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]


class VideoSettings(FilmSettings):
    """The picture's size, speed, look and encoder, and the lengths of the film's own cards."""

    width: int = Field(
        default=1920,
        ge=SHORTEST_SIDE_PX,
        le=LONGEST_SIDE_PX,
        description="Width of the frame, an even number; by default what suits the layout and the height.",
    )
    height: int = Field(
        default=1080,
        ge=SHORTEST_SIDE_PX,
        le=LONGEST_SIDE_PX,
        description="Height of the frame, an even number; by default what suits the layout and the width.",
    )
    frame_rate: FrameRate = Fraction(60)
    theme: str = Field(
        default="midnight",
        min_length=1,
        max_length=100,
        description="Colours and fonts: midnight, paper, phosphor, or the name of a file in templates/themes/.",
    )
    layout: str = Field(
        default="landscape",
        min_length=1,
        max_length=100,
        description="Where the panels stand: landscape, portrait, square, or the name of a file in templates/layouts/; "
        "by default the one for the frame's shape.",
    )
    picture: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Your logo, PNG, JPEG or WebP: on the title card, the thumbnail and beside the section's title.",
        examples=["logo.png"],
    )
    quality: Quality = Field(
        default="web", description="How much the encoder may lose, and how long it may take over it."
    )
    encoder: Encoder = Field(
        default="x264", description="Hardware encoders are tried first, and x264 takes over where they fail."
    )
    preset: Preset | None = Field(
        default=None, description="How slowly the encoder works; by default what suits the quality.", examples=["slow"]
    )
    crf: int | None = Field(
        default=None,
        ge=0,
        le=51,
        description="Constant rate factor: lower is better and larger; by default what suits the quality.",
        examples=[18],
    )
    keyframe_seconds: float = Field(
        default=1.0, ge=0.5, le=2.0, description="Time between two keyframes, at which a player can start."
    )
    audio_kbit_per_s: int = Field(default=192, ge=192, le=512, description="Bit rate of the sound (AAC).")
    title_seconds: float = Field(
        default=4.0, ge=0.0, le=60.0, description="How long the title card is shown; 0: there is none."
    )
    comparison_seconds: float = Field(
        default=6.0,
        ge=0.0,
        le=60.0,
        description="How long the comparison of all sections is shown, where there are several; 0: there is none.",
    )
    credits_seconds: float = Field(
        default=8.0, ge=0.0, le=120.0, description="How long the credits are shown; 0: there are none."
    )

    graphs: bool = Field(
        default=True,
        description="Whether the four loss graphs of each section lie beside the film too, as pictures up to 16383 "
        "pixels wide, in graphs/; a draft and cuts have none.",
    )

    @model_validator(mode="before")
    @classmethod
    def _size_and_layout_follow_each_other(cls, data: object) -> object:
        """Fill in the sides that are not set as the layout has them, or the layout as the sides have it."""
        if not isinstance(data, dict):
            return data
        sides = {side: _as_number(data[side]) for side in ("width", "height") if side in data}
        if any(not isinstance(value, int) or value < 1 for value in sides.values()):
            return data  # the fields report it
        if "layout" not in data and len(sides) == len(("width", "height")):
            return {**data, "layout": fitting_layout(sides["width"], sides["height"])}
        layout = data.get("layout", "landscape")
        if not isinstance(layout, str) or (shape_named(layout) is None and not sides):
            return data
        size = frame_size(layout, **sides)
        for side in size.keys() - sides.keys():
            if not SHORTEST_SIDE_PX <= size[side] <= LONGEST_SIDE_PX:
                given = " and ".join(f"{name} = {value}" for name, value in sides.items())
                raise ValueError(
                    f"with {given} a {layout} frame would have a {side} of {size[side]} pixels: "
                    f"{SHORTEST_SIDE_PX} to {LONGEST_SIDE_PX} are possible"
                )
        return {**data, **size}

    @model_validator(mode="after")
    def _shape_is_the_layouts(self) -> Self:
        check_shape(self.layout, self.layout, self.width, self.height)
        return self

    @model_validator(mode="after")
    def _even(self) -> Self:
        for name, value in (("width", self.width), ("height", self.height)):
            if value % 2:
                raise ValueError(
                    f"the {name} of {value} pixels is odd, and the picture's colours are stored for pairs of pixels: "
                    f"choose {value - 1} or {value + 1}"
                )
        return self

    def draft(self) -> VideoSettings:
        """Return the same film small and quick: a ninth of the pixels, at most 30 frames/s, the quick preset."""
        small = draft_size(self.width, self.height)
        rate = self.frame_rate if self.frame_rate <= 30 else self.frame_rate / -(-self.frame_rate // 30)  # noqa: PLR2004 - the design's 30 frames/s
        chosen: dict[str, Any] = {
            "width": small[0],
            "height": small[1],
            "frame_rate": rate,
            "quality": "draft",
            "preset": None,
            "crf": None,
            "graphs": False,
        }
        return self.model_copy(update={**chosen, "encoder": "x264"})


def _as_number(value: object) -> Any:
    """A side that was written as text."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value


class InsertSettings(FilmSettings):
    """The user's own footage or still between two parts of the film."""

    file: str = Field(
        min_length=1,
        max_length=1000,
        description="A video or a picture, relative to the production file.",
        examples=["intro.mp4"],
    )
    after: Literal["start", "title", "section", "comparison", "end"] = Field(
        default="title", description="What it follows."
    )
    section: int | None = Field(
        default=None, ge=1, description='With after = "section": which one, counted from 1.', examples=[1]
    )
    start_s: float = Field(default=0.0, ge=0.0, le=200_000.0, description="Where in the footage to begin.")
    seconds: float | None = Field(
        default=None,
        gt=0.0,
        le=3600.0,
        description="How long it is shown; by default all of the footage, or 4 s of a picture.",
        examples=[5.0],
    )
    fade_seconds: float = Field(default=0.5, ge=0.0, le=10.0, description="Length of the fades at its ends.")
    fit: Literal["crop", "pad"] = Field(
        default="crop", description="Whether it fills the frame, or is shown whole between bars."
    )
    sound: bool = Field(default=True, description="Whether the footage's own sound is heard.")
    title: str | None = Field(
        default=None,
        max_length=200,
        description="Title of a chapter of its own; by default it has none.",
        examples=["How it was recorded"],
    )

    @model_validator(mode="after")
    def _section_is_named(self) -> Self:
        if (self.after == "section") != (self.section is not None):
            raise ValueError('section goes with after = "section", and only with it')
        return self
