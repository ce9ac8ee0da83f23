"""An output folder belongs to one production file."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.workplace import find_production
from pipeline.errors import OutputError
from pipeline.outputs.owner import check_owner, open_workplace, record_owner
from pipeline.production.schema import load_production
from pipeline.runtime.wording.named_files import safe_file_name

LEAST = 'title = "A film"\n[[section]]\ntitle = "One"\nrecordings = ["one.wav"]\n'


def write(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(LEAST, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(("first", "second"), [("film 1.toml", "film-1.toml"), ("a🎉.toml", "a🎊.toml")])
def test_the_second_production_whose_name_comes_to_the_same_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = (find_production(write(tmp_path, name), draft=False, allow_outside=False) for name in (first, second))
    assert one.name == two.name
    place = open_workplace(one, None, jobs=1, force=frozenset(), device="auto")
    place.store.root.mkdir(parents=True)
    record_owner(place.store.root, one.file)
    open_workplace(one, None, jobs=1, force=frozenset(), device="auto")
    open_workplace(one.draft(), None, jobs=1, force=frozenset(), device="auto")
    open_workplace(two, Path("elsewhere"), jobs=1, force=frozenset(), device="auto")
    with pytest.raises(OutputError) as refused:
        open_workplace(two, None, jobs=1, force=frozenset(), device="auto")
    assert str(tmp_path / first) in refused.value.what
    assert "-o" in refused.value.hint


def test_a_production_that_was_renamed_takes_its_folder_along(tmp_path: Path) -> None:
    root = tmp_path / "out" / "work"
    root.mkdir(parents=True)
    record_owner(root, write(tmp_path, "film 1.toml"))
    renamed = (tmp_path / "film 1.toml").rename(tmp_path / "film-1.toml")
    record_owner(root, renamed)
    with pytest.raises(OutputError):
        check_owner(root, write(tmp_path, "film 1.toml"))


def test_a_folder_copied_or_moved_with_its_production_stays_its_own(tmp_path: Path) -> None:
    file = write(tmp_path / "here", "film.toml")
    root = tmp_path / "here" / "out" / "film" / "work"
    root.mkdir(parents=True)
    record_owner(root, file)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    record_owner(tmp_path / "there" / "out" / "film" / "work", tmp_path / "there" / "film.toml")
    check_owner(root, file)
    shutil.copytree(tmp_path / "here", tmp_path / "other")
    (tmp_path / "other" / "film.toml").rename(tmp_path / "other" / "renamed.toml")
    check_owner(tmp_path / "other" / "out" / "film" / "work", tmp_path / "other" / "renamed.toml")
    moved = tmp_path / "moved"
    root.parent.rename(moved)
    check_owner(moved / "work", file)
    with pytest.raises(OutputError):
        check_owner(moved / "work", write(tmp_path, "other.toml"))
    (tmp_path / "link.toml").symlink_to(file)
    check_owner(moved / "work", tmp_path / "link.toml")


def test_the_demo_owns_its_folder_wherever_the_program_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs = [tmp_path / name for name in ("venv", "checkout")]
    for install in installs:
        write(install / "productions", "demo.toml")
        monkeypatch.setattr("pipeline.outputs.owner.builtin_templates_folder", lambda install=install: install)
        record_owner(tmp_path, install / "productions" / "demo.toml")
    with pytest.raises(OutputError, match="shipped"):
        check_owner(tmp_path, write(tmp_path / "mine", "demo.toml"))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"file": "\\u0000", "from here": "\\u0000", "here": "\\u0000"}', '{"file": 1}', "\0"]
)
def test_a_record_that_says_nothing_owns_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "production.json").write_text(text, encoding="utf-8")
    record_owner(tmp_path, write(tmp_path, "film.toml"))
    check_owner(tmp_path, tmp_path / "film.toml")


def test_a_production_file_whose_name_is_not_utf8_owns_its_folder(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    file = write(folder, "film.toml")
    record_owner(tmp_path, file)
    check_owner(tmp_path, load_production(file).file)
    with pytest.raises(OutputError):
        check_owner(tmp_path, write(tmp_path, "film.toml"))


@given(st.text(alphabet="🎉🎊🎈-_. ", min_size=1, max_size=6), st.text(alphabet="🎉🎊🎈", min_size=1, max_size=6))
def test_names_of_emoji_alone_stay_apart(one: str, two: str) -> None:
    names = {safe_file_name(one), safe_file_name(two)}
    assert len(names) == len({one, two})
    for name in names:
        assert name.startswith("film-")
        assert safe_file_name(name) == name
