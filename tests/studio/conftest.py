"""A studio on a copy of the tiny film, asked as its own page asks."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it would rather be installed with
    from starlette.testclient import TestClient

from pipeline.studio.app import create_app
from pipeline.studio.desk import Desk
from pipeline.studio.parts import Studio
from pipeline.studio.serving.security import Address
from tests.end_to_end.conftest import Built, built
from tests.studio.browsing import browser, new, page, shown
from tests.studio.served import TOKEN

__all__ = ["Built", "browser", "built", "new", "page", "shown"]

ORIGIN = "http://127.0.0.1:8765"


def ask(app: Any) -> TestClient:
    headers = {"authorization": f"Bearer {TOKEN}", "origin": ORIGIN}
    return TestClient(app, base_url=ORIGIN, headers=headers, raise_server_exceptions=True)


@dataclass
class Opened:
    studio: Studio
    client: TestClient
    file: Path

    @property
    def revision(self) -> str:
        return str(self.client.get("/api/state").json()["revision"])

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.client.post(path, json={"seen": self.revision, **values})


def opened(file: Path, output: Path | None = None) -> Iterator[Opened]:
    studio = Studio(Desk(file, output), output=output)
    with ask(create_app(studio, Address("127.0.0.1", 8765), TOKEN)) as client:
        yield Opened(studio, client, file)


@pytest.fixture
def film(built: Built, tmp_path: Path) -> Iterator[Opened]:
    """The built tiny film, to be changed."""
    folder = tmp_path / "film"
    shutil.copytree(built.folder, folder)
    yield from opened(folder / "tiny.toml", folder / "out" / "tiny")


@pytest.fixture(scope="module")
def same(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The built tiny film, for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("same") / "film"
    shutil.copytree(built.folder, folder)
    before = (folder / "tiny.toml").read_bytes()
    yield from opened(folder / "tiny.toml", folder / "out" / "tiny")
    assert (folder / "tiny.toml").read_bytes() == before


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Opened]:
    """A studio in an empty folder."""
    yield from opened(tmp_path / "new" / "production.toml", tmp_path / "out")
