"""What the settings of all panels and layouts share: places as shares of the frame, and the pixels that they become.

This module owns where a panel stands. It does not know any kind of panel, and it does not draw. All places and sizes
are shares: `left` and `width` of the frame's width, `top` and `height` of its height, type and lines of its height
times the layout's `scale`. So a layout looks the same at any resolution.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.picture.drawing.motion import Keyframes, Motion, Transition, check_presets
from pipeline.picture.language import Language
from pipeline.picture.text.templating import PlainFacts, render_caption

SAFE_MARGIN = 0.05
"""Text stays this share of the frame away from every edge (EBU R 95: the inner 90% is safe for titles)."""
ROUNDING = 1e-6

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=0.25, allow_inf_nan=False)]
Words = Annotated[str, Field(max_length=200)]
"""Words on a panel: a template that may name the words of the film's language, `{{ words.scene.iteration }}`."""


class PixelBox(NamedTuple):
    """A rectangle in whole, even pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.top + self.height


def even(value: float) -> int:
    """The even number next to a value."""
    return 2 * round(value / 2)


def _edge(share: float, whole_px: int) -> int:
    """The pixel edge at a share of the frame: the same for 0.325 and for 0.145 + 0.18, so that panels meet."""
    return even(round(share * whole_px, 6))


class PanelSettings(BaseModel):
    """Which kind of panel stands where. A kind's own settings are a subclass, beside the class that draws it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    word_fields: ClassVar[frozenset[str]] = frozenset()
    """Its fields with words in them (texts, or tables of texts)."""

    kind: str
    """What it shows."""
    left: Share
    """Of the frame's width."""
    top: Share
    """Of the frame's height."""
    width: Share
    """Of the frame's width."""
    height: Share
    """Of the frame's height."""
    enter: Transition | None = Field(default=None, exclude_if=lambda value: value is None)
    """How it enters at a scene's beginning, by a preset's name or in full; by default wiped in, one after another."""
    exit: Transition | None = Field(default=None, exclude_if=lambda value: value is None)
    """How it leaves at a scene's end; by default a fade."""
    delay: float = Field(default=0.0, ge=0, le=5, exclude_if=lambda value: not value)
    """Seconds until it enters, where `enter` says how."""
    keyframes: Keyframes = Field(default=(), exclude_if=lambda value: not value)
    """Where it stands in a scene; places are shares of the frame's height."""

    @property
    def motion(self) -> Motion | None:
        """All that it asks for of motion, with nothing left to presets; None for the usual."""
        if self.enter is None and self.exit is None and not self.keyframes:
            return None
        return Motion(enter=self.enter, exit=self.exit, keyframes=self.keyframes).filled({})

    @model_validator(mode="after")
    def _presets_are_known(self) -> Self:
        check_presets((one for one in (self.enter, self.exit) if one is not None), {})
        return self

    @model_validator(mode="after")
    def _inside_the_frame(self) -> Self:
        if self.left + self.width > 1 + ROUNDING:
            raise ValueError("left + width at most 1: the panel sticks out of the frame")
        if self.top + self.height > 1 + ROUNDING:
            raise ValueError("top + height at most 1: the panel sticks out of the frame")
        if not (self.width and self.height):
            raise ValueError("width and height above 0")
        return self

    def box(self, width_px: int, height_px: int) -> PixelBox:
        """The panel's pixels in a frame of the given size: at least two by two."""
        left, top = min(_edge(self.left, width_px), width_px - 2), min(_edge(self.top, height_px), height_px - 2)
        right, bottom = _edge(self.left + self.width, width_px), _edge(self.top + self.height, height_px)
        return PixelBox(left, top, max(2, right - left), max(2, bottom - top))

    def worded(self, language: Language, where: str) -> Self:
        """The same with its words filled in, in a language.

        Raises
        ------
        TemplateError
            Where they name a word that is not there.
        """
        facts = PlainFacts({}, language)
        filled: dict[str, str | dict[str, str]] = {}
        for name in self.word_fields:
            value = getattr(self, name)
            if isinstance(value, str):
                filled[name] = render_caption(value, facts, f"{where}, {self.kind}, {name}")
            else:
                filled[name] = {
                    key: render_caption(text, facts, f"{where}, {self.kind}, {name}") for key, text in value.items()
                }
        return self.model_copy(update=filled) if filled else self

    @property
    def time_scale(self) -> Literal["linear", "log"] | None:
        """The scale of its axis of iterations; None where it has none."""
        return None


class TextPanelSettings(PanelSettings):
    """A panel made of text, which must stay where every screen shows it."""

    @model_validator(mode="after")
    def _inside_the_safe_area(self) -> Self:
        near, far = SAFE_MARGIN - ROUNDING, 1 - SAFE_MARGIN + ROUNDING
        if not (near <= self.left and near <= self.top):
            raise ValueError(f"left and top at least {SAFE_MARGIN}: text stays in the inner 90% of the frame")
        if not (self.left + self.width <= far and self.top + self.height <= far):
            raise ValueError(f"left + width and top + height at most {1 - SAFE_MARGIN}: text stays in the inner 90%")
        return self


class LayoutSettings(BaseModel):
    """What a layout says beside the kinds of its panels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    """What it is called in messages."""
    scale: Annotated[float, Field(ge=0.1, le=4)] = 1.0
    """Type and lines are this much larger than in a landscape frame of the same height."""
    playhead: Annotated[float, Field(ge=0.05, le=0.95)] = 0.42
    """Where now is, a share of the frame's width; the same for every scrolling panel that reaches there."""
    scroll: Literal["linear", "log"] | None = None
    """The time axis along which graphs move smoothly: all of them stand at one iteration. By default that of the loss
    panels where they agree, else linear."""
    shape: Literal["landscape", "portrait", "square"] | None = None
    """The frames that it is made for; by default any."""
    panel: tuple[PanelSettings, ...]
    """Its panels, drawn in this order."""

    @property
    def law(self) -> Literal["linear", "log"]:
        """The time axis in whose coordinate the scroll law holds."""
        if self.scroll is not None:
            return self.scroll
        times = {panel.time_scale for panel in self.panel} - {None}
        return "log" if times == {"log"} else "linear"

    def playhead_px(self, width_px: int) -> int:
        """The pixel edge at which now is, even."""
        return even(self.playhead * width_px)
