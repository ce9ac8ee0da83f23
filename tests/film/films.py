"""Small made films for the tests of this room: moving marks whose place tells the frame, and clicks."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.film.encoding.encoder import DrawFrame, EncoderPlan, encode_frames, plan_encoder
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import probe
from pipeline.film.inputs.frames import FootageFrames
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.timeline.timeline import CardClip, Chapter, KeyPoint, SceneClip, SoundClip, Timeline
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes

WIDTH, HEIGHT = 160, 90
BITS = 12
BLOCK_PX = 12


def small_plan(frame_rate: Fraction = Fraction(30), **changes: object) -> EncoderPlan:
    values = {"width": WIDTH, "height": HEIGHT, "frame_rate": frame_rate, "crf": 10, **changes}
    return plan_encoder(VideoSettings.model_validate(values))


def draw_number(frame: int, out: NDArray[np.uint8]) -> None:
    """Draw the frame's number as a row of black and white blocks."""
    height = out.shape[0] * 2 // 3
    out[:height], out[height:] = 60, 128
    for bit in range(BITS):
        out[20:50, 4 + bit * BLOCK_PX : 4 + (bit + 1) * BLOCK_PX] = 230 if frame >> bit & 1 else 20


def read_number(luma: NDArray[np.uint8]) -> int:
    """Read the number back from a decoded frame's luma, shape (height, width)."""
    blocks = [luma[25:45, 8 + bit * BLOCK_PX : bit * BLOCK_PX + BLOCK_PX].mean() > 125 for bit in range(BITS)]
    return sum(int(white) << bit for bit, white in enumerate(blocks))


def encode_parts(
    folder: Path, boundaries: list[int], plan: EncoderPlan, draw: DrawFrame = draw_number
) -> list[tuple[Path, int]]:
    parts = []
    for start, end in pairwise(boundaries):
        path = folder / f"part-{start}.mp4"
        encode_frames(draw, start_frame=start, end_frame=end, path=path, plan=plan)
        parts.append((path, end - start))
    return parts


def footage_chain(
    path: Path,
    settings: InsertSettings,
    workspace: Path,
    *,
    frames: int,
    size: tuple[int, int] = (96, 64),
    frame_rate: Fraction = Fraction(30),
) -> FootageChain:
    return FootageChain(probe(path), settings, size, frame_rate, frames, workspace)


def drawn_pictures(chain: FootageChain, numbers: Iterable[int] | None = None) -> list[NDArray[np.int64]]:
    """Draw frames of footage (all of them by default) as sRGB."""
    width, height = chain.size
    pictures = []
    with FootageFrames(chain) as shown:
        for number in range(chain.frames) if numbers is None else numbers:
            out = np.zeros((height * 3 // 2, width), np.uint8)
            shown.draw(number, out)
            pictures.append(rgb_from_planes(planes_of(out, width, height)).astype(int))
    return pictures


def small_timeline(total_frames: int, frame_rate: Fraction = Fraction(30), title: str = "A small film") -> Timeline:
    """A title card, one scene of a recording and two takes."""
    third = total_frames // 3
    return Timeline(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        frame_rate=frame_rate,
        total_frames=total_frames,
        clips=(
            CardClip(card="title", start_frame=0, end_frame=third),
            SceneClip(
                section=0,
                start_frame=third,
                end_frame=total_frames,
                sounds=(
                    SoundClip(kind="recording", start_frame=third, end_frame=2 * third),
                    SoundClip(kind="take", iteration=0, start_frame=2 * third, end_frame=total_frames),
                ),
                key_points=(KeyPoint(frame=2 * third, iteration=0),),
            ),
        ),
        chapters=(Chapter(frame=0, title="Title"), Chapter(frame=third, title="First; try = #1")),
    )
