"""The page in a real browser: from an empty folder to a film, and a film that is heard, changed and played."""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import pytest

from tests.studio.browsing import (
    DROP,
    IS_MISSING,
    LONG_MS,
    PLAYING,
    SAID,
    STEADY,
    frame,
    picture,
    sound,
    until,
    values,
    visit,
)
from tests.studio.served import Served
from tests.studio.test_begin import wav

pytestmark = IS_MISSING

TINY = """# mine
title = "Mine"   # kept
[video]
width = 320
height = 180
frame_rate = 30
title_seconds = 0.5
credits_seconds = 0
graphs = false
[[section]]
title = "One"
corpus = { sample_rate_hz = 8000 }
network = { kind = "lstm", layers = 1, neurons = 16, embedding = 8 }
training = { recipe = "torch-rnn", iterations = 60, checkpoint_every = 20, batch = 8, sequence = 32, clock = "none" }
sampling = { candidates = 2 }
storyboard = { takes = 2, seconds = 1.6, card_seconds = 0, recording_seconds = 0 }
"""
CLICKS = """addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);"""


CANDIDATES = "fetch('/api/takes').then((one) => one.json()).then((one) => one.sections[0].takes.at(-1).candidates)"


def volume_db(page: Any) -> float:
    """By how much a take is made softer, so that none of the candidates is louder than another."""
    return 20 * math.log10(float(page.evaluate("document.querySelector('audio').volume")))


def made(new: Served) -> dict[str, set[str]]:
    """The keys of all results, by stage."""
    stages = ("prepare", "train", "sample", "cards", "render")
    return {stage: {one.name for one in (new.output / "work" / stage).iterdir()} for stage in stages}


def test_from_an_empty_folder_to_a_finished_film_in_few_clicks_and_then_only_what_is_stale(
    new: Served, page: Any
) -> None:
    page.add_init_script(CLICKS)
    page.goto(new.link)
    page.locator(".drop").wait_for()
    assert "token" not in page.evaluate("location.href")
    page.evaluate(DROP, ["voice.wav", base64.b64encode(wav(7)).decode()])
    page.get_by_text(re.compile(r"7\.\d s")).first.wait_for()
    page.get_by_role("button", name="Make the film").click()
    page.get_by_role("button", name="Stop").click()
    until(lambda: not new.studio.builds.is_running(new.output / "work"), "the build is stopped")
    new.file.write_text(TINY, encoding="utf-8")  # changed in an editor, underneath
    page.get_by_role("heading", name="Mine").wait_for()
    page.get_by_role("button", name=re.compile("^(Build|Go on)$")).click()
    page.locator(".graph:not([hidden])").first.wait_for()
    page.get_by_role("link", name="Watch it").click(timeout=LONG_MS)
    until(lambda: page.evaluate(PLAYING, "video") > 0.2, "the film plays")
    before = made(new)

    visit(page, "Listen")
    page.locator(".take-list [role=option]").nth(1).click()
    until(lambda: sound(page)[1] > 0.05, "the take is heard")
    heard, _ = sound(page)
    page.keyboard.press("a" if heard.endswith("-b") else "b")
    until(lambda: sound(page)[0] != heard, "the other candidate is heard")
    levels = [one["level_db"] for one in page.evaluate(CANDIDATES)]
    assert volume_db(page) == pytest.approx(min(levels) - levels[int(not heard.endswith("-b"))], abs=0.1)
    page.keyboard.press("Enter")
    page.locator(".candidates").get_by_text("chosen", exact=True).wait_for()
    assert values(new)["section"][0]["sampling"]["choose"] == {"60": 1 if heard.endswith("-b") else 2}

    visit(page, "Film")
    page.locator(".clip.take").nth(1).click()
    page.keyboard.press("c")
    page.get_by_role("textbox", name="Caption of take 60").fill("It speaks")
    page.keyboard.press("Enter")
    until(lambda: "take" in values(new)["section"][0], "the caption is written")

    visit(page, "Build")
    page.locator(".stages").get_by_text(re.compile("^(stale|to make)$")).first.wait_for()
    said = page.evaluate_handle(SAID)
    page.get_by_role("button", name="Build", exact=True).click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("link", name="Watch it").wait_for(timeout=LONG_MS)
    assert said.json_value()[-1] == "The film is made."
    assert 2 <= len(said.json_value()) < 12  # each stage once
    new_keys = {stage: len(keys - before[stage]) for stage, keys in made(new).items()}
    assert new_keys == {"prepare": 0, "train": 0, "sample": 1, "cards": 0, "render": 1}  # of 2 takes and 3 segments
    assert int(page.evaluate("sessionStorage.clicks")) < 15
    assert new.file.read_text(encoding="utf-8").startswith('# mine\ntitle = "Mine"   # kept\n')


