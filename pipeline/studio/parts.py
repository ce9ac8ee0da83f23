"""All parts of the studio of one film, as its answers need them.

It joins them; it does not know requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError
from pipeline.production.editing.edits import Edit
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace
from pipeline.studio.builds import Builds
from pipeline.studio.desk import Desk
from pipeline.studio.live import Live, film_stamp
from pipeline.studio.preview.film import Preview, Wanted
from pipeline.studio.takes import Takes
from pipeline.studio.trainings import Trainings

_QUIET_S: Final = 0.3
"""Nobody asks for frames any more who has not done so for this long."""


class Studio:
    """The parts of the studio.

    Parameters
    ----------
    desk
        The production file.
    output
        The folder of the film, where it is not the usual one.
    cluster
        Who does the work of builds, where it is not this machine alone.
    """

    def __init__(
        self, desk: Desk, *, output: Path | None = None, allow_outside: bool = False, cluster: str = ""
    ) -> None:
        self.desk = desk
        self.builds = Builds(desk, output=output, allow_outside=allow_outside, cluster=cluster)
        self.trainings, self.takes, self.preview = Trainings(), Takes(), Preview()
        self.live = Live(desk, self.builds, self.trainings)
        self._warming: asyncio.Task[None] | None = None
        self._asked_s = 0.0
        self._is_closed = False

    def warm_up(self) -> None:
        """Load in the background what drawing needs: the first picture would wait for it."""
        self.preview.thread.submit(self._load)

    def _load(self) -> None:
        with suppress(BuildVideoError):
            is_building = self.is_building()  # first of all: without a film nothing is drawn
            import_module("pipeline.stages.render")
            if not is_building:
                self.preview.picture(self.wanted(), number=0, divisor=2)

    def close(self) -> None:
        """Let all go that is held for looking."""
        self._is_closed = True
        self.preview.close()
        self.takes.close()

    def is_building(self) -> bool:
        """Whether a build works on the film."""
        return self.builds.is_running(self.place()[1].store.root)

    def warm_soon(self) -> None:
        """Make all clips of the film ready to be drawn, one after the other, as soon as nobody asks for frames."""
        self._asked_s = time.monotonic()
        if self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self._warm())

    async def _warm(self) -> None:
        while True:
            await asyncio.sleep(_QUIET_S)
            if time.monotonic() - self._asked_s < _QUIET_S:
                continue
            if self._is_closed or not await asyncio.get_running_loop().run_in_executor(
                self.preview.thread, self._warm_one
            ):
                return

    def _warm_one(self) -> bool:
        with suppress(BuildVideoError):
            return not self.is_building() and self.preview.warm()
        return False

    def wanted(self, cut: str = "", stamp: str = "") -> Wanted:
        """The film, or a cut of it, as it is now: as it was shown with a stamp, where nothing has changed since."""
        production, workplace = self.place()
        wanted = Wanted(production, workplace, cut, stamp)
        if stamp and self.preview.shows(wanted):
            return wanted
        views = self.trainings.views(production, workplace)
        now = film_stamp(self.desk.loaded().text.revision, production, workplace, views)
        return replace(wanted, stamp=now)

    def place(self) -> tuple[Production, Workplace]:
        """The production as it is shown, and where it is built."""
        production = self.desk.shown()
        return production, self.desk.workplace(production)

    async def edited(self, edits: Sequence[Edit], words: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change the file as a request asks that has `seen` a revision of it, tell all pages, and return the state."""
        await asyncio.to_thread(partial(self.desk.edit, edits, words, seen=str(asked.get("seen"))))
        return await self.live.look_now()
