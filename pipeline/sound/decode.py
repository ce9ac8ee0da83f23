"""Recordings as a stream of samples, whatever file they come in.

Owns how ffmpeg is asked for the first audio stream of a file, how long and how wide a recording may be, and how many
channels become one. It does not know what the samples are for, and it never holds a whole recording.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import ffmpeg
import numpy as np
import numpy.typing as npt

from pipeline.errors import FfmpegError, FootageError, InputError, RecordingError
from pipeline.ffmpeg import Process
from pipeline.media import MediaFormat, blamed, open_media, recognise
from pipeline.sound.resample import Resampler

Floats = npt.NDArray[np.float32]

_AU_HEADER_BYTES: Final = 24
_AU_FLOAT: Final = 6
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1000, 768_000
_MOST_CHANNELS: Final = 64
_BASS_CHANNEL: Final = {6: 3, 8: 3}  # 5.1 and 7.1 hold their low-frequency effects fourth
_BLOCK_FRAMES: Final = 1 << 16
_TIMEOUT_S: Final = 1800.0
_STALL_S: Final = 60.0
_LONGEST_MUSIC_S: Final = 3600.0
_ANOTHER: Final = "Name a file with sound in it."
_SHORTEST_MUSIC_S: Final = 1.0
_STRETCH_S: Final = 3600.0  # a block at the lowest rate lasts a minute; what follows the part asked for is no error


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
        if not (_LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ and 1 <= channels <= _MOST_CHANNELS):
            raise self._error(
                f"The file says that it has {channels} channels at {rate_hz} Hz.",
                where=str(self._path),
                expected=f"1 to {_MOST_CHANNELS} channels at {_LOWEST_RATE_HZ} to {_HIGHEST_RATE_HZ} Hz",
            )
        return rate_hz, channels


@contextmanager
def open_recording(
    path: Path,
    *,
    longest_s: float,
    error: type[InputError] = RecordingError,
    complaints: list[str] | None = None,
) -> Iterator[RecordingStream]:
    """Open a recording: any sound file, or the first audio stream of a video file.

    Parameters
    ----------
    longest_s
        Longer recordings are refused.
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
    told = {"map_metadata": -1, "t": f"{longest_s + 1:.3f}", "c:a": "pcm_f32be", "format": "au"}
    args = ffmpeg.get_args(ffmpeg.output(open_media(path, form)["a:0"], "-", **told))
    process = Process(args, reads=True, timeout_s=_TIMEOUT_S, stall_s=_STALL_S, purpose=f"decoding {path.name}")
    try:
        with process:
            yield RecordingStream(path, process, longest_s, error)
    except FfmpegError as failure:
        raise blamed(failure, process, _fault(process, path, form, error)) from failure
    if complaints is not None and process.stderr.strip():
        complaints.append(process.stderr.strip().splitlines()[-1])


def _fault(process: Process, path: Path, form: MediaFormat, error: type[InputError]) -> InputError:
    """Say what is wrong with the file where ffmpeg has given it up."""
    if "matches no streams" in process.stderr:
        return error("The file holds no sound.", where=str(path), expected="at least one audio stream", hint=_ANOTHER)
    return error(
        f"The file looks like {form.name}, but its sound can't be read.",
        where=str(path),
        expected="a file that plays elsewhere",
    )


def mix_to_mono(block: Floats) -> Floats:
    """Mix channels to one, equally; the bass channel of 5.1 and 7.1 is left out. Not-a-number becomes silence.

    Parameters
    ----------
    block
        shape = (n, channels)
    """
    channels = block.shape[1]
    finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    if channels in _BASS_CHANNEL:
        finite = np.delete(finite, _BASS_CHANNEL[channels], axis=1)
    mono: Floats = finite.mean(axis=1, dtype=np.float32)
    return mono


def decode(
    path: Path,
    *,
    sample_rate_hz: int,
    channels: int = 1,
    first_s: float = _LONGEST_MUSIC_S,
    error: type[InputError] = RecordingError,
) -> Floats:
    """Decode a sound, its first `first_s` seconds at most, into a nameless file that is mapped: for music.

    Returns
    -------
    Floats
        shape = (n,) for one channel, (n, 2) for two: mono comes from both sides, more than two from both equally.
    """
    with open_recording(path, longest_s=first_s + _STRETCH_S, error=error) as stream, TemporaryFile() as file:
        resampler = Resampler(stream.sample_rate_hz, sample_rate_hz, channels)
        for block in stream.blocks():
            mixed = mix_to_mono(block) if channels == 1 else _mix_to_stereo(block)
            file.write(resampler.add(mixed).tobytes())
            if stream.duration_s >= first_s:
                stream.stop()
                break
        file.write(resampler.finish().tobytes())
        samples = min(file.tell() // (4 * channels), round(first_s * sample_rate_hz))
        shape = (samples,) if channels == 1 else (samples, channels)
        file.flush()
        return np.memmap(file, np.float32, "r", shape=shape) if samples else np.zeros(shape, np.float32)


def load_music(path: Path, sample_rate_hz: int) -> Floats:
    """Decode music for under a film: stereo, its first hour at most, shape (n, 2).

    Raises
    ------
    FootageError
        Where it can't be used, or is too short to be repeated.
    """
    music = decode(path, sample_rate_hz=sample_rate_hz, channels=2, error=FootageError)
    if len(music) < _SHORTEST_MUSIC_S * sample_rate_hz:
        raise FootageError(
            f"The music lasts {len(music) / sample_rate_hz:.3f} s only.",
            where=str(path),
            expected=f"at least {_SHORTEST_MUSIC_S:g} s",
            hint="Name a longer file; it begins again where the film is longer.",
        )
    return music


def _mix_to_stereo(block: Floats) -> Floats:
    if block.shape[1] == 2:  # noqa: PLR2004 - stereo
        return np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    return np.repeat(mix_to_mono(block)[:, None], 2, axis=1)
