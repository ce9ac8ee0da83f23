"""Requests read within bounds, answers and errors as JSON.

Owns how large and how slow a request's body may be, and how an error of the program travels to the page. It does not
know what is asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from pipeline.errors import BuildVideoError, InputError
from pipeline.production.editing.file import ChangedElsewhereError

LARGEST_JSON_BYTES: Final = 1 << 20
PAUSE_S: Final = 20.0
"""So long a body may stand still."""

Answer = Callable[[Request], Awaitable[Response]]
Table = list[tuple[str, str, Answer]]
"""Method, path, and who answers."""


class TooLargeError(InputError):
    """A request's body is larger than it may be."""


class TooSlowError(InputError):
    """A request's body stood still for too long."""


async def chunks(request: Request, most_bytes: int) -> AsyncIterator[bytes]:
    """Read a body as it comes.

    Raises
    ------
    TooLargeError
        Where it says, or turns out, to be too large.
    TooSlowError
        Where nothing came for a while.
    """
    refusal = TooLargeError("This is too large.", expected=f"at most {most_bytes:,} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise refusal
    stream, count = aiter(request.stream()), 0
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), PAUSE_S)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlowError("Nothing has come for a while.", hint="Send it again.") from None
        count += len(chunk)
        if count > most_bytes:
            raise refusal
        yield chunk


async def read_json(request: Request) -> dict[str, Any]:
    """Read a body that is a JSON object.

    Raises
    ------
    InputError
        Where it is none, too large or too slow.
    """
    body = b"".join([chunk async for chunk in chunks(request, LARGEST_JSON_BYTES)])
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InputError("This is no JSON object.", where="request", expected="{ ... }")
    return value


def error_values(error: BuildVideoError) -> dict[str, Any]:
    """An error as plain values: what, where, what was expected, what to do next."""
    return {"what": error.what, "where": error.where, "expected": error.expected, "hint": error.hint}


def answering(answer: Answer) -> Answer:
    """Let errors of the program be answered in its own words."""

    @wraps(answer)
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except BuildVideoError as error:
            return JSONResponse({"error": error_values(error)}, status_code=_status_of(error))
        except OSError as error:
            values = {"what": f"A file can't be read or written: {error.strerror}.", "where": str(error.filename or "")}
            return JSONResponse({"error": {**values, "expected": "", "hint": ""}}, status_code=500)

    return answered


def _status_of(error: BuildVideoError) -> int:
    statuses = {TooLargeError: 413, TooSlowError: 408, ChangedElsewhereError: 409}
    own = next((status for kind, status in statuses.items() if isinstance(error, kind)), None)
    return own or (400 if isinstance(error, InputError) else 500)


def number_in(values: Any, name: str, *, lowest: float = 0, highest: float = 1e15) -> float:
    """A number of a request.

    Raises
    ------
    InputError
        Where it is missing, none, or out of bounds.
    """
    try:
        number = float(values.get(name))
    except (TypeError, ValueError):
        number = float("nan")
    if not lowest <= number <= highest:
        raise InputError(f"'{name}' is no number that fits.", where="request", expected=f"{lowest:g} to {highest:g}")
    return number


def whole_in(values: Any, name: str, *, lowest: int = 0, highest: int = 10**12) -> int:
    """A whole number of a request; errors as for `number_in`."""
    number = number_in(values, name, lowest=lowest, highest=highest)
    if number != int(number):
        raise InputError(f"'{name}' is no whole number.", where="request", expected=f"{lowest} to {highest}")
    return int(number)
