"""Listening in a real browser: doubts are where they were found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.learning.sampling.take import TakeFacts
from pipeline.outputs.take_list import ListedTake, list_takes
from pipeline.studio import takes
from tests.studio.browsing import IS_MISSING, sound, until, values
from tests.studio.served import Served

pytestmark = IS_MISSING

UNDER_THE_PLAYHEAD = """() => {
  const [head, track] = [".sound-view > .needle", ".sound-track"].map((one) => document.querySelector(one));
  return head.getBoundingClientRect().left - track.getBoundingClientRect().left;
}"""
"""How far from the beginning of the waveform the playhead stands, in pixels."""
NEEDLE = "parseFloat(document.querySelector('.sound-view > .needle').style.left) / 100"


@pytest.fixture
def doubtful(monkeypatch: pytest.MonkeyPatch, shown: Served) -> Served:
    """The tiny film, of which one take is said to have copied from its recording."""
    facts = TakeFacts(copied_samples=2000, copied_at_sample=4000, noise=True)

    def listed(seen: Any) -> list[ListedTake]:
        return [replace(one, facts=facts if one.iteration == 8 else one.facts) for one in list_takes(seen)]

    monkeypatch.setattr(takes, "list_takes", listed)
    return shown


def test_doubts_are_shown_in_the_list_on_the_waveform_and_a_click_plays_them(doubtful: Served, page: Any) -> None:
    page.goto(f"{doubtful.link}#listen")
    row = page.locator(".take-list [role=option]").nth(1)
    row.get_by_text("copied").wait_for()
    row.click()
    marked = page.locator(".sound-whole .mark.copied")
    marked.wait_for()
    box, mark = page.locator(".sound-whole").bounding_box(), marked.bounding_box()
    seconds = page.evaluate("document.querySelector('audio').duration")
    assert (mark["x"] - box["x"]) / box["width"] == pytest.approx(0.5 / seconds, abs=0.02)
    assert mark["width"] / box["width"] == pytest.approx(0.25 / seconds, abs=0.02)
    page.locator(".doubts").get_by_text("Its spectrum is as flat as noise").wait_for()
    page.get_by_role("button", name="Play where it is copied").click()
    until(lambda: sound(page)[1] > 0.5, "it plays from there")
    page.evaluate("document.querySelector('audio').pause()")
    width = page.locator(".sound-track").evaluate("(track) => track.clientWidth")
    heard, drawn = sound(page)[1], page.evaluate(UNDER_THE_PLAYHEAD)
    assert drawn == pytest.approx(heard / seconds * width, abs=1.5)
    page.get_by_role("slider", name="Position in the sound").press("Home")
    until(lambda: page.evaluate(UNDER_THE_PLAYHEAD) == pytest.approx(0, abs=1), "it scrolls back")
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("slider", name="Position in the sound").press("ArrowRight")
    page.locator(".sound.still").wait_for()
    until(lambda: page.evaluate(NEEDLE) == pytest.approx(0.5 / seconds, abs=0.01), "the needle moves instead")
    assert page.evaluate("document.querySelector('.sound-track').style.transform") == ""
    page.get_by_role("listbox", name="Takes").press("ArrowLeft")
    until(lambda: page.locator(".mark").count() == 0, "the untrained take has no marks")


def test_any_checkpoint_of_the_graph_is_heard_and_taken_in(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#listen")
    rows = page.locator(".take-list [role=option]")
    rows.nth(2).wait_for()
    page.get_by_role("img", name="Loss against iterations: validation").wait_for()
    box = page.locator(".graph canvas").bounding_box()
    marks = "import('/page/parts/graph.js').then((one) => [one.LEFT, one.RIGHT])"
    left, right = page.evaluate(marks)
    page.mouse.click(box["x"] + left + 16 / 24 * (box["width"] - left - right), box["y"] + box["height"] / 2)
    page.get_by_role("heading", name="Iteration 16").wait_for()
    until(lambda: "take-1-16" in sound(page)[0] and sound(page)[1] > 0.05, "it is made and heard")
    assert "take" not in values(shown)["section"][0]
    page.get_by_role("button", name="Take it in").click()
    until(lambda: "take" in values(shown)["section"][0], "it is written")
    assert [one["iteration"] for one in values(shown)["section"][0]["take"]] == [0, 8, 16, 24]
    page.get_by_text("not in the film", exact=True).wait_for(state="detached")
    assert page.get_by_role("heading", name="Iteration 16").is_visible()
