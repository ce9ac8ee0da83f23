"""What this machine has, what is missing, and how to get it.

Each check stands alone and brings its own libraries along: one that breaks says so, with the command that mends it, and
the others go on. This module changes nothing on the machine.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final, Literal

from pipeline.errors import BuildVideoError
from pipeline.ffmpeg.process import OVERRIDE_VARIABLE, ffmpeg_path
from pipeline.ffmpeg.process import run as run_ffmpeg
from pipeline.runtime.machine import memory_bytes, usable_cores
from pipeline.runtime.wording.installing import reinstall_command
from pipeline.store.files import existing_parent

_NEEDED_DISK_GIB: Final = 2.0
_NEEDED_MEMORY_GIB: Final = 4.0
_NEEDED_ENCODERS: Final = ("libx264", "aac")
_AGAIN: Final = reinstall_command()
_FONTS_AGAIN: Final = "pip install --force-reinstall fontpkg-inter fontpkg-jetbrains-mono pillow"
_TORCH_AGAIN: Final = "pip install --force-reinstall torch"
_FRIBIDI: Final = {
    "Linux": "sudo apt install libfribidi0  (Fedora: sudo dnf install fribidi)",
    "Darwin": "brew install fribidi",
    "Windows": "Put fribidi.dll on the PATH (https://github.com/fribidi/fribidi).",
}


@dataclass(frozen=True)
class Diagnosis:
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


def _python() -> Diagnosis:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < (3, 11):  # noqa: UP036 - someone may run the files with an older one
        return Diagnosis("python", "missing", found, "Install Python 3.11 or newer.")
    return Diagnosis("python", "ok", found)


def _packages() -> Diagnosis:
    from packaging.requirements import Requirement  # noqa: PLC0415 - may be what is missing

    try:
        wanted = [Requirement(line) for line in requires("build-video") or []]
    except PackageNotFoundError:
        return Diagnosis("packages", "missing", "build-video is not installed", _AGAIN)
    bad: dict[str, str] = {}
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            have = version(requirement.name)
        except PackageNotFoundError:
            have = ""
        if not have or not requirement.specifier.contains(have, prereleases=True):
            asked = f"{requirement.name}{requirement.specifier}"
            bad[asked] = f"{requirement.name} {have or 'absent'}, needs {requirement.specifier}"
    if bad:
        mend = "pip install " + " ".join(f'"{asked}"' for asked in bad)
        return Diagnosis("packages", "missing", "; ".join(bad.values()), mend)
    return Diagnosis("packages", "ok", f"{len(wanted)} as required")


def _ffmpeg() -> Diagnosis:
    path = ffmpeg_path()
    first = run_ffmpeg(["-version"], timeout_s=20).stdout.decode("utf-8", "replace").splitlines()[0]
    found = " ".join(first.split()[:3])
    chosen = f", chosen by {OVERRIDE_VARIABLE}" if os.environ.get(OVERRIDE_VARIABLE) else ""
    return Diagnosis("ffmpeg", "ok", f"{found} ({path.name}{chosen})")


def _encoders() -> Diagnosis:
    from pipeline.film.encoding.hardware import working_hardware  # noqa: PLC0415 - brings arrays and settings along

    listed = run_ffmpeg(["-encoders"], timeout_s=20).stdout.decode("utf-8", "replace").split()
    absent = [name for name in _NEEDED_ENCODERS if name not in listed]
    if absent:
        mend = "pip install --force-reinstall imageio-ffmpeg"
        if os.environ.get(OVERRIDE_VARIABLE):
            mend = f"Unset {OVERRIDE_VARIABLE}, or name an ffmpeg that was built with {' and '.join(absent)}."
        return Diagnosis("encoders", "missing", f"no {', '.join(absent)}", mend)
    working = [trial.encoder for trial in working_hardware() if trial.works]
    also = f"; in hardware: {', '.join(working)}" if working else "; none in hardware works here"
    return Diagnosis("encoders", "ok", ", ".join(_NEEDED_ENCODERS) + also)


def _fonts() -> Diagnosis:
    from pipeline.picture.text.fonts import load_fonts  # noqa: PLC0415 - only this check needs pictures

    fonts = load_fonts()
    count = 2 + len(fonts.fallbacks)
    return Diagnosis("fonts", "ok", f"{count} faces; Latin, Greek and Cyrillic out of the box")


def _shaper() -> Diagnosis:
    from PIL import features  # noqa: PLC0415 - only this check and that of the fonts need pictures

    if features.check("raqm"):
        return Diagnosis("text shaper", "ok", f"raqm {features.version('raqm') or ''}".strip())
    mend = _FRIBIDI.get(platform.system(), "Install the library FriBidi.")
    return Diagnosis("text shaper", "note", "basic: Arabic and Indic scripts are not joined", mend)


def _disk(folder: Path) -> Diagnosis:
    free = shutil.disk_usage(existing_parent(folder)).free / 2**30
    found = f"{free:.1f} GiB free for {folder}"
    if free < _NEEDED_DISK_GIB:
        return Diagnosis("disk", "missing", found, "Make room (build-video clean), or choose another folder with -o.")
    return Diagnosis("disk", "ok", found)


def _memory() -> Diagnosis:
    memory = memory_bytes() / 2**30
    found = f"{memory:.1f} GiB"
    if memory < _NEEDED_MEMORY_GIB:
        return Diagnosis("memory", "note", found, "Use small networks, --draft and --jobs 1.")
    return Diagnosis("memory", "ok", found)


def _cores() -> Diagnosis:
    return Diagnosis("cores", "ok", f"{usable_cores()} usable of {os.cpu_count()}")


def _gpu() -> Diagnosis:
    from pipeline.learning.hardware import describe_gpu  # noqa: PLC0415 - brings torch along

    found = describe_gpu()
    if found:
        return Diagnosis("gpu", "ok", found)
    return Diagnosis("gpu", "note", "none that torch can use; training runs on the processor")


def _training() -> Diagnosis:
    """Measure how a network of usual size would be trained here: the same choice that a training makes."""
    from pipeline.learning.hardware import choose_device  # noqa: PLC0415
    from pipeline.learning.models.network import LstmSettings  # noqa: PLC0415
    from pipeline.learning.recipes.arithmetic import choose_arithmetic  # noqa: PLC0415
    from pipeline.learning.recipes.recipe import TrainingSettings, resolve  # noqa: PLC0415
    from pipeline.learning.training.auto_network import measured_speed  # noqa: PLC0415

    device = choose_device("auto")
    network = LstmSettings()
    arithmetic = choose_arithmetic(network, resolve(TrainingSettings()), device)
    speed = measured_speed(device.type, usable_cores())
    return Diagnosis("training", "ok", f"{arithmetic.words()}; {speed / 1e9:.0f} GFLOP/s")


def examine(folder: Path) -> list[Diagnosis]:
    """Look at everything that a build needs.

    Parameters
    ----------
    folder
        Where films would be written.
    """
    checks: tuple[tuple[str, Callable[[], Diagnosis], str], ...] = (
        ("python", _python, _AGAIN),
        ("packages", _packages, _AGAIN),
        ("ffmpeg", _ffmpeg, "pip install --force-reinstall imageio-ffmpeg"),
        ("encoders", _encoders, "pip install --force-reinstall imageio-ffmpeg"),
        ("fonts", _fonts, _FONTS_AGAIN),
        ("text shaper", _shaper, _FONTS_AGAIN),
        ("disk", lambda: _disk(folder), "Choose another folder with -o."),
        ("memory", _memory, _AGAIN),
        ("cores", _cores, ""),
        ("gpu", _gpu, _TORCH_AGAIN),
        ("training", _training, _TORCH_AGAIN),
    )
    return [_safely(name, check, mend) for name, check, mend in checks]


def as_text(findings: Sequence[Diagnosis]) -> str:
    """Findings as lines for a terminal."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.name:<12} {finding.found}")
        if finding.mend:
            lines.append(f"{'':<21} -> {finding.mend}")
    return "\n".join(lines)


def as_values(findings: Sequence[Diagnosis]) -> list[dict[str, str]]:
    """Findings as plain values, for JSON."""
    return [asdict(finding) for finding in findings]


def _safely(name: str, check: Callable[[], Diagnosis], mend: str) -> Diagnosis:
    try:
        return check()
    except BuildVideoError as error:
        return Diagnosis(name, "missing", error.what, error.hint or mend)
    except ModuleNotFoundError as error:
        return Diagnosis(name, "missing", f"the package '{error.name}' is absent", mend)
    except Exception as error:  # noqa: BLE001 - a broken part is what the doctor is there to find
        return Diagnosis(name, "missing", f"{type(error).__name__}: {error}", mend)
