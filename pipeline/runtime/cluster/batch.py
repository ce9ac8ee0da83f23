"""Workers as jobs of a batch system: what a person's settings may say, and the scheduler here that the jobs reach.

A job's script is made by dask-jobqueue, line by line from these settings: a value of several lines, or one that opens a
port to everybody, is refused before.

Source: https://jobqueue.dask.org/en/latest/clusters-configuration-setup.html
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from pipeline.errors import InputError
from pipeline.runtime.cluster.choice import KINDS, ClusterChoice
from pipeline.runtime.cluster.connecting import CLOSE_S, SILENT, security
from pipeline.runtime.cluster.extra import load
from pipeline.runtime.wording.named_files import near_names

_LOOPBACK: Final = "127.0.0.1"
_LOOK_EVERY_S: Final = 5.0
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
    refused
        The batch system's own words, where it took no job when it was asked last.
    """

    cluster: Any
    refused: str = ""


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
    jobs = Jobs(cluster)
    keeping = Thread(target=_keep, args=(jobs, choice.jobs, ended), daemon=True)
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


def _keep(jobs: Jobs, wanted: int, ended: Event) -> None:
    while not ended.wait(_LOOK_EVERY_S):
        try:
            jobs.cluster.sync(_ask, jobs.cluster, wanted)
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
    settings = {"processes": 1, **choice.settings, "scheduler_options": options}  # each piece has one of its own
    settings["worker_extra_args"] = [
        *settings.get("worker_extra_args", ()),
        "--no-dashboard",
    ]  # it is open to everybody
    if _PLAIN_PATH.fullmatch(str(logs)):  # or batch systems put them into the folder in which a person stands
        settings.setdefault("log_directory", str(logs))
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
