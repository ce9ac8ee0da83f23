"""Takes that are text, as torch-rnn and char-rnn sample them: one character a byte, one byte a sample.

Owns telling such texts from logs, and turning one into a WAV file. It knows no logs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np

from pipeline.audio.formats import WAV_LIMIT_BYTES
from pipeline.audio.quantise import code_values
from pipeline.audio.wav import write_wav
from pipeline.byte_text.codec import SKIP, Conversion, convert_from_text
from pipeline.byte_text.table import STANDARD_CHARACTERS, STANDARD_TABLE, read_table
from pipeline.errors import TextError
from pipeline.runs.record import TextForm
from pipeline.store.files import disk_errors

TEXT_SUFFIX: Final = ".txt"
_HEAD_BYTES: Final = 1 << 14
_LEAST_CHARACTERS: Final = 100
_MOST_UNKNOWN: Final = 0.1
_LEAST_LETTERS: Final = 0.2
_BYTES_OF_A_SAMPLE: Final = 2
_OURS: Final = frozenset(STANDARD_CHARACTERS)


def is_sampled_text(path: Path) -> bool:
    """Whether a text is made of the characters of build-video's own table, and is no prose.

    Prose and logs have line breaks, and hardly a letter beyond ASCII; in bytes of sound half the codes lie there.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        text = head[: len(head) - 3].decode("utf-8", "ignore") if len(head) == _HEAD_BYTES else head.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    text = text.rstrip("\r\n")
    if len(text) < _LEAST_CHARACTERS:
        return False
    unknown = sum(letter not in _OURS for letter in text)
    letters = sum(not letter.isascii() for letter in text)
    return unknown <= _MOST_UNKNOWN * len(text) and letters >= _LEAST_LETTERS * len(text) and "\n" not in text


def write_text_sound(source: Path, form: TextForm, path: Path) -> None:
    """Write the sound of a text as a WAV file of 16 bits a sample.

    Characters that stand for no byte, such as a text that the sampling began with, are left out where they are few.

    Raises
    ------
    TextError
        The text is of another table, empty or too long, or the table can't be read; says where.
    """
    table = STANDARD_TABLE if form.table is None else read_table(form.table)
    with disk_errors(source), source.open("rb") as text, tempfile.TemporaryFile(dir=path.parent) as codes:
        done = convert_from_text(
            text, cast("BinaryIO", codes), table, unknown=SKIP, final_newline=True, where=str(source)
        )
        if done.unknown_characters > _MOST_UNKNOWN * max(1, done.bytes_out):
            raise _of_another_table(source, form, done)
        if not 0 < done.bytes_out <= WAV_LIMIT_BYTES // _BYTES_OF_A_SAMPLE:
            what = "The text is too long for a WAV file." if done.bytes_out else "The text holds no sample."
            raise TextError(what, where=str(source), expected="text that a network has sampled")
        codes.flush()
        samples = np.memmap(codes, dtype=np.uint8, mode="r")
        write_wav(path, samples, code_values(form.encoding), form.sample_rate_hz)


def _of_another_table(source: Path, form: TextForm, done: Conversion) -> TextError:
    table = str(form.table) if form.table else "the table of build-video to-text"
    return TextError(
        f"{done.unknown_characters:,} characters of this text stand for no byte.",
        where=str(source),
        expected=f"the characters of {table}",
        hint="Name the table that the network's text was made with: text = { sample_rate_hz = ..., table = ... }",
    )
