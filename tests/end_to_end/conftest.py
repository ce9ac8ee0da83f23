"""One tiny film, built once, that several tests look at."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.productions import build_video, make_tiny


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
    folder = tmp_path_factory.mktemp("tiny film")
    production = make_tiny(folder)
    build_video(production, "--jobs", "2", cwd=folder)
    return Built(folder, production, folder / "out" / "tiny")
