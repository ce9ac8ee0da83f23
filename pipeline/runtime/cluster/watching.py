"""What a worker watches while a piece is made: that nobody has taken its folder over, and what it has saved."""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from pipeline.runtime.cluster.parcels import Places, files_in, stamp_of
from pipeline.runtime.cluster.plain import StoppedError

_LOOK_EVERY_S: Final = 1.0
_HELPER_LOOKS_EVERY_S: Final = 0.5
_HANDED_OVER_S: Final = 3.0
"""Whoever worked in a folder before notices within this time that another has taken it over, and stops."""

Note: TypeAlias = tuple[str, str]
"""Where it is written who works in a folder, and what is written there while it is this one."""


class Claim:
    """A note beside a folder of who works in it: a worker that was cut off may work on while another begins."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder.with_name(f"{folder.name}.claim")
        self._own, self._looked_s = uuid.uuid4().hex, 0.0
        if folder is None or self._path is None:
            return
        was_held = self._path.exists()
        temporary = _beside(self._path)
        temporary.write_text(self._own, encoding="ascii")
        temporary.replace(self._path)
        if was_held:
            time.sleep(_HANDED_OVER_S)
            take_over(folder)

    @property
    def note(self) -> Note | None:
        """For the process that works; None where there is nothing to hold."""
        return None if self._path is None else (str(self._path), self._own)

    def look(self, *, is_last: bool = False) -> None:
        """Stop where another has taken over."""
        if is_last or time.monotonic() - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            if not self.holds():
                raise StoppedError("Another worker has taken this piece over.")

    def holds(self) -> bool:
        """Whether nobody has taken over."""
        return self.note is None or _holds(self.note)

    def release(self) -> None:
        """Work there no more."""
        if self._path is not None and self.holds():
            with suppress(OSError):
                self._path.unlink()


def _holds(note: Note) -> bool:
    path, own = note
    try:
        return Path(path).read_text(encoding="ascii") == own
    except (OSError, UnicodeDecodeError):
        return True  # nobody else has written it


def take_over(folder: Path) -> None:
    """Put a copy in the place of each file: who has one open and works on would write into it.

    A machine that slept, or was given no time, notices late that another has its piece. What was changed last is copied
    first: a state that counts on other files is then no younger than they are.
    """
    for path in sorted(files_in(folder), key=lambda one: one.stat().st_mtime_ns, reverse=True):
        temporary = _beside(path)
        try:
            shutil.copy2(path, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")


class ClaimWatch:
    """In the process that works: ends it where another worker has its folder, also while its worker stands still."""

    def __init__(self, end: Callable[[], None] = lambda: os._exit(1)) -> None:
        self.note: Note | None = None
        """Of the piece that is made now."""
        self._end = end
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_HELPER_LOOKS_EVERY_S)
            note = self.note
            if note is not None and not _holds(note) and note == self.note:
                self._end()


class Saving:
    """Tells the command when a piece has saved what it can go on from, so that this is fetched before the end."""

    note: Note | None = None

    def __init__(self, places: Places, tell: Callable[[bool], None]) -> None:
        self._path = places.own / places.parcel.state_file if places.parcel.state_file else None
        self._told, self._tell = stamp_of(self._path), tell

    def look(self, *, is_last: bool = False) -> None:
        """Tell of a state that was saved since the last time."""
        stamp = stamp_of(self._path)
        if stamp == self._told:
            return
        self._told = stamp
        with suppress(OSError):  # files may go while they are listed: the next state will tell
            self._tell(is_last)

    def holds(self) -> bool:
        """Nobody else sees the folder."""
        return True

    def release(self) -> None:
        """There is nothing to give back."""
