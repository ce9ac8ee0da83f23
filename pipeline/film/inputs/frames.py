"""Frames of footage: encoded into a segment by the process that decodes them, or handed out one by one.

This module owns the processes. Their options are the chain's and the encoder's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FfmpegError, FootageError
from pipeline.ffmpeg.formats import error_to_raise
from pipeline.ffmpeg.process import Process
from pipeline.film.encoding.encoder import EncoderPlan
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import limit_s

_STRETCH_S: Final = 10
"""About how long a decoder runs ahead of what is drawn: it may be left at any frame."""
_NEAR_FRAMES: Final = 30
"""Frames so little ahead are reached by decoding on."""
_WORDS_BYTES: Final = 64

Frame = NDArray[np.uint8]


def encode_footage(
    chain: FootageChain,
    *,
    first: int,
    end: int,
    path: Path,
    plan: EncoderPlan,
    on_frame: Callable[[int], None] = lambda _done: None,
) -> None:
    """Decode, shape and encode a segment of footage in one process.

    Parameters
    ----------
    first, end
        The segment, in frames counted from the insert's first; the end not included.
    path
        The MP4 to write.
    plan
        The encoder's settings.
    on_frame
        Told now and then, with the number of frames done.

    Raises
    ------
    FootageError
        Where it can't be decoded.
    """
    still = chain.still()
    frames = end - first
    limited = chain.stream(first, end, still)
    arguments = plan.arguments(limited, frames, path)
    arguments[-1:-1] = ["-frames:v", str(frames), "-progress", "pipe:1"]
    process = _start(chain, arguments, frames, still, f"encoding {path.name}")
    done = 0
    try:
        with process:
            if still is None:
                for done in _progress(process):
                    on_frame(min(done, frames))
            else:  # leaving the process tells it that nothing more comes; until then it would wait for that
                _feed(process, still)
                done = frames
    except FfmpegError as failure:
        raise error_to_raise(failure, process, _undecodable(chain)) from failure
    if done != frames:
        raise _undecodable(chain)


def _progress(process: Process) -> Iterator[int]:
    """Read how many frames ffmpeg has encoded, as often as it reports."""
    words = b""
    while part := process.read(_WORDS_BYTES):
        *lines, words = (words + part).split(b"\n")
        for line in lines:
            if found := re.fullmatch(rb"frame=\s*(\d+)", line):
                yield int(found[1])


class FootageFrames:
    """Footage as frames of the film, one by one. A context manager: it holds a decoder open.

    Quick for frames in order; any other order works.
    """

    def __init__(self, chain: FootageChain) -> None:
        self._chain = chain
        self._still = chain.still()
        self._process: Process | None = None
        self._next = self._end = 0

    def draw(self, frame: int, out: Frame) -> None:
        """Write a frame, counted from the insert's first: planes Y, U, V, uint8, shape (height * 3 // 2, width).

        Raises
        ------
        FootageError
            Where it can't be decoded.
        """
        width, height = self._chain.size
        size = width * height * 3 // 2
        if self._process is None or not self._next <= frame < min(self._end, self._next + _NEAR_FRAMES):
            self._open(frame)
        assert self._process is not None  # noqa: S101 - just opened
        try:
            while True:
                data = self._process.read(size)
                if len(data) < size:
                    self._process.close()  # tells its own reason, where it has one
                    raise _undecodable(self._chain)
                self._next += 1
                if self._next > frame:
                    break
        except FfmpegError as failure:
            raise error_to_raise(failure, self._process, _undecodable(self._chain)) from failure
        out[:] = np.frombuffer(data, np.uint8).reshape(height * 3 // 2, width)

    def close(self) -> None:
        """End the decoder."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, frame: int) -> None:
        self.close()
        chain = self._chain
        end = min(chain.frames, frame + max(1, round(_STRETCH_S * chain.frame_rate)))
        shown = ffmpeg.output(
            chain.stream(frame, end, self._still),
            "pipe:1",
            **{"format": "rawvideo", "pix_fmt": "yuv420p", "fps_mode": "passthrough", "frames:v": end - frame},
        )
        name = chain.footage.path.name
        self._process = _start(chain, ffmpeg.get_args(shown), end - frame, self._still, f"decoding {name}")
        self._next, self._end = frame, end
        _feed(self._process, self._still)


def _start(
    chain: FootageChain, arguments: list[str], frames: int, still: NDArray[np.uint8] | None, purpose: str
) -> Process:
    limit = limit_s(float(frames / chain.frame_rate))
    return Process(arguments, writes=still is not None, reads=True, timeout_s=limit, stall_s=limit, purpose=purpose)


def _feed(process: Process, still: NDArray[np.uint8] | None) -> None:
    if still is not None:
        process.write(np.ascontiguousarray(still).data)


def _undecodable(chain: FootageChain) -> FootageError:
    return FootageError(
        "The footage can't be decoded.", where=str(chain.footage.path), expected="a video that plays elsewhere"
    )
