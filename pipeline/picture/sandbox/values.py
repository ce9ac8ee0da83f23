"""The values that templates see: plain ones, tables that stand for a name or a number, and facts that aren't known.

Every value is text, a number, a truth value, nothing, a list or a table of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from jinja2 import Undefined

from pipeline.picture.sandbox.allowance import Refused

NOTHING: Final = "\u2013"
"""What is printed where a fact isn't known."""


class UnknownFact:
    """A fact that isn't known, such as the pitch of noise: nothing, neither above nor below any number.

    The filter `default` replaces it as it does what is not defined.
    """

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, UnknownFact)

    def __hash__(self) -> int:
        return hash(None)

    def __bool__(self) -> bool:
        return False

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __str__(self) -> str:
        return NOTHING

    __repr__ = __str__

    def __reduce__(self) -> str:
        """Be the same one in every process."""
        return "UNKNOWN"


UNKNOWN: Final = UnknownFact()


class NamedFacts(dict[str, Any]):
    """A table of facts that also stands for its name: `{{ section }}` is its title, `{{ section.number }}` a fact.

    `former` has the names that facts had before, each with the value that it names now.
    """

    def __init__(self, name: str, facts: Mapping[str, Any], former: Mapping[str, Any] | None = None) -> None:
        super().__init__(facts)
        self.name = name
        self.former: Mapping[str, Any] = former or {}

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return repr(self.name)

    def __bool__(self) -> bool:
        return bool(self.name)

    def __eq__(self, other: object) -> bool:
        return self.name == other if isinstance(other, str) else super().__eq__(other)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.name)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with the former names."""
        return NamedFacts, (self.name, dict(self), dict(self.former))


class NumberedFacts(int):
    """A table of facts that stands for a number: `{{ take }}` is which one it is, `{{ take.iteration }}` a fact."""

    facts: Mapping[str, Any]

    def __new__(cls, number: int, facts: Mapping[str, Any]) -> Self:
        """Make one of a number and its facts."""
        made = super().__new__(cls, number)
        made.facts = facts
        return made

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with the facts."""
        return NumberedFacts, (int(self), self.facts)


class CountedFacts(int):
    """A list of facts that stands for how many there are: `{{ sections }}` is 3, `{{ sections[0] }}` the first."""

    items: tuple[Any, ...]

    def __new__(cls, items: Sequence[Any]) -> Self:
        """Make one of its items."""
        made = super().__new__(cls, len(items))
        made.items = tuple(items)
        return made

    def __iter__(self) -> Iterator[Any]:
        yield from self.items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: Any) -> Any:
        return self.items[place]

    def __reversed__(self) -> Iterator[Any]:
        yield from self.items[::-1]

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with the items."""
        return CountedFacts, (self.items,)


_PLAINEST: Final = frozenset({str, int, bool})
"""Looked at first: thousands of takes have dozens of facts each."""


def plain(value: Any) -> Any:
    """Facts as templates see them: no objects with behaviour, no numbers that aren't, what isn't known as such."""
    if type(value) in _PLAINEST:
        return value
    if isinstance(value, Mapping | list | tuple | NumberedFacts | CountedFacts):
        return _plain_inside(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN
    return value if isinstance(value, str | int | float | UnknownFact) else str(value)


def _plain_inside(value: Any) -> Any:
    if isinstance(value, NamedFacts):
        former = {name: plain(inner) for name, inner in value.former.items()}
        return NamedFacts(value.name, {str(key): plain(inner) for key, inner in value.items()}, former)
    if isinstance(value, NumberedFacts):
        return NumberedFacts(value, {str(key): plain(inner) for key, inner in value.facts.items()})
    if isinstance(value, CountedFacts):
        return CountedFacts([plain(inner) for inner in value.items])
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value]


_PRINTED: Final = (str, int, float, range, NamedFacts, UnknownFact, type(None))


def is_printed(value: Any) -> bool:
    """Whether a value is one that can be printed: all of facts, none of a template's own macros and loops."""
    if isinstance(value, Mapping) and not isinstance(value, NamedFacts):
        return all(is_printed(one) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple):
        return all(map(is_printed, value))
    return isinstance(value, _PRINTED)


def printed(value: Any) -> str:
    """A value as a template prints it.

    Raises
    ------
    UndefinedError
        For what is not there, with its name.
    Refused
        For what is no value, such as a macro that was not called.
    """
    if isinstance(value, str | Undefined):
        return str(value)
    if not is_printed(value):
        raise Refused(f"it prints {described(value)}, which is no text")
    return str(value)


_DESCRIBED: Final = {
    "Macro": "a macro",
    "LoopContext": "a loop",
    "Namespace": "a namespace",
    "Cycler": "a cycler",
    "Joiner": "a joiner",
    "Method": "a method",
    "type": "a function",
    "function": "a function",
    "builtin_function_or_method": "a function",
    "method": "a method",
}


def described(value: Any) -> str:
    """What a value is, for errors."""
    return _DESCRIBED.get(type(value).__name__, "a value")
