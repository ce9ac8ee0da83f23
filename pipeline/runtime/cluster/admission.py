"""Which workers may do pieces: those with the same versions; and whether all see the same folder.

This module travels to workers as it stands here, so that a worker without build-video, or with another one, can still
say so: it imports nothing of the package.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from distributed.core import Status
from distributed.diagnostics.plugin import WorkerPlugin

PACKAGES = (
    *("build-video", "torch", "numpy", "scipy", "numba", "llvmlite", "pillow", "soundfile", "soxr", "safetensors"),
    *("pydantic", "ffmpeg-python", "imageio-ffmpeg", "icu4py", "babel", "python-bidi", "jinja2", "segno"),
    *("fontpkg", "fontpkg-inter", "fontpkg-jetbrains-mono", "manimgx-fonts", "noto-cjk-sans-jp-regular"),
    *("pyworld-prebuilt", "mido", "distributed", "dask"),
)
"""Those on which a result's bytes, or what travels, depends. All other packages of fonts are compared too."""
NEVER_MATTER = {
    "dask-jobqueue": "asks for jobs, where the command runs",
    "filelock": "holds folders, where the command runs",
    "fonttools": "cuts down the fonts of the line grapher's PDF files",
    "moviepy": "offers parts of a film as clips in Python",
    "packaging": "compares versions for doctor",
    "psutil": "says how much memory is free",
    "rich": "draws on the terminal",
    "tomlkit": "writes production files",
    "typer": "reads command lines",
}
"""Packages that are required and may differ, and why."""
FFMPEG = "ffmpeg"
FFMPEG_VARIABLE = "BUILD_VIDEO_FFMPEG"
_ABSENT = "absent"
_FONT_GROUPS = ("fontpkg.family", "fonts_ttf")
_SOURCES = {".py", ".toml", ".txt", ".json"}
_ANSWER_S = 20
_FRAME = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "16x16", "-i", "-", "-frames:v", "1", "-threads", "1")
REFUSED = "build-video-refused"
"""The topic of events about workers that came later and were refused."""
CORES = "cores"
GPUS = "GPU"
MEMORY = "memory"


@dataclass(frozen=True)
class Passport:
    """What a worker must be: its versions, and the token that it finds in the folder that all see.

    Parameters
    ----------
    versions
        By package, and `python` and `source`.
    folder
        Where results are kept.
    token
        Name and content of a file in it.
    travels
        Whether files go to workers and come back, because not all of them see the folder.
    """

    versions: dict[str, str]
    folder: str
    token: str
    travels: bool = False

    @property
    def name(self) -> str:
        """The same for all commands with the same versions and folder."""
        text = repr((sorted(self.versions.items()), self.folder, self.travels))
        return "build-video-" + sha256(text.encode()).hexdigest()[:12]

    def resource(self, what: str) -> str:
        """Name what admitted workers offer."""
        return f"{self.name}-{what}"


def own_versions() -> dict[str, str]:
    """Versions of what matters, in this process; 'absent' where a package is not installed."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = version(package).partition("+")[0]  # torch's builds for GPUs: see `device_kind`
        except PackageNotFoundError:
            found[package] = _ABSENT
    return {**_other_fonts(), **found, FFMPEG: _ffmpeg_version(), "source": _source_hash()}


def _other_fonts() -> dict[str, str]:
    """All packages that offer fonts: any of them may have the letters that a theme's own fonts lack."""
    offered = [one.dist for group in _FONT_GROUPS for one in entry_points(group=group)]
    return {dist.name.lower().replace("_", "-"): dist.version for dist in offered if dist is not None}


def _ffmpeg_version() -> str:
    """Of the ffmpeg that pieces run: its own, its H.264 encoder's, and a hash of what it says it was built from."""
    program = _ffmpeg_program()
    if program is None:
        return _ABSENT
    try:
        said = _output([program, "-version"])
        encoded = _output([program, "-v", "quiet", *_FRAME, "-c:v", "libx264", "-f", "h264", "-"], bytes(16 * 16 * 2))
    except (OSError, subprocess.SubprocessError):
        return _ABSENT
    own = re.match(rb"ffmpeg version (\S+)", said)
    encoder = re.search(rb"x264 - core (\d+( r\w+)?)", encoded)
    words = (own[1] if own else b"unknown", encoder[1] if encoder else b"none")
    name, core = (word.decode("ascii", "replace") for word in words)
    return f"{name} (x264 {core}, build {sha256(said).hexdigest()[:6]})"


def _ffmpeg_program() -> str | None:
    """Find it as `pipeline.ffmpeg` does."""
    if named := os.environ.get(FFMPEG_VARIABLE):
        return shutil.which(named)
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # noqa: PLC0415 - it may be missing there

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError):
        return None


