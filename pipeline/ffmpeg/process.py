"""The one door to the ffmpeg binary.

Owns where the binary is, how it is started (from a list of arguments, never through a shell), how it is listened to
(a thread drains its standard error, so that it can never block on it), how long it may take, and how it is ended: a
child of ours never outlives the call that started it. It does not know what ffmpeg is asked to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from pipeline.errors import DiskFullError, FfmpegError
from pipeline.ffmpeg.pipe import INPUT_BYTES, OUTPUT_BYTES, resize_pipe, write_all
from pipeline.store.disk_errnos import FULL
from pipeline.store.files import AnyName, disk_full_error, file_too_large_error, plain_reason

OVERRIDE_VARIABLE: Final = "BUILD_VIDEO_FFMPEG"
_COMMON_ARGUMENTS: Final = ("-hide_banner", "-nostdin", "-loglevel", "error")  # a later -loglevel wins
_KEPT_LINES: Final = 400  # of standard error: enough for its last words and for what filters report
_QUOTED_LINES: Final = 6
_WATCH_EVERY_S: Final = 0.25
_GRACE_S: Final = 5.0
_FILE: Final = "file:"
_FILE_TOO_LARGE_SIGNAL: Final = int(getattr(signal, "SIGXFSZ", 25))
_GET_FFMPEG: Final = (
    f"Run `pip install imageio-ffmpeg`, or name an ffmpeg in the environment variable {OVERRIDE_VARIABLE}."
)


@dataclass(frozen=True)
class Completed:
    """What a finished ffmpeg left.

    Parameters
    ----------
    stdout
        All it wrote to standard output.
    stderr
        The last lines (at most 400) that it wrote to standard error.
    """

    stdout: bytes
    stderr: str


def ffmpeg_path() -> Path:
    """Where the ffmpeg binary is: the one named in `BUILD_VIDEO_FFMPEG`, else imageio-ffmpeg's.

    Raises
    ------
    FfmpegError
        Where there is none, or the one named can't be executed.
    """
    override = os.environ.get(OVERRIDE_VARIABLE)
    if not override:
        return _packaged_ffmpeg()
    found = shutil.which(override)  # takes a bare name as well as a path, and checks that it can be executed
    if found is None:
        raise FfmpegError(
            f"The ffmpeg named in {OVERRIDE_VARIABLE} can't be executed: {override}",
            expected="the path of an ffmpeg binary, or a name found on PATH",
            hint=f"Correct {OVERRIDE_VARIABLE}, or unset it to use the ffmpeg that comes with imageio-ffmpeg.",
        )
    return Path(found)


@lru_cache(maxsize=1)
def _packaged_ffmpeg() -> Path:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - only here is it needed, and a broken one must become our error

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError) as error:
        raise FfmpegError("There is no ffmpeg on this machine.", hint=_GET_FFMPEG) from error


def file_argument(path: Path) -> str:
    """Name a file so that ffmpeg takes it for nothing else: no option, no protocol, no pattern.

    Absolute and with the protocol in front, so that `-y.wav`, `concat:a|b` or `a:b.wav` are plain file names.
    """
    return AnyName(f"{_FILE}{path.absolute()}")


def run(
    args: Sequence[str], *, stdin: bytes | None = None, timeout_s: float, purpose: str = "running ffmpeg"
) -> Completed:
    """Run ffmpeg to its end and return what it wrote. For small outputs: they are held in memory.

    Parameters
    ----------
    args
        Arguments after the binary's name. `-hide_banner -nostdin -loglevel error` stand before them.
    stdin
        Bytes for its standard input; nothing where None.
    timeout_s
        It is killed after so many seconds.
    purpose
        What it is doing, for the error: "decoding talk.mp3".

    Raises
    ------
    FfmpegError
        Where it is missing, fails, is killed or takes too long; with its own last words.
    """
    process = _start(args, stdin=stdin is not None, stdout=True)
    try:
        stdout, raw = process.communicate(stdin, timeout=timeout_s)
    except BaseException as error:
        _end(process)
        _close_pipes(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise _too_slow(purpose, timeout_s) from error
        raise
    words = "\n".join(raw.decode("utf-8", "replace").splitlines()[-_KEPT_LINES:])
    if process.returncode != 0:
        raise _failure(purpose, process.returncode, words, args)
    return Completed(stdout, words)


class Process:
    """A running ffmpeg that is written to, read from, or both, piece by piece.

    Use it as a context manager: leaving it cleanly closes and checks it, leaving it by an error kills it.

    Parameters
    ----------
    args
        Arguments after the binary's name. `-hide_banner -nostdin -loglevel error` stand before them.
    writes
        Whether `write` will be used; its standard input is empty otherwise.
    reads
        Whether `read` will be used; its standard output is dropped otherwise.
    timeout_s
        It is killed after so many seconds altogether; never where None.
    stall_s
        It is killed when one `write` or `read` takes longer than this.
    purpose
        What it is doing, for the error: "encoding segment-0003".
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        writes: bool = False,
        reads: bool = False,
        timeout_s: float | None = None,
        stall_s: float = 120.0,
        purpose: str = "running ffmpeg",
    ) -> None:
        self._args = tuple(args)
        self._purpose = purpose
        self._stall_s = stall_s
        self._timeout_s = timeout_s
        self._started = time.monotonic()
        self._waiting_since: float | None = None
        self._killed_after_s: float | None = None
        self._process = _start(args, stdin=writes, stdout=reads)
        self._done = threading.Event()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._drain = threading.Thread(target=self._drain_stderr, daemon=True)
        self._watch = threading.Thread(target=self._watch_clock, daemon=True)
        self._drain.start()
        self._watch.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended: 0 well, above 0 by its own choice, below 0 by that signal; None where it still runs."""
        return self._process.returncode

    @property
    def timed_out(self) -> bool:
        """Whether it was killed for taking too long."""
        return self._killed_after_s is not None

    @property
    def stderr(self) -> str:
        """The last lines that it wrote to standard error so far."""
        return "\n".join(list(self._lines))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data` (any contiguous buffer, a NumPy array's `.data` too) to its standard input.

        Raises
        ------
        FfmpegError
            Where it has ended or stalls.
        """
        pipe = self._pipe(self._process.stdin)
        self._waiting_since = time.monotonic()
        try:
            write_all(pipe, memoryview(data).cast("B"))
        except (BrokenPipeError, ValueError) as error:
            raise self._fail() from error
        finally:
            self._waiting_since = None

    def read(self, size: int) -> bytes:
        """Read `size` bytes from its standard output; fewer at the end, none after it.

        Raises
        ------
        FfmpegError
            Where it stalls or takes too long. A failure of its own is raised by `close`.
        """
        pipe = self._pipe(self._process.stdout)
        parts: list[bytes] = []
        missing = size
        self._waiting_since = time.monotonic()
        try:
            while missing and (part := pipe.read(missing)):
                parts.append(part)
                missing -= len(part)
        finally:
            self._waiting_since = None
        if missing and self._killed_after_s is not None:
            raise self._fail()
        return b"".join(parts)

    def close(self) -> None:
        """Tell it that no more input comes, wait for its end and check how it ended.

        Raises
        ------
        FfmpegError
            Where it failed, was killed, stalls or took too long; with its own last words.
        """
        if self._done.is_set():
            return
        self._waiting_since = time.monotonic()
        try:
            if self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()
            if self._process.stdout is not None:
                while self._process.stdout.read(OUTPUT_BYTES):
                    pass  # what nobody asked for is dropped, or it could never end
            self._process.wait()
        except BaseException:
            self.kill()
            raise
        if self._process.returncode != 0:
            raise self._fail()
        self._release()

    def kill(self) -> None:
        """End it at once, whatever it is doing; nothing is checked. Harmless where it has ended."""
        if not self._done.is_set():
            _end(self._process)
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise ValueError("this ffmpeg was started without that pipe")
        return pipe

    def _drain_stderr(self) -> None:
        stderr = self._pipe(self._process.stderr)
        with contextlib.suppress(ValueError, OSError):  # closed under our hands by kill()
            pending = b""
            while part := os.read(stderr.fileno(), 1 << 16):
                *lines, pending = (pending + part).replace(b"\r", b"\n").split(b"\n")
                pending = pending[-(1 << 16) :]
                self._lines.extend(line.decode("utf-8", "replace") for line in lines)
            if pending:
                self._lines.append(pending.decode("utf-8", "replace"))

    def _watch_clock(self) -> None:
        while not self._done.wait(_WATCH_EVERY_S):
            now = time.monotonic()
            since = self._waiting_since
            if self._timeout_s is not None and now - self._started > self._timeout_s:
                self._killed_after_s = self._timeout_s
            elif since is not None and now - since > self._stall_s:
                self._killed_after_s = self._stall_s
            else:
                continue
            self._process.kill()
            return

    def _fail(self) -> FfmpegError | DiskFullError:
        """End it, and make the error that says why."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)  # after a broken pipe it may still be telling why
        _end(self._process)
        self._release()
        if self._killed_after_s is not None:
            return _too_slow(self._purpose, self._killed_after_s)
        return _failure(self._purpose, self._process.returncode, self.stderr, self._args)

    def _release(self) -> None:
        self._done.set()
        self._drain.join(_GRACE_S)
        _close_pipes(self._process)


def _start(args: Sequence[str], *, stdin: bool, stdout: bool) -> subprocess.Popen[bytes]:
    binary = ffmpeg_path()
    environment = {name: value for name, value in os.environ.items() if name != "FFREPORT"}  # it would write a file
    environment["AV_LOG_FORCE_NOCOLOR"] = "1"
    try:
        process = subprocess.Popen(
            [str(binary), *_COMMON_ARGUMENTS, *args],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment,
            # Ctrl-C at the terminal is ours to handle: we end it, it doesn't end under our hands
            process_group=0 if os.name == "posix" else None,
        )
    except (OSError, ValueError) as error:
        raise FfmpegError(f"ffmpeg can't start: {plain_reason(error)}.", where=str(binary), hint=_GET_FFMPEG) from error
    for pipe, size in ((process.stdin, INPUT_BYTES), (process.stdout, OUTPUT_BYTES)):
        if pipe is not None:
            with contextlib.suppress(OSError):
                resize_pipe(pipe, size)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill and reap a child, also where Ctrl-C is pressed a second time meanwhile."""
    process.kill()
    try:
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _too_slow(purpose: str, limit_s: float) -> FfmpegError:
    return FfmpegError(
        f"ffmpeg took longer than {limit_s:g} s and was stopped.",
        where=purpose,
        hint="If the machine is very busy, try again; otherwise the file may be damaged.",
    )


def _failure(purpose: str, returncode: int, words: str, args: Sequence[str]) -> FfmpegError | DiskFullError:
    last = [line.strip() for line in words.splitlines() if line.strip()][-_QUOTED_LINES:]
    said = " ffmpeg said: " + " | ".join(last) if last else " ffmpeg said nothing"
    out = Path(args[-1].removeprefix(_FILE)) if args else Path()
    if returncode == -_FILE_TOO_LARGE_SIGNAL or os.strerror(errno.EFBIG) in words:
        return file_too_large_error(out, said=f" This was for {purpose}.")
    if any(os.strerror(number) in words for number in FULL):
        return disk_full_error(out, said=f" This was for {purpose}.")
    if returncode < 0:
        what = f"ffmpeg was ended by signal {-returncode}."
        hint = "If the machine ran out of memory, close other programs or lower --jobs, then run again."
    else:
        what = f"ffmpeg failed with exit status {returncode}."
        hint = "Run `build-video doctor` to check the ffmpeg in use."
    return FfmpegError(f"{what}{said}", where=purpose, hint=hint)
