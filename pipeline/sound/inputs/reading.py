"""Recordings as a stream of samples, whatever file they come in.

Owns how ffmpeg is asked for a sound track of a file, and how long and how wide a recording may be. It does not know
what the samples are for, and it never holds a whole recording.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import ffmpeg
import numpy as np
import numpy.typing as npt

from pipeline.errors import FfmpegError, InputError, RecordingError
from pipeline.ffmpeg.formats import error_to_raise, open_media, recognise
from pipeline.ffmpeg.process import Process
from pipeline.sound.inputs.tracks import sound_fault

Floats = npt.NDArray[np.float32]

_AU_HEADER_BYTES: Final = 24
_AU_FLOAT: Final = 6
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1000, 768_000
MOST_CHANNELS: Final = 64
_BLOCK_FRAMES: Final = 1 << 16
_TIMEOUT_S: Final = 1800.0
_STALL_S: Final = 60.0


class RecordingStream:
    """An opened recording: its facts, and its samples block by block.

    Parameters
    ----------
    path
        For messages.
    process
        An ffmpeg that writes an AU file (32-bit float, big-endian) to its standard output.
    longest_s
        More than this is an error.
    error
        The kind of error that is raised.
    """

    def __init__(self, path: Path, process: Process, longest_s: float, error: type[InputError]) -> None:
        self._path = path
        self._process = process
        self._longest_s = longest_s
        self._error = error
        self._frames = 0
        self.sample_rate_hz, self.channels = self._read_header()

    @property
    def duration_s(self) -> float:
        """How long what was read so far is."""
        return self._frames / self.sample_rate_hz

    def blocks(self) -> Iterator[Floats]:
        """Yield all samples, shape = (n, channels), as they came: nothing is mixed, clipped or made finite.

        Raises
        ------
        InputError
            Where the recording is too long.
        """
        frame_bytes = 4 * self.channels
        while raw := self._process.read(_BLOCK_FRAMES * frame_bytes):
            whole = len(raw) // frame_bytes * frame_bytes
            block = np.frombuffer(raw[:whole], ">f4").astype(np.float32).reshape(-1, self.channels)
            self._frames += len(block)
            if self.duration_s > self._longest_s:
                raise self._error(
                    f"The sound is longer than the {self._longest_s:g} s that are allowed.",
                    where=str(self._path),
                    hint="Cut it into what is needed, or raise corpus.longest_s.",
                )
            yield block

    def stop(self) -> None:
        """Read no further; what follows is not looked at."""
        self._process.kill()

    def _read_header(self) -> tuple[int, int]:
        header = self._process.read(_AU_HEADER_BYTES)
        if len(header) < _AU_HEADER_BYTES:
            self._process.close()  # tells ffmpeg's own reason, where it has one
            raise self._error("The file holds no sound.", where=str(self._path), expected="an audio stream")
        mark, offset, _size, encoding, rate_hz, channels = struct.unpack(">4sIIIII", header)
        if mark != b".snd" or encoding != _AU_FLOAT or not 0 <= offset - _AU_HEADER_BYTES < 1 << 16:
            raise FfmpegError("ffmpeg answered with something else than sound.", where=str(self._path))
        self._process.read(offset - _AU_HEADER_BYTES)
        if not (_LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ and 1 <= channels <= MOST_CHANNELS):
            raise self._error(
                f"The file says that it has {channels} channels at {rate_hz} Hz.",
                where=str(self._path),
                expected=f"1 to {MOST_CHANNELS} channels at {_LOWEST_RATE_HZ} to {_HIGHEST_RATE_HZ} Hz",
            )
        return rate_hz, channels


@contextmanager
def open_recording(
    path: Path,
    *,
    longest_s: float,
    track: int = 1,
    error: type[InputError] = RecordingError,
    complaints: list[str] | None = None,
) -> Iterator[RecordingStream]:
    """Open a recording: any sound file, or a sound track of a video file.

    Parameters
    ----------
    longest_s
        Longer recordings are refused.
    track
        Which of its sound tracks, counted from 1.
    error
        What is raised where the file can't be used.
    complaints
        Receives what ffmpeg said about damage that it could read around.

    Raises
    ------
    InputError
        Where the file is missing, no media, a playlist, silent about sound, damaged or too long.
    FfmpegError
        Where ffmpeg itself is missing or was killed.
    """
    form = recognise(path, error)
    options = {"map_metadata": -1, "t": f"{longest_s + 1:.3f}", "c:a": "pcm_f32be", "format": "au"}
    args = ffmpeg.get_args(ffmpeg.output(open_media(path, form)[f"a:{track - 1}"], "-", **options))
    process = Process(args, reads=True, timeout_s=_TIMEOUT_S, stall_s=_STALL_S, purpose=f"decoding {path.name}")
    try:
        with process:
            yield RecordingStream(path, process, longest_s, error)
    except FfmpegError as failure:
        raise error_to_raise(failure, process, sound_fault(process.stderr, path, form, error)) from failure
    if complaints is not None and process.stderr.strip():
        complaints.append(process.stderr.strip().splitlines()[-1])
