"""The application: all addresses, the page's own files, and the guard before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pipeline.studio.answers.begin import BeginAnswers
from pipeline.studio.answers.film import FilmAnswers
from pipeline.studio.answers.listen import ListenAnswers
from pipeline.studio.answers.work import WorkAnswers
from pipeline.studio.parts import Studio
from pipeline.studio.serving.replies import Table, answering
from pipeline.studio.serving.security import Address, Guard

PAGE: Final = Path(__file__).parent / "page"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES: Final = {path.relative_to(PAGE).as_posix(): path for path in PAGE.rglob("*") if path.suffix in _TYPES}


async def _page(_request: Request) -> Response:
    return FileResponse(PAGE / "index.html", media_type=_TYPES[".html"])


async def _page_file(request: Request) -> Response:
    path = _FILES.get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file.\n", status_code=404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"cache-control": "no-cache"})


def create_app(studio: Studio, address: Address, token: str) -> ASGIApp:
    """The application that a server runs: guarded, and closed in good order."""
    table: Table = [
        ("GET", "/", _page),
        ("GET", "/page/{name:path}", _page_file),
        *WorkAnswers(studio).table(),
        *ListenAnswers(studio).table(),
        *FilmAnswers(studio).table(),
        *BeginAnswers(studio).table(),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        studio.warm_up()
        yield
        await asyncio.to_thread(studio.close)

    routes = [Route(path, answering(answer), methods=[method]) for method, path, answer in table]
    return Guard(Starlette(routes=routes, lifespan=lifespan), address, token)
