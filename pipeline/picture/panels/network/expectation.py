"""The expectation panel: how likely the network took each next amplitude to be, and what was then drawn.

Each pixel column shows the mean of the distributions of its samples as a band of light, on a linear scale of amplitude
with the waveform's size; through it runs the sound itself, drawn as an oscilloscope's beam draws it: the faster it
moves, the fainter. An untrained network's band is a fog over all amplitudes, a trained one's a path.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import blend_box, blend_sprite
from pipeline.picture.drawing.level_colours import LEVELS, ColourTable, colour_table, dimmed, paint_levels
from pipeline.picture.drawing.planes import Plane, Planes
from pipeline.picture.drawing.tile_cache import tiles_in_view
from pipeline.picture.panels.network.strip import UPCOMING_SHARE, NetworkStripPanel, NetworkStripSettings
from pipeline.picture.panels.panel import RenderContext
from pipeline.picture.panels.scene_data import SceneSound, loud_level
from pipeline.picture.panels.sound.waveform import FULLEST, QUIETEST_PEAK

Floats = NDArray[np.float32]

BRIGHTEST: Final = 60.0  # times the density of an even distribution over the panel: full light
GAMMA: Final = 0.33  # the eye sees ratios: an even distribution still glows
BEAM_BRIGHTEST: Final = 40.0
BEAM_GAMMA: Final = 0.6
GLOW: Final = ((0.0, "panel"), (0.25, "training_band"), (0.62, "training_mean"), (1.0, "upcoming"))
"""From dark to bright: where in the light each of the theme's colours stands."""


@njit(cache=True, nogil=True, boundscheck=False)
def _beam(samples: Floats, ratio: tuple[int, int], first: int, scale: float, out: Floats) -> None:
    """Share of each column's time that the beam spends in each row.

    `first` is the first column, counted from where `samples` begins; column c holds the samples from c * ratio on.
    `scale` turns full scale into rows from the middle. `out` has shape (columns, rows).
    """
    rows, count = out.shape[1], samples.size
    middle = rows / 2.0
    for index in range(out.shape[0]):
        begin = (first + index) * ratio[0] // ratio[1]
        end = min(max((first + index + 1) * ratio[0] // ratio[1], begin + 1), count)
        for at in range(begin, end):
            here = middle - samples[at] * scale
            before = middle - samples[max(at - 1, 0)] * scale
            low, high = min(here, before) - 0.5, max(here, before) + 0.5
            share = 1.0 / ((end - begin) * (high - low))
            for row in range(max(int(low), 0), min(int(high) + 1, rows)):
                out[index, row] += share * max(0.0, min(high, row + 1.0) - max(low, float(row)))


def row_shares(values: Floats, rows: int, reach: float) -> Floats:
    """Which share of each byte's amplitudes lies in each row, shape = (256, rows): from `reach` on top to -`reach`.

    A byte stands for the amplitudes that are nearer to its own than to any other's, in `values`, ascending.
    """
    between = (values[1:] + values[:-1]) / 2
    edges = np.concatenate([[2 * values[0] - between[0]], between, [2 * values[-1] - between[-1]]])
    top = reach - np.arange(rows + 1) * (2 * reach / rows)
    low, high = np.maximum(edges[:-1, None], top[None, 1:]), np.minimum(edges[1:, None], top[None, :-1])
    return np.asarray(np.maximum(0, high - low) / np.diff(edges)[:, None], dtype=np.float32)


class ExpectationSettings(NetworkStripSettings):
    """How likely the network took each next amplitude to be, scrolling with the waveform."""

    kind: Literal["expectation"]


class ExpectationPanel(NetworkStripPanel[ExpectationSettings]):
    """Draws the expectation panel."""

    settings_type = ExpectationSettings
    reads = frozenset({"distributions", "sounds"})

    def __init__(self, context: RenderContext, settings: ExpectationSettings) -> None:
        super().__init__(context, settings)
        self._reach = max(QUIETEST_PEAK, loud_level(context.data.sounds)) / FULLEST
        self._shares = row_shares(context.data.distributions.values, self.strip.height, self._reach)
        ground = context.ink("panel")
        bright = colour_table([context.ink(name) for _, name in GLOW], [place for place, _ in GLOW])
        # What is upcoming is played later: each tile's light is computed once for both.
        self._light = lru_cache(maxsize=2 * tiles_in_view(self.strip.width))(self._light_of)
        self._tables: dict[bool, ColourTable] = {False: bright, True: dimmed(bright, ground, UPCOMING_SHARE)}

    def paint(self, tile: Planes, first: int, *, upcoming: bool) -> None:
        """Paint the band and the beam."""
        context = self._context
        levels, beam = self._light(first, tile.width)
        paint_levels(tile, levels, self._tables[upcoming])
        thin, middle = context.line_px("grid"), tile.height / 2
        blend_box(tile, (0, middle - thin / 2, tile.width, middle + thin / 2), context.ink("grid"), 0.6)
        blend_sprite(tile, beam, (0, 0), context.ink("text"), UPCOMING_SHARE if upcoming else 1.0)
        self.paint_boundaries(tile, first)

    def _light_of(self, first: int, width: int) -> tuple[Plane, Plane]:
        """Levels of the band and of the beam in the columns from `first` on, shapes (rows, width)."""
        data, rows_px = self._context.data, self.strip.height
        levels, beam = np.zeros((2, rows_px, width), dtype=np.uint8)
        for sound, begin, start, end in self.law.sounds_between(first, first + width):
            index = data.sounds.index(sound)
            rows = data.distributions.of_sounds[index] if index < len(data.distributions.of_sounds) else None
            if rows is not None:
                columns = range(start - begin, end - begin)
                light = rows.between(self.samples_at(index, columns)) / np.float32(LEVELS - 1)
                density = rows_px * (light * light) @ self._shares
                levels[:, start - first : end - first] = _levels(density, BRIGHTEST, GAMMA).T
                beam[:, start - first : end - first] = self._beam_of(sound, columns).T
        return levels, beam

    def _beam_of(self, sound: SceneSound, columns: range) -> Plane:
        ratio = self.law.samples_per_column(sound)
        # Only what is needed is read: the samples may be a memory map. Whole columns' worth, so that ratios stay exact.
        skipped = max(0, columns.start // ratio[1] * ratio[1] - ratio[1])
        offset = skipped * ratio[0] // ratio[1]
        window = sound.samples[offset : columns.stop * ratio[0] // ratio[1] + 2]
        shares = np.zeros((len(columns), self.strip.height), dtype=np.float32)
        scale = self.strip.height / 2 / self._reach
        _beam(np.ascontiguousarray(window, dtype=np.float32), ratio, columns.start - skipped, scale, shares)
        return _levels(shares * self.strip.height, BEAM_BRIGHTEST, BEAM_GAMMA)


def _levels(density: Floats, brightest: float, gamma: float) -> Plane:
    """Turn densities, 1 being even over the panel, into levels of light."""
    return np.asarray(np.clip(density / brightest, 0, 1) ** np.float32(gamma) * (LEVELS - 1) + 0.5).astype(np.uint8)
