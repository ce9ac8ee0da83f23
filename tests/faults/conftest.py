"""One small film, built once in this process, to compare with."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.tiny import build_here, make_small, results


@dataclass(frozen=True)
class Reference:
    """An undisturbed build: where it lies, and the hashes of all its results."""

    production: Path
    output: Path
    results: Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("undisturbed")
    production = make_small(folder)
    output = folder / "out"
    build_here(production, output)
    return Reference(production, output, results(output))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """What chance decides: the same each time, unless `--explore` or FAULT_SEED say otherwise."""
    seed = random.randrange(10**6) if request.config.getoption("--explore") else 1
    seed = int(os.environ.get("FAULT_SEED", seed))
    print(f"FAULT_SEED={seed}")  # noqa: T201 - shown where the test fails, to repeat it
    return random.Random(seed)


def copy_before(reference: Reference, stage: str, folder: Path) -> Path:
    """Copy the film's folder as it was before a stage had made anything, whatever follows that stage kept."""
    output = folder / "out"
    shutil.copytree(reference.output, output, ignore=shutil.ignore_patterns(stage))
    return output
