"""A drawn panel elsewhere, larger or smaller, half seen or half wiped in; and panels with round corners.

This module owns moving what is drawn already. It does not know what panels show, nor when they move.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from pipeline.picture.drawing.blend import fade
from pipeline.picture.drawing.easing import SOFT_EDGE
from pipeline.picture.drawing.motion import REST, State
from pipeline.picture.drawing.moved import blend_moved
from pipeline.picture.drawing.planes import Plane, Planes
from pipeline.picture.panels.panel import ScenePanel
from pipeline.picture.panels.settings import PixelBox

LARGEST_SHARE: Final = 0.35
"""Of a short scene, for entering."""


def hurried(panel: ScenePanel[Any], length_s: float) -> float:
    """By how much a panel hurries in a scene that is too short for its way in."""
    if panel.motion is None or panel.motion.enter is None:
        return 1.0
    usual_s = panel.delay_s + panel.motion.entered_s()
    return min(1.0, LARGEST_SHARE * length_s / usual_s) if usual_s > 0 else 1.0


def move_box(planes: Planes, ground: Planes, panel: ScenePanel[Any], state: State) -> None:
    """Take a drawn panel from its box and put it where its state says; the ground is left behind."""
    if state == REST:
        return
    box = panel.box
    if state.x == state.y == 0 and state.scale == 1:
        fade(planes, ground, (box.left, box.top), box.height, _columns(box.width, state))
        return
    drawn = planes.part(*box).copied()
    planes.part(*box).copy_from(ground.part(*box))
    unit = planes.height
    left = box.left + state.x * unit + box.width / 2 * (1 - state.scale)
    top = box.top + state.y * unit + box.height / 2 * (1 - state.scale)
    edge = state.wipe * (1 + SOFT_EDGE)
    for plane, part, half in (
        (planes.luma, drawn.luma, 1),
        (planes.cb, drawn.cb, 2),
        (planes.cr, drawn.cr, 2),
    ):
        sprite = part.astype(np.float32), np.ones(part.shape, np.float32)
        blend_moved(plane, sprite, (left / half, top / half, state.scale), state.opacity, edge)


def _columns(width: int, state: State) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The alpha of each column, shape (width,)."""
    at = (np.arange(width) + 0.5) / width
    wiped = np.clip((state.wipe * (1 + SOFT_EDGE) - at) / SOFT_EDGE, 0, 1)
    alphas: np.ndarray[tuple[int], np.dtype[np.float32]] = np.asarray(
        state.opacity * wiped * wiped * (3 - 2 * wiped), dtype=np.float32
    )
    return alphas


class RoundCorners:
    """The corners of a box, through which the ground is seen."""

    def __init__(self, box: PixelBox, radius_px: float) -> None:
        radius = min(radius_px, box.width / 2, box.height / 2)
        self._box, side = box, 2 * math.ceil(radius / 2)
        self._side = min(side, box.width // 2 // 2 * 2, box.height // 2 // 2 * 2)
        away = radius - (np.arange(self._side) + 0.5)
        outside = np.hypot(*np.meshgrid(np.maximum(away, 0), np.maximum(away, 0))) - radius
        mask = np.clip(outside + 0.5, 0, 1).astype(np.float32)
        half = mask.reshape(self._side // 2, 2, self._side // 2, 2).mean(axis=(1, 3)) if self._side else mask
        self._masks = [(luma[::down, ::right]) for luma in (mask, half) for down in (1, -1) for right in (1, -1)]

    def draw(self, planes: Planes, ground: Planes) -> None:
        """Let the ground be seen through the corners."""
        side, box = self._side, self._box
        if not side:
            return
        corners = [(top, left) for top in (box.top, box.bottom - side) for left in (box.left, box.right - side)]
        for number, (top, left) in enumerate(corners):
            ours, theirs = planes.part(left, top, side, side), ground.part(left, top, side, side)
            _mix(ours.luma, theirs.luma, self._masks[number])
            _mix(ours.cb, theirs.cb, self._masks[4 + number])
            _mix(ours.cr, theirs.cr, self._masks[4 + number])


def _mix(ours: Plane, theirs: Plane, mask: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    ours[...] = np.rint(ours + (theirs.astype(np.float32) - ours) * mask).astype(np.uint8)
