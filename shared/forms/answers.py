"""Finished answers: what is sealed, and the same as instance XML."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.forms.answer_node import AnswerNode, address_of
from shared.forms.definition import Shape
from shared.forms.instance import Tree
from shared.forms.xmlwriter import write_node
from shared.forms.xpath.node import Kind, Node


class Answer(NamedTuple):
    """One value: where it is, which field it is, and its text."""

    address: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The relevant answers of one interview, in form order.

    Attributes:
        values: every relevant non-empty value.
        instances: addresses of all relevant repeat instances, in order, outer ones first.
        form_hash: the form they were given to.
    """

    form_hash: str
    form_id: str
    version: str
    values: tuple[Answer, ...]
    instances: tuple[str, ...]

    def get(self, address: str, default: str = "") -> str:
        """Return the text at an address."""
        for answer in self.values:
            if answer.address == address:
                return answer.text
        return default

    def as_dict(self) -> dict[str, str]:
        """Return address -> text."""
        return {answer.address: answer.text for answer in self.values}


def collect(tree: Tree) -> Answers:
    """Return the relevant answers of a tree."""
    values: list[Answer] = []
    instances: list[str] = []
    for node in _relevant(tree.root):
        if node.repeat:
            instances.append(address_of(node))
        if node.field.shape is Shape.VALUE and node.text != "":
            values.append(Answer(address_of(node), node.field.path, node.text))
        values += [
            Answer(address_of(one), one.field.path, one.text)
            for one in node.bound_attributes()
            if one.text != ""
        ]
    form = tree.form
    return Answers(form.hash, form.id, form.version, tuple(values), tuple(instances))


def _relevant(root: AnswerNode) -> Iterator[AnswerNode]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.relevant:
            yield node
            stack.extend(reversed(node.answer_children()))


def instance_xml(tree: Tree, *, all_nodes: bool = False) -> str:
    """Return the answers as ODK instance XML: relevant nodes only, unless `all_nodes`."""
    return write_node(_pruned(tree.root, all_nodes=all_nodes))


def _pruned(root: AnswerNode, *, all_nodes: bool) -> Node:
    """Copy the tree without what is not relevant."""
    top = _bare(root)
    stack: list[tuple[AnswerNode, Node]] = [(root, top)]
    while stack:
        source, target = stack.pop()
        for kid in source.kids:
            if isinstance(kid, AnswerNode) and (kid.relevant or all_nodes):
                copy = _bare(kid)
                target.append(copy)
                stack.append((kid, copy))
    return top


def _bare(source: AnswerNode) -> Node:
    text = "" if source.kids else source.text
    node = Node(Kind.ELEMENT, source.name, text, uri=source.uri, prefix=source.prefix)
    node.attributes = source.attributes
    return node
