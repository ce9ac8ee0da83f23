"""Encoding: finished yuv420p frames in, a silent video of closed groups of pictures out.

This module owns the encoder's settings (codec, quality, level, groups of pictures, colour tags) and the hand-over of
frames to it. It does not know what the frames show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FfmpegError
from pipeline.ffmpeg.process import Process, file_argument
from pipeline.film.planning.settings import Encoder, Quality, VideoSettings

Frame = NDArray[np.uint8]
DrawFrame = Callable[[int, Frame], None]

X264_THREADS: Final = 2
"""Fixed, because the encoder's bits depend on it: the same film on any machine."""

B_FRAMES: Final = 2
COLOUR_TAGS: Final[Mapping[str, str]] = {
    "color_range": "tv",
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
}
BITEXACT: Final[Mapping[str, str]] = {"fflags": "+bitexact", "flags": "+bitexact"}
_LOWEST_TIMESCALE_HZ: Final = 10_000
_MACROBLOCK_PX: Final = 16
_BYTES_PER_PX: Final = 0.0015
_LOSSLESS_BYTES_PER_PX: Final = 0.1

CODECS: Final[Mapping[Encoder, str]] = {
    "x264": "libx264",
    "x265": "libx265",
    "av1": "libsvtav1",
    "nvenc": "h264_nvenc",
    "videotoolbox": "h264_videotoolbox",
    "qsv": "h264_qsv",
    "amf": "h264_amf",
}
# Measured on scenes of ours (300 frames of 1080p60, noise, half noise and vowels; SSIM against the frames drawn): for
# the same 25.8 dB of SSIM, `veryfast` needs 5.3 KiB and 17 ms of a processor a frame, `superfast` 6.7 KiB and 11 ms,
# and `superfast` with the macroblock tree of `veryfast` 5.4 KiB and 12 ms. B-frames at every chance (b-adapt=0) take no
# more room than chosen ones, and less time: what scrolls can always be foretold from both sides.
_QUALITIES: Final[Mapping[Quality, tuple[str, int, str]]] = {
    "draft": ("ultrafast", 24, ""),
    "web": ("superfast", 17, "mbtree=1:rc-lookahead=10"),
    "archive": ("slow", 14, ""),
    "lossless": ("veryfast", 0, ""),
}
"""Preset, constant rate factor, and x264's own parameters beside the preset, for each quality."""

# Rec. ITU-T H.264, table A-1: level, most macroblocks a second, most macroblocks a frame.
_LEVELS: Final = (
    ("3.0", 40_500, 1_620),
    ("3.1", 108_000, 3_600),
    ("3.2", 216_000, 5_120),
    ("4.0", 245_760, 8_192),
    ("4.2", 522_240, 8_704),
    ("5.0", 589_824, 22_080),
    ("5.1", 983_040, 36_864),
    ("5.2", 2_073_600, 36_864),
    ("6.0", 4_177_920, 139_264),
    ("6.1", 8_355_840, 139_264),
    ("6.2", 16_711_680, 139_264),
)


