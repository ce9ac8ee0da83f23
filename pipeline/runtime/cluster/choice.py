"""Which cluster a person has named: an address, this machine, or a file of settings.

Only what stands on the command line counts: neither a production nor the environment may name a scheduler.

Source: https://jobqueue.dask.org, https://distributed.dask.org/en/stable/tls.html
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError
from pipeline.runtime.wording.named_files import near_names

LOCAL: Final = "local"
_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[\w.-]+):([0-9]{1,5})")
_HIGHEST_PORT: Final = 65_535
_MOST_BYTES: Final = 100_000
KINDS: Final = {
    "htcondor": "HTCondorCluster",
    "lsf": "LSFCluster",
    "moab": "MoabCluster",
    "oar": "OARCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "slurm": "SLURMCluster",
}
"""Batch systems, and the class of dask-jobqueue for each."""
_TLS: Final = ("ca_file", "cert", "key")


@dataclass(frozen=True)
class ClusterChoice:
    """A cluster as a person named it.

    Parameters
    ----------
    named
        The words of the command line.
    address
        Of a scheduler that runs; empty where we start one.
    kind
        `local`, or one of `KINDS`; empty where there is an address.
    jobs
        How many jobs of a batch system are asked for.
    tls
        Files of TLS: `ca_file`, `cert`, `key`; empty without TLS.
    settings
        What goes to dask-jobqueue as it stands.
    """

    named: str
    address: str = ""
    kind: str = ""
    jobs: int = 1
    tls: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_choice(named: str) -> ClusterChoice:
    """Read what `--cluster` says.

    Raises
    ------
    InputError
        Where it is neither an address, nor `local`, nor a file of settings that can be used.
    """
    if named == LOCAL:
        return ClusterChoice(named, kind=LOCAL)
    if "://" in named:
        return ClusterChoice(named, address=_checked_address(named, "--cluster"))
    if named.endswith(".toml"):
        return _from_file(named, Path(named))
    raise InputError(
        f"'{named}' is no cluster.",
        where="--cluster",
        expected="tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, local, or a file cluster.toml",
    )


def _checked_address(address: str, where: str) -> str:
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) <= _HIGHEST_PORT:
        raise InputError(
            f"'{address}' is no address of a scheduler.",
            where=where,
            expected="tcp://HOST:PORT or, with TLS, tls://HOST:PORT",
            hint="`dask scheduler` prints its address when it starts.",
        )
    return address


def _from_file(named: str, path: Path) -> ClusterChoice:
    values = _read(path)
    tls = _tls(values.pop("tls", {}), path)
    if "address" in values:
        address = values.pop("address")
        if values:
            raise _unknown(next(iter(values)), ("address", "tls"), path)
        if not isinstance(address, str):
            raise InputError("The address is no text.", where=f"{path}, address", expected='"tcp://HOST:PORT"')
        return ClusterChoice(named, address=_checked_address(address, f"{path}, address"), tls=tls)
    kind, jobs = values.pop("kind", None), values.pop("jobs", 1)
    if kind not in KINDS:
        near = near_names(str(kind), [*KINDS])
        raise InputError(
            "The file does not say which batch system there is.",
            where=f"{path}, kind",
            expected=f'one of {", ".join(KINDS)}; or address = "tcp://HOST:PORT" of a scheduler that runs',
            hint=f"Did you mean '{near[0]}'?" if near else "",
        )
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise InputError("The number of jobs is wrong.", where=f"{path}, jobs", expected="a whole number from 1 on")
    return ClusterChoice(named, kind=kind, jobs=jobs, tls=tls, settings=values)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise InputError("The file is too long.", where=str(path), expected=f"at most {_MOST_BYTES:,} bytes")
        return tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise InputError(
            "The cluster's settings can't be read.",
            where=str(path),
            expected="a TOML file with kind, cores, memory, queue, walltime and jobs",
            hint="See whether the file is there and may be read.",
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError("This is not TOML.", where=str(path), expected=f"TOML ({error})") from error


def _tls(values: object, path: Path) -> dict[str, str]:
    if not isinstance(values, dict):
        raise InputError("tls is no table.", where=f"{path}, tls", expected="[tls] with ca_file, cert and key")
    for name, value in values.items():
        if name not in _TLS:
            raise _unknown(f"tls.{name}", tuple(f"tls.{one}" for one in _TLS), path)
        if not isinstance(value, str) or not (path.parent / value).is_file():
            raise InputError(
                "A file of TLS is not there.",
                where=f"{path}, tls.{name}",
                expected="a PEM file; its path relative to this file",
            )
    if values and len(values) != len(_TLS):
        raise InputError("A part of TLS is missing.", where=f"{path}, tls", expected=", ".join(_TLS))
    return {name: str((path.parent / value).resolve()) for name, value in values.items()}


def _unknown(name: str, known: tuple[str, ...], path: Path) -> InputError:
    near = near_names(name, list(known))
    return InputError(
        f"There is no setting '{name}' here.",
        where=str(path),
        expected=", ".join(known),
        hint=f"Did you mean '{near[0]}'?" if near else "",
    )
