"""Segments: parts of the film that are drawn, encoded and kept on their own.

This module owns where a film is split. It does not know what is shown, nor where results are kept. Frames are counted
from the clip's first: a clip looks the same wherever it stands in the film.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, SongClip, Timeline

FOOTAGE_S: Final = 10
"""About how long a segment of footage is: it is decoded from the key frame before it on, twice where that lies far."""
SEGMENT_S: Final = 5
"""About how long a segment is: short enough to spread over cores, to resume, and to redraw little when a caption
changes; long enough that starting an encoder costs nothing beside it."""


@dataclass(frozen=True)
class FrameRange:
    """A part of one clip that is encoded on its own.

    Parameters
    ----------
    number
        Counted from 0 over the whole film.
    clip
        The clip that it shows.
    start_frame, end_frame
        Its frames in the film, the end not included.
    part
        Which part of its clip it is, counted from 0; of a section's scene, also after a card.
    """

    number: int
    clip: Clip
    start_frame: int
    end_frame: int
    part: int = 0

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end_frame - self.start_frame

    @property
    def clip_frames(self) -> range:
        """Its frames, counted from the clip's first."""
        return range(self.start_frame - self.clip.start_frame, self.end_frame - self.clip.start_frame)

    @property
    def name(self) -> str:
        """What it is called in front of people: `card-title-01`, `scene-2-07`."""
        clip = self.clip
        if isinstance(clip, SceneClip):
            shown = f"scene-{clip.section + 1}"
        elif isinstance(clip, SongClip):
            shown = f"song-{clip.song + 1}"
        else:
            shown = f"card-{clip.name}" if isinstance(clip, CardClip) else f"insert-{clip.insert + 1}"
        return f"{shown}-{self.part + 1:02d}"


def split(timeline: Timeline) -> tuple[FrameRange, ...]:
    """Split a film at every clip's boundaries, and each clip into equal parts of about 5 s, of footage 10 s."""
    segments: list[FrameRange] = []
    of_scenes: Counter[int] = Counter()  # a scene may go on after a card
    for clip in timeline.clips:
        length_s = FOOTAGE_S if isinstance(clip, InsertClip) else SEGMENT_S
        parts = max(1, round(clip.frames / (length_s * timeline.frame_rate)))
        edges = [clip.start_frame + clip.frames * part // parts for part in range(parts + 1)]
        first = of_scenes[clip.section] if isinstance(clip, SceneClip) else 0
        for part, (start, end) in enumerate(pairwise(edges), start=first):
            segments.append(FrameRange(len(segments), clip, start, end, part))
        if isinstance(clip, SceneClip):
            of_scenes[clip.section] += parts
    return tuple(segments)
