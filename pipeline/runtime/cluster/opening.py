"""A cluster from the words of a command line to an executor, checked before anything is begun."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cloudpickle
from distributed import LocalCluster

from pipeline.errors import InputError, WorkerError
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Admission, Passport
from pipeline.runtime.cluster.choice import KINDS, LOCAL, ClusterChoice
from pipeline.runtime.cluster.connecting import ANSWER_S, CLOSE_S, SILENT
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.jobs.batch import started_jobs
from pipeline.runtime.machine import usable_cores

_FIRST_WORKER_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.2
_LOOPBACK: Final = "127.0.0.1"
_SHOWN: Final = 5
_LOGS: Final = "cluster-logs"


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
        if jobs is None:
            executor.remember_size()
        try:
            yield executor
        finally:
            executor.forget_admission()


@contextmanager
def connected(choice: ClusterChoice, folder: Path, *, jobs: int | None) -> Iterator[DaskExecutor]:
    """Offer the connection to a cluster whose workers have no work yet; see `open_cluster`."""
    token = f".cluster.{os.getpid()}-{uuid.uuid4().hex[:8]}"  # one that a kill leaves is swept as a stray
    passport = Passport(admission.own_versions(), str(folder), token)
    with ExitStack() as stack:
        started: AbstractContextManager[tuple[str, Callable[[], str]]] = nullcontext((choice.address, str))
        if not choice.address:
            started = _started(choice, folder, jobs)
        address, why_no_jobs = stack.enter_context(started)
        asked = (choice.jobs, choice.settings["cores"]) if choice.kind in KINDS else (0, 0)
        executor = DaskExecutor(address, choice.tls, passport, asked)
        executor.why_no_jobs = why_no_jobs
        stack.callback(executor.close)
        path = folder / token
        path.write_text(token, encoding="utf-8")
        stack.callback(path.unlink, missing_ok=True)
        yield executor


def _is_here(address: str) -> bool:
    return any(address.startswith(f"tcp://{host}:") for host in (_LOOPBACK, "localhost", "[::1]"))


def _admit(executor: DaskExecutor, note: Callable[[str], None], *, patience_s: float) -> None:
    """Wait for a worker, look at all that are there, and let those that fit have work."""
    begun, said = time.monotonic(), ""
    while not (about := look_at_workers(executor)):
        if time.monotonic() - begun > patience_s:
            raise WorkerError(
                "The scheduler has no worker.",
                where=executor.address,
                expected="at least one worker",
                hint=f"dask worker {executor.address} starts one.",
            )
        why = executor.why_no_jobs()
        words = "waiting for the first worker" + (f": the batch system says: {why}" if why else "")
        if words != said:
            note(words)
            said = words
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
        found = executor.client.run(
            admission.facts, own.versions, own.folder, own.token, on_error="return", callback_timeout=ANSWER_S
        )
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
        hint="Install the same build-video on them, with the same extras; BUILD_VIDEO_FFMPEG names an ffmpeg.",
    )


def _few(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more


@contextmanager
def _started(choice: ClusterChoice, folder: Path, jobs: int | None) -> Iterator[tuple[str, Callable[[], str]]]:
    """Start a cluster of our own; give its scheduler's address, and who says why there are fewer jobs."""
    if choice.kind == LOCAL:
        with _local(jobs or usable_cores()) as cluster:
            yield str(cluster.scheduler_address), str
    else:
        with started_jobs(choice, folder / _LOGS) as asked:
            yield str(asked.cluster.scheduler_address), asked.why_fewer


@contextmanager
def _local(jobs: int) -> Iterator[Any]:
    """Workers of this machine, reachable from it alone; each piece has a process of its own anyway."""
    cluster = LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host=_LOOPBACK,
        dashboard_address=f"{_LOOPBACK}:0",  # of the scheduler's own pages, which can't be left out
        scheduler_kwargs={"dashboard": False},
        worker_dashboard_address=None,
        memory_limit=0,
        silence_logs=SILENT,
    )
    try:
        yield cluster
    finally:
        with suppress(Exception):
            cluster.close(timeout=CLOSE_S)
