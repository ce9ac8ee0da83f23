"""Beginning a film from the page: recordings that are dropped or recorded, and what is thought of each at once.

Owns what becomes of uploaded bytes: they are sniffed, never replace a file, and are kept whole or not at all; those of
a microphone are kept as they come. It does not know requests.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.build.unmade.aside import AsideStore
from pipeline.errors import BuildVideoError, InputError, OutputError, RecordingError
from pipeline.production.editing.editor import edited
from pipeline.production.editing.edits import Edit, SetValue
from pipeline.production.editing.file import read_file, replace_text
from pipeline.production.recordings import SUFFIXES, check_recording, recordings_in
from pipeline.production.schema import FILE_NAME, RECORDINGS_FOLDER, production_of
from pipeline.production.starter import start_production
from pipeline.runtime.progress.reporter import Part, WorkStart, WorkTime
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.stages import prepare
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import disk_errors, require_room

LARGEST_BYTES: Final = 8 << 30
"""Of one recording that is uploaded."""
LONGEST_TAKE_BYTES: Final = 2 << 30
"""Of one recording of the microphone: three hours and more."""
_RATES_HZ: Final = (8000, 192_000)
_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_NAMES: Final = 1000
_LONGEST_NAME: Final = 100


class _Listener:
    """Keeps what is noted and warned of."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def begin(self, work: WorkStart) -> None:
        """Nothing."""

    def advance(self, done: float, detail: str = "") -> None:
        """Nothing."""

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Nothing."""

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Keep."""
        self.notes.append(text)

    def warn(self, text: str) -> None:
        """Keep."""
        self.warnings.append(text)


@dataclass
class Recorded:
    """A recording of the microphone while it goes on: mono, 16 bit."""

    path: Path
    rate_hz: int
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Recordings:
    """The folder of recordings beside a production file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / RECORDINGS_FOLDER
        self._heard: dict[tuple[str, int, int], dict[str, Any]] = {}
        self._running: dict[str, Recorded] = {}

    def listed(self) -> list[dict[str, Any]]:
        """All recordings, and what was found in those that were looked at."""
        found = recordings_in(self.folder) if self.folder.is_dir() else []
        return [{"name": one.name, "bytes": one.stat().st_size, **self._heard.get(_stamp(one), {})} for one in found]

    def path(self, name: str) -> Path:
        """The recording of a name.

        Raises
        ------
        InputError
            Where there is none: only names that are listed are files.
        """
        found = recordings_in(self.folder) if self.folder.is_dir() else []
        path = next((one for one in found if one.name == name), None)
        if path is None:
            raise InputError("There is no such recording.", where="request")
        return path

    def judge(self, name: str) -> dict[str, Any]:
        """What `prepare` says of a recording: its length, notes and warnings."""
        path = self.path(name)
        if _stamp(path) not in self._heard:
            self._heard[_stamp(path)] = _judged(path)
        return self._heard[_stamp(path)]

    def new_file(self, name: str) -> Path:
        """A new, empty file of this name, or of the next one that is free.

        Raises
        ------
        InputError
            Where the name is none of a recording's.
        """
        plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
        stem, _, suffix = plain.rpartition(".")
        if not stem or suffix.lower() not in SUFFIXES:
            raise InputError(
                f"'{plain[:60]}' is not the name of a recording.",
                where="upload",
                expected="a sound or video file: WAV, FLAC, MP3, M4A, OGG, MP4 and others",
            )
        stem = safe_file_name(stem)[:_LONGEST_NAME]
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, _MOST_NAMES):
                path = self.folder / f"{stem}{f'-{number}' if number > 1 else ''}.{suffix.lower()}"
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
                except FileExistsError:
                    continue
                return path
        raise OutputError("There are too many recordings of this name.", where=str(self.folder))

    def room_for(self, size: int) -> None:
        """Check that there is room; raises a DiskFullError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        require_room(self.folder, size, "for the recording")

    def remove(self, name: str) -> None:
        """Remove a recording that was put here."""
        self.path(name).unlink()

    def begin(self, rate_hz: int) -> str:
        """Begin a recording of the microphone; returns its name.

        Raises
        ------
        InputError
            Where its rate is none.
        """
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            raise InputError("This is no sample rate.", where="request", expected="8000 to 192000 Hz")
        path = self.new_file("voice.wav")
        path.write_bytes(_wav_head(0, rate_hz))
        self._running[path.name] = Recorded(path, rate_hz)
        return path.name

    def append(self, name: str, data: bytes) -> float:
        """Add samples, 16 bit little endian; the file is whole after each call. Returns its length in seconds.

        Raises
        ------
        InputError
            Where no such recording goes on, or it is too long.
        """
        going = self._running.get(name)
        if going is None or len(data) % 2:
            raise InputError("No such recording goes on.", where="request")
        with going.lock, disk_errors(going.path), going.path.open("r+b") as file:
            if going.bytes + len(data) > LONGEST_TAKE_BYTES:
                raise InputError("This recording is too long.", expected=f"at most {LONGEST_TAKE_BYTES:,} bytes")
            file.seek(_HEAD.size + going.bytes)
            file.write(data)
            going.bytes += len(data)
            file.seek(0)
            file.write(_wav_head(going.bytes, going.rate_hz))
        return going.bytes / 2 / going.rate_hz

    def end(self, name: str) -> None:
        """End it; one in which there is nothing is removed."""
        going = self._running.pop(name, None)
        if going is not None and not going.bytes:
            going.path.unlink(missing_ok=True)


def keep_upload(unfinished: Path, path: Path) -> None:
    """Put an upload in its place, once it is known to be a recording.

    Raises
    ------
    RecordingError
        Where it is none.
    """
    try:
        check_recording(unfinished)
    except RecordingError as error:
        raise RecordingError(error.what, where=path.name, expected=error.expected, hint=error.hint) from None
    unfinished.replace(path)


def _wav_head(size: int, rate_hz: int) -> bytes:
    return _HEAD.pack(
        *(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16),
        *(b"data", size),
    )


def _stamp(path: Path) -> tuple[str, int, int]:
    about = path.stat()
    return path.name, about.st_size, about.st_mtime_ns


def _judged(path: Path) -> dict[str, Any]:
    listener = _Listener()
    values = {"title": "x", "section": [{"title": "x", "recordings": [path.name], "network": "auto"}]}
    with tempfile.TemporaryDirectory(prefix="build-video-") as aside:
        folder = Path(aside)
        try:
            production = production_of(values, path.parent / FILE_NAME)
            place = Workplace(AsideStore(folder / "none", folder), folder, listener)
            found = prepare.run(production, Results(), place).corpora[0].record
        except BuildVideoError as error:
            return {"seconds": None, "notes": [], "warnings": [str(error)]}
    notes = [note.partition(": ")[2] for note in listener.notes if str(folder) not in note]
    warnings = [one.removeprefix(f"{path.name}: ") for one in listener.warnings]
    return {"seconds": round(found.duration_s, 2), "notes": notes, "warnings": warnings}


def begin_film(file: Path, *, title: str, minutes: float | None, demo: bool) -> None:
    """Make a production file that shows the recordings beside it.

    Raises
    ------
    OutputError
        Where there is one already.
    """
    start_production(file.parent, demo=demo)
    edits: list[Edit] = [SetValue(("title",), title)] if title else []
    if minutes is not None and not demo:
        edits.append(SetValue(("section", 0, "training", "minutes"), minutes))
    before = read_file(file)
    replace_text(file, edited(before.text, edits), seen=before.revision)
