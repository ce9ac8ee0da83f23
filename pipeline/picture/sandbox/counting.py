"""What a template may contain, and the places in it at which its steps are counted.

Works on Jinja's own tree of a template, before it is compiled.
"""

from __future__ import annotations

from typing import Final

from jinja2 import nodes, pass_context

from pipeline.picture.sandbox.allowance import charged, check_length, size_of, spend
from pipeline.picture.sandbox.filters import Filter
from pipeline.picture.sandbox.values import printed

_STEP, _MADE, _JOINED, _SEARCHED = " step", " made", " joined", " searched"  # names that no template can write
_CHARACTERS_A_STEP: Final = 64
_LISTED_A_STEP: Final = 8

ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr, nodes.Name, nodes.NSRef),
    *(nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Concat, nodes.Keyword),
    *(nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Call, nodes.CallBlock, nodes.FilterBlock, nodes.With),
)
IN_WORDS: Final[dict[type[nodes.Node], str]] = {
    nodes.Include: "an include",
    nodes.Import: "an import",
    nodes.FromImport: "an import",
    nodes.Extends: "an extends",
    nodes.Block: "a block",
    nodes.Scope: "an autoescape",
}
"""What is not allowed, and can be written."""


def count_steps(tree: nodes.Template) -> None:
    """Change a template's tree so that every round, call and long value uses up its allowance."""
    for loop in list(tree.find_all(nodes.For)):
        parts = _parts(loop)
        loop.body.insert(0, nodes.ExprStmt(_step(parts, loop.lineno), lineno=loop.lineno))
        if loop.test is not None:
            loop.test = nodes.And(_step(parts, loop.lineno), loop.test, lineno=loop.lineno)
    called: list[nodes.Macro | nodes.CallBlock] = [*tree.find_all(nodes.Macro), *tree.find_all(nodes.CallBlock)]
    for body in called:
        body.body.insert(0, nodes.ExprStmt(_step(_parts(body), body.lineno), lineno=body.lineno))
    for block in tree.find_all(nodes.AssignBlock):
        block.filter = _filter(block.filter, _MADE, block.lineno)
    _replace_expressions(tree)


def _replace_expressions(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = [_counted(one) if isinstance(one, nodes.Node) else one for one in value]
        elif isinstance(value, nodes.Node):
            setattr(node, name, _counted(value))


def _counted(node: nodes.Node) -> nodes.Node:
    _replace_expressions(node)
    if isinstance(node, nodes.Concat):
        return _filter(nodes.List(node.nodes, lineno=node.lineno), _JOINED, node.lineno)
    if isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _filter(node, _MADE, node.lineno)
    if isinstance(node, nodes.Operand) and node.op in {"in", "notin"}:
        node.expr = _filter(node.expr, _SEARCHED, node.lineno)
    return node


def _parts(node: nodes.Node) -> int:
    """How much one round goes through: parts of the template, and stretches of its text."""
    return 1 + sum(
        1 + (len(one.data) // _CHARACTERS_A_STEP if isinstance(one, nodes.TemplateData) else 0)
        for one in node.find_all(nodes.Node)
    )


def _step(parts: int, line: int) -> nodes.Filter:
    return _filter(nodes.Const(parts, lineno=line), _STEP, line)


def _filter(node: nodes.Node | None, name: str, line: int) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=line)


# Filters that count; they are given the context so that none is worked out while a template is compiled


@pass_context
def _count(_context: object, parts: object) -> bool:
    spend(parts if isinstance(parts, int) else 1)
    return True


@pass_context
def _charge(_context: object, value: object) -> object:
    return charged(value)


@pass_context
def _join(_context: object, values: list[object]) -> str:
    texts = [printed(value) for value in values]
    check_length(sum(map(len, texts)))
    return str(charged("".join(texts)))


@pass_context
def _search(_context: object, values: object) -> object:
    spend(1 + (len(values) // _CHARACTERS_A_STEP if isinstance(values, str) else size_of(values) // _LISTED_A_STEP))
    return values


COUNTING: Final[dict[str, Filter]] = {_STEP: _count, _MADE: _charge, _JOINED: _join, _SEARCHED: _search}
"""Filters that a template can't name."""
