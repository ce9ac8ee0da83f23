"""What other programs measure of a sound."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.ffmpeg import process as ffmpeg


def ebur128(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak as ffmpeg measures them."""
    words = ffmpeg.run(
        ["-i", ffmpeg.file_argument(path), "-af", "ebur128=peak=true", "-f", "null", "-", "-loglevel", "info"],
        timeout_s=60,
    ).stderr
    return float(re.findall(r"I:\s+(\S+) LUFS", words)[-1]), float(re.findall(r"Peak:\s+(\S+) dBFS", words)[-1])
