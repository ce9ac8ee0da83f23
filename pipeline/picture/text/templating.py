"""Texts with facts in them: Jinja templates in a sandbox that hostile templates can't leave or stall.

This module owns the words of captions and cards: filters for numbers, what a template may contain, and its errors. It
does not know where the words will stand.

A template sees plain facts only (text, numbers, lists, tables). It may test, loop over facts and apply the filters
below; it can't call, assign, import or look inside objects. What it contains is checked before Jinja compiles it
(compiling folds constants, and so would work out a power). Nothing can grow but by what is written down, and loops and
filters share an allowance of work, the same on every machine: so every template ends quickly.

    render_text("{{ parameters|thousands }} parameters", {"parameters": 1200000})   # "1,200,000 parameters"
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.errors import TemplateError
from pipeline.picture.language import Language, english
from pipeline.picture.text.number_words import filters_for
from pipeline.picture.text.template_words import template_fault

Facts = Mapping[str, Any]
"""Names to text, numbers, truth values, None, and lists and tables of these."""

LONGEST_TEMPLATE: Final = 4000
LONGEST_RESULT: Final = 20_000
DEEPEST_LOOP: Final = 2
MOST_WORK: Final = 1_000_000
"""Parts of the template that loops may go through, and stretches of text that filters may make, altogether."""
_CHARACTERS_A_PART: Final = 64
_DEFAULT: Final = "default"
WORDS: Final = "words"
"""The name by which every template has the words of the film's language."""
_LOOP: Final = " loop"  # no template can write a filter's name with a space in it
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")

_TESTS: Final = frozenset({"defined", "undefined", "none", "number", "string", "divisibleby", "even", "odd", "in"})
_LOOP_NAMES: Final = frozenset({"index", "index0", "first", "last", "length", "revindex"})
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr, nodes.Name, nodes.NSRef),
    *(nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.Keyword),
)
_IN_WORDS: Final[dict[type[nodes.Node], str]] = {
    nodes.Call: "a call",
    nodes.Assign: "an assignment",
    nodes.AssignBlock: "an assignment",
    nodes.Pow: "a power",
    nodes.Include: "an include",
    nodes.Import: "an import",
    nodes.FromImport: "an import",
    nodes.Extends: "an extends",
    nodes.Macro: "a macro",
    nodes.Block: "a block",
}


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja that looks into tables only, and does arithmetic on numbers only."""

    intercepted_binops = frozenset({"*", "%", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, LoopContext):
            return getattr(obj, argument) if argument in _LOOP_NAMES else self.undefined(obj=obj, name=argument)
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, Sequence) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        known = f"; there are {', '.join(map(str, obj))}" if isinstance(obj, Mapping) else ""
        return self.undefined(f"there is no '{argument}' here{known}")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator != "+" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"'{operator}' is for numbers")
        if isinstance(left, list | tuple) or isinstance(right, list | tuple):
            raise SecurityError(f"'{operator}' is not for lists")
        return super().call_binop(context, operator, left, right)


_work_left: ContextVar[int] = ContextVar("_work_left", default=MOST_WORK)


def _work(parts: int) -> None:
    left = _work_left.get() - parts
    _work_left.set(left)
    if left < 0:
        raise ValueError("its loops and filters have too much to do")


@pass_context  # so that it is never worked out while the template is compiled
def _counted(_context: object, values: Any, parts: int) -> Any:
    """Hand on what a loop goes over, and charge for going over it: each round goes through so many parts."""
    _work(parts * (len(values) + 1))
    return values


def _charged(filter_: Callable[..., Any], *, takes_undefined: bool) -> Callable[..., Any]:
    @wraps(filter_)
    def charged(value: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(value, Undefined) and not takes_undefined:
            str(value)  # raises, naming what is not there
        result = filter_(value, *rest, **named)
        texts = [text for text in (value, result) if isinstance(text, str)]
        _work(1 + sum(map(len, texts)) // _CHARACTERS_A_PART)
        return result

    return charged


@lru_cache(maxsize=32)
def _environment(language: Language) -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
    environment.globals.clear()
    environment.filters.clear()
    environment.filters.update(
        {name: _charged(filter_, takes_undefined=name == _DEFAULT) for name, filter_ in filters_for(language).items()}
    )
    environment.filters[_LOOP] = _counted
    environment.tests = {name: test for name, test in environment.tests.items() if name in _TESTS}
    return environment


def check_text(text: str, names: Sequence[str], where: str = "") -> None:
    """Check a template before there are facts: its syntax, what it contains, and the names it uses.

    Raises
    ------
    TemplateError
        With the line, and the names there are.
    """
    for name, line in _names_used(text, where):
        if name == WORDS:
            continue
        if name not in names or name == "self":
            near = difflib.get_close_matches(name, names, n=1)
            raise TemplateError(
                f"The template uses a name that is not there: '{name}'.",
                where=_at(where, line),
                expected=(f"perhaps '{near[0]}'; " if near else "") + f"there are {', '.join(sorted(names))}",
            )


@lru_cache(maxsize=1024)
def _names_used(text: str, where: str) -> tuple[tuple[str, int], ...]:
    """The names that a template can't do without, and their lines; those with a default or a test may be missing."""
    tree = _parsed(text, where)
    _check_words(tree, where)
    free = {*find_undeclared_variables(tree), "self"} - {
        node.name
        for node in (_base(guard.node) for guard in tree.find_all((nodes.Filter, nodes.Test)) if _is_guard(guard))
        if isinstance(node, nodes.Name)
    }
    return tuple((node.name, node.lineno) for node in tree.find_all(nodes.Name) if node.name in free)


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
                where=_at(where, node.lineno),
                expected=f"perhaps '{WORDS}.{near[0]}'" if near else "a name of templates/languages/en.toml",
            )


