"""Results that were altered, cut off or deleted on the disk: noticed when used, and they alone are made again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.conftest import Reference, copy_before
from tests.faults.test_work_in_flight import cut, flip
from tests.faults.tiny import STAGES, build_here, results

_KINDS = 4
"""How many kinds of files are harmed in each stage."""


def files_of(output: Path, stage: str) -> list[Path]:
    return sorted(path for path in (output / "work" / stage).glob("*/*") if path.parent.name != "names")


def stamps(output: Path) -> dict[Path, tuple[int, int]]:
    found = (output / "work").glob("*/*/*")
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found if path.parent.name != "names"}


@pytest.mark.parametrize("stage", STAGES)
def test_damage_to_any_result_is_noticed_and_that_piece_alone_is_made_again(
    reference: Reference, tmp_path: Path, stage: str, rng: random.Random
) -> None:
    output = copy_before(reference, "no stage", tmp_path)
    kinds = {path.suffix: path for path in rng.sample(files_of(output, stage), len(files_of(output, stage)))}
    chosen = rng.sample(list(kinds.values()), min(_KINDS, len(kinds)))
    for path in [*chosen, next(path for path in files_of(output, stage) if path.name == "manifest.json")]:
        before = stamps(output)
        rng.choice([flip, cut, Path.unlink])(path)
        warnings = build_here(reference.production, output)
        assert any(warning.startswith(f"{stage}: ") and "damaged" in warning for warning in warnings), (path, warnings)
        after = stamps(output)
        remade = {other.parent for other in before if after.get(other) != before[other]}
        assert remade == {path.parent}, path
        assert results(output) == reference.results, path


def test_what_lies_behind_a_piece_is_not_made_again_either(reference: Reference, tmp_path: Path) -> None:
    output = copy_before(reference, "no stage", tmp_path)
    folders = [next(iter(files_of(output, stage))).parent for stage in ("prepare", "sample", "cards")]
    for folder in folders:
        flip(next(path for path in sorted(folder.iterdir()) if path.name != "manifest.json"))
    before = stamps(output)
    assert len([warning for warning in build_here(reference.production, output) if "damaged" in warning]) == len(
        folders
    )
    after = stamps(output)
    assert {path.parent for path in before if after.get(path) != before[path]} == set(folders)
