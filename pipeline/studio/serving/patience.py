"""Connections that send nothing whole, or read nothing, are closed after a while: slow clients hold no place for long.

Owns how long a request's head may take, and how long an answer may stand still; `replies` owns the same for a body.
"""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 15.0
"""So long a request's head may take to arrive: from when its connection was made, or from its first part."""

UNREAD_S: Final = 120.0
"""So long a client may read nothing of an answer that is waiting for it. A player that is paused asks again later."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 in which each request's head must arrive in time, and each answer be read."""

    head_s, unread_s = HEAD_S, UNREAD_S
    _waiting: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, and look after a while whether anything was asked."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of a head of which a part came."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_longer()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait_no_longer()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Send no more while the client reads nothing, and give it up after a while."""
        super().pause_writing()
        self._is_read()
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        self._is_read()
        super().resume_writing()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_s, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
