"""What the line grapher can be asked for.

This module owns the options, their defaults and bounds. It reads and draws nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pipeline.errors import InputError
from pipeline.picture.plotting.axis import Scale
from pipeline.picture.plotting.ticks import NumberStyle
from pipeline.tables.dialect import DialectOptions
from pipeline.tools.graph.palette import parse_colour

Middle = Literal["mean", "median", "ema", "none"]
Join = Literal["auto", "all", "none"]

TRANSPARENT: Final = "transparent"
MOST_SERIES: Final = 48
_MOST_PANELS: Final = 16
_MOST_PIXELS: Final = {".png": 65_535, ".webp": 16_383, ".jpg": 65_500, ".jpeg": 65_500, ".svg": 65_535, ".pdf": 65_535}
_SCROLL_ENDING: Final = ".mp4"
_LARGEST_TEXT_PX, _LARGEST_LINE_PX = 1000.0, 1000.0


@dataclass(frozen=True)
class SeriesOptions:
    """One curve: a column of a log, and how it looks."""

    column: str
    """Name, or number counted from 1."""
    log: int = 0
    """Which of the logs, counted from 1; 0: each of them."""
    label: str = ""
    colour: str = ""
    """`#rrggbb`; by default the theme's next."""
    middle: Middle = "mean"
    """What the line shows: the mean of each pixel column, its median, or a debiased exponential moving average."""
    smoothing: float = 0.0
    """How many rows the exponential average looks back (its time constant); 0: a hundredth of all."""
    band: bool = True
    """Whether the band from the lowest to the highest value is drawn."""
    percentiles: tuple[float, float] | None = None
    """A second, stronger band between two percentiles, 0 to 100."""
    opacity: float = 0.42
    """Of the band, 0 to 1."""
    width_px: float = 0.0
    """Of the line; 0: by the text's size."""
    panel: int = 1
    """Counted from 1, from the top."""
    factor: float = 1.0
    """What values are multiplied by."""

    def __post_init__(self) -> None:
        where = f"series '{self.column}'"
        _check(0 <= self.opacity <= 1, "The opacity", where, "0 to 1")
        _check(0 <= self.width_px <= _LARGEST_LINE_PX, "The line's width", where, f"0 to {_LARGEST_LINE_PX:g} px")
        _check(1 <= self.panel <= _MOST_PANELS, "The panel", where, f"1 to {_MOST_PANELS}")
        _check(self.smoothing == 0 or self.smoothing >= 1, "The smoothing", where, "1 row or more")
        _check(math.isfinite(self.factor) and self.factor != 0, "The factor", where, "a number other than 0")
        if self.percentiles is not None:
            low, high = self.percentiles
            _check(0 <= low < high <= 100, "The pair of percentiles", where, "two numbers such as 10-90")  # noqa: PLR2004
        if self.colour:
            _check_colour(self.colour, where)


@dataclass(frozen=True)
class AxisOptions:
    """One axis: its scale, its ends (None: those of the data), and its words."""

    scale: Scale = "linear"
    low: float | None = None
    high: float | None = None
    label: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        floor = {"linear": -math.inf, "log": 0.0, "log1p": -1.0}[self.scale]
        for value, name in ((self.low, "beginning"), (self.high, "end")):
            if value is not None:
                _check(math.isfinite(value), f"The axis's {name}", "range", "a finite number")
                _check(value > floor, f"The axis's {name}", "range", f"more than {floor:g} on a {self.scale} scale")
        if self.low is not None and self.high is not None:
            _check(self.low < self.high, "The axis's range", "range", "two numbers in rising order")


@dataclass(frozen=True)
class ScrollOptions:
    """A film that scrolls along the graph: the graph is `width` pixels long, the film shows a window of it."""

    seconds: float = 60.0
    frame_rate: int = 60
    window_px: int = 1920

    def __post_init__(self) -> None:
        _check(0 < self.seconds <= 24 * 3600, "The film's length", "--seconds", "more than 0, at most 86,400 s")
        _check(1 <= self.frame_rate <= 240, "The frame rate", "--frame-rate", "1 to 240")  # noqa: PLR2004
        _check(16 <= self.window_px <= 8192, "The film's width", "--window", "16 to 8192 px")  # noqa: PLR2004


@dataclass(frozen=True)
class GraphOptions:
    """Everything about one graph. Only the logs must be given."""

    logs: tuple[str, ...] = ()
    """Files, or `-` for standard input."""
    series: tuple[SeriesOptions, ...] = ()
    """None: columns whose names contain a word for loss, else all columns of numbers."""
    x: str = ""
    """The column of x: name, number, or `line` for the line's number; by default one that counts, else the first."""
    dialect: DialectOptions = field(default_factory=DialectOptions)
    width: int = 1920
    height: int = 1080
    x_axis: AxisOptions = field(default_factory=AxisOptions)
    y_axes: tuple[AxisOptions, ...] = ()
    """One a panel; the last one holds for the rest."""
    title: str = ""
    theme: str = "midnight"
    templates: Path | None = None
    """The user's own templates folder."""
    background: str = ""
    """`#rrggbb`, or `transparent`; by default the theme's."""
    text_px: float = 0.0
    """0: by the picture's height."""
    grid: bool = True
    legend: bool | None = None
    """None: where there is more than one series."""
    join: Join = "auto"
    """Which points are joined: those without an unusual pause between them, all, or none."""
    bits: bool = False
    """Show losses, in nats, as bits: columns whose names contain loss or nats."""
    scroll: ScrollOptions | None = None
    numbers: NumberStyle = field(default_factory=NumberStyle)
    """How the axes' numbers are written."""

    def __post_init__(self) -> None:
        _check(len(self.series) <= MOST_SERIES, "The number of series", "series", f"at most {MOST_SERIES}")
        _check(0 <= self.text_px <= _LARGEST_TEXT_PX, "The text's size", "--text", f"0 to {_LARGEST_TEXT_PX:g} px")
        _check(self.logs.count("-") <= 1, "Standard input", "logs", "named once at most")
        if self.background and self.background != TRANSPARENT:
            _check_colour(self.background, "--background")

    def y_axis(self, panel: int) -> AxisOptions:
        """The options of a panel's y axis; panels are counted from 0."""
        if not self.y_axes:
            return AxisOptions()
        return self.y_axes[min(panel, len(self.y_axes) - 1)]


def check_size(width: int, height: int, ending: str) -> None:
    """Check a picture's size against what its format can hold.

    Raises
    ------
    InputError
        The format is not known, or the picture too large or too small for it.
    """
    ending = ending.lower()
    known = sorted(_MOST_PIXELS)
    if ending not in _MOST_PIXELS:
        raise InputError(
            f"There is no format for files that end with '{ending}'." if ending else "The output has no ending.",
            where="output",
            expected=f"a name that ends with {', '.join(known)}, or {_SCROLL_ENDING} with --scroll",
        )
    most = _MOST_PIXELS[ending]
    for name, size in (("width", width), ("height", height)):
        _check(1 <= size <= most, f"The {name} of {size:,} px", f"--{name}", f"1 to {most:,} px for {ending} files")


def _check_colour(colour: str, where: str) -> None:
    try:
        parse_colour(colour)
    except ValueError as error:
        raise InputError(f"{error}.", where=where, expected="#rrggbb, or #rrggbbaa with an opacity") from error


def _check(holds: bool, what: str, where: str, expected: str) -> None:  # noqa: FBT001  # the condition itself
    if not holds:
        raise InputError(f"{what} can't be used.", where=where, expected=expected)
