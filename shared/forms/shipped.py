"""A form's own instance: what new answers and new repeat instances are copied from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.forms.definition import Field, Form, Shape
from shared.forms.types import initial_text
from shared.forms.xpath.node import Node
from shared.forms.xpath.xmltree import parse_xml

_SHIPPED_MAX: Final = 16
_shipped_by_hash: dict[str, "Shipped"] = {}


@dataclass(frozen=True, slots=True)
class Bone:
    """One node of what is copied: made ready, so that a copy is a loop without questions.

    Attributes:
        above: place of its parent among the bones; -1 for the top.
        text: the form's own value in canonical form.
        attributes: as the form ships them, without the template mark.
    """

    above: int
    field: Field
    text: str
    attributes: tuple[Node, ...]


class Shipped:
    """The form's own instance as nodes that nobody changes.

    Attributes:
        templates: for every repeat, its template or else its first instance.
        seeds: the instances of outermost repeats the form ships, with values of their own.
    """

    def __init__(self, form: Form) -> None:
        self.fields = form.fields
        self._bones: dict[tuple[int, bool, bool], tuple[Bone, ...]] = {}
        self.root = parse_xml(form.instance_xml, what="the form's instance").kids[0]
        self.templates: dict[str, Node] = {}
        self.seeds: dict[str, list[Node]] = {}
        stack = [(self.root, form.root.path)] if form.repeats else []
        while stack:
            node, path = stack.pop()
            field = form.fields.get(path)
            if field is not None and field.shape is Shape.REPEAT:
                self._keep(node, path)
            stack.extend((kid, f"{path}/{kid.name}") for kid in reversed(node.elements()))

        repeats = [path + "/" for path in self.templates]
        for path in [p for p in self.seeds if any(p.startswith(repeat) for repeat in repeats)]:
            del self.seeds[path]

    def bones(self, source: Node, field: Field, *, empty: bool, model: bool) -> tuple[Bone, ...]:
        """Return what to make of a node of the form's instance, parents first.

        Templates inside it become no instance; `empty` leaves out every repeat inside it. A
        `model` is an instance that serves as a template because the form has none: repeats inside
        it start empty too.
        """
        key = id(source), empty, model
        known = self._bones.get(key)
        if known is None:
            known = self._bones[key] = tuple(self._walk(source, field, bare=empty or model))
        return known

    def _walk(self, source: Node, field: Field, *, bare: bool) -> Iterator[Bone]:
        stack = [(source, field, -1)]
        place = 0
        while stack:
            node, own, above = stack.pop()
            text = "" if own.children else initial_text(node.text, own.type)
            attributes = tuple(one for one in node.attributes if one.name != "template")
            yield Bone(above, own, text, attributes)
            for kid in reversed(node.elements()):
                child = self.fields[f"{own.path}/{kid.name}"]
                if not (child.shape is Shape.REPEAT and (bare or is_template(kid))):
                    stack.append((kid, child, place))
            place += 1

    def _keep(self, node: Node, path: str) -> None:
        known = self.templates.get(path)
        if known is None or (is_template(node) and not is_template(known)):
            self.templates[path] = node
        if not is_template(node):
            self.seeds.setdefault(path, []).append(node)


def shipped_of(form: Form) -> Shipped:
    """Return a form's shipped instance; the latest few are kept."""
    known = _shipped_by_hash.get(form.hash)
    if known is None or known.fields is not form.fields:
        known = Shipped(form)
        while len(_shipped_by_hash) >= _SHIPPED_MAX:
            del _shipped_by_hash[next(iter(_shipped_by_hash))]
        _shipped_by_hash[form.hash] = known
    return known


def is_template(node: Node) -> bool:
    """Tell whether a node of the form's instance is a repeat's template."""
    return any(a.name == "template" and a.prefix == "jr" for a in node.attributes) or any(
        a.name == "template" and a.uri.endswith("openrosa.org/javarosa") for a in node.attributes
    )
