"""Entities a submission creates or updates: households, sites, cases (ODK entities to 2025.1).

The form says which dataset, and binds say which answers become properties (`entities:saveto`). One
entity per `<entity>` element: the form's own, and one per repeat instance that holds one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Form, Shape
from shared.forms.instance import Tree
from shared.forms.shipped import shipped_of
from shared.forms.xpath.node import Node

_TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True)
class EntityChange:
    """One entity as a submission leaves it.

    Attributes:
        action: create or update.
        base_version: the version an update started from, "" for a creation.
        branch_id, trunk_version: of an update made on this device: the chain of versions it
            continues, and the server's version that chain started from, "" if it was made here.
        sources: the form path each property comes from; the label's under "label".
    """

    dataset: str
    id: str
    action: str
    label: str
    properties: Mapping[str, str]
    base_version: str = ""
    branch_id: str = ""
    trunk_version: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def datasets_of(form: Form) -> tuple[str, ...]:
    """Return the datasets a form creates or updates entities of."""
    found: dict[str, None] = {}
    stack = [shipped_of(form).root]
    while stack:
        node = stack.pop()
        if node.name == "entity" and _is_meta(node.parent) and node.attribute("dataset"):
            found[node.attribute("dataset")] = None
        stack.extend(node.kids)
    return tuple(found)


def entities_of(tree: Tree) -> tuple[EntityChange, ...]:
    """Return the entities of all relevant `<entity>` elements, in form order."""
    found: list[EntityChange] = []
    for node in tree.walk():
        if node.name == "entity" and node.relevant and _is_meta(node.parent):
            change = _change(node)
            if change is not None:
                found.append(change)
    return tuple(found)


def _is_meta(node: Node | None) -> bool:
    return node is not None and node.name == "meta"


def _change(entity: AnswerNode) -> EntityChange | None:
    """Return what one `<entity>` asks for; None if neither create nor update is on."""
    action = ""
    for name in ("create", "update"):
        if entity.attribute(name).strip().lower() in _TRUE:
            action = name
    if not action or not entity.attribute("id"):
        return None
    label = entity.child("label")
    saved = _saved(entity)
    paths = {name: node.field.path for name, node in saved.items()}
    return EntityChange(
        dataset=entity.attribute("dataset"),
        id=entity.attribute("id"),
        action=action,
        label="" if label is None else label.value(),
        properties={name: node.text for name, node in saved.items()},
        base_version=entity.attribute("baseVersion"),
        branch_id=entity.attribute("branchId"),
        trunk_version=entity.attribute("trunkVersion"),
        sources={**paths, "label": f"{entity.field.path}/label"},
    )


def _saved(entity: AnswerNode) -> dict[str, AnswerNode]:
    """Return the nodes saved to the entity's properties: those around it, up to other entities."""
    holder = entity.parent.parent if entity.parent is not None else None
    saved: dict[str, AnswerNode] = {}
    stack: list[AnswerNode] = [holder] if isinstance(holder, AnswerNode) else []
    while stack:
        node = stack.pop()
        if not node.relevant:
            continue
        name = node.field.extra.get("entities:saveto", "")
        if name and node.field.shape is Shape.VALUE:
            saved[name] = node
        inside = (kid for kid in reversed(node.answer_children()) if not kid.repeat)
        stack.extend(kid for kid in inside if not _has_entity(kid))
    return saved


def _has_entity(node: AnswerNode) -> bool:
    """Tell whether a group holds an entity of its own; what is saved in it belongs to that."""
    meta = node.child("meta")
    return meta is not None and meta.child("entity") is not None
