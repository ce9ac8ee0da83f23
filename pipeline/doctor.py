"""What this machine has, what is missing, and how to get it.

Each check stands alone: one that breaks says so and the others go on. This module changes nothing on the machine.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final, Literal

from packaging.requirements import Requirement

from pipeline.errors import BuildVideoError
from pipeline.ffmpeg import ffmpeg_path
from pipeline.ffmpeg import run as run_ffmpeg
from pipeline.files import existing_parent
from pipeline.film.hardware import working_hardware

_NEEDED_DISK_GIB: Final = 2.0
_NEEDED_MEMORY_GIB: Final = 4.0
_NEEDED_ENCODERS: Final = ("libx264", "aac")


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    name
        What was looked at.
    state
        `ok`; `note` where something optional is absent; `missing` where a film can't be built.
    found
        What there is.
    mend
        The command that mends it, or nothing.
    """

    name: str
    state: Literal["ok", "note", "missing"]
    found: str
    mend: str = ""


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < (3, 11):  # noqa: UP036 - someone may run the files with an older one
        return Finding("python", "missing", found, "Install Python 3.11 or newer.")
    return Finding("python", "ok", found)


def _packages() -> Finding:
    try:
        wanted = [Requirement(line) for line in requires("build-video") or []]
    except PackageNotFoundError:
        return Finding("packages", "missing", "build-video is not installed", "pip install -e .")
    bad = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            have = version(requirement.name)
        except PackageNotFoundError:
            have = ""
        if not have or not requirement.specifier.contains(have, prereleases=True):
            bad.append(f"{requirement.name} {have or 'absent'}, needs {requirement.specifier}")
    if bad:
        return Finding("packages", "missing", "; ".join(bad), "pip install --upgrade build-video")
    return Finding("packages", "ok", f"{len(wanted)} as required")


def _ffmpeg() -> Finding:
    path = ffmpeg_path()
    first = run_ffmpeg(["-version"], timeout_s=20).stdout.decode("utf-8", "replace").splitlines()[0]
    found = " ".join(first.split()[:3])
    return Finding("ffmpeg", "ok", f"{found} ({path.name})")


def _encoders() -> Finding:
    listed = run_ffmpeg(["-encoders"], timeout_s=20).stdout.decode("utf-8", "replace").split()
    absent = [name for name in _NEEDED_ENCODERS if name not in listed]
    if absent:
        return Finding("encoders", "missing", f"no {', '.join(absent)}", "pip install --force-reinstall imageio-ffmpeg")
    working = [trial.encoder for trial in working_hardware() if trial.works]
    also = f"; in hardware: {', '.join(working)}" if working else "; none in hardware works here"
    return Finding("encoders", "ok", ", ".join(_NEEDED_ENCODERS) + also)


def _fonts() -> Finding:
    from pipeline.picture.fonts import load_fonts  # noqa: PLC0415 - only this check needs pictures

    fonts = load_fonts()
    count = 2 + len(fonts.fallbacks)
    return Finding("fonts", "ok", f"{count} faces; Latin, Greek and Cyrillic out of the box")


def _shaper() -> Finding:
    from pipeline.picture.fonts import HAS_RAQM  # noqa: PLC0415

    if HAS_RAQM:
        return Finding("text shaper", "ok", "raqm")
    return Finding("text shaper", "note", "basic: Arabic and Indic scripts are not joined", "pip install -U pillow")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(existing_parent(folder)).free / 2**30
    found = f"{free:.1f} GiB free for {folder}"
    if free < _NEEDED_DISK_GIB:
        return Finding("disk", "missing", found, "Make room (build-video clean), or choose another folder with -o.")
    return Finding("disk", "ok", found)


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):
        return 0.0


def _memory() -> Finding:
    memory = _memory_gib()
    if not memory:
        return Finding("memory", "note", "its size can't be told on this system")
    found = f"{memory:.1f} GiB"
    if memory < _NEEDED_MEMORY_GIB:
        return Finding("memory", "note", found, "Use small networks, --draft and --jobs 1.")
    return Finding("memory", "ok", found)


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("cores", "ok", f"{usable} usable of {os.cpu_count()}")


def _gpu() -> Finding:
    from pipeline.learning.hardware import describe_gpu  # noqa: PLC0415 - brings torch along

    found = describe_gpu()
    if found:
        return Finding("gpu", "ok", found)
    return Finding("gpu", "note", "none that torch can use; training runs on the processor")


def examine(folder: Path) -> list[Finding]:
    """Look at everything that a build needs.

    Parameters
    ----------
    folder
        Where films would be written.
    """
    checks: dict[str, Callable[[], Finding]] = {
        "python": _python,
        "packages": _packages,
        "ffmpeg": _ffmpeg,
        "encoders": _encoders,
        "fonts": _fonts,
        "text shaper": _shaper,
        "disk": lambda: _disk(folder),
        "memory": _memory,
        "cores": _cores,
        "gpu": _gpu,
    }
    return [_safely(name, check) for name, check in checks.items()]


def _safely(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except BuildVideoError as error:
        return Finding(name, "missing", error.what, error.hint)
    except Exception as error:  # noqa: BLE001 - a broken part is what the doctor is there to find
        return Finding(name, "missing", f"{type(error).__name__}: {error}", "pip install --force-reinstall build-video")