def level_for(width: int, height: int, frame_rate: Fraction) -> str:
    """Return the lowest H.264 level that allows pictures of this size at this rate (ITU-T H.264, A.3.1 and table A-1).

    Neither side may be longer than the root of eight times the most macroblocks of a frame.
    """
    sides = -(-width // _MACROBLOCK_PX), -(-height // _MACROBLOCK_PX)
    macroblocks = sides[0] * sides[1]
    for level, most_per_second, most in _LEVELS:
        fits = macroblocks <= most and max(sides) ** 2 <= 8 * most
        if fits and macroblocks * frame_rate <= most_per_second:
            return level
    return _LEVELS[-1][0]


def timescale_for(frame_rate: Fraction) -> int:
    """Return the ticks a second of the video track: every frame lasts a whole number of them."""
    scale = frame_rate.numerator
    while scale < _LOWEST_TIMESCALE_HZ:
        scale *= 2
    return scale


def group_frames(frames: int, frame_rate: Fraction, keyframe_seconds: float) -> int:
    """Return the length of each closed group in a segment of `frames`: as near as possible to what is wanted.

    No group is longer than two seconds, and none shorter than half of one where the segment allows that.
    """
    shortest, longest = -(-frame_rate // 2), int(2 * frame_rate)
    wanted = min(max(round(Fraction(keyframe_seconds).limit_denominator(1000) * frame_rate), shortest), longest)
    candidates = sorted(range(shortest, longest + 1), key=lambda group: (abs(group - wanted), group))
    return next((group for group in candidates if (frames % group or group) >= shortest), wanted)


@dataclass(frozen=True)
class EncoderPlan:
    """The encoder's settings, all but the frames: what a segment's bits depend on.

    Parameters
    ----------
    width, height
        Pixels, even.
    frame_rate
        Frames a second.
    codec
        As ffmpeg calls it: `libx264`.
    preset
        The encoder's own speed.
    crf
        Constant rate factor; 0 with `lossless`.
    lossless
        Whether nothing may be lost.
    keyframe_seconds
        About how long a closed group of pictures is.
    x264_extra
        Parameters for x264 beside its preset.
    threads
        Of the software encoders.
    """

    width: int
    height: int
    frame_rate: Fraction
    codec: str
    preset: str
    crf: int
    lossless: bool
    keyframe_seconds: float
    x264_extra: str = ""
    threads: int = X264_THREADS

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Shape of a frame's buffer: the planes Y, U and V one after the other, uint8."""
        return (self.height * 3 // 2, self.width)

    def least_bytes(self, frames: int) -> float:
        """About the least that so many frames take when they are encoded, to see beforehand whether there is room."""
        return frames * self.width * self.height * (_LOSSLESS_BYTES_PER_PX if self.lossless else _BYTES_PER_PX)

    def ingredients(self) -> dict[str, str | int | float | bool]:
        """Everything that determines the bits, for a result's key."""
        return {
            "width": self.width,
            "height": self.height,
            "frame_rate": str(self.frame_rate),
            "codec": self.codec,
            "preset": self.preset,
            "crf": self.crf,
            "lossless": self.lossless,
            "keyframe_seconds": self.keyframe_seconds,
            "x264_extra": self.x264_extra,
        }

    def source(self) -> Any:
        """Return frames from standard input, as ffmpeg-python's stream."""
        size = self.width, self.height
        raw = {"format": "rawvideo", "pix_fmt": "yuv420p", "video_size": size, "framerate": self._rate}
        return ffmpeg.input("pipe:0", **raw, **COLOUR_TAGS)

    def arguments(self, stream: Any, frames: int, path: Path) -> list[str]:
        """Return ffmpeg's arguments for encoding a segment of `frames`.

        Parameters
        ----------
        stream
            ffmpeg-python's stream of frames in yuv420p, BT.709, limited range: `source`, or the end of a filter graph.
        path
            The MP4 to write; what is there is replaced.
        """
        group = group_frames(frames, self.frame_rate, self.keyframe_seconds)
        plain = {"filter_threads": 1, "an": None, "fps_mode": "passthrough", "pix_fmt": "yuv420p"}
        codec = {"c:v": self.codec, "g": group, **self._codec_options(group)}
        file = {"video_track_timescale": timescale_for(self.frame_rate), "format": "mp4", "y": None}
        options = {**plain, **COLOUR_TAGS, **codec, **BITEXACT, **file}
        arguments: list[str] = ffmpeg.get_args(ffmpeg.output(stream, file_argument(path), **options))
        return arguments

    @property
    def _rate(self) -> str:
        return f"{self.frame_rate.numerator}/{self.frame_rate.denominator}"

    @property
    def level(self) -> str:
        """The H.264 level that the film needs."""
        return level_for(self.width, self.height, self.frame_rate)

    def _codec_options(self, group: int) -> dict[str, str | int]:
        if self.codec == "libx264":
            return self._x264_options(group)
        if self.codec == "libx265":
            quality = "lossless=1" if self.lossless else f"crf={self.crf}"
            params = (
                f"{quality}:keyint={group}:min-keyint={group}:scenecut=0:open-gop=0:bframes={B_FRAMES}:log-level=none"
            )
            pools = f"pools={self.threads}:frame-threads=1"
            return {"preset": self.preset, "x265-params": f"{params}:{pools}", "tag:v": "hvc1"}
        if self.codec == "libsvtav1":
            quick = {"ultrafast": "12", "superfast": "11", "veryfast": "10", "faster": "9", "fast": "8", "medium": "7"}
            params = f"keyint={group}:scd=0:lp={self.threads}"
            return {"preset": quick.get(self.preset, "5"), "crf": self.crf + 8, "svtav1-params": params}
        kinds: dict[str, dict[str, str | int]] = {
            "h264_nvenc": {"rc": "vbr", "cq": self.crf, "b:v": 0, "preset": "p5", "forced-idr": 1},
            "h264_videotoolbox": {"q:v": max(1, 100 - 2 * self.crf)},
            "h264_qsv": {"global_quality": self.crf, "look_ahead": 0},
            "h264_amf": {"rc": "cqp", "qp_i": self.crf, "qp_p": self.crf, "qp_b": self.crf},
        }
        return {**kinds[self.codec], "bf": B_FRAMES, "profile:v": "high", "level": self.level.replace(".", "")}

    def _x264_options(self, group: int) -> dict[str, str | int]:
        settings = {
            "keyint": group,
            "min-keyint": group,
            "scenecut": 0,
            "open-gop": 0,
            "bframes": B_FRAMES,
            "b-adapt": 0,
            "cabac": 1,  # with the quickest preset too, or it would not be the High profile
            "8x8dct": 1,
            "stitchable": 1,  # headers that don't depend on the content, so that segments join
            "force-cfr": 1,
            "threads": self.threads,
        }
        quality: dict[str, str | int] = {"qp": 0} if self.lossless else {"crf": self.crf, "profile:v": "high"}
        params = ":".join([*(f"{name}={value}" for name, value in settings.items()), *filter(None, [self.x264_extra])])
        return {"preset": self.preset, **quality, "level": self.level, "x264-params": params}


def plan_encoder(video: VideoSettings, codec: str | None = None) -> EncoderPlan:
    """Turn settings into an encoder's plan; `codec` where another encoder than the wanted one is at hand."""
    preset, crf, extra = _QUALITIES[video.quality]
    return EncoderPlan(
        width=video.width,
        height=video.height,
        frame_rate=video.frame_rate,
        codec=codec or CODECS[video.encoder],
        preset=video.preset or preset,
        crf=crf if video.crf is None else video.crf,
        lossless=video.quality == "lossless",
        keyframe_seconds=video.keyframe_seconds,
        x264_extra=extra if video.preset is None else "",
    )


class FrameEncoder:
    """Writes frames into a video file. A context manager: leaving it by an error ends the encoder at once.

    Parameters
    ----------
    path
        The MP4 to write; what is there is replaced.
    plan
        The encoder's settings.
    frames
        How many frames will be written; fewer or more are an error.
    """

    def __init__(self, path: Path, plan: EncoderPlan, frames: int) -> None:
        self._path = path
        self._plan = plan
        self._frames = frames
        self._written = 0
        arguments = plan.arguments(plan.source(), frames, path)
        self._process = Process(arguments, writes=True, purpose=f"encoding {path.name}")

    def write(self, frame: Frame) -> None:
        """Hand over a frame: planes Y, U, V, uint8, C-contiguous, shape (height * 3 // 2, width).

        Raises
        ------
        FfmpegError
            Where the encoder has died.
        """
        if frame.shape != self._plan.frame_shape or frame.dtype != np.uint8 or not frame.flags.c_contiguous:
            raise ValueError(f"a frame is uint8 of shape {self._plan.frame_shape}, not {frame.dtype} of {frame.shape}")
        self._process.write(frame.data)
        self._written += 1

    def close(self) -> None:
        """Finish the file.

        Raises
        ------
        FfmpegError
            Where the encoder failed, or the number of frames is not what was announced.
        """
        self._process.close()
        if self._written != self._frames:
            raise FfmpegError(
                f"{self._written} frames were drawn instead of {self._frames}.", where=f"encoding {self._path.name}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._process.kill()


def _ignore(_done: int) -> None:
    pass


def encode_frames(
    draw: DrawFrame,
    *,
    start_frame: int,
    end_frame: int,
    path: Path,
    plan: EncoderPlan,
    on_frame: Callable[[int], None] = _ignore,
) -> None:
    """Draw a segment of the film and encode it.

    Drawing and encoding overlap: ffmpeg takes frames in ahead of its encoder, in a thread of its own. Measured at
    1080p60 on two cores, a second thread and more buffers on our side made it 2% slower, because one buffer stays near
    the processor.

    Parameters
    ----------
    draw
        `draw(frame, out)` draws a frame of the clip into a buffer of `plan.frame_shape`, over the frame before.
    start_frame, end_frame
        Its frames, the end not included.
    path
        The MP4 to write.
    plan
        The encoder's settings.
    on_frame
        Told after each frame, with the number of frames done.
    """
    buffer: Frame = np.zeros(plan.frame_shape, dtype=np.uint8)
    with FrameEncoder(path, plan, end_frame - start_frame) as encoder:
        for frame in range(start_frame, end_frame):
            draw(frame, buffer)
            encoder.write(buffer)
            on_frame(frame - start_frame + 1)
