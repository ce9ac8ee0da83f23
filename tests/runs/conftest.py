"""Folders of runs for tests, and finding files in them as a production does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import ProductionError

Resolve = Callable[[str, str], Path]


@pytest.fixture
def resolve(tmp_path: Path) -> Resolve:
    """Find a file in the test's folder, and refuse what lies outside."""

    def find(name: str, field: str) -> Path:
        path = (tmp_path / name).resolve()
        if not path.is_relative_to(tmp_path.resolve()):
            raise ProductionError("It lies outside.", where=field)
        return path

    return find


@pytest.fixture
def sound() -> Callable[[Path], Path]:
    """Write a tenth of a second of a tone at 22,050 Hz."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.3 * np.sin(np.arange(2205) / 9), 22_050)
        return path

    return write
