"""Layouts: which panels a scene has and where they stand, one TOML file each in `templates/layouts/`.

This module owns what a layout may say. It does not draw. All places and sizes are shares: `left` and `width` of the
frame's width, `top` and `height` of its height, type and lines of its height times the layout's `scale`. So a layout
looks the same at any resolution.

    layout = load_layout("landscape")             # or load_layout("mine", own_templates_folder)
    layout.panel[0].box(1920, 1080)               # Box(left=0, top=194, width=1920, height=320), even numbers
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.picture.theme.template_files import read_template
from pipeline.runtime.resources import find_template

SAFE_MARGIN = 0.05
"""Text stays this share of the frame away from every edge (EBU R 95: the inner 90% is safe for titles)."""
_ROUNDING = 1e-6

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=0.25, allow_inf_nan=False)]
Words = Annotated[str, Field(max_length=60)]


class Box(NamedTuple):
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


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    left: Share
    top: Share
    width: Share
    height: Share

    @model_validator(mode="after")
    def _inside_the_frame(self) -> _Place:
        if self.left + self.width > 1 + _ROUNDING:
            raise ValueError("left + width at most 1: the panel sticks out of the frame")
        if self.top + self.height > 1 + _ROUNDING:
            raise ValueError("top + height at most 1: the panel sticks out of the frame")
        if not (self.width and self.height):
            raise ValueError("width and height above 0")
        return self

    def box(self, width_px: int, height_px: int) -> Box:
        """The panel's pixels in a frame of the given size: at least two by two."""
        left, top = min(_edge(self.left, width_px), width_px - 2), min(_edge(self.top, height_px), height_px - 2)
        right, bottom = _edge(self.left + self.width, width_px), _edge(self.top + self.height, height_px)
        return Box(left, top, max(2, right - left), max(2, bottom - top))


class _TextPlace(_Place):
    """A panel made of text, which must stay where every screen shows it."""

    @model_validator(mode="after")
    def _inside_the_safe_area(self) -> _TextPlace:
        near, far = SAFE_MARGIN - _ROUNDING, 1 - SAFE_MARGIN + _ROUNDING
        if not (near <= self.left and near <= self.top):
            raise ValueError(f"left and top at least {SAFE_MARGIN}: text stays in the inner 90% of the frame")
        if not (self.left + self.width <= far and self.top + self.height <= far):
            raise ValueError(f"left + width and top + height at most {1 - SAFE_MARGIN}: text stays in the inner 90%")
        return self


class WaveformPanel(_Place):
    """The sound that was heard and the sound to come, scrolling past the playhead."""

    kind: Literal["waveform"]
    text: Size = 0.028
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """At least this much of what is to come is in view, frame size allowing."""
    loud_dbfs: Annotated[float, Field(ge=-60, le=0)] = -12.0
    """Passages to come that are louder than this (RMS) are coloured."""
    labels: bool = True
    """Write the takes' labels at their beginnings."""


class SpectrogramPanel(_Place):
    """The spectrum of the same sound, scrolling with the waveform."""

    kind: Literal["spectrogram"]
    look_ahead_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    floor_dbfs: Annotated[float, Field(ge=-120, le=-20)] = -70.0
    ceiling_dbfs: Annotated[float, Field(ge=-60, le=0)] = -16.0
    highest_hz: Annotated[float, Field(ge=500, le=96_000)] = 8000.0


class OscilloscopePanel(_Place):
    """The last few tens of milliseconds, triggered so that a steady tone stands still."""

    kind: Literal["oscilloscope"]
    span_ms: Annotated[float, Field(ge=2, le=500)] = 30.0


class LossPanel(_Place):
    """A loss graph, scrolling past the playhead."""

    kind: Literal["training_loss", "validation_loss"]
    title: Words = ""
    time: Literal["linear", "log"] = "linear"
    loss: Literal["linear", "log", "fitted"] = "fitted"
    """`fitted` is logarithmic above a floor that gives late training, the longest part of the film, its room."""
    window: Annotated[float, Field(ge=0.02, le=4)] = 1.0
    """How much of the whole time axis the graph shows at once."""
    text: Size = 0.028
    gutter: Share = 0.05
    """Room for the loss axis's labels at the left, a share of the frame's width."""
    overlay: bool = True
    """Draw the other sections' curves beneath."""
    legend: bool = True
    """Name the overlaid curves."""
    legend_rows: Annotated[int, Field(ge=1, le=2)] = 1
    """2 gives the overlaid curves' names a row of their own, where there are any."""
    tick_labels: bool = True
    time_title: Words = "iteration"
    """What the numbers along the time axis count."""
    heard: Words = "heard now"
    """What stands beside the mark on the checkpoint that speaks."""


class CountersPanel(_TextPlace):
    """The checkpoint that is heard: iteration, epoch, time trained, bits per byte."""

    kind: Literal["counters"]
    items: tuple[Literal["iteration", "epoch", "time", "bits"], ...] = ("iteration", "epoch", "time", "bits")
    names: dict[Literal["iteration", "epoch", "time", "bits"], Words] = Field(default_factory=dict)
    columns: Annotated[int, Field(ge=1, le=4)] = 4
    text: Size = 0.05
    label_text: Size = 0.028
    align: Literal["left", "right"] = "left"


