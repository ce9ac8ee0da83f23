"""A scene: what is on screen while takes are heard.

The scene owns the order in which things are drawn, and how they enter and exit. It does not know files or ffmpeg, nor
does it move on from frame to frame: any frame can be drawn into any buffer at any time, and looks the same.

    scene = Scene(data, load_theme("midnight"), load_layout("landscape"))
    scene.draw(frame, buffer)                     # buffer: uint8 (height * 3 // 2, width)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.drawing.blend import fade
from pipeline.picture.drawing.easing import transition_progress, wipe_mask
from pipeline.picture.drawing.motion import REST, State
from pipeline.picture.drawing.moving_ground import Backdrop, Overlay
from pipeline.picture.drawing.planes import Boxes, Planes, boxes_of, planes_of
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
        self._bare_boxes = boxes_of(self._bare)
        self._movers = [panel for panel in self.panels if panel.motion is not None]
        self._settled = self._settled_frames()
        self._looks = lru_cache(maxsize=2)(self._looks_of)
        self._moving: tuple[Hashable, Boxes, list[ScenePanel[Any]]] | None = None
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
        self._draw(frame, planes_of(out, data.width, data.height), self._bare_boxes, self.panels)

    def _draw(self, frame: int, planes: Planes, bare: Boxes, panels: Iterable[ScenePanel[Any]]) -> None:
        """Draw some of the rectangles that no panel covers, and some panels."""
        if self._context.backdrop is not None:
            self._context.backdrop.show(frame)
        if isinstance(self._base, Planes):
            planes.copy_boxes(self._base, bare)
        else:
            for box in bare.tolist():
                self._base.lay(planes, self._context.background, PixelBox(*box))
        for panel in panels:
            if panel in self._above:
                self._above[panel].lay(planes, planes, panel.box)
            panel.draw(frame, planes)
        if self._context.theme.panels.radius:
            for corners in self._corners:
                corners.draw(planes, self._context.background)
        self._blend_transition(frame, planes)

    def draw_changes(self, frame: int, out: NDArray[np.uint8], before: int) -> None:
        """Draw a frame over another frame of this scene, which `out` must still hold; it looks as `draw` draws it.

        What stands still is left as it is: usually all but the graphs and what scrolls.

        Parameters
        ----------
        frame, out
            As for `draw`.
        before
            The frame that `out` holds.

        Raises
        ------
        ValueError
            As for `draw`.
        """
        if not (self._is_settled(before) and self._is_settled(frame) and self._is_ground_alike(frame, before)):
            self.draw(frame, out)
            return
        looks = self._looks(before), self._looks(frame)
        if self._moving is None or self._moving[0] != looks:
            self._moving = looks, *self._what_moves(before, frame)
        _, bare, panels = self._moving
        self._draw(frame, planes_of(out, self._data.width, self._data.height), bare, panels)

    def _looks_of(self, frame: int) -> tuple[Hashable | None, ...]:
        return tuple(panel.look(frame) for panel in self.panels)

    def _is_settled(self, frame: int) -> bool:
        """Whether nothing enters or leaves in a frame."""
        return frame in self._settled and all(self._state(frame, panel) == REST for panel in self._movers)

    def _is_ground_alike(self, frame: int, other: int) -> bool:
        """Whether the ground is the same in two frames: a moving one holds each of its pictures for a while."""
        backdrop = self._context.backdrop
        return backdrop is None or backdrop.picture_at(frame) == backdrop.picture_at(other)

    def _what_moves(self, before: int, frame: int) -> tuple[Boxes, list[ScenePanel[Any]]]:
        """The bare rectangles and the panels that are drawn anew between two frames, by the looks in both.

        Whatever meets something that is drawn anew is drawn anew too: there, it would be painted over.
        """
        looks = zip(self._looks(before), self._looks(frame), strict=True)
        extents = [
            _around(self._within(panel.extent(before)), self._within(panel.extent(frame))) for panel in self.panels
        ]
        moving = {number for number, (old, new) in enumerate(looks) if new is None or new != old}
        while met := {
            number
            for number, extent in enumerate(extents)
            if number not in moving and any(_meet(extent, extents[one]) for one in moving)
        }:
            moving |= met
        bare = [_common(box, extents[number]) for box in self._bare for number in moving if _meet(box, extents[number])]
        return boxes_of(bare), [panel for number, panel in enumerate(self.panels) if number in moving]

    def _within(self, edges: tuple[float, float, float, float]) -> PixelBox:
        """The whole, even pixels of the frame that edges touch."""
        left, top = (max(0, math.floor(edge / 2) * 2) for edge in edges[:2])
        right = min(self._data.width, math.ceil(edges[2] / 2) * 2)
        bottom = min(self._data.height, math.ceil(edges[3] / 2) * 2)
        return PixelBox(left, top, max(0, right - left), max(0, bottom - top))

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
        if frame in self._settled and not self._movers:
            return
        for order, panel in enumerate(self.panels):
            if panel.motion is not None:
                move_box(planes, self._context.background, panel, self._state(frame, panel))
                continue
            enter, remain = self._progress(frame, order)
            if enter < 1 or remain < 1:
                alphas = wipe_mask(panel.box.width, panel.origin_px, enter) * np.float32(remain)
                box = panel.box
                fade(planes, self._context.background, (box.left, box.top), box.height, alphas)

    def _state(self, frame: int, panel: ScenePanel[Any]) -> State:
        """How far a panel's own motion has taken it."""
        if panel.motion is None:
            return REST
        data = self._data
        seconds = float((frame - data.start_frame + Fraction(1, 2)) / data.frame_rate)
        length_s = float((data.end_frame - data.start_frame) / data.frame_rate)
        return panel.motion.state(seconds, length_s, hurry=hurried(panel, length_s), delay_s=panel.delay_s)

    def _progress(self, frame: int, order: int) -> tuple[float, float]:
        data = self._data
        frames = data.end_frame - data.start_frame
        return transition_progress(frame - data.start_frame, frames, float(data.frame_rate), order)

    def _settled_frames(self) -> range:
        """The frames in which no panel enters or leaves that does so in the usual way."""
        latest = max((order for order, panel in enumerate(self.panels) if panel.motion is None), default=None)
        first, last = self._data.start_frame, self._data.end_frame
        if latest is not None:
            while first < last and self._progress(first, latest)[0] < 1:
                first += 1
            while first < last and self._progress(last - 1, latest)[1] < 1:
                last -= 1
        return range(first, last)


class SequentialScene:
    """Draws a scene's frames in order into a buffer that nobody else changes; any other buffer or order is right too.

    Parameters
    ----------
    scene
        What it draws.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._last: tuple[NDArray[np.uint8], int] | None = None

    def draw(self, frame: int, out: NDArray[np.uint8]) -> None:
        """Draw a frame, as `Scene.draw` does; the buffer of the last one must still hold it."""
        last, self._last = self._last, None
        if last is not None and last[0] is out:
            self._scene.draw_changes(frame, out, last[1])
        else:
            self._scene.draw(frame, out)
        self._last = out, frame


def _around(one: PixelBox, other: PixelBox) -> PixelBox:
    """The rectangle around two, of which one without a width or height is none."""
    if not (one.width and one.height and other.width and other.height):
        return other if other.width and other.height else one
    left, top = min(one.left, other.left), min(one.top, other.top)
    return PixelBox(left, top, max(one.right, other.right) - left, max(one.bottom, other.bottom) - top)


def _common(one: PixelBox, other: PixelBox) -> PixelBox:
    """The rectangle that two have in common."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    return PixelBox(left, top, min(one.right, other.right) - left, min(one.bottom, other.bottom) - top)


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
