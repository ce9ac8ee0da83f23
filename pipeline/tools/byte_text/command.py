"""The commands `to-text` and `from-text`: files, standard streams, tables and sound around the byte-text converter.

This module joins the converter with the places that bytes come from and go to. It does not know the command line.
"""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from pipeline.audio.formats import WAV_LIMIT_BYTES, Encoding
from pipeline.byte_text.codec import Conversion, Unknown, convert_from_text, convert_to_text
from pipeline.byte_text.table import STANDARD_TABLE, ByteTable, read_table, table_text
from pipeline.errors import InputError, TextError
from pipeline.store.endpoints import STANDARD, input_name, open_input, open_output

_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1000, 768_000
_LONGEST_S: Final = 48 * 3600.0
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class AudioOptions:
    """How sound and bytes belong together."""

    sample_rate_hz: int = 11025
    encoding: Encoding = "linear-u8"

    def __post_init__(self) -> None:
        if not _LOWEST_RATE_HZ <= self.sample_rate_hz <= _HIGHEST_RATE_HZ:
            raise InputError(
                f"The sample rate of {self.sample_rate_hz} Hz can't be used.",
                where="--sample-rate",
                expected=f"{_LOWEST_RATE_HZ} to {_HIGHEST_RATE_HZ} Hz",
            )


@dataclass(frozen=True)
class ToTextOptions:
    """What `to-text` is asked for; `source` and `target` are files, or `-` for the standard streams."""

    source: str
    target: str
    table: Path | None = None
    final_newline: bool = False
    audio: AudioOptions | None = None


@dataclass(frozen=True)
class FromTextOptions:
    """What `from-text` is asked for; `source` and `target` are files, or `-` for the standard streams."""

    source: str
    target: str
    table: Path | None = None
    unknown: Unknown = None
    final_newline: bool = False
    audio: AudioOptions | None = None


def run_to_text(options: ToTextOptions) -> Conversion:
    """Turn a file's bytes, or a recording's samples, into text.

    Raises
    ------
    InputError
        The source can't be read, the table can't be used, or the target can't be written.
    """
    table = _table(options.table)
    _load_kernels()
    with _bytes_of(options) as source, open_output(options.target) as target:
        return convert_to_text(source, target, table, final_newline=options.final_newline)


def run_from_text(options: FromTextOptions) -> Conversion:
    """Turn text back into the bytes that it was made of, or into a WAV file.

    Raises
    ------
    InputError
        The same, or a character that stands for no byte.
    """
    table = _table(options.table)
    _load_kernels()
    with (
        open_input(options.source, TextError) as source,
        open_output(options.target) as target,
        _as_wav(target, options.audio) if options.audio else nullcontext(target) as sink,
    ):
        return convert_from_text(
            source,
            sink,
            table,
            unknown=options.unknown,
            final_newline=options.final_newline,
            where=input_name(options.source),
        )


def write_table(path: str, table: Path | None = None) -> None:
    """Write our table, or a table that was read, as 256 lines."""
    text = table_text(_table(table))
    with open_output(path) as file:
        file.write(text.encode())


def _load_kernels() -> None:
    """Load the compiled code before anything is opened: while it loads, an interruption may be lost in a library."""
    from pipeline.byte_text import kernels  # noqa: F401, PLC0415 - takes time to load


def _table(path: Path | None) -> ByteTable:
    return STANDARD_TABLE if path is None else read_table(path)


@contextmanager
def _bytes_of(options: ToTextOptions) -> Iterator[BinaryIO]:
    with open_input(options.source, TextError) as source:
        if options.audio is None:
            yield source
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(options.source)
            if options.source == STANDARD:
                path = Path(folder) / "standard input"
                _copy(source, path)
            samples = Path(folder) / "samples"
            _write_samples(path, samples, options.audio)
            with samples.open("rb") as file:
                yield file


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("wb") as file:
        while block := source.read(_BLOCK_BYTES):
            file.write(block)


def _write_samples(recording: Path, path: Path, audio: AudioOptions) -> None:
    """Write a recording's samples as the pipeline's bytes, at the loudness that it has."""
    from pipeline.audio.quantise import quantise  # noqa: PLC0415
    from pipeline.sound.inputs.sources import choose_source  # noqa: PLC0415
    from pipeline.sound.signal.mixing import finite  # noqa: PLC0415  # text alone needs no sound library
    from pipeline.sound.signal.resample import Resampler  # noqa: PLC0415

    source = choose_source(recording, listen_s=_LONGEST_S)
    with source.opened(_LONGEST_S) as stream, path.open("wb") as file:
        resampler = Resampler(stream.sample_rate_hz, audio.sample_rate_hz)
        mixdown = source.mixdown_of(stream.channels)
        for block in stream.blocks():
            mono = mixdown.mono(finite(block)[0])
            file.write(quantise(resampler.add(mono), audio.encoding).tobytes())
        file.write(quantise(resampler.finish(), audio.encoding).tobytes())


@contextmanager
def _as_wav(target: BinaryIO, audio: AudioOptions) -> Iterator[BinaryIO]:
    """Collect samples, and write them as a WAV file when all are there: its header tells how many they are."""
    with tempfile.TemporaryFile() as samples:
        yield samples
        count = samples.tell()
        width = 1 if audio.encoding == "linear-u8" else 2
        if count * width > WAV_LIMIT_BYTES:
            raise TextError("The sound is too long for a WAV file.", expected="less than 4 GiB", hint="Cut the text.")
        samples.seek(0)
        with tempfile.TemporaryFile() as file:
            _write_wav(samples, file, audio, width)
            file.seek(0)
            while block := file.read(_BLOCK_BYTES):
                target.write(block)


def _write_wav(samples: BinaryIO, file: BinaryIO, audio: AudioOptions, width: int) -> None:
    from pipeline.audio.quantise import dequantise  # noqa: PLC0415  # text alone needs no sound library

    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setframerate(audio.sample_rate_hz)
        wav.setsampwidth(width)
        while block := samples.read(_BLOCK_BYTES):
            if width == 1:  # 8-bit WAV files hold the very same bytes
                wav.writeframesraw(block)
            else:
                values = dequantise(np.frombuffer(block, dtype=np.uint8), audio.encoding)
                wav.writeframesraw(np.rint(values * 32767).astype("<i2").tobytes())
