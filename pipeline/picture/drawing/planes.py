"""Frames as three planes: luma and two chroma, 4:2:0, BT.709, limited range, as the encoder eats them.

This module owns the colours' conversion and how the planes lie in one buffer. It does not know what is drawn.

Every colour on screen is given in sRGB and converted once; all blending happens on the planes. Blending the gamma-coded
planes gives the same pixels as blending gamma-coded sRGB, because the conversion is linear.

Source: ITU-R BT.709-6, sections 3 and 4, and ITU-T H.273 for the limited range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.picture.theme.theme import rgb

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]
Boxes = NDArray[np.int64]
"""Rectangles (left, top, width, height), all numbers even, shape (n, 4)."""

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_TO_PLANES: Final = np.array(
    [
        [_RED, _GREEN, _BLUE],
        [-_RED / (2 - 2 * _BLUE), -_GREEN / (2 - 2 * _BLUE), 0.5],
        [0.5, -_GREEN / (2 - 2 * _RED), -_BLUE / (2 - 2 * _RED)],
    ]
) * (np.array([[219.0], [224.0], [224.0]]) / 255.0)
_TO_RGB: Final = np.linalg.inv(_TO_PLANES)
_OFFSETS: Final = np.array([16.0, 128.0, 128.0])


class Ink(NamedTuple):
    """A colour as luma and chroma, 0..255, not rounded."""

    luma: float
    cb: float
    cr: float

    def mixed(self, other: Ink, alpha: float) -> Ink:
        """Mix `alpha` (0..1) of another colour into this one."""
        return Ink(*(one + (two - one) * alpha for one, two in zip(self, other, strict=True)))


@lru_cache(maxsize=256)
def ink(colour: str) -> Ink:
    """Convert a colour written `#rrggbb`."""
    return Ink(*(float(value) for value in _TO_PLANES @ np.array(rgb(colour), dtype=np.float64) + _OFFSETS))


@dataclass(frozen=True, eq=False)
class Planes:
    """Views of the three planes of a picture: `luma` (h, w), `cb` and `cr` (h / 2, w / 2)."""

    luma: Plane
    cb: Plane
    cr: Plane

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.luma.shape[0])

    def part(self, left: int, top: int, width: int, height: int) -> Planes:
        """A view of a rectangle; all four numbers are even."""
        right, bottom = left + width, top + height
        half = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
        return Planes(self.luma[top:bottom, left:right], self.cb[half], self.cr[half])

    def fill(self, colour: Ink) -> None:
        """Paint everything in one colour."""
        for plane, value in zip((self.luma, self.cb, self.cr), colour, strict=True):
            plane[...] = round(value)

    def copy_from(self, other: Planes) -> None:
        """Take over a picture of the same size."""
        self.luma[...] = other.luma
        self.cb[...] = other.cb
        self.cr[...] = other.cr

    def copy_boxes(self, other: Planes, boxes: Boxes) -> None:
        """Take over rectangles of a picture of the same size."""
        _copy_boxes(self.luma, other.luma, boxes, 1)
        _copy_boxes(self.cb, other.cb, boxes, 2)
        _copy_boxes(self.cr, other.cr, boxes, 2)

    def copied(self) -> Planes:
        """A picture of its own with the same content."""
        return Planes(self.luma.copy(), self.cb.copy(), self.cr.copy())


def boxes_of(boxes: Sequence[tuple[int, int, int, int]]) -> Boxes:
    """Rectangles as an array."""
    return np.array(boxes, dtype=np.int64).reshape(-1, 4)


@njit(cache=True, nogil=True, boundscheck=False)
def _copy_boxes(out: Plane, source: Plane, boxes: Boxes, sampling: int) -> None:
    for box in range(boxes.shape[0]):
        left, top = boxes[box, 0] // sampling, boxes[box, 1] // sampling
        width, height = boxes[box, 2] // sampling, boxes[box, 3] // sampling
        for y in range(top, top + height):
            to, by = out[y, left : left + width], source[y, left : left + width]
            for x in range(width):
                to[x] = by[x]


def new_planes(width: int, height: int, colour: Ink) -> Planes:
    """Make a picture of one colour; both sides are even."""
    planes = unpainted_planes(width, height)
    planes.fill(colour)
    return planes


def unpainted_planes(width: int, height: int) -> Planes:
    """Make a picture that holds anything, for whoever paints all of it; both sides are even."""
    return Planes(
        np.empty((height, width), dtype=np.uint8),
        np.empty((height // 2, width // 2), dtype=np.uint8),
        np.empty((height // 2, width // 2), dtype=np.uint8),
    )


def planes_of(buffer: Plane, width: int, height: int) -> Planes:
    """View an encoder's buffer, shape (height * 3 // 2, width), as planes.

    Raises
    ------
    ValueError
        The buffer has another shape or type, or doesn't lie in one piece.
    """
    if buffer.shape != (height * 3 // 2, width) or buffer.dtype != np.uint8 or not buffer.flags.c_contiguous:
        raise ValueError(f"A frame is {(height * 3 // 2, width)} contiguous bytes, not {buffer.dtype} {buffer.shape}.")
    flat = buffer.reshape(-1)
    luma, quarter = width * height, width * height // 4
    half = (height // 2, width // 2)
    return Planes(
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(half),
        flat[luma + quarter :].reshape(half),
    )


def halved(values: Floats) -> Floats:
    """The mean of each two by two pixels: shape (h, w, ...) becomes (h // 2, w // 2, ...), both sides even.

    Slices are added: NumPy's own mean over axes of two is many times as slow.
    """
    rows = values[0::2] + values[1::2]
    return np.asarray((rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25))


def planes_from_rgb(picture: Plane) -> Planes:
    """Convert an sRGB picture, shape (h, w, 3), both sides even; chroma is the mean of two by two pixels."""
    wide = picture.astype(np.float32) @ _TO_PLANES.T.astype(np.float32) + _OFFSETS.astype(np.float32)
    return Planes(_bytes(wide[..., 0]), *(_bytes(halved(wide[..., channel])) for channel in (1, 2)))


def chroma_from_rgb(picture: Plane) -> tuple[Plane, Plane]:
    """Cb and Cr of an sRGB picture whose pixels are those of the chroma planes, shape (h, w, 3)."""
    wide = picture.astype(np.float32) @ _TO_PLANES[1:].T.astype(np.float32) + _OFFSETS[1:].astype(np.float32)
    return _bytes(wide[..., 0]), _bytes(wide[..., 1])


def _bytes(values: Floats) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def rgb_from_planes(planes: Planes) -> Plane:
    """Convert to sRGB, shape (h, w, 3), uint8: for stills, thumbnails and tests."""
    wide = np.empty((planes.height, planes.width, 3), dtype=np.float32)
    wide[..., 0] = planes.luma
    wide[..., 1] = planes.cb.repeat(2, axis=0).repeat(2, axis=1)
    wide[..., 2] = planes.cr.repeat(2, axis=0).repeat(2, axis=1)
    wide -= _OFFSETS.astype(np.float32)
    return np.clip(np.rint(wide @ _TO_RGB.T.astype(np.float32)), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def rgb_matrix() -> tuple[float, ...]:
    """From Y, Cb and Cr to R, G and B, as Pillow converts: three rows of three factors and what is added."""
    rows = zip(_TO_RGB, -_TO_RGB @ _OFFSETS, strict=True)
    return tuple(float(value) for factors, added in rows for value in (*factors, added))


def lay_picture(planes: Planes, premultiplied: NDArray[np.float32]) -> None:
    """Lay a picture on planes of its size: colour (0..255) times opacity, and opacity (0..1), shape (h, w, 4)."""
    opacity = np.clip(premultiplied[..., 3:], 0.0, 1.0)
    colour = np.clip(premultiplied[..., :3], 0.0, 255.0 * opacity)
    inks = colour @ _TO_PLANES.T.astype(np.float32) + opacity * _OFFSETS.astype(np.float32)
    whole = np.concatenate([inks, opacity], axis=-1)
    halves = halved(whole)
    for plane, parts, channel in ((planes.luma, whole, 0), (planes.cb, halves, 1), (planes.cr, halves, 2)):
        plane[...] = np.clip(np.rint(plane * (1.0 - parts[..., 3]) + parts[..., channel]), 0, 255).astype(np.uint8)
