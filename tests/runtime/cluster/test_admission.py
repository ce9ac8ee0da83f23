"""What workers are compared by: everything on which a film's bytes depend; what differs is named."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.errors import InputError
from pipeline.ffmpeg.process import OVERRIDE_VARIABLE, ffmpeg_path
from pipeline.learning.hardware import device_kind
from pipeline.runtime.cluster import admission
from pipeline.runtime.cluster.admission import Passport
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.opening import open_cluster
from tests.runtime.cluster.elsewhere import ROOT, scheduler, worker

EXTRAS = ("cjk", "sing", "cluster")


def required() -> Iterator[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    for words in (project["dependencies"], *(project["optional-dependencies"][extra] for extra in EXTRAS)):
        yield from (canonicalize_name(Requirement(word).name) for word in words)


def test_every_required_package_is_compared_or_can_not_matter() -> None:
    assert {*required()} <= {*admission.PACKAGES, *admission.NEVER_MATTER}
    assert {*admission.NEVER_MATTER} <= {*required()}
    assert not {*admission.PACKAGES} & {*admission.NEVER_MATTER}


@pytest.fixture
def passport(tmp_path: Path) -> Passport:
    return Passport(admission.own_versions(), str(tmp_path), "token")


def another_ffmpeg(folder: Path, version: str = "4.4-other") -> Path:
    """The same program, which says another version."""
    path = folder / "other-ffmpeg"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = -version ] && echo 'ffmpeg version {version} Copyright' && exit\n")
    with path.open("a") as file:
        file.write(f'exec "{ffmpeg_path()}" "$@"\n')
    path.chmod(0o755)
    return path


def test_a_worker_like_this_process_is_not_refused(passport: Passport) -> None:
    assert admission.refusal(passport) == ""
    assert "(x264 1" in passport.versions["ffmpeg"]


@pytest.mark.parametrize("variable", [OVERRIDE_VARIABLE, "IMAGEIO_FFMPEG_EXE"])
def test_another_ffmpeg_is_refused_by_its_name(
    tmp_path: Path, passport: Passport, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(another_ffmpeg(tmp_path)))
    found = admission.refusal(passport)
    assert found.startswith("it has ffmpeg 4.4-other (x264 ")
    assert found.endswith(f"instead of {passport.versions['ffmpeg']}")
    monkeypatch.setenv(variable, str(tmp_path / "none"))
    assert "it has ffmpeg absent instead of" in admission.refusal(passport)


def test_the_ffmpeg_that_is_compared_is_the_one_that_pieces_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert admission.FFMPEG_VARIABLE == OVERRIDE_VARIABLE
    assert admission._ffmpeg_program() == str(ffmpeg_path())
    other = another_ffmpeg(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv(OVERRIDE_VARIABLE, other.name)
    assert admission._ffmpeg_program() == str(ffmpeg_path()) == str(other)


def test_a_package_of_fonts_that_only_a_worker_has_is_refused(
    tmp_path: Path, passport: Passport, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "fontpkg_gothic-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fontpkg_gothic\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[fontpkg.family]\ngothic = fontpkg_gothic\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert admission.refusal(passport) == "it has fontpkg-gothic 1.2 instead of absent"


@pytest.mark.parametrize("layout", ["checkout", "wheel"])
def test_templates_and_tables_are_part_of_the_source(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "pipeline"
    data = tmp_path if layout == "checkout" else root / "_data"
    names = [root / "a.py", data / "templates" / "cards" / "title.toml", data / "assets" / "table.txt"]
    spec = SimpleNamespace(submodule_search_locations=[str(root)])
    monkeypatch.setattr(admission, "find_spec", lambda _name: spec)
    seen = {admission._source_hash()}
    for path in names:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
        seen.add(admission._source_hash())
        path.write_text("2")
        seen.add(admission._source_hash())
    assert len(seen) == 1 + 2 * len(names)
    (data / "assets" / "picture.png").write_bytes(b"x")
    assert admission._source_hash() in seen


def test_a_worker_with_another_ffmpeg_gets_no_work(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.mkdir()
    within = ("env", f"{OVERRIDE_VARIABLE}={another_ffmpeg(tmp_path)}")
    with (
        scheduler() as own,
        worker(own.scheduler_address, tmp_path / "w", within=within),
        pytest.raises(InputError, match=r"can't make the same film\. worker tcp://.*: it has ffmpeg 4\.4-other") as no,
        open_cluster(read_choice(own.scheduler_address), film, jobs=1, note=lambda _text: None),
    ):
        pass
    assert OVERRIDE_VARIABLE in no.value.hint


def test_builds_of_torch_for_gpus_and_without_are_one_version_whose_trainings_say_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = admission.own_versions()["torch"]
    monkeypatch.setattr(admission, "version", lambda name: f"{own}+cu130" if name == "torch" else version(name))
    assert admission.own_versions()["torch"] == own
    monkeypatch.setattr(torch.version, "cuda", None)
    plain = device_kind("cpu")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert device_kind("cpu") == f"{plain}, torch for CUDA 13.0"
