"""The activity panel: what the LSTM's cells do, one row a cell or a group of cells, scrolling with the sound.

Each row shows how far its cells are above or below their own mean over the take, in a diverging pair of the theme's
colours. The order is the section's: the same cell has the same row in all its takes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.level_colours import LEVELS, ColourTable, colour_table, dimmed, paint_levels
from pipeline.picture.drawing.planes import Plane, Planes, ink
from pipeline.picture.drawing.tile_cache import tiles_in_view
from pipeline.picture.panels.network.strip import UPCOMING_SHARE, NetworkStripPanel, NetworkStripSettings
from pipeline.picture.panels.panel import RenderContext

CELL_ONE: Final = 127.0
GAMMA: Final = 0.9  # small movements are seen
SHARPEST: Final = 1.0  # a cell that moves so far from its mean has its full colour


class ActivitySettings(NetworkStripSettings):
    """What the LSTM's cells do, scrolling with the waveform."""

    kind: Literal["activity"]
    row: Annotated[float, Field(ge=0.001, le=0.1)] = 0.0028
    """The least height of a row, a share of the frame's height times the layout's scale."""


class ActivityPanel(NetworkStripPanel[ActivitySettings]):
    """Draws the activity panel."""

    settings_type = ActivitySettings
    reads = frozenset({"activity", "sounds"})

    def __init__(self, context: RenderContext, settings: ActivitySettings) -> None:
        super().__init__(context, settings)
        cells, height = len(context.data.activity.order), self.strip.height
        rows = max(1, min(cells, int(height // max(1.0, round(settings.row * context.size_px)))))
        self._first_cells = np.linspace(0, cells, rows + 1).round().astype(np.int64)[:-1]
        self._sizes = np.diff([*self._first_cells, cells]).astype(np.float32)
        self._heights = np.diff(np.linspace(0, height, rows + 1).round()).astype(np.int64)
        # What is upcoming is played later: each tile's levels are computed once for both.
        self._light = lru_cache(maxsize=2 * tiles_in_view(self.strip.width))(self._light_of)
        ground = context.ink("panel")
        below, above = (ink(colour) for colour in context.theme.colours.diverging)
        bright = colour_table([below, ground, above])
        self._tables: dict[bool, ColourTable] = {False: bright, True: dimmed(bright, ground, UPCOMING_SHARE)}

    def paint(self, tile: Planes, first: int, *, upcoming: bool) -> None:
        """Paint the rows."""
        paint_levels(tile, self._light(first, tile.width), self._tables[upcoming])
        self.paint_boundaries(tile, first)

    def _light_of(self, first: int, width: int) -> Plane:
        """The levels of the columns from `first` on, shape (rows, width)."""
        activity = self._context.data.activity
        levels = np.full((self.strip.height, width), LEVELS // 2, dtype=np.uint8)
        for sound, begin, start, end in self.law.sounds_between(first, first + width):
            index = self._context.data.sounds.index(sound)
            rows = activity.of_sounds[index] if index < len(activity.of_sounds) else None
            if rows is not None and rows.rows.shape[1] == len(activity.order):
                cells = rows.between(self.samples_at(index, range(start - begin, end - begin)))
                levels[:, start - first : end - first] = self._levels(cells - rows.middle)
        return levels

    def _levels(self, moves: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Turn moves from the mean, shape = (columns, cells), into levels, shape = (height, columns)."""
        ordered = moves[:, self._context.data.activity.order]
        means = np.add.reduceat(ordered, self._first_cells, axis=1) / self._sizes
        signed = np.clip(means / (CELL_ONE * SHARPEST), -1, 1)
        curved = np.sign(signed) * np.abs(signed) ** GAMMA
        levels = (LEVELS // 2 + curved * (LEVELS // 2 - 1) + 0.5).astype(np.uint8)
        return np.repeat(levels.T, self._heights, axis=0)
