"""What a table of facts is: each fact is one method, whose name, type, meaning and value stand in one place.

This module owns how such tables become what templates see, and what they are checked against before there are values.
It does not know any fact.

    class NetworkTable(FactTable):
        @fact
        def layers(self) -> int | None:
            '''Recurrent layers.'''
            return self.settings.layers
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, ClassVar, Final, TypeVar, get_args, get_type_hints

from pipeline.picture.sandbox.values import NamedFacts, NumberedFacts, plain
from pipeline.picture.text.fact_shapes import Shape

T = TypeVar("T")
_PLAINEST: Final = frozenset({str, int, float, bool, type(None)})
"""Looked at first: thousands of takes have dozens of facts each."""


class fact(cached_property[T]):  # noqa: N801 - a decorator
    """A fact of a table: its type is what it returns, its meaning its docstring."""

    def __get__(self, table: Any, owner: type[Any] | None = None) -> Any:
        """Its value, found once; without the lock that `cached_property` of Python 3.11 takes."""
        if table is None:
            return self
        found = vars(table)
        name = self.func.__name__
        if name not in found:
            found[name] = self.func(table)
        return found[name]

    @property
    def meaning(self) -> str:
        """What it is, in a sentence."""
        return inspect.cleandoc(self.func.__doc__ or "").replace("\n", " ")

    @property
    def tables(self) -> tuple[type[FactTable], bool] | None:
        """The table that it is, and whether it is a list of them; None for a plain fact."""
        hint = get_type_hints(self.func, None, None)["return"]
        kinds = [one for one in (hint, *get_args(hint)) if isinstance(one, type) and issubclass(one, FactTable)]
        return (kinds[0], hint is not kinds[0] and not _is_optional(hint)) if kinds else None


def _is_optional(hint: Any) -> bool:
    return type(None) in get_args(hint)


class FactTable:
    """A table of facts."""

    stands_for: ClassVar[str] = ""
    """The fact that it is printed as; none for a table that is not printed."""
    former: ClassVar[Mapping[str, str]] = {}
    """Names that its facts had before, each with where the fact is now: `section.recording.duration_s`."""
    place: ClassVar[str] = ""
    """Where it stands, as paths in `former` begin."""

    @classmethod
    @cache
    def all_facts(cls) -> dict[str, fact[Any]]:
        """Its facts, in order."""
        return {name: one for name, one in vars(cls).items() if isinstance(one, fact)}

    @classmethod
    def shape(cls, meaning: str = "") -> Shape:
        """What is known of it before there are values."""
        return _shape(cls, meaning)  # type: ignore[arg-type]

    def values(self) -> Any:
        """All that templates see of it."""
        facts = {name: _value(getattr(self, name)) for name in type(self).all_facts()}
        if not self.stands_for:
            return facts
        shown = facts[self.stands_for]
        if isinstance(shown, int):
            return NumberedFacts(shown, NamedFacts(str(shown), facts, self.former_values(facts)))
        return NamedFacts(str(shown), facts, self.former_values(facts))

    def former_values(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its facts by the names that they had before."""
        return {old: _at(facts, steps) for old, steps in self._former_steps()}

    @classmethod
    @cache
    def _former_steps(cls) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((old, _steps(now.removeprefix(f"{cls.place}."))) for old, now in cls.former.items())


class LateFacts(Mapping[str, Any]):
    """The facts of a table as templates see them, each found when it is first asked for: of thousands, few are."""

    def __init__(self, table: FactTable) -> None:
        self._table, self._found = table, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            if name not in self:
                raise KeyError(name)
            self._found[name] = plain(_value(getattr(self._table, name)))
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in type(self._table).all_facts()

    def __iter__(self) -> Iterator[str]:
        return iter(type(self._table).all_facts())

    def __len__(self) -> int:
        return len(type(self._table).all_facts())


def at(facts: Any, path: str) -> Any:
    """The fact at a dotted path."""
    return _at(facts, _steps(path))


def _at(facts: Any, steps: tuple[str, ...]) -> Any:
    for name in steps:
        facts = facts.facts[name] if type(facts) is NumberedFacts else facts[name]
    return facts


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _value(value: Any) -> Any:
    if type(value) in _PLAINEST:
        return value
    if isinstance(value, FactTable):
        return value.values()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(one) for one in value]
    return value


@lru_cache(maxsize=64)
def _shape(table: type[FactTable], meaning: str) -> Shape:
    fields = {}
    for name, one in table.all_facts().items():
        found = one.tables
        inner = Shape(meaning=one.meaning) if found is None else found[0].shape(one.meaning)
        fields[name] = Shape(items=inner, meaning=one.meaning) if found is not None and found[1] else inner
    return Shape(fields, None, table.former, meaning)
