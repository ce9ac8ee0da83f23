"""What a person sets about the film: its size, speed and encoder, and how each section is told.

This module owns the settings and their bounds. It imports nothing heavy, so that reading a production is quick.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from pipeline.errors import ProductionError

SHORTEST_CAPTION_S = 0.75
"""A caption is shown at least so long, or not at all: nobody could read it. The shortest take by default is longer."""
LAYOUT_SHAPES = {"portrait": (9, 16), "square": (1, 1), "landscape": (16, 9)}
"""Width to height of the frames that the built-in layouts are made for."""
_SHORT_SIDE_PX = 1080
SHORTEST_SIDE_PX, LONGEST_SIDE_PX = 64, 8192
_WIDEST = {"portrait": 0.85, "square": 1.34, "landscape": 100.0}
_NARROWEST = {"portrait": 0.01, "square": 0.75, "landscape": 1.18}
"""Width to height up to which a layout still looks right."""
LOWEST_FRAME_RATE = Fraction(1)
HIGHEST_FRAME_RATE = Fraction(240)
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}|/[0-9]{1,9})?")
_BROADCAST_RATES = {"23.976": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001", "119.88": "120000/1001"}


def parse_frame_rate(value: object) -> Fraction:
    """Read a frame rate: a whole number, or text such as `30000/1001`.

    Raises
    ------
    ValueError
        Where the value is no rate, or lies outside 1 to 240 frames a second.
    """
    known = next((_BROADCAST_RATES[name] for name in _BROADCAST_RATES if str(value).startswith(name)), None)
    if known and "/" not in str(value):
        raise ValueError(f'{value} frames/s is not exact: write "{known}"')
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError(f'a frame rate is a number or a fraction such as "30000/1001", not {value!r}'[:200])  # noqa: TRY004 - pydantic reads ValueErrors
    if isinstance(value, str) and not _RATE.fullmatch(value.strip()):  # Fraction would work out 1e999999999
        raise ValueError(f'{value[:40]!r} is no frame rate: write 60 or "30000/1001"')
    try:
        rate = Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f'{str(value)[:40]!r} is no frame rate: write 60 or "30000/1001"') from None
    if not LOWEST_FRAME_RATE <= rate <= HIGHEST_FRAME_RATE:
        raise ValueError(f"{str(value)[:40]} frames/s is impossible: choose from 1 to 240")
    if rate.denominator not in (1, 1001):
        raise ValueError(f'{str(value)[:40]} frames/s is no rate of films: write a whole number, or "30000/1001"')
    return rate


FrameRate = Annotated[
    Fraction,
    BeforeValidator(parse_frame_rate),
    PlainSerializer(lambda rate: f"{rate.numerator}/{rate.denominator}", return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 240},
                {"type": "string", "pattern": r"^\d+(/\d+)?$"},
            ],
            "description": "frames a second: 60, or exact as a fraction: 30000/1001",
        }
    ),
]


class FilmSettings(BaseModel):
    """What all settings of this room share: frozen, and strange keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Quality = Literal["draft", "web", "archive", "lossless"]
Encoder = Literal["x264", "x265", "av1", "nvenc", "videotoolbox", "qsv", "amf"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]


