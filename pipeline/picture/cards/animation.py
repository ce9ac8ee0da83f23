"""Cards in motion: each element enters and leaves with an eased fade and a small move.

This module owns the timing and the drawing of frames. Like a scene, it draws any frame into any buffer at any time.
While nothing moves, a frame is a copy of the page at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit
from PIL import Image

from pipeline.errors import StoreError
from pipeline.picture.cards.card import ENTER_S, CardLayer, CardPicture
from pipeline.picture.drawing.easing import SOFT_EDGE, ease_out, smoothstep
from pipeline.picture.drawing.motion import REST, State
from pipeline.picture.drawing.moved import blend_moved
from pipeline.picture.drawing.moving_ground import Backdrop, Overlay
from pipeline.picture.drawing.planes import (
    Plane,
    Planes,
    chroma_from_rgb,
    halved,
    ink,
    new_planes,
    planes_from_rgb,
    planes_of,
)

EXIT_S: Final = 0.4
_MOST_PIXELS: Final = 1 << 27
LARGEST_SHARE: Final = 0.35
"""Of a short card, for entering and for leaving each."""

Floats = npt.NDArray[np.float32]


def layer_state(
    layer: CardLayer, seconds: float, length_s: float, latest_s: float, *, stays: tuple[bool, bool]
) -> State:
    """How a layer stands `seconds` after its page's beginning; its place in pixels.

    Parameters
    ----------
    layer
        Its delay and motion.
    seconds, length_s
        Time since the page began, and how long the page lasts.
    latest_s
        The largest delay of the page: short pages hurry all elements alike.
    stays
        Whether the layer was there before the page, and whether it stays after it.
    """
    hurry = min(1.0, LARGEST_SHARE * length_s / (latest_s + ENTER_S))
    usual = REST
    motion = layer.motion
    if not stays[0] and (motion is None or motion.enter is None):
        enter = (seconds - layer.delay_s * hurry) / (ENTER_S * hurry)
        usual = State(opacity=smoothstep(enter), y=layer.move_y_px * (1.0 - ease_out(enter)))
    if not stays[1] and (motion is None or motion.exit is None):
        exit_ = (length_s - seconds) / min(EXIT_S, LARGEST_SHARE * length_s)
        usual = usual._replace(opacity=usual.opacity * smoothstep(exit_))
    if motion is None:
        return usual
    wanted = motion.model_copy(
        update={"enter": None if stays[0] else motion.enter, "exit": None if stays[1] else motion.exit}
    ).state(seconds, length_s, hurry=hurry, order=layer.order, following=layer.following, delay_s=layer.delay_s)
    return usual.over(wanted._replace(x=wanted.x * layer.unit_px, y=wanted.y * layer.unit_px))


@dataclass(frozen=True, eq=False)
class _Sprite:
    """A layer as premultiplied planes: each plane's ink times opacity, and opacity, float32."""

    layer: CardLayer
    luma: tuple[Floats, Floats]
    cb: Floats
    cr: Floats
    half_opacity: Floats


