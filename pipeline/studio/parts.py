"""All parts of the studio of one film, as its answers need them.

It joins them; it does not know requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.errors import BuildVideoError
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace
from pipeline.studio.builds import Builds
from pipeline.studio.desk import Desk
from pipeline.studio.live import Live, film_stamp
from pipeline.studio.preview import Preview
from pipeline.studio.takes import Takes
from pipeline.studio.trainings import Trainings


class Studio:
    """The parts of the studio.

    Parameters
    ----------
    desk
        The production file.
    output
        The folder of the film, where it is not the usual one.
    """

    def __init__(self, desk: Desk, *, output: Path | None = None, allow_outside: bool = False) -> None:
        self.desk = desk
        self.builds = Builds(desk, output=output, allow_outside=allow_outside)
        self.trainings, self.takes, self.preview = Trainings(), Takes(), Preview()
        self.live = Live(desk, self.builds, self.trainings)

    def warm_up(self) -> None:
        """Load in the background what drawing needs: the first picture would wait for it."""
        self.preview.thread.submit(self._load)

    def _load(self) -> None:
        with suppress(BuildVideoError):
            import_module("pipeline.stages.render")
            production, workplace = self.place()
            if not self.builds.is_running(workplace.store.root):
                self.preview.frame(production, workplace, "", self.stamp(), number=0, divisor=2)

    def stamp(self) -> str:
        """Changes whenever what the film is made of does."""
        production, workplace = self.place()
        views = self.trainings.views(production, workplace)
        return film_stamp(self.desk.loaded().text.revision, production, workplace, views)

    def place(self) -> tuple[Production, Workplace]:
        """The production as it is shown, and where it is built."""
        production = self.desk.shown()
        return production, self.desk.workplace(production)

    async def edited(self, change: Callable[[], object]) -> dict[str, Any]:
        """Change the file, tell all pages, and return the state after it."""
        await asyncio.to_thread(change)
        return await self.live.look_now()
