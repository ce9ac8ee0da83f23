"""A production file under work: edits, undo, and changes of other programs, which are never overwritten."""

from pathlib import Path

import pytest

from pipeline.errors import InputError, ProductionError
from pipeline.production.editing.edits import Remove, SetValue
from pipeline.production.editing.file import ChangedElsewhereError
from pipeline.studio.desk import Desk
from tests.end_to_end.productions import make_tiny

TITLE = ("section", 0, "title")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(make_tiny(tmp_path))


def retitle(desk: Desk, title: str) -> str:
    return desk.edit([SetValue(TITLE, title)], title, seen=desk.loaded().text.revision).revision


def test_edits_are_undone_and_made_again_byte_for_byte(desk: Desk) -> None:
    first = desk.file.read_bytes()
    retitle(desk, "A")
    retitle(desk, "B")
    second = desk.file.read_bytes()
    assert desk.production().sections[0].title == "B"
    assert desk.next_words() == {"undo": "B", "redo": None}
    assert (desk.undo(), desk.undo()) == ("B", "A")
    assert desk.file.read_bytes() == first
    assert (desk.redo(), desk.redo()) == ("A", "B")
    assert desk.file.read_bytes() == second
    with pytest.raises(InputError, match="nothing to redo"):
        desk.redo()


def test_a_new_edit_forgets_what_was_undone(desk: Desk) -> None:
    retitle(desk, "A")
    desk.undo()
    retitle(desk, "C")
    with pytest.raises(InputError, match="nothing to redo"):
        desk.redo()


def test_a_change_made_in_an_editor_is_noticed_and_never_overwritten(desk: Desk) -> None:
    seen = retitle(desk, "A")
    text = desk.file.read_text(encoding="utf-8").replace('"Tiny"', '"By an editor"')
    desk.file.write_text(text, encoding="utf-8")
    with pytest.raises(ChangedElsewhereError):
        desk.edit([SetValue(TITLE, "B")], "B", seen=seen)
    assert desk.production().title == "By an editor"
    assert desk.next_words() == {"undo": None, "redo": None}
    with pytest.raises(ChangedElsewhereError):
        desk.undo()
    assert desk.file.read_text(encoding="utf-8") == text


def test_two_studios_on_one_file_agree_or_refuse(desk: Desk) -> None:
    other = Desk(desk.file)
    seen = other.loaded().text.revision
    retitle(desk, "A")
    assert other.production().sections[0].title == "A"
    with pytest.raises(ChangedElsewhereError):
        other.edit([SetValue(TITLE, "B")], "B", seen=seen)
    retitle(other, "B")
    assert desk.production().sections[0].title == "B"


def test_an_edit_that_spoils_the_production_is_refused_in_its_own_words(desk: Desk) -> None:
    before = desk.file.read_bytes()
    seen = desk.loaded().text.revision
    for edit, words in (
        (SetValue(("section", 0, "storyboard", "seconds"), -3), "seconds"),
        (SetValue(("section", 0, "title"), ""), "title"),
        (SetValue(("video", "theme"), "nothing-like-it"), "theme"),
        (Remove(("title",)), "title"),
    ):
        with pytest.raises(InputError, match=words):
            desk.edit([edit], "x", seen=seen)
    assert desk.file.read_bytes() == before


def test_a_fault_that_was_there_before_stands_in_no_ones_way(desk: Desk) -> None:
    (desk.folder / "one.wav").unlink()
    retitle(desk, "A")
    assert desk.production().sections[0].title == "A"


def test_a_file_that_is_broken_is_read_again_once_it_is_mended(desk: Desk) -> None:
    text = desk.file.read_text(encoding="utf-8")
    desk.file.write_text(text + "\n[broken", encoding="utf-8")
    assert desk.loaded().fault is not None
    with pytest.raises(ProductionError):
        desk.production()
    desk.file.write_text(text, encoding="utf-8")
    assert desk.production().title == "Tiny"


def test_a_studio_without_a_production_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="no production file"):
        Desk(tmp_path / "production.toml").production()