def test_a_film_is_changed_on_the_strip_and_its_preview_follows(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#film")
    takes = page.get_by_role("option", name=re.compile("^take "))
    takes.nth(2).wait_for()
    until(lambda: frame(page) >= 0, "a frame is shown")
    takes.nth(2).locator(".edge").hover(position={"x": 5, "y": 30})
    page.mouse.down()
    edge = takes.nth(2).locator(".edge").bounding_box()
    page.mouse.move(edge["x"] + 60, edge["y"] + 30, steps=4)
    page.mouse.up()
    until(lambda: values(shown)["section"][0].get("take"), "the take is stretched")
    lines = values(shown)["section"][0]["take"]
    assert [line["iteration"] for line in lines] == [0, 8, 24]
    assert lines[2]["seconds"] > 1.5

    page.locator(".clip.fixed").wait_for()  # the strip is laid out anew
    takes.nth(1).click()
    until(lambda: frame(page) > 90, "the preview goes there")
    until(lambda: page.evaluate(STEADY), "the frame is the film's of now")
    before = picture(page)
    page.keyboard.press("c")
    page.get_by_role("textbox", name="Caption of take 8").fill("It speaks!")
    page.keyboard.press("Enter")
    until(lambda: values(shown)["section"][0]["take"][1].get("caption") == "It speaks!", "the caption is written")
    until(lambda: picture(page) != before, "the preview shows it")
    page.keyboard.press("Control+z")
    until(lambda: "caption" not in values(shown)["section"][0]["take"][1], "it is undone")
    until(lambda: picture(page) == before, "the preview is as before")
    page.get_by_label("Theme").select_option("paper")
    until(lambda: picture(page) != before, "the theme changes")

    first = frame(page)
    page.get_by_role("button", name="Play", exact=True).click()
    until(lambda: sound(page, ".preview audio")[1] > 0.4, "the sound plays")
    until(lambda: frame(page) > first + 10, "frames follow the sound")


def test_a_server_that_is_killed_and_started_again_is_found_again_and_keys_are_enough(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#listen")
    takes = page.locator(".take-list [role=option]")
    takes.first.wait_for()
    shown.stop()
    page.get_by_text("The connection is lost").wait_for()
    shown.start()
    page.get_by_text("The connection is lost").wait_for(state="hidden")
    page.keyboard.press("ArrowRight")
    until(lambda: sound(page)[1] > 0.05, "the take is heard")
    page.keyboard.press("s")
    until(lambda: values(shown)["section"][0].get("favourites") == [8], "the star is written")
    page.evaluate("document.activeElement.blur()")
    for _ in range(3):  # past the link over the bar, to the second view
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Listen"
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    title = page.get_by_label("title", exact=True)
    title.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("By keys")
    page.keyboard.press("Tab")
    page.locator(".cost").get_by_text("compose").wait_for()
    page.get_by_role("button", name="Write").focus()
    page.keyboard.press("Enter")
    until(lambda: values(shown)["title"] == "By keys", "the title is written")


def test_a_state_that_is_late_and_an_edit_that_is_early_do_no_harm(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#listen")
    page.locator(".take-list [role=option]").first.wait_for()
    page.evaluate("""import("/page/api.js").then(({ live, change }) => {
      window.first = live.state;
      const mark = (on, n) => change("/api/favourite", { section: 0, iteration: 8 * n, on });
      return Promise.all([true, false, true].map(mark));
    })""")
    assert values(shown)["section"][0]["favourites"] == [0, 16]  # none waited for the answer to the one before it
    page.locator(".take-list").get_by_role("option", selected=True).locator("svg").wait_for()
    page.evaluate("""import("/page/api.js").then(({ live }) => { live.take(window.first); })""")
    page.keyboard.press("s")
    until(lambda: values(shown)["section"][0]["favourites"] == [16], "the page knows the file as it is")


def test_what_is_pressed_is_not_replaced_before_it_is_let_go(shown: Served, page: Any) -> None:
    page.goto(f"{shown.link}#listen")
    row = page.locator(".take-list [role=option]").nth(2)
    row.hover()
    page.mouse.down()
    shown.file.write_text(shown.file.read_text(encoding="utf-8").replace('"Tiny"', '"Mine"'), encoding="utf-8")
    until(lambda: page.evaluate("""import("/page/api.js").then(({ live }) => live.next !== null)"""), "it is told")
    page.mouse.up()
    page.get_by_role("heading", name="Iteration 24").wait_for()
    page.get_by_role("heading", name="Mine").wait_for()
