"""Sound files that are written: libsndfile tells of a failed write without saying why, so it is found out here.

This module does not know what is written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import soundfile

_PROBE_BYTES: Final = 1 << 16


def name_of(path: Path) -> str | bytes:
    """Name a file for libsndfile: the name's own bytes, which need not be UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)


@contextmanager
def new_sound_file(path: Path, sample_rate_hz: int, channels: int, subtype: str, form: str) -> Iterator[Any]:
    """Open a sound file for writing; `subtype` and `form` are libsndfile's words for its samples and its container.

    Raises
    ------
    OSError
        Where it can't be written, with the number of the true reason, such as a full disk.
    """
    try:
        with soundfile.SoundFile(name_of(path), "w", sample_rate_hz, channels, subtype, format=form) as file:
            yield file
    except (soundfile.LibsndfileError, AssertionError) as error:
        raise _reason(path) from error


def _reason(path: Path) -> OSError:
    """Write a little more at the end of the file, and see what the operating system says."""
    try:
        with path.open("ab") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return OSError(error.errno, error.strerror, str(path))
    return OSError(errno.EIO, os.strerror(errno.EIO), str(path))
