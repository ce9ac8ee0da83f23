"""What this process may use of its machine: cores and memory, less where a container or a service has been limited.

psutil knows every system's cores and memory; what Linux control groups (cgroup v2, and v1) allow is read here, from
the process's own group up to the root. This module starts nothing and changes nothing.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class CgroupLimits:
    """What control groups allow a process; None where they set no limit.

    Parameters
    ----------
    cores
        Processor time a second, in cores; may be a fraction.
    memory_bytes
        At most so much memory.
    memory_used_bytes
        What the group with that limit has used of it, without files that are only cached.
    """

    cores: float | None = None
    memory_bytes: int | None = None
    memory_used_bytes: int = 0


def cgroup_limits(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> CgroupLimits:
    """Read the limits of a process's control groups; none where the system has no such groups.

    Parameters
    ----------
    root
        Where they are mounted.
    own
        The file that names the groups of the process.
    """
    cores: float | None = None
    limit: int | None = None
    used = 0
    for folder in _groups(root, own):
        share = _quota(folder)
        if share is not None and (cores is None or share < cores):
            cores = share
        allowed = _number(folder / "memory.max", folder / "memory.limit_in_bytes")
        if allowed is not None and (limit is None or allowed < limit):
            limit, used = allowed, _used_bytes(folder)
    return CgroupLimits(cores, limit, used)


def usable_cores() -> int:
    """How many cores this process may keep busy, by its affinity and its share of processor time; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        import psutil  # noqa: PLC0415 - only where Python itself does not know

        process = psutil.Process()
        cores = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else os.cpu_count() or 1
    share = cgroup_limits().cores
    return max(1, cores if share is None else min(cores, int(share)))


def memory_bytes() -> int:
    """How much memory this process may have, used or not."""
    import psutil  # noqa: PLC0415 - tools start quickly

    there = int(psutil.virtual_memory().total)
    limit = cgroup_limits().memory_bytes
    return there if limit is None else min(there, limit)


def free_memory_bytes() -> int:
    """How much memory this process can take without others being swapped out."""
    import psutil  # noqa: PLC0415 - tools start quickly

    free = int(psutil.virtual_memory().available)
    limits = cgroup_limits()
    return free if limits.memory_bytes is None else min(free, max(0, limits.memory_bytes - limits.memory_used_bytes))


def _groups(root: Path, own: Path) -> Iterator[Path]:
    """The folders of the process's groups and of those around them, from the innermost on, of either version."""
    try:
        lines = own.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for mount in (root / name for name in ([""] if not controllers else [controllers, *controllers.split(",")])):
            group = Path(os.path.normpath(f"{mount}/{path}"))
            while group.is_relative_to(mount):
                yield group
                group = group.parent


def _quota(folder: Path) -> float | None:
    """Cores that a group may keep busy."""
    words = _words(folder / "cpu.max")
    if len(words) == 2 and all(word.isdecimal() for word in words):  # noqa: PLR2004 - quota and period
        quota, period = int(words[0]), int(words[1])
    else:
        quota = _number(folder / "cpu.cfs_quota_us") or 0
        period = _number(folder / "cpu.cfs_period_us") or 0
    return quota / period if quota and period else None


def _used_bytes(folder: Path) -> int:
    used = _number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0
    words = _words(folder / "memory.stat")
    cached = next((int(words[at + 1]) for at, word in enumerate(words[:-1]) if word == "inactive_file"), 0)
    return max(0, used - cached)


def _number(*paths: Path) -> int | None:
    """The number in the first of the files that is there; None where it says that there is no limit."""
    for path in paths:
        words = _words(path)
        if words:
            return int(words[0]) if words[0].isdecimal() else None
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


_VENDORS: Final = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}
_INSTRUCTIONS: Final = (
    ("amx_tile", "AMX"),
    ("avx512_bf16", "AVX-512 bfloat16"),
    ("avx512f", "AVX-512"),
    ("avx2", "AVX2"),
)
_HELD_TO: Final = "ATEN_CPU_CAPABILITY"
"""Holds the libraries that compute to fewer instructions than there are."""


def processor_kind(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name the kind of processor on which computing gives the same bytes: its maker and its widest instructions.

    Parameters
    ----------
    cpuinfo
        Where Linux describes it; other systems tell their architecture alone.
    """
    machine = platform.machine() or "unknown"
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return machine
    entries = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}
    flags = set(entries.get("flags", "").split())
    held = os.environ.get(_HELD_TO, "")
    known = [words for flag, words in _INSTRUCTIONS if flag in flags and (not held or words == "AVX2")]
    maker = _VENDORS.get(entries.get("vendor_id", ""), entries.get("vendor_id", ""))
    return " ".join(one for one in (maker, machine, *known[:1]) if one)
