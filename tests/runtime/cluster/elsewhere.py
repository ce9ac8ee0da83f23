"""Workers in processes of their own that see other folders, or are cut off: what tests of real machines are made of."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dask
import pytest
from distributed import LocalCluster

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60
"""Nothing here is waited for longer: what takes so long never ends."""


@contextmanager
def scheduler(
    host: str = "127.0.0.1",
    *,
    protocol: str = "tcp://",
    security: object = None,
    workers: int = 0,
    **settings: object,
) -> Iterator[Any]:
    """A scheduler of this process that a test may spoil, with workers on threads; `settings` are Dask's."""
    with dask.config.set({name.replace("__", "."): value for name, value in settings.items()}):
        own = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            protocol=protocol,
            security=security,
            host=host,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address=None,
            silence_logs=50,
        )
        try:
            yield own
        finally:
            own.close(timeout=LIMIT_S)


@contextmanager
def scheduler_process(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A scheduler in a process of its own, which a test may stop in its tracks, and its address."""
    about = folder / "scheduler.json"
    command = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with (folder / "scheduler.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--scheduler-file", str(about)], stdout=log, stderr=log, start_new_session=True
        )
    try:
        limit = time.monotonic() + LIMIT_S
        while not about.exists() and time.monotonic() < limit:
            time.sleep(0.05)
        yield process, str(json.loads(about.read_text())["address"])
    finally:
        kill_whole(process)


@functools.cache
def own_view() -> tuple[str, ...]:
    """How a program is started that may mount folders which nobody else sees; nothing where that is not allowed."""
    for command in (("unshare", "-m"), ("unshare", "-r", "-m")):
        try:
            tried = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False, timeout=LIMIT_S
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
        if not tried.returncode:
            return command
    return ()


@contextmanager
def worker(
    address: str,
    folder: Path,
    *,
    hidden: Sequence[Path] = (),
    threads: int = 1,
    room: str = "",
    name: str = "a",
    host: str = "127.0.0.1",
    within: Sequence[str] = (),
    nanny: bool = False,
    tls: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, with a folder of its own for temporary files.

    Parameters
    ----------
    hidden
        Folders in whose place it sees empty ones.
    room
        The size of its own folder's disk, such as `4m`; without it that of the test.
    host
        Its own address.
    within
        What its program is started by.
    nanny
        Whether a process watches over it and starts it again; it leads the group of all its processes.
    tls
        Files of TLS, with which it connects.
    """
    if (hidden or room) and not own_view():
        pytest.skip("nothing may be mounted here")
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    mounts = [f"mount -t tmpfs none '{path}'" for path in hidden]
    mounts += [f"mount -t tmpfs -o size={room} none '{own}'"] if room else []
    program = (
        f"'{sys.executable}' -m dask worker {address} --{'' if nanny else 'no-'}nanny --nworkers 1 "
        f"--nthreads {threads} --host {host} "
        f"--no-dashboard --local-directory '{own}'"
    )
    if tls:
        program += f" --tls-ca-file '{tls['ca_file']}' --tls-cert '{tls['cert']}' --tls-key '{tls['key']}'"
    command = ["sh", "-c", " && ".join([*mounts, f"cd '{own}'", f"exec {program}"])]
    if mounts:
        command = [*own_view(), *command]
    command = [*within, *command]
    environment = os.environ | {"TMPDIR": str(own), "PYTHONPATH": str(ROOT)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        kill_whole(process)


@contextmanager
def little_memory(most_bytes: int) -> Iterator[tuple[str, ...]]:
    """What a program is started by whose processes the kernel kills where they take more memory altogether."""
    groups = Path("/sys/fs/cgroup/memory")  # of the first version of control groups, or
    limit = "memory.limit_in_bytes" if groups.is_dir() else "memory.max"
    own = (groups if groups.is_dir() else groups.parent) / f"build-video-{os.getpid()}"
    try:
        own.mkdir()
        (own / limit).write_text(str(most_bytes))
    except OSError:
        with suppress(OSError):
            own.rmdir()
        pytest.skip("no control group may be made here")
    try:
        yield ("sh", "-c", f'echo $$ > {own}/cgroup.procs && exec "$@"', "sh")
    finally:
        limit_s = time.monotonic() + LIMIT_S
        while own.exists() and time.monotonic() < limit_s:
            with suppress(OSError):  # killed processes leave it in their time
                own.rmdir()
            time.sleep(0.05)


def kill_whole(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker with its nanny and its helper processes, none of which can say or save anything more."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(LIMIT_S)


def certificates(folder: Path) -> dict[str, str]:
    """Files of TLS, made here: a certificate of one's own, which signs itself, as a lab's does."""
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cellar -keyout {key} -out {certificate}"
    if subprocess.run(words.split(), capture_output=True, check=False, timeout=LIMIT_S).returncode:
        pytest.skip("no openssl")
    return {"ca_file": certificate, "cert": certificate, "key": key}


@dataclass(frozen=True)
class Network:
    """Two addresses of this machine, and what starts a program at the second of them."""

    here: str
    there: str
    within: tuple[str, ...]

    def cut(self, process: subprocess.Popen[bytes]) -> None:
        """Cut a worker off: its link, or where it has none of its own, its processor time."""
        if self.within:
            subprocess.run(["ip", "link", "set", f"{self.within[-1]}a", "down"], check=True, timeout=LIMIT_S)
        else:
            process.send_signal(signal.SIGSTOP)


@contextmanager
def network() -> Iterator[Network]:
    """A network of two addresses, the second in a namespace of its own, where such may be made."""
    name = f"bv{os.getpid() % 10**6}"
    here, there = (f"10.231.{os.getpid() % 250}.{last}" for last in (1, 2))
    steps = [
        f"ip netns add {name}",
        f"ip link add {name}a type veth peer name {name}b netns {name}",
        f"ip address add {here}/24 dev {name}a",
        f"ip link set {name}a up",
        f"ip -n {name} address add {there}/24 dev {name}b",
        f"ip -n {name} link set {name}b up",
        f"ip -n {name} link set lo up",
    ]
    try:
        made = all(
            not subprocess.run(step.split(), capture_output=True, check=False, timeout=LIMIT_S).returncode
            for step in steps
        )
    except (OSError, subprocess.TimeoutExpired):
        made = False
    try:
        yield Network(here, there, ("ip", "netns", "exec", name)) if made else Network("127.0.0.1", "127.0.0.1", ())
    finally:
        for step in (f"ip link delete {name}a", f"ip netns delete {name}"):
            with suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(step.split(), capture_output=True, check=False, timeout=LIMIT_S)
