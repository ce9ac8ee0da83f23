"""Pictures with transparency, scaled to fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def scaled(picture: NDArray[np.uint8], width_px: float, height_px: float) -> NDArray[np.float32]:
    """Scale a picture to fit into width x height.

    Parameters
    ----------
    picture
        sRGB and opacity, uint8, shape (h, w, 4).
    width_px, height_px
        The room.

    Returns
    -------
    NDArray[np.float32]
        Colour (0..255) times opacity, and opacity (about 0..1), shape (height, width, 4), at least 1 x 1.
    """
    scale = min(width_px / picture.shape[1], height_px / picture.shape[0])
    size = (max(1, int(picture.shape[1] * scale + 1e-6)), max(1, int(picture.shape[0] * scale + 1e-6)))
    # Colour is scaled as far as it is opaque, or edges would take on the colour of what can't be seen.
    opacity = picture[..., 3].astype(np.float32) / 255
    solid = [(picture[..., part] * opacity).astype(np.float32) for part in range(3)]
    parts = [
        Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.LANCZOS) for part in (*solid, opacity)
    ]
    return np.stack([np.asarray(part, dtype=np.float32) for part in parts], axis=-1)
