"""The user's own pictures: known by their first bytes, measured before they are decoded, and laid on black.

This module owns which pictures may be decoded and how large they may be. It does not know what they are shown for.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BuildVideoError, FootageError
from pipeline.ffmpeg.formats import EXPORT_PICTURE, MOST_PIXELS, unread_picture
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.store.files import plain_reason

_LARGEST_BYTES: Final = 1 << 28
_HEAD_BYTES: Final = 32
_PEEK_BYTES: Final = 4096
_LARGEST_PROFILE_BYTES: Final = 1 << 22
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_MOST_EXPECTED: Final = f"at most {MOST_PIXELS // 1_000_000} million pixels"
_EXPECTED: Final = "a PNG, JPEG or WebP picture, or a GIF that doesn't move"


def is_still(path: Path) -> bool:
    """Tell whether a file is a picture that doesn't move: by its first bytes, and by how many pictures it holds."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError):
        return False  # recognising it as media tells what is wrong
    return (head.startswith(_STARTS) or _is_webp(head)) and not _moves(path)


def _moves(path: Path) -> bool:
    try:
        with _opened(path) as image:
            return bool(getattr(image, "is_animated", False))
    except FootageError:
        return False  # reading it as a picture tells what is wrong


def check_still(path: Path) -> tuple[int, int]:
    """Decode a picture, and return the width and height of what comes of it.

    Raises
    ------
    FootageError
        Where it is too large or can't be decoded.
    """
    from PIL import ImageOps  # noqa: PLC0415 - only stills need it

    with _opened(path) as image:
        return ImageOps.exif_transpose(image).size


def read_still(path: Path) -> NDArray[np.uint8]:
    """Decode a picture upright, on black where it is transparent.

    Returns
    -------
    NDArray[np.uint8]
        sRGB, shape = (height, width, 3).

    Raises
    ------
    FootageError
        Where it is too large or can't be decoded.
    """
    from PIL import Image  # noqa: PLC0415 - only stills need it

    with _opened(path) as image:
        upright = _upright(image)
        ground = Image.new("RGB", upright.size)
        ground.paste(upright, mask=upright)
        return np.array(ground)


def read_logo(path: Path, longest_px: int = 1024) -> NDArray[np.uint8]:
    """Decode a picture upright with its transparency, at most `longest_px` pixels long on its longer side.

    Returns
    -------
    NDArray[np.uint8]
        sRGB and opacity, shape = (height, width, 4).

    Raises
    ------
    FootageError
        Where it is no picture, too large, or can't be decoded.
    """
    if not is_still(path):
        raise _no_still(path)
    with _opened(path) as image:
        upright = _upright(image)
        upright.thumbnail((longest_px, longest_px))
        return np.array(upright)


def _no_still(path: Path) -> FootageError:
    """Say what the film's picture is instead of a picture."""
    try:
        with path.open("rb") as file:
            head = file.read(_PEEK_BYTES)
    except FileNotFoundError:
        return FootageError("The film's picture is not there.", where=str(path), hint=absent_hint(path))
    except (OSError, ValueError) as error:
        why = plain_reason(error)
        return FootageError(f"The film's picture can't be read: {why}.", where=str(path), expected=_EXPECTED)
    name = unread_picture(head) or ("a picture that moves" if head.startswith(_STARTS) or _is_webp(head) else "")
    found = f"The film's picture is {name}." if name else "The film's picture is no picture."
    return FootageError(found, where=str(path), expected=_EXPECTED, hint=EXPORT_PICTURE if name else "")


def _upright(image: Any) -> Any:
    """Turn a picture as its camera was held, into sRGB of 8 bits with opacity."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - only stills need it

    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I"):  # grey of 16 bits: Pillow would cut off what is above 255
        grey = np.asarray(turned).astype(np.float32)
        eight = Image.fromarray(np.rint(np.clip(grey, 0, 65535) / 257).astype(np.uint8))
        clear = turned.info.get("transparency")
        if isinstance(clear, int):
            eight.putalpha(Image.fromarray(np.where(grey == clear, 0, 255).astype(np.uint8)))
        return eight.convert("RGBA")
    return _in_srgb(turned).convert("RGBA")


def _in_srgb(image: Any) -> Any:
    """Bring a picture with a colour profile, such as a phone's Display P3, into sRGB; as it is where that fails."""
    from PIL import ImageCms  # noqa: PLC0415 - only stills need it

    profile = image.info.get("icc_profile")
    if not profile or len(profile) > _LARGEST_PROFILE_BYTES or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    try:
        found = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, found, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from PIL import Image  # noqa: PLC0415 - only stills need it

    _check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is checked below, and of oddities in what is not used
            with Image.open(path, formats=_FORMATS) as image:
                _check_pixels(path, image.width, image.height)
                yield image
    except BuildVideoError:
        raise
    except Image.DecompressionBombError as error:
        raise FootageError("The picture is far too large.", where=str(path), expected=_MOST_EXPECTED) from error
    except Exception as error:  # a decoder of others, on a file of others: anything may come of it
        known = isinstance(error, OSError) and error.errno is not None
        words = plain_reason(error) if isinstance(error, OSError) and known else "it is damaged, or cut off"
        raise FootageError(f"The picture can't be read: {words}.", where=str(path), expected=_EXPECTED) from error


def _check_size(path: Path) -> None:
    """Refuse what would fill the memory while it is only opened."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise FootageError(f"The picture can't be read: {plain_reason(error)}.", where=str(path)) from error
    if size > _LARGEST_BYTES:
        raise FootageError(
            "The picture's file is far too large.", where=str(path), expected=f"at most {_LARGEST_BYTES >> 20} MiB"
        )
    if _is_webp(head):
        _check_pixels(path, *_webp_size(head))


def _check_pixels(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise FootageError(
            f"The picture is far too large: {width} x {height} pixels.",
            where=str(path),
            expected=_MOST_EXPECTED,
        )


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _webp_size(head: bytes) -> tuple[int, int]:
    """The canvas that a WebP file asks for (RFC 9649); nothing where it is no kind that is known."""
    kind, number = head[12:16], int.from_bytes
    if kind == b"VP8X":
        return 1 + number(head[24:27], "little"), 1 + number(head[27:30], "little")
    if kind == b"VP8L":
        sizes = number(head[21:25], "little")
        return 1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return number(head[26:28], "little") & 0x3FFF, number(head[28:30], "little") & 0x3FFF
    return 0, 0
