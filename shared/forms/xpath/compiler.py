"""AST -> Python closures `f(context, node) -> value`, built once per expression.

A closure calls only closures, so running an expression never looks at the tree again. Location
paths live in paths.py, functions in functions/.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.errors import LimitExceeded
from shared.forms.xpath import aggregates, functions, paths, steps, values
from shared.forms.xpath.ast import (
    Binary,
    Call,
    Expr,
    Filter,
    Literal,
    Negate,
    Number,
    Path,
    Variable,
    operands,
)
from shared.forms.xpath.context import Closure, Context
from shared.forms.xpath.faults import EvaluationError, ExpressionError
from shared.forms.xpath.node import Node
from shared.forms.xpath.parser import parse
from shared.forms.xpath.values import Value, to_boolean, to_number


@dataclass(frozen=True)
class Static:
    """What is known before anything runs.

    Attributes:
        namespaces: prefix -> URI for names in the expression.
        form: run as a form does: irrelevant nodes are unseen, a name without prefix matches in
            any namespace, absolute paths are re-anchored to the repeat instance at hand.
        repeats: form paths of all repeats.
    """

    namespaces: Mapping[str, str] = field(default_factory=dict)
    form: bool = False
    repeats: frozenset[str] = frozenset()


class Compiler:
    """Compiles expressions against one `Static`; equal texts share one closure."""

    def __init__(self, static: Static) -> None:
        self.static = static
        self._trees: dict[str, Expr] = {}
        self._closures: dict[str, Closure] = {}

    def tree(self, text: str) -> Expr:
        """Return the AST of `text`."""
        tree = self._trees.get(text)
        if tree is None:
            tree = self._trees[text] = parse(text)
        return tree

    def compile(self, text: str) -> Closure:
        """Return the closure of `text`.

        Raises:
            ExpressionError: it cannot be read or calls a function that does not exist.
            LimitExceeded: it nests too deep.
        """
        closure = self._closures.get(text)
        if closure is None:
            try:
                closure = self._closures[text] = self.closure(self.tree(text))
            except RecursionError as error:
                raise LimitExceeded("an expression nests too deep for this machine") from error
        return closure

    def closure(self, tree: Expr) -> Closure:
        """Return the closure of a tree."""
        match tree:
            case Number(value=constant):
                return lambda _context, _node: constant
            case Literal(text=text):
                return lambda _context, _node: text
            case Binary():
                return self._binary(tree)
            case Negate(operand=operand):
                inner = self.closure(operand)
                return lambda context, node: -to_number(inner(context, node), context.zone)
            case Path():
                return paths.compile_path(self, tree)
            case Filter():
                return paths.compile_filter(self, tree)
            case Call():
                return self._call(tree)
            case Variable(name=name):
                return lambda context, _node: _variable(context, name)

    # ---- functions

    def _call(self, call: Call) -> Closure:
        """Return a call's closure; in lenient mode a wrong call fails only when it is reached."""
        try:
            return self._checked_call(call)
        except ExpressionError as error:
            if self.static.form:
                raise
            return _failing(error)

    def _checked_call(self, call: Call) -> Closure:
        special = functions.SPECIAL.get(call.name)
        if special is not None:
            functions.check_arity(call.name, len(call.arguments), *special.arity)
            return special.build(self, call)
        known = functions.IN_FORMS if self.static.form else functions.PLAIN
        function = known.get(call.name)
        if function is None:
            raise ExpressionError(f"there is no function {call.name}(){functions.hint(call.name)}")
        functions.check_arity(call.name, len(call.arguments), *function.arity)
        general = _apply(function.run, [self.argument(a, call.name) for a in call.arguments])
        return aggregates.compile_aggregate(self, call, general)

    def argument(self, tree: Expr, function: str) -> Closure:
        """Return an argument's closure; aggregates see every repeat instance."""
        if isinstance(tree, Path) and function in functions.AGGREGATES:
            return paths.compile_path(self, tree, anchored=False)
        return self.closure(tree)

    # ---- operators

    def _binary(self, tree: Binary) -> Closure:
        operator = tree.operator
        if operator in ("and", "or"):
            return _logical(operator, [self.closure(part) for part in operands(tree, operator)])
        if operator == "|":
            return steps.union([self.closure(part) for part in operands(tree, operator)])
        if operator in ("+", "-", "*", "div", "mod"):
            return self._arithmetic(tree)
        if operator in ("=", "!="):
            left, right = self._compared(tree.left), self._compared(tree.right)
        else:
            left, right = self.closure(tree.left), self.closure(tree.right)
        if operator == "=":
            return lambda c, n: values.equal(left(c, n), right(c, n), c.zone)
        if operator == "!=":
            return lambda c, n: values.unequal(left(c, n), right(c, n), c.zone)
        compare = values.ORDERS[operator]
        return lambda c, n: values.ordered(compare, left(c, n), right(c, n), c.zone)

    def _compared(self, tree: Expr) -> Closure:
        """Return one side of `=` or `!=`; in a form, a path to nothing is empty text (FRM-019)."""
        closure = self.closure(tree)
        if self.static.form and isinstance(tree, Path | Filter):
            return lambda context, node: closure(context, node) or ""
        return closure

    def _arithmetic(self, tree: Binary) -> Closure:
        """Fold a chain of arithmetic that leans left, however long, without recursing."""
        spine: list[tuple[str, Expr]] = []
        first: Expr = tree
        while isinstance(first, Binary) and first.operator in _ARITHMETIC:
            spine.append((first.operator, first.right))
            first = first.left
        start = self.closure(first)
        if len(spine) == 1:
            operation, second = _ARITHMETIC[spine[0][0]], self.closure(spine[0][1])

            def once(context: Context, node: Node) -> Value:
                zone = context.zone
                left = to_number(start(context, node), zone)
                return operation(left, to_number(second(context, node), zone))

            return once
        rest = [(_ARITHMETIC[name], self.closure(part)) for name, part in reversed(spine)]

        def fold(context: Context, node: Node) -> Value:
            zone = context.zone
            total = to_number(start(context, node), zone)
            for apply, operand in rest:
                total = apply(total, to_number(operand(context, node), zone))
            return total

        return fold