class VideoSettings(FilmSettings):
    """The picture's size, speed, look and encoder, and the lengths of the film's own cards."""

    width: int = Field(
        default=1920, ge=SHORTEST_SIDE_PX, le=LONGEST_SIDE_PX, description="pixels, even; by default the layout's"
    )
    height: int = Field(
        default=1080, ge=SHORTEST_SIDE_PX, le=LONGEST_SIDE_PX, description="pixels, even; by default the layout's"
    )
    frame_rate: FrameRate = Fraction(60)
    theme: str = Field(default="midnight", min_length=1, max_length=100)
    layout: str = Field(
        default="landscape",
        min_length=1,
        max_length=100,
        description="landscape, portrait, square, or a file of your own; by default the one for the frame's shape",
    )
    picture: str | None = Field(default=None, min_length=1, max_length=1000, description="your logo: PNG, JPEG or WebP")
    quality: Quality = Field(default="web", description="how much the encoder may lose, and how long it may take")
    encoder: Encoder = Field(default="x264", description="hardware encoders are tried first, with x264 to fall back on")
    preset: Preset | None = Field(default=None, description="the encoder's own speed; by default the quality's")
    crf: int | None = Field(default=None, ge=0, le=51, description="constant rate factor; by default the quality's")
    keyframe_seconds: float = Field(default=1.0, ge=0.5, le=2.0, description="length of a closed group of pictures")
    audio_kbit_per_s: int = Field(default=192, ge=192, le=512, description="AAC")
    title_seconds: float = Field(default=4.0, ge=0.0, le=60.0, description="0: no title card")
    comparison_seconds: float = Field(default=6.0, ge=0.0, le=60.0, description="shown after two sections or more")
    credits_seconds: float = Field(default=8.0, ge=0.0, le=120.0, description="0: no credits card")

    @model_validator(mode="before")
    @classmethod
    def _size_and_layout_follow_each_other(cls, data: object) -> object:
        """Fill in the sides that are not set as the layout has them, or the layout as the sides have it."""
        if not isinstance(data, dict):
            return data
        sides = {side: _as_number(data[side]) for side in ("width", "height") if side in data}
        if any(not isinstance(value, int) or value < 1 for value in sides.values()):
            return data  # told by the fields
        if "layout" not in data and len(sides) == len(("width", "height")):
            return {**data, "layout": fitting_layout(sides["width"], sides["height"])}
        layout = data.get("layout", "landscape")
        if not isinstance(layout, str) or (layout not in LAYOUT_SHAPES and not sides):
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
        }
        return self.model_copy(update={**chosen, "encoder": "x264"})


def frame_size(layout: str, width: int | None = None, height: int | None = None) -> dict[str, int]:
    """Complete a frame's size, in pixels, as a layout is made for: 16:9 for those of a person's own."""
    across, down = LAYOUT_SHAPES.get(layout, LAYOUT_SHAPES["landscape"])
    if width is None and height is None:
        width = round(_SHORT_SIDE_PX * across / min(across, down))
    if width is None:
        width = round((height or 0) * across / down / 2) * 2
    return {"width": width, "height": round(width * down / across / 2) * 2 if height is None else height}


def _as_number(value: object) -> Any:
    """A side that was written as text."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value


def fitting_layout(width: int, height: int) -> str:
    """Name the built-in layout for a frame's shape."""
    return next(
        name for name in ("portrait", "square", "landscape") if _fits(name, width, height) or name == "landscape"
    )


def _fits(shape: str, width: int, height: int) -> bool:
    return _NARROWEST[shape] <= width / height <= _WIDEST[shape]


def check_shape(layout: str, shape: str | None, width: int, height: int) -> None:
    """Check that a layout made for a shape (any where it is unknown) is used in a frame of about that shape.

    Raises
    ------
    ValueError
        With the layout and the size that would do.
    """
    if shape not in LAYOUT_SHAPES or _fits(shape, width, height):
        return
    usual = frame_size(shape)
    raise ValueError(
        f"the layout '{layout}' is made for {shape} frames, and {width}x{height} is {_form(width, height)}: "
        f'write width = {usual["width"]} and height = {usual["height"]}, or layout = "{fitting_layout(width, height)}"'
    )


def _form(width: int, height: int) -> str:
    return {"portrait": "upright", "square": "nearly square", "landscape": "wide"}[fitting_layout(width, height)]


def draft_size(width: int, height: int) -> tuple[int, int]:
    """A third of each side, but no shorter side below 360 pixels, where words could not be read; even numbers."""
    share = min(1.0, max(1 / 3, 360 / min(width, height)))
    return round(width * share / 2) * 2, round(height * share / 2) * 2


class TakeLine(FilmSettings):
    """One take, chosen by hand."""

    iteration: int | Literal["first", "last", "best"] = Field(description="the checkpoint nearest to it speaks")
    seconds: float | None = Field(default=None, gt=0.0, le=3600.0, description="by default a share of what is left")
    caption: str | None = Field(default=None, max_length=500, description="a Jinja2 template")

    @model_validator(mode="after")
    def _iteration_is_possible(self) -> Self:
        if isinstance(self.iteration, int) and self.iteration < 0:
            raise ValueError(f"iteration {self.iteration} is impossible: the first is 0")
        return self


