"""The analytic store as ibis tables: read-only, one snapshot per table, in memory. Rule DISC-001.

Only the columns that products name are read. Why a copy and not the database itself:
docs/adr/0101-analytics-store.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from ibis.expr.types import Expr, Table

from server.deident.catalogue import StoredColumn, StoredTable
from server.deident.plan import Storage
from server.deident.store import AnalyticsStore
from shared.errors import FormError

_ARROW = {Storage.TEXT: pa.string(), Storage.INTEGER: pa.int64(), Storage.REAL: pa.float64()}
_IBIS = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64"}
_ROOT_KEYS = {
    "_record": pa.string(),
    "_round": pa.string(),
    "_location": pa.string(),
    "_accepted": pa.int64(),
}


@dataclass(frozen=True)
class Found:
    """A field found in the store: the column and whether it is the record's or the repeat's."""

    column: StoredColumn
    of_record: bool


class Source:
    """Analytic tables of one store, loaded on demand into an in-memory DuckDB."""

    def __init__(self, store: AnalyticsStore) -> None:
        self._store = store
        self._tables = store.tables()
        self._connection = duckdb.connect()
        self._loaded = 0

    def has(self, form: str) -> bool:
        """Tell whether any record of a form was ever de-identified."""
        return any(table.form_id == form for table in self._tables)

    def root(self, form: str) -> StoredTable:
        """Return a form's own table.

        Raises:
            FormError: no record of this form was ever de-identified.
        """
        for table in self._tables:
            if table.form_id == form and table.is_root:
                return table
        known = ", ".join(sorted({table.form_id for table in self._tables})) or "none"
        raise FormError(f"the analytics store has no form {form!r}; it has: {known}")

    def repeat(self, form: str, repeat: str) -> StoredTable:
        """Return a repeat's table, by the repeat's name or path.

        Raises:
            FormError: there is no such repeat, or more than one of this name.
        """
        repeats = [t for t in self._tables if t.form_id == form and not t.is_root]
        found = [t for t in repeats if repeat in {t.scope, t.scope.rpartition("/")[2]}]
        if len(found) != 1:
            known = ", ".join(t.scope for t in repeats) or "none"
            raise FormError(
                f"form {form!r} has {len(found)} repeats called {repeat!r}; it has: {known}"
            )
        return found[0]

    def find(self, form: str, repeat: str | None, field: str) -> Found:
        """Return the column of a field, by name or path; the repeat's first, then the record's.

        Raises:
            FormError: no such column; the field may be dropped by de-identification.
        """
        tables = [(self.repeat(form, repeat), False)] if repeat else []
        tables.append((self.root(form), True))
        for table, of_record in tables:
            hits = [c for c in table.columns if field in {c.path, c.path.rpartition("/")[2]}]
            if len(hits) > 1:
                exact = [column for column in hits if not column.name.endswith("__text")]
                hits = exact if len(exact) == 1 else hits
            if len(hits) > 1:
                raise FormError(
                    f"form {form!r} has {len(hits)} fields called {field!r}; name one by its path: "
                    + ", ".join(column.path for column in hits)
                )
            if hits:
                return Found(hits[0], of_record)
        raise FormError(
            f"the analytics store has no field {field!r} of form {form!r}: it is misspelt, or "
            "de-identification drops it (see the form's report)"
        )

    def area_levels(self, form: str) -> tuple[int, ...]:
        """Return the administrative levels known of the record's place."""
        return self._store.area_levels(self.root(form).name)

    def load(self, form: str, repeat: str | None, fields: Iterable[str]) -> Table:
        """Return one row per record or repeat instance, with the record's columns joined on.

        Answer columns are named as the fields are; the record's own start with `_`.
        """
        wanted = {field: self.find(form, repeat, field) for field in fields}
        root = self.root(form)
        keys = dict(_ROOT_KEYS)
        keys |= {f"_area{level}": pa.string() for level in self.area_levels(form)}
        of_record = {f: found.column for f, found in wanted.items() if found.of_record}
        records = self._copy(root.name, keys, of_record)
        if repeat is None:
            return records
        of_repeat = {f: found.column for f, found in wanted.items() if not found.of_record}
        members = self._copy(self.repeat(form, repeat).name, {"_record": pa.string()}, of_repeat)
        return members.join(records, "_record")

    def sql(self, expression: Expr) -> str:
        """Return an expression as DuckDB's SQL."""
        # ibis 12's own connection speaks to an older DuckDB than the one we ship; its compiler not.
        return str(ibis.to_sql(expression, dialect="duckdb"))

    def run(self, query: Expr | str) -> list[tuple[Any, ...]]:
        """Return all rows of an expression or of plain SQL."""
        text = query if isinstance(query, str) else self.sql(query)
        return self._connection.execute(text).fetchall()

    def _copy(
        self, name: str, keys: dict[str, pa.DataType], answers: dict[str, StoredColumn]
    ) -> Table:
        """Copy chosen columns of one stored table."""
        columns = [*keys, *(column.name for column in answers.values())]
        types = [*keys.values(), *(_ARROW[column.storage] for column in answers.values())]
        rows = list(self._store.read(name, columns))
        series = zip(*rows, strict=True) if rows else ([] for _ in columns)
        arrays = [pa.array(list(cells), kind) for cells, kind in zip(series, types, strict=True)]
        self._loaded += 1
        named = pa.table(dict(zip([*keys, *answers], arrays, strict=True)))
        self._connection.register(f"t{self._loaded}", named)
        schema = {name: _IBIS[kind] for name, kind in zip(named.column_names, types, strict=True)}
        return ibis.table(schema, name=f"t{self._loaded}")
