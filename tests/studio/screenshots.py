"""Pictures of the studio: `python -m tests.studio.screenshots PRODUCTION.toml OUT.png`, for a film that is built.

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
from tests.studio.browsing import OPTIONS, PATIENCE_S, SETTLED, VIEWS, until, visit
from tests.studio.served import BROWSER, Served

DESK, PHONE = (1280, 720), (390, 760)
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
    """One view, once all in it is there; in it the last take, or the longest, is chosen."""
    visit(page, name)
    page.locator(VIEWS[name]).first.wait_for()
    if name == "Listen":
        page.locator(".take-list li").last.click()
    if name == "Film":
        takes = page.locator(".clip.take")
        widths = takes.evaluate_all("(all) => all.map((one) => one.clientWidth)")
        takes.nth(widths.index(max(widths))).click()
    until(lambda: page.evaluate(SETTLED), f"{name} is drawn")
    return Image.open(io.BytesIO(page.screenshot()))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Pictures beside one another, at half their size, in few colours."""
    halves = [
        one.convert("RGB").resize((one.width // 2, one.height // 2), Image.Resampling.LANCZOS) for one in pictures
    ]
    whole = Image.new("RGB", (sum(one.width for one in halves), halves[0].height))
    for number, one in enumerate(halves):
        whole.paste(one, (sum(before.width for before in halves[:number]), 0))
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
            page = opened(browser, served, DESK, "dark")
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
