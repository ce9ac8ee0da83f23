"""The film of workers is the film of processes, byte for byte, whether they see its folder or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pipeline.runtime.cluster.connecting import security
from tests.end_to_end.conftest import Built
from tests.end_to_end.productions import make_tiny, say_here
from tests.runtime.cluster.elsewhere import certificates, scheduler, worker


def files_of(work: Path) -> dict[tuple[str, str], object]:
    """By stage and key, the hashes of every piece's files."""
    found: dict[tuple[str, str], object] = {}
    for path in work.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found[manifest["stage"], manifest["key"]] = manifest["files"]
    return found


def test_workers_make_the_same_film_as_processes(built: Built, tmp_path: Path) -> None:
    """Over TLS, by a worker that sees neither production nor results; then cards again by workers that see both."""
    film, settings = tmp_path / "film", tmp_path / "cluster.toml"
    shutil.copytree(built.output / "work" / "prepare", film / "work" / "prepare")
    common = (str(built.production), "--jobs", "2", "-o", str(film), "--cluster")
    files = certificates(tmp_path)
    with (
        scheduler(security=security(files), protocol="tls://") as own,
        worker(own.scheduler_address, tmp_path, hidden=[film, built.folder], threads=2, tls=files),
    ):
        tls = "".join(f'{name} = "{path}"\n' for name, path in files.items())
        settings.write_text(f'address = "{own.scheduler_address}"\n[tls]\n{tls}', encoding="utf-8")
        say_here("render", *common, str(settings), cwd=built.folder)
    check(film, built)
    shutil.rmtree(film / "work" / "cards")
    say_here("cards", *common, "local", cwd=built.folder)
    check(film, built)


LARGE = (
    ("neurons = 16, embedding = 8 }", "neurons = 264, embedding = 16 }"),
    ("iterations = 24, checkpoint_every = 8, batch = 8, sequence = 32", "iterations = 3, batch = 47, sequence = 16"),
    ("takes = 3, seconds = 3", "takes = 1, seconds = 1"),
)
"""A network whose products threads share: sums of two parts have other last bits than those of one."""


def test_a_large_network_is_the_same_whatever_is_free_for_it(tmp_path: Path) -> None:
    production = make_tiny(tmp_path)
    text = production.read_text(encoding="utf-8").rpartition("[[section]]")[0]
    for small, large in LARGE:
        assert small in text
        text = text.replace(small, large)
    production.write_text(text, encoding="utf-8")
    films = []
    for name, options in (("one", ("1",)), ("two", ("2",)), ("workers", ("2", "--cluster", "local"))):
        film = tmp_path / name
        if films:
            shutil.copytree(tmp_path / "one" / "work" / "prepare", film / "work" / "prepare")
        say_here("render", str(production), "-o", str(film), "--jobs", *options, cwd=tmp_path)
        films.append(files_of(film / "work"))
    assert {stage for stage, _ in films[0]} == {"prepare", "train", "sample", "storyboard", "cards", "render"}
    assert films[0] == films[1]
    assert films[0] == films[2]


def check(film: Path, built: Built) -> None:
    ours, theirs = files_of(film / "work"), files_of(built.output / "work")
    assert {stage for stage, _ in ours} == {"prepare", "train", "sample", "storyboard", "cards", "render"}
    assert ours == {name: files for name, files in theirs.items() if name in ours}
    assert not [*(film / "work").glob(".cluster*")]
    assert not [*(film / "work").glob("*/*.partial")]
