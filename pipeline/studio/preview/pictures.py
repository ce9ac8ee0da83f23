"""Pictures small enough to be sent: frames with their sides divided, in sRGB, as JPEG.

Pillow does all of it, and lets other threads work meanwhile. This module does not know what frames show.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.picture.drawing.planes import Planes, rgb_matrix

_QUALITY: Final = {1: 90, 2: 82}
_SMALL_QUALITY: Final = 72


def small_picture(planes: Planes, divisor: int) -> NDArray[np.uint8]:
    """A frame with its sides divided by a whole number, each pixel the mean of those that it stands for.

    Returns
    -------
    NDArray[np.uint8]
        sRGB, shape (height // divisor, width // divisor, 3).
    """
    width, height = planes.width // divisor, planes.height // divisor
    luma = Image.fromarray(planes.luma)
    parts = [luma.reduce(divisor, (0, 0, width * divisor, height * divisor)) if divisor > 1 else luma]
    for chroma in (Image.fromarray(planes.cb), Image.fromarray(planes.cr)):  # of half the luma's rows and columns
        by, odd = divmod(divisor, 2)
        if by and not odd:
            parts.append(chroma.reduce(by, (0, 0, width * by, height * by)))
        else:
            box = (0.0, 0.0, width * divisor / 2, height * divisor / 2)
            parts.append(chroma.resize((width, height), Image.Resampling.BOX, box=box))
    return np.asarray(Image.merge("RGB", parts).convert("RGB", rgb_matrix()))


def jpeg_of(picture: NDArray[np.uint8], divisor: int) -> bytes:
    """A picture as JPEG: the smaller it is shown, the less is kept of it."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY.get(divisor, _SMALL_QUALITY))
    return buffer.getvalue()
