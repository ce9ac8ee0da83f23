"""A line of words over a finished picture, in the margin at its top that layouts and cards leave free.

For pictures that must not be taken for a film's: whoever stamps them says why. It does not know what they show.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import Theme, rgb

_BAND_SHARE: Final = 0.05
_TEXT_SHARE: Final = 0.62
_WIDTH_SHARE: Final = 0.96
_LEAST_PX: Final = 8


def stamped(picture: NDArray[np.uint8], words: str, theme: Theme) -> NDArray[np.uint8]:
    """Write words into a band at the top of a picture.

    Parameters
    ----------
    picture
        sRGB, shape (height, width, 3); it stays as it is.
    words
        One line, made smaller where it is too wide.
    theme
        Its text and background change places in the band.

    Returns
    -------
    NDArray[np.uint8]
        Of the same shape.
    """
    height, width = picture.shape[:2]
    band = min(height, max(_LEAST_PX, round(_BAND_SHARE * height)))
    typesetter = typesetter_for(theme)
    style = TextStyle(_TEXT_SHARE * band, weight=600)
    style = style.scaled(min(1.0, _WIDTH_SHARE * width / max(1.0, typesetter.measure(words, style))))
    text = typesetter.render(words, style)
    paper, ink = (np.array(rgb(colour), np.float32) for colour in (theme.colours.text, theme.colours.background))
    mask = np.zeros((band, width), np.float32)
    rows, columns = text.mask.shape
    top, left = max(0, (band - rows) // 2), max(0, (width - columns) // 2)
    shown = text.mask[: band - top, : width - left]
    mask[top : top + shown.shape[0], left : left + shown.shape[1]] = shown / np.float32(255)
    out = picture.copy()
    out[:band] = np.rint(paper + (ink - paper) * mask[..., None]).astype(np.uint8)
    return out
