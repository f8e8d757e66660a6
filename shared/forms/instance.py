"""The answer tree of one interview: nodes by form path, repeat instances with stable ids.

Leaves to others: when a value changes (recompute.py) and what a person sees (interview.py).
An address names a node by instance ids (shared/records/address.py); a path may also use positions.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from shared import limits
from shared.clock import RandomBytes
from shared.errors import FormError, LimitExceeded
from shared.forms.definition import Field, Form, Shape
from shared.forms.types import NUMBER_TYPES, initial_text
from shared.forms.xpath.node import Kind, Node
from shared.forms.xpath.xmltree import parse_xml

INSTANCE_ID_BYTES: Final = 8
_STEP: Final = re.compile(r"([^\[\]/]+)(?:\[([0-9a-f]{16}|\d{1,9})\])?")
_HEX_ID_CHARS: Final = 16


class PathUnknown(FormError):
    """A path names no node of this interview."""

    code = "FORM-005"


class AnswerNode(Node):
    """One node of the answers.

    Attributes:
        own_relevant: its own rule's verdict; `relevant` is false also when an ancestor's is.
        repeat: the repeat's path if this is one of its instances, else "".
        uid: the instance id in hex; place: 1-based position among the instances.
        index: child name -> children of that name.
    """

    __slots__ = ("field", "index", "own_relevant", "place", "relevant", "repeat", "uid")

    def __init__(self, field: Field, *, text: str = "", uid: str = "") -> None:
        super().__init__(Kind.ELEMENT, field.name, text, uri=field.uri, prefix=field.prefix)
        self.field = field
        self.relevant = True
        self.own_relevant = True
        self.repeat = field.path if field.shape is Shape.REPEAT else ""
        self.uid = uid
        self.place = 1
        self.index: dict[str, list[Node]] = {}

    def children(self, name: str) -> Sequence[Node]:
        """Return the children of that name by look-up."""
        return self.index.get(name, ())

    def child(self, name: str) -> Node | None:
        """Return the first child of that name."""
        found = self.index.get(name)
        return found[0] if found else None

    def value(self) -> str:
        """Return the text, empty when not relevant."""
        if not self.relevant:
            return ""
        return super().value() if self.kids else self.text

    def truth(self) -> bool:
        """Return the answer as a condition, by its type, as JavaRosa does.

        `relevant="/data/agreed"` holds for true and 1, not for false, 0 or no answer.
        """
        if self.kids or self.field.shape is not Shape.VALUE:
            return self.relevant
        text = self.value()
        if self.field.type == "boolean":
            return text in ("true", "1")
        if self.field.type in NUMBER_TYPES:
            return text not in ("", "0", "0.0", "-0")
        return text != ""

    def sibling_position(self) -> int:
        """Return the place among the repeat's instances."""
        return self.place

    def append(self, child: Node) -> Node:
        """Add a child at the end."""
        self.index.setdefault(child.name, []).append(child)
        return super().append(child)

    def answer_children(self) -> list["AnswerNode"]:
        """Return the children as answer nodes."""
        return [kid for kid in self.kids if isinstance(kid, AnswerNode)]


