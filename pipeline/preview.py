"""Looking before building: one frame, or a sheet with a frame of every take.

Builds only what a picture needs: everything up to the cards, and no video.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import InputError, StageError
from pipeline.files import atomic_write_bytes
from pipeline.film.timeline import CardClip, InsertClip, Span, Timeline
from pipeline.films import build_one
from pipeline.production import Production
from pipeline.results import Made
from pipeline.workplace import Workplace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,6})?)")
_WIDEST_ON_SHEET_PX = 640


def parse_time(text: str) -> Fraction:
    """Read a time such as `83.5`, `1:23.5` or `0:01:23.5`, in seconds.

    Raises
    ------
    InputError
        Where it is no time.
    """
    matched = _TIME.fullmatch(text.strip())
    if not matched:
        raise InputError(f"'{text}' is no time.", where="--at", expected="1:23, 83.5 or 0:01:23.5")
    hours, minutes, seconds = matched.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + Fraction(seconds)


def frame_at(timeline: Timeline, seconds: Fraction) -> int:
    """The frame that is on screen at a time.

    Raises
    ------
    InputError
        Where the film is over by then.
    """
    frame = int(seconds * timeline.frame_rate)
    if frame >= timeline.total_frames:
        raise InputError(
            f"The film is over by then: it lasts {float(timeline.duration_s):.2f} s.",
            where="--at",
            expected=f"a time below {float(timeline.duration_s):.2f} s",
        )
    return frame


def write_still(production: Production, workplace: Workplace, at: str, path: Path, cut: str | None = None) -> None:
    """Write one frame of the film, or of one of its cuts, as a picture."""
    seconds = parse_time(at)
    shown, made = build_one(production, workplace, "cards", cut)
    write_picture(_draw(shown, made, frame_at(_timeline(made), seconds)), path)


def write_sheet(production: Production, workplace: Workplace, path: Path, cut: str | None = None) -> None:
    """Write a sheet with every card, insert and take of the film, or of a cut: when, how long, and what is said."""
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    from pipeline.picture.card_sheet import contact_sheet  # noqa: PLC0415 - only a sheet needs them
    from pipeline.picture.number_words import clock, duration  # noqa: PLC0415

    shown, made = build_one(production, workplace, "cards", cut)
    timeline = _timeline(made)
    pictures, words, times = [], [], []
    for span, told in _shown(timeline, [Path(insert.file).name for insert in shown.inserts]):
        picture = _draw(shown, made, (span.start_frame + span.end_frame) // 2)
        step = -(-picture.shape[1] // _WIDEST_ON_SHEET_PX)
        pictures.append(np.asarray(Image.fromarray(picture).reduce(step)))  # thin lines are kept
        words.append(told)
        seconds = [float(frames / timeline.frame_rate) for frames in (span.start_frame, span.frames)]
        times.append(f"{clock(seconds[0])}, {duration(seconds[1])}")
    write_picture(contact_sheet(pictures, words, times=times), path)


def _shown(timeline: Timeline, inserts: Sequence[str]) -> Iterator[tuple[Span, str]]:
    """All that a film shows, one after the other, and what is said of it; `inserts` are their files' names."""
    for clip in timeline.clips:
        if isinstance(clip, CardClip):
            yield clip, clip.name
        elif isinstance(clip, InsertClip):
            yield clip, f"insert: {inserts[clip.insert]}"
        else:
            yield from ((sound, sound.caption or sound.kind) for sound in clip.sounds)


def _timeline(made: Made) -> Timeline:
    if made.timeline is None:
        raise StageError("There is no timeline.", hint="Run build-video storyboard first.")
    return made.timeline.record


def _draw(production: Production, made: Made, frame: int) -> NDArray[np.uint8]:
    from pipeline.picture.planes import planes_of, rgb_from_planes  # noqa: PLC0415 - brings the compiler along
    from pipeline.showing import draw_still  # noqa: PLC0415

    timeline = _timeline(made)
    return rgb_from_planes(planes_of(draw_still(production, made, frame), timeline.width, timeline.height))


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture whole or not at all; the format follows the file's ending.

    Raises
    ------
    InputError
        Where the ending names no picture format.
    """
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"'{path.name}' is no picture's name.", where="-o", expected="a name ending in .png or .jpg")
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    atomic_write_bytes(path, buffer.getvalue())
