"""A connection to a scheduler, with the words of its errors our own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from distributed import Client
from distributed.security import Security

from pipeline.errors import InputError

SILENT: Final = logging.CRITICAL + 1
"""A level of logging at which nothing is said: a scheduler of this process finds a client that has gone critical."""
CLOSE_S: Final = 30
"""So long a cluster that was begun here may take to end: on a busy machine its processes do."""
ANSWER_S: Final = 120
"""So long a worker may take to answer: one that stands still would be waited for until its connection ends."""
_CONNECT_S: Final = 10
_LOGGERS: Final = ("distributed", "tornado", "asyncio")


def connect(address: str, tls: Mapping[str, str]) -> Client:
    """Connect to a scheduler.

    Raises
    ------
    InputError
        Where nobody answers there, or not as a scheduler of this version does.
    """
    _silence()
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False, security=security(tls), name="build-video")
    except Exception as error:
        raise InputError(
            "No scheduler answers.",
            where=address,
            expected="a Dask scheduler that runs, reachable from here" + (", with these files of TLS" if tls else ""),
            hint="`dask scheduler` starts one and prints its address; --cluster local needs none.",
        ) from error


def _silence() -> None:
    """Keep the libraries' own lines off the screen: what matters is said in our words."""
    for name in (*_LOGGERS, *logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LOGGERS:
            logging.getLogger(name).setLevel(SILENT)


def security(tls: Mapping[str, str]) -> Security | None:
    """Return Dask's settings of TLS, with which nothing travels unencrypted; None without files."""
    if not tls:
        return None
    return Security(
        tls_ca_file=tls["ca_file"],
        tls_client_cert=tls["cert"],
        tls_client_key=tls["key"],
        tls_scheduler_cert=tls["cert"],
        tls_scheduler_key=tls["key"],
        tls_worker_cert=tls["cert"],
        tls_worker_key=tls["key"],
        require_encryption=True,
    )
