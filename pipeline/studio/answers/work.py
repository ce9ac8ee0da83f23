"""What the page asks about the work on a film: what goes on, building, settings, undoing, and the finished files."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from pipeline.studio.builds import Order
from pipeline.studio.deliver import SAVED, film_values, find_file
from pipeline.studio.parts import Studio
from pipeline.studio.serving.replies import Table, read_json
from pipeline.studio.settings import cost_values, edits_of, form_values


class WorkAnswers:
    """Answers about one film's build and its file."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def table(self) -> Table:
        """Its addresses."""
        return [
            ("GET", "/api/live", self._live),
            ("GET", "/api/state", self._state),
            ("POST", "/api/draft", self._draft),
            ("POST", "/api/build", self._build),
            ("POST", "/api/stop", self._stop),
            ("GET", "/api/settings", self._settings),
            ("POST", "/api/edit", self._edit),
            ("POST", "/api/cost", self._cost),
            ("POST", "/api/undo", self._undo),
            ("POST", "/api/redo", self._redo),
            ("GET", "/api/film", self._film),
            ("GET", "/api/file", self._file),
        ]

    async def _live(self, _request: Request) -> Response:
        return StreamingResponse(self._studio.live.events(), media_type="text/event-stream")

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(await self._studio.live.look_now())

    async def _draft(self, request: Request) -> Response:
        self._studio.desk.is_draft = bool((await read_json(request)).get("draft"))
        return JSONResponse(await self._studio.live.look_now())

    async def _build(self, request: Request) -> Response:
        asked = await read_json(request)
        if "draft" in asked:
            self._studio.desk.is_draft = bool(asked["draft"])
        order = Order(
            until=str(asked.get("until") or Order.until),
            draft=self._studio.desk.is_draft,
            from_here=bool(asked.get("from_here")),
            cut=str(asked.get("cut") or ""),
            export=str(asked.get("export") or ""),
        )
        await asyncio.to_thread(self._studio.builds.start, order)
        return JSONResponse(await self._studio.live.look_now())

    async def _stop(self, _request: Request) -> Response:
        await asyncio.to_thread(self._studio.builds.stop)
        return JSONResponse({})

    async def _settings(self, _request: Request) -> Response:
        found = await asyncio.to_thread(self._studio.desk.loaded)
        values = await asyncio.to_thread(form_values, found.production, self._studio.desk.folder)
        return JSONResponse({**values, "values": self._studio.desk.values(), "revision": found.text.revision})

    async def _edit(self, request: Request) -> Response:
        asked = await read_json(request)
        edits = edits_of(asked.get("edits"))
        words = str(asked.get("words") or "a setting")[:200]
        return JSONResponse(await self._studio.edited(edits, words, asked))

    async def _cost(self, request: Request) -> Response:
        asked = await read_json(request)
        edits = edits_of(asked["edits"]) if asked.get("edits") else []

        def found() -> dict[str, Any]:
            production = self._studio.desk.tried(edits)
            if edits:
                self._studio.desk.check(production, self._studio.desk.loaded().production)
            production = production.draft() if self._studio.desk.is_draft else production
            return cost_values(production, self._studio.desk.workplace(production))

        return JSONResponse(await asyncio.to_thread(found))

    async def _undo(self, _request: Request) -> Response:
        await asyncio.to_thread(self._studio.desk.undo)
        return JSONResponse(await self._studio.live.look_now())

    async def _redo(self, _request: Request) -> Response:
        await asyncio.to_thread(self._studio.desk.redo)
        return JSONResponse(await self._studio.live.look_now())

    async def _film(self, _request: Request) -> Response:
        return JSONResponse({"films": await asyncio.to_thread(lambda: film_values(*self._studio.place()))})

    async def _file(self, request: Request) -> Response:
        asked = request.query_params
        find = partial(find_file, cut=asked.get("cut", ""), name=asked.get("name", ""))
        path, kind = await asyncio.to_thread(lambda: find(*self._studio.place()))
        saved = "save" in asked or kind == SAVED
        return FileResponse(path, media_type=kind, filename=path.name if saved else None)
