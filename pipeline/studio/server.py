"""The studio's server: where it listens, how it is opened, and how it ends.

Owns the socket and the token. It does not know what is asked.
"""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from pipeline.errors import InputError, OutputError
from pipeline.studio.app import create_app
from pipeline.studio.desk import Desk
from pipeline.studio.parts import Studio
from pipeline.studio.serving.patience import PatientProtocol
from pipeline.studio.serving.security import Address, is_loopback, new_token

_SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 200
_MOST_CONNECTIONS: Final = 256
_KEEP_ALIVE_S: Final = 30
_CLOSING_S: Final = 2


@dataclass(frozen=True)
class Place:
    """Where the studio listens: `port` 0 is any that is free; `password_file` holds the token to be asked for."""

    host: str = "127.0.0.1"
    port: int = 0
    password_file: Path | None = None
    opens: bool = True


def serve(
    file: Path,
    place: Place,
    say: Callable[[str], None],
    *,
    output: Path | None = None,
    allow_outside: bool = False,
    cluster: str = "",
) -> None:
    """Serve the studio of a production file, until it is interrupted.

    Parameters
    ----------
    say
        Called with the address once it listens, with its token unless that is a password; then with what there is to
        warn of.
    cluster
        Who does the work of builds that are started on the page; see `runtime.cluster.choice`.

    Raises
    ------
    InputError
        Where the host or the password can't be used.
    OutputError
        Where the port is taken.
    """
    token = _token(place.password_file)
    with _bound(place) as listening:
        address = Address(place.host, listening.getsockname()[1], _names(place.host))
        desk = Desk(file, output, allow_outside=allow_outside)
        studio = Studio(desk, output=output, allow_outside=allow_outside, cluster=cluster)
        link = f"http://{_shown(place.host)}:{address.port}/"
        if place.password_file is None:  # a password is known to whoever wrote it, and asked for
            link += f"?token={token}"
        say(link)
        if not is_loopback(place.host):
            say(_WARNING)
        if place.opens:
            webbrowser.open(link)
        config = uvicorn.Config(
            create_app(studio, address, token),
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_CLOSING_S,
            h11_max_incomplete_event_size=32_768,
        )
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            studio.builds.wait()


_WARNING: Final = (
    "This machine's network can reach it, over plain HTTP: whoever listens on the way reads the token. "
    "Use it only in a network that you trust, or through ssh -L."
)


def _token(password_file: Path | None) -> str:
    if password_file is None:
        return new_token()
    try:
        with password_file.open(encoding="utf-8") as file:
            token = file.readline(_LONGEST_PASSWORD + 2).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The password file can't be read.", where=str(password_file)) from error
    fits = _SHORTEST_PASSWORD <= len(token) <= _LONGEST_PASSWORD
    if not fits or not token.isascii() or not all(one.isalnum() or one in "-_.~" for one in token):
        raise InputError(
            "The password can't be used.",
            where=str(password_file),
            expected=f"{_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} letters, digits and - _ . ~ on its first line",
        )
    return token


def _bound(place: Place) -> socket.socket:
    """A socket that listens.

    Raises
    ------
    InputError
        Where there is no such host here.
    OutputError
        Where the port is taken.
    """
    try:
        kind, _, _, _, at = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(f"There is no host '{place.host[:80]}'.", where="--host", expected="127.0.0.1") from error
    listening = socket.socket(kind, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(at)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise OutputError(
            f"The studio can't listen on port {place.port}: {error.strerror}.",
            where=f"{place.host}:{place.port}",
            expected="a port that is free",
            hint="--port 0 takes any that is.",
        ) from error
    return listening


def _names(host: str) -> tuple[str, ...]:
    """By which names others may ask for a machine that listens beyond itself."""
    if is_loopback(host):
        return ()
    own = socket.gethostname().lower()
    return tuple({host.lower(), own, f"{own}.local", socket.getfqdn().lower()})


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
