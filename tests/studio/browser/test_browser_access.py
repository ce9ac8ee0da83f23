"""The page for everybody in a real browser: by keys alone, with names and contrast, dark and light, on a phone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.browsing import IS_MISSING, VIEWS, frame, sound, until, values, visit
from tests.studio.served import Served

pytestmark = IS_MISSING
NAMELESS = """[...document.querySelectorAll(
    'button, a[href], input, select, textarea, summary, [role=slider], [role=option]')]
  .filter((one) => one.offsetParent)
  .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))
  .map((one) => one.outerHTML)"""
UNREACHED = """[...document.querySelectorAll('button, a[href], input, select, textarea, summary, audio, video')]
  .filter((one) => one.offsetParent && !one.disabled && one.tabIndex < 0).map((one) => one.outerHTML)"""
POOR = """(() => {
  const numbers = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length && found[3] !== 0) return found;
    }
    return [255, 255, 255];
  };
  const isPlain = (one) => one.offsetParent && !one.closest(":disabled, [aria-busy], .mark, .notice")
    && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll("body *")].filter(isPlain).map((one) => {
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
})()"""


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 390)])
def test_all_has_a_name_can_be_reached_and_read_and_fits(shown: Served, page: Any, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 760})
    page.emulate_media(color_scheme=scheme)
    page.goto(shown.link)
    for name, there in VIEWS.items():
        visit(page, name)
        page.locator(there).first.wait_for()
        assert page.evaluate(NAMELESS) == [], name
        assert page.evaluate(UNREACHED) == [], name
        assert page.evaluate(POOR) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name


def reach(page: Any, selector: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(120):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(selector)


def test_a_film_is_heard_changed_and_set_by_keys_alone(shown: Served, page: Any) -> None:
    page.goto(shown.link)
    page.locator(".tabs a").first.wait_for()
    reach(page, '.tabs a[href="#listen"]')
    page.keyboard.press("Enter")
    page.locator(".take-list li").first.wait_for()
    page.keyboard.press("ArrowRight")
    until(lambda: sound(page)[1] > 0.05, "a take is heard")
    page.keyboard.press("r")
    until(lambda: "recording-1" in sound(page)[0], "the recording is heard")
    reach(page, "select")
    page.keyboard.press("ArrowDown")
    until(lambda: page.evaluate("document.activeElement.value") == "1", "the other section is chosen")
    reach(page, '.tabs a[href="#film"], .skip')
    page.evaluate("document.activeElement.blur()")
    reach(page, '.tabs a[href="#film"]')
    page.keyboard.press("Enter")
    page.locator(".clip.take").first.wait_for()
    until(lambda: frame(page) >= 0, "a frame is shown")
    reach(page, ".clip")
    for _ in range(4):  # title, card, recording, take
        page.keyboard.press("ArrowRight")
    until(lambda: page.locator(".clip[aria-selected=true].take").count() == 1, "a take is selected")
    page.keyboard.press("c")
    page.keyboard.type("Noise")
    page.keyboard.press("Enter")
    until(lambda: values(shown)["section"][0].get("take", [{}])[0].get("caption") == "Noise", "its caption is written")
    page.keyboard.press("Delete")
    until(lambda: [one["iteration"] for one in values(shown)["section"][0]["take"]] == [8, 24], "it is taken out")


FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


def test_what_is_drawn_anew_keeps_the_focus(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#film")
    page.locator(".clip.take").first.wait_for()
    until(lambda: frame(page) >= 0, "a frame is shown")
    reach(page, ".clip")
    for _ in range(5):  # title, card, recording, two takes
        page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    until(lambda: "take" in values(shown)["section"][0], "it is written")
    until(lambda: page.evaluate(FOCUSED).startswith("take 8, 1.3 s"), "the part is drawn anew, and has the focus")
    reach(page, ".inspector button")
    while "best" not in page.evaluate(FOCUSED):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(lambda: "best" in str(values(shown)["section"][0]["take"]), "it is written")
    page.locator(".clip", has_text="best").wait_for()
    assert "best" in page.evaluate(FOCUSED)
