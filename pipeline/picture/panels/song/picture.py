"""The picture behind a song, slowly moved: it fills its box, and drifts and grows a little from beginning to end."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.planes import Plane, Planes, planes_from_rgb
from pipeline.picture.drawing.scaling import scaled
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.settings import PanelSettings

_DRAWN_LARGER: Final = 1.15
"""The picture is scaled once, so much larger than its box: moved within that, it stays sharp."""


class SongPictureSettings(PanelSettings):
    """A song's picture; nothing where it has none."""

    kind: Literal["song_picture"]
    grows: Annotated[float, Field(ge=0.0, le=0.12)] = 0.06
    """By how much it grows over the song."""
    drifts: Annotated[float, Field(ge=0.0, le=1.0)] = 0.7
    """How much of what sticks out is wandered through over the song."""


class SongPicturePanel(ScenePanel[SongPictureSettings]):
    """Draws the song's picture."""

    settings_type = SongPictureSettings
    reads = frozenset({"song_picture"})

    def __init__(self, context: RenderContext, settings: SongPictureSettings) -> None:
        super().__init__(context, settings)
        picture = context.data.song_picture
        self._drawn: Planes | None = None
        if picture is not None and picture.size:
            self._drawn = self._covering(picture)
            self.covered = (self.box,)

    def _covering(self, picture: NDArray[np.uint8]) -> Planes:
        """The picture on the theme's ground, scaled so that it covers the box and a little more."""
        box = self.box
        large = max(box.width / picture.shape[1], box.height / picture.shape[0]) * _DRAWN_LARGER
        size = [-(-round(side * large) // 2) * 2 for side in (picture.shape[1], picture.shape[0])]
        drawn = scaled(picture, size[0], size[1])
        height, width = (side // 2 * 2 for side in drawn.shape[:2])
        ground = np.array(_rgb(self._context.theme.colours.background), np.float32)
        solid = drawn[..., :3] + ground * (1 - np.clip(drawn[..., 3:], 0, 1))
        return planes_from_rgb(np.clip(np.rint(solid[:height, :width]), 0, 255).astype(np.uint8))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw the part of it that the frame shows."""
        drawn, data, box = self._drawn, self._context.data, self.box
        if drawn is None:
            return
        share = (frame - data.start_frame + 0.5) / (data.end_frame - data.start_frame)
        grown = 1 + self._settings.grows * share
        part = planes.part(*box)
        for whole, out in ((drawn.luma, part.luma), (drawn.cb, part.cb), (drawn.cr, part.cr)):
            step = 1 / grown
            spare = (whole.shape[1] - 1 - (out.shape[1] - 1) * step, whole.shape[0] - 1 - (out.shape[0] - 1) * step)
            wander = 0.5 + self._settings.drifts * (share - 0.5)
            _window(whole, max(0.0, spare[0] * wander), max(0.0, spare[1] * (1 - wander)), step, out)


@njit(cache=True, nogil=True, boundscheck=False)
def _window(whole: Plane, left: float, top: float, step: float, out: Plane) -> None:
    """Copy a part of a plane, interpolated: `out` begins at (left, top), its pixels `step` apart."""
    height, width = whole.shape
    firsts = np.empty(out.shape[1], np.int64)
    shares = np.empty(out.shape[1], np.int32)  # of the pixel to the right, in 128ths
    for x in range(out.shape[1]):
        column = min(left + x * step, width - 1.0)
        firsts[x] = min(int(column), width - 2)
        shares[x] = int((column - firsts[x]) * 128 + 0.5)
    for y in range(out.shape[0]):
        row = min(top + y * step, height - 1.0)
        above = min(int(row), height - 2)
        down = np.int32((row - above) * 128 + 0.5)
        upper, lower = whole[above], whole[above + 1]
        for x in range(out.shape[1]):
            at, right = firsts[x], shares[x]
            left_value = upper[at] * (128 - down) + lower[at] * down
            right_value = upper[at + 1] * (128 - down) + lower[at + 1] * down
            out[y, x] = (left_value * (128 - right) + right_value * right + 8192) >> 14


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
