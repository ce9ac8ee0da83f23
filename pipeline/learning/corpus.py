"""The bytes that a network learns: the record of a prepared corpus, and how it is read.

This module does not know where recordings come from, nor how batches are cut from them. It does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.audio.formats import Encoding
from pipeline.errors import StoreError
from pipeline.store.files import plain_reason
from pipeline.store.names import PlainName

Bytes = npt.NDArray[np.uint8]


class RecordingFacts(BaseModel):
    """One recording as it came, before anything was done to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    duration_s: float
    sample_rate_hz: int


class Corpus(BaseModel):
    """A prepared corpus. Files are relative to the record's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes_file: PlainName = "bytes.npy"
    """uint8, shape = (total_samples,)."""
    listen_file: PlainName = "corpus.wav"
    sample_rate_hz: int = Field(ge=1)
    encoding: Encoding
    total_samples: int = Field(ge=2)
    train_samples: int = Field(ge=1)
    """The first bytes, which are learned; the rest are held out for validation."""
    duration_s: float
    silence_share: float
    dc_offset: float
    clipped_samples: int
    recordings: tuple[RecordingFacts, ...]

    @model_validator(mode="after")
    def _some_bytes_are_held_out(self) -> Corpus:
        if self.train_samples >= self.total_samples:
            raise ValueError("train_samples must leave bytes for validation")
        return self


def comparable(corpora: Sequence[tuple[Corpus, Path]]) -> tuple[int, ...]:
    """Tell whose losses can be compared: those of corpora of one encoding and rate with the same held-out bytes.

    Parameters
    ----------
    corpora
        Records and the folders that they lie in.

    Returns
    -------
    tuple[int, ...]
        A number for each, the same where losses can be compared: that of the first of its kind, counted from 0.
    """
    kinds = [(one.sample_rate_hz, one.encoding, _held_out_sha256(one, folder)) for one, folder in corpora]
    return tuple(kinds.index(kind) for kind in kinds)


@lru_cache(maxsize=256)
def _held_out_sha256(corpus: Corpus, folder: Path) -> str:
    return sha256(load_bytes(corpus, folder)[corpus.train_samples :].tobytes()).hexdigest()


def load_bytes(corpus: Corpus, folder: Path) -> Bytes:
    """Open the bytes of a corpus, mapped from the disk rather than read.

    Returns
    -------
    Bytes
        shape = (total_samples,), read-only.

    Raises
    ------
    StoreError
        Where the file is missing, no array of bytes, or not as long as the record says.
    """
    path = folder / corpus.bytes_file
    data = map_bytes(path)
    if data.shape != (corpus.total_samples,):
        raise StoreError(
            "The corpus's bytes do not match its record.",
            where=str(path),
            expected=f"{corpus.total_samples} bytes",
            hint=_AGAIN,
        )
    return data


def map_bytes(path: Path) -> Bytes:
    """Map an array of bytes from the disk, shape = (n,), read-only.

    Raises
    ------
    StoreError
        Where the file is missing, or no array of bytes.
    """
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError, TokenError) as error:  # it reads headers as Python
        why = plain_reason(error) if isinstance(error, OSError) else "this is no array of bytes"
        raise StoreError(f"The bytes can't be read: {why}.", where=str(path), hint=_AGAIN) from error
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 1:
        raise StoreError("This is no array of bytes.", where=str(path), expected="uint8, one dimension", hint=_AGAIN)
    return data


_AGAIN = "Make it again: build-video STAGE --force, with the stage that the path names."
