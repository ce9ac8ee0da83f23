"""The progress panel: a thin line along the film, parted where sections begin, brighter as far as the film has come."""

from __future__ import annotations

from pipeline.picture.blend import blend_box
from pipeline.picture.layout import Box, ProgressPanel
from pipeline.picture.panel import Easel
from pipeline.picture.planes import Planes


class ProgressBar:
    """Draws the progress panel."""

    def __init__(self, easel: Easel, settings: ProgressPanel) -> None:
        self.box = easel.box(settings)
        self.covered: tuple[Box, ...] = ()
        self.origin_px: int | None = None
        self._easel = easel
        data = easel.data
        self._first, self._last = (0, data.film_frames) if data.film_frames else (data.start_frame, data.end_frame)
        inner = sorted({frame for frame in data.section_start_frames if self._first < frame < self._last})
        self._edges = [self._first, *inner, self._last]
        self._gap_px = max(2.0, 0.003 * easel.size_px)

    def _x(self, frame: float) -> float:
        return self.box.left + self.box.width * (frame - self._first) / (self._last - self._first)

    def _stretch(self, index: int) -> tuple[float, float]:
        """The pixels of one section's part of the line."""
        left, right = self._x(self._edges[index]), self._x(self._edges[index + 1])
        left += self._gap_px / 2 if index else 0.0
        right -= self._gap_px / 2 if index + 2 < len(self._edges) else 0.0
        return left, right

    def draw_base(self, base: Planes) -> None:
        """Draw the whole line: what is over before this scene calm, the rest dim."""
        for index in range(len(self._edges) - 1):
            left, right = self._stretch(index)
            over = self._edges[index + 1] <= self._easel.data.start_frame
            blend_box(base, (left, self.box.top, right, self.box.bottom), self._easel.ink("heard" if over else "grid"))

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw this scene's sections, bright, as far as the film has come."""
        now = self._x(frame)
        for index in range(len(self._edges) - 1):
            if self._easel.data.start_frame < self._edges[index + 1] and self._edges[index] < frame:
                left, right = self._stretch(index)
                blend_box(planes, (left, self.box.top, min(right, now), self.box.bottom), self._easel.ink("accent"))
