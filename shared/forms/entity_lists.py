"""Entity lists on a device: the server's rows, and what finished interviews made of them since.

A follow-up form reads `instance('trees')/root/item` and finds there the tree that the interview
before it planted, without any network. What the server needs to put such a chain together are three
columns ODK defines: `__version`, `__trunkVersion` (the server's version the chain started from) and
`__branchId` (the chain's own name). Nothing here is stored; the device keeps `LocalEntity` rows.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, overload

from shared.forms.entities import EntityChange
from shared.forms.xpath.node import Node
from shared.forms.xpath.tables import Instance, Table

VERSION: Final = "__version"
TRUNK: Final = "__trunkVersion"
BRANCH: Final = "__branchId"
_SYSTEM: Final = ("name", "label", VERSION, TRUNK, BRANCH)


@dataclass(frozen=True, slots=True)
class LocalEntity:
    """One entity as interviews on this device left it.

    Attributes:
        version: counted up by every change, from 1.
        trunk: the server's version the device's changes started from; 0 for one made here.
        branch: the name of the device's chain of changes.
    """

    dataset: str
    id: str
    label: str
    version: int
    trunk: int
    branch: str
    properties: Mapping[str, str]


def branch_name(device: str, dataset: str, entity: str, trunk: int) -> str:
    """Return the chain's name: the same each time it is asked for, another on another device."""
    digits = hashlib.sha256("\n".join((device, dataset, entity, str(trunk))).encode()).hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    parts = (digits[:8], digits[8:12], "4" + digits[13:16], variant + digits[17:20], digits[20:32])
    return "-".join(parts)


def changed(
    change: EntityChange, local: LocalEntity | None, server: Instance | None, device: str
) -> LocalEntity | None:
    """Return the entity after one change; None for an update of what this device does not know.

    Args:
        change: what an interview asks for.
        local: the entity as this device keeps it, if it does.
        server: the server's list of that dataset.
        device: this device's name, for the branch.
    """
    row = None if server is None else _server_row(server, change.id)
    if row is not None and (local is None or _version(row) >= local.version):
        local = _from_server(change.dataset, change.id, row, device)
    if change.action == "create":
        branch = branch_name(device, change.dataset, change.id, 0)
        return LocalEntity(
            change.dataset, change.id, change.label, 1, 0, branch, dict(change.properties)
        )
    if local is None:
        return None
    return LocalEntity(
        dataset=local.dataset,
        id=local.id,
        label=change.label or local.label,
        version=local.version + 1,
        trunk=local.trunk,
        branch=local.branch,
        properties={**local.properties, **change.properties},
    )


def list_of(
    dataset: str, server: Instance | None, local: Iterable[LocalEntity], device: str
) -> Table:
    """Return a dataset's list as forms read it; a server row that caught up wins.

    An entity whose label this device may not keep is listed under its id.
    """
    columns = _columns(server)
    ids: Sequence[str] = columns.get("name", [])
    places = {entity: place for place, entity in enumerate(ids)}
    versions = list(columns.get(VERSION) or ["1"] * len(ids))
    trunks = list(versions)
    over: dict[int, LocalEntity] = {}
    added: list[LocalEntity] = []
    for entity in local:
        place = places.get(entity.id)
        if place is None:
            added.append(entity)
        elif _number(versions[place]) < entity.version:
            over[place] = entity
    rows = {**over, **{len(ids) + n: entity for n, entity in enumerate(added)}}
    names = [*columns, *(n for entity in rows.values() for n in entity.properties)]
    made: dict[str, Sequence[str]] = {}
    for name in dict.fromkeys(names):
        if name not in _SYSTEM:
            made[name] = _laid_over(columns.get(name) or [""] * len(ids), rows, name)
    made = {
        "name": [*ids, *(entity.id for entity in added)],
        "label": _put(columns.get("label") or ids, {p: e.label or e.id for p, e in rows.items()}),
        VERSION: _put(versions, {p: str(e.version) for p, e in rows.items()}),
        TRUNK: _put(trunks, {p: str(e.trunk or "") for p, e in rows.items()}),
        **made,
    }
    made[BRANCH] = _Branches(
        device, dataset, made["name"], trunks, {p: e.branch for p, e in rows.items()}
    )
    return Table("root", "item", made)


class _Branches(Sequence[str]):
    """A column that is worked out where it is read: lists are long and few rows are looked at."""

    def __init__(
        self,
        device: str,
        dataset: str,
        ids: Sequence[str],
        trunks: Sequence[str],
        known: Mapping[int, str],
    ) -> None:
        self._device, self._dataset = device, dataset
        self._ids, self._trunks, self._known = ids, trunks, known

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        """Return one row's branch, or several."""
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if place in self._known:
            return self._known[place]
        trunk = _number(self._trunks[place])
        return branch_name(self._device, self._dataset, self._ids[place], trunk)


def _put(column: Sequence[str], rows: Mapping[int, str]) -> list[str]:
    """Return a column with some rows replaced, and those after its end added."""
    texts = list(column)
    for place, text in sorted(rows.items()):
        if place < len(texts):
            texts[place] = text
        else:
            texts.append(text)
    return texts


def _laid_over(column: Sequence[str], rows: Mapping[int, LocalEntity], name: str) -> list[str]:
    """Return a property's column; a local row that lacks the property keeps the server's."""
    texts = {
        place: entity.properties.get(name, column[place] if place < len(column) else "")
        for place, entity in rows.items()
    }
    return _put(column, texts)


def _columns(server: Instance | None) -> Mapping[str, Sequence[str]]:
    """Return a list's columns, whatever kind of file it came as."""
    if server is None:
        return {}
    if isinstance(server, Table):
        return server.columns
    items = [item for root in server.elements() for item in root.elements()]
    names = dict.fromkeys(cell.name for item in items for cell in item.elements())
    return {name: [_cell(item.child(name)) for item in items] for name in names}


def _cell(node: Node | None) -> str:
    return "" if node is None else node.value()


def _server_row(server: Instance, entity: str) -> dict[str, str] | None:
    found = server.find(("root", "item"), "name", entity)
    if not found:
        return None
    return {cell.name: cell.value() for cell in found[0].elements()}


def _from_server(dataset: str, entity: str, row: Mapping[str, str], device: str) -> LocalEntity:
    trunk = _version(row)
    properties = {name: text for name, text in row.items() if name not in _SYSTEM}
    branch = branch_name(device, dataset, entity, trunk)
    return LocalEntity(dataset, entity, row.get("label", ""), trunk, trunk, branch, properties)


def _version(row: Mapping[str, str]) -> int:
    return _number(row.get(VERSION, "1"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 1
