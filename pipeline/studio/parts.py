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
from pipeline.studio.desk import Desk, fault_of
from pipeline.studio.live import Live
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
            if self.desk.is_there:
                fault_of(self.desk.production())
            import_module("pipeline.stages.render")

    def place(self) -> tuple[Production, Workplace]:
        """The production as it is shown, and where it is built."""
        production = self.desk.shown()
        return production, self.desk.workplace(production)

    async def edited(self, change: Callable[[], object]) -> dict[str, Any]:
        """Change the file, tell all pages, and return the state after it."""
        await asyncio.to_thread(change)
        return await self.live.look_now()
