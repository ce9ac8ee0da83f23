"""A ground that changes from frame to frame: a gradient that moves, or a clip; and what stands still over it.

This module owns which picture of a loop belongs to a frame of the film, and the pixels. Every frame is a pure function
of its number in the film, so that cards and scenes lie on one ground. It does not know who decodes clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.picture.drawing.planes import Ink, Plane, Planes, ink, new_planes, planes_of
from pipeline.picture.theme.looks import Ground

Words = npt.NDArray[np.uint16]

MOST_PICTURES_PER_S: Final = 30
"""A gradient changes at most so often: above 30 frames a second, every second frame has the one before."""
MOST_STEPS: Final = 300
"""Finer steps of a gradient on its way round can't be seen."""
MOST_LEVELS: Final = 1.0
"""A step changes no pixel by more than so much, of 255, where `MOST_STEPS` allows: under its grain it isn't seen.

Finer ones are not seen: the encoder makes steps of a level or two of them all the same, and takes longer.
"""
USUAL_S: Final = 20.0
"""How long a gradient takes to come round again where nothing is said."""
_TABLE: Final = 4096
_GRAIN_PX: Final = 64


def picture_rate(frame_rate: Fraction, most: float) -> Fraction:
    """How many pictures a second a ground has, at most so many: each is shown for a whole number of frames."""
    return frame_rate / math.ceil(frame_rate / Fraction(most))


@dataclass(frozen=True)
class Loop:
    """Which of a loop's pictures belongs to a frame.

    Parameters
    ----------
    count
        How many pictures there are.
    rate
        Pictures a frame of the film.
    is_mirrored
        Whether it goes backwards after its end, and then forwards.
    """

    count: int
    rate: Fraction
    is_mirrored: bool = False

    @property
    def _period(self) -> int:
        return max(1, 2 * self.count - 2) if self.is_mirrored else self.count

    def picture_at(self, frame: int) -> int:
        """The picture of a frame of the film."""
        at = int(frame * self.rate) % self._period
        return at if at < self.count else self._period - at

    def phase(self, frame: int) -> str:
        """Where in the loop a frame of the film is: from equal phases on, everything is equal."""
        return f"{frame * self.rate % self._period} of {self._period} by {self.rate}"


class MovingGround(Protocol):
    """The ground of every frame of a film."""

    loop: Loop

    def at(self, frame: int) -> Planes:
        """The ground of a frame, counted from the film's first; to be read only, until the next is asked for."""


