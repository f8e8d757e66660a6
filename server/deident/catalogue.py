"""What the analytic store says of itself: its tables, columns, and what was dropped and why.

Readers (the aggregates room) learn classes and rules from here and need no form. Rule DEID-017.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column as SqlColumn
from sqlalchemy import Connection, Integer, MetaData, Table, Text, delete, insert, select

from server.deident.plan import Column, Plan, Storage, TablePlan

METADATA = MetaData()
FORMS = Table(
    "_forms",
    METADATA,
    SqlColumn("form_id", Text, primary_key=True),
    SqlColumn("version", Text, primary_key=True),
    SqlColumn("policy", Text, primary_key=True),
    SqlColumn("purpose", Text, nullable=False),
    SqlColumn("report", Text, nullable=False),
)
COLUMNS = Table(
    "_columns",
    METADATA,
    SqlColumn("tbl", Text, primary_key=True),
    SqlColumn("name", Text, primary_key=True),
    SqlColumn("form_id", Text, nullable=False),
    SqlColumn("scope", Text, nullable=False),
    SqlColumn("path", Text, nullable=False),
    SqlColumn("kind", Text, nullable=False),
    SqlColumn("disclosure", Text, nullable=False),
    SqlColumn("storage", Text, nullable=False),
    SqlColumn("rule", Text, nullable=False),
    SqlColumn("measure", Text),
    SqlColumn("choices", Text, nullable=False),
    SqlColumn("place", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One answer column."""

    name: str
    path: str
    kind: str
    disclosure: str
    storage: Storage
    rule: str
    measure: str | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """One analytic table; the root's scope is the form's."""

    name: str
    form_id: str
    scope: str
    columns: tuple[StoredColumn, ...]

    @property
    def is_root(self) -> bool:
        """Tell whether a row is a record rather than a repeat instance."""
        return self.scope.count("/") == 1


def describe_table(connection: Connection, plan: Plan, table: TablePlan) -> None:
    """Note that a table exists, even where every field of it is dropped."""
    _write(connection, plan, table, {"name": "", "place": -1, **_answers(None)})


def describe_column(
    connection: Connection, plan: Plan, table: TablePlan, column: Column, stored_as: str
) -> None:
    """Note one column; the newest form version's words win."""
    place = table.columns.index(column)
    _write(connection, plan, table, {"name": stored_as, "place": place, **_answers(column)})


def describe_form(connection: Connection, plan: Plan) -> None:
    """Keep the field report of this form version under this policy."""
    key = {"form_id": plan.form_id, "version": plan.form_version, "policy": plan.policy.version}
    report = [
        {
            "path": line.path,
            "disclosure": line.disclosure.value,
            "fate": line.fate.value,
            "reason": line.reason,
        }
        for line in plan.report
    ]
    connection.execute(delete(FORMS).where(*(FORMS.c[name] == key[name] for name in key)))
    connection.execute(
        insert(FORMS), {**key, "purpose": plan.policy.purpose, "report": json.dumps(report)}
    )


def stored_type(connection: Connection, table: str, name: str) -> str | None:
    """Return the type a column was made with; None when there is none yet."""
    query = select(COLUMNS.c.storage).where(COLUMNS.c.tbl == table, COLUMNS.c.name == name)
    return connection.execute(query).scalar_one_or_none()


def read_tables(connection: Connection) -> tuple[StoredTable, ...]:
    """Return every table, by name, columns in form order."""
    found: dict[tuple[str, str, str], list[StoredColumn]] = {}
    query = select(COLUMNS).order_by(COLUMNS.c.tbl, COLUMNS.c.place, COLUMNS.c.name)
    for row in connection.execute(query).mappings():
        columns = found.setdefault((row["tbl"], row["form_id"], row["scope"]), [])
        if row["path"]:
            columns.append(
                StoredColumn(
                    row["name"],
                    row["path"],
                    row["kind"],
                    row["disclosure"],
                    Storage(row["storage"]),
                    row["rule"],
                    row["measure"],
                    tuple(json.loads(row["choices"])),
                )
            )
    return tuple(StoredTable(*key, tuple(columns)) for key, columns in found.items())


def read_reports(connection: Connection) -> list[dict[str, Any]]:
    """Return what was kept, coarsened and dropped, by form version and policy."""
    query = select(FORMS).order_by(FORMS.c.form_id, FORMS.c.version, FORMS.c.policy)
    rows = connection.execute(query).mappings()
    return [{**row, "report": json.loads(row["report"])} for row in rows]


def _answers(column: Column | None) -> dict[str, str | None]:
    """Return the catalogue's words on a field; empty for the table's own line."""
    if column is None:
        empty = {"path": "", "kind": "", "disclosure": "", "storage": "", "rule": ""}
        return {**empty, "measure": None, "choices": "[]"}
    return {
        "path": column.field.path,
        "kind": column.field.kind.value,
        "disclosure": column.field.disclosure.value,
        "storage": column.storage.value,
        "rule": column.rule,
        "measure": column.field.measure,
        "choices": json.dumps(column.field.choices),
    }


def _write(
    connection: Connection, plan: Plan, table: TablePlan, values: Mapping[str, object]
) -> None:
    """Replace one catalogue line."""
    where = (COLUMNS.c.tbl == table.name, COLUMNS.c.name == values["name"])
    connection.execute(delete(COLUMNS).where(*where))
    connection.execute(
        insert(COLUMNS),
        {"tbl": table.name, "form_id": plan.form_id, "scope": table.scope, **values},
    )
