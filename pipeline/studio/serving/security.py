"""Who may ask the server: whoever has the token, on the address that was printed, from the server's own page.

Owns the checks of Host (against DNS rebinding), Origin (against forms and scripts of other pages) and token, and the
headers of every answer. Sources: OWASP's cheat sheets on DNS rebinding and cross-site request forgery; W3C's Content
Security Policy 3 and Fetch Metadata.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
}
_READING: Final = frozenset({"GET", "HEAD"})
_DOOR: Final = """<!doctype html><meta charset="utf-8"><title>Studio</title>
<h1>Studio</h1>
<form action="/" method="get">
<p><label>Password, or the token that it has printed: <input type="password" name="token" required autofocus></label>
<button>Open</button>
</form>
"""
_DOOR_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_CLOSED: Final = "Open the studio with the address that it has printed: the token is missing.\n"
_TOO_MANY: Final = "There were too many wrong passwords or tokens: try again in a minute.\n"
GUESSES_S: Final = 60.0
MOST_GUESSES: Final = 10
"""So many different wrong tokens are heard in that time."""
_MOST_TOKENS: Final = 3
"""Of one request."""
_MOST_ADDRESSES: Final = 1024


def new_token() -> str:
    """A token that nobody guesses: 192 bits."""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Address:
    """Where the server listens, and under which names it may be asked.

    Parameters
    ----------
    host, port
        As it is bound.
    names
        Other names of this machine, where it listens beyond it.
    """

    host: str
    port: int
    names: tuple[str, ...] = ()

    def is_own(self, authority: str) -> bool:
        """Whether a `Host` header names this server: a name that it has, and its port."""
        try:
            parts = urlsplit(f"//{authority}")
            port = parts.port
        except ValueError:
            return False
        if port != self.port or parts.username or parts.path:
            return False
        name = (parts.hostname or "").lower()
        if is_loopback(self.host):
            return name in {"localhost", "127.0.0.1", "::1", self.host}
        return name in {"localhost", "127.0.0.1", "::1", *self.names} or _is_address(name)


def _is_address(name: str) -> bool:
    """Whether it is a number: no name that someone else's DNS could point here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guesses:
    """Counts wrong tokens: whoever has brought many different ones is not heard for a while.

    One that is wrong again and again is no guess, but a page that was left open. Pages of other sites, which may send
    a browser here, are counted by themselves, so that they lock nobody out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, dict[str, float]] = {}

    def are_too_many(self, who: str) -> bool:
        """Whether somebody has to wait."""
        since = self._clock() - GUESSES_S
        lately = {token: at for token, at in self._wrong.get(who, {}).items() if at > since}
        if lately:
            self._wrong[who] = lately
        else:
            self._wrong.pop(who, None)
        return len(lately) >= MOST_GUESSES

    def add(self, who: str, tokens: Iterable[str]) -> None:
        """Note tokens that were wrong."""
        for token in tokens:
            own = self._wrong.setdefault(who, {})
            own.setdefault(sha256(token.encode("utf-8", "surrogateescape")).hexdigest(), self._clock())
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.pop(next(iter(self._wrong)))


@dataclass(frozen=True)
class _Brought:
    """What the tokens of a request are worth: whether one is right, and in the page's own address; or aren't heard."""

    knows: bool = False
    opens: bool = False
    waits: bool = False


def _in_address(scope: Scope) -> list[str]:
    """The tokens that the address of the page itself brings."""
    if scope["method"] != "GET" or scope["path"] != "/":
        return []
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [])


def _closed_door(scope: Scope, headers: Headers) -> Response:
    """What is answered without the token: to a person at the door a form that asks for it."""
    if scope["method"] == "GET" and scope["path"] == "/" and "text/html" in headers.get("accept", ""):
        return HTMLResponse(_DOOR, 403, {"content-security-policy": _DOOR_POLICY})
    return PlainTextResponse(_CLOSED, 403)


class Guard:
    """Lets requests through that come from the server's own page, and dresses all answers.

    Parameters
    ----------
    app
        What is guarded.
    address
        Where the server listens.
    token
        Whoever opens the page brings it in the address; a cookie of this site keeps it.
    """

    def __init__(self, app: ASGIApp, address: Address, token: str) -> None:
        self._app, self._address, self._token = app, address, token
        self._cookie = f"studio-{address.port}"
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        brought = self._brought(scope, headers)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                out.setdefault("cache-control", "no-store")
                if brought.opens:
                    out.append("set-cookie", self._cookie_header())
            await send(message)

        refusal = self._refusal(scope["method"], headers, opened=brought.opens)
        if refusal is not None:
            await PlainTextResponse(f"{refusal}\n", status_code=403)(scope, receive, dressed)
        elif brought.waits:
            await PlainTextResponse(_TOO_MANY, 429, {"retry-after": str(round(GUESSES_S))})(scope, receive, dressed)
        elif not brought.knows:
            await _closed_door(scope, headers)(scope, receive, dressed)
        else:
            await self._app(scope, receive, dressed)

    def _brought(self, scope: Scope, headers: Headers) -> _Brought:
        in_address = _in_address(scope)
        given = [*in_address, *self._in_headers(headers)][:_MOST_TOKENS]
        who = f"{(scope.get('client') or ('',))[0]} {headers.get('sec-fetch-site', '')}"
        if given and self._guesses.are_too_many(who):
            return _Brought(waits=True)
        right = [self._is_token(one) for one in given]
        if not any(right):
            self._guesses.add(who, given)
        return _Brought(knows=any(right), opens=any(right[: len(in_address)]))

    def _refusal(self, method: str, headers: Headers, *, opened: bool) -> str | None:
        """Why a request is refused; None where it is not."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._address.is_own(hosts[0]):
            return "This address is not the studio's own."
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if origin is not None and origin != f"http://{hosts[0]}":
            return "Another page asks: that is not allowed."
        if site not in {"same-origin", "none"} and not (opened and headers.get("sec-fetch-mode") == "navigate"):
            return "Another page asks: that is not allowed."
        if method not in _READING and origin is None and headers.get("authorization") is None:
            return "Changes come from the studio's own page: this request names no origin."
        return None

    def _in_headers(self, headers: Headers) -> Iterator[str]:
        """The tokens that a request's headers bring."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            yield given.strip()
        yield from self._cookies(headers.getlist("cookie"))

    def _cookies(self, lines: Iterable[str]) -> Iterable[str]:
        for line in lines:
            try:
                found = SimpleCookie(line).get(self._cookie)
            except CookieError:
                continue
            if found is not None:
                yield found.value

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token.encode())

    def _cookie_header(self) -> str:
        return f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
