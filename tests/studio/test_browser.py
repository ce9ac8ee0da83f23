"""The page in a real browser: from an empty folder to a film, and a film that is heard, changed and played."""

from __future__ import annotations

import base64
import re
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.conftest import Built
from tests.studio.served import BROWSER, Served
from tests.studio.test_begin import wav

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium here: apt-get install chromium")

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
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "audio/wav" }));
  const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
  document.querySelector(".drop").dispatchEvent(new DragEvent("drop", options));
}"""


OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--autoplay-policy=no-user-gesture-required",
)
NAMELESS = """[...document.querySelectorAll('button, a[href], input, select, textarea, [role=slider]')]
  .filter((one) => one.offsetParent)
  .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))
  .map((one) => one.outerHTML)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=list(OPTIONS))
        yield found
        found.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(90_000)
    page = context.new_page()
    faults: list[str] = []

    def watch(request: Any) -> None:
        if "127.0.0.1" not in request.url and not request.url.startswith(("data:", "blob:")):
            faults.append(request.url)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", watch)
    yield page
    context.close()
    assert faults == []


def served(file: Path, output: Path) -> Iterator[Served]:
    found = Served(file, output)
    found.start()
    yield found
    found.studio.builds.wait()
    found.stop()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Served]:
    yield from served(tmp_path / "new" / "production.toml", tmp_path / "out")


