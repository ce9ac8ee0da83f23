"""A still that is drawn again whenever a file is saved that it is made from.

This module owns what is watched, and how little is drawn anew: of a card its own picture alone, of a scene one frame,
and only after the production file itself has changed the whole way from its storyboard on. It does not know commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.outputs.looking import Look, timeline_of
from pipeline.outputs.preview import frame_at, frame_of_card, parse_time, write_still
from pipeline.production.schema import Production

_LOOK_EVERY_S: Final = 0.1
_MOST_FILES: Final = 2000

Stamp = dict[Path, tuple[int, int]]


@dataclass(frozen=True)
class Redrawn:
    """A still that was drawn, or why it could not be; how long it took."""

    error: InputError | None
    seconds: float


def watch_still(
    load: Callable[[], Production],
    open_look: Callable[[Production], AbstractContextManager[Look]],
    path: Path,
    *,
    at: str = "0",
    card: str | None = None,
) -> Iterator[Redrawn]:
    """Draw a still, and again after each change, for as long as somebody asks for the next.

    Parameters
    ----------
    load
        Loads the production.
    open_look
        Offers the film as it would be with what there is.
    path
        The picture to write.
    at, card
        A time, or a card.
    """
    while True:
        begun = time.perf_counter()
        seen: Stamp = {}
        try:
            production = load()
            seen = stamp_of(production)
            with open_look(production) as shown:
                yield from _while_the_production_stays(shown, seen, (path, at, card), begun)
        except InputError as error:
            yield Redrawn(error, time.perf_counter() - begun)
            if not seen:
                time.sleep(1.0)  # the production can't be read: it is tried again
                continue
            while stamp_of(production) == seen:
                time.sleep(_LOOK_EVERY_S)


def _while_the_production_stays(
    shown: Look, seen: Stamp, still: tuple[Path, str, str | None], begun: float
) -> Iterator[Redrawn]:
    path, at, card = still
    shown = redrawn(shown, at=at, card=card)
    write_still(shown, path, at=at, card=card)
    yield Redrawn(None, time.perf_counter() - begun)
    while True:
        now = stamp_of(shown.production)
        if now == seen:
            time.sleep(_LOOK_EVERY_S)
            continue
        own = shown.production.file
        if own is not None and now.get(own) != seen.get(own):
            return
        seen.clear()
        seen.update(now)
        begun = time.perf_counter()
        try:
            shown = redrawn(shown, at=at, card=card)
            write_still(shown, path, at=at, card=card)
        except InputError as error:
            yield Redrawn(error, time.perf_counter() - begun)
        else:
            yield Redrawn(None, time.perf_counter() - begun)


def redrawn(shown: Look, *, at: str, card: str | None) -> Look:
    """The same film with the card that a still shows drawn anew, where it shows one."""
    from pipeline.stages.cards import run_one  # noqa: PLC0415 - brings pictures along

    timeline = timeline_of(shown.results)
    frame = frame_at(timeline, parse_time(at)) if card is None else frame_of_card(shown, card)
    name = next((clip.name for clip in timeline.cards() if clip.start_frame <= frame < clip.end_frame), None)
    if name is None:
        return replace(shown)  # which knows nothing of what was read for it before
    return replace(shown, results=run_one(shown.production, shown.results, name, shown.place))


def stamp_of(production: Production) -> Stamp:
    """When the files were last written that a still is made from, and how large they are."""
    files = [path for path in (production.file, production.picture_path) if path is not None]
    if production.templates_folder is not None:
        folder = production.templates_folder
        files += [file for _, file in zip(range(_MOST_FILES), sorted(folder.rglob("*")), strict=False)]
    found: Stamp = {}
    for file in files:
        try:
            about = file.stat()
        except OSError:
            continue
        found[file] = (about.st_mtime_ns, about.st_size)
    return found
