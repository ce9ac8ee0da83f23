"""The film's strip in a real browser: takes dragged out and in, parts put elsewhere, lengths by keys, the best take."""

from __future__ import annotations

import re
from typing import Any

import pytest
from PIL import Image

from tests.studio.browsing import IS_MISSING, frame, until, values, visit
from tests.studio.served import Served

pytestmark = IS_MISSING


@pytest.fixture
def strip(shown: Served, page: Any) -> Any:
    """The film's page, with an insert, once its strip is laid out."""
    Image.new("RGB", (64, 36), "#204080").save(shown.file.parent / "still.png")
    text = shown.file.read_text(encoding="utf-8")
    insert = '[[insert]]\nfile = "still.png"\nafter = "title"\nseconds = 1\n'
    shown.file.write_text(text.replace("[[section]]", f"{insert}[[section]]", 1), encoding="utf-8")
    page.goto(f"{shown.link}#film")
    part(page, "take 24,").wait_for()
    until(lambda: frame(page) >= 0, "a frame is shown")
    return page


def part(page: Any, name: str) -> Any:
    """A part of the film; of the first section where there are several."""
    return page.get_by_role("option", name=re.compile(f"^{re.escape(name)}")).first


def order(page: Any) -> list[str]:
    """The names of all parts, in the order of the film."""
    labels = page.locator(".clip").evaluate_all("(all) => all.map((one) => one.getAttribute('aria-label'))")
    return [label.partition(",")[0] for label in labels]


def box(item: Any) -> dict[str, float]:
    """Where a part stands; one that is being laid out anew stands nowhere for a moment."""
    found: list[dict[str, float]] = []
    until(lambda: found.extend(filter(None, [item.bounding_box()])) or found, "it stands somewhere")
    return found[0]


def drag(page: Any, item: Any, x: float, y: float) -> None:
    """Drag a part from its middle to a place of the window."""
    item.hover()
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.up()


def iterations(shown: Served) -> list[int | str]:
    return [one["iteration"] for one in values(shown)["section"][0].get("take", [])]


def test_takes_are_dragged_out_and_in_and_the_best_is_set(strip: Any, shown: Served) -> None:
    drag(strip, part(strip, "take 8,"), 600, 200)
    until(lambda: iterations(shown) == [0, 24], "it is taken out")
    strip.get_by_role("button", name="16", exact=True).drag_to(strip.locator(".strip"))
    until(lambda: iterations(shown) == [0, 16, 24], "another is taken in")
    part(strip, "take 16,").wait_for()
    part(strip, "take 24,").click()
    strip.get_by_role("button", name="Set “best”").click()
    until(lambda: iterations(shown) == [0, 16, "best"], "the best is set")
    strip.locator(".clip", has_text="best").wait_for()
    drag(strip, part(strip, "take 0,"), 600, 200)
    until(lambda: iterations(shown) == [16, "best"], "it is taken out")
    for _ in range(4):
        strip.get_by_role("button", name=re.compile("^Undo")).click()
    until(lambda: iterations(shown) == [], "all is as it was")


def test_parts_are_put_elsewhere_where_the_film_allows_it(strip: Any, shown: Served) -> None:
    place = box(part(strip, "section 2"))
    drag(strip, part(strip, "still.png"), place["x"] - 20, place["y"] + 30)
    until(lambda: values(shown)["insert"][0].get("section") == 1, "the insert follows section 1")
    assert values(shown)["insert"][0]["after"] == "section"
    until(lambda: order(strip).index("still.png") > order(strip).index("take 24"), "it is shown there")
    part(strip, "still.png").click()
    assert strip.get_by_label("Place", exact=True).input_value() == "section 1"
    place = box(part(strip, "take 0,"))
    drag(strip, part(strip, "section 2"), place["x"] + 5, place["y"] + 30)
    until(lambda: [one["title"] for one in values(shown)["section"]] == ["Two", "One"], "the sections are exchanged")
    before = shown.file.read_bytes()
    drag(strip, part(strip, "title"), place["x"] + 5, place["y"] + 30)  # the law of the film: it comes first
    assert shown.file.read_bytes() == before


def test_a_take_that_is_pressed_at_its_edge_is_selected_and_stays_as_long_as_it_is(strip: Any, shown: Served) -> None:
    before = shown.file.read_bytes()
    part(strip, "take 24,").locator(".edge").click()
    strip.get_by_role("heading", name="Take 24").wait_for()
    assert shown.file.read_bytes() == before


def test_keys_one_after_the_other_make_one_change(strip: Any, shown: Served) -> None:
    part(strip, "take 24,").click()
    seconds = float(part(strip, "take 24,").locator(".clip-length").inner_text().split()[0])
    for key in ("+", "+", "+", "-"):
        strip.keyboard.press(key)
    until(lambda: iterations(shown), "it is written")
    assert values(shown)["section"][0]["take"][2]["seconds"] == pytest.approx(seconds + 1, abs=0.06)
    strip.keyboard.press("Control+z")
    until(lambda: iterations(shown) == [], "all keys are one change")


def test_what_could_not_be_written_is_not_shown_and_a_broken_file_is_told_in_every_view(
    strip: Any, shown: Served
) -> None:
    label = part(strip, "take 24,").locator(".clip-length")
    seconds, good = label.inner_text(), shown.file.read_text(encoding="utf-8")
    part(strip, "take 24,").click()
    shown.stop()
    edge = box(part(strip, "take 24,").locator(".edge"))
    strip.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 40)
    strip.mouse.down()
    strip.mouse.move(edge["x"] + 60, edge["y"] + 40, steps=3)
    assert label.inner_text() != seconds
    strip.mouse.up()
    strip.get_by_text("The studio does not answer").wait_for()
    assert label.inner_text() == seconds
    shown.start()
    strip.get_by_text("The connection is lost").wait_for(state="hidden")
    assert shown.file.read_text(encoding="utf-8") == good
    shown.file.write_text(f"{good}\n[[[", encoding="utf-8")
    for name in ("Build", "Listen", "Film", "Settings", "Deliver"):
        visit(strip, name)
        strip.locator(".wrong .fault").get_by_text("is not valid TOML").wait_for()
    shown.file.write_text(good, encoding="utf-8")
    strip.locator(".wrong").wait_for(state="hidden")
