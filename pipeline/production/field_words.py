"""What settings say of themselves: the texts below their fields, as a JSON Schema's descriptions.

This module reads them from the source when a schema is asked for: reading them whenever settings are loaded, as
pydantic can, would make every command slower. It does not know any settings.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

_PACKAGE = __name__.partition(".")[0]


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Give every property of a model's schema, and of the models within it, the text below its field."""
    by_name = {one.__name__: one for one in _ours(BaseModel)}
    parts = [(schema, model), *((part, by_name.get(name)) for name, part in schema.get("$defs", {}).items())]
    for part, one in parts:
        words = {} if one is None else _words_of(one)
        for name, field in part.get("properties", {}).items():
            if name in words:
                field.setdefault("description", words[name])


def _ours(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models of this program that are loaded."""
    for one in model.__subclasses__():
        if one.__module__.startswith(f"{_PACKAGE}."):
            yield one
        yield from _ours(one)


def _words_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The texts below a model's fields, by the names that files have, its bases' included."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.startswith(f"{_PACKAGE}."):
            found |= _module_words(base.__module__).get(base.__qualname__, {})
    return {field.alias or name: found[name] for name, field in model.model_fields.items() if name in found}


@lru_cache(maxsize=64)
def _module_words(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class and field, the texts that stand right below fields in a module's source."""
    tree = ast.parse(inspect.getsource(__import__(module, fromlist=["_"])))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return MappingProxyType({node.name: dict(_field_words(node)) for node in classes})


def _field_words(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, " ".join(inspect.cleandoc(below.value.value).split())
