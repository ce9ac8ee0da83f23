"""Frames of the film as it would be now, drawn by the film's own code, and its sound.

Owns how long a film stays open for looking, and pictures small enough to be sent. All drawing happens in one thread: a
film that is open belongs to it. It does not know what is asked.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.film.timeline.timeline import CardClip, Timeline
from pipeline.outputs.looking import Look, look, timeline_of
from pipeline.outputs.watching import stamp_of
from pipeline.picture.drawing.planes import Planes, planes_of, rgb_from_planes
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages import cards, compose
from pipeline.stages.shared.drawers import Frame, open_film
from pipeline.stages.shared.workplace import Workplace

SMALLEST, LARGEST = 1, 16
_KEPT_CLIPS: Final = 8
_QUALITY: Final = {1: 90, 2: 82}
_SMALL_QUALITY: Final = 72


@dataclass
class _Open:
    """A film that is looked at; each card is drawn when it is asked for."""

    key: tuple[object, ...]
    shown: Look
    stack: ExitStack
    sound: Path | None = None
    _draws: dict[str, Callable[[int], Frame]] = field(default_factory=dict)

    def draw(self, number: int) -> Frame:
        """Draw a frame."""
        clip = timeline_of(self.shown.results).clip_at(number)
        name = clip.name if isinstance(clip, CardClip) else ""
        if name not in self._draws:
            production, results = self.shown.production, self.shown.results
            if name:
                results = cards.run_one(production, results, name, self.shown.place)
            kept = 1 if name else _KEPT_CLIPS
            self._draws[name] = self.stack.enter_context(open_film(production, results, kept=kept))
        return self._draws[name](number)


class Preview:
    """Looks at a film again and again, and opens it anew only when something has changed."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="preview")
        self._aside = tempfile.TemporaryDirectory(prefix="build-video-studio-")
        self._open: _Open | None = None
        self._is_closed = False

    @property
    def thread(self) -> ThreadPoolExecutor:
        """Where its methods are to be called."""
        return self._thread

    def close(self) -> None:
        """Let everything go; nothing where that was done before."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.submit(self._forget).result()
            self._thread.shutdown()
            self._aside.cleanup()

    def _forget(self) -> None:
        if self._open is not None:
            self._open.stack.close()
            self._open = None

    def look(self, production: Production, workplace: Workplace, cut: str, stamp: str) -> Look:
        """The film, or one of its cuts, as it would be now.

        Parameters
        ----------
        cut
            Empty for the film itself.
        stamp
            Changes whenever what the film is made of does.

        Raises
        ------
        BuildVideoError
            As a build does, where something is wrong.
        """
        return self._opened(production, workplace, cut, stamp).shown

    def _opened(self, production: Production, workplace: Workplace, cut: str, stamp: str) -> _Open:
        key = (stamp, cut, production.is_draft, stamp_of(production))
        if self._open is not None and self._open.key == key:
            return self._open
        self._forget()
        stack = ExitStack()
        try:
            aside = Path(self._aside.name)
            looked = look(production, workplace, cut or None, beside=True, kept_in=aside, cards=False)
            shown = stack.enter_context(looked)
        except BaseException:
            stack.close()
            raise
        self._open = _Open(key, shown, stack)
        return self._open

    def frame(
        self, production: Production, workplace: Workplace, cut: str, stamp: str, *, number: int, divisor: int
    ) -> bytes:
        """One frame as a JPEG, its sides divided by a whole number.

        Raises
        ------
        InputError
            Where there is no such frame.
        """
        found = self._opened(production, workplace, cut, stamp)
        timeline = timeline_of(found.shown.results)
        if not 0 <= number < timeline.total_frames:
            raise InputError("There is no such frame.", expected=f"0 to {timeline.total_frames - 1}")
        planes = planes_of(found.draw(number), timeline.width, timeline.height)
        picture = rgb_from_planes(_reduced(planes, divisor))
        return _jpeg(found.shown.marked(picture, number), _QUALITY.get(divisor, _SMALL_QUALITY))

    def sound(self, production: Production, workplace: Workplace, cut: str, stamp: str) -> Path:
        """The film's sound as a file: the finished soundtrack where it is there, else its plain mix."""
        found = self._opened(production, workplace, cut, stamp)
        if found.sound is None or not found.sound.is_file():
            shown = found.shown
            there = compose.made_soundtrack(shown.production, shown.results, shown.place)
            if there is not None:
                found.sound = there.path(there.record.lossless_file)
            else:
                folder = Path(tempfile.mkdtemp(dir=self._aside.name))
                compose.write_plain_mix(shown.production, shown.results, folder / "mix.wav", SILENT)
                found.sound = folder / "mix.wav"
        return found.sound

    def timeline(self) -> Timeline:
        """Of the film that is open."""
        if self._open is None:
            raise InputError("No film is open.")
        return timeline_of(self._open.shown.results)


def _reduced(planes: Planes, divisor: int) -> Planes:
    """The mean of so many by so many pixels each; sides are cut down to whole, even numbers of them."""
    if divisor == 1:
        return planes
    width, height = planes.width // (2 * divisor) * 2, planes.height // (2 * divisor) * 2
    sides = ((planes.luma, height, width), (planes.cb, height // 2, width // 2), (planes.cr, height // 2, width // 2))
    return Planes(*(_means(plane, rows, columns, divisor) for plane, rows, columns in sides))


def _means(plane: NDArray[np.uint8], rows: int, columns: int, divisor: int) -> NDArray[np.uint8]:
    """Means of squares of a plane; each row of squares is summed up before its columns are, which is quick."""
    cut = np.ascontiguousarray(plane[: rows * divisor, : columns * divisor])
    sums = np.zeros((rows, columns * divisor), np.uint16)
    for row in range(divisor):
        sums += cut[row::divisor]
    wide = sums.reshape(rows, columns, divisor)
    total = np.zeros((rows, columns), np.uint32)
    for column in range(divisor):
        total += wide[:, :, column]
    return np.asarray((total + divisor * divisor // 2) // (divisor * divisor), np.uint8)


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
