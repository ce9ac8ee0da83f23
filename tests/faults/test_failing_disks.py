"""Disks that are full, or fail, at every kind of write: one clear error, nothing half-published, then the same film."""

# ruff: noqa: PT017 - whether it fails, and so whether there is an error, is left to chance

from __future__ import annotations

import errno
import random
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.cli.entrance import as_our_error
from pipeline.errors import BuildVideoError, DiskFullError, OutputError, StoreError
from pipeline.store import files
from tests.faults.conftest import Reference, copy_before
from tests.faults.injection import Disk, failing_disk
from tests.faults.tiny import STAGES, build_here, half_published, results

LEAST = 3
KINDS = {errno.ENOSPC: DiskFullError, errno.EDQUOT: DiskFullError, errno.EIO: StoreError, errno.EROFS: OutputError}


def test_any_write_may_fail_and_the_film_is_the_same_in_the_end(
    reference: Reference, tmp_path: Path, rng: random.Random
) -> None:
    output = tmp_path / "out"
    failed = []
    while True:
        disk = Disk(output, fail_at=rng.randint(1, 60), number=rng.choice(list(KINDS)))
        try:
            with failing_disk(disk):
                build_here(reference.production, output)
        except BuildVideoError as error:
            failed.append(disk.failed)
            assert isinstance(error, KINDS[disk.number]), (disk.failed, error)
            assert error.where, disk.failed
            assert not isinstance(error, DiskFullError) or "are free" in error.expected, disk.failed
            assert half_published(output) == [], disk.failed
        else:
            if disk.failed:
                failed.append(f"{disk.failed} (in passing)")
            elif len(failed) >= LEAST:
                break
            else:
                shutil.rmtree(output)  # nothing was left to be written: from the beginning
    assert results(output) == reference.results, failed


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The operating system's own limit: it holds for ffmpeg and for every library too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("stage", STAGES)
def test_files_that_may_not_grow_are_told_as_such_whoever_writes_them(
    reference: Reference, tmp_path: Path, stage: str
) -> None:
    output = copy_before(reference, stage, tmp_path)
    sizes = [path.stat().st_size for path in (reference.output / "work" / stage).rglob("*") if path.is_file()]
    for size in (60, max(sizes) // 2, max(sizes) - 1):
        with pytest.raises(DiskFullError) as caught, no_file_larger_than(size):
            build_here(reference.production, output, stage)
        assert "limit of file sizes" in caught.value.expected
        assert caught.value.where.startswith(str(tmp_path))
        assert half_published(output) == []
    build_here(reference.production, output)
    assert results(output) == reference.results


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[Path]:
    """A disk of our own, where this user may have one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_truly_full_disk_stops_every_stage_and_room_lets_it_go_on(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed_kib = sum(path.stat().st_size for path in reference.output.rglob("*") if path.is_file()) // 1024
    monkeypatch.setattr(files, "free_bytes", lambda _: None)  # no estimate: each stage finds out for itself
    full, told = 0, []
    with small_disk(tmp_path / "disk", 16) as disk:
        for size_kib in range(16, 8 * needed_kib, max(16, needed_kib // 16)):
            subprocess.run(["mount", "-o", f"remount,size={size_kib}k", disk], check=True)
            try:
                build_here(reference.production, disk / "out")
                break
            except DiskFullError as error:
                full += 1
                assert "free space" in error.expected
                told.append(error.expected)
                assert half_published(disk / "out") == []
        assert results(disk / "out") == reference.results
    assert full > 8
    assert any("that were written" in text for text in told)


@pytest.mark.parametrize("stage", ["train", "sample", "render", "compose"])
def test_what_will_find_no_room_is_refused_before_it_begins(
    reference: Reference, tmp_path: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = copy_before(reference, stage, tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("pipeline.store.files.shutil.disk_usage", lambda _: usage._replace(free=300))
    with pytest.raises(DiskFullError, match="not enough room") as caught:
        build_here(reference.production, output)
    assert "300 bytes are free" in caught.value.expected
    assert "about " in caught.value.expected
    left = [path for path in (output / "work" / stage).rglob("*") if path.is_file() and path.parent.name != "names"]
    assert [path.name for path in left if path.name not in {"planned.json", "ingredients.json"}] == []
    monkeypatch.undo()
    build_here(reference.production, output)
    assert results(output) == reference.results


def test_a_disk_that_is_full_where_no_stage_writes_is_told_as_such() -> None:
    told = as_our_error(OSError(errno.ENOSPC, "No space left on device", "/home/x/.cache/numba/index.nbi"))
    assert isinstance(told, DiskFullError)
    assert "index.nbi" in told.where
    assert "fault in build-video" in as_our_error(OSError(errno.EAGAIN, "Resource temporarily unavailable")).what
