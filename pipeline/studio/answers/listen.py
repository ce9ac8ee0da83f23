"""What the page asks to listen: curves, takes, and their sounds as sound, outline and spectrum."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from pipeline.errors import InputError, OutputError
from pipeline.picture.theme.theme import load_theme
from pipeline.stages.shared.takes.requests import SavedCheckpoint
from pipeline.studio import sounds
from pipeline.studio.losses import MOST_COLUMNS, Window
from pipeline.studio.parts import Studio
from pipeline.studio.serving.replies import Table, number_in, read_json, whole_in
from pipeline.studio.story import choice_edits, favourite_edits
from pipeline.studio.trainings import TrainingView

_TALLEST_PX = 512
_MOST_HEARING = 8
"""So many takes may be waited for at once."""
_AHEAD = 1.25
"""So far a graph reaches while its training goes on, of what is done."""


def shown_last(view: TrainingView) -> int:
    """Where a training's graph ends: not far beyond where it is, so that its curve is seen to grow from the first."""
    return max(1, view.iteration, min(view.total or 0, math.ceil(_AHEAD * view.iteration)))


class ListenAnswers:
    """Answers about one film's trainings and sounds."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._hearing = 0

    def table(self) -> Table:
        """Its addresses."""
        return [
            ("GET", "/api/curves", self._curves),
            ("GET", "/api/takes", self._takes),
            ("POST", "/api/hear", self._hear),
            ("POST", "/api/choose", self._choose),
            ("POST", "/api/favourite", self._favourite),
            ("GET", "/api/sound/{name}", self._sound),
            ("GET", "/api/sound/{name}/outline", self._outline),
            ("GET", "/api/sound/{name}/spectrum", self._spectrum),
        ]

    async def _curves(self, request: Request) -> Response:
        asked = request.query_params
        columns = whole_in(asked, "columns", lowest=1, highest=MOST_COLUMNS)

        def found() -> dict[str, Any]:
            production, workplace = self._studio.place()
            number = whole_in(asked, "section", highest=len(production.sections) - 1)
            view = self._studio.trainings.views(production, workplace)[number]
            last = number_in(asked, "last") if asked.get("last") else shown_last(view)
            first = number_in(asked, "first") if asked.get("first") else 0.0
            window = Window(first, max(last, first + 1), columns, is_log=asked.get("scale") == "log")
            values = self._studio.trainings.curves(view, window)
            points = [
                {"iteration": one.iteration, "epoch": round(one.epoch, 2), "elapsed_s": round(one.elapsed_s, 1)}
                for one in view.checkpoints
            ]
            return {**values, "first": window.first, "last": window.last, "unit": view.unit, "checkpoints": points}

        return JSONResponse(await asyncio.to_thread(found))

    async def _takes(self, _request: Request) -> Response:
        return JSONResponse({"sections": await asyncio.to_thread(self._listed)})

    def _listed(self) -> list[dict[str, Any]]:
        production, workplace = self._studio.place()
        results = self._studio.trainings.corpora(production, workplace)
        listed = self._studio.takes.listed(production, workplace, results)
        return self._studio.takes.values(production, results, listed)

    async def _hear(self, request: Request) -> Response:
        asked = await read_json(request)

        def heard() -> dict[str, Any]:
            production, workplace = self._studio.place()
            number = whole_in(asked, "section", highest=len(production.sections) - 1)
            iteration = whole_in(asked, "iteration")
            results = self._studio.trainings.corpora(production, workplace)
            view = self._studio.trainings.views(production, workplace)[number]
            saved = {one.iteration: one for one in view.checkpoints}.get(iteration)
            if results is None or view.folder is None or saved is None:
                raise InputError(f"There is no checkpoint at iteration {iteration:,}.", where="request")
            checkpoint = SavedCheckpoint(number, view.folder / saved.json_file, iteration)
            return self._studio.takes.hear(production, workplace, results, checkpoint)

        if self._hearing >= _MOST_HEARING:
            raise OutputError("Too many takes are asked for at once.", hint="Wait for those before.")
        self._hearing += 1
        try:
            return JSONResponse(await asyncio.get_running_loop().run_in_executor(self._studio.takes.thread, heard))
        finally:
            self._hearing -= 1

    async def _path(self, request: Request) -> Path:
        """The file of a sound; a page that was open while the studio was started again knows names that it does not."""
        name = request.path_params["name"]
        try:
            return self._studio.takes.file(name)
        except InputError:
            await asyncio.to_thread(self._listed)
            return self._studio.takes.file(name)

    async def _choose(self, request: Request) -> Response:
        asked = await read_json(request)
        edits, words = choice_edits(self._studio.desk.values(), asked)
        return JSONResponse(await self._studio.edited(edits, words, asked))

    async def _favourite(self, request: Request) -> Response:
        asked = await read_json(request)
        edits, words = favourite_edits(self._studio.desk.values(), asked)
        return JSONResponse(await self._studio.edited(edits, words, asked))

    async def _sound(self, request: Request) -> Response:
        return FileResponse(await self._path(request), media_type="audio/wav")

    async def _outline(self, request: Request) -> Response:
        columns = whole_in(request.query_params, "columns", lowest=1, highest=sounds.MOST_COLUMNS)
        path = await self._path(request)
        name, takes = request.path_params["name"], self._studio.takes

        def found() -> dict[str, Any]:
            return {**sounds.outline(path, columns), "marks": takes.marks(name)}

        return JSONResponse(await asyncio.to_thread(found))

    async def _spectrum(self, request: Request) -> Response:
        asked = request.query_params
        width = whole_in(asked, "width", lowest=1, highest=sounds.MOST_COLUMNS)
        height = whole_in(asked, "height", lowest=1, highest=_TALLEST_PX)
        name = asked.get("theme", "midnight")
        if name not in {"midnight", "paper"}:
            raise InputError("There is no such theme here.", where="request", expected="midnight or paper")
        path = await self._path(request)
        theme = await asyncio.to_thread(load_theme, name, None)
        picture = await asyncio.to_thread(sounds.spectrum_png, path, width, height, theme)
        return Response(picture, media_type="image/png")
