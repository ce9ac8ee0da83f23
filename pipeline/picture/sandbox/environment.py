"""Jinja's environment in the sandbox: what names, calls and operators do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.filters import _GroupTuple
from jinja2.parser import Parser
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Cycler, Joiner, Namespace

from pipeline.picture.sandbox.allowance import DEEPEST, Refused, charged, check_bits, check_items, check_length, size_of
from pipeline.picture.sandbox.counting import COUNTING
from pipeline.picture.sandbox.filters import Filter, stock_filters, stock_tests, within_allowance
from pipeline.picture.sandbox.formats import percent_format
from pipeline.picture.sandbox.methods import Method, method_of
from pipeline.picture.sandbox.values import CountedFacts, NamedFacts, NumberedFacts, printed

GLOBALS: Final[Mapping[str, Any]] = {
    "range": safe_range,
    "dict": dict,
    "namespace": Namespace,
    "cycler": Cycler,
    "joiner": Joiner,
}
"""What every template may call."""
_MACRO_FACTS: Final = frozenset({"name", "arguments", "catch_kwargs", "catch_varargs", "caller"})

_depth: ContextVar[int] = ContextVar("_depth", default=0)


@pass_context  # so that nothing is worked out while a template is compiled
def _written(_context: object, value: Any) -> str:
    text = printed(value)
    charged(text)
    return text


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Jinja whose templates look into tables only, call what is listed, and stay within their allowance.

    Parameters
    ----------
    filters
        Beside Jinja's own, by name.
    """

    intercepted_binops = frozenset({"*", "%", "+", "**"})

    def __init__(self, filters: Mapping[str, Filter]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            finalize=_written,
        )
        self.globals = dict(GLOBALS)
        self.filters.clear()
        for known in (stock_filters(), {name: within_allowance(one) for name, one in filters.items()}, COUNTING):
            self.filters.update(known)
        self.tests.clear()
        self.tests.update(stock_tests())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a name stands for within a value: a fact, else a method."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same; items of lists by their places too."""
        facts = obj.facts if isinstance(obj, NumberedFacts) else obj.items if isinstance(obj, CountedFacts) else obj
        if isinstance(facts, Mapping) and argument in facts:
            return facts[argument]
        if isinstance(facts, NamedFacts) and argument in facts.former:
            return facts.former[argument]
        if isinstance(facts, Sequence | range) and isinstance(argument, int) and -len(facts) <= argument < len(facts):
            return facts[argument]
        if isinstance(argument, str) and not argument.startswith("_"):
            found = self._named(obj, argument)
            if found is not None:
                return found
        if isinstance(obj, Undefined):
            return obj
        known = f"; there are {', '.join(map(str, facts))}" if isinstance(facts, Mapping) else ""
        return self.undefined(f"there is no '{argument}' here{known}")

    def _named(self, obj: Any, name: str) -> Any:
        if isinstance(obj, Namespace):
            try:
                return getattr(obj, name)
            except AttributeError:
                return None
        if isinstance(obj, _GroupTuple) and name in obj._fields:
            return getattr(obj, name)
        if isinstance(obj, Macro) and name in _MACRO_FACTS:
            return getattr(obj, name)
        return method_of(self, obj, name)

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template may call.

        Raises
        ------
        Refused
            For anything else.
        """
        if isinstance(obj, Undefined):
            str(obj)  # raises, naming what is not there
        is_listed = isinstance(obj, Macro | Method | LoopContext | Joiner)
        if not is_listed and not any(obj is one for one in GLOBALS.values()):
            raise Refused("it calls what is no macro")
        depth = _depth.get()
        if depth >= DEEPEST:
            raise Refused(f"its calls go deeper than {DEEPEST}")
        _depth.set(depth + 1)
        try:
            for value in (*args, *kwargs.values()):
                if isinstance(value, str | list | tuple | dict):
                    charged(value)
            return charged(context.call(obj.call if isinstance(obj, Method) else obj, *args, **kwargs))
        finally:
            _depth.set(depth)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator whose result may be large."""
        if operator == "%" and isinstance(left, str):
            return percent_format(left, right)
        if operator == "*":
            _check_product(left, right)
        if operator == "**":
            _check_power(left, right)
        return charged(super().call_binop(context, operator, left, right))

    def expression(self, text: str) -> nodes.Template:
        """Parse one expression, as a template that prints something only where it holds."""
        parser = Parser(self, text, state="variable")
        parsed = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail("it goes on after its end")
        held = nodes.Output([nodes.TemplateData("1", lineno=1)], lineno=1)
        tree = nodes.Template([nodes.If(parsed, [held], [], [], lineno=1)], lineno=1)
        tree.set_environment(self)
        return tree


def _check_product(left: Any, right: Any) -> None:
    for one, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(one, str):
            check_length(len(one) * max(0, times))
        elif isinstance(times, int) and isinstance(one, list | tuple):
            check_items((1 + size_of(one)) * max(0, times))
    if isinstance(left, int) and isinstance(right, int):
        check_bits(left.bit_length() + right.bit_length())


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        check_bits(max(1, left.bit_length()) * right)
