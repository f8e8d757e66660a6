"""The secondary instances of an XForm: as a table where every item has the same leaves."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.errors import FormError
from shared.forms.definition import Secondary
from shared.forms.xmlwriter import write_node
from shared.forms.xpath.node import Node

_ROWS_OF_A_TABLE: Final = 8


def read_secondary(instance: Node) -> Secondary:
    """Return a secondary instance: where it comes from, or its rows."""
    name = instance.attribute("id")
    if not name:
        raise FormError("a second <instance> has no id; give it one or remove it")
    source = instance.attribute("src").strip()
    content = next(iter(instance.elements()), None)
    if content is None:
        return Secondary(id=name, source=source)
    table = as_table(content)
    if table is not None:
        return Secondary(id=name, source=source, table=table)
    return Secondary(id=name, source=source, xml=write_node(content))


def as_table(root: Node) -> tuple[str, str, Mapping[str, Sequence[str]]] | None:
    """Return (root name, item name, columns) if every item has the same leaves and nothing else."""
    items = root.kids
    if len(items) < _ROWS_OF_A_TABLE or root.attributes:
        return None
    first = items[0]
    names = [kid.name for kid in first.kids]
    if not names or len(set(names)) != len(names):
        return None
    columns: list[list[str]] = [[] for _ in names]
    for item in items:
        if item.name != first.name or item.attributes or len(item.kids) != len(names):
            return None
        for cell, column, name in zip(item.kids, columns, names, strict=True):
            if cell.name != name or cell.kids or cell.attributes:
                return None
            column.append(cell.text)
    return root.name, first.name, dict(zip(names, columns, strict=True))
