"""The answer tree of one interview: nodes by form path, repeat instances with stable ids.

Leaves to others: when a value changes (recompute.py) and what a person sees (interview.py).
An address names a node by instance ids (shared/records/address.py); a path may also use positions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from shared import limits
from shared.clock import RandomBytes
from shared.errors import FormError, LimitExceeded
from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Field, Form
from shared.forms.shipped import is_template, shipped_of
from shared.forms.xpath.node import Kind, Node

INSTANCE_ID_BYTES: Final = 8
_STEP: Final = re.compile(r"([^\[\]/]+)(?:\[([0-9a-f]{16}|\d{1,9})\])?")
_HEX_ID_CHARS: Final = 16


class PathUnknown(FormError):
    """A path names no node of this interview."""

    code = "FORM-005"


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
        self._shipped = shipped_of(form)
        self.templates = self._shipped.templates
        self.root = self._copy(self._shipped.root, form.root, empty=empty)
        self.document.append(self.root)
        self._register(self.root)

    # ---- building

    def _copy(
        self, source: Node, field: Field, *, empty: bool, model: bool = False, uid: str = ""
    ) -> AnswerNode:
        """Return answers made like `source`, the top one with an instance id if it is given."""
        made: list[AnswerNode] = []
        for bone in self._shipped.bones(source, field, empty=empty, model=model):
            node = AnswerNode(bone.field, text=bone.text)
            for attribute in bone.attributes:
                self._copy_attribute(node, attribute)
            if node.repeat:
                node.uid = uid if uid and not made else self.new_uid()
            if bone.above >= 0:
                above = made[bone.above]
                above.append(node)
                if node.repeat:
                    node.place = len(above.index[node.name])
            made.append(node)
        return made[0]

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
        seeds = self._shipped.seeds.get(repeat.path, ())
        source = self.templates[repeat.path]
        if len(known) < len(seeds):
            # The form ships this instance with values of its own.
            source = seeds[len(known)]
        if len(known) >= limits.REPEAT_INSTANCES_MAX:
            raise LimitExceeded(
                f"{repeat.path} has {limits.REPEAT_INSTANCES_MAX} instances already"
            )
        node = self._copy(source, repeat, empty=empty, model=not is_template(source), uid=uid)
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
            # Looked for from the end: little comes after a repeat, and much may be in it.
            last, place = known[-1], len(parent.kids)
            while parent.kids[place - 1] is not last:
                place -= 1
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

    def addressed(self) -> list[tuple[AnswerNode, str]]:
        """Return every node with its address, in form order; each address is built on the last.

        Attributes with a bind of their own, such as an entity's id, follow their element.
        """
        found: list[tuple[AnswerNode, str]] = []
        _gather(self.root, f"/{self.root.name}", found)
        return found


def _gather(node: AnswerNode, address: str, found: list[tuple[AnswerNode, str]]) -> None:
    """Add a node and all below; a form nests no deeper than limits.XFORM_DEPTH_MAX."""
    found.append((node, address))
    if node.attributes:
        found += [(one, f"{address}/@{one.name}") for one in node.bound_attributes()]
    for kid in node.kids:
        if not isinstance(kid, AnswerNode):
            continue
        if kid.repeat:
            _gather(kid, f"{address}/{kid.name}[{kid.uid}]", found)
        elif kid.kids or kid.attributes:
            _gather(kid, f"{address}/{kid.name}", found)
        else:
            # Nearly all nodes are leaves: they are not worth a call.
            found.append((kid, f"{address}/{kid.name}"))


def _pick(nodes: Sequence[Node], place: str) -> AnswerNode | None:
    if len(place) == _HEX_ID_CHARS:
        return next((n for n in nodes if isinstance(n, AnswerNode) and n.uid == place), None)
    number = int(place or 1)
    node = nodes[number - 1] if 1 <= number <= len(nodes) else None
    return node if isinstance(node, AnswerNode) else None
