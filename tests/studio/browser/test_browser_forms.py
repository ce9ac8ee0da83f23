"""Settings in a real browser: lists, kinds of networks, faults at their fields, costs before they are made."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from PIL import Image

from pipeline.runtime.resources import assets_folder, builtin_templates_folder
from tests.studio.browsing import IS_MISSING, until, values, visit
from tests.studio.served import Served

pytestmark = IS_MISSING


@pytest.fixture
def form(shown: Served, page: Any) -> Any:
    """The settings, with a picture and a card's template beside the production."""
    Image.new("RGB", (64, 36), "#204080").save(shown.file.parent / "still.png")
    cards = shown.file.parent / "templates" / "cards"
    cards.mkdir(parents=True)
    shutil.copy(builtin_templates_folder() / "cards" / "title.toml", cards / "thanks.toml")
    page.goto(f"{shown.link}#settings")
    page.locator(".setting").first.wait_for()
    return page


def place(page: Any, name: str) -> None:
    page.locator(".places").get_by_role("button", name=name).click()


def fault(page: Any, words: str) -> None:
    """Wait for a fault in these words, at a field or table."""
    page.locator(".setting-fault:not([hidden])").filter(has_text=words).wait_for()


def write(page: Any, field: str, text: str) -> None:
    page.get_by_label(field, exact=True).last.fill(text)
    page.keyboard.press("Tab")


def cost(page: Any, words: str) -> None:
    page.locator(".cost > .stack:not([aria-busy])").filter(has_text=words).wait_for()


def written(page: Any, shown: Served) -> Any:
    """Write the changes; returns what the file says then."""
    before = shown.file.read_bytes()
    page.get_by_role("button", name="Write").click()
    until(lambda: shown.file.read_bytes() != before, "it is written")
    return values(shown)


def test_an_insert_a_card_and_a_cut_are_made_in_forms_and_cost_what_they_cost(form: Any, shown: Served) -> None:
    before = shown.file.read_text(encoding="utf-8")
    place(form, "Inserts")
    form.get_by_role("button", name="Add an insert").click()
    fault(form, "'insert 1.file' is missing")
    assert form.get_by_label("file", exact=True).get_attribute("aria-invalid") == "true"
    write(form, "file", "nothing.png")
    fault(form, "There is no such file")
    write(form, "file", "still.png")
    write(form, "seconds", "-1")
    fault(form, "'insert 1.seconds' can't be -1")
    write(form, "seconds", "1.5")
    cost(form, "render")
    place(form, "Cards")
    form.get_by_role("button", name="Add a card").click()
    form.get_by_label("template", exact=True).select_option("thanks")
    form.get_by_label("after", exact=True).select_option("section 1")
    cost(form, "cards 1 card")
    place(form, "Cuts")
    form.get_by_role("button", name="Add a cut").click()
    write(form, "name", "short")
    write(form, "seconds", "2")
    fault(form, "a title of 2 s leaves no time for takes in 2 s")
    write(form, "seconds", "8")
    cost(form, "Cut short")
    assert shown.file.read_text(encoding="utf-8") == before
    found = written(form, shown)
    assert found["insert"] == [{"file": "still.png", "seconds": 1.5}]
    assert found["card"] == [{"template": "thanks", "after": "section 1"}]
    assert found["cut"] == [{"name": "short", "seconds": 8}]
    assert all(line in shown.file.read_text(encoding="utf-8") for line in before.splitlines())

    form.get_by_role("button", name="Cuts (1)").wait_for()
    place(form, "Inserts (1)")
    form.get_by_role("button", name="Remove insert 1").click()
    assert "insert" not in written(form, shown)


def test_captions_by_condition_move_and_a_networks_kind_brings_its_fields(form: Any, shown: Served) -> None:
    place(form, "1. One")
    form.get_by_label("group", exact=True).wait_for(state="detached")
    form.get_by_label("Kind").select_option("tiered-lstm")
    form.get_by_label("group", exact=True).wait_for()
    cost(form, "train section 1")
    form.get_by_role("button", name="Add a caption").click()
    fault(form, "caption 1.text' is missing")
    write(form, "text", "It begins")
    fault(form, "a caption needs a condition")
    write(form, "when", "take.epok > 1")
    fault(form, "take.epok")
    write(form, "when", "take.epoch > 1")
    cost(form, "train section 1")
    form.get_by_role("button", name="Add a caption").click()
    write(form, "text", "Later")
    write(form, "iteration", "16")
    cost(form, "train section 1")
    section = written(form, shown)["section"][0]
    assert section["network"] == {"kind": "tiered-lstm", "layers": 1, "neurons": 16, "embedding": 8}
    assert section["caption"] == [{"text": "It begins", "when": "take.epoch > 1"}, {"text": "Later", "iteration": 16}]
    until(lambda: not form.locator(".entry.changed").count(), "the form is as the file")
    form.get_by_role("button", name="Earlier: Caption 2").click()
    assert [one["text"] for one in written(form, shown)["section"][0]["caption"]] == ["Later", "It begins"]
    form.keyboard.press("Control+z")
    until(lambda: values(shown)["section"][0]["caption"][0]["text"] == "It begins", "it is undone")


