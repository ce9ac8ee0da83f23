"""What a template is checked for before it is filled in: what it contains, and every name within every name.

This module reads Jinja's tree of a template. It does not fill anything in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from pipeline.errors import TemplateError
from pipeline.picture.language import english
from pipeline.picture.sandbox.counting import ALLOWED, IN_WORDS
from pipeline.picture.sandbox.environment import GLOBALS, SandboxEnvironment
from pipeline.picture.sandbox.filters import LEFT_OUT
from pipeline.picture.text.fact_shapes import ANY, Names, Shape, table_of, within
from pipeline.picture.text.template_words import refused, where_in

WORDS: Final = "words"
"""The name by which every template has the words of the film's language."""
_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_ONE_OF_LIST: Final = frozenset({"first", "last", "min", "max"})
_STILL_A_LIST: Final = frozenset(
    {"list", "sort", "reverse", "select", "reject", "selectattr", "rejectattr", "unique", "default", "d"}
)
_GUARDS: Final = frozenset({"default", "d"})
_DEEPEST: Final = 200


class FormerName(NamedTuple):
    """A name that a template uses by which a fact was called before."""

    name: str
    now: str
    where: str


def check_parts(tree: nodes.Template, environment: SandboxEnvironment, where: str) -> None:
    """Check that a template contains nothing but what is allowed, and no filter or test that is not there."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST:
            raise refused("it is nested too deep", where, node.lineno)
        if not isinstance(node, ALLOWED):
            line = node.lineno or next((one.lineno for one in node.iter_child_nodes()), 1)
            raise refused(f"it contains {IN_WORDS.get(type(node), type(node).__name__)}", where, line)
        if isinstance(node, nodes.Filter):
            _check_known("filter", node.name, environment.filters, where, node.lineno)
        if isinstance(node, nodes.Test):
            _check_known("test", node.name, environment.tests, where, node.lineno)
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _check_known(what: str, name: str, known: Iterable[str], where: str, line: int) -> None:
    if name in known:
        return
    if what == "filter" and name in LEFT_OUT:
        raise refused(f"the filter '{name}' {LEFT_OUT[name]}", where, line)
    near = difflib.get_close_matches(name, [one for one in known if one.isidentifier()], n=1)
    raise TemplateError(
        f"The template uses a {what} that is not there: '{name}'.",
        where=where_in(where, line),
        expected=f"perhaps '{near[0]}'" if near else f"a {what} of Jinja2, or of this program",
    )


def check_names(tree: nodes.Template, names: Names, where: str) -> tuple[FormerName, ...]:
    """Check every name that a template uses; those with a default or a test may be missing.

    Raises
    ------
    TemplateError
        With the line, the nearest name, and those there are.
    """
    table = table_of(names)
    _check_words(tree, where)
    _check_roots(tree, table, where)
    reader = _Reader(table, where)
    reader.read_all(tree.body, {**(table.fields or {}), **dict.fromkeys([*GLOBALS, WORDS, "loop"], ANY)})
    return tuple(dict.fromkeys(reader.former))


def _check_roots(tree: nodes.Template, table: Shape, where: str) -> None:
    known = {*(table.fields or {}), *table.former, *GLOBALS, WORDS} - {"self"}
    guarded = {
        node.name
        for node in (_base(guard.node) for guard in tree.find_all((nodes.Filter, nodes.Test)) if _is_guard(guard))
        if isinstance(node, nodes.Name)
    }
    assigned = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    assigned |= {macro.name for macro in tree.find_all(nodes.Macro)}
    missing = {*find_undeclared_variables(tree), "self"} - known - guarded - assigned
    for node in tree.find_all(nodes.Name):
        if node.name in missing:
            raise _not_there(node.name, node.name, table, where_in(where, node.lineno))


def _not_there(name: str, last: str, table: Shape, place: str) -> TemplateError:
    known = list(table.fields or {})
    near = [table.former.get(one, one) for one in difflib.get_close_matches(last, [*known, *table.former], n=1)]
    return TemplateError(
        f"The template uses a name that is not there: '{name}'.",
        where=place,
        expected=(f"perhaps '{near[0]}'; " if near else "") + f"there are {', '.join(sorted(known))}",
    )


def _check_words(tree: nodes.Template, where: str) -> None:
    """Check that every word of the language that a template asks for is there."""
    known = english().words
    groups = {name.rsplit(".", depth)[0] for name in known for depth in range(1, name.count(".") + 1)}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = _path(node)
        if path is None or path[0] != WORDS:
            continue
        name = ".".join(path[1:])
        if name not in known and name not in groups:
            near = difflib.get_close_matches(name, [*known, *groups], n=1)
            raise TemplateError(
                f"The template uses a word that no list has: '{WORDS}.{name}'.",
                where=where_in(where, node.lineno),
                expected=f"perhaps '{WORDS}.{near[0]}'" if near else "a name of templates/languages/en.toml",
            )


def _path(node: nodes.Node | None) -> list[str] | None:
    """A chain of names, such as `words.scene.iteration`; None for what is no such chain."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    before, named = _path(node.node), _key(node)
    return None if before is None or not isinstance(named, str) else [*before, named]


