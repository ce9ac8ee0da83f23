"""Clients that send slowly, or not at all, on real sockets: they are let go, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import uvicorn

from pipeline.studio.app import create_app
from pipeline.studio.desk import Desk
from pipeline.studio.parts import Studio
from pipeline.studio.serving import replies
from pipeline.studio.serving.patience import PatientProtocol
from pipeline.studio.serving.security import Address
from tests.studio.conftest import TOKEN
from tests.studio.test_begin import wav


class Hasty(PatientProtocol):
    head_s, unread_s = 0.3, 0.5


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(replies, "PAUSE_S", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        number = listening.getsockname()[1]
        app = create_app(Studio(Desk(tmp_path / "production.toml")), Address("127.0.0.1", number), TOKEN)
        config = uvicorn.Config(app, http=Hasty, ws="none", log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield number
        server.should_exit = True
        thread.join(10)


def head(port: int, method: str = "GET", path: str = "/api/begin", *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {TOKEN}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(65536)
    return b""


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port))
        return answer(connection)


def connections(port: int) -> int:
    """How many connections the server holds."""
    own = psutil.Process().net_connections("tcp")
    return sum(one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in own)


def test_connections_that_say_nothing_or_half_a_head_are_closed_and_others_answered(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for connection in silent[10:]:
        connection.sendall(b"GET /api/begin HT")
    assert b"200 OK" in ask(port)
    for connection in silent:
        assert answer(connection) == b""
        connection.close()


def test_half_a_head_is_not_waited_for_on_a_connection_that_has_asked_before_either(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port))
        assert b"200 OK" in answer(connection)
        connection.sendall(b"GET /api/begin HT")
        while answer(connection):
            pass
    assert b"200 OK" in ask(port)


def test_a_body_that_stands_still_is_given_up(port: int, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port, "POST", "/api/recordings?name=a.wav", "Content-Length: 1000") + b"RIFF")
        assert b"200 OK" in ask(port)
        assert b"408" in answer(connection)
    assert not list((tmp_path / "recordings").iterdir())


def test_a_body_that_breaks_off_leaves_nothing(port: int, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port, "POST", "/api/recordings?name=a.wav", "Content-Length: 1000") + b"RIFF")
        time.sleep(0.1)
    until = time.monotonic() + 5
    folder = tmp_path / "recordings"
    while list(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)
    assert not list(folder.iterdir())


def test_an_overlong_head_is_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /api/begin HTTP/1.1\r\nX: " + b"x" * 200_000)
        assert b"200" not in answer(connection)[:20]
    assert b"200 OK" in ask(port)


def test_answers_that_nobody_reads_hold_little_memory_and_are_given_up_and_others_answered(
    port: int, tmp_path: Path
) -> None:
    large = tmp_path / "recordings" / "large.wav"
    large.parent.mkdir()
    with large.open("wb") as file:
        file.write(wav(1))
        file.truncate(64 << 20)
    before = psutil.Process().memory_info().rss
    stalled = [socket.socket() for _ in range(4)]
    for connection in stalled:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(head(port, "GET", "/api/recordings/large.wav"))
        assert b"200 OK" in connection.recv(15)
    assert b"200 OK" in ask(port)
    until = time.monotonic() + 10
    while (open_now := connections(port)) and time.monotonic() < until:
        time.sleep(0.05)
    assert open_now == 0
    for connection in stalled:
        connection.close()
    assert psutil.Process().memory_info().rss - before < 32 << 20


def test_a_page_that_reads_nothing_is_sent_the_newest_state_alone(tmp_path: Path) -> None:
    studio = Studio(Desk(tmp_path / "production.toml"))

    async def follow() -> None:
        slow, quick = studio.live.events(), studio.live.events()
        for events in (slow, quick):
            assert b"retry" in await anext(events)
            assert b'"number"' in await anext(events)
        for number in range(20):
            text = f'title = "Film {number}"\n[[section]]\ntitle = "One"\n'
            studio.desk.file.write_text(text, encoding="utf-8")
            state = await studio.live.look_now()
            while f'"number": {state["number"]},'.encode() not in await anext(quick):
                pass
        assert f'"number": {state["number"]},'.encode() in await anext(slow)  # and none of those before it

    with ThreadPoolExecutor(1) as thread:  # a loop of a browser's may run in this one
        thread.submit(asyncio.run, follow()).result()
    studio.close()
