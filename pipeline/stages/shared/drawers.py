"""Who draws which clip of a film: cards, scenes and footage, any frame at any time.

This module hands gathered inputs to the rooms that draw. It does not know how frames are encoded, nor how a film is
split into segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.film.inputs.frames import FootageFrames
from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, SongClip
from pipeline.picture.cards.animation import CardAnimation
from pipeline.picture.drawing.moving_ground import Backdrop
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene, SequentialScene
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.stages.shared.render_inputs import RenderInputs, card_of, footage_of, render_inputs
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scene_inputs import scene_data
from pipeline.stages.shared.songs.scene import song_data

Frame = NDArray[np.uint8]


class Drawer(Protocol):
    """Draws any frame of a clip into a yuv420p buffer."""

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame, counted from the clip's first."""


def draw_still(production: Production, results: Results, frame: int) -> Frame:
    """Draw one frame of the film, without rendering anything else.

    Returns
    -------
    Frame
        Planes Y, U and V one after the other, yuv420p, BT.709, limited range; shape (height * 3 // 2, width).
    """
    with open_film(production, results) as draw:
        return draw(frame)


@contextmanager
def open_film(production: Production, results: Results) -> Iterator[Callable[[int], Frame]]:
    """Offer a function that draws any frame of the film, as `draw_still` does; quick for frames in order."""
    inputs = render_inputs(production, results)
    timeline = inputs.timeline
    with TemporaryDirectory(prefix="build-video-") as aside, ExitStack() as stack:
        shown: tuple[Clip, Drawer] | None = None

        def draw(frame: int) -> Frame:
            nonlocal shown
            clip = timeline.clip_at(frame)
            if shown is None or shown[0] is not clip:
                stack.close()
                shown = clip, stack.enter_context(drawer_for(inputs, clip, workspace=Path(aside)))
            out = np.zeros((timeline.height * 3 // 2, timeline.width), dtype=np.uint8)
            shown[1].draw(frame - clip.start_frame, out)
            return out

        yield draw


_drawers: dict[tuple[str, int], Drawer] = {}
"""The last clip's drawer in this process: the next segment is likely to show the same clip."""


@contextmanager
def drawer_for(inputs: RenderInputs, clip: Clip, workspace: Path) -> Iterator[Drawer]:
    """Offer the drawer of a clip; `workspace` is a folder for what decoding footage needs."""
    if isinstance(clip, InsertClip):
        with new_drawer(inputs, clip, workspace) as drawer:
            yield drawer
        return
    key = (inputs.identity, clip.start_frame)
    if key not in _drawers:
        _drawers.clear()
        _drawers[key] = _new_drawer(inputs, clip)
    yield _drawers[key]


@contextmanager
def new_drawer(inputs: RenderInputs, clip: Clip, workspace: Path) -> Iterator[Drawer]:
    """Offer a drawer of a clip that nobody else has, for whoever keeps several; `workspace` as for `drawer_for`."""
    if isinstance(clip, InsertClip):
        with _InsertDrawer(inputs, clip, workspace) as drawer:
            yield drawer
    else:
        yield _new_drawer(inputs, clip)


def _new_drawer(inputs: RenderInputs, clip: CardClip | SceneClip | SongClip) -> Drawer:
    backdrop = None if inputs.ground is None else Backdrop(inputs.ground.opened(), clip.start_frame)
    if isinstance(clip, CardClip):
        card = card_of(inputs, clip)
        rate = inputs.timeline.frame_rate
        return CardAnimation(card.record, card.folder, 0, clip.frames, rate, backdrop=backdrop)
    theme = load_theme(inputs.theme, inputs.templates_folder)
    if isinstance(clip, SongClip):
        layout = load_layout(inputs.songs[clip.song].layout, inputs.templates_folder)
        return SequentialScene(Scene(song_data(inputs, clip), theme, layout, inputs.language, backdrop))
    layout = load_layout(inputs.layouts[clip.section], inputs.templates_folder)
    return SequentialScene(Scene(scene_data(inputs, clip), theme, layout, inputs.language, backdrop))


class _InsertDrawer:
    """Draws the user's footage; holds a decoder open."""

    def __init__(self, inputs: RenderInputs, clip: InsertClip, workspace: Path) -> None:
        self._frames = FootageFrames(footage_of(inputs, clip, workspace))

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame, counted from the footage's first."""
        self._frames.draw(frame, out)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()
