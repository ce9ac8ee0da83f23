import os
from pathlib import Path

import psutil
import pytest

from pipeline.runtime import machine
from pipeline.runtime.machine import CgroupLimits, cgroup_limits, free_memory_bytes, memory_bytes, usable_cores
from pipeline.store.files import process_runs


def groups(folder: Path, own: str, files: dict[str, str]) -> CgroupLimits:
    """Read the limits of made control groups."""
    root = folder / "cgroup"
    root.mkdir()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (folder / "own").write_text(own)
    return cgroup_limits(root, folder / "own")


def test_no_group_sets_no_limit(tmp_path: Path) -> None:
    assert cgroup_limits(tmp_path, tmp_path / "absent") == CgroupLimits()
    assert groups(tmp_path, "0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n"}) == CgroupLimits()


def test_the_limits_of_a_container_are_read(tmp_path: Path) -> None:
    found = groups(
        tmp_path,
        "0::/\n",
        {
            "cpu.max": "150000 100000\n",
            "memory.max": "1073741824\n",
            "memory.current": "300\n",
            "memory.stat": "anon 200\nfile 100\ninactive_file 80\n",
        },
    )
    assert found == CgroupLimits(1.5, 1 << 30, 220)


def test_the_narrowest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    found = groups(
        tmp_path,
        "0::/user.slice/build.scope\n",
        {
            "user.slice/build.scope/cpu.max": "400000 100000\n",
            "user.slice/build.scope/memory.max": "max\n",
            "user.slice/cpu.max": "200000 100000\n",
            "user.slice/memory.max": "4096\n",
            "user.slice/memory.current": "1000\n",
            "memory.max": "8192\n",
        },
    )
    assert found == CgroupLimits(2.0, 4096, 1000)


def test_the_first_version_of_control_groups_is_read_too(tmp_path: Path) -> None:
    found = groups(
        tmp_path,
        "4:memory:/docker/one\n3:cpu,cpuacct:/docker/one\n1:name=systemd:/docker/one\n",
        {
            "memory/docker/one/memory.limit_in_bytes": "2048\n",
            "memory/docker/one/memory.usage_in_bytes": "50\n",
            "cpu/docker/one/cpu.cfs_quota_us": "300000\n",
            "cpu/docker/one/cpu.cfs_period_us": "100000\n",
        },
    )
    assert found == CgroupLimits(3.0, 2048, 50)


@pytest.mark.parametrize("nonsense", ["", "x y z", "\u00e9", "-1 100000", "0 0", "100000 0"])
def test_files_that_say_nothing_set_no_limit(tmp_path: Path, nonsense: str) -> None:
    own = "0::/../../etc\nnonsense\n::::\n"
    assert groups(tmp_path, own, {"cpu.max": nonsense, "memory.stat": "inactive_file"}).cores is None


def test_cores_and_memory_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert 0 < free_memory_bytes() <= memory_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(machine, "cgroup_limits", lambda: CgroupLimits(0.5, 1 << 20, 1 << 19))
    assert usable_cores() == 1
    assert memory_bytes() == 1 << 20
    assert free_memory_bytes() == 1 << 19


def test_a_process_is_known_to_run_or_not() -> None:
    assert process_runs(os.getpid())
    assert not any(process_runs(number) for number in (0, -1, 2**22 + 1, 2**70))
