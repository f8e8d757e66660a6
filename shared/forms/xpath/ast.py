"""The syntax tree of an expression: frozen, hashable, without behaviour."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted string."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function call."""

    name: str
    arguments: "tuple[Expr, ...]"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; chains of one operator lean left."""

    operator: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus."""

    operand: "Expr"


@dataclass(frozen=True, slots=True)
class NodeTest:
    """What a step accepts: `name` (with prefix, `*` for any), `node`, `text`, `comment`, `pi`."""

    kind: str
    name: str = "*"
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One location step."""

    axis: str
    test: NodeTest
    predicates: "tuple[Expr, ...]" = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A primary expression with predicates."""

    primary: "Expr"
    predicates: "tuple[Expr, ...]"


@dataclass(frozen=True, slots=True)
class Path:
    """A location path: from the root, from `base`, or (neither) from the context node."""

    steps: tuple[Step, ...]
    absolute: bool = False
    base: "Expr | None" = None


Expr: TypeAlias = Number | Literal | Variable | Call | Binary | Negate | Filter | Path


def operands(tree: Binary, operator: str) -> list[Expr]:
    """Return the operands of a left-leaning chain of one operator, in order."""
    found: list[Expr] = []
    here: Expr = tree
    while isinstance(here, Binary) and here.operator == operator:
        found.append(here.right)
        here = here.left
    found.append(here)
    found.reverse()
    return found


def subexpressions(tree: Expr) -> Iterator[Expr]:
    """Yield an expression and everything inside it, predicates too."""
    stack = [tree]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, Call):
            stack.extend(part.arguments)
        elif isinstance(part, Binary):
            stack += [part.left, part.right]
        elif isinstance(part, Negate):
            stack.append(part.operand)
        elif isinstance(part, Filter):
            stack += [part.primary, *part.predicates]
        elif isinstance(part, Path):
            stack.extend(predicate for step in part.steps for predicate in step.predicates)
            if part.base is not None:
                stack.append(part.base)