class ClipGround:
    """The pictures of a clip that was decoded before.

    Parameters
    ----------
    path
        Its pictures one after another: planes Y, U, V each, uint8.
    size_px
        Width and height.
    loop
        Which belongs to which frame.
    """

    def __init__(self, path: Path, size_px: tuple[int, int], loop: Loop) -> None:
        self.loop, self._size = loop, size_px
        width, height = size_px
        # "c": nothing is written, and kernels take the same arrays as everywhere
        self._pictures = np.memmap(path, np.uint8, "c", shape=(loop.count, height * 3 // 2, width))

    def at(self, frame: int) -> Planes:
        """The ground of a frame."""
        return planes_of(np.asarray(self._pictures[self.loop.picture_at(frame)]), *self._size)


class GradientGround:
    """A gradient whose colours drift along it, or whose angle turns.

    Parameters
    ----------
    ground
        What the theme says.
    size_px
        Width and height.
    frame_rate
        The film's.
    """

    def __init__(self, ground: Ground, size_px: tuple[int, int], frame_rate: Fraction) -> None:
        self.loop = self.loop_of(ground, frame_rate)
        self._ground = ground
        self._planes = new_planes(*size_px, Ink(0, 0, 0))
        self._tables = gradient_tables(ground.gradient)
        random = np.random.default_rng(0)
        grain = random.integers(0, 256, (_GRAIN_PX, _GRAIN_PX), dtype=np.uint16)
        self._grain = np.tile(grain, (1, -(-size_px[0] // _GRAIN_PX)))
        self._drawn = -1

    @staticmethod
    def loop_of(ground: Ground, frame_rate: Fraction) -> Loop:
        """Which step belongs to which frame."""
        seconds = ground.seconds or USUAL_S
        wanted = min(_steps(ground), MOST_STEPS) / seconds
        rate = picture_rate(frame_rate, min(wanted, ground.pictures_per_s or MOST_PICTURES_PER_S))
        return Loop(max(1, round(seconds * rate)), rate / frame_rate)

    def at(self, frame: int) -> Planes:
        """The ground of a frame."""
        number = self.loop.picture_at(frame)
        if number != self._drawn:
            self._draw(number / self.loop.count)
            self._drawn = number
        return self._planes

    def _draw(self, phase: float) -> None:
        """Draw the gradient at a share of its loop."""
        planes, drifts = self._planes, self._ground.motion == "drift"
        angle = math.radians(self._ground.angle) + (0.0 if drifts else 2 * math.pi * phase)
        shift = phase if drifts else 0.0
        for plane, table, half in (
            (planes.luma, self._tables[0], 1),
            (planes.cb, self._tables[1], 2),
            (planes.cr, self._tables[2], 2),
        ):
            width, height = planes.width, planes.height
            across, down = math.cos(angle) * width, math.sin(angle) * height
            reach = 2 * (abs(across) + abs(down))  # there and back: half of the table is seen
            step = across / width * half / reach, down / height * half / reach
            first = 0.25 + shift - (across + down) / 2 / reach + (step[0] + step[1]) / 2
            _fill_gradient(plane, table, self._grain, first * _TABLE, (step[0] * _TABLE, step[1] * _TABLE))


class Backdrop:
    """A moving ground at the frame that is drawn just now.

    Parameters
    ----------
    ground
        The ground of every frame of the film.
    first_frame
        The film's frame at which what is drawn has its own frame 0.
    """

    def __init__(self, ground: MovingGround, first_frame: int) -> None:
        self._ground, self._first = ground, first_frame
        self.show(0)

    def picture_at(self, frame: int) -> int:
        """Which of the ground's pictures a frame of what is drawn has."""
        return self._ground.loop.picture_at(self._first + frame)

    def show(self, frame: int) -> None:
        """Go to a frame of what is drawn."""
        self.planes = self._ground.at(self._first + frame)


def gradient_tables(colours: tuple[str, ...]) -> tuple[Words, Words, Words]:
    """Luma and chroma through evenly spaced colours and back again, 256 times as large, each of shape (4096,)."""
    inks = np.array([ink(one) for one in (*colours, *colours[-2::-1])], np.float64)
    at = np.arange(_TABLE) / _TABLE * (len(inks) - 1)
    y, cb, cr = (np.round(np.interp(at, np.arange(len(inks)), inks[:, part]) * 256) for part in range(3))
    return y.astype(np.uint16), cb.astype(np.uint16), cr.astype(np.uint16)


def _steps(ground: Ground) -> float:
    """In how many steps a gradient comes round, each as large as isn't seen: the fewer, the less there is to encode."""
    steepest = max(float(np.abs(np.diff(table.astype(np.float64))).max()) for table in gradient_tables(ground.gradient))
    turn = 1.2 if ground.motion == "turn" else 1.0  # most of the picture changes as fast; its corners faster, briefly
    return max(1.0, turn * steepest / 256 * _TABLE / MOST_LEVELS)


@njit(cache=True, nogil=True, boundscheck=False)
def _fill_gradient(plane: Plane, table: Words, grain: Words, first: float, step: tuple[float, float]) -> None:
    """Look every second row's pixels up; a fixed fine grain hides the steps between values.

    `first` and `step` are entries. Two rows lie so near that they share what lies between them: the grain is their own.
    """
    width, many = plane.shape[1], np.uint32(table.size - 1)
    offsets, values = np.empty(width, np.uint32), np.empty(width, np.uint16)
    for x in range(width):  # an entry is 2 ** 16: additions wrap around where the table does
        offsets[x] = np.uint32(np.int64(round(x * step[0] * 65536.0)) & 0xFFFFFFFF)
    for y in range(plane.shape[0]):
        if y % 2 == 0:
            begin = np.uint32(np.int64(round((first + (y + 0.5) * step[1]) * 65536.0)) & 0xFFFFFFFF)
            for x in range(width):
                values[x] = table[np.uint32(np.uint32(begin + offsets[x]) >> np.uint32(16)) & many]
        line, row = plane[y], grain[y & (grain.shape[0] - 1)]
        for x in range(width):
            line[x] = np.uint8((values[x] + row[x]) >> np.uint16(8))


class Overlay:
    """What stands still over a ground that moves: drawn once, over black and over white, and laid on any ground.

    Parameters
    ----------
    size_px
        Width and height.
    draw
        Draws it on planes, blending linearly and reading nothing of what is there.
    """

    def __init__(self, size_px: tuple[int, int], draw: Callable[[Planes], None]) -> None:
        self._ink = new_planes(*size_px, Ink(0, 0, 0))
        self._keep = new_planes(*size_px, Ink(255, 255, 255))
        for planes in (self._ink, self._keep):
            draw(planes)
        for kept, drawn in zip(_each(self._keep), _each(self._ink), strict=True):
            np.subtract(kept, np.minimum(drawn, kept), out=kept)

    def lay(self, planes: Planes, ground: Planes, box: tuple[int, int, int, int]) -> None:
        """Write a box (left, top, width, height; even) of the ground, and what stands over it."""
        left, top, width, height = box
        whole = zip(_each(planes), _each(ground), _each(self._ink), _each(self._keep), strict=True)
        for half, (out, under, over, keep) in zip((1, 2, 2), whole, strict=True):
            edges = (left // half, top // half, (left + width) // half, (top + height) // half)
            _lay(out, under, over, keep, edges)


def _each(planes: Planes) -> tuple[Plane, Plane, Plane]:
    return planes.luma, planes.cb, planes.cr


@njit(cache=True, nogil=True, boundscheck=False)
def _lay(out: Plane, ground: Plane, drawn: Plane, keep: Plane, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    for y in range(top, bottom):
        line, under, over, kept = out[y, left:right], ground[y, left:right], drawn[y, left:right], keep[y, left:right]
        for x in range(right - left):
            share = np.uint16(under[x]) * np.uint16(kept[x]) + np.uint16(128)  # / 255, rounded: exact in 16 bits
            line[x] = np.uint8(over[x] + ((share + (share >> np.uint16(8))) >> np.uint16(8)))