class CaptionPanel(_TextPlace):
    """The captions, one at a time."""

    kind: Literal["caption"]
    text: Size = 0.042
    lines: Annotated[int, Field(ge=1, le=6)] = 2
    align: Literal["left", "centre", "right"] = "centre"


class TitlePanel(_TextPlace):
    """The section's title."""

    kind: Literal["title"]
    text: Size = 0.034
    lines: Annotated[int, Field(ge=1, le=4)] = 1
    align: Literal["left", "centre", "right"] = "left"


class SpeedPanel(_TextPlace):
    """A hint that the graphs run faster than usual."""

    kind: Literal["speed"]
    text: Size = 0.03
    align: Literal["left", "right"] = "right"


class ProgressPanel(_Place):
    """How far the film is, with marks where sections begin, and how far the section."""

    kind: Literal["progress"]


class PicturePanel(_Place):
    """The user's image or logo, as large as fits; nothing where there is none."""

    kind: Literal["picture"]
    opacity: Share = 1.0
    align: Literal["left", "centre", "right"] = "centre"
    beside: Literal["", "title", "counters", "caption"] = ""
    """The panel that begins right of the picture where there is one, and keeps the room to itself where not."""
    gap: Share = 0.015
    """Between the picture and the panel beside it."""

    def width_for(self, picture: tuple[int, int], frame: tuple[int, int]) -> float:
        """The share of the frame's width that a picture takes; both sizes are (width, height) in pixels."""
        tall = self.height * frame[1] * picture[0] / picture[1]
        return min(self.width, tall / frame[0])


AnyPanel: TypeAlias = Annotated[
    WaveformPanel
    | SpectrogramPanel
    | OscilloscopePanel
    | LossPanel
    | CountersPanel
    | CaptionPanel
    | TitlePanel
    | SpeedPanel
    | ProgressPanel
    | PicturePanel,
    Field(discriminator="kind"),
]


class Layout(BaseModel):
    """A scene's panels, drawn in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    scale: Annotated[float, Field(ge=0.1, le=4)] = 1.0
    """Type and lines are this much larger than in a landscape frame of the same height."""
    playhead: Annotated[float, Field(ge=0.05, le=0.95)] = 0.42
    """Where now is, a share of the frame's width; the same for every scrolling panel that reaches there."""
    scroll: Literal["linear", "log"] | None = None
    """The time axis along which graphs move smoothly: all of them stand at one iteration. By default that of the loss
    panels where they agree, else linear."""
    shape: Literal["landscape", "portrait", "square"] | None = None
    """The frames that it is made for; by default any."""
    panel: Annotated[tuple[AnyPanel, ...], Field(min_length=1, max_length=40)]

    @property
    def law(self) -> Literal["linear", "log"]:
        """The time axis in whose coordinate the scroll law holds."""
        if self.scroll is not None:
            return self.scroll
        times = {panel.time for panel in self.panel if isinstance(panel, LossPanel)}
        return "log" if times == {"log"} else "linear"

    @model_validator(mode="after")
    def _texts_apart(self) -> Layout:
        texts = [panel for panel in self.panel if isinstance(panel, _TextPlace)]
        for index, one in enumerate(texts):
            for two in texts[index + 1 :]:
                if _overlap(one, two):
                    raise ValueError(f"text panels apart: '{one.kind}' and '{two.kind}' overlap")
        return self

    def arranged(self, picture: tuple[int, int] | None, frame: tuple[int, int]) -> Layout:
        """The layout for a film with a picture (width, height), or without one, in a frame (width, height)."""
        panels = [panel for panel in self.panel if picture or panel.kind != "picture"]
        for still in [panel for panel in panels if isinstance(panel, PicturePanel) and panel.beside]:
            for index, panel in enumerate(panels):
                if picture and panel.kind == still.beside:
                    left = max(panel.left, still.left + still.width_for(picture, frame) + still.gap)
                    width = max(panel.left + panel.width - left, 0.1 * panel.width)
                    panels[index] = panel.model_copy(update={"left": left, "width": width})
        return self.model_copy(update={"panel": tuple(panels)})

    def playhead_px(self, width_px: int) -> int:
        """The pixel edge at which now is, even."""
        return even(self.playhead * width_px)


def _overlap(one: Any, two: Any) -> bool:
    across = min(one.left + one.width, two.left + two.width) - max(one.left, two.left)
    down = min(one.top + one.height, two.top + two.height) - max(one.top, two.top)
    return bool(across > _ROUNDING and down > _ROUNDING)


def load_layout(name: str, own: Path | None = None) -> Layout:
    """Load `layouts/<name>.toml` from the user's own templates folder `own`, else the built-in one.

    Raises
    ------
    TemplateError
        No such layout, or one that can't be used; names the field.
    """
    return read_template(find_template(f"layouts/{name}.toml", own), Layout)
