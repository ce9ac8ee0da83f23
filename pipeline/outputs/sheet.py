"""Contact sheets: many frames in a grid, each with its caption, for judging a film at one look.

This module owns the sheet's look. It does not know where frames come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.picture.drawing.canvas import paint_over
from pipeline.picture.drawing.marks import BoxMark, Drawing, Mark, TextMark, paint
from pipeline.picture.text.typesetting import TextStyle, aligned, typesetter_for
from pipeline.picture.theme.theme import Theme, load_theme, rgb

Rgb = npt.NDArray[np.uint8]

SHEET_WIDTH_PX = 1920
_GAP_PX = 24
_CAPTION_PX = 19.0
_CAPTION_LINES = 2
_LEADING_EM = 1.25


def contact_sheet(
    pictures: Sequence[Rgb],
    captions: Sequence[str],
    *,
    times: Sequence[str] = (),
    theme: Theme | None = None,
    columns: int | None = None,
    width_px: int = SHEET_WIDTH_PX,
) -> Rgb:
    """Lay frames out in a grid, row by row, each with its number, its time and its caption below it.

    Parameters
    ----------
    pictures
        sRGB, uint8, shapes (h, w, 3), not necessarily equal.
    captions
        One for each picture; long ones shrink, none is cut.
    times
        When and how long each is seen, in words; none, or one for each picture.
    theme
        The sheet's look; by default midnight.
    columns
        By default as many as make the sheet about as high as it is wide, at most 6.
    width_px
        Of the whole sheet.

    Returns
    -------
    sRGB, uint8, shape (height, `width_px`, 3).
    """
    if len(pictures) != len(captions):
        raise ValueError(f"{len(pictures)} pictures need as many captions, not {len(captions)}")
    if times and len(times) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures need as many times, not {len(times)}")
    theme = theme or load_theme("midnight")
    tallest = max((picture.shape[0] / picture.shape[1] for picture in pictures), default=9 / 16)
    columns = columns or max(1, min(6, len(pictures), math.ceil(math.sqrt(len(pictures) * tallest))))
    cell = (width_px - _GAP_PX * (columns + 1)) // columns
    picture_height = round(cell * tallest)
    pitch = picture_height + round(_CAPTION_PX * (3.2 + _LEADING_EM * bool(times))) + _GAP_PX
    rows = max(1, math.ceil(len(pictures) / columns))
    sheet = np.empty((rows * pitch + _GAP_PX, width_px, 3), np.uint8)
    sheet[:] = rgb(theme.colours.background)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left = _GAP_PX + (index % columns) * (cell + _GAP_PX)
        top = _GAP_PX + (index // columns) * pitch
        small = _resized(picture, cell, picture_height)
        drop = picture_height - small.shape[0]
        sheet[top + drop : top + picture_height, left : left + small.shape[1]] = small
        words = (f"{index + 1}", times[index] if times else "", caption)
        layer = paint(_frame(words, (cell, picture_height), theme), typesetter_for(theme))
        if layer is not None:
            paint_over(sheet, layer.picture, left + layer.x_px, top + layer.y_px)
    return sheet


def _resized(picture: Rgb, width: int, height: int) -> Rgb:
    """Shrink or enlarge a picture to fit into width x height."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _frame(words: tuple[str, str, str], size_px: tuple[int, int], theme: Theme) -> Drawing:
    """A picture's border, its number, its time and its caption."""
    (number, time, caption), (width, height), type_ = words, size_px, typesetter_for(theme)
    style = TextStyle(_CAPTION_PX, leading_em=_LEADING_EM)
    bold = TextStyle(_CAPTION_PX, weight=600, tabular=True)
    indent = type_.measure("00", bold) + 0.7 * _CAPTION_PX
    room = (width - indent, _CAPTION_PX * 2.9)
    fitted = type_.fit(caption, style, *room, lines=_CAPTION_LINES)
    top = height + 0.35 * _CAPTION_PX
    marks: list[Mark] = [
        BoxMark((0.0, 0.0, width, height), theme.colours.grid, line_px=1.0),
        TextMark(0.0, top + fitted.ascent_px, number, bold, theme.colours.accent),
    ]
    if time:
        fitted_time = type_.fit(time, replace(style, tabular=True), room[0])
        marks.append(TextMark(indent, top + fitted.ascent_px, time, fitted_time.style, theme.colours.muted))
        top += _LEADING_EM * _CAPTION_PX
    for line, baseline in zip(fitted.lines, fitted.baselines_px, strict=True):
        spare = max(0.0, room[0] - type_.measure(line, fitted.style))
        shift = aligned("left", spare, mirrored=fitted.right_to_left)
        marks.append(TextMark(indent + shift, top + baseline, line, fitted.style, theme.colours.text))
    return Drawing(width, height, tuple(marks))
