"""A connection to a scheduler, with the words of its errors our own."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
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
_FIRST_BYTE_S: Final = 10
"""A scheduler speaks first: who has said nothing by then waits for something else."""
_LOOK_EVERY_S: Final = 0.2
_START: Final = "`dask scheduler` starts one and prints its address; --cluster local needs none."
_FILES: Final = (
    'A file cluster.toml with address = "tls://..." and [tls] names them: build-video --cluster cluster.toml.'
)
_LOGGERS: Final = ("distributed", "tornado", "asyncio")


def connect(address: str, tls: Mapping[str, str]) -> Client:
    """Connect to a scheduler.

    Raises
    ------
    InputError
        Where nobody answers there, or not as a scheduler of this version does, or TLS does not come about.
    """
    _silence()
    _check_reached(address, tls)
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False, security=security(tls), name="build-video")
    except Exception as error:
        words = type(error).__name__
        raise _no_scheduler(address, tls, f"it is none of this version ({words})", _START) from error


def _no_scheduler(address: str, tls: Mapping[str, str], why: str, hint: str) -> InputError:
    return InputError(
        f"No scheduler answers: {why}.",
        where=address,
        expected="a Dask scheduler that runs, reachable from here" + (", with these files of TLS" if tls else ""),
        hint=hint,
    )


def _check_reached(address: str, tls: Mapping[str, str]) -> None:
    """Connect once without Dask, which tells no reason and tries for ever where one side alone speaks TLS."""
    scheme, _, place = address.partition("://")
    if (scheme == "tls") != bool(tls):
        why = "its address asks for TLS, and no files of TLS are given" if not tls else "its address asks for no TLS"
        raise _no_scheduler(address, tls, why, _FILES)
    context = _context(tls)
    connection = _connected(address, tls, place)
    with closing(connection):
        try:
            speaking = connection if context is None else context.wrap_socket(connection)
            with closing(speaking):
                if not speaking.recv(1):
                    raise _no_scheduler(address, tls, "it ends the connection", _START)
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate can't be trusted here ({error.verify_message})"
            hint = "ca_file is what has signed the scheduler's certificate; the clocks of both machines must be right."
            raise _no_scheduler(address, tls, why, hint) from error
        except ssl.SSLError as error:
            raise _refused(address, tls, error) from error
        except TimeoutError as error:
            why = "it says nothing" + ("" if tls else ", as one with TLS does")
            raise _no_scheduler(address, tls, why, _START if tls else _FILES) from error
        except OSError as error:
            raise _no_scheduler(address, tls, f"{error.strerror or error}".lower(), _START) from error


def _refused(address: str, tls: Mapping[str, str], error: ssl.SSLError) -> InputError:
    reason = (error.reason or "unknown").lower()
    if "alert" in reason:
        words = reason.rpartition("alert_")[2].replace("_", " ")
        return _no_scheduler(
            address,
            tls,
            f"it refuses this certificate ({words})",
            "cert must be signed by what the scheduler has as its --tls-ca-file, and be valid today.",
        )
    return _no_scheduler(
        address, tls, "it does not speak TLS", "Start it with --tls-ca-file, --tls-cert and --tls-key."
    )


def _context(tls: Mapping[str, str]) -> ssl.SSLContext | None:
    own = security(tls)
    if own is None:
        return None
    try:
        context: ssl.SSLContext = own.get_connection_args("client")["ssl_context"]
    except (ssl.SSLError, OSError) as error:
        why = error.strerror or "they can't be read"
        if isinstance(error, ssl.SSLError):
            mixed = error.reason == "KEY_VALUES_MISMATCH"
            why = "the key is not that of the certificate" if mixed else "one of them is no PEM file of its kind"
        raise InputError(
            f"The files of TLS can't be used: {why}.",
            where=", ".join(tls.values()),
            expected="PEM files: certificates that are trusted, one's own certificate, and its key without a password",
        ) from error
    return context


def _connected(address: str, tls: Mapping[str, str], place: str) -> socket.socket:
    """Connect, to one that is just starting too."""
    host, _, port = place.rpartition(":")
    limit = time.monotonic() + _CONNECT_S
    while True:
        try:
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S)
        except OSError as error:
            if time.monotonic() > limit:
                why = "its name is not known" if isinstance(error, socket.gaierror) else error.strerror or str(error)
                raise _no_scheduler(address, tls, why.lower(), _START) from error
            time.sleep(_LOOK_EVERY_S)
        else:
            connection.settimeout(_FIRST_BYTE_S)
            return connection


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
