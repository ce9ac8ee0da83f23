"""Looking before building: one frame, a card, or a sheet with a frame of every take.

Draws what is handed to it, and marks what of it is made up. It builds nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import InputError
from pipeline.film.timeline.timeline import CardClip, InsertClip, SongClip, Span, Timeline
from pipeline.outputs.looking import Look, timeline_of
from pipeline.runtime.wording.named_files import near_names
from pipeline.store.files import atomic_write_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,6})?)")
_WIDEST_ON_SHEET_PX = 640


def parse_time(text: str) -> Fraction:
    """Read a time such as `83.5`, `1:23.5` or `0:01:23.5`, in seconds.

    Raises
    ------
    InputError
        Where it is not a time.
    """
    matched = _TIME.fullmatch(text.strip())
    if not matched:
        raise InputError(f"'{text}' is not a time.", where="--at", expected="1:23, 83.5 or 0:01:23.5")
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


def frame_of_card(shown: Look, name: str) -> int:
    """The frame in the middle of a card, by when all of it has appeared.

    Parameters
    ----------
    name
        As the timeline has it (`own-1`), or the template of a card of one's own, or `section` for the first of them.

    Raises
    ------
    InputError
        Where there is no such card; with the nearest name.
    """
    clips, own = list(timeline_of(shown.results).cards()), shown.production.cards
    cards: dict[str, CardClip] = {clip.name: clip for clip in clips}
    for clip in clips:
        cards.setdefault(clip.card if clip.own is None else own[clip.own].template, clip)
    if name not in cards:
        near = near_names(name, list(cards))
        raise InputError(
            f"There is no card '{name[:60]}'.",
            where="--card",
            expected=", ".join(cards) or "a film with cards",
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )
    return (cards[name].start_frame + cards[name].end_frame) // 2


def write_still(shown: Look, path: Path, *, at: str = "0", card: str | None = None) -> None:
    """Write one frame as a picture: at a time, or of a card."""
    timeline = timeline_of(shown.results)
    frame = frame_at(timeline, parse_time(at)) if card is None else frame_of_card(shown, card)
    write_picture(_draw(shown, frame), path)


def write_sheet(shown: Look, path: Path) -> None:
    """Write a sheet with every card, insert and take: when, how long, and what is said."""
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    from pipeline.outputs.sheet import contact_sheet  # noqa: PLC0415 - only a sheet needs them
    from pipeline.picture.text.number_words import NumberWords  # noqa: PLC0415
    from pipeline.stages.shared.facts.film_language import language_of  # noqa: PLC0415

    timeline = timeline_of(shown.results)
    pictures, words, times = [], [], []
    language = language_of(shown.production)
    numbers = NumberWords(language)
    inserts = [language.text("preview.insert", name=Path(one.file).name) for one in shown.production.inserts]
    for span, caption in _shown(timeline, inserts, language.text("scene.recording")):
        picture = _draw(shown, (span.start_frame + span.end_frame) // 2)
        step = -(-picture.shape[1] // _WIDEST_ON_SHEET_PX)
        pictures.append(np.asarray(Image.fromarray(picture).reduce(step)))  # thin lines are kept
        words.append(caption)
        seconds = [float(frames / timeline.frame_rate) for frames in (span.start_frame, span.frames)]
        times.append(f"{numbers.clock(seconds[0])}, {numbers.duration(seconds[1])}")
    write_picture(contact_sheet(pictures, words, times=times), path)


def _shown(timeline: Timeline, inserts: Sequence[str], recording: str) -> Iterator[tuple[Span, str]]:
    """All that a film shows, one after the other, and what is said of it; `inserts` are what they are called."""
    for clip in timeline.clips:
        if isinstance(clip, CardClip):
            yield clip, clip.name
        elif isinstance(clip, InsertClip):
            yield clip, inserts[clip.insert]
        elif isinstance(clip, SongClip):
            yield clip, clip.title
        else:
            yield from ((sound, sound.caption or recording) for sound in clip.sounds)


def _draw(shown: Look, frame: int) -> NDArray[np.uint8]:
    from pipeline.picture.drawing.planes import planes_of, rgb_from_planes  # noqa: PLC0415 - brings the compiler along
    from pipeline.stages.shared.drawers import draw_still  # noqa: PLC0415

    timeline = timeline_of(shown.results)
    planes = planes_of(draw_still(shown.production, shown.results, frame), timeline.width, timeline.height)
    return shown.marked(rgb_from_planes(planes), frame)


def picture_format(path: Path) -> str:
    """The format of a picture by its file's ending, as Pillow calls it.

    Raises
    ------
    InputError
        Where the ending names no picture format.
    """
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"'{path.name}' is not a picture's name.", where="-o", expected="a name ending in .png or .jpg"
        )
    return kind


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture whole or not at all; the format follows the file's ending."""
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, picture_format(path))
    atomic_write_bytes(path, buffer.getvalue())
