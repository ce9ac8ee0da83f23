"""Values on their way from a worker, as text that can hold nothing but values: what a worker says is never run.

Carries what functions of pieces return and send: plain values, the words of a reporter, and errors of this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Final

from pydantic import TypeAdapter

from pipeline import errors
from pipeline.errors import BuildVideoError, WorkerError
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.relay import Word

MOST_CHARACTERS: Final = 64 << 20
_DEEPEST: Final = 20
_ERROR_PARTS: Final = ("what", "where", "expected", "hint")


class HelperDiedError(WorkerError):
    """The process that did a piece died: the piece may be done again elsewhere."""


class LackingError(HelperDiedError):
    """A worker's machine has too little of something for a piece: another may have more.

    Parameters
    ----------
    as_it_is
        The error, for where there is no other worker.
    worker
        Its address.
    """

    def __init__(self, as_it_is: BuildVideoError, worker: str) -> None:
        super().__init__(as_it_is.what, where=as_it_is.where, expected=as_it_is.expected, hint=as_it_is.hint)
        self.as_it_is, self.worker = as_it_is, worker


class StoppedError(WorkerError):
    """A piece was stopped, because nobody wants it any more or another does it."""


_KINDS: Final[Mapping[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in (Word, WorkStart)}
_ERRORS: Final[Mapping[str, type[BuildVideoError]]] = {
    kind.__name__: kind
    for kind in (*vars(errors).values(), HelperDiedError, StoppedError)
    if isinstance(kind, type) and issubclass(kind, BuildVideoError)
}


def to_text(value: object) -> str:
    """Write a value down.

    Raises
    ------
    TypeError
        Where it is of a kind that does not travel.
    """
    return json.dumps(_packed(value), separators=(",", ":"))


def from_text(text: object) -> Any:
    """Read a value that a worker wrote down.

    Raises
    ------
    WorkerError
        Where it is none that `to_text` writes.
    """
    try:
        return _unpacked(json.loads(text if isinstance(text, str) and len(text) <= MOST_CHARACTERS else ""), 0)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WorkerError(
            "A worker's answer can't be used.",
            expected="an answer of this version of build-video",
            hint="See what runs on the cluster's workers.",
        ) from error


def printable(text: str) -> str:
    """A worker's words without what a terminal would obey."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?" for one in text)


def read_answer(text: object) -> tuple[Any, str, str, Any]:
    """Read what `do_piece` returned: the outcome, and where its files are to be fetched: worker, number, listing.

    Raises
    ------
    BuildVideoError
        The error of the piece; a WorkerError where the text is no answer.
    """
    match from_text(text):
        case ("done", outcome, str(worker), str(number), files):
            return _shown(outcome), worker, number, files
        case ("failed", BuildVideoError() as error):
            raise error
        case ("lacking", BuildVideoError() as error, str(worker)):
            raise LackingError(error, worker)
        case ("broken", str(words), str(trace)):
            broken = RuntimeError(words)
            broken.add_note(trace)
            raise broken
    raise WorkerError("A worker's answer can't be used.", hint="See what runs on the cluster's workers.")


def _shown(outcome: Any) -> Any:
    """An outcome whose words obey nothing that a terminal would."""
    if isinstance(outcome, list):
        return [_shown(one) for one in outcome]
    return printable(outcome) if isinstance(outcome, str) else outcome


def _packed(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Real):
        return int(value) if isinstance(value, Integral) else float(value)
    if isinstance(value, list | tuple):
        return {"list" if isinstance(value, list) else "tuple": [_packed(one) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[_packed(name), _packed(one)] for name, one in value.items()]}
    if isinstance(value, BuildVideoError):
        parts = {name: getattr(value, name) for name in _ERROR_PARTS}
        return {"error": type(value).__name__, **parts, "notes": list(getattr(value, "__notes__", ()))}
    return _packed_object(value)


def _packed_object(value: object) -> object:
    kind = type(value).__name__
    if kind not in _KINDS:
        raise TypeError(f"{kind} does not travel")
    own = {one.name: getattr(value, one.name) for one in fields(value)}  # type: ignore[arg-type]
    return {"object": kind, "fields": {name: _packed(one) for name, one in own.items()}}


def _unpacked(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise TypeError("a bare list")
        return value
    shape = next(iter(value), "")
    return _SHAPES[shape](value, depth + 1)


def _sequence(value: list[Any], depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return [_unpacked(one, depth) for one in value]


def _error(value: dict[str, Any], _depth: int) -> BuildVideoError:
    parts = {name: value[name] for name in _ERROR_PARTS}
    if not all(isinstance(one, str) for one in (*parts.values(), *value["notes"])):
        raise TypeError("no text")
    error = _ERRORS[value["error"]](**{name: printable(one) for name, one in parts.items()})
    for note in value["notes"]:
        error.add_note(note)
    return error


def _object(value: dict[str, Any], depth: int) -> Any:
    own = {name: _unpacked(one, depth) for name, one in value["fields"].items()}
    own = {name: printable(one) if isinstance(one, str) else one for name, one in own.items()}
    return _KINDS[value["object"]].validate_python(own, strict=False)


_SHAPES: Final[Mapping[str, Callable[[dict[str, Any], int], Any]]] = {
    "list": lambda value, depth: _sequence(value["list"], depth),
    "tuple": lambda value, depth: tuple(_sequence(value["tuple"], depth)),
    "dict": lambda value, depth: dict(_sequence([{"tuple": pair} for pair in value["dict"]], depth)),
    "error": _error,
    "object": _object,
}
