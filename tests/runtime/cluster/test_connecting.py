"""A scheduler that can't be reached: one error that says why, soon, and nothing of a library's own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.runtime.cluster import connecting
from pipeline.runtime.cluster.connecting import connect, security
from tests.runtime.cluster.elsewhere import LIMIT_S, certificates, scheduler

NONE: dict[str, str] = {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_CONNECT_S", 1)
    monkeypatch.setattr(connecting, "_FIRST_BYTE_S", 0.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, str]:
    return certificates(folder)


@pytest.fixture(scope="module")
def encrypted(files: dict[str, str]) -> Iterator[str]:
    with scheduler(security=security(files), protocol="tls://") as own:
        yield str(own.scheduler_address)


def signed(folder: Path, name: str, files: dict[str, str], days: int) -> dict[str, str]:
    """A certificate that one's own has signed, valid for so many days from now on."""
    request, own = str(folder / f"{name}.csr"), {"key": f"{folder}/{name}.key", "cert": f"{folder}/{name}.pem"}
    signing = f"-CA {files['cert']} -CAkey {files['key']} -CAcreateserial -days {days} -out {own['cert']}"
    for words in (
        f"openssl req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {own['key']} -out {request}",
        f"openssl x509 -req -in {request} {signing}",
    ):
        subprocess.run(words.split(), capture_output=True, check=True, timeout=LIMIT_S)
    return {**files, **own}


def refused(address: str, tls: dict[str, str]) -> InputError:
    with pytest.raises(InputError) as caught:
        connect(address, tls)
    assert caught.value.expected
    return caught.value


def test_a_certificate_that_the_schedulers_has_signed_is_taken(
    folder: Path, encrypted: str, files: dict[str, str]
) -> None:
    connect(encrypted, signed(folder, "mine", files, 2)).close()


def test_certificates_that_are_not_trusted_say_which_side_refuses_them_and_why(
    folder: Path, encrypted: str, files: dict[str, str]
) -> None:
    other = folder / "other"
    other.mkdir()
    strange = certificates(other)
    error = refused(encrypted, {**files, "ca_file": strange["ca_file"]})
    assert "its certificate can't be trusted here (self-signed certificate" in error.what
    assert "ca_file" in error.hint
    error = refused(encrypted, {**strange, "ca_file": files["ca_file"]})
    assert "it refuses this certificate (unknown ca)" in error.what
    error = refused(encrypted, signed(folder, "old", files, -1))
    assert "it refuses this certificate (certificate expired)" in error.what
    assert error.where == encrypted


def test_tls_on_one_side_alone_is_told_apart(encrypted: str, files: dict[str, str]) -> None:
    plain = encrypted.replace("tls", "tcp")
    assert "asks for TLS, and no files" in refused(encrypted, NONE).what
    assert "asks for no TLS" in refused(plain, files).what
    error = refused(plain, NONE)
    assert "it says nothing, as one with TLS does" in error.what
    assert "[tls]" in error.hint
    with scheduler() as own:
        error = refused(own.scheduler_address.replace("tcp", "tls"), files)
        assert "it does not speak TLS" in error.what
        assert "--tls-ca-file" in error.hint


def test_files_of_tls_that_do_not_belong_together_are_an_error(
    folder: Path, encrypted: str, files: dict[str, str]
) -> None:
    mixed = {**files, "key": signed(folder, "another", files, 2)["key"]}
    assert "the key is not that of the certificate" in refused(encrypted, mixed).what
    (folder / "text.pem").write_text("no certificate")
    for name in files:
        assert "no PEM file" in refused(encrypted, {**files, name: str(folder / "text.pem")}).what


def test_where_nobody_listens_the_reason_is_said() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    assert "connection refused" in refused(f"tcp://127.0.0.1:{port}", NONE).what
    assert "its name is not known" in refused("tcp://nowhere.invalid:8786", NONE).what


def test_what_is_no_scheduler_is_an_error() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        assert "it says nothing" in refused(address, NONE).what
