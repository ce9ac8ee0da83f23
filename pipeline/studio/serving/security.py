"""Who may ask the server: whoever has the token, on the address that was printed, from the server's own page.

Owns the checks of Host (against DNS rebinding), Origin (against forms and scripts of other pages) and token, and the
headers of every answer. Sources: OWASP's cheat sheets on DNS rebinding and cross-site request forgery; W3C's Content
Security Policy 3 and Fetch Metadata.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        opened = self._is_opened(scope)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out[name] = value
                out.setdefault("cache-control", "no-store")
                if opened:
                    out.append("set-cookie", self._cookie_header())
            await send(message)

        refusal = self._refusal(scope["method"], headers, opened=opened)
        if refusal is not None:
            await PlainTextResponse(f"{refusal}\n", status_code=403)(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)

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
        if not opened and not self._knows_token(headers):
            return "Open the studio with the address that it has printed: the token is missing."
        return None

    def _is_opened(self, scope: Scope) -> bool:
        """Whether the address of the page itself brings the token."""
        if scope["method"] != "GET" or scope["path"] != "/":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return any(self._is_token(one) for one in given)

    def _knows_token(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        return any(self._is_token(one) for one in self._cookies(headers.getlist("cookie")))

    def _cookies(self, lines: Iterable[str]) -> Iterable[str]:
        for line in lines:
            try:
                found = SimpleCookie(line).get(self._cookie)
            except CookieError:
                continue
            if found is not None:
                yield found.value

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _cookie_header(self) -> str:
        return f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