class CardAnimation:
    """Draws any frame of a card.

    Parameters
    ----------
    card, folder
        The record, and where its files lie.
    start_frame, end_frame
        When the card is seen, in frames of the film or of its own.
    frame_rate
        Frames a second.
    backdrop
        What lies behind the layers, where it moves.

    Raises
    ------
    StoreError
        A layer's file can't be read.
    """

    def __init__(
        self,
        card: CardPicture,
        folder: Path,
        start_frame: int,
        end_frame: int,
        frame_rate: Fraction,
        *,
        backdrop: Backdrop | None = None,
    ) -> None:
        self._card, self._folder, self._backdrop = card, folder, backdrop
        self._start, self._frames, self._rate = start_frame, max(1, end_frame - start_frame), frame_rate
        self._ground = _ground(card, folder)
        self._sprites: dict[str, _Sprite] = {}
        self._at_rest: dict[int, Planes] = {}
        self._over_ground: dict[int, Overlay] = {}

    def draw(self, frame: int, out: Plane) -> None:
        """Draw a frame over whatever `out` holds: yuv420p, uint8, shape (height * 3 // 2, width)."""
        planes = planes_of(out, self._card.width, self._card.height)
        page, standing = self._standing(frame - self._start)
        at_rest, backdrop = all(one == REST for one in standing), self._backdrop
        if backdrop is not None:
            backdrop.show(frame)
            if at_rest:
                box = (0, 0, self._card.width, self._card.height)
                self._overlay(page).lay(planes, backdrop.planes, box)
                return
        elif at_rest:
            planes.copy_from(self._rest(page))
            return
        planes.copy_from(self._ground if backdrop is None else backdrop.planes)
        for layer, one in zip(self._card.pages[page].layers, standing, strict=True):
            _blend(planes, self._sprite(layer), one)

    def _standing(self, frame: int) -> tuple[int, list[State]]:
        """Which page is seen, and how each of its layers stands."""
        pages = self._card.pages
        number = min(len(pages) - 1, max(0, frame * len(pages) // self._frames))
        first = -(-number * self._frames // len(pages))
        last = -(-(number + 1) * self._frames // len(pages))
        before = pages[number - 1].layers if number else ()
        after = pages[number + 1].layers if number + 1 < len(pages) else ()
        layers = pages[number].layers
        latest = max((layer.latest_s for layer in layers), default=0.0)
        # The middle of the frame's time: no frame is empty, and entering and leaving are equally long.
        seconds, length = float((frame - first + Fraction(1, 2)) / self._rate), float((last - first) / self._rate)
        return number, [
            layer_state(layer, seconds, length, latest, stays=(_among(layer, before), _among(layer, after)))
            for layer in layers
        ]

    def _rest(self, page: int) -> Planes:
        if page not in self._at_rest:
            planes = self._ground.copied()
            self._lay_page(page, planes)
            self._at_rest[page] = planes
        return self._at_rest[page]

    def _overlay(self, page: int) -> Overlay:
        """A page at rest without its ground."""
        if page not in self._over_ground:
            size = (self._card.width, self._card.height)
            self._over_ground[page] = Overlay(size, lambda planes: self._lay_page(page, planes))
        return self._over_ground[page]

    def _lay_page(self, page: int, planes: Planes) -> None:
        for layer in self._card.pages[page].layers:
            _blend(planes, self._sprite(layer), REST)

    def _sprite(self, layer: CardLayer) -> _Sprite:
        if layer.layer_file not in self._sprites:
            self._sprites[layer.layer_file] = _load(layer, self._folder)
        return self._sprites[layer.layer_file]


def _among(layer: CardLayer, others: Sequence[CardLayer]) -> bool:
    return any(layer.layer_file == other.layer_file for other in others)


def _load(layer: CardLayer, folder: Path) -> _Sprite:
    path = folder / layer.layer_file
    try:
        with Image.open(path, formats=["PNG"]) as image:
            fits = image.width % 2 == image.height % 2 == 0 and image.width * image.height <= _MOST_PIXELS
            picture = np.asarray(image.convert("RGBA")) if fits else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StoreError(
            "A card's layer can't be read.", where=str(path), hint="Run build-video cards --force."
        ) from error
    if picture is None:
        raise StoreError("This is no layer of a card.", where=str(path), hint="Run build-video cards --force.")
    opacity = picture[..., 3].astype(np.float32) / np.float32(255.0)
    planes = planes_from_rgb(np.ascontiguousarray(picture[..., :3]))
    half_opacity = halved(opacity)
    inks = _chroma(picture[..., :3] * opacity[..., None], half_opacity)
    return _Sprite(layer, (planes.luma * opacity, opacity), inks[0], inks[1], half_opacity)


def _chroma(premultiplied: Floats, half_opacity: Floats) -> tuple[Floats, Floats]:
    """Premultiplied chroma at half size: pixels count by how opaque they are, so that edges keep their colour."""
    mean = halved(premultiplied)
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.where(half_opacity[..., None] > 0, mean / half_opacity[..., None], 0.0)
    cb, cr = chroma_from_rgb(np.rint(np.clip(plain, 0, 255)).astype(np.uint8))
    return cb * half_opacity, cr * half_opacity


def _blend(planes: Planes, sprite: _Sprite, one: State) -> None:
    if one.opacity <= 0 or one.wipe <= 0:
        return
    left, top = sprite.layer.x_px, sprite.layer.y_px
    alpha = float(one.opacity)
    if one.x == 0 and one.scale == 1 and one.wipe >= 1:
        drop = float(one.y)
        _blend_plane(planes.luma, sprite.luma[0], sprite.luma[1], (left, top + drop), alpha)
        for plane, chroma in ((planes.cb, sprite.cb), (planes.cr, sprite.cr)):
            _blend_plane(plane, chroma, sprite.half_opacity, (left // 2, (top + drop) / 2), alpha)
        return
    height, width = sprite.luma[0].shape
    x, y = left + one.x + width / 2 * (1 - one.scale), top + one.y + height / 2 * (1 - one.scale)
    edge = one.wipe * (1 + SOFT_EDGE)
    blend_moved(planes.luma, sprite.luma, (x, y, one.scale), alpha, edge)
    for plane, chroma in ((planes.cb, sprite.cb), (planes.cr, sprite.cr)):
        blend_moved(plane, (chroma, sprite.half_opacity), (x / 2, y / 2, one.scale), alpha, edge)


def _ground(card: CardPicture, folder: Path) -> Planes:
    """What lies behind all layers."""
    if card.ground_file is None:
        return new_planes(card.width, card.height, ink(card.background))
    path = folder / card.ground_file
    try:
        with Image.open(path, formats=["PNG"]) as image:
            fits = image.size == (card.width, card.height)
            picture = np.asarray(image.convert("RGB")) if fits else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StoreError(
            "A card's ground can't be read.", where=str(path), hint="Run build-video cards --force."
        ) from error
    if picture is None:
        raise StoreError("This is no ground of a card.", where=str(path), hint="Run build-video cards --force.")
    return planes_from_rgb(picture)


@njit(cache=True, nogil=True, boundscheck=False)
def _blend_plane(plane: Plane, colour: Floats, opacity: Floats, at: tuple[int, float], alpha: float) -> None:
    """Lay a premultiplied sprite on a plane, its top left corner at (column, row between rows), cut at the edges."""
    height, width = opacity.shape
    left, top = at
    row = int(np.floor(top))
    drop = np.float32(top - row)
    keep = np.float32(1.0) - drop
    for y in range(max(0, row), min(plane.shape[0], row + height + 1)):
        here, above = y - row, y - row - 1
        for x in range(max(0, left), min(plane.shape[1], left + width)):
            ink_here = alpha_here = np.float32(0.0)
            if here < height:
                ink_here += keep * colour[here, x - left]
                alpha_here += keep * opacity[here, x - left]
            if above >= 0:
                ink_here += drop * colour[above, x - left]
                alpha_here += drop * opacity[above, x - left]
            if alpha_here > 0.0:
                plane[y, x] = int(plane[y, x] * (1.0 - alpha_here * alpha) + ink_here * alpha + 0.5)
