"""The analytic store: a table per form and one per repeat, in a database apart from all others.

SQLite by default, PostgreSQL by URL; why not DuckDB on disk: docs/adr/0101-analytics-store.md.
What a record's rows are is a function of the merged record, so writing is `replace`, and doing it
twice changes nothing. Each call is one transaction. Rules DEID-016..018.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Double,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    column,
    delete,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy import Column as SqlColumn
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, Index

from server.bulk import insert_into
from server.db import translated
from server.deident.catalogue import (
    METADATA,
    StoredTable,
    describe_column,
    describe_form,
    describe_table,
    read_reports,
    read_tables,
    stored_type,
)
from server.deident.engine import connect_url, is_sqlite
from server.deident.plan import Plan, Storage, TablePlan
from server.deident.rows import AnalyticRecord, Cell

_SQL_TYPES: Final = {Storage.TEXT: Text, Storage.INTEGER: BigInteger, Storage.REAL: Double}
_WRITER_LOCK: Final = 0x6361_6972
"""PostgreSQL advisory lock of whoever writes here."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One table of one plan, as it stands in the database."""

    table: Table
    names: Mapping[str, str]
    """Column as planned -> as stored."""
    empty: Mapping[str, None]
    """Every column as stored, without a value."""


class AnalyticsStore:
    """Write and describe analytic rows."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        self._engine = connect_url(url, readonly=readonly)
        self._sqlite = is_sqlite(self._engine)
        self._prepared: dict[tuple[str, str, str], dict[str, _Prepared]] = {}
        self._of_form: dict[str, set[str]] = {}
        self._open: Connection | None = None
        if not readonly:
            with self.transaction() as connection:
                METADATA.create_all(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction beside which nobody else writes, or join the one that is open.

        So what a writer looks up meanwhile stays true until its rows are in, and no two servers
        add the same column at once.

        Raises:
            StoreFull, StoreBusy, StoreCorrupt: nothing was changed.
        """
        if self._open is not None:
            yield self._open
            return
        with translated(), self._engine.begin() as connection:
            if not self._sqlite:
                lock = {"lock": _WRITER_LOCK}
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
            self._open = connection
            try:
                yield connection
            finally:
                self._open = None

    def ensure_tables(self, plan: Plan) -> None:
        """Create the plan's tables and add the columns a newer form version brings."""
        self._prepare(plan)

    def replace_records(self, plan: Plan, records: Sequence[AnalyticRecord]) -> None:
        """Make the store hold exactly these rows for these records, in one transaction."""
        if not records:
            return
        prepared = self._prepare(plan)
        pending: dict[str, list[dict[str, Cell]]] = {name: [] for name in prepared}
        for record in records:
            for row in record.rows:
                target = prepared[row.table]
                names = target.names
                cells = {names.get(name, name): cell for name, cell in row.cells.items()}
                pending[row.table].append({**target.empty, **cells})
        owners = [record.pseudonym for record in records]
        with self.transaction() as connection:
            # Also tables only another version of the form has: the record may have come from it.
            for name in self._of_form[plan.form_id] | prepared.keys():
                connection.execute(_delete_owned(name), {"owners": owners})
            for name, target in prepared.items():
                if pending[name]:
                    insert_into(connection, target.table, pending[name])

    def replace_record(self, plan: Plan, record: AnalyticRecord) -> None:
        """Make the store hold exactly these rows for one record."""
        self.replace_records(plan, [record])

    def delete_records(self, form_id: str, pseudonyms: Iterable[str]) -> None:
        """Remove every row of these records; unknown ones are no error."""
        owners = list(pseudonyms)
        if not owners:
            return
        with self.transaction() as connection:
            for stored in read_tables(connection):
                if stored.form_id == form_id:
                    connection.execute(_delete_owned(stored.name), {"owners": owners})

    def delete_record(self, form_id: str, pseudonym: str) -> None:
        """Remove every row of one record, as after a withdrawal."""
        self.delete_records(form_id, [pseudonym])

    def counts(self) -> dict[str, int]:
        """Return the number of rows by table."""
        with self._engine.connect() as connection:
            return {
                stored.name: connection.execute(
                    select(func.count()).select_from(table(stored.name))
                ).scalar_one()
                for stored in read_tables(connection)
            }

    def root_count(self) -> int:
        """Return the number of records that have analytic rows."""
        counts = self.counts()
        return sum(counts[stored.name] for stored in self.tables() if stored.is_root)

    def tables(self) -> tuple[StoredTable, ...]:
        """Describe every table, by name, columns in form order."""
        with self._engine.connect() as connection:
            return read_tables(connection)

    def reports(self) -> list[dict[str, Any]]:
        """Return what was kept, coarsened and dropped, by form version and policy."""
        with self._engine.connect() as connection:
            return read_reports(connection)

    def area_levels(self, name: str) -> tuple[int, ...]:
        """Return the administrative levels a root table has a column for, coarsest first."""
        present = {str(found["name"]) for found in inspect(self._engine).get_columns(name)}
        levels = (found.removeprefix("_area") for found in present if found.startswith("_area"))
        return tuple(sorted(int(level) for level in levels))

    def read(self, name: str, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
        """Yield the named columns of every row, all from one snapshot."""
        query: Select[*tuple[Any, ...]] = select(*(column(each) for each in columns)).select_from(
            table(name)
        )
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                yield tuple(row)

    def _prepare(self, plan: Plan) -> dict[str, _Prepared]:
        """Return the plan's tables, creating what the store lacks on first use."""
        key = (plan.form_id, plan.form_version, plan.policy.version)
        found = self._prepared.get(key)
        if found is None:
            with self.transaction() as connection:
                found = {
                    planned.name: _ensure(connection, plan, planned, root=place == 0)
                    for place, planned in enumerate(plan.tables)
                }
                describe_form(connection, plan)
                stored = read_tables(connection)
            for form_id in {each.form_id for each in stored}:
                self._of_form[form_id] = {e.name for e in stored if e.form_id == form_id}
            self._prepared[key] = found
        return found


def _ensure(connection: Connection, plan: Plan, planned: TablePlan, *, root: bool) -> _Prepared:
    """Create one table or add its missing columns, and describe it."""
    names: dict[str, str] = {}
    columns = _key_columns(plan, root=root)
    for answer in planned.columns:
        names[answer.name] = _stored_name(connection, planned.name, answer.name, answer.storage)
        columns.append(SqlColumn(names[answer.name], _SQL_TYPES[answer.storage]))
    made = Table(planned.name, MetaData(), *columns)
    if not inspect(connection).has_table(planned.name):
        connection.execute(CreateTable(made))
        if not root:
            connection.execute(CreateIndex(Index(f"{planned.name}_r"[:63], made.c["_record"])))
    present = {str(found["name"]) for found in inspect(connection).get_columns(planned.name)}
    for each in made.columns:
        if each.name not in present:
            _add_column(connection, made, each)
    describe_table(connection, plan, planned)
    for answer in planned.columns:
        describe_column(connection, plan, planned, answer, names[answer.name])
    return _Prepared(made, names, dict.fromkeys(made.columns.keys()))


def _key_columns(plan: Plan, *, root: bool) -> list[SqlColumn[Any]]:
    """Return the columns every root or repeat table has; ours start with `_`."""
    if not root:
        return [
            SqlColumn("_member", Text, primary_key=True),
            SqlColumn("_record", Text, nullable=False),
            SqlColumn("_parent", Text),
            SqlColumn("_position", BigInteger),
        ]
    areas = range(1, plan.policy.area_level_max + 1)
    return [
        SqlColumn("_record", Text, primary_key=True),
        SqlColumn("_round", Text),
        SqlColumn("_location", Text),
        SqlColumn("_accepted", BigInteger),
        SqlColumn("_version", Text),
        *(SqlColumn(f"_area{level}", Text) for level in areas),
    ]


def _stored_name(connection: Connection, name: str, wanted: str, storage: Storage) -> str:
    """Return a column's name; another one where a form version changed the answer's type."""
    known = stored_type(connection, name, wanted)
    return wanted if known in {None, storage.value} else f"{wanted}__{storage.value.lower()}"


def _add_column(connection: Connection, made: Table, added: SqlColumn[Any]) -> None:
    """Add one column; rows of older form versions hold NULL in it."""
    preparer = connection.dialect.identifier_preparer
    definition = CreateColumn(added).compile(dialect=connection.dialect)
    statement = f"ALTER TABLE {preparer.format_table(made)} ADD COLUMN {definition}"
    connection.exec_driver_sql(statement)


def _delete_owned(name: str) -> Any:
    """Return the statement that removes some records' rows from a table."""
    owners: BindParameter[str] = bindparam("owners", expanding=True)
    return delete(table(name, column("_record"))).where(column("_record").in_(owners))
