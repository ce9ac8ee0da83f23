"""The log of a build: what ran, with which versions and settings, for how long; fit to send with a bug report.

Personal paths, the user's name and the machine's are taken out before anything is written. This module listens like any
reporter and passes on what it receives. A log that can't be written stops no build.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pipeline.errors import BuildVideoError
from pipeline.runtime.progress.reporter import Part, Reporter, WorkStart, WorkTime

_PACKAGES: Final = (
    "build-video",
    "torch",
    "numpy",
    "numba",
    "pillow",
    "moviepy",
    "soundfile",
    "soxr",
    "imageio-ffmpeg",
)
_LARGEST_BYTES: Final = 5_000_000
_SHORTEST_NAME: Final = 3
"""Names of users and machines that are shorter would be found in the middle of nowhere."""
_ABSOLUTE_PATH: Final = re.compile(r"(?<![\w<>~./])(?:/[^/\s'\"|:,\\]+)+/([^/\s'\"|:,\\]+)")


def package_versions() -> dict[str, str]:
    """The versions of this program and of what it stands on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def without_personal_paths(text: str, folders: tuple[Path, ...] = ()) -> str:
    """Replace personal paths, the user's name and the machine's by short words.

    Parameters
    ----------
    folders
        Of the production. They, the working folder and the home folder get words of their own; of other absolute paths
        only the last part is left.
    """
    named = [(path, "<production>") for folder in folders for path in (folder, folder.absolute(), folder.resolve())]
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - it never fails
    named += [(path, word) for own, word in ((Path.cwd(), "<here>"), (home, "~")) for path in (own, own.resolve())]
    for path, word in sorted(named, key=lambda pair: -len(str(pair[0]))):
        plain = str(path)
        for written in {json.dumps(plain, ensure_ascii=False)[1:-1], json.dumps(plain)[1:-1], repr(plain)[1:-1], plain}:
            if path.is_absolute() and path != Path(path.anchor):
                text = text.replace(written, word)
    text = re.sub(r"(/home/|/Users/|\\Users\\)[^/\\\s'\"]+", r"\1<user>", text)
    text = _ABSOLUTE_PATH.sub(r"<...>/\1", text)
    for name, word in ((_user_name(), "<user>"), (platform.node(), "<machine>")):
        if len(name) >= _SHORTEST_NAME:
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word, text)
    return text


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process may have no user that the system knows
        return ""


class BuildLog:
    """A reporter that writes every event to a file and passes it on.

    Parameters
    ----------
    path
        The log; a new build goes on at its end, and an overlong log begins anew.
    listener
        A reporter that receives everything too.
    folders
        Folders whose paths must not appear.
    """

    def __init__(self, path: Path, listener: Reporter, folders: tuple[Path, ...] = ()) -> None:
        self._listener = listener
        self._folders = folders
        self._began_s = time.monotonic()
        self._stage = ""
        self._stage_began_s = self._began_s
        self._seconds: dict[str, float] = {}
        overlong = path.exists() and path.stat().st_size > _LARGEST_BYTES
        self._file = path.open("wb" if overlong else "ab", buffering=0)

    def write(self, text: str) -> None:
        """Write one entry, with the time."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = without_personal_paths(text, self._folders).replace("\n", "\n    ")
        with suppress(OSError, ValueError):
            self._file.write(f"{stamp} {line}\n".encode("utf-8", "replace"))

    def open_build(self, command: str, settings: str) -> None:
        """Write what is built, on what."""
        versions = ", ".join(f"{name} {number}" for name, number in package_versions().items())
        machine = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores"
        self.write(f"build begins: {command}\nversions: {versions}\nmachine: {machine}\nsettings: {settings}")

    def close_build(self, error: BaseException | None) -> None:
        """Write how it ended."""
        self._turn_to("")
        times = [f"{stage} {seconds:.1f} s" for stage, seconds in self._seconds.items()]
        self.write(f"timings: {', '.join([*times, f'altogether {time.monotonic() - self._began_s:.1f} s'])}")
        if error is None:
            self.write("build done")
        else:
            words = str(error) if isinstance(error, BuildVideoError) else repr(error)
            self.write(f"build ended by {type(error).__name__}: {words}")
        self._file.close()

    def _turn_to(self, stage: str) -> None:
        """Add up what the stage before took."""
        now = time.monotonic()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._stage_began_s
        self._stage, self._stage_began_s = stage, now

    def begin(self, work: WorkStart) -> None:
        """Write and pass on."""
        self._turn_to(work.stage)
        self.write(f"{work.stage}: {work.label} ({work.total:g} {work.unit})")
        self._listener.begin(work)

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on."""
        self._listener.advance(done, detail)

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        """Pass on."""
        self._listener.parts(parts, left_s)

    def expect(self, works: Sequence[WorkTime]) -> None:
        """Pass on."""
        self._listener.expect(works)

    def note(self, text: str) -> None:
        """Write and pass on."""
        self.write(f"note: {text}")
        self._listener.note(text)

    def warn(self, text: str) -> None:
        """Write and pass on."""
        self.write(f"warning: {text}")
        self._listener.warn(text)
