"""The film of workers is the film of processes, byte for byte."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import say_here


def files_of(work: Path) -> dict[tuple[str, str], object]:
    """By stage and key, the hashes of every piece's files."""
    found: dict[tuple[str, str], object] = {}
    for path in work.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found[manifest["stage"], manifest["key"]] = manifest["files"]
    return found


def test_workers_make_the_same_takes_cards_and_segments_as_processes(built: Built, tmp_path: Path) -> None:
    for stage in ("prepare", "train"):
        shutil.copytree(built.output / "work" / stage, tmp_path / "work" / stage)
    arguments = ("render", str(built.production), "--jobs", "2", "-o", str(tmp_path), "--cluster", "local")
    say_here(*arguments, cwd=built.folder)
    ours, theirs = files_of(tmp_path / "work"), files_of(built.output / "work")
    assert {stage for stage, _ in ours} == {"prepare", "train", "sample", "storyboard", "cards", "render"}
    assert ours == {name: files for name, files in theirs.items() if name in ours}
    assert not [*(tmp_path / "work").glob(".cluster-*")]
