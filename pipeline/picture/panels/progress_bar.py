"""The progress panel: a thin line in as many equal parts as the film has sections, bright as far as it has come.

A part's length says nothing of its section's, nor of the cards between: so a scene's frames look the same whatever is
changed elsewhere in the film, and need not be drawn again.
"""

from __future__ import annotations

from typing import Literal

from pipeline.picture.drawing.blend import blend_box
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.settings import PanelSettings


class ProgressSettings(PanelSettings):
    """How far the film is, with marks where sections begin, and how far the section."""

    kind: Literal["progress"]


class ProgressPanel(ScenePanel[ProgressSettings]):
    """Draws the progress panel."""

    settings_type = ProgressSettings
    reads = frozenset({"section_number", "section_count"})

    def __init__(self, context: RenderContext, settings: ProgressSettings) -> None:
        super().__init__(context, settings)
        self._gap_px = max(2.0, 0.003 * context.size_px)

    def _part(self, number: int) -> tuple[float, float]:
        """The pixels of one section's part of the line."""
        count = self._context.data.section_count
        left, right = (self.box.left + self.box.width * edge / count for edge in (number, number + 1))
        left += self._gap_px / 2 if number else 0.0
        right -= self._gap_px / 2 if number + 1 < count else 0.0
        return left, right

    def draw_base(self, base: Planes) -> None:
        """Draw the whole line: the sections before this one calm, the rest dim."""
        data = self._context.data
        for number in range(data.section_count):
            left, right = self._part(number)
            ink = self._context.ink("played" if number < data.section_number else "grid")
            blend_box(base, (left, self.box.top, right, self.box.bottom), ink)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw this section's part, bright, as far as the scene has come."""
        data = self._context.data
        left, right = self._part(data.section_number)
        now = left + (right - left) * (frame - data.start_frame) / (data.end_frame - data.start_frame)
        blend_box(planes, (left, self.box.top, now, self.box.bottom), self._context.ink("accent"))
