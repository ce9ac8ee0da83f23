"""Pictures that templates name, inside their templates folder: found, and read within bounds.

This module owns reading them. It does not know where they are shown.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from pipeline.errors import TemplateError
from pipeline.picture.theme.toml_files import theme_file

MOST_PIXELS: Final = 1 << 26
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_LONGEST_SHOWN_PX: Final = 2048


def open_picture(path: Path, what: str = "template's picture") -> Image.Image:
    """Read a picture upright, sRGB and opacity.

    Raises
    ------
    TemplateError
        Where it is none, or too large.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TemplateError(
                    f"The {what} is too large.", where=str(path), expected=f"at most {MOST_PIXELS:,} pixels"
                )
            return ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise TemplateError(
            f"The {what} can't be read.", where=str(path), expected="a PNG, JPEG or WebP picture"
        ) from error


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Read a picture for a card or panel: sRGB and opacity, uint8, shape (h, w, 4), its longer side at most 2048 px.

    Raises
    ------
    TemplateError
        Where it is none, or too large.
    """
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


def own_picture(name: str, template: Path, place: str, owner: str) -> Path | None:
    """The picture that a card or a layout names, found and read once; None where it names none.

    Parameters
    ----------
    name
        The file, inside the templates folder.
    template, place, owner
        The file of the card or layout, the value in it that names the picture, and what it is, for errors.

    Raises
    ------
    TemplateError
        Where it is not there, outside the templates folder, or no picture.
    """
    if not name:
        return None
    path = theme_file(name, template, place, owner=owner)
    read_picture(path)
    return path


@lru_cache(maxsize=16)
def _read(path: Path, _changed_ns: int) -> npt.NDArray[np.uint8]:
    image = open_picture(path)
    image.thumbnail((_LONGEST_SHOWN_PX, _LONGEST_SHOWN_PX))
    return np.array(image)