def _output(command: list[str], data: bytes = b"") -> bytes:
    environment = {name: value for name, value in os.environ.items() if name != "FFREPORT"}  # it would write a file
    ran = subprocess.run(command, input=data, capture_output=True, timeout=_ANSWER_S, check=False, env=environment)
    return ran.stdout


def _source_hash() -> str:
    """Of the program's own files: the same version number may stand for changed files."""
    spec = find_spec("pipeline")
    if spec is None or not spec.submodule_search_locations:
        return _ABSENT
    root = Path(spec.submodule_search_locations[0])
    data = root / "_data" if (root / "_data").is_dir() else root.parent
    whole = sha256()
    for folder in (root, data / "templates", data / "assets"):
        for path in _sources_in(folder, without=root / "_data" if folder == root else None):
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:12]


def _sources_in(folder: Path, without: Path | None) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SOURCES and path.is_file() and not (without and path.is_relative_to(without)):
            yield path


def processor() -> str:
    """Name the processor's kind."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def gpus() -> list[str]:
    """Name the GPUs that this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        listed = subprocess.run(
            command, capture_output=True, text=True, timeout=_ANSWER_S, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
    if chosen is None:
        return [line.strip() for line in listed if line.strip()]
    wanted = [one for one in chosen.split(",") if one.strip() and one.strip() != "-1"]
    return [listed[int(one)].strip() if one.isdecimal() and int(one) < len(listed) else one for one in wanted]


def refusal(passport: Passport) -> str:
    """Say why this process can't do pieces; nothing where it can."""
    own, wanted = own_versions(), passport.versions
    other = [
        f"{name} {own.get(name, _ABSENT)} instead of {wanted.get(name, _ABSENT)}"
        for name in {**wanted, **own}
        if own.get(name, _ABSENT) != wanted.get(name, _ABSENT)
    ]
    return "it has " + ", ".join(other) if other else ""


def not_shared(passport: Passport) -> str:
    """Say why this process can't work in the folder itself; nothing where it can."""
    try:
        if Path(passport.folder, passport.token).read_text(encoding="utf-8") != passport.token:
            return f"it sees another folder as {passport.folder}"
        answer = Path(passport.folder, f"{passport.token}.{platform.node()}-{os.getpid()}")
        answer.write_text(passport.token, encoding="utf-8")
        answer.unlink()
    except OSError as error:
        return f"it can't read and write in {passport.folder} ({error.strerror or error})"
    return ""


def _machine_memory() -> int:
    """What a worker without a limit may take: it would get no piece that says what it needs if it offered nothing."""
    import psutil  # noqa: PLC0415 - travels with the function

    return int(psutil.virtual_memory().total)


def facts(versions: dict[str, str], folder: str, token: str, dask_worker: Any = None) -> dict[str, Any]:
    """Describe the worker, and why it would be refused; called on it, which hands itself in."""
    passport = Passport(versions, folder, token)
    return {
        "refusal": refusal(passport),
        "not_shared": not_shared(passport),
        "versions": own_versions(),
        "host": platform.node(),
        "processor": processor(),
        "gpus": gpus(),
        "cores": dask_worker.state.nthreads,
        "memory_bytes": int(dask_worker.memory_manager.memory_limit or _machine_memory()),
        "python": sys.executable,
    }


class Admission(WorkerPlugin):  # type: ignore[misc]
    """Lets workers that fit offer what pieces need, also those that come later."""

    def __init__(self, passport: Passport) -> None:
        self.passport = passport
        self.name = passport.name

    async def setup(self, worker: Any) -> None:
        """Look at a worker once."""
        import asyncio  # noqa: PLC0415 - travels with the class

        own = self.passport
        about = await asyncio.to_thread(facts, own.versions, own.folder, own.token, worker)
        why = about["refusal"] or ("" if own.travels else about["not_shared"])
        if why:
            worker.log_event(REFUSED, {"worker": worker.address, "passport": self.name, "why": why})
            return
        offered = {CORES: about["cores"], GPUS: len(about["gpus"])}
        if about["memory_bytes"]:
            offered[MEMORY] = about["memory_bytes"]
        named = {self.passport.resource(what): count for what, count in offered.items() if count}
        if named.items() <= dict(worker.state.total_resources).items():
            return  # an earlier command has asked: the scheduler would forget what its pieces take
        await worker.set_resources(**named)
        if worker.status == Status.running:
            # the scheduler gives pieces that nobody could do to workers that begin or go on, and this one has begun
            # before it offered anything
            worker.status = Status.paused
            worker.status = Status.running
