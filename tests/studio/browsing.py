"""A real browser that looks at a studio on a real port, and what tests ask of its page."""

from __future__ import annotations

import shutil
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.end_to_end.conftest import Built
from tests.studio.served import BROWSER, Served

IS_MISSING = pytest.mark.skipif(BROWSER is None, reason="there is no chromium here: apt-get install chromium")
LONG_MS = 240_000
PATIENCE_S = 90.0
SETTLED = """import("/page/api.js").then(({ live }) => {
  const isDrawn = [...document.images].every((one) => !one.getAttribute("src") || one.complete);
  const frame = document.querySelector(".preview canvas"), film = document.querySelector("video");
  const stages = document.querySelector(".stages"), thumbs = document.querySelectorAll(".clip.take");
  return live.next === null && isDrawn && (!frame || frame.dataset.stamp === live.state.stamp)
    && (!film || film.readyState > 1) && !document.querySelector("[aria-busy]")
    && (!stages || !stages.textContent.includes("…"))
    && [...thumbs].every((one) => one.clientWidth < 30 || one.querySelector("img"));
})"""
"""Whether all that a view shows is there."""
SPOKEN_HZ = 440
"""What the browser's microphone hears: a tone."""
VIEWS = {
    "Build": ".stages li",
    "Listen": ".take-list li",
    "Film": ".clip.take",
    "Settings": ".setting",
    "Deliver": "video",
}
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
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser whose microphone hears a tone."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    soundfile.write(spoken, 0.25 * np.sin(2 * np.pi * SPOKEN_HZ * np.arange(48000) / 48000), 48000)
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=BROWSER, args=[*OPTIONS, f"--use-file-for-fake-audio-capture={spoken}"]
        )
        yield found
        found.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that asks no other machine for anything, and whose script has no faults."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    faults: list[str] = []

    def watch(request: Any) -> None:
        if "127.0.0.1" not in request.url and not request.url.startswith(("data:", "blob:")):
            faults.append(request.url)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", watch)
    yield page
    context.close()
    assert faults == [], faults


def served(file: Path, output: Path) -> Iterator[Served]:
    found = Served(file, output)
    found.start()
    yield found
    found.studio.builds.wait()
    found.stop()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Served]:
    """A studio in an empty folder."""
    yield from served(tmp_path / "new" / "production.toml", tmp_path / "out")


@pytest.fixture
def shown(built: Built, tmp_path: Path) -> Iterator[Served]:
    """A studio on the built tiny film, to be changed."""
    shutil.copytree(built.folder, tmp_path / "film")
    yield from served(tmp_path / "film" / "tiny.toml", tmp_path / "film" / "out" / "tiny")


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def values(served: Served) -> dict[str, Any]:
    return tomllib.loads(served.file.read_text(encoding="utf-8"))


STEADY = """import("/page/api.js").then(({ live }) => {
  const shown = document.querySelector(".preview canvas").dataset;
  return shown.stamp === live.state.stamp && live.next === null;
})"""
SAID = """() => {
  const said = [], node = document.querySelector(".bar ~ [role=status].hidden-label");
  new MutationObserver(() => said.push(node.textContent)).observe(node, { childList: true });
  return said;
}"""
"""What is said aloud from then on of a build."""
PICTURE = "document.querySelector('.preview canvas')?.toDataURL() ?? ''"
PLAYING = """(selector) => {
  const sound = document.querySelector(selector);
  if (sound?.paused && !sound.ended) sound.play().catch(() => {});
  return sound?.currentTime ?? 0;
}"""


def picture(page: Any) -> str:
    """The frame that is shown, without what stands over it."""
    return str(page.evaluate(PICTURE))


def frame(page: Any) -> int:
    """The number of the frame that is shown; -1 before there is one."""
    return int(page.evaluate("Number(document.querySelector('.preview canvas')?.dataset.frame ?? -1)"))


def sound(page: Any, selector: str = "audio") -> tuple[str, float]:
    """What is heard, and how far it has come."""
    found = page.evaluate(
        f"(({{ src, currentTime }}) => [src, currentTime])(document.querySelector('{selector}') ?? {{}})"
    )
    return str(found[0] or ""), float(found[1] or 0)


def visit(page: Any, name: str) -> None:
    """Open a view by its link, and wait until it is the one that is shown."""
    page.get_by_role("link", name=name, exact=True).click()
    page.locator(f'.tabs a[aria-current="page"]:text-is("{name}")').wait_for()
