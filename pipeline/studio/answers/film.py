"""What the page asks of the film as it would be now: storyboard, frames, sound, and changes of its takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from pipeline.outputs.looking import Look
from pipeline.studio.parts import Studio
from pipeline.studio.preview import LARGEST, SMALLEST
from pipeline.studio.serving.replies import Table, read_json, whole_in
from pipeline.studio.story import Story, story_values

T = TypeVar("T")


class FilmAnswers:
    """Answers about one film's preview."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def table(self) -> Table:
        """Its addresses."""
        return [
            ("GET", "/api/story", self._story),
            ("POST", "/api/story", self._change),
            ("GET", "/api/frame", self._frame),
            ("GET", "/api/mix", self._mix),
        ]

    async def _drawn(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._studio.preview.thread, work)

    def _look(self, cut: str) -> Look:
        production, workplace = self._studio.place()
        return self._studio.preview.look(production, workplace, cut, self._studio.stamp())

    async def _story(self, request: Request) -> Response:
        cut = request.query_params.get("cut", "")

        def found() -> dict[str, Any]:
            revision = self._studio.desk.loaded().text.revision
            return {**story_values(self._look(cut)), "stamp": self._studio.stamp(), "revision": revision}

        return JSONResponse(await self._drawn(found))

    async def _change(self, request: Request) -> Response:
        asked = await read_json(request)
        seen = str(asked.get("seen"))

        def change() -> None:
            edits, words = Story(self._look(""), self._studio.desk.values()).edits(asked)
            self._studio.desk.edit(edits, words, seen=seen)

        await self._drawn(change)
        return JSONResponse(await self._studio.live.look_now())

    async def _frame(self, request: Request) -> Response:
        asked = request.query_params
        number, divisor = whole_in(asked, "n"), whole_in(asked, "by", lowest=SMALLEST, highest=LARGEST)
        cut = asked.get("cut", "")

        def drawn() -> bytes:
            production, workplace = self._studio.place()
            stamp = asked.get("stamp") or self._studio.stamp()
            return self._studio.preview.frame(production, workplace, cut, stamp, number=number, divisor=divisor)

        return Response(await self._drawn(drawn), media_type="image/jpeg")

    async def _mix(self, request: Request) -> Response:
        cut, stamp = request.query_params.get("cut", ""), request.query_params.get("stamp", "")

        def mixed() -> Path:
            production, workplace = self._studio.place()
            return self._studio.preview.sound(production, workplace, cut, stamp or self._studio.stamp())

        path = await self._drawn(mixed)
        return FileResponse(path, media_type="audio/flac" if path.suffix == ".flac" else "audio/wav")
