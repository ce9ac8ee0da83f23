"""The shapes of frames: which sizes belong to which layout, and which layout fits a size.

Pure arithmetic on pixels; it knows no settings.
"""

from __future__ import annotations

import math

LAYOUT_SHAPES = {"portrait": (9, 16), "square": (1, 1), "landscape": (16, 9)}
"""Width to height of the frames that the built-in layouts are made for."""
_SHORT_SIDE_PX = 1080
SHORTEST_SIDE_PX, LONGEST_SIDE_PX = 64, 8192
_WIDEST = {"portrait": 0.85, "square": 1.34, "landscape": math.inf}
_NARROWEST = {"portrait": 0.0, "square": 0.75, "landscape": 1.18}
"""Width to height up to which a layout still looks right."""
_ROUNDING = 0.01
"""A draft's sides are rounded to even numbers: its shape may differ from the film's by so much."""


def shape_named(layout: str) -> tuple[int, int] | None:
    """Width to height of the frames that a layout's name says it is made for, such as `square` or `inside-square`."""
    return LAYOUT_SHAPES.get(layout.rpartition("-")[2])


def frame_size(layout: str, width: int | None = None, height: int | None = None) -> dict[str, int]:
    """Complete a frame's size, in pixels, as a layout is made for: 16:9 where its name doesn't say."""
    across, down = shape_named(layout) or LAYOUT_SHAPES["landscape"]
    if width is None and height is None:
        width = round(_SHORT_SIDE_PX * across / min(across, down))
    if width is None:
        width = round((height or 0) * across / down / 2) * 2
    return {"width": width, "height": round(width * down / across / 2) * 2 if height is None else height}


def fitting_layout(width: int, height: int) -> str:
    """Name the built-in layout for a frame's shape."""
    return next(name for name in ("portrait", "square", "landscape") if _fits(name, width, height))


def fits(shape: str | None, width: int, height: int) -> bool:
    """Whether a layout made for a shape (None: for any) may be used in a frame of this size."""
    return shape is None or shape not in LAYOUT_SHAPES or _fits(shape, width, height, _ROUNDING)


def _fits(shape: str, width: int, height: int, slack: float = 0.0) -> bool:
    return _NARROWEST[shape] * (1 - slack) <= width / height <= _WIDEST[shape] * (1 + slack)


def check_shape(layout: str, shape: str | None, width: int, height: int) -> None:
    """Check that a layout made for a shape (any where it is unknown) is used in a frame of about that shape.

    Raises
    ------
    ValueError
        With the layout and the size that would do.
    """
    if shape is None or fits(shape, width, height):
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
