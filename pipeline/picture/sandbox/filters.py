"""Jinja's own filters and tests, each within a template's allowance: checked before it makes much, charged after.

What is left out and why is in `LEFT_OUT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, Final

from jinja2 import Undefined, pass_eval_context
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.nodes import EvalContext
from jinja2.tests import TESTS as DEFAULT_TESTS

from pipeline.picture.sandbox.allowance import Refused, charged, check_bits, check_items, check_length, size_of, spend
from pipeline.picture.sandbox.formats import percent_format
from pipeline.picture.sandbox.values import UNKNOWN, UnknownFact, printed

_HTML: Final = "is for HTML, and a film has plain text"
LEFT_OUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("escape", "e", "forceescape", "safe", "striptags", "tojson", "urlize", "xmlattr"), _HTML),
    "random": "would give another film each time",
    "attr": "looks into objects: a template has tables",
    "pprint": "is for programmers",
}
"""Filters of Jinja that templates don't have."""
_TAKE_UNDEFINED: Final = frozenset({"default", "d", "items"})
_TAKE_UNKNOWN: Final = frozenset({"default", "d", "string", "join"})
_MOST_PLACES: Final = 300

Filter = Callable[..., Any]


def within_allowance(filter_: Filter, *, takes_undefined: bool = False, takes_unknown: bool = False) -> Filter:
    """A filter or test that is charged for what it is given and makes, and refuses names that are not there."""
    passed = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    @wraps(filter_)
    def charging(*args: Any, **named: Any) -> Any:
        given = args[passed:]
        if given and isinstance(given[0], Undefined) and not takes_undefined:
            str(given[0])  # raises, naming what is not there
        for value in (*given, *named.values()):
            if isinstance(value, str | list | tuple | dict | range):
                charged(value)
        if not takes_unknown:
            args = (*args[:passed], *map(_known, given))
            named = {name: _known(value) for name, value in named.items()}
        return _settled(filter_(*args, **named))

    return charging


def _known(value: Any) -> Any:
    return None if isinstance(value, UnknownFact) else value


def _settled(value: Any) -> Any:
    """What a filter made, with nothing left to be made later."""
    if isinstance(value, Iterator):
        items: list[Any] = []
        for item in value:
            spend(1)
            check_items(len(items))
            items.append(item)
        value = items
    return charged(value)


# Filters that make more than they are given


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:  # noqa: FBT001, FBT002 - Jinja's own
    """Jinja's, for which a fact that isn't known is not defined."""
    if isinstance(value, Undefined | UnknownFact) or (boolean and not value):
        return default_value
    return value


def _center(value: str, width: int = 80) -> str:
    check_length(int(width))
    return str(DEFAULT_FILTERS["center"](value, width))


@pass_eval_context
def _indent(_context: EvalContext, value: str, width: int | str = 4, *args: Any, **named: Any) -> str:
    text = printed(value)
    by = len(width) if isinstance(width, str) else int(width)
    check_length(len(text) + (text.count("\n") + 1) * by)
    return str(DEFAULT_FILTERS["indent"](text, width, *args, **named))


@pass_eval_context
def _replace(context: EvalContext, value: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, before, after = printed(value), printed(old), printed(new)
    found = text.count(before) if before else len(text) + 1
    check_length(len(text) + (found if count is None or count < 0 else min(found, count)) * len(after))
    return str(DEFAULT_FILTERS["replace"](context, text, before, after, count))


@pass_eval_context
def _join(context: EvalContext, value: Iterable[Any], d: str = "", attribute: int | str | None = None) -> str:
    items = list(value)
    if attribute is not None:
        items = list(DEFAULT_FILTERS["map"](_OfEnvironment(context), items, attribute=attribute))
    texts = [printed(item) for item in items]
    check_length(sum(map(len, texts)) + len(printed(d)) * len(texts))
    return printed(d).join(texts)


class _OfEnvironment:
    """What the filter `map` needs of a context."""

    def __init__(self, context: EvalContext) -> None:
        self.environment = context.environment


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    if args and kwargs:
        raise Refused("'format' has values by place or by name, not both")
    return percent_format(printed(value), kwargs or args)


def _batch(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Iterator[list[Any]]:
    check_items(int(linecount))
    return DEFAULT_FILTERS["batch"](value, linecount, fill_with)  # type: ignore[no-any-return]


@pass_eval_context
def _slice(context: EvalContext, value: Any, slices: int, fill_with: Any = None) -> Any:
    check_items(int(slices))
    return DEFAULT_FILTERS["slice"](context, value, slices, fill_with)


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if abs(precision) > _MOST_PLACES:
        raise Refused(f"'round' has at most {_MOST_PLACES} decimals")
    return DEFAULT_FILTERS["round"](value, precision, method)  # type: ignore[no-any-return]


def _sum(environment: Any, iterable: Iterable[Any], attribute: int | str | None = None, start: Any = 0) -> Any:
    items = list(iterable)
    if isinstance(start, list | tuple):
        check_items(size_of(items) * max(1, len(items)))
    total = DEFAULT_FILTERS["sum"](environment, items, attribute, start)
    check_bits(total.bit_length() if isinstance(total, int) else 0)
    return total


_sum.jinja_pass_arg = DEFAULT_FILTERS["sum"].jinja_pass_arg  # type: ignore[attr-defined]


def _string(value: Any) -> str:
    return printed(value)


_OWN: Final[Mapping[str, Filter]] = {
    **dict.fromkeys(("default", "d"), _default),
    "center": _center,
    "indent": _indent,
    "replace": _replace,
    "join": _join,
    "format": _format,
    "batch": _batch,
    "slice": _slice,
    "round": _round,
    "sum": _sum,
    "string": _string,
}
"""Filters that need a look at what they are given first; they do what Jinja's do."""


def stock_filters() -> dict[str, Filter]:
    """Jinja's filters, by name."""
    filters: dict[str, Any] = {**DEFAULT_FILTERS, **_OWN}
    return {
        name: within_allowance(filter_, takes_undefined=name in _TAKE_UNDEFINED, takes_unknown=name in _TAKE_UNKNOWN)
        for name, filter_ in filters.items()
        if name not in LEFT_OUT
    }


def _is_none(value: Any) -> bool:
    return value is None or value is UNKNOWN


def stock_tests() -> dict[str, Filter]:
    """Jinja's tests, by name."""
    tests: dict[str, Any] = {**DEFAULT_TESTS, "none": _is_none}
    return {
        name: within_allowance(test, takes_undefined=name in {"defined", "undefined"}, takes_unknown=True)
        for name, test in tests.items()
    }
