"""Data of which only declared fields can be read: what a drawing declares is what its result's key is made of.

This module owns the guard. It does not know what is drawn, nor how keys are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final, TypeVar

Data = TypeVar("Data")


def readable(data: Data, names: Iterable[str]) -> Data:
    """Return the same data (an instance of a dataclass) with no other fields to be read than those of these names.

    Methods and properties work as long as the fields that they read are among them.

    Raises
    ------
    AttributeError
        When another field is read.
    ValueError
        Where there is no field of such a name.
    """
    allowed = frozenset(names)
    if unknown := sorted(allowed - field_names(type(data))):
        raise ValueError(f"{type(data).__name__} has no field {', '.join(unknown)}.")
    view: Data = object.__new__(_guarded(type(data)))
    vars(view).update(vars(data), _readable=allowed)
    return view


def field_names(kind: type[Any]) -> frozenset[str]:
    """Return the names of a dataclass's fields."""
    return frozenset(field.name for field in fields(kind))


_classes: Final[dict[type[Any], type[Any]]] = {}


def _guarded(kind: type[Any]) -> type[Any]:
    """The subclass whose fields are guarded, made once."""
    if kind not in _classes:
        guarded = field_names(kind)

        def read(self: object, name: str) -> Any:
            if name in guarded and name not in object.__getattribute__(self, "_readable"):
                raise AttributeError(f"'{name}' is read without being declared: add it to `reads`.")
            return object.__getattribute__(self, name)

        _classes[kind] = type(f"Declared{kind.__name__}", (kind,), {"__getattribute__": read})
    return _classes[kind]