@pytest.fixture
def film(built: Built, tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(built.folder, tmp_path / "film")
    yield from served(tmp_path / "film" / "tiny.toml", tmp_path / "film" / "out" / "tiny")


def until(holds: Callable[[], object], what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def values(served: Served) -> dict[str, Any]:
    return tomllib.loads(served.file.read_text(encoding="utf-8"))


def shown(page: Any) -> bytes:
    """The frame that is shown, as a picture."""
    return bytes(page.locator(".preview canvas").screenshot())


def test_from_an_empty_folder_to_a_finished_film(new: Served, page: Any) -> None:
    page.goto(new.link)
    assert "token" not in page.evaluate("location.href")
    page.locator(".drop").wait_for()
    page.evaluate(DROP, ["voice.wav", base64.b64encode(wav(7)).decode()])
    page.get_by_text(re.compile(r"7\.\d s")).first.wait_for()
    page.get_by_role("button", name="Make the film").click()
    page.get_by_role("button", name="Stop").click()
    until(lambda: not new.studio.builds.is_running(new.output / "work"), "the build is stopped")
    new.file.write_text(TINY, encoding="utf-8")  # changed in an editor, underneath
    page.get_by_role("heading", name="Mine").wait_for()
    page.get_by_role("button", name=re.compile("^(Build|Go on)$")).click()
    page.locator(".graph:not([hidden])").first.wait_for()
    page.get_by_role("link", name="Watch it").click(timeout=180_000)
    page.locator("video").wait_for()
    page.evaluate("document.querySelector('video').play()")
    until(lambda: page.evaluate("document.querySelector('video').currentTime > 0.2"), "the page follows")

    page.get_by_role("link", name="Listen").click()
    page.locator(".take-list [role=option]").nth(1).click()
    until(lambda: page.evaluate("document.querySelector('audio').currentTime > 0.05"), "the page follows")
    heard = page.evaluate("document.querySelector('audio').src")
    page.keyboard.press("a" if heard.endswith("-b") else "b")
    until(lambda: page.evaluate(f"document.querySelector('audio').src !== {heard!r}"), "the page follows")
    page.keyboard.press("Enter")
    page.get_by_text("chosen").wait_for()
    assert values(new)["section"][0]["sampling"]["choose"] == {"60": 1 if heard.endswith("-b") else 2}

    page.get_by_role("link", name="Build").click()
    page.get_by_text("stale").or_(page.get_by_text("to make")).first.wait_for()
    made = {path.name for path in (new.output / "work" / "train").iterdir()}
    page.get_by_role("button", name="Build", exact=True).click()
    until(lambda: new.studio.builds.is_running(new.output / "work"), "it builds")
    until(lambda: not new.studio.builds.is_running(new.output / "work"), "it is built", 120)
    assert {path.name for path in (new.output / "work" / "train").iterdir()} == made
    assert new.file.read_text(encoding="utf-8").startswith('# mine\ntitle = "Mine"   # kept\n')


def test_a_film_is_changed_on_the_strip_and_its_preview_follows(film: Served, page: Any) -> None:
    page.goto(f"{film.link}#film")
    takes = page.get_by_role("option", name=re.compile("^take "))
    takes.nth(2).wait_for()
    edge = takes.nth(2).locator(".edge").bounding_box()
    page.mouse.move(edge["x"] + 5, edge["y"] + 30)
    page.mouse.down()
    page.mouse.move(edge["x"] + 60, edge["y"] + 30, steps=4)
    page.mouse.up()
    until(lambda: values(film)["section"][0].get("take"), "the take is stretched")
    lines = values(film)["section"][0]["take"]
    assert [line["iteration"] for line in lines] == [0, 8, 24]
    assert lines[2]["seconds"] > 1.5

    until(lambda: takes.nth(1).get_attribute("aria-label").startswith("take 8"), "the strip is laid out anew")
    takes.nth(1).click()
    until(
        lambda: page.evaluate("Number(document.querySelector('.preview canvas').dataset.frame) > 90"),
        "the page follows",
    )
    before = shown(page)
    page.keyboard.press("c")
    field = page.get_by_role("textbox", name="Caption of take 8")
    field.fill("It speaks!")
    page.keyboard.press("Enter")
    until(lambda: values(film)["section"][0]["take"][1].get("caption") == "It speaks!", "the caption is written")
    until(lambda: shown(page) != before, "the preview shows it")
    page.keyboard.press("Control+z")
    until(lambda: "caption" not in values(film)["section"][0]["take"][1], "it is undone")
    until(lambda: shown(page) == before, "the preview is as before")
    page.get_by_label("Theme").select_option("paper")
    until(lambda: shown(page) != before, "the theme changes")

    canvas = page.locator(".preview canvas")
    first = int(canvas.get_attribute("data-frame"))
    page.get_by_role("button", name="Play", exact=True).click()
    until(lambda: page.evaluate("document.querySelector('.preview audio').currentTime > 0.4"), "the page follows")
    until(lambda: int(canvas.get_attribute("data-frame")) > first + 10, "frames follow the sound")


def test_a_server_that_is_killed_and_started_again_is_found_again_and_keys_are_enough(film: Served, page: Any) -> None:
    page.goto(f"{film.link}#listen")
    page.locator(".take-list [role=option]").first.wait_for()
    film.stop()
    page.get_by_text("The connection is lost").wait_for()
    film.start()
    page.get_by_text("The connection is lost").wait_for(state="hidden")
    page.locator(".take-list [role=option]").first.wait_for()
    page.keyboard.press("ArrowRight")
    until(lambda: page.evaluate("document.querySelector('audio').currentTime > 0.05"), "the page follows")
    page.keyboard.press("s")
    until(lambda: values(film)["section"][0].get("favourites") == [8], "the star is written")
    for _ in range(3):  # past the link over the bar, to the second view
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused in {"Build", "Listen", "Film", "Settings", "Deliver"}
    page.evaluate("document.querySelector('.tabs a[href=\"#settings\"]').focus()")
    page.keyboard.press("Enter")
    title = page.get_by_label("title", exact=True)
    title.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("By keys")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Write").wait_for()
    page.get_by_text("compose").wait_for()
    page.get_by_role("button", name="Write").focus()
    page.keyboard.press("Enter")
    until(lambda: values(film)["title"] == "By keys", "the title is written")


def test_all_that_is_pressed_or_written_in_has_a_name_and_the_page_fits_a_phone(film: Served, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 760})
    page.goto(film.link)
    for view in ("build", "listen", "film", "settings", "deliver"):
        page.evaluate(f"location.hash = '{view}'")
        until(lambda: page.evaluate("document.querySelector('main').textContent.length > 200"), "the page follows")
        assert page.evaluate(NAMELESS) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), view
