"""The film of workers is the film of processes, byte for byte, whether they see its folder or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import say_here
from tests.runtime.cluster.elsewhere import scheduler, worker


def files_of(work: Path) -> dict[tuple[str, str], object]:
    """By stage and key, the hashes of every piece's files."""
    found: dict[tuple[str, str], object] = {}
    for path in work.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found[manifest["stage"], manifest["key"]] = manifest["files"]
    return found


def test_workers_make_the_same_film_as_processes(built: Built, tmp_path: Path) -> None:
    """Trainings, takes and segments by workers that see neither production nor results; cards by those that do."""
    film = tmp_path / "film"
    shutil.copytree(built.output / "work" / "prepare", film / "work" / "prepare")
    common = (str(built.production), "--jobs", "2", "-o", str(film), "--cluster")
    with scheduler() as own, worker(own.scheduler_address, tmp_path, hidden=[film, built.folder], threads=2):
        say_here("sample", *common, own.scheduler_address, cwd=built.folder)
        say_here("cards", *common, "local", cwd=built.folder)
        say_here("render", *common, own.scheduler_address, cwd=built.folder)
    ours, theirs = files_of(film / "work"), files_of(built.output / "work")
    assert {stage for stage, _ in ours} == {"prepare", "train", "sample", "storyboard", "cards", "render"}
    assert ours == {name: files for name, files in theirs.items() if name in ours}
    assert not [*(film / "work").glob(".cluster-*")]
    assert not [*(film / "work").glob("*/*.partial")]