def test_what_is_not_written_yet_outlives_another_programs_change(form: Any, shown: Served) -> None:
    write(form, "title", "Not yet")
    text = shown.file.read_text(encoding="utf-8")
    shown.file.write_text(text.replace('title = "One"', 'title = "Eins"'), encoding="utf-8")
    form.get_by_role("button", name="1. Eins").wait_for()
    assert form.get_by_label("title", exact=True).input_value() == "Not yet"
    found = written(form, shown)
    assert (found["title"], found["section"][0]["title"]) == ("Not yet", "Eins")


def test_lists_and_curves_are_rows_that_are_added_moved_and_removed(form: Any, shown: Served) -> None:
    place(form, "1. One")
    form.get_by_label("temperature: what it is").select_option("a list")
    write(form, "temperature 1, at share", "0")
    fault(form, "'section 1.sampling.temperature 1.temperature' is missing")
    write(form, "temperature 1, temperature", "0.7")
    form.get_by_role("button", name="Add to temperature", exact=True).click()
    write(form, "temperature 2, at share", "1")
    write(form, "temperature 2, temperature", "1,3")
    form.get_by_role("button", name="Add to recordings").click()
    write(form, "recording 2, file", "two.flac")
    form.get_by_role("button", name="Earlier: recording 2").click()
    write(form, "recording 1, track", "1")
    form.get_by_role("button", name="Add to choose").click()
    write(form, "choose 1, name", "8")
    write(form, "choose 1, value", "1")
    cost(form, "prepare section 1")
    section = written(form, shown)["section"][0]
    assert section["sampling"]["temperature"] == [
        {"at_share": 0, "temperature": 0.7},
        {"at_share": 1, "temperature": 1.3},
    ]
    assert section["recordings"] == [{"file": "two.flac", "track": 1}, "one.wav"]
    assert section["sampling"]["choose"] == {"8": 1}
    until(lambda: not form.locator(".setting.changed").count(), "the form is as the file")
    form.get_by_role("button", name="Remove temperature 1").click()
    form.get_by_role("button", name="Remove recording 1").click()
    section = written(form, shown)["section"][0]
    assert (section["sampling"]["temperature"], section["recordings"]) == (
        [{"at_share": 1, "temperature": 1.3}],
        ["one.wav"],
    )
    until(lambda: not form.locator(".setting.changed").count(), "the form is as the file")
    form.get_by_label("temperature: what it is").select_option("one value")
    write(form, "temperature", "0.9")
    assert written(form, shown)["section"][0]["sampling"]["temperature"] == 0.9


def test_a_song_is_made_in_a_form(form: Any, shown: Served) -> None:
    shutil.copy(assets_folder() / "song" / "tune.mid", shown.file.parent)
    place(form, "Songs")
    form.get_by_role("button", name="Add a song").click()
    fault(form, "'song 1.title' is missing")
    write(form, "title", "It sings")
    write(form, "melody", "nothing.mid")
    form.get_by_role("button", name="Add a voice").click()
    write(form, "voice", "section 9")
    fault(form, "there is no section 9")
    write(form, "voice", "section 2")
    fault(form, "There is no melody here")
    write(form, "melody", "tune.mid")
    write(form, "track", "viola")
    fault(form, "1 (melody), 2 (alto), 3 (bass)")
    write(form, "track", "2")
    write(form, "after", "section 1")
    cost(form, "sample 1 song")
    assert written(form, shown)["song"] == [
        {
            "title": "It sings",
            "melody": "tune.mid",
            "after": "section 1",
            "voice": [{"voice": "section 2", "track": 2}],
        }
    ]
    visit(form, "Film")
    form.get_by_role("option", name="It sings").click()
    form.get_by_role("heading", name="Song: It sings").wait_for()
    assert form.get_by_label("Place", exact=True).input_value() == "section 1"
    form.get_by_label("Place", exact=True).select_option("end")
    until(lambda: values(shown)["song"][0]["after"] == "end", "it is put elsewhere")
