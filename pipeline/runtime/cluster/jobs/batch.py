"""Workers as jobs of a batch system: what a person's settings may say, and the scheduler here that the jobs reach.

A job's script is made by dask-jobqueue, line by line from these settings: a value of several lines, or one that opens a
port to everybody, is refused before.

Source: https://jobqueue.dask.org/en/latest/clusters-configuration-setup.html
"""

from __future__ import annotations

import inspect
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from pipeline.errors import InputError, WorkerError
from pipeline.runtime.cluster.choice import KINDS, ClusterChoice
from pipeline.runtime.cluster.connecting import CLOSE_S, SILENT, security
from pipeline.runtime.cluster.extra import load
from pipeline.runtime.cluster.jobs import queues
from pipeline.runtime.wording.named_files import near_names

_LOOPBACK: Final = "127.0.0.1"
_LOOK_EVERY_S: Final = 5.0
_SELDOM_S: Final = 300.0
_MOST_VAIN: Final = 3
"""Jobs that ended so often in a row before any of them began work won't do better."""
_MOST_ABSENT: Final = 6
_SHOWN: Final = 5
_MOST_DEATHS: Final = 100
"""So many jobs may end below one piece, which goes on in the next: a training may outlast many walltimes."""
_LONGEST_WORDS: Final = 300
_MOST_CORES: Final = 4096
_MEMORY: Final = re.compile(r"[0-9]+(\.[0-9]+)? ?([kKMGTP]i?)?B?")
_PLAIN_PATH: Final = re.compile(r"[\w./+-]+")
"""A path that needs no quoting in the script of a job."""
_OURS: Final = ("security", "protocol", "loop", "asynchronous", "scheduler", "n_workers", "job_cls", "config_name")
"""Settings that belong to this program."""


