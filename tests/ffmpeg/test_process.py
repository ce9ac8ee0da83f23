"""The door to the ffmpeg binary: what comes out, how failures are told, and that nothing is left running."""

# ruff: noqa: PT012 - the failure is expected somewhere inside the process's own block

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import FfmpegError
from pipeline.ffmpeg import process as ffmpeg

TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000:duration=1"]
ENDLESS = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000"]
NULL = ["-f", "null", "-"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stand_in(folder: Path, script: str) -> str:
    """Make an executable that stands where ffmpeg is expected."""
    path = folder / "ffmpeg-of-mine"
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_run_returns_what_ffmpeg_wrote() -> None:
    done = ffmpeg.run([*TONE, "-f", "s16le", "-"], timeout_s=30)
    assert len(done.stdout) == 16000


def test_run_feeds_standard_input() -> None:
    raw = np.arange(100, dtype="<i2").tobytes()
    arguments = ["-f", "s16le", "-ar", "8000", "-ch_layout", "mono", "-i", "-", "-f", "s16le", "-"]
    assert ffmpeg.run(arguments, stdin=raw, timeout_s=30).stdout == raw


def test_a_failure_tells_the_purpose_and_ffmpegs_own_words(tmp_path: Path) -> None:
    with pytest.raises(FfmpegError) as caught:
        ffmpeg.run(
            ["-i", ffmpeg.file_argument(tmp_path / "none.wav"), *NULL], timeout_s=30, purpose="decoding none.wav"
        )
    assert "No such file" in caught.value.what
    assert caught.value.where == "decoding none.wav"


def test_a_run_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(FfmpegError, match="longer than"):
        ffmpeg.run(["-re", *ENDLESS, *NULL], timeout_s=0.3)


@pytest.mark.parametrize(
    "name", ["-y.raw", "a b.raw", 'it\'s "quoted".raw', "größe-日本.raw", "concat:a|b.raw", "%03d.raw"]
)
def test_any_file_name_is_taken_for_a_file_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg.run([*TONE, "-f", "s16le", ffmpeg.file_argument(path)], timeout_s=30)
    assert path.stat().st_size == 16000


def test_the_environment_variable_chooses_the_binary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = stand_in(tmp_path, "print('mine')")
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, mine)
    assert ffmpeg.ffmpeg_path() == Path(mine)
    assert ffmpeg.run([], timeout_s=30).stdout == b"mine\n"


def test_a_missing_ffmpeg_is_named_with_the_way_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FfmpegError, match="nowhere") as caught:
        ffmpeg.run(NULL, timeout_s=30)
    assert ffmpeg.OVERRIDE_VARIABLE in caught.value.hint


def test_a_broken_binary_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, str(broken))
    with pytest.raises(FfmpegError, match="can't start"):
        ffmpeg.run(NULL, timeout_s=30)


def test_a_process_reads_what_it_writes_piece_by_piece() -> None:
    raw = np.random.default_rng(1).integers(-3000, 3000, 200_000).astype("<i2")
    pipe = ["-f", "s16le", "-ar", "8000", "-ch_layout", "mono", "-i", "-", "-f", "s16le", "-"]
    got: list[bytes] = []
    process = ffmpeg.Process(pipe, writes=True, reads=True)

    def listen() -> None:
        while part := process.read(4096):
            got.append(part)

    with process:
        listener = threading.Thread(target=listen)
        listener.start()
        for start in range(0, len(raw), 50_000):
            process.write(raw[start : start + 50_000].data)
        assert process._process.stdin is not None
        process._process.stdin.close()
        listener.join(30)
    assert b"".join(got) == raw.tobytes()
    assert not is_alive(process.pid)


def test_a_process_that_fails_is_told_by_close() -> None:
    process = ffmpeg.Process(["-i", "file:/nowhere/at/all", "-f", "s16le", "-"], reads=True, purpose="reading nothing")
    assert process.read(100) == b""
    with pytest.raises(FfmpegError, match="No such file") as caught:
        process.close()
    assert caught.value.where == "reading nothing"


def test_writing_to_a_process_that_gave_up_tells_its_words() -> None:
    with (
        pytest.raises(FfmpegError, match="Unknown encoder"),
        ffmpeg.Process(
            ["-f", "s16le", "-ar", "8000", "-i", "-", "-c:a", "no-such-encoder", *NULL], writes=True
        ) as process,
    ):
        for _ in range(1000):
            process.write(bytes(1 << 16))


def test_a_process_that_ends_in_the_middle_tells_the_signal() -> None:
    with (
        pytest.raises(FfmpegError, match="signal 9"),
        ffmpeg.Process(["-f", "s16le", "-ar", "8000", "-i", "-", *NULL], writes=True) as process,
    ):
        process.write(bytes(1 << 16))
        os.kill(process.pid, signal.SIGKILL)
        for _ in range(1000):
            process.write(bytes(1 << 16))


def test_a_flood_on_standard_error_blocks_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flood = "import sys\nfor i in range(200000): sys.stderr.write('word %d\\n' % i)\nprint('done')"
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, stand_in(tmp_path, flood))
    with ffmpeg.Process([], reads=True) as process:
        assert process.read(100) == b"done\n"
    assert process.stderr.endswith("word 199999")
    assert len(process.stderr) < 10_000


def test_a_process_that_stalls_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ffmpeg.OVERRIDE_VARIABLE, stand_in(tmp_path, "import time\ntime.sleep(60)"))
    with pytest.raises(FfmpegError, match="longer than"), ffmpeg.Process([], reads=True, stall_s=0.5) as process:
        process.read(1)
    assert not is_alive(process.pid)


def test_a_process_has_a_time_limit_altogether() -> None:
    with (
        pytest.raises(FfmpegError, match="longer than"),
        ffmpeg.Process(["-re", *ENDLESS, "-f", "s16le", "-"], reads=True, timeout_s=0.5) as process,
    ):
        while process.read(100):
            pass


def test_an_error_of_the_caller_ends_the_process() -> None:
    with pytest.raises(KeyError), ffmpeg.Process([*ENDLESS, "-f", "s16le", "-"], reads=True) as process:
        process.read(100)
        raise KeyError
    assert not is_alive(process.pid)


def test_unread_output_does_not_block_the_end() -> None:
    with ffmpeg.Process(
        ["-f", "lavfi", "-i", "sine=duration=60:sample_rate=48000", "-f", "s16le", "-"], reads=True
    ) as process:
        process.read(100)
    assert not is_alive(process.pid)


def test_an_interrupt_ends_ffmpeg_too(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    child = tmp_path / "child.py"
    child.write_text(
        "import pathlib, sys\nfrom pipeline.ffmpeg import process as ffmpeg\n"
        "with ffmpeg.Process(['-re', '-f', 'lavfi', '-i', 'sine', '-f', 's16le', '-'], reads=True) as process:\n"
        f"    pathlib.Path({str(told)!r}).write_text(str(process.pid))\n"
        "    while process.read(1000):\n        pass\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(child)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    deadline = time.monotonic() + 20
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    _, words = parent.communicate(timeout=20)
    assert b"KeyboardInterrupt" in words
    assert not is_alive(int(told.read_text()))