class Tree:
    """All answers of one interview.

    Attributes:
        document: the document node above the root.
        singles: path -> node for everything outside repeats.
        templates: repeat path -> the node new instances copy.
    """

    def __init__(self, form: Form, random_bytes: RandomBytes, *, empty: bool = False) -> None:
        """Build from the form's own instance; `empty` leaves out its repeat instances."""
        self.form = form
        self._random_bytes = random_bytes
        self.document = Node(Kind.DOCUMENT, "#document")
        self.singles: dict[str, Node] = {}
        shipped = _shipped(form)
        source, self.templates, self._seeds = shipped.root, shipped.templates, shipped.seeds
        self.root = self._copy(source, form.root, empty=empty)
        self.document.append(self.root)
        self._register(self.root)

    # ---- building

    def _copy(self, source: Node, field: Field, *, empty: bool, model: bool = False) -> AnswerNode:
        """Return answers made like `source`; templates inside it become no instance.

        A `model` is an instance that serves as a template because the form has none: repeats
        inside it start empty.
        """
        node = AnswerNode(
            field, text="" if field.children else initial_text(source.text, field.type)
        )
        for attribute in source.attributes:
            if attribute.name != "template":
                self._copy_attribute(node, attribute)
        if field.shape is Shape.REPEAT:
            node.uid = self.new_uid()
        for kid in source.elements():
            child = self.form.fields[f"{field.path}/{kid.name}"]
            if child.shape is Shape.REPEAT and (_is_template(kid) or empty or model):
                continue
            copied = self._copy(kid, child, empty=empty, model=model)
            node.append(copied)
            if copied.repeat:
                copied.place = len(node.index[kid.name])
        return node

    def _copy_attribute(self, node: AnswerNode, source: Node) -> None:
        """Copy an attribute; one with a bind of its own can be calculated like any field."""
        field = self.form.fields.get(f"{node.field.path}/@{source.name}")
        if field is None:
            node.set_attribute(source.name, source.text, uri=source.uri, prefix=source.prefix)
            return
        attribute = AnswerNode(field, text=source.text)
        attribute.kind = Kind.ATTRIBUTE
        attribute.name, attribute.uri, attribute.prefix = source.name, source.uri, source.prefix
        attribute.parent = node
        node.attributes.append(attribute)
        node.index[f"@{source.name}"] = [attribute]

    def _register(self, top: AnswerNode) -> None:
        stack = [(top, top.field.path)]
        while stack:
            node, path = stack.pop()
            self.singles[path] = node
            for attribute in node.attributes:
                self.singles[f"{path}/@{attribute.name}"] = attribute
            stack.extend(
                (kid, f"{path}/{kid.name}") for kid in node.answer_children() if not kid.repeat
            )

    def new_uid(self) -> str:
        """Return a fresh instance id."""
        return self._random_bytes(INSTANCE_ID_BYTES).hex()

    def add_meta(self, name: str) -> AnswerNode:
        """Add a node to `meta` that the form does not declare, beside instanceID."""
        known = self.singles[f"{self.root.field.path}/meta/instanceID"]
        meta = known.parent
        assert isinstance(meta, AnswerNode)
        assert isinstance(known, AnswerNode)
        path = f"{meta.field.path}/{name}"
        field = replace(known.field, path=path, name=name, preload=("", ""), calculate="")
        node = AnswerNode(field)
        meta.append(node)
        self.singles[path] = node
        return node

    # ---- repeats

    def instances(self, parent: AnswerNode, repeat: Field) -> list[AnswerNode]:
        """Return a repeat's instances under one parent."""
        return [node for node in parent.index.get(repeat.name, ()) if isinstance(node, AnswerNode)]

    def add_instance(
        self, parent: AnswerNode, repeat: Field, uid: str = "", *, empty: bool = False
    ) -> AnswerNode:
        """Append a new instance made from the template; `empty` leaves out repeats inside it.

        Raises:
            LimitExceeded: the repeat has as many instances as the limit allows.
        """
        known = parent.index.setdefault(repeat.name, [])
        seeds = self._seeds.get(repeat.path, ())
        outermost = not any(repeat.path.startswith(r + "/") for r in self.form.repeats)
        source = self.templates[repeat.path]
        if outermost and len(known) < len(seeds):
            # The form ships this instance with values of its own.
            source = seeds[len(known)]
        if len(known) >= limits.REPEAT_INSTANCES_MAX:
            raise LimitExceeded(
                f"{repeat.path} has {limits.REPEAT_INSTANCES_MAX} instances already"
            )
        node = self._copy(source, repeat, empty=empty, model=not _is_template(source))
        if uid:
            node.uid = uid
        node.parent = parent
        node.place = len(known) + 1
        node.relevant = parent.relevant
        self._insert(parent, repeat, node, known)
        known.append(node)
        return node

    def _insert(
        self, parent: AnswerNode, repeat: Field, node: AnswerNode, known: list[Node]
    ) -> None:
        """Put the node after the last instance, or where the form has the repeat."""
        if known:
            last = known[-1]
            place = len(parent.kids) if parent.kids[-1] is last else parent.kids.index(last) + 1
        else:
            place = 0
            for child in parent.field.children:
                if child == repeat.path:
                    break
                place += len(parent.index.get(child.rpartition("/")[2], ()))
        parent.kids.insert(place, node)

    def remove_instance(self, node: AnswerNode) -> None:
        """Take one instance out; later ones move up."""
        parent = node.parent
        assert isinstance(parent, AnswerNode)
        parent.kids.remove(node)
        siblings = parent.index[node.name]
        siblings.remove(node)
        for sibling in siblings[node.place - 1 :]:
            assert isinstance(sibling, AnswerNode)
            sibling.place -= 1

    # ---- finding

    def find(self, path: str) -> AnswerNode:
        """Return the node at a path with positions or instance ids; none means the first.

        Raises:
            PathUnknown: there is no such node.
        """
        single = self.singles.get(path)
        if isinstance(single, AnswerNode):
            return single
        node: AnswerNode | None = None
        for step in path.strip("/").split("/"):
            match = _STEP.fullmatch(step)
            if match is None:
                raise PathUnknown(f"{path!r} is not a path such as /data/member[2]/age")
            name, place = match[1], match[2] or ""
            name = ("@" if name.startswith("@") else "") + name.rpartition(":")[2].lstrip("@")
            if node is None:
                node = self.root if name == self.root.name else None
            else:
                node = _pick(node.index.get(name, []), place)
            if node is None:
                raise PathUnknown(f"this interview has no {path!r}")
        if node is None:
            raise PathUnknown("the path is empty")
        return node

    def walk(self, top: AnswerNode | None = None) -> Iterator[AnswerNode]:
        """Yield a node and everything below it in form order."""
        stack = [top or self.root]
        while stack:
            node = stack.pop()
            yield node
            if node.kids:
                stack.extend(reversed(node.answer_children()))