def _key(node: nodes.Getattr | nodes.Getitem) -> str | int | None:
    """The name or place that is looked up, where the template writes it down."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    value = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return value if isinstance(value, str | int) else None


def _is_guard(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in _GUARDS
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}


def _base(node: nodes.Node | None) -> nodes.Node | None:
    """What a chain of attributes and items begins with."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node


@dataclass
class _Reader:
    """Follows what every name of a template stands for, as far as that is known before there are facts."""

    table: Shape
    where: str

    def __post_init__(self) -> None:
        self.former: list[FormerName] = []

    def read_all(self, body: Iterable[nodes.Node], scope: dict[str, Shape]) -> None:
        for node in body:
            self.read(node, scope)

    def read(self, node: nodes.Node, scope: dict[str, Shape]) -> None:
        """Read a statement, or anything without a value; what it assigns is known after it."""
        if isinstance(node, nodes.For):
            self._read_loop(node, scope)
        elif isinstance(node, nodes.Assign):
            _assign(node.target, self.shape(node.node, scope), scope)
        elif isinstance(node, nodes.AssignBlock):
            self.read_all(node.body, dict(scope))
            _assign(node.target, ANY, scope)
        elif isinstance(node, nodes.Macro | nodes.CallBlock):
            inner = {**scope, **dict.fromkeys((one.name for one in node.args), ANY)}
            inner |= dict.fromkeys(("caller", "varargs", "kwargs"), ANY)
            if isinstance(node, nodes.CallBlock):
                self.read(node.call, scope)
            self.read_all([*node.defaults, *node.body], inner)
            if isinstance(node, nodes.Macro):
                scope[node.name] = ANY
        elif isinstance(node, nodes.With):
            inner = dict(scope)
            for target, value in zip(node.targets, node.values, strict=True):
                _assign(target, self.shape(value, scope), inner)
            self.read_all(node.body, inner)
        elif isinstance(node, nodes.Expr):
            self.shape(node, scope)
        else:
            self.read_all(node.iter_child_nodes(), scope)

    def _read_loop(self, node: nodes.For, scope: dict[str, Shape]) -> None:
        items = self.shape(node.iter, scope).items or ANY
        inner = {**scope, "loop": ANY}
        _assign(node.target, items, inner)
        self.read_all([*([node.test] if node.test is not None else []), *node.body], inner)
        self.read_all(node.else_, dict(scope))

    def shape(self, node: nodes.Node | None, scope: dict[str, Shape], *, guarded: bool = False) -> Shape:
        """What an expression stands for."""
        if isinstance(node, nodes.Name):
            return self._named(node, scope)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            if isinstance(node, nodes.Getitem):
                self.shape(node.arg, scope)
            return self._within(self.shape(node.node, scope, guarded=guarded), node, guarded=guarded)
        if isinstance(node, nodes.Filter | nodes.Test):
            inner = self.shape(node.node, scope, guarded=guarded or _is_guard(node)) if node.node is not None else ANY
            self.read_all([*node.args, *node.kwargs], scope)
            if isinstance(node, nodes.Filter) and node.name in _ONE_OF_LIST:
                return inner.items or ANY
            return inner if isinstance(node, nodes.Filter) and node.name in _STILL_A_LIST else ANY
        if node is not None:
            self.read_all(node.iter_child_nodes(), scope)
        return ANY

    def _named(self, node: nodes.Name, scope: dict[str, Shape]) -> Shape:
        if node.name in scope:
            return scope[node.name]
        return self._moved(node.name, self.table, node.lineno) if node.name in self.table.former else ANY

    def _moved(self, name: str, table: Shape, line: int) -> Shape:
        now = table.former[name]
        self.former.append(FormerName(name, now, where_in(self.where, line)))
        return within(self.table, now)

    def _within(self, table: Shape, node: nodes.Getattr | nodes.Getitem, *, guarded: bool) -> Shape:
        name = _key(node)
        if isinstance(name, int):
            return table.items or ANY
        if table.fields is None or name is None or name in _METHODS:
            return ANY
        if name in table.fields:
            return table.fields[name]
        if name in table.former:
            return self._moved(name, table, node.lineno)
        if guarded:
            return ANY
        path = ".".join(_path(node) or [name])
        raise _not_there(path, name, table, where_in(self.where, node.lineno))


def _assign(target: nodes.Node, shape: Shape, scope: dict[str, Shape]) -> None:
    """Note what a name stands for; one that is assigned anew may be either."""
    if isinstance(target, nodes.Name):
        scope[target.name] = shape
    elif isinstance(target, nodes.Tuple):
        for one in target.items:
            _assign(one, ANY, scope)