class CaptionRule(FilmSettings):
    """A caption fired by conditions: shown with the first take of the section of which all of them hold."""

    text: str = Field(min_length=1, max_length=500, description="a Jinja2 template")
    below_bits: float | None = Field(default=None, gt=0.0, description="validation loss, bits per byte")
    iteration: int | None = Field(default=None, ge=0, description="trained at least so far")
    on: Literal["take", "playhead"] = Field(
        default="take",
        description="take: what is heard meets the conditions; playhead: the graphs' playhead has come so far",
    )
    seconds: float = Field(default=4.0, gt=0.0, le=600.0)

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if self.below_bits is None and self.iteration is None:
            raise ValueError("a caption needs a condition: below_bits or iteration")
        return self


class StoryboardSettings(FilmSettings):
    """How one section is told: which checkpoints speak, how long, and what stands before them."""

    takes: int = Field(default=8, ge=1, le=500, description="how many checkpoints speak")
    seconds: float | None = Field(default=None, gt=0.0, le=36000.0, description="all takes together; by default 4 each")
    emphasis: float = Field(default=3.0, ge=1.0, le=100.0, description="the last take is so many times the first")
    emphasis_by: Literal["order", "loss"] = Field(default="order", description="what a take's time grows with")
    spread: Literal["log", "even", "loss"] = Field(default="log", description="how the checkpoints are picked")
    shortest_take_seconds: float = Field(default=0.8, gt=0.0, le=60.0)
    recording_seconds: float = Field(default=4.0, ge=0.0, le=600.0, description="of the recording, before the takes")
    recording_start_s: float = Field(
        default=0.0, ge=0.0, le=200_000.0, description="where in the recording the excerpt begins"
    )
    card_seconds: float = Field(default=5.0, ge=0.0, le=120.0, description="0: no card before the section")
    take: tuple[TakeLine, ...] = Field(default=(), max_length=500, description="takes chosen by hand, in order")
    caption: tuple[CaptionRule, ...] = Field(default=(), max_length=200, description="captions fired by conditions")

    @model_validator(mode="after")
    def _takes_fit(self) -> Self:
        fixed = sum(line.seconds for line in self.take if line.seconds is not None)
        if self.take and self.seconds is not None and fixed > self.seconds + 1e-6:
            raise ValueError(
                f"the takes last {fixed:g} s together, longer than the {self.seconds:g} s of the section: "
                "shorten them, or set more seconds"
            )
        count = len(self.take) or self.takes
        if self.seconds is not None and count * self.shortest_take_seconds > self.seconds and not self.take:
            raise ValueError(
                f"{count} takes of at least {self.shortest_take_seconds:g} s don't fit into {self.seconds:g} s: "
                "set fewer takes, or more seconds"
            )
        return self

    def check_excerpt(self, duration_s: float, where: str) -> None:
        """Check that the recording's excerpt begins before a recording of so many seconds ends.

        Raises
        ------
        ProductionError
            Where it doesn't.
        """
        if self.recording_seconds > 0 and self.recording_start_s >= duration_s:
            raise ProductionError(
                f"The recording's excerpt begins at {self.recording_start_s:g} s, but there are only "
                f"{duration_s:.1f} s of it.",
                where=where,
                expected=f"recording_start_s below {duration_s:.1f}",
            )

    @property
    def takes_seconds(self) -> float:
        """How long all takes last together, where nothing fixed says otherwise."""
        return self.seconds if self.seconds is not None else 4.0 * (len(self.take) or self.takes)


class InsertSettings(FilmSettings):
    """The user's own footage or still between two parts of the film."""

    file: str = Field(min_length=1, max_length=1000, description="a video or a picture, relative to the production")
    after: Literal["start", "title", "section", "comparison", "end"] = "title"
    section: int | None = Field(default=None, ge=1, description='with after = "section": which one, counted from 1')
    start_s: float = Field(default=0.0, ge=0.0, le=200_000.0, description="where in the footage to begin")
    seconds: float | None = Field(default=None, gt=0.0, le=3600.0, description="by default all of it; a still: 4")
    fade_seconds: float = Field(default=0.5, ge=0.0, le=10.0)
    fit: Literal["crop", "pad"] = Field(default="crop", description="fill the frame, or show everything with bars")
    sound: bool = Field(default=True, description="the footage's own sound")
    title: str | None = Field(default=None, max_length=200, description="its chapter; by default none")

    @model_validator(mode="after")
    def _section_is_named(self) -> Self:
        if (self.after == "section") != (self.section is not None):
            raise ValueError('section goes with after = "section", and only with it')
        return self
