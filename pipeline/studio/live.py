"""What goes on now, looked up on disk and pushed to every page that is open.

Owns how often it is looked, and what a change is. A build of another terminal is seen as one of the studio's own. It
changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pipeline.build.films import survey_all
from pipeline.build.stage_order import STAGES
from pipeline.errors import BuildVideoError
from pipeline.film.delivery.found import film_file
from pipeline.outputs.watching import stamp_of
from pipeline.production.schema import Production
from pipeline.stages import sample
from pipeline.stages.shared.workplace import Workplace
from pipeline.stages.train import STAGE as TRAIN
from pipeline.studio.builds import Builds
from pipeline.studio.desk import Desk
from pipeline.studio.serving.replies import error_values
from pipeline.studio.trainings import Trainings, TrainingView

_EVERY_S, _TRAINING_EVERY_S = 1.0, 3.0
"""It is looked that often; less often while networks are trained, which use the processors for what a look costs."""
_HEARTBEAT_S: Final = 10.0
_RETRY_MS: Final = 1000
_BUILDING_S: Final = 5.0
"""A film that is being built is laid out anew that often, for takes and checkpoints that have come."""


@dataclass
class _Surveyed:
    """What was found of the stages, and when: a survey takes longer than a look."""

    mark: object = None
    stages: list[dict[str, str]] = field(default_factory=list)


class _Stamp:
    """The stamp that pages see: while a build makes takes and checkpoints, they lay the film out anew now and then."""

    def __init__(self) -> None:
        self._shown, self._of, self._since_s = "", ("", False), 0.0

    def shown(self, stamp: str, of: tuple[str, bool], *, is_building: bool) -> str:
        """The stamp, or the one before it for a while; `of` is what a person has asked for, which is shown at once."""
        now = time.monotonic()
        if is_building and self._shown and of == self._of and now - self._since_s < _BUILDING_S:
            return self._shown
        if stamp != self._shown:
            self._shown, self._of, self._since_s = stamp, of, now
        return stamp


class Live:
    """Looks, and tells all that listen."""

    def __init__(self, desk: Desk, builds: Builds, trainings: Trainings) -> None:
        self._desk, self._builds, self._trainings = desk, builds, trainings
        self._text = ""
        self._number = 0
        self._looking = asyncio.Lock()
        self._changed = asyncio.Event()
        """Set once, with the next change; each change has its own."""
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._surveyed = _Surveyed()
        self._stamp = _Stamp()
        self._survey_task: asyncio.Task[None] | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """Server-sent events: the state now, and again whenever it has changed."""
        self._listeners += 1
        try:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._watch())
            yield f"retry: {_RETRY_MS}\n\n".encode()
            seen = -1
            while True:
                changed = self._changed
                if seen != self._number and self._text:
                    seen = self._number
                    yield f'id: {seen}\ndata: {{"number": {seen}, {self._text[1:]}\n\n'.encode()
                try:
                    await asyncio.wait_for(changed.wait(), _HEARTBEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._listeners -= 1

    async def look_now(self) -> dict[str, Any]:
        """Look at once, tell all, and return the state; `number` counts changes."""
        async with self._looking:  # a look that began before another must not be sent after it
            state = await asyncio.to_thread(self.state)
            self._tell(state)
            return {**state, "number": self._number}

    async def _watch(self) -> None:
        while self._listeners:
            state = await self.look_now()
            self._survey_when_due(state)
            await asyncio.sleep(_TRAINING_EVERY_S if _stage(state) == TRAIN else _EVERY_S)

    def _tell(self, state: dict[str, Any]) -> None:
        text = json.dumps(state, allow_nan=False)
        if text != self._text:
            self._text = text
            self._number += 1
            before, self._changed = self._changed, asyncio.Event()
            before.set()

    def state(self) -> dict[str, Any]:
        """What goes on now, as plain values."""
        desk = self._desk
        nothing: dict[str, Any] = {"running": False, "progress": None, "error": None, "by": ""}
        if not desk.is_there:
            return {"there": False, "file": str(desk.file), "build": nothing, "sections": [], "stages": []}
        found = desk.loaded()
        state: dict[str, Any] = {
            "there": True,
            "file": str(desk.file),
            "revision": found.text.revision,
            "undo": desk.next_words(),
            "draft": desk.is_draft,
            "fault": None if found.fault is None else error_values(found.fault),
            "title": "",
            "build": nothing,
            "sections": [],
            "stages": self._surveyed.stages,
        }
        if found.production is None:
            return state
        production = desk.shown()
        try:
            workplace = desk.workplace(production)
        except BuildVideoError as error:
            return {**state, "fault": error_values(error)}
        views = self._trainings.views(production, workplace)
        build = self._builds.state(workplace.store.root)
        is_building = bool(build["running"])
        return {
            **state,
            "title": production.title,
            "name": production.name,
            "folder": str(workplace.output),
            "store": str(workplace.store.root),
            "build": build,
            "sections": [
                {"title": section.title, **view.as_json()}
                for section, view in zip(production.sections, views, strict=True)
            ],
            "takes": _taken(workplace),
            "film": film_file(workplace.output) is not None,
            "stamp": self._stamp.shown(
                film_stamp(found.text.revision, production, workplace, views),
                (found.text.revision, desk.is_draft),
                is_building=is_building,
            ),
        }

    def _survey_when_due(self, state: dict[str, Any]) -> None:
        """Survey the stages beside everything else, where something has changed that may have made one stale."""
        if self._survey_task is not None and not self._survey_task.done():
            return
        if state.get("stamp") and _mark(state) != self._surveyed.mark:
            self._survey_task = asyncio.create_task(self._survey(_mark(state)))

    async def _survey(self, mark: object) -> None:
        self._surveyed = _Surveyed(mark, await asyncio.to_thread(self._stages))
        await self.look_now()

    def _stages(self) -> list[dict[str, str]]:
        try:
            production = self._desk.shown()
            found = survey_all(production, self._desk.workplace(production))
        except BuildVideoError:
            return []
        return [{"stage": one.stage, "cut": one.cut, "state": one.state, "why": one.why} for one in found]


def _mark(state: Mapping[str, Any]) -> object:
    """Changes whenever a stage may have become fresh or stale; while a build runs, with its stages alone.

    What a build has made meanwhile, here or elsewhere, shows in when its folders were last changed.
    """
    build = state["build"]
    asked = state["revision"], state["draft"], build["running"]
    if build["running"]:
        return *asked, _stage(state)
    root, output = Path(state["store"]), Path(state["folder"])
    return *asked, state["stamp"], [_changed_ns(one) for one in (output, *(root / stage for stage in STAGES))]


def _stage(state: Mapping[str, Any]) -> str | None:
    """The stage at which a build is."""
    stage: str | None = ((state["build"]["progress"] or {}).get("view") or {}).get("stage")
    return stage if state["build"]["running"] else None


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _taken(workplace: Workplace) -> int:
    """How many takes and sets of candidates there are: changes as soon as one is made."""
    folder = workplace.store.root / sample.STAGE
    try:
        return sum(not one.name.endswith(".partial") for one in folder.iterdir())
    except OSError:
        return 0


def film_stamp(revision: str, production: Production, workplace: Workplace, views: list[TrainingView]) -> str:
    """Changes whenever what a film is made of does: its file, its templates, its trainings' checkpoints, its takes."""
    files = sorted((str(path), *stamp) for path, stamp in stamp_of(production).items() if path != production.file)
    looks = f"-{sha256(repr(files).encode()).hexdigest()[:8]}" if files else ""
    trained = "-".join(f"{len(view.checkpoints)}{'f' if view.is_finished else ''}" for view in views)
    return f"{revision}-{int(production.is_draft)}-{trained}-{_taken(workplace)}{looks}"
