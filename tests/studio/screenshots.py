"""Pictures of the studio: `python -m tests.studio.screenshots PRODUCTION.toml OUT.png`, for a film that is built.

The README's: `python -m tests.studio.screenshots templates/productions/demo.toml OUT.png --output out/demo`.
With `--all FOLDER` instead of OUT.png: every view, at a desk's and a phone's size, dark and light, each as a picture.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from pipeline.production.schema import load_production
from tests.studio.browsing import OPTIONS, PATIENCE_S, SETTLED, VIEWS, sound, until, visit
from tests.studio.served import BROWSER, Served

DESK, PHONE = (1280, 720), (390, 760)
TALL = (1280, 860)
SMALL = (960, 645)
"""The page of the README's pictures, and each of them."""
PLAYED_S = 1.0
SHOWN = ("Film", "Listen")
"""The views in the README."""


@contextmanager
def studio(file: Path, output: Path | None) -> Iterator[Served]:
    """A studio on a film that is built, by default beside its production file."""
    served = Served(file, output or file.parent / "out" / load_production(file).name)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def opened(browser: Any, served: Served, size: tuple[int, int], scheme: str) -> Any:
    """A page of a size, dark or light."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    page.goto(served.link)
    return page


def view(page: Any, name: str) -> Image.Image:
    """One view, once all in it is there; in it the last take of the last section is chosen."""
    visit(page, name)
    page.locator(VIEWS[name]).first.wait_for()
    if name == "Listen":
        sections = page.get_by_label("Section", exact=True)
        sections.select_option(index=sections.locator("option").count() - 1)
        page.locator(".take-list li").last.click()
        until(lambda: sound(page)[1] > PLAYED_S, "the take is heard")
        page.get_by_role("button", name="Pause").click()
    if name == "Film":
        page.locator(".clip.take").last.click()
    until(lambda: page.evaluate(SETTLED), f"{name} is drawn")
    return Image.open(io.BytesIO(page.screenshot()))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Pictures beside one another, smaller, in few colours."""
    small = [one.convert("RGB").resize(SMALL, Image.Resampling.LANCZOS) for one in pictures]
    whole = Image.new("RGB", (len(small) * SMALL[0], SMALL[1]))
    for number, one in enumerate(small):
        whole.paste(one, (number * SMALL[0], 0))
    return whole.quantize(colors=128, dither=Image.Dither.NONE)


def main() -> None:
    """Make the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("production", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="the film's folder; by default out/NAME beside it"
    )
    asked = parser.parse_args()
    with studio(asked.production, asked.output) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(OPTIONS))
        if asked.out:
            page = opened(browser, served, TALL, "dark")
            beside([view(page, name) for name in SHOWN]).save(asked.out, optimize=True)
        if asked.all:
            asked.all.mkdir(parents=True, exist_ok=True)
            for size in (DESK, PHONE):
                for scheme in ("dark", "light"):
                    page = opened(browser, served, size, scheme)
                    for name in VIEWS:
                        view(page, name).save(asked.all / f"{name.lower()}-{size[0]}-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
