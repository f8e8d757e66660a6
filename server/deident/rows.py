"""From one merged body to its analytic rows: a pure function of body, subject and plan.

A direct identifier in the body means that sealing or merging failed upstream: the record is
refused, and the message names the field, never the answer. A field no form version here knows
counts as direct and is left out. Rules DEID-001, DEID-002, DEID-012..015.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from server.deident.generalise import Reference
from server.deident.plan import Column, Plan
from server.deident.pseudonym import Pseudonymise
from shared.errors import DisclosureRisk
from shared.ids import RecordId
from shared.records.address import form_path, is_instance
from shared.records.revision import DELETED, Deletion, Value

Body = Mapping[str, Value | Deletion]
"""Address -> value, as merged; an instance's own address carries its order."""
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What the mission server knows of a record beside its answers.

    Attributes:
        location: id of the assigned or observed place; "" where the form has none.
        area: p-code of the smallest known area that holds the location; "" where the geography
            knows the location itself.
        day: the day of the interview, local time.
        accepted: grows with each acceptance at the server; the later of two observations wins.
        purposes: purposes agreed to; None where the form's basis is not consent.
        excluded: addresses of repeat instances whose own respondent did not agree or withdrew.
    """

    record_id: RecordId
    round_id: str = ""
    location: str = ""
    area: str = ""
    day: date | None = None
    accepted: int = 0
    purposes: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One analytic row: its table and its cells by column."""

    table: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class AnalyticRecord:
    """All rows of one record; none where its respondent did not agree to this purpose."""

    pseudonym: str
    rows: tuple[Row, ...]
    unknown: tuple[str, ...] = ()
    """Form paths that no field of this form version has; their answers were left out."""


@dataclass(slots=True)
class _Instance:
    """Cells gathered for one row while the body is walked."""

    table: str
    cells: dict[str, Cell] = field(default_factory=dict)


class Deidentifier:
    """De-identify records of one form version under one policy."""

    def __init__(self, plan: Plan, pseudonymise: Pseudonymise) -> None:
        self.plan = plan
        self._pseudonymise = pseudonymise
        self._columns: dict[str, tuple[str, Column]] = {}
        for table in plan.tables:
            for column in table.columns:
                self._columns[column.field.path] = (table.scope, column)
        self._known = {line.path for line in plan.report}
        self._tables = {table.scope: table.name for table in plan.tables}
        self._root = plan.tables[0].scope

    def pseudonym(self, record_id: RecordId) -> str:
        """Return the record's pseudonym for this plan's purpose."""
        return self._pseudonymise(self.plan.policy.purpose, "record", record_id)

    def rows(self, subject: Subject, body: Body) -> AnalyticRecord:
        """Return the analytic rows of one merged record.

        Raises:
            DisclosureRisk: the body holds a direct identifier (DEID-001).
        """
        pseudonym = self.pseudonym(subject.record_id)
        columns, tables = self._columns, self._tables
        if subject.purposes is not None and self.plan.policy.purpose not in subject.purposes:
            return AnalyticRecord(pseudonym, ())
        root = _Instance(tables[self._root], self._root_cells(subject, pseudonym))
        instances = {self._root: root}
        unknown: set[str] = set()
        reference = Reference(subject.day)
        for address, value in body.items():
            if value is None or _is_excluded(address, subject.excluded):
                continue
            path = form_path(address)
            placed = columns.get(path)
            if placed is not None:
                if not isinstance(value, Deletion):
                    scope, column = placed
                    where = address[: address.rindex("]") + 1] if path is not address else scope
                    row = instances.get(where) or self._instance(instances, where, subject)
                    row.cells[column.name] = _cell(column.coarsen(value, reference))
                continue
            if is_instance(address):
                if value is not DELETED and path in tables:
                    row = instances.get(address) or self._instance(instances, address, subject)
                    row.cells["_position"] = value if isinstance(value, int) else None
            elif path in self.plan.direct:
                raise DisclosureRisk(
                    f"the merged body of form {self.plan.form_id} holds the direct identifier "
                    f"{path}; it must be sealed as identity, so this record is refused"
                )
            elif path not in self._known:
                unknown.add(path)
        rows = tuple(Row(instance.table, instance.cells) for instance in instances.values())
        return AnalyticRecord(pseudonym, rows, tuple(sorted(unknown)))

    def _root_cells(self, subject: Subject, pseudonym: str) -> dict[str, Cell]:
        """Return the columns every root row has beside its answers."""
        policy, geography = self.plan.policy, self.plan.geography
        cells: dict[str, Cell] = {
            "_record": pseudonym,
            "_round": subject.round_id or None,
            "_location": (
                self._pseudonymise(policy.purpose, "location", subject.location.encode())
                if subject.location
                else None
            ),
            "_accepted": subject.accepted,
            "_version": self.plan.form_version,
        }
        for level in range(1, policy.area_level_max + 1):
            place = subject.area or subject.location
            area = geography.ancestor(place, level) if geography is not None else None
            cells[f"_area{level}"] = area
        return cells

    def _instance(
        self, instances: dict[str, _Instance], address: str, subject: Subject
    ) -> _Instance:
        """Return the row of one repeat instance, made on first sight."""
        outer = address[: address.rindex("[")]
        parent = outer[: outer.rindex("]") + 1] if "]" in outer else None
        cells: dict[str, Cell] = {
            "_record": instances[self._root].cells["_record"],
            "_member": self._member(subject, address),
            "_parent": self._member(subject, parent) if parent is not None else None,
            "_position": None,
        }
        made = instances[address] = _Instance(self._tables[form_path(address)], cells)
        return made

    def _member(self, subject: Subject, address: str) -> str:
        """Return the pseudonym of one repeat instance."""
        material = bytes(subject.record_id) + address.encode()
        return self._pseudonymise(self.plan.policy.purpose, "member", material)


def _is_excluded(address: str, excluded: frozenset[str]) -> bool:
    """Tell whether an address is, or lies in, an instance that must not be counted."""
    return any(address == one or address.startswith(f"{one}/") for one in excluded)


def _cell(value: Value) -> Cell:
    """Return a value as one database cell: several choices become one text, sorted."""
    if isinstance(value, tuple):
        return " ".join(sorted(value))
    return int(value) if isinstance(value, bool) else value
