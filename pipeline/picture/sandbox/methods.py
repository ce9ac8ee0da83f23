"""The methods of texts, lists and tables that templates may call: those that change nothing, within an allowance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Cycler

from pipeline.picture.sandbox.allowance import charged, check_length
from pipeline.picture.sandbox.formats import brace_format
from pipeline.picture.sandbox.values import CountedFacts, printed

_TEXT: Final = frozenset(
    {
        *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal", "isdigit"),
        *("islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition", "removeprefix"),
        *("removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith"),
        *("strip", "swapcase", "title", "upper"),
    }
)
_PADDED: Final = frozenset({"center", "ljust", "rjust", "zfill"})
_LIST: Final = frozenset({"count", "index"})
_TABLE: Final = frozenset({"get", "items", "keys", "values"})
_CYCLER: Final = frozenset({"next", "reset"})
_LOOP: Final = frozenset({"cycle", "changed"})
_LOOP_FACTS: Final = frozenset(
    {
        *("index", "index0", "revindex", "revindex0", "first", "last", "length"),
        *("depth", "depth0", "previtem", "nextitem"),
    }
)


@dataclass(frozen=True)
class Method:
    """A method of a value, ready to be called."""

    call: Callable[..., Any]


def method_of(environment: SandboxedEnvironment, value: Any, name: str) -> Any:
    """A method or, of a loop or a cycler, what it knows; None where the value has none of that name."""
    if isinstance(value, LoopContext):
        return _of_loop(value, name)
    if isinstance(value, Cycler) and name == "current":
        return value.current
    if isinstance(value, str):
        return _of_text(environment, value, name)
    owner = value.items if isinstance(value, CountedFacts) else value
    kinds = ((Mapping, _TABLE), (list | tuple, _LIST), (Cycler, _CYCLER))
    if any(isinstance(owner, kind) and name in names for kind, names in kinds):
        return Method(lambda *args: _listed(getattr(owner, name)(*args)))
    return None


def _of_loop(loop: LoopContext, name: str) -> Any:
    if name in _LOOP_FACTS:
        return getattr(loop, name)
    return Method(getattr(loop, name)) if name in _LOOP else None


def _of_text(environment: SandboxedEnvironment, text: str, name: str) -> Method | None:
    if name in _TEXT:
        return Method(getattr(text, name))
    if name in _PADDED:
        return Method(lambda width, *fill: _padded(text, name, width, *fill))
    growing: dict[str, Callable[..., Any]] = {
        "replace": lambda old, new, count=-1: _replaced(text, old, new, count),
        "join": lambda items: _joined(text, items),
        "format": lambda *args, **named: brace_format(environment, text, args, named),
        "format_map": lambda named: brace_format(environment, text, (), named),
    }
    return Method(growing[name]) if name in growing else None


def _listed(value: Any) -> Any:
    return list(value) if type(value) in {type({}.keys()), type({}.values()), type({}.items())} else value


def _padded(text: str, name: str, width: int, *fill: str) -> str:
    check_length(width)
    return str(getattr(text, name)(width, *fill))


def _replaced(text: str, old: str, new: str, count: int) -> str:
    found = text.count(old) if old else len(text) + 1
    check_length(len(text) + (found if count < 0 else min(found, count)) * len(new))
    return text.replace(old, new, count)


def _joined(text: str, items: Any) -> str:
    texts = [printed(item) if isinstance(item, str) else item for item in charged(list(items))]
    check_length(sum(map(len, texts)) + len(text) * len(texts))
    return text.join(texts)
