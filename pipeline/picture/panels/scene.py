"""A scene: what is on screen while takes are heard.

The scene owns the order in which things are drawn, and how they enter and exit. It does not know files or ffmpeg, nor
does it move on from frame to frame: any frame can be drawn into any buffer at any time, and looks the same.

    scene = Scene(data, load_theme("midnight"), load_layout("landscape"))
    scene.draw(frame, buffer)                     # buffer: uint8 (height * 3 // 2, width)
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import fade
from pipeline.picture.drawing.easing import transition_progress, wipe_mask
from pipeline.picture.drawing.moving_ground import Backdrop, Overlay
from pipeline.picture.drawing.planes import Planes, planes_of
from pipeline.picture.language import Language, english
from pipeline.picture.panels.layout import SceneLayout, drawn_panel
from pipeline.picture.panels.moving import RoundCorners, hurried, move_box
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.room import kinds_without_content
from pipeline.picture.panels.scene_data import SceneData
from pipeline.picture.panels.settings import PixelBox
from pipeline.picture.theme.theme import Theme


class Scene:
    """Draws any frame of a scene. Not for use by several threads at once.

    Parameters
    ----------
    data
        What to show.
    theme
        Colours and fonts.
    layout
        Which panels stand where.
    language
        Of the words and numbers that panels draw; by default English.
    backdrop
        What lies behind the panels, where it moves.

    Raises
    ------
    GlyphError
        A title, label or caption has a character that no font at hand can draw.
    """

    def __init__(
        self,
        data: SceneData,
        theme: Theme,
        layout: SceneLayout,
        language: Language | None = None,
        backdrop: Backdrop | None = None,
    ) -> None:
        picture = data.picture
        size = (picture.shape[1], picture.shape[0]) if picture is not None and picture.size else None
        language = language or english()
        absent = kinds_without_content(data, layout.panel)
        layout = layout.worded(language).arranged(size, (data.width, data.height), absent)
        layout = layout.mirrored(data.section_title) if language.is_right_to_left else layout
        context = RenderContext(data, theme, layout, language, backdrop)
        self._data, self._context = data, context
        base = context.background.copied()  # before the panels: their contexts share it
        self.panels = tuple(drawn_panel(settings, context) for settings in layout.panel)
        self._base = Overlay((data.width, data.height), self._draw_base) if backdrop is not None else base
        if isinstance(self._base, Planes):
            self._draw_base(self._base)
        covered = [box for panel in self.panels for box in panel.covered]
        self._above = self._standing_above()
        self._bare = uncovered(data.width, data.height, covered)
        self._corners = [RoundCorners(box, theme.panels.radius * data.height) for box in covered]

    def draw(self, frame: int, out: NDArray[np.uint8]) -> None:
        """Draw a frame over whatever `out` holds.

        Parameters
        ----------
        frame
            The frame, `data.start_frame <= frame < data.end_frame`.
        out
            The planes Y, U and V (BT.709, limited range, 4:2:0) one after the other: uint8, C-contiguous, shape
            (height * 3 // 2, width).

        Raises
        ------
        ValueError
            The frame is not one of the scene's, or `out` has another shape.
        """
        data = self._data
        if not data.start_frame <= frame < data.end_frame:
            raise ValueError(f"The scene has the frames {data.start_frame} to {data.end_frame - 1}, not {frame}.")
        planes = planes_of(out, data.width, data.height)
        if self._context.backdrop is not None:
            self._context.backdrop.show(frame)
        for box in self._bare:
            if isinstance(self._base, Planes):
                planes.part(*box).copy_from(self._base.part(*box))
            else:
                self._base.lay(planes, self._context.background, box)
        for panel in self.panels:
            if panel in self._above:
                self._above[panel].lay(planes, planes, panel.box)
            panel.draw(frame, planes)
        if self._context.theme.panels.radius:
            for corners in self._corners:
                corners.draw(planes, self._context.background)
        self._blend_transition(frame, planes)

    def _standing_above(self) -> dict[ScenePanel[Any], Overlay]:
        """What stands still of panels that lie over a panel before them which is painted anew in every frame."""
        size, found = (self._data.width, self._data.height), {}
        for number, panel in enumerate(self.panels):
            below = [box for other in self.panels[:number] for box in other.covered]
            if any(_meet(panel.box, box) for box in below) and type(panel).draw_base is not ScenePanel.draw_base:
                found[panel] = Overlay(size, panel.draw_base)
        return found

    def _draw_base(self, base: Planes) -> None:
        for panel in self.panels:
            panel.draw_base(base)

    def _blend_transition(self, frame: int, planes: Planes) -> None:
        """Blend panels in at the scene's beginning, one after another, and out together at its end."""
        data = self._data
        length = data.end_frame - data.start_frame
        for order, panel in enumerate(self.panels):
            if panel.motion is not None:
                seconds = float((frame - data.start_frame + Fraction(1, 2)) / data.frame_rate)
                length_s = float(length / data.frame_rate)
                state = panel.motion.state(seconds, length_s, hurry=hurried(panel, length_s), delay_s=panel.delay_s)
                move_box(planes, self._context.background, panel, state)
                continue
            enter, remain = transition_progress(
                frame - data.start_frame, data.end_frame - data.start_frame, float(data.frame_rate), order
            )
            if enter < 1 or remain < 1:
                alphas = wipe_mask(panel.box.width, panel.origin_px, enter) * np.float32(remain)
                box = panel.box
                fade(planes, self._context.background, (box.left, box.top), box.height, alphas)


def _meet(one: PixelBox, other: PixelBox) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) > max(one.top, other.top)


def uncovered(width: int, height: int, covered: list[PixelBox]) -> list[PixelBox]:
    """The rectangles that, with the covered ones, make up the whole frame."""
    rows = sorted({0, height, *(edge for box in covered for edge in (box.top, box.bottom))})
    bare: list[PixelBox] = []
    for top, bottom in itertools.pairwise(rows):
        left = 0
        inside = sorted((box.left, box.right) for box in covered if box.top <= top and box.bottom >= bottom)
        for begin, end in [*inside, (width, width)]:
            if begin > left:
                bare.append(PixelBox(left, top, begin - left, bottom - top))
            left = max(left, end)
    return bare
