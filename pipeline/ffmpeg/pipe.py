"""Writing large buffers into a pipe, on Linux without copying most of them.

`vmsplice(2)` puts references to a buffer's pages into the pipe instead of their bytes, so that only the reader copies.
The buffer must then not change before the reader has taken them. No call tells when that is; but the last bytes, as
many as the pipe holds, are written in the usual way: once all of them lie in the pipe, nothing else lies there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import IO, Final

if sys.platform == "linux":
    import fcntl

INPUT_BYTES: Final = 1 << 18
"""What the pipe to a program that we write to holds: little, so that its pages stay near the processor."""
OUTPUT_BYTES: Final = 1 << 20
"""What the pipe from a program holds: the most that Linux grants without privileges."""

_Splice = Callable[[int, "_Part", int, int], int]


class _Part(ctypes.Structure):
    """`struct iovec`: a part of the memory."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def resize_pipe(pipe: IO[bytes], size: int) -> None:
    """Let a pipe hold `size` bytes, where the system allows it.

    Raises
    ------
    OSError
        It doesn't.
    """
    if sys.platform == "linux":
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, size)


def write_all(pipe: IO[bytes], data: memoryview) -> None:
    """Write all of `data` into a pipe that is not buffered; afterwards it may be changed at once.

    Parameters
    ----------
    pipe
        The end that is written to, `bufsize=0`.
    data
        Bytes, contiguous.

    Raises
    ------
    BrokenPipeError
        Nobody reads any more.
    """
    splice = _vmsplice()
    held = _capacity(pipe) if splice is not None and not data.readonly else 0
    if splice is not None and 0 < held < len(data):
        data = data[_splice_front(splice, pipe.fileno(), data[:-held]) :]
    while data:
        data = data[pipe.write(data) :]


def _splice_front(splice: _Splice, descriptor: int, data: memoryview) -> int:
    """Put references to all of `data` into a pipe; returns how many bytes, none where the system refuses."""
    first = ctypes.addressof(ctypes.c_char.from_buffer(data))
    done = 0
    while done < len(data):
        given = splice(descriptor, _Part(first + done, len(data) - done), 1, 0)
        if given > 0:
            done += given
        elif given == 0:
            break
        elif (number := ctypes.get_errno()) == errno.EPIPE:
            raise BrokenPipeError(number, os.strerror(number))
        elif number != errno.EINTR:  # of a signal, Python's handler has run by now
            break
    return done


def _capacity(pipe: IO[bytes]) -> int:
    """How many bytes a pipe holds; 0 where that can't be known."""
    try:
        return fcntl.fcntl(pipe.fileno(), fcntl.F_GETPIPE_SZ) if sys.platform == "linux" else 0
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _vmsplice() -> _Splice | None:
    if sys.platform != "linux":
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).vmsplice
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.POINTER(_Part), ctypes.c_ulong, ctypes.c_uint)
    function.restype = ctypes.c_ssize_t
    return lambda descriptor, part, count, flags: int(function(descriptor, ctypes.byref(part), count, flags))
