"""A cluster from the words of a command line to an executor, checked before anything is begun.

Source: https://jobqueue.dask.org/en/latest/clusters-configuration-setup.html
"""

from __future__ import annotations

import inspect
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cloudpickle
from distributed import LocalCluster

from pipeline.errors import InputError, WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Admission, Passport
from pipeline.runtime.cluster.choice import KINDS, LOCAL, ClusterChoice
from pipeline.runtime.cluster.connecting import security
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.extra import load
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.wording.named_files import near_names

_FIRST_WORKER_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.2
_LOOPBACK: Final = "127.0.0.1"
_SHOWN: Final = 5


@contextmanager
def open_cluster(
    choice: ClusterChoice, folder: Path, *, jobs: int | None, note: Callable[[str], None]
) -> Iterator[DaskExecutor]:
    """Offer the workers of a cluster; one that was started here is ended afterwards.

    Parameters
    ----------
    folder
        Where results are kept. Where a worker does not see it, files travel to all of them.
    jobs
        How many workers a cluster of this machine has; by default one a core.

    Raises
    ------
    InputError
        Where nobody answers, the settings are wrong, or a worker has other versions.
    WorkerError
        Where there is no worker.
    """
    with connected(choice, folder, jobs=jobs) as executor:
        _admit(executor, note, patience_s=_FIRST_WORKER_S if choice.kind not in KINDS else float("inf"))
        if not choice.tls and choice.address and not _is_here(choice.address):
            note(f"{choice.address} has no TLS: whoever reaches it can run programs on its workers, and read along")
        yield executor


@contextmanager
def connected(choice: ClusterChoice, folder: Path, *, jobs: int | None) -> Iterator[DaskExecutor]:
    """Offer the connection to a cluster whose workers have no work yet; see `open_cluster`."""
    token = f".cluster-{uuid.uuid4().hex}"
    passport = Passport(admission.own_versions(), str(folder), token)
    with ExitStack() as stack:
        address = choice.address or stack.enter_context(_started(choice, jobs or usable_cores()))
        executor = DaskExecutor(address, choice.tls, passport)
        stack.callback(executor.close)
        path = folder / token
        path.write_text(token, encoding="utf-8")
        stack.callback(path.unlink, missing_ok=True)
        yield executor


def _is_here(address: str) -> bool:
    return any(address.startswith(f"tcp://{host}:") for host in (_LOOPBACK, "localhost", "[::1]"))


def _admit(executor: DaskExecutor, note: Callable[[str], None], *, patience_s: float) -> None:
    """Wait for a worker, look at all that are there, and let those that fit have work."""
    begun, said = time.monotonic(), False
    while not (about := look_at_workers(executor)):
        if time.monotonic() - begun > patience_s:
            raise WorkerError(
                "The scheduler has no worker.",
                where=executor.address,
                expected="at least one worker",
                hint=f"dask worker {executor.address} starts one.",
            )
        if not said:
            note("waiting for the first worker")
            said = True
        time.sleep(_LOOK_EVERY_S)
    _refuse(executor, about)
    away = [f"{address}: {one['not_shared']}" for address, one in about.items() if one["not_shared"]]
    if away:
        executor.passport = replace(executor.passport, travels=True)
        note(f"files go to the workers and come back: not all see one folder ({_few(away)})")
    with _travelling_whole():
        executor.client.register_plugin(Admission(executor.passport))


@contextmanager
def _travelling_whole() -> Iterator[None]:
    """Send what looks at workers as it stands: one with another build-video, or none, must understand it."""
    cloudpickle.register_pickle_by_value(admission)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(admission)


def look_at_workers(executor: DaskExecutor) -> dict[str, dict[str, Any]]:
    """Describe all workers that are there, by address."""
    own = executor.passport
    with _travelling_whole():
        found = executor.client.run(admission.facts, own.versions, own.folder, own.token, on_error="return")
    return {
        address: one if isinstance(one, dict) else {"refusal": f"it can't answer: {one}", "not_shared": ""}
        for address, one in found.items()
    }


def _refuse(executor: DaskExecutor, about: dict[str, dict[str, Any]]) -> None:
    refused = [f"worker {address}: {one['refusal']}" for address, one in about.items() if one["refusal"]]
    if not refused:
        return
    raise InputError(
        f"Workers of the cluster can't make the same film. {_few(refused)}.",
        where=executor.address,
        expected="the same versions everywhere",
        hint="Install the same build-video on them.",
    )


def _few(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more


@contextmanager
def _started(choice: ClusterChoice, jobs: int) -> Iterator[str]:
    """Start a cluster of our own and give its scheduler's address."""
    cluster = _local(jobs) if choice.kind == LOCAL else _batch(choice)
    try:
        yield str(cluster.scheduler_address)
    finally:
        with suppress(Exception):
            cluster.close(timeout=5)


def _local(jobs: int) -> Any:
    """Workers of this machine, reachable from it alone; each piece has a process of its own anyway."""
    return LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host=_LOOPBACK,
        dashboard_address=f"{_LOOPBACK}:0",  # of the scheduler's own pages, which can't be left out
        scheduler_kwargs={"dashboard": False},
        worker_dashboard_address=None,
        memory_limit=0,
        silence_logs=50,
    )


def _batch(choice: ClusterChoice) -> Any:
    """A scheduler here, and workers as jobs of a batch system."""
    library = load("dask_jobqueue")
    kind = getattr(library, KINDS[choice.kind])
    known = _settings_of(kind)
    for name in choice.settings:
        if name not in known:
            near = near_names(name, known)
            raise InputError(
                f"dask-jobqueue has no setting '{name}' for {choice.kind}.",
                where=choice.named,
                expected=", ".join(known),
                hint=f"Did you mean '{near[0]}'?" if near else "",
            )
    options = dict(choice.settings.get("scheduler_options", {}))
    if "interface" not in choice.settings and not {"host", "interface"} & options.keys():
        raise InputError(
            "The settings do not say on which network the jobs reach this machine.",
            where=choice.named,
            expected='interface = "eth0", or scheduler_options = { host = "..." }: no port is opened on all networks',
            hint="`ip address` lists the interfaces of this machine.",
        )
    options.setdefault("dashboard_address", f"{_LOOPBACK}:0")
    options.setdefault("dashboard", False)
    settings = {**choice.settings, "scheduler_options": options}
    try:
        cluster = kind(**settings, security=security(choice.tls))
        cluster.scale(jobs=choice.jobs)
    except Exception as error:
        raise InputError(
            f"dask-jobqueue can't use these settings: {error}",
            where=choice.named,
            expected="cores and memory, and what the batch system asks for",
            hint="https://jobqueue.dask.org lists the settings of each batch system.",
        ) from error
    return cluster


def _settings_of(kind: Any) -> list[str]:
    """Name what a class of dask-jobqueue takes."""
    classes = [*kind.__mro__, *kind.job_cls.__mro__]
    names = {
        name
        for one in classes
        if "dask_jobqueue" in one.__module__ and "__init__" in vars(one)
        for name, parameter in inspect.signature(one.__init__).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    return sorted(names - {"self", "scheduler", "n_workers", "job_cls", "loop", "security", "asynchronous"})
