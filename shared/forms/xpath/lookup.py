"""Equality predicates on secondary instances -> a hash index, so a choice costs a look-up.

`instance('v')/root/item[district = X and kind = Y][...]`: each conjunct `child = key` whose key
does not depend on the item can be answered by an index on that child; the shortest answer is taken
and the other conjuncts filter it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeAlias

from shared.forms.xpath.ast import (
    Binary,
    Call,
    Expr,
    Filter,
    Literal,
    Negate,
    Number,
    Path,
    Step,
    operands,
)
from shared.forms.xpath.context import Closure, Context
from shared.forms.xpath.dates import DateValue
from shared.forms.xpath.node import Node
from shared.forms.xpath.steps import compile_step, predicate
from shared.forms.xpath.tables import Instance, Table
from shared.forms.xpath.values import NodeSet, to_number

if TYPE_CHECKING:
    from shared.forms.xpath.compiler import Compiler

Key: TypeAlias = tuple[str, Closure]
"""A column and the closure of what it must equal."""


def compile_lookup(compiler: Compiler, path: Path) -> Closure | None:
    """Return a closure for a path from `instance('...')`, or None if no index helps."""
    base = path.base
    if not isinstance(base, Call) or base.name != "instance" or not compiler.static.form:
        return None
    name = _literal_argument(base)
    if name is None:
        return None
    names: list[str] = []
    for place, step in enumerate(path.steps):
        if step.axis != "child" or step.test.kind != "name" or step.test.name == "*":
            return None
        names.append(step.test.name)
        if step.predicates:
            return _indexed(compiler, name, tuple(names), path.steps[place:])
    return None


def _indexed(
    compiler: Compiler, instance: str, names: tuple[str, ...], steps: tuple[Step, ...]
) -> Closure | None:
    parts = _conjuncts(steps[0].predicates[0])
    found_keys = ((place, _key(compiler, part)) for place, part in enumerate(parts))
    keys = [(place, key) for place, key in found_keys if key is not None]
    if not keys or any(_positional(part) for part in parts):
        return None
    tests = [predicate(compiler, part) for part in parts]
    after = [predicate(compiler, part) for part in steps[0].predicates[1:]]
    after += [compile_step(compiler, step) for step in steps[1:]]

    def run(context: Context, node: Node) -> NodeSet:
        top = context.instance(instance)
        found: list[Node] | None = None
        used: Collection[int] = ()
        texts = _texts(context, node, keys) if isinstance(top, Table) else {}
        if isinstance(top, Table) and texts:
            found, used = top.find_all(names, list(texts.values())), texts
        elif isinstance(top, Instance):
            found, one = _shortest(context, node, top, names, keys)
            used = (one,)
        if found is None:
            found = _scan(top, names)
        for place, test in enumerate(tests):
            if place not in used and found:
                found = test(context, found)
        for select in after:
            found = select(context, found)
        return found

    return run


def _texts(context: Context, node: Node, keys: list[tuple[int, Key]]) -> dict[int, tuple[str, str]]:
    """Return conjunct -> column and the text it must equal, where that is one text."""
    found: dict[int, tuple[str, str]] = {}
    for place, (column, key) in keys:
        value = key(context, node)
        if isinstance(value, list) and len(value) < 2:  # noqa: PLR2004 - none is empty (FRM-019)
            value = value[0].value() if value else ""
        if isinstance(value, str):
            found[place] = column, value
    return found


def _shortest(
    context: Context,
    node: Node,
    top: Instance,
    names: tuple[str, ...],
    keys: list[tuple[int, Key]],
) -> tuple[list[Node] | None, int]:
    """Return the shortest index answer and which conjunct gave it."""
    if len(keys) > 1:
        keys = _by_size(context, node, top, names, keys)
    for place, (column, key) in keys:
        answer = _answer(context, top, names, column, key(context, node))
        if answer is not None:
            return list(answer), place
    return None, -1


def _by_size(
    context: Context,
    node: Node,
    top: Instance,
    names: tuple[str, ...],
    keys: list[tuple[int, Key]],
) -> list[tuple[int, Key]]:
    """Return the keys, the one with the fewest rows first, without making any row."""

    def size(entry: tuple[int, Key]) -> int:
        column, key = entry[1]
        value = key(context, node)
        if isinstance(value, list) and len(value) < 2:  # noqa: PLR2004 - none is empty (FRM-019)
            value = value[0].value() if value else ""
        return top.size(names, column, value) if isinstance(value, str) else top.size_unknown

    return sorted(keys, key=size)


def _answer(
    context: Context, top: Instance, names: tuple[str, ...], column: str, key: object
) -> list[Node] | None:
    """Return the items whose column equals the key, or None if the index cannot tell."""
    if isinstance(key, str):
        return top.find(names, column, key)
    if isinstance(key, bool):
        return None
    if isinstance(key, float | DateValue):
        return top.find_number(names, column, to_number(key), context.zone)
    if isinstance(key, list) and len(key) == 1:
        return top.find(names, column, key[0].value())
    if isinstance(key, list) and not key:
        return top.find(names, column, "")
    return None


def _scan(top: Node, names: tuple[str, ...]) -> list[Node]:
    here = [top]
    for name in names:
        here = [kid for node in here for kid in node.children(name)]
    return here


def _conjuncts(tree: Expr) -> list[Expr]:
    if not (isinstance(tree, Binary) and tree.operator == "and"):
        return [tree]
    return [leaf for part in operands(tree, "and") for leaf in _conjuncts(part)]


def _key(compiler: Compiler, part: Expr) -> Key | None:
    """Return (child name, key closure) of `child = key`, either way round."""
    if not (isinstance(part, Binary) and part.operator == "="):
        return None
    for column, key in ((part.left, part.right), (part.right, part.left)):
        if _is_child(column) and independent(key):
            assert isinstance(column, Path)
            return column.steps[-1].test.name, compiler.closure(key)
    return None


def _is_child(tree: Expr) -> bool:
    """Tell whether the tree is `name` or `./name`: one child of the item."""
    if not isinstance(tree, Path) or tree.absolute or tree.base is not None:
        return False
    steps = tree.steps
    if len(steps) == 2 and steps[0].axis == "self" and not steps[0].predicates:  # noqa: PLR2004
        steps = steps[1:]
    return (
        len(steps) == 1
        and steps[0].axis == "child"
        and steps[0].test.kind == "name"
        and steps[0].test.name != "*"
        and not steps[0].predicates
    )


_ITEM_FUNCTIONS = frozenset({"position", "last", "random", "uuid", "now", "today", "randomize"})


def independent(tree: Expr) -> bool:
    """Tell whether a key is the same for every item: it looks only from the root or `current()`."""
    return _every(tree, _independent_leaf)


def _independent_leaf(tree: Expr) -> bool:
    if isinstance(tree, Path):
        return tree.absolute or (isinstance(tree.base, Call) and tree.base.name != "position")
    if isinstance(tree, Call):
        return tree.name not in _ITEM_FUNCTIONS and (
            bool(tree.arguments) or tree.name in ("current", "true", "false", "pi")
        )
    return True


def _positional(tree: Expr) -> bool:
    return isinstance(tree, Number) or not _every(
        tree, lambda part: not (isinstance(part, Call) and part.name in ("position", "last"))
    )


def _every(tree: Expr, accept: Callable[[Expr], bool]) -> bool:
    """Tell whether every sub-expression outside predicates is accepted."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if not accept(part):
            return False
        if isinstance(part, Binary):
            pending += (part.left, part.right)
        elif isinstance(part, Negate):
            pending.append(part.operand)
        elif isinstance(part, Call):
            pending.extend(part.arguments)
        elif isinstance(part, Filter):
            pending.append(part.primary)
        elif isinstance(part, Path) and part.base is not None:
            pending.append(part.base)
    return True


def _literal_argument(call: Call) -> str | None:
    """Return the one string literal a call has, trimmed, or None."""
    if len(call.arguments) == 1 and isinstance(call.arguments[0], Literal):
        return call.arguments[0].text.strip()
    return None
