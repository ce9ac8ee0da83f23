"""The log of a build: what ran, with which versions and settings, for how long; fit to send with a bug report.

Personal paths are taken out before anything is written. This module listens like any reporter and passes on what it
hears.
"""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, TextIO

from pipeline.errors import BuildVideoError
from pipeline.progress import Reporter

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
    """Replace the folders named, the working folder and the home folder by short words."""
    named = [(str(folder), "<production>") for folder in folders]
    named += [(str(Path.cwd()), "<here>"), (os.path.expanduser("~"), "~")]  # noqa: PTH111 - it never fails
    for path, word in sorted(named, key=lambda pair: -len(pair[0])):
        if len(path) > 1:
            text = text.replace(path, word)
    return re.sub(r"(/home/|/Users/|\\Users\\)[^/\\\s'\"]+", r"\1<user>", text)


class BuildLog:
    """A reporter that writes every event to a file and passes it on.

    Parameters
    ----------
    path
        The log; a new build goes on at its end, and an overlong log begins anew.
    listener
        Who is told everything too.
    folders
        Folders whose paths must not appear.
    """

    def __init__(self, path: Path, listener: Reporter, folders: tuple[Path, ...] = ()) -> None:
        self._listener = listener
        self._folders = folders
        overlong = path.exists() and path.stat().st_size > _LARGEST_BYTES
        self._file: TextIO = path.open("w" if overlong else "a", encoding="utf-8")

    def write(self, text: str) -> None:
        """Write one entry, with the time."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = without_personal_paths(text, self._folders).replace("\n", "\n    ")
        self._file.write(f"{stamp} {line}\n")
        self._file.flush()

    def open_build(self, command: str, settings: str) -> None:
        """Write what is built, on what."""
        versions = ", ".join(f"{name} {number}" for name, number in package_versions().items())
        machine = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores"
        self.write(f"build begins: {command}\nversions: {versions}\nmachine: {machine}\nsettings: {settings}")

    def close_build(self, error: BaseException | None) -> None:
        """Write how it ended."""
        if error is None:
            self.write("build done")
        else:
            words = str(error) if isinstance(error, BuildVideoError) else repr(error)
            self.write(f"build ended by {type(error).__name__}: {words}")
        self._file.close()

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Write and pass on."""
        self.write(f"{stage}: {label} ({total:g} {unit})")
        self._listener.begin(stage, label, total, unit)

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on."""
        self._listener.advance(done, detail)

    def note(self, text: str) -> None:
        """Write and pass on."""
        self.write(f"note: {text}")
        self._listener.note(text)

    def warn(self, text: str) -> None:
        """Write and pass on."""
        self.write(f"warning: {text}")
        self._listener.warn(text)
