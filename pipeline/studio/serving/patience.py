"""Connections that send nothing whole are closed after a while: slow clients hold no place for long.

Owns how long a request's head may take; `replies` owns the same for its body.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 15.0
"""So long a request's head may take to arrive, from when its connection was made."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 in which a connection's first request must arrive in time."""

    head_s = HEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, and look after a while whether anything was asked."""
        super().connection_made(transport)
        self.loop.call_later(self.head_s, self._close_if_silent)

    def _close_if_silent(self) -> None:
        asked: object = self.cycle
        if asked is None and not self.transport.is_closing():
            self.transport.close()
