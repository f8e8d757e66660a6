"""An unfinished interview as bytes, and back, also into a newer version of its form.

A draft holds every answer, relevant or not, by address, so that an answer hidden by a passing
change of mind comes back. Answers whose field the newer form no longer has are kept and carried on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import FormError
from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Shape
from shared.forms.instance import Tree
from shared.forms.xpath.node import Kind
from shared.records.address import form_path, instance_ids

FORMAT: Final = 1


class DraftUnreadable(FormError):
    """A draft's bytes are not a draft this version reads."""

    code = "FORM-008"


@dataclass(slots=True)
class Draft:
    """What a draft holds.

    Attributes:
        values: address -> text, also of what is not relevant now.
        instances: addresses of repeat instances, outer ones first, in order.
        strangers: answers of an earlier form version that this one has no field for.
        at: path of the question the interview stood at.
    """

    form_id: str
    form_hash: str
    language: str
    at: str
    values: dict[str, str]
    instances: list[str]
    strangers: dict[str, str]


def encode(draft: Draft) -> bytes:
    """Return a draft as bytes."""
    body = {
        "format": FORMAT,
        "form": draft.form_id,
        "hash": draft.form_hash,
        "language": draft.language,
        "at": draft.at,
        "values": draft.values,
        "instances": draft.instances,
        "strangers": draft.strangers,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> Draft:
    """Return a draft from bytes.

    Raises:
        DraftUnreadable: not a draft, or of a later format.
    """
    try:
        body: Any = json.loads(data)
        if body["format"] != FORMAT:
            raise DraftUnreadable(f"the draft has format {body['format']}; this app reads {FORMAT}")
        return Draft(
            form_id=str(body["form"]),
            form_hash=str(body["hash"]),
            language=str(body["language"]),
            at=str(body["at"]),
            values={str(k): str(v) for k, v in body["values"].items()},
            instances=[str(address) for address in body["instances"]],
            strangers={str(k): str(v) for k, v in body["strangers"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DraftUnreadable(f"the draft cannot be read: {error}") from error


def take(tree: Tree) -> tuple[dict[str, str], list[str]]:
    """Return all values and repeat instances of a tree."""
    values: dict[str, str] = {}
    instances: list[str] = []
    for node, address in tree.addressed():
        field = node.field
        if field.shape is not Shape.VALUE:
            if node.repeat:
                instances.append(address)
        elif node.text or field.default or node.kind is Kind.ATTRIBUTE:
            values[address] = node.text
    return values, instances


@dataclass(slots=True)
class Placed:
    """Where answers went.

    Attributes:
        written: the nodes that got a value.
        instances: the repeat instances made, outer ones first.
        strangers: answers that found no place.
    """

    written: list[AnswerNode]
    instances: list[AnswerNode]
    strangers: dict[str, str]


def put(tree: Tree, values: Mapping[str, str], instances: Sequence[str]) -> dict[str, str]:
    """Write values and instances into an empty tree; return what found no place."""
    return place(tree, values, instances).strangers


def place(tree: Tree, values: Mapping[str, str], instances: Sequence[str]) -> Placed:
    """Write values and instances into an empty tree; return where they went."""
    placed = Placed([], [], {})
    nodes: dict[str, AnswerNode] = {}
    for address in instances:
        parent_address, _, step = address.rpartition("/")
        field = tree.form.fields.get(form_path(address))
        parent = nodes.get(parent_address) or _find(tree, parent_address)
        ids = instance_ids("/" + step)
        if field is None or field.shape is not Shape.REPEAT or parent is None or not ids:
            placed.strangers[address] = ""
            continue
        uid = ids[-1]
        nodes[address] = tree.add_instance(parent, field, uid, empty=True)
        placed.instances.append(nodes[address])
    for address, text in values.items():
        node = tree.singles.get(address) or _inside(nodes, address)
        if not isinstance(node, AnswerNode):
            node = _find(tree, address)
        if node is None or node.field.shape is not Shape.VALUE:
            placed.strangers[address] = text
        else:
            node.text = text
            placed.written.append(node)
    return placed


def _inside(instances: Mapping[str, AnswerNode], address: str) -> AnswerNode | None:
    """Return the node below the innermost instance an address names, if that is at hand."""
    owner, _, rest = address.rpartition("]/")
    here = instances.get(owner + "]")
    for name in rest.split("/"):
        found = here.index.get(name) if here is not None else None
        first = found[0] if found else None
        here = first if isinstance(first, AnswerNode) else None
    return here


def _find(tree: Tree, address: str) -> AnswerNode | None:
    try:
        return tree.find(address)
    except FormError:
        return None
