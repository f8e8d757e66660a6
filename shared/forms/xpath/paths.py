"""Location paths -> closures, quickest way first.

1. an absolute path outside repeats is one dictionary look-up;
2. an absolute path through repeats is walked by name, re-anchored to the instance at hand;
3. `.`, `..` and names are walked without axes;
4. a secondary instance with an equality predicate uses a hash index (lookup.py);
5. everything else runs the general axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.forms.xpath import lookup
from shared.forms.xpath.ast import Call, Expr, Filter, Path, Step
from shared.forms.xpath.context import Closure, Context, nodes_of
from shared.forms.xpath.node import Node
from shared.forms.xpath.steps import Selector, compile_step, predicate
from shared.forms.xpath.values import NodeSet

if TYPE_CHECKING:
    from shared.forms.xpath.compiler import Compiler


def compile_path(compiler: Compiler, path: Path, *, anchored: bool = True) -> Closure:
    """Return the closure of a location path; `anchored` re-anchors repeats (forms only)."""
    if path.base is not None:
        return _from_base(compiler, path)
    if path.absolute:
        if compiler.static.form and path.steps and all(is_name(step) for step in path.steps):
            return _form_path(compiler, path.steps, anchored=anchored)
        return _general_absolute(compiler, path, anchored=anchored)
    return _relative(compiler, path.steps)


def is_name(step: Step) -> bool:
    """Tell whether a step is the name of a child and no more."""
    return (
        step.axis == "child"
        and step.test.kind == "name"
        and step.test.name != "*"
        and not step.predicates
    )


# ---- absolute paths in forms


def _form_path(compiler: Compiler, steps: tuple[Step, ...], *, anchored: bool) -> Closure:
    names = [step.test.name for step in steps]
    path = "/" + "/".join(names)
    repeats = compiler.static.repeats
    if not any(path == repeat or path.startswith(repeat + "/") for repeat in repeats):

        def single(context: Context, _node: Node) -> NodeSet:
            found = context.singles.get(path)
            return [found] if found is not None and found.relevant else []

        return single
    prefixes = ["/" + "/".join(names[: depth + 1]) for depth in range(len(names))]
    return _walk_repeats(names, prefixes, anchored=anchored)


def _walk_repeats(names: list[str], prefixes: list[str], *, anchored: bool) -> Closure:
    """Walk names from the root; where the context lies in an instance of a repeat, stay in it."""
    plan = list(zip(names[1:], prefixes[1:], strict=True))
    top = prefixes[0]

    def walk(context: Context, _node: Node) -> NodeSet:
        start = context.singles.get(top)
        if start is None:
            return []
        here: list[Node] = [start]
        anchors = _anchors(context.current) if anchored else None
        for name, prefix in plan:
            at = anchors.get(prefix) if anchors else None
            if at is not None:
                here = [at]
                continue
            if len(here) == 1:
                here = list(here[0].children(name))
            else:
                here = [kid for node in here for kid in node.children(name)]
            context.spend(len(here))
        return [node for node in here if node.relevant]

    return walk


def _anchors(node: Node | None) -> dict[str, Node]:
    """Return repeat path -> the instance that holds `node`."""
    found: dict[str, Node] = {}
    while node is not None:
        if node.repeat:
            found[node.repeat] = node
        node = node.parent
    return found


def _general_absolute(compiler: Compiler, path: Path, *, anchored: bool) -> Closure:
    """Walk from the root; in forms, leading plain names are anchored up to the first predicate."""
    steps = list(path.steps)
    plain = 0
    while plain < len(steps) and is_name(steps[plain]):
        plain += 1
    if compiler.static.form and plain:
        head = _form_path(compiler, tuple(steps[:plain]), anchored=anchored)
        rest = [compile_step(compiler, step) for step in steps[plain:]]
        return _chain(head, rest, filtered=True)
    rest = [compile_step(compiler, step) for step in steps]

    def from_root(context: Context, node: Node) -> NodeSet:
        return [context.root if context.root is not None else node.root()]

    return _chain(from_root, rest, filtered=compiler.static.form)


# ---- relative paths


def _relative(compiler: Compiler, steps: tuple[Step, ...]) -> Closure:
    if compiler.static.form and all(is_name(s) or _is_dots(s) for s in steps):
        return _dots_and_names([("" if is_name(s) else s.axis, s.test.name) for s in steps])
    rest = [compile_step(compiler, step) for step in steps]
    return _chain(lambda _context, node: [node], rest, filtered=compiler.static.form)


def _is_dots(step: Step) -> bool:
    return step.axis in ("self", "parent") and step.test.kind == "node" and not step.predicates


def _dots_and_names(moves: list[tuple[str, str]]) -> Closure:
    if moves == [("self", "*")]:
        return lambda _context, node: [node] if node.relevant else []

    def walk(context: Context, node: Node) -> NodeSet:
        here: list[Node] = [node]
        for axis, name in moves:
            if axis == "self":
                continue
            if axis == "parent":
                above = here[0].parent if here else None
                here = [] if above is None else [above]
            elif len(here) == 1:
                here = list(here[0].children(name))
                context.spend(len(here))
            else:
                here = [kid for one in here for kid in one.children(name)]
                context.spend(len(here))
        return [one for one in here if one.relevant]

    return walk


# ---- paths from an expression


def _from_base(compiler: Compiler, path: Path) -> Closure:
    assert path.base is not None
    indexed = lookup.compile_lookup(compiler, path)
    if indexed is not None:
        return indexed
    start = compiler.closure(path.base)
    if (
        isinstance(path.base, Call)
        and path.base.name == "current"
        and compiler.static.form
        and all(is_name(s) or _is_dots(s) for s in path.steps)
    ):
        walk = _dots_and_names([("" if is_name(s) else s.axis, s.test.name) for s in path.steps])
        return lambda context, node: walk(context, context.current or node)
    rest = [compile_step(compiler, step) for step in path.steps]
    return _chain(_as_nodes(start), rest, filtered=compiler.static.form)


def _as_nodes(start: Closure) -> Closure:
    return lambda context, node: nodes_of(start(context, node), "a path step")


def compile_filter(compiler: Compiler, tree: Filter) -> Closure:
    """Return the closure of `(expression)[predicate]`."""
    start = compiler.closure(tree.primary)
    filters = [predicate(compiler, part) for part in tree.predicates]

    def run(context: Context, node: Node) -> NodeSet:
        found = nodes_of(start(context, node), "a predicate")
        for keep in filters:
            found = keep(context, found)
        return found

    return run


def _chain(start: Closure, rest: list[Selector], *, filtered: bool) -> Closure:
    def run(context: Context, node: Node) -> NodeSet:
        here: list[Node] = start(context, node)  # type: ignore[assignment]
        for select in rest:
            here = select(context, here)
        if filtered:
            return [one for one in here if one.relevant]
        return here

    return run


def compile_wide(compiler: Compiler, tree: Expr) -> Closure:
    """Return a path's closure that reaches all instances of every repeat, relative paths too.

    A relative path is rewritten by climbing: inside a repeat `../age` reaches the ages of all
    members, because `indexed-repeat` names the instance itself.
    """
    if not isinstance(tree, Path):
        return compiler.closure(tree)
    if tree.absolute:
        return compile_path(compiler, tree, anchored=False)
    narrow = compiler.closure(tree)

    def wide(context: Context, node: Node) -> NodeSet:
        found = nodes_of(narrow(context, node), "indexed-repeat()")
        if not found:
            return found
        return _all_alike(context, found[0])

    return wide


def _all_alike(context: Context, node: Node) -> list[Node]:
    """Return every node of the tree with the same path of names as `node`."""
    names: list[str] = []
    top = node
    while top.parent is not None:
        names.append(top.name)
        top = top.parent
    here = [top]
    for name in reversed(names):
        here = [kid for one in here for kid in one.children(name)]
        context.spend(len(here))
    return [one for one in here if one.relevant]
