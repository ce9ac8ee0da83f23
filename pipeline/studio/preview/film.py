"""Frames of the film as it would be now, drawn by the film's own code, and its sound.

Owns how long a film stays open for looking. All drawing happens in one thread: a film that is open belongs to it. It
does not know what is asked.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.film.timeline.timeline import CardClip, Clip, Timeline
from pipeline.outputs.looking import Look, look, timeline_of
from pipeline.picture.drawing.planes import planes_of
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT
from pipeline.stages import cards, compose
from pipeline.stages.shared.render_inputs import RenderInputs, render_inputs
from pipeline.stages.shared.scenes.seen import SeenClips
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Json, canonical_json
from pipeline.studio.preview.clips import ReadyClips
from pipeline.studio.preview.pictures import small_picture

SMALLEST, LARGEST = 1, 16


@dataclass(frozen=True)
class Wanted:
    """Which film is looked at.

    Parameters
    ----------
    production, workplace
        The film, and where it is built.
    cut
        One of its cuts; empty for the film itself.
    stamp
        Changes whenever what the film is made of does.
    """

    production: Production
    workplace: Workplace
    cut: str
    stamp: str


Key = tuple[str, str, bool]


@dataclass
class _Open:
    """A film that is looked at; each clip is made ready when it is asked for."""

    key: Key
    shown: Look
    stack: ExitStack
    sound: Path | None = None
    last: int = 0
    """The frame that was drawn last."""
    _clips: dict[int, tuple[str, RenderInputs]] = field(default_factory=dict)

    @cached_property
    def timeline(self) -> Timeline:
        """Of the film."""
        return timeline_of(self.shown.results)

    @cached_property
    def _seen(self) -> SeenClips:
        return SeenClips(self.shown.production, render_inputs(self.shown.production, self.shown.results))

    def draw(self, number: int, ready: ReadyClips) -> NDArray[np.uint8]:
        """Draw a frame: its planes one after the other."""
        timeline, self.last = self.timeline, number
        clip = timeline.clip_at(number)
        out = np.zeros((timeline.height * 3 // 2, timeline.width), dtype=np.uint8)
        ready.drawer(*self.known(clip), clip).draw(number - clip.start_frame, out)
        return out

    def knows(self, clip: Clip) -> bool:
        """Whether it was looked at what a clip is known by."""
        return clip.start_frame in self._clips

    def known(self, clip: Clip) -> tuple[str, RenderInputs]:
        """What a clip is known by, and what it is drawn from; a card is drawn for that."""
        if not self.knows(clip):
            seen, shown = self._seen, self.shown
            if isinstance(clip, CardClip):
                made = cards.run_one(shown.production, shown.results, clip.name, shown.place)
                seen = replace(seen, inputs=replace(seen.inputs, cards=made.cards))
            timeline = self.timeline
            size: list[Json] = [timeline.width, timeline.height, str(timeline.frame_rate)]
            ingredients: dict[str, Json] = {**seen.ingredients(clip, range(clip.frames)), "size": size}
            identity = sha256(canonical_json(ingredients).encode()).hexdigest()
            self._clips[clip.start_frame] = identity, seen.inputs
        return self._clips[clip.start_frame]


class Preview:
    """Looks at a film again and again, and opens it anew only when something has changed."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="preview")
        self._aside = tempfile.TemporaryDirectory(prefix="build-video-studio-")
        self._open: _Open | None = None
        self._ready = ReadyClips()
        self._is_closed = False

    @property
    def thread(self) -> ThreadPoolExecutor:
        """Where its methods are to be called."""
        return self._thread

    def close(self) -> None:
        """Let everything go; nothing where that was done before."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.submit(self._let_go).result()
            self._thread.shutdown()
            self._aside.cleanup()

    def _let_go(self) -> None:
        self._forget()
        self._ready.close()

    def _forget(self) -> None:
        if self._open is not None:
            self._open.stack.close()
            self._open = None

    def shows(self, wanted: Wanted) -> bool:
        """Whether this very film is open."""
        return self._open is not None and self._open.key == _key(wanted)

    def look(self, wanted: Wanted) -> Look:
        """The film, or one of its cuts, as it would be now.

        Raises
        ------
        BuildVideoError
            As a build does, where something is wrong.
        """
        return self._opened(wanted).shown

    def _opened(self, wanted: Wanted) -> _Open:
        if self._open is not None and self.shows(wanted):
            return self._open
        self._forget()
        key, aside = _key(wanted), Path(self._aside.name)
        with ExitStack() as stack:
            looked = look(
                wanted.production, wanted.workplace, wanted.cut or None, beside=True, kept_in=aside, cards=False
            )
            shown = stack.enter_context(looked)
            self._open = _Open(key, shown, stack.pop_all())
        return self._open

    def picture(self, wanted: Wanted, *, number: int, divisor: int) -> NDArray[np.uint8]:
        """One frame, its sides divided by a whole number.

        Returns
        -------
        NDArray[np.uint8]
            sRGB, shape (height // divisor, width // divisor, 3).

        Raises
        ------
        InputError
            Where there is no such frame.
        """
        found = self._opened(wanted)
        timeline = found.timeline
        if not 0 <= number < timeline.total_frames:
            raise InputError("There is no such frame.", expected=f"0 to {timeline.total_frames - 1}")
        planes = planes_of(found.draw(number, self._ready), timeline.width, timeline.height)
        return found.shown.marked(small_picture(planes, divisor), number)

    def warm(self) -> bool:
        """Make the clip ready that is nearest to the frame drawn last and is not; returns whether there was one."""
        found = self._open
        if found is None:
            return False
        last = found.last
        clips = sorted(found.timeline.clips, key=lambda clip: max(clip.start_frame - last, last - clip.end_frame))
        for clip in clips:
            if not found.knows(clip):
                found.known(clip)  # half the work of a card: whoever waits for the thread gets it in between
                return True
            identity, inputs = found.known(clip)
            if identity not in self._ready:
                if not self._ready.has_room(inputs):
                    return False
                found.draw((clip.start_frame + clip.end_frame) // 2, self._ready)
                found.last = last
                return True
        return False

    def sound(self, wanted: Wanted) -> Path:
        """The film's sound as a file: the finished soundtrack where it is there, else its plain mix."""
        found = self._opened(wanted)
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


def _key(wanted: Wanted) -> Key:
    return wanted.stamp, wanted.cut, wanted.production.is_draft
