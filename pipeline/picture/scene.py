"""A scene: what is on screen while takes are heard.

The scene owns the order in which things are drawn. It does not know files, ffmpeg or moving on from frame to frame:
any frame can be drawn into any buffer at any time, and looks the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.picture.scene_data import SceneData


class Scene:
    """Draws any frame of a scene.

    Parameters
    ----------
    data
        What to show.
    theme
        Colours and fonts.
    layout
        Which panels stand where.
    """

    def __init__(self, data: SceneData, theme: object, layout: object) -> None:
        self._data = data
        self._theme = theme
        self._layout = layout

    def draw(self, frame: int, out: NDArray[np.uint8]) -> None:
        """Draw a frame of the film over whatever `out` holds.

        Parameters
        ----------
        frame
            The film's frame, `data.start_frame <= frame < data.end_frame`.
        out
            The planes Y, U and V (BT.709, limited range, 4:2:0) one after the other: uint8, C-contiguous, shape
            (height * 3 // 2, width).
        """
        height = self._data.height
        out[:height] = 16
        out[height:] = 128