@dataclass
class Jobs:
    """A scheduler here and the jobs that were asked for.

    Parameters
    ----------
    cluster
        Dask's.
    choice
        What was asked for.
    logs
        Where jobs print.
    refused
        The batch system's own words, where it took no job when it was asked last.
    """

    cluster: Any
    choice: ClusterChoice
    logs: Path
    refused: str = ""
    _waiting: dict[str, str] = field(default_factory=dict)
    """Why jobs wait, by their numbers."""
    _ended: str = ""
    """How a job ended before it began work."""
    _vain: int = 0
    """How many jobs ended so, since one began work."""
    _seen: set[str] = field(default_factory=set)
    """Numbers of jobs that began work."""
    _absent: dict[str, int] = field(default_factory=dict)
    """How often a job was seen without workers, by its name at the scheduler."""

    def why_fewer(self) -> str:
        """Say why there are fewer workers than were asked for; empty where the batch system says nothing.

        Raises
        ------
        WorkerError
            Where no job has begun work, and those that were asked for ended again and again.
        """
        if not self._seen and self._vain >= _MOST_VAIN * self.choice.jobs:
            raise WorkerError(
                f"Jobs end before they begin work: {self._ended}.",
                where=self.choice.named,
                expected="jobs that can start build-video's Python and reach this machine",
                hint="See what they print; python, job_script_prologue and interface are settings for that.",
            )
        return self.refused or "; ".join(self._waiting_words()) or self._ended

    def _waiting_words(self) -> Iterator[str]:
        for reason in dict.fromkeys(self._waiting.values()):
            jobs = sorted((job for job, why in self._waiting.items() if why == reason), key=lambda job: (len(job), job))
            shown = ", ".join(jobs[:_SHOWN]) + (f" and {len(jobs) - _SHOWN} more" if len(jobs) > _SHOWN else "")
            words = f"jobs {shown} wait" if len(jobs) > 1 else f"job {shown} waits"
            yield words + (f" ({reason})" if reason else "")

    def pause_s(self) -> float:
        """How long to wait before looking again: jobs that end at once are not asked for all the time."""
        return float(min(_LOOK_EVERY_S * 2 ** (self._vain // self.choice.jobs), _SELDOM_S))

    def look(self) -> None:
        """See how the jobs stand, and forget those that have ended: others take their places."""
        held = {name: job.job_id for name, job in list(self.cluster.workers.items()) if job.job_id}
        states = queues.states(self.choice.kind)
        begun = self._begun(held)
        self._seen |= {held[name] for name in begun}
        self._absent = {name: self._absent.get(name, 0) + 1 for name in held if name not in begun}
        if begun:
            self._vain, self._ended = 0, ""
        self._waiting = {
            job: states[job].reason
            for job in map(held.get, self._absent)
            if states and job in states and states[job].waits
        }
        lost = [name for name in self._absent if self._has_ended(name, held[name], states)]
        for job in (held[name] for name in lost if held[name] not in self._seen):
            self._vain += 1
            said = queues.last_words(self.logs, job)
            self._ended = f"job {job} ended before it began work" + (f"; it says last: {said}" if said else "")
        if lost:
            self.cluster.sync(_forget, self.cluster, lost)

    def _has_ended(self, name: str, job: str, states: Mapping[str, queues.JobState] | None) -> bool:
        """Whether a job without workers has ended; where its system is not asked, one that had some a while ago."""
        if states is None:
            return job in self._seen and self._absent[name] >= _MOST_ABSENT
        return job not in states

    def _begun(self, held: Mapping[str, str]) -> set[str]:
        """Names of jobs whose workers are there; a job of several processes has several."""
        there = [str(one.name) for one in list(self.cluster.scheduler.workers.values())]
        return {name for name in held if any(one == name or one.startswith(f"{name}-") for one in there)}


@contextmanager
def started_jobs(choice: ClusterChoice, logs: Path) -> Iterator[Jobs]:
    """Offer a scheduler here and the jobs of a batch system, with another job in the place of each that ends.

    A job ends at its walltime, which a training may well outlast.

    Parameters
    ----------
    logs
        A folder for what the jobs print, where the settings name none.

    Raises
    ------
    InputError
        Where the settings can't be used, or the batch system takes no job.
    """
    cluster, ended = prepared(choice, logs), Event()
    jobs = Jobs(cluster, choice, Path(choice.settings.get("log_directory", logs)))
    keeping = Thread(target=_keep, args=(jobs, ended), daemon=True)
    try:
        _ask_at_first(cluster, choice)
        keeping.start()
        yield jobs
    finally:
        ended.set()
        if keeping.ident is not None:
            keeping.join(CLOSE_S)  # or it would ask for jobs while all are given back
        with suppress(Exception):
            cluster.close(timeout=CLOSE_S)


def _ask_at_first(cluster: Any, choice: ClusterChoice) -> None:
    try:
        cluster.sync(_ask, cluster, choice.jobs)
    except Exception as error:
        raise InputError(
            f"The batch system takes no job: {_words_of(error)}",
            where=choice.named,
            expected=f"settings with which {choice.kind} takes jobs, on a machine where it does",
            hint="https://jobqueue.dask.org lists the settings of each batch system.",
        ) from error


def _words_of(error: Exception) -> str:
    """What the program that takes jobs has said."""
    said = str(error).rpartition("stderr:")[2].split("\n")
    return " ".join(said).strip()[:_LONGEST_WORDS] or type(error).__name__


async def _ask(cluster: Any, jobs: int) -> None:
    """Ask for as many jobs as are missing."""
    cluster.scale(jobs=jobs)
    try:
        await cluster._correct_state()  # noqa: SLF001 - `scale` does the same later, and keeps errors to itself
    except Exception:
        _forget_refused(cluster)
        raise


def _forget_refused(cluster: Any) -> None:
    """Forget jobs that were not taken: a cluster that holds such can't be closed."""
    for name, job in list(cluster.workers.items()):
        if job.job_id is None:
            del cluster.workers[name]
    cluster._created -= {job for job in cluster._created if job.job_id is None}  # noqa: SLF001 - nothing else says so


async def _forget(cluster: Any, names: list[str]) -> None:
    """Forget jobs that have ended; whoever asks next asks for others in their places."""
    for name in names:
        job = cluster.workers.pop(name, None)
        cluster.worker_spec.pop(name, None)
        cluster._created.discard(job)  # noqa: SLF001 - nothing else says so
        cluster._i += 1  # noqa: SLF001 - it would close, in a while, whoever has the name of a worker that is gone


def _keep(jobs: Jobs, ended: Event) -> None:
    while not ended.wait(jobs.pause_s()):
        try:
            jobs.look()
            jobs.cluster.sync(_ask, jobs.cluster, jobs.choice.jobs)
            jobs.refused = ""
        except Exception as error:  # noqa: BLE001 - the batch system is asked again, and whoever waits is told
            jobs.refused = _words_of(error)


def prepared(choice: ClusterChoice, logs: Path) -> Any:
    """Start a scheduler here for jobs that nobody has asked for yet; see `started_jobs`."""
    kind = getattr(load("dask_jobqueue"), KINDS[choice.kind])
    _check_names(choice, _settings_of(kind))
    _check_values(choice)
    options = dict(choice.settings.get("scheduler_options", {}))
    _check_network(choice, options)
    options.setdefault("dashboard_address", f"{_LOOPBACK}:0")
    options.setdefault("dashboard", False)
    options.setdefault("allowed_failures", _MOST_DEATHS)
    settings = {"processes": 1, **choice.settings, "scheduler_options": options}  # each piece has one of its own
    settings["worker_extra_args"] = [
        *settings.get("worker_extra_args", ()),
        "--no-dashboard",
    ]  # it is open to everybody
    if _PLAIN_PATH.fullmatch(str(logs)):  # or batch systems put them into the folder in which a person stands
        settings.setdefault("log_directory", str(logs))
    settings.setdefault("python", shlex.quote(sys.executable))
    try:
        return kind(**settings, security=security(choice.tls), silence_logs=SILENT)
    except Exception as error:
        raise InputError(
            f"dask-jobqueue can't use these settings: {error}",
            where=choice.named,
            expected="cores and memory, and what the batch system asks for",
            hint="https://jobqueue.dask.org lists the settings of each batch system.",
        ) from error


def _check_names(choice: ClusterChoice, known: list[str]) -> None:
    for name in choice.settings:
        if name not in known:
            near = near_names(name, known)
            raise InputError(
                f"dask-jobqueue has no setting '{name}' for {choice.kind}.",
                where=choice.named,
                expected=", ".join(known),
                hint=f"Did you mean '{near[0]}'?" if near else "",
            )


def _check_values(choice: ClusterChoice) -> None:
    cores, memory = choice.settings.get("cores"), choice.settings.get("memory")
    if type(cores) is not int or not 1 <= cores <= _MOST_CORES:
        raise _wrong("cores", f"a whole number from 1 to {_MOST_CORES}: those of one job", choice)
    if not isinstance(memory, str) or not _MEMORY.fullmatch(memory):
        raise _wrong("memory", 'what one job may take, such as memory = "16GB"', choice)
    for name, value in _texts(choice.settings):
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
            raise _wrong(name, "text of one line: each becomes a line of the job's script", choice)

    for name, path in choice.tls.items():
        if not _PLAIN_PATH.fullmatch(path):
            raise _wrong(
                f"tls.{name}", "a file whose path has no spaces: it becomes a part of the job's script", choice
            )


def _wrong(name: str, expected: str, choice: ClusterChoice) -> InputError:
    return InputError(
        "A setting of the batch system can't be used.", where=f"{choice.named}, {name}", expected=expected
    )


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts in settings, with the names that lead to them."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{name}.{key}".lstrip("."), str(key)
            yield from _texts(inner, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)


def _check_network(choice: ClusterChoice, options: Mapping[str, Any]) -> None:
    """Refuse a scheduler that everybody could reach."""
    if "interface" not in choice.settings and not {"host", "interface"} & options.keys():
        raise InputError(
            "The settings do not say on which network the jobs reach this machine.",
            where=choice.named,
            expected='interface = "eth0", or scheduler_options = { host = "..." }: no port is opened on all networks',
            hint="`ip address` lists the interfaces of this machine.",
        )
    for name in ("host", "dashboard_address"):
        if name in options and _is_everywhere(str(options[name])):
            raise _wrong(f"scheduler_options.{name}", "the address of one network of this machine", choice)


def _is_everywhere(address: str) -> bool:
    """Whether an address, with or without a port, stands for all networks."""
    host = address.rpartition("://")[2]
    host = host.partition("]")[0].lstrip("[") if host.startswith("[") else re.sub(r":[0-9]*$", "", host)
    with suppress(ValueError):
        return ip_address(host).is_unspecified
    return host in {"", "*"}


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
    return sorted(names - {"self", *_OURS})
