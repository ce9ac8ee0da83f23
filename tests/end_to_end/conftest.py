"""One tiny film, built once for all processes of the tests, that several tests look at."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.productions import make_tiny, say_here
from tests.sharing import made_once


@dataclass(frozen=True)
class Built:
    folder: Path
    production: Path
    output: Path

    @property
    def film(self) -> Path:
        return self.output / "tiny.mp4"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    def make(folder: Path) -> None:
        say_here(make_tiny(folder), "--jobs", "2", cwd=folder)

    folder = made_once(tmp_path_factory, "tiny film", make)
    return Built(folder, folder / "tiny.toml", folder / "out" / "tiny")
