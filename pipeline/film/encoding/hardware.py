"""Hardware encoders: which of them work on this machine, found out by trying.

This module owns the trial and the choice. It does not know what is encoded later.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import ffmpeg

from pipeline.errors import FfmpegError
from pipeline.ffmpeg.process import run
from pipeline.film.encoding.encoder import CODECS, level_for
from pipeline.film.planning.settings import Encoder, VideoSettings

HARDWARE: Final[tuple[Encoder, ...]] = ("nvenc", "videotoolbox", "qsv", "amf")
_LONGEST_WORDS: Final = 200
_TRIAL: Final = "color=c=gray:size=640x360:rate=30:duration=0.3"
_TRIAL_LEVEL: Final = level_for(640, 360, Fraction(30)).replace(".", "")


@dataclass(frozen=True)
class Trial:
    """Whether an encoder works here, and why not."""

    encoder: Encoder
    codec: str
    works: bool
    why: str = ""


@lru_cache(maxsize=len(CODECS))
def try_encoder(encoder: Encoder) -> Trial:
    """Encode a third of a second with an encoder; once a process."""
    codec = CODECS[encoder]
    grey = ffmpeg.input(_TRIAL, format="lavfi")
    options = {"pix_fmt": "yuv420p", "c:v": codec, "bf": 2, "level": _TRIAL_LEVEL, "format": "null"}
    try:
        run(ffmpeg.get_args(ffmpeg.output(grey, "-", **options)), timeout_s=30, purpose=f"trying the encoder {codec}")
    except FfmpegError as error:
        return Trial(encoder, codec, works=False, why=error.what[:_LONGEST_WORDS])
    return Trial(encoder, codec, works=True)


def working_hardware() -> tuple[Trial, ...]:
    """Try all hardware encoders."""
    return tuple(try_encoder(encoder) for encoder in HARDWARE)


def codec_for(video: VideoSettings) -> tuple[str, str]:
    """Choose the codec: the one that is set, or x264 where it is a hardware encoder that doesn't work here.

    Returns
    -------
    tuple[str, str]
        The codec as ffmpeg calls it, and what a person should know (empty where all is as set).
    """
    if video.encoder not in HARDWARE:
        return CODECS[video.encoder], ""
    if video.quality == "lossless":
        return CODECS["x264"], f"lossless masters are made by x264, not by {video.encoder}"
    trial = try_encoder(video.encoder)
    if trial.works:
        return trial.codec, ""
    return CODECS["x264"], f"the encoder {video.encoder} does not work on this machine; x264 is used. {trial.why}"