def _logical(operator: str, parts: list[Closure]) -> Closure:
    if len(parts) == 2:  # noqa: PLR2004 - the common case, unrolled
        left, right = parts
        if operator == "and":
            return lambda c, n: to_boolean(left(c, n)) and to_boolean(right(c, n))
        return lambda c, n: to_boolean(left(c, n)) or to_boolean(right(c, n))
    if operator == "and":
        return lambda c, n: all(to_boolean(part(c, n)) for part in parts)
    return lambda c, n: any(to_boolean(part(c, n)) for part in parts)


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _modulo(left: float, right: float) -> float:
    if not right or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def _multiply(left: float, right: float) -> float:
    return left * right


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": _multiply,
    "div": _divide,
    "mod": _modulo,
}


def _failing(error: ExpressionError) -> Closure:
    def fail(_context: Context, _node: Node) -> Value:
        raise error

    return fail


def _variable(context: Context, name: str) -> Value:
    if name not in context.variables:
        raise EvaluationError(f"there is no variable ${name}; forms have none: use a path")
    return context.variables[name]


def _apply(run: Callable[..., Value], arguments: list[Closure]) -> Closure:
    """Return a closure that evaluates the arguments in order and calls `run`."""
    if not arguments:
        return run
    if len(arguments) == 1:
        only = arguments[0]
        return lambda c, n: run(c, n, only(c, n))
    if len(arguments) == 2:  # noqa: PLR2004
        first, second = arguments
        return lambda c, n: run(c, n, first(c, n), second(c, n))
    return lambda c, n: run(c, n, *[argument(c, n) for argument in arguments])
