"""The command's own server, over sockets of this machine: how it is opened, what it warns of, who is kept out."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipeline.errors import InputError
from pipeline.studio.server import Place, serve
from pipeline.studio.serving.security import MOST_GUESSES
from tests.end_to_end.productions import ROOT

PASSWORD = "a-password-of-these-tests"  # noqa: S105 - of these tests alone
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested


def own_address() -> str:
    """This machine's address in a network, or the loopback's where it has none; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@contextmanager
def studio(folder: Path, *arguments: str) -> Iterator[tuple[str, list[str]]]:
    """Its address without what opens it, and the lines that it has printed."""
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.start import main; main()"
    command = [sys.executable, "-c", program, str(ROOT), "studio", str(folder), "--no-open", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().strip() for _ in range(2 if "--host" in arguments else 1)]
        assert lines[0].startswith("http://"), lines
        yield f"http://{own_address()}:{lines[0].split(':')[2].partition('/')[0]}", lines
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_beyond_this_machine_a_password_is_asked_for_and_guessing_it_is_slow(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    with studio(tmp_path, "--host", EVERYWHERE, "--password-file", str(tmp_path / "password")) as (base, lines):
        assert PASSWORD not in "".join(lines)
        assert "plain HTTP" in lines[1]
        with httpx.Client(base_url=base) as person:
            door = person.get("/", headers={"accept": "text/html"})
            assert door.status_code == 403
            assert 'name="token"' in door.text
            assert "form-action 'self'" in door.headers["content-security-policy"]
            assert person.get("/api/state").status_code == 403
            assert person.get("/", params={"token": "wrong"}).status_code == 403
            assert person.get("/", params={"token": PASSWORD}).status_code == 200
            assert person.get("/api/begin").status_code == 200
        for host, origin in ((f"evil.example:{base.rpartition(':')[2]}", base), (base[7:], "http://evil.example")):
            headers = {"host": host, "origin": origin, "authorization": f"Bearer {PASSWORD}"}
            assert httpx.get(f"{base}/api/begin", headers=headers).status_code == 403
        with httpx.Client(base_url=base) as guesser:
            statuses = [guesser.get("/", params={"token": f"guess-{n}"}).status_code for n in range(MOST_GUESSES)]
            assert statuses[-1] == 429
            late = guesser.get("/", params={"token": PASSWORD})
            assert (late.status_code, late.headers["retry-after"]) == (429, "60")


def test_beyond_this_machine_without_a_password_a_token_is_printed_and_on_it_nothing_is_warned_of(
    tmp_path: Path,
) -> None:
    with studio(tmp_path, "--host", own_address()) as (base, lines):
        token = lines[0].partition("?token=")[2]
        assert len(token) >= 32
        assert httpx.get(base, params={"token": token}).status_code == 200
        assert httpx.get(base).status_code == 403
        if own_address() != "127.0.0.1":
            assert "plain HTTP" in lines[1]


@pytest.mark.parametrize("words", ["short", "with spaces in it", "\u00e4" * 20, ""])
def test_a_password_that_can_not_be_used_is_refused_before_anything_listens(tmp_path: Path, words: str) -> None:
    (tmp_path / "password").write_text(words, encoding="utf-8")
    with pytest.raises(InputError, match="password can't be used"):
        serve(tmp_path / "production.toml", Place(password_file=tmp_path / "password", opens=False), print)
