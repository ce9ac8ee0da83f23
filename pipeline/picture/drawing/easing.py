"""Easings, and how a scene's panels enter and exit. Pure functions of numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

REVEAL_S: Final = 0.9  # how long a panel takes to enter
STAGGER_S: Final = 0.07  # how much later than the panel before it a panel begins
EXIT_S: Final = 0.4  # how long all panels take to exit
LARGEST_SHARE: Final = 0.25  # of a short scene, for entering and for exiting each
SOFT_EDGE: Final = 0.18  # of a panel's width, where it is wiped in


def clamp(value: float) -> float:
    """The value, not below 0, not above 1."""
    return min(1.0, max(0.0, value))


def smoothstep(value: float, first: float = 0.0, last: float = 1.0) -> float:
    """0 up to `first`, 1 from `last` on, and a smooth cubic between."""
    at = clamp((value - first) / (last - first))
    return at * at * (3 - 2 * at)


def ease_out(value: float) -> float:
    """Fast first, slow at the end: a cubic from 0 to 1."""
    return float(1 - (1 - clamp(value)) ** 3)


def glide(to_go_px: float, rest_px: float, far_px: float) -> float:
    """Where a graph's playhead stands, so that the graph comes to rest with its end in view.

    It rests while there is much to go. Then the graph slows down to a standstill, smoothly, and the playhead takes over
    its way: together they always move as far as the training does.

    Parameters
    ----------
    to_go_px
        How far the graph's end still lies ahead of the playhead.
    rest_px, far_px
        Where the playhead rests, and where it arrives at the end.
    """
    way = far_px - rest_px
    reach = 1.5 * way
    left = max(to_go_px, 0.0)
    if way <= 0 or left >= reach:
        return rest_px
    return far_px - left + left**3 / (3 * reach**2)


def transition_progress(frame: int, frames: int, frames_per_s: float, order: int) -> tuple[float, float]:
    """How far a panel has entered (0..1), and how far it has not yet exited (1..0, eased).

    Parameters
    ----------
    frame
        Counted from the scene's beginning.
    frames
        The scene's length.
    frames_per_s
        The frame rate.
    order
        The panel's place among those that enter one after another.
    """
    seconds = frames / frames_per_s
    slow = min(1.0, LARGEST_SHARE * seconds / (REVEAL_S + 8 * STAGGER_S))
    enter = (frame / frames_per_s - order * STAGGER_S * slow) / (REVEAL_S * slow)
    remain = (frames - frame) / frames_per_s / min(EXIT_S, LARGEST_SHARE * seconds)
    return clamp(enter), smoothstep(remain)


def wipe_mask(width: int, origin: int | None, enter: float) -> NDArray[np.float32]:
    """The alpha of each column while a panel enters, shape (width,).

    Parameters
    ----------
    width
        The panel's width.
    origin
        The column from which it is wiped in to both sides; None fades it in as a whole.
    enter
        How far it has entered, 0..1.
    """
    if origin is None:
        return np.full(width, smoothstep(enter), dtype=np.float32)
    farthest = max(origin, width - origin, 1)
    away = np.abs(np.arange(width) + 0.5 - origin) / farthest
    edge = ease_out(enter) * (1 + SOFT_EDGE)
    at = np.clip((edge - away) / SOFT_EDGE, 0, 1)
    return np.asarray(at * at * (3 - 2 * at), dtype=np.float32)
