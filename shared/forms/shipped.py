"""A form's own instance: what new answers and new repeat instances are copied from."""

from typing import Final

from shared.forms.definition import Form, Shape
from shared.forms.xpath.node import Node
from shared.forms.xpath.xmltree import parse_xml

_SHIPPED_MAX: Final = 16
_shipped_by_hash: dict[str, "Shipped"] = {}


class Shipped:
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
        if known is None or (is_template(node) and not is_template(known)):
            self.templates[path] = node
        if not is_template(node):
            self.seeds.setdefault(path, []).append(node)


def shipped_of(form: Form) -> Shipped:
    """Return a form's shipped instance; the latest few are kept."""
    known = _shipped_by_hash.get(form.hash)
    if known is None or known.xml != form.instance_xml:
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
