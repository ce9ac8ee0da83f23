"""Whether the ffmpeg in use is one: asked before hours are spent on what only it can finish.

This module does not know what ffmpeg is asked to do.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from pipeline.errors import FfmpegError
from pipeline.ffmpeg.process import OVERRIDE_VARIABLE, ffmpeg_path, run

_ANSWER: Final = b"ffmpeg version "
_PATIENCE_S: Final = 30.0


def check_ffmpeg() -> None:
    """Ask ffmpeg for its version, once a process.

    Raises
    ------
    FfmpegError
        Where it is missing, fails, hangs, or answers as no ffmpeg does.
    """
    path = ffmpeg_path()
    _check(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _check(path: Path, _mtime_ns: int) -> None:
    answer = run(["-version"], timeout_s=_PATIENCE_S, purpose="asking ffmpeg for its version").stdout
    if not answer.startswith(_ANSWER):
        raise FfmpegError(
            "What should be ffmpeg does not answer as ffmpeg does.",
            where=str(path),
            expected="an answer that begins with 'ffmpeg version'",
            hint=f"Name another ffmpeg in {OVERRIDE_VARIABLE}, or unset it to use the one of imageio-ffmpeg.",
        )
