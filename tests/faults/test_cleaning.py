"""`build-video clean` frees room, and touches nothing but what the store has made."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline.cli.app import run as run_command
from pipeline.store.files import remove_tree
from pipeline.store.store import Piece, Store
from tests.faults.conftest import Reference, copy_before
from tests.faults.tiny import build_here, results

DAY_S = 86_400


def everything(folder: Path) -> dict[str, bytes]:
    """All files, those behind links too."""
    found = {}
    for top, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = Path(top) / name
            if path.name not in {"lock", "lock.json"}:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def clean(reference: Reference, output: Path, *options: str) -> None:
    assert run_command(["clean", str(reference.production), "-o", str(output), *options]) == 0


@pytest.fixture
def output(reference: Reference, tmp_path: Path) -> Path:
    """A finished film whose output folder holds much that is none of ours."""
    output = copy_before(reference, "no stage", tmp_path)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "recording.wav").write_bytes(b"irreplaceable")
    (mine / ("a" * 24)).mkdir()
    (mine / ("a" * 24) / "take.npy").write_bytes(b"looks like ours")
    work = output / "work"
    (work / "linked-stage").symlink_to(mine)
    (work / "train" / ("b" * 24)).symlink_to(mine)
    (work / "sample" / ("c" * 24 + ".doomed-12345678")).symlink_to(mine)
    (work / "in-flight").mkdir(exist_ok=True)
    (work / "in-flight" / "link").symlink_to(mine)
    (work / "mine").mkdir()
    (work / "mine" / "recordings").mkdir()
    (work / "mine" / "recordings" / "one.wav").write_bytes(b"irreplaceable too")
    (output / "recordings").symlink_to(mine)
    return output


def test_cleaning_everything_leaves_recordings_films_and_what_links_lead_to(
    reference: Reference, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = {path.name: path.read_bytes() for path in output.iterdir() if path.is_file()}
    sources = everything(reference.production.parent / "out") | everything(output.parent / "mine")
    clean(reference, output, "--all")
    assert "freed" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in output.iterdir() if path.is_file()} == beside
    assert everything(reference.production.parent / "out") | everything(output.parent / "mine") == sources
    assert (output / "work" / "mine" / "recordings" / "one.wav").read_bytes() == b"irreplaceable too"
    assert (output / "work" / "linked-stage" / ("a" * 24) / "take.npy").exists()
    assert not list(output.glob("work/*/*/manifest.json"))
    build_here(reference.production, output)
    assert results(output) == reference.results


def test_a_dry_run_removes_nothing_and_names_what_would_go(
    reference: Reference, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(output)
    clean(reference, output, "--all", "--dry-run")
    assert "would be freed" in capsys.readouterr().out
    assert everything(output) == before


def test_checkpoints_and_young_results_stay_where_asked(reference: Reference, output: Path) -> None:
    train = list(output.glob("work/train/*/manifest.json"))
    clean(reference, output, "--all", "--older-than", "1")
    assert len(list(output.glob("work/*/*/manifest.json"))) > len(train)
    for path in output.glob("work/*/*/*"):
        os.utime(path, (time.time() - 2 * DAY_S,) * 2, follow_symlinks=False)
    clean(reference, output, "--all", "--older-than", "1", "--keep-checkpoints")
    assert list(output.glob("work/*/*/manifest.json")) == train


def test_replaced_results_go_though_the_clock_has_been_set_back(reference: Reference, output: Path) -> None:
    old = Piece("sample", "section-1/take-000000", 1, {"seed": 99})
    store = Store(output / "work")
    with store.publish(old) as folder:
        (folder / "take.npy").write_bytes(b"old")
    build_here(reference.production, output, "sample")
    for path in store.folder(old).iterdir():
        os.utime(path, (time.time() + 400 * DAY_S,) * 2)
    clean(reference, output)
    assert store.find(old) is None
    assert results(output)["delivered"] == reference.results["delivered"]


def test_what_kills_leave_is_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    piece = Piece("sample", "take", 1, {})
    with store.publish(piece) as folder:
        (folder / "take.npy").write_bytes(b"said")
    monkeypatch.setattr("pipeline.store.files.shutil.rmtree", lambda *_, **__: None)  # killed half-way
    remove_tree(store.folder(piece))
    monkeypatch.undo()
    (tmp_path / "in-flight" / "half").mkdir(parents=True)
    dead = "999999999"
    strays = [tmp_path / f".lock.json.{dead}-0123abcd", tmp_path / "sample" / "names" / f".take.json.{dead}-0123abcd"]
    for stray in strays:
        stray.write_text("half", encoding="utf-8")
    living = tmp_path / f".build.{os.getpid()}-0123abcd"
    living.write_text("being written", encoding="utf-8")
    Store(tmp_path).sweep()
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == [living.name, "sample", "sample/names", "sample/names/take.json"]


def test_what_a_kill_left_beside_work_in_flight_is_not_published_with_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    piece = Piece("sample", "take", 1, {})
    (store.partial(piece) / "take.npy").write_bytes(b"said")
    (store.partial(piece) / ".memory.npz.1-0123abcd").write_bytes(b"half a memory")
    folder = store.publish_partial(piece)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "take.npy"]
