"""What the page asks of the film as it would be now: storyboard, frames, sound, and changes of its takes."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from pipeline.errors import BuildVideoError
from pipeline.outputs.looking import Look
from pipeline.studio.parts import Studio
from pipeline.studio.preview.film import LARGEST, SMALLEST
from pipeline.studio.preview.pictures import jpeg_of
from pipeline.studio.serving.replies import Table, read_json, whole_in
from pipeline.studio.story import Story, story_values

T = TypeVar("T")

MOST_FRAMES: Final = 120
"""Of one answer to whoever plays."""
_MOST_STEP: Final = 60
HEAD: Final = struct.Struct("<II")
"""Before each picture of several: the number of its frame, and its length in bytes."""


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
            ("GET", "/api/frames", self._frames),
            ("GET", "/api/mix", self._mix),
        ]

    async def _drawn(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._studio.preview.thread, work)

    def _look(self, cut: str) -> Look:
        return self._studio.preview.look(self._studio.wanted(cut))

    async def _story(self, request: Request) -> Response:
        cut = request.query_params.get("cut", "")

        def found() -> dict[str, Any]:
            wanted = self._studio.wanted(cut)
            revision = self._studio.desk.loaded().text.revision
            shown = self._studio.preview.look(wanted)
            return {**story_values(shown), "stamp": wanted.stamp, "revision": revision}

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
        number = whole_in(asked, "n")
        async with aclosing(self._pictures(request, [number])) as pictures:
            return Response(await anext(pictures), media_type="image/jpeg")

    async def _frames(self, request: Request) -> Response:
        """Several frames one after the other, as they are drawn, each after its number and length."""
        asked = request.query_params
        first, count = whole_in(asked, "n"), whole_in(asked, "count", lowest=1, highest=MOST_FRAMES)
        step = whole_in(asked, "step", lowest=1, highest=_MOST_STEP)
        numbers = range(first, first + count * step, step)
        pictures = self._pictures(request, numbers)
        begun = await anext(pictures)  # an error is an answer of its own as long as nothing was sent

        async def answer() -> AsyncIterator[bytes]:
            yield HEAD.pack(first, len(begun)) + begun
            async with aclosing(pictures):
                for number in numbers[1:]:
                    with suppress(BuildVideoError):  # the film ends, or has changed: what was drawn is there
                        picture = await anext(pictures)
                        yield HEAD.pack(number, len(picture)) + picture
                        continue
                    return

        return StreamingResponse(answer(), media_type="application/octet-stream")

    async def _pictures(self, request: Request, numbers: Sequence[int]) -> AsyncGenerator[bytes, None]:
        """Frames as JPEG, in order; while one is packed the next is drawn."""
        asked = request.query_params
        divisor = whole_in(asked, "by", lowest=SMALLEST, highest=LARGEST)
        cut, stamp = asked.get("cut", ""), asked.get("stamp", "")
        preview = self._studio.preview

        def drawn(number: int) -> NDArray[np.uint8]:
            return preview.picture(self._studio.wanted(cut, stamp), number=number, divisor=divisor)

        waiting = asyncio.ensure_future(self._drawn(partial(drawn, numbers[0])))
        try:
            for number in [*numbers[1:], None]:
                picture = await waiting
                if number is not None:
                    waiting = asyncio.ensure_future(self._drawn(partial(drawn, number)))
                yield await asyncio.to_thread(jpeg_of, picture, divisor)
        finally:
            waiting.cancel()
            self._studio.warm_soon()

    async def _mix(self, request: Request) -> Response:
        cut, stamp = request.query_params.get("cut", ""), request.query_params.get("stamp", "")
        path = await self._drawn(lambda: self._studio.preview.sound(self._studio.wanted(cut, stamp)))
        return FileResponse(path, media_type="audio/flac" if path.suffix == ".flac" else "audio/wav")
