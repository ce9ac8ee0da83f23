"""The room of panels that have nothing to show: those above and below them get it.

Owns which panels a scene can do without, and where the others stand then. It does not draw.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from pipeline.picture.panels.scene_data import SceneData
from pipeline.picture.panels.settings import ROUNDING, PanelSettings

_SOUND: Final = frozenset({"waveform", "spectrogram", "oscilloscope"})
_GRAPHS: Final = frozenset({"training_loss", "validation_loss"})
_SONG: Final = frozenset({"song_picture", "piano_roll"})
_GROWS: Final = _SOUND | _GRAPHS | _SONG
_OF_GRAPHS: Final = frozenset({"speed"})
"""What says nothing without a graph."""
_APART: Final = 0.02
"""Of the height: panels that lie no further apart meet."""


def kinds_without_content(data: SceneData, panels: Sequence[PanelSettings]) -> frozenset[str]:
    """The kinds of these panels that have nothing to show: graphs without losses, waveforms without sound.

    It looks at nothing that no panel of these kinds reads.
    """
    kinds = {panel.kind for panel in panels}
    graphs, absent = kinds & _GRAPHS, set[str]()
    if "training_loss" in graphs and not np.isfinite(data.history.losses).any():
        absent.add("training_loss")
    if "validation_loss" in graphs and not np.isfinite(data.history.validation_losses).any():
        absent.add("validation_loss")
    if kinds & _SOUND and not data.sounds:
        absent |= _SOUND
    if "song_picture" in kinds and data.song_picture is None:
        absent.add("song_picture")
    if graphs and absent >= graphs:
        absent |= _OF_GRAPHS
    return frozenset(absent)


def without(panels: Sequence[PanelSettings], absent: Collection[str]) -> tuple[PanelSettings, ...]:
    """Leave out the panels of some kinds, and give the rows that are free then to the panels next to them.

    Only rows that no other panel needs become free. Of the panels that can grow, those that lie nearest together with
    the free rows share them, each as it was high before.
    """
    gone = [panel for panel in panels if panel.kind in absent]
    kept = [panel for panel in panels if panel.kind not in absent]
    growing = [panel for panel in kept if panel.kind in _GROWS]
    if not gone or not growing:
        return tuple(kept)
    for free in _joined(gone):
        if not _are_needed(free, kept):
            kept = [_moved(panel, free, growing) for panel in kept]
            growing = [panel for panel in kept if panel.kind in _GROWS]
    return tuple(kept)


def _joined(gone: Sequence[PanelSettings]) -> list[tuple[float, float]]:
    """The rows of panels that are left out, those that meet joined; shares of the frame's height from its top."""
    found: list[tuple[float, float]] = []
    for top, bottom in sorted((panel.top, panel.top + panel.height) for panel in gone if panel.kind in _GROWS):
        if found and top <= found[-1][1] + _APART:
            found[-1] = (found[-1][0], max(bottom, found[-1][1]))
        else:
            found.append((top, bottom))
    return found


def _are_needed(rows: tuple[float, float], kept: Sequence[PanelSettings]) -> bool:
    """Whether other panels stand in some rows."""
    top, bottom = rows
    inside = (panel for panel in kept if panel.kind not in _OF_GRAPHS)
    return any(panel.top < bottom - ROUNDING and panel.top + panel.height > top + ROUNDING for panel in inside)


def _moved(panel: PanelSettings, free: tuple[float, float], growing: Sequence[PanelSettings]) -> PanelSettings:
    """Where a panel stands once the growing ones have filled some free rows, all rows between them moved along."""
    top, bottom = free
    above = [one for one in growing if one.top + one.height <= top + ROUNDING]
    below = [one for one in growing if one.top >= bottom - ROUNDING]
    if not above and not below:
        return panel
    if below:  # those below grow upwards
        end = max(one.top + one.height for one in below)
        begin, factor = bottom, (end - top) / (end - bottom)
        if not bottom - ROUNDING <= panel.top <= end + ROUNDING or panel.top + panel.height > end + ROUNDING:
            return panel
        return _placed(panel, end - (end - panel.top) * factor, panel.height * factor)
    begin = min(one.top for one in above)
    factor = (bottom - begin) / (top - begin)
    if not begin - ROUNDING <= panel.top < top or panel.top + panel.height > top + ROUNDING:
        return panel
    return _placed(panel, begin + (panel.top - begin) * factor, panel.height * factor)


def _placed(panel: PanelSettings, top: float, height: float) -> PanelSettings:
    top = max(0.0, top)
    return panel.model_copy(update={"top": top, "height": min(height, 1.0 - top)})