def _path(node: nodes.Node | None) -> list[str] | None:
    """A chain of names, such as `words.scene.iteration`; None for what is no such chain."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    before = _path(node.node)
    if isinstance(node, nodes.Getattr):
        return None if before is None else [*before, node.attr]
    named = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return None if before is None or not isinstance(named, str) else [*before, named]


def _is_guard(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return bool(node.name == _DEFAULT)
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}


def _base(node: nodes.Node | None) -> nodes.Node | None:
    """What a chain of attributes and items begins with."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node


class PlainFacts(dict[str, Any]):
    """Facts as templates see them, made once for many texts; `words` are those of the film's language."""

    def __init__(self, facts: Facts, language: Language | None = None) -> None:
        self.language = language or english()
        super().__init__({name: plain(value) for name, value in facts.items()})
        self[WORDS] = self.language.tree

    def including(self, name: str, value: Any) -> PlainFacts:
        """The same and one more, which is plain already: a part of these."""
        more = PlainFacts({}, self.language)
        more.update(self)
        more[name] = value
        return more


def render_text(text: str, facts: Facts, where: str = "") -> str:
    """Fill a template in.

    Raises
    ------
    TemplateError
        A syntax error, a name that isn't among the facts, something a template may not do, or too long a result;
        with the line.
    """
    check_text(text, list(facts), where)
    _work_left.set(MOST_WORK)
    try:
        return _filled_in(text, facts if isinstance(facts, PlainFacts) else PlainFacts(facts))
    except UndefinedError as error:
        raise TemplateError(
            f"The template uses a name that is not there: {template_fault(error)}.", where=_at(where, _line_of(error))
        ) from error
    except Exception as error:
        raise _refused(template_fault(error), where, _line_of(error)) from error


def _filled_in(text: str, facts: PlainFacts) -> str:
    parts: list[str] = []
    size = 0
    for part in _compiled(text, facts.language).generate(**facts):
        parts.append(part)
        size += len(part)
        if size > LONGEST_RESULT:
            raise ValueError(f"its text grows beyond {LONGEST_RESULT:,} characters")
    return "".join(parts)


def render_caption(text: str, facts: Facts, where: str = "caption") -> str:
    """Fill in a caption: one line of words, however the template is broken into lines; no-break spaces stay."""
    return _SPACES.sub(" ", render_text(text, facts, where)).strip(" ")


@lru_cache(maxsize=256)
def _compiled(text: str, language: Language) -> Any:
    """Compile a template that was checked, with all its loops counted."""
    environment = _environment(language)
    tree = environment.parse(text)
    for loop in tree.find_all(nodes.For):
        parts = 1 + sum(1 for _ in loop.find_all(nodes.Node))
        loop.iter = nodes.Filter(loop.iter, _LOOP, [nodes.Const(parts)], [], None, None, lineno=loop.lineno)
    _work_left.set(MOST_WORK)  # constants are folded now
    return environment.from_string(tree)


def _parsed(text: str, where: str) -> nodes.Template:
    if len(text) > LONGEST_TEMPLATE:
        raise _refused(f"it is longer than {LONGEST_TEMPLATE:,} characters", where, 1)
    try:
        tree = _environment(english()).parse(text)
        _check_nodes(tree, where, depth=0)
        _compiled(text, english())
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"The template has a syntax error: {template_fault(error)}.",
            where=_at(where, error.lineno),
            expected="Jinja2, such as {{ iteration|thousands }}",
        ) from error
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        raise _refused("it is nested too deep", where, 1) from error
    return tree


def _check_nodes(node: nodes.Node, where: str, depth: int) -> None:
    if not isinstance(node, _ALLOWED):
        raise _refused(f"it contains {_IN_WORDS.get(type(node), type(node).__name__)}", where, node.lineno)
    if isinstance(node, nodes.For):
        depth += 1
        if depth > DEEPEST_LOOP or node.recursive:
            raise _refused(f"its loops go deeper than {DEEPEST_LOOP}", where, node.lineno)
    for child in node.iter_child_nodes():
        _check_nodes(child, where, depth)


def _refused(why: str, where: str, line: int) -> TemplateError:
    return TemplateError(
        f"The template can't be used: {why}.",
        where=_at(where, line),
        expected="text with facts, filters, if and for",
    )


def _at(where: str, line: int) -> str:
    return f"{where}, line {line}" if where else f"line {line}"


def _line_of(error: BaseException) -> int:
    """The template's line at which an error was raised (Jinja maps its tracebacks back to template lines)."""
    line, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line


def plain(value: Any) -> Any:
    """Facts as templates see them, and as JSON can hold them: no objects with behaviour, no numbers that aren't."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
