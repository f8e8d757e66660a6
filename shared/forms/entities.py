"""Entities a submission creates or updates: households, sites, cases (ODK entities to 2025.1).

The form says which dataset, and binds say which answers become properties (`entities:saveto`). One
entity per `<entity>` element: the form's own, and one per repeat instance that holds one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Shape
from shared.forms.instance import Tree
from shared.forms.xpath.node import Node

_TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True)
class EntityChange:
    """One entity as a submission leaves it.

    Attributes:
        action: create or update.
        base_version: the version an update started from, "" for a creation.
    """

    dataset: str
    id: str
    action: str
    label: str
    properties: Mapping[str, str]
    base_version: str = ""
    branch_id: str = ""
    trunk_version: str = ""


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
    return EntityChange(
        dataset=entity.attribute("dataset"),
        id=entity.attribute("id"),
        action=action,
        label="" if label is None else label.value(),
        properties=_properties(entity),
        base_version=entity.attribute("baseVersion"),
        branch_id=entity.attribute("branchId"),
        trunk_version=entity.attribute("trunkVersion"),
    )


def _properties(entity: AnswerNode) -> dict[str, str]:
    """Return saveto properties around the entity, not entering repeats below."""
    holder = entity.parent.parent if entity.parent is not None else None
    properties: dict[str, str] = {}
    stack: list[AnswerNode] = [holder] if isinstance(holder, AnswerNode) else []
    while stack:
        node = stack.pop()
        if not node.relevant:
            continue
        name = node.field.extra.get("entities:saveto", "")
        if name and node.field.shape is Shape.VALUE:
            properties[name] = node.text
        inside = (kid for kid in reversed(node.answer_children()) if not kid.repeat)
        stack.extend(inside)
    return properties
