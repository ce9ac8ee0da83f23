"""What the first page asks: to put recordings into the folder, to record, and to begin the film."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from pipeline.errors import InputError
from pipeline.runtime.resources import reading_text
from pipeline.store.files import disk_errors, temporary_beside
from pipeline.studio.begin import LARGEST_BYTES, Recordings, begin_film, keep_upload
from pipeline.studio.parts import Studio
from pipeline.studio.serving.replies import Table, chunks, number_in, read_json, whole_in

_MOST_CHUNK_BYTES = 1 << 24
_LONGEST_MINUTES = 100_000
_LONGEST_TITLE = 200


class BeginAnswers:
    """Answers about the recordings beside a production file that may not be there yet."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._desk = studio, studio.desk
        self._recordings = Recordings(studio.desk.folder)

    def table(self) -> Table:
        """Its addresses."""
        return [
            ("GET", "/api/begin", self._state),
            ("POST", "/api/begin", self._begin),
            ("POST", "/api/recordings", self._upload),
            ("GET", "/api/recordings/{name}", self._hear),
            ("GET", "/api/recordings/{name}/judged", self._judge),
            ("POST", "/api/recordings/{name}/remove", self._remove),
            ("POST", "/api/microphone", self._record),
            ("POST", "/api/microphone/{name}", self._append),
            ("POST", "/api/microphone/{name}/end", self._end),
        ]

    async def _state(self, _request: Request) -> Response:
        listed = await asyncio.to_thread(self._recordings.listed)
        place = str(self._desk.folder)
        return JSONResponse(
            {"folder": place, "recordings": listed, "text": reading_text(), "there": self._desk.is_there}
        )

    async def _begin(self, request: Request) -> Response:
        asked = await read_json(request)
        title, demo = str(asked.get("title") or "").strip()[:_LONGEST_TITLE], bool(asked.get("demo"))
        minutes = number_in(asked, "minutes", lowest=0.05, highest=_LONGEST_MINUTES) if asked.get("minutes") else None
        if not demo and not self._recordings.listed():
            raise InputError("There is no recording yet.", hint="Drop one here, or record your voice.")
        await asyncio.to_thread(begin_film, self._desk.file, title=title, minutes=minutes, demo=demo)
        self._studio.warm_up()
        return JSONResponse({})

    async def _upload(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        announced = request.headers.get("content-length", "0")
        self._recordings.room_for(int(announced) if announced.isdecimal() else 0)
        path = self._recordings.new_file(name)
        unfinished = temporary_beside(path)
        is_kept = False
        try:
            with disk_errors(path), unfinished.open("wb") as file:
                async for chunk in chunks(request, LARGEST_BYTES):
                    await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(keep_upload, unfinished, path)
            is_kept = True
        finally:
            unfinished.unlink(missing_ok=True)
            if not is_kept:
                path.unlink(missing_ok=True)
        return JSONResponse({"name": path.name})

    async def _hear(self, request: Request) -> Response:
        path = await asyncio.to_thread(self._recordings.path, request.path_params["name"])
        return FileResponse(path, media_type="audio/wav" if path.suffix == ".wav" else "application/octet-stream")

    async def _judge(self, request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(self._recordings.judge, request.path_params["name"]))

    async def _remove(self, request: Request) -> Response:
        await asyncio.to_thread(self._recordings.remove, request.path_params["name"])
        return JSONResponse({})

    async def _record(self, request: Request) -> Response:
        rate_hz = whole_in(await read_json(request), "rate_hz")
        return JSONResponse({"name": await asyncio.to_thread(self._recordings.begin, rate_hz)})

    async def _append(self, request: Request) -> Response:
        data = b"".join([chunk async for chunk in chunks(request, _MOST_CHUNK_BYTES)])
        seconds = await asyncio.to_thread(self._recordings.append, request.path_params["name"], data)
        return JSONResponse({"seconds": seconds})

    async def _end(self, request: Request) -> Response:
        await asyncio.to_thread(self._recordings.end, request.path_params["name"])
        return JSONResponse({})