_SHIPPED_MAX: Final = 16
_shipped_by_hash: dict[str, "_Shipped"] = {}


class _Shipped:
    """The form's own instance as nodes that nobody changes.

    Attributes:
        templates: for every repeat, its template or else its first instance.
        seeds: the instances the form ships, with values of their own.
    """

    def __init__(self, form: Form) -> None:
        self.xml = form.instance_xml
        self.root = parse_xml(form.instance_xml, what="the form's instance").kids[0]
        self.templates: dict[str, Node] = {}
        self.seeds: dict[str, list[Node]] = {}
        stack = [(self.root, form.root.path)]
        while stack:
            node, path = stack.pop()
            field = form.fields.get(path)
            if field is not None and field.shape is Shape.REPEAT:
                self._keep(node, path)
            stack.extend((kid, f"{path}/{kid.name}") for kid in reversed(node.elements()))

    def _keep(self, node: Node, path: str) -> None:
        known = self.templates.get(path)
        if known is None or (_is_template(node) and not _is_template(known)):
            self.templates[path] = node
        if not _is_template(node):
            self.seeds.setdefault(path, []).append(node)


def _shipped(form: Form) -> _Shipped:
    """Return a form's shipped instance; the latest few are kept."""
    known = _shipped_by_hash.get(form.hash)
    if known is None or known.xml != form.instance_xml:
        known = _Shipped(form)
        while len(_shipped_by_hash) >= _SHIPPED_MAX:
            del _shipped_by_hash[next(iter(_shipped_by_hash))]
        _shipped_by_hash[form.hash] = known
    return known


def _pick(nodes: Sequence[Node], place: str) -> AnswerNode | None:
    if len(place) == _HEX_ID_CHARS:
        return next((n for n in nodes if isinstance(n, AnswerNode) and n.uid == place), None)
    number = int(place or 1)
    node = nodes[number - 1] if 1 <= number <= len(nodes) else None
    return node if isinstance(node, AnswerNode) else None


def _is_template(node: Node) -> bool:
    return any(a.name == "template" and a.prefix == "jr" for a in node.attributes) or any(
        a.name == "template" and a.uri.endswith("openrosa.org/javarosa") for a in node.attributes
    )


def address_of(node: AnswerNode) -> str:
    """Return the node's address: its path with instance ids."""
    return _spell(node, lambda one: f"[{one.uid}]")


def position_path(node: AnswerNode) -> str:
    """Return the node's path with positions: `/data/member[2]/age`."""
    return _spell(node, lambda one: f"[{one.place}]")


def _spell(node: AnswerNode, mark: Callable[[AnswerNode], str]) -> str:
    parts: list[str] = []
    here: Node | None = node
    while isinstance(here, AnswerNode):
        at = "@" if here.kind is Kind.ATTRIBUTE else ""
        parts.append(at + here.name + (mark(here) if here.repeat else ""))
        here = here.parent
    return "/" + "/".join(reversed(parts))
