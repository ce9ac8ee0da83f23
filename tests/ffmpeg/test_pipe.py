"""Buffers written into a pipe arrive as they were, though they change as soon as they are written."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ffmpeg import pipe
from pipeline.ffmpeg.pipe import resize_pipe, write_all

PAGE = 4096


def through_a_pipe(frames: list[bytes], start: int, held: int, reads: int) -> bytes:
    """Write frames one after another from one buffer, that is changed in between; return what was read."""
    read_end, write_end = os.pipe()
    arrived: list[bytes] = []

    def read_all() -> None:
        with os.fdopen(read_end, "rb", buffering=0) as source:
            while part := source.read(reads):
                arrived.append(part)

    reader = threading.Thread(target=read_all)
    reader.start()
    with os.fdopen(write_end, "wb", buffering=0) as target:
        resize_pipe(target, held)
        buffer = bytearray(start + max(len(frame) for frame in frames))
        for frame in frames:
            view = memoryview(buffer)[start : start + len(frame)]
            view[:] = frame
            write_all(target, view)
            view[:] = bytes(len(frame))
    reader.join()
    return b"".join(arrived)


@given(
    sizes=st.lists(st.integers(0, 40 * PAGE), min_size=1, max_size=6),
    start=st.integers(0, PAGE),
    held=st.sampled_from([PAGE, 2 * PAGE, 8 * PAGE]),
    reads=st.integers(100, 20_000),
)
def test_a_buffer_may_change_as_soon_as_it_is_written(sizes: list[int], start: int, held: int, reads: int) -> None:
    frames = [bytes([1 + number]) * size for number, size in enumerate(sizes)]
    assert through_a_pipe(frames, start, held, reads) == b"".join(frames)


def test_a_system_that_takes_nothing_is_written_to_in_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "_vmsplice", lambda: lambda *_: 0)
    assert through_a_pipe([b"a" * (4 * PAGE)], 0, PAGE, PAGE) == b"a" * (4 * PAGE)


@pytest.mark.skipif(sys.platform != "linux", reason="pages are handed over on Linux alone")
def test_most_of_a_large_buffer_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    splice_front = pipe._splice_front

    def counted(splice: Any, descriptor: int, data: memoryview) -> int:
        handed.append(splice_front(splice, descriptor, data))
        return handed[-1]

    monkeypatch.setattr(pipe, "_splice_front", counted)
    assert through_a_pipe([bytes(range(256)) * 1024], 0, 8 * PAGE, 5000) == bytes(range(256)) * 1024
    assert handed == [256 * 1024 - 8 * PAGE]


@pytest.mark.parametrize("refused_after", [1, 5 * PAGE])
def test_where_the_system_refuses_all_is_written(monkeypatch: pytest.MonkeyPatch, refused_after: int) -> None:
    splice_front = pipe._splice_front
    monkeypatch.setattr(pipe, "_splice_front", lambda call, end, data: splice_front(call, end, data[:refused_after]))
    frame = os.urandom(64 * PAGE)
    assert through_a_pipe([frame, frame[::-1]], 3, 8 * PAGE, 5000) == frame + frame[::-1]


def test_a_reader_that_has_gone_is_an_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb", buffering=0) as target:
        for size in (10, 1 << 20):
            with pytest.raises(BrokenPipeError):
                write_all(target, memoryview(bytearray(size)))


def test_bytes_that_cannot_change_are_written_too() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb", buffering=0) as target, os.fdopen(read_end, "rb") as source:
        write_all(target, memoryview(b"abc"))
        target.close()
        assert source.read() == b"abc"
