"""Statements about many rows at once, on both databases, for what runs for every record.

They go to the driver as they are: for a row of ids and blobs, what a mapper does to it costs more
than what the database does. Rows to insert may hold instants, and may leave out columns that have
a default; what is read comes back as the database holds it, so only numbers, text and blobs may be
asked for. Ids go to SQLite as one parameter each, to PostgreSQL as one array.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Float, String, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel

from server.db import is_sqlite
from server.tables.types import UtcDateTime, instant_text

_AT_ONCE: Final = 2000
"""SQLite takes 32,766 bound values in one statement."""
_POSTGRES: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_ON_CONFLICT_NOTHING: Final = " ON CONFLICT DO NOTHING"

Rows = Sequence[Mapping[str, Any]]
Ids = Collection[bytes] | Collection[int]


def table_of(model: type[SQLModel]) -> Table:
    """Return the table beneath a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def insert_rows(session: Session, model: type[SQLModel], rows: Rows) -> None:
    """Insert rows that are all new; all have the same columns."""
    _insert(session, model, rows, "")


def insert_missing(session: Session, model: type[SQLModel], rows: Rows) -> int:
    """Insert rows and return how many; one whose key is there already is passed over."""
    return _insert(session, model, rows, _ON_CONFLICT_NOTHING)


def insert_or_update(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    key: Sequence[str],
    changed: Sequence[str],
) -> None:
    """Insert rows; where the key is there already, set the `changed` columns."""
    settings = ", ".join(f"{name} = excluded.{name}" for name in changed)
    _insert(session, model, rows, f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {settings}")


def select_among(
    session: Session, model: type[SQLModel], columns: Sequence[str], key: str, ids: Ids
) -> Iterator[Any]:
    """Yield `columns` of the rows whose `key` is among `ids`, as tuples in no order."""
    named = ", ".join(columns)
    lead = f"SELECT {named} FROM {table_of(model).name} WHERE {key}"  # noqa: S608 - names of ours
    for statement, parameters in _parts(session, lead, ids):
        yield from session.connection().exec_driver_sql(statement, parameters)


def delete_among(session: Session, model: type[SQLModel], key: str, ids: Ids) -> int:
    """Delete the rows whose `key` is among `ids`; return how many."""
    lead = f"DELETE FROM {table_of(model).name} WHERE {key}"  # noqa: S608 - names of ours
    return sum(
        session.connection().exec_driver_sql(statement, parameters).rowcount
        for statement, parameters in _parts(session, lead, ids)
    )


def delete_rows(session: Session, model: type[SQLModel], rows: Rows) -> int:
    """Delete the rows that equal one of these in all its columns; return how many."""
    if not rows:
        return 0
    names, table, connection = tuple(rows[0]), table_of(model), session.connection()
    values = [tuple(row[name] for name in names) for row in rows]
    if is_sqlite(connection):
        where = " AND ".join(f"{name} = ?" for name in names)
        statement = f"DELETE FROM {table.name} WHERE {where}"  # noqa: S608 - names of ours
        return connection.exec_driver_sql(statement, values).rowcount
    where = " AND ".join(f"{table.name}.{name} = given.{name}" for name in names)
    given = f"{_unnested(table, names)} AS given({', '.join(names)})"
    statement = f"DELETE FROM {table.name} USING {given} WHERE {where}"  # noqa: S608 - names of ours
    return connection.exec_driver_sql(statement, _columns(table, names, values)).rowcount


def _parts(session: Session, lead: str, ids: Ids) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the statement and its parameters for some of the ids at a time."""
    wanted: list[Any] = list(ids)
    lite = not wanted or is_sqlite(session.connection())
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        if lite:
            yield f"{lead} IN ({_marks(len(some))})", tuple(some)
        else:
            yield f"{lead} = ANY(%s)", (some,)


@lru_cache(maxsize=64)
def _marks(count: int) -> str:
    return ",".join("?" * count)


# --- inserting --------------------------------------------------------------------------------


def new_row_numbers(session: Session, model: type[SQLModel], count: int) -> range | list[int]:
    """Return numbers for rows about to be inserted, in order; the writer's lock is held."""
    connection, name = session.connection(), table_of(model).name
    if is_sqlite(connection):
        statement = f"SELECT COALESCE(MAX(id), 0) FROM {name}"  # noqa: S608 - a name of ours
        last = connection.exec_driver_sql(statement).scalar_one()
        return range(last + 1, last + 1 + count)
    statement = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    return sorted(connection.exec_driver_sql(statement, (name, count)).scalars())


@dataclass(frozen=True, slots=True)
class _Insertion:
    """How rows of one shape go into one table.

    SQLite is given the rows one by one. PostgreSQL is given a list a column, in one statement: a
    statement a row costs it, and the line to it, several times as much.
    """

    lite: str
    postgres: str
    names: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]


def _insert(session: Session, model: type[SQLModel], rows: Rows, conflict: str) -> int:
    return insert_into(session.connection(), table_of(model), rows, conflict) if rows else 0


def insert_into(connection: Connection, table: Table, rows: Rows, conflict: str = "") -> int:
    """Insert rows that have the same columns, at least one; return how many went in."""
    made = _insertion(table, tuple(rows[0]), conflict)
    values = [made.values(row) for row in rows]
    if is_sqlite(connection):
        return connection.exec_driver_sql(made.lite, values).rowcount
    return connection.exec_driver_sql(made.postgres, _columns(table, made.names, values)).rowcount


@lru_cache(maxsize=256)
def _insertion(table: Table, named: tuple[str, ...], conflict: str) -> _Insertion:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in named and isinstance(column.default, ScalarElementColumnDefault)
    }
    names = (*named, *defaults)
    lead = f"INSERT INTO {_quoted(table.name)} ({', '.join(map(_quoted, names))})"
    return _Insertion(
        f"{lead} VALUES ({_marks(len(names))}){conflict}",
        f"{lead} SELECT * FROM {_unnested(table, names)}{conflict}",  # noqa: S608 - names of ours
        names,
        _values(table, named, tuple(defaults.values())),
    )


def _unnested(table: Table, names: Sequence[str]) -> str:
    """Return the rows that PostgreSQL makes of a list a column."""
    lists = ", ".join(f"CAST(%s AS {_list_type(table.c[name].type)}[])" for name in names)
    return f"unnest({lists})"


def _list_type(kind: TypeEngine[Any]) -> str:
    # A cast to varchar(n) would cut a text that is too long; put into the column, it is refused.
    if isinstance(kind, String | UtcDateTime):
        return "text"
    return str(kind.compile(dialect=_POSTGRES))


def _columns(
    table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> tuple[list[Any], ...]:
    """Return a list a column; numbers of one column are of one kind, as the driver wants them."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    for at, name in enumerate(names):
        if isinstance(table.c[name].type, Float):
            columns[at] = [None if value is None else float(value) for value in columns[at]]
    return tuple(columns)


def _quoted(name: str) -> str:
    """Return a name that both databases take for one, also where it is a word of theirs."""
    return '"' + name.replace('"', '""') + '"'


def _values(
    table: Table, named: tuple[str, ...], defaults: tuple[Any, ...]
) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return what makes the statement's parameters of a row."""
    instants = [at for at, name in enumerate(named) if isinstance(table.c[name].type, UtcDateTime)]
    pick = itemgetter(*named) if len(named) > 1 else lambda row: (row[named[0]],)

    def plain(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (*pick(row), *defaults)

    def with_instants(row: Mapping[str, Any]) -> tuple[Any, ...]:
        values = list(pick(row))
        for at in instants:
            if values[at] is not None:
                values[at] = instant_text(values[at])
        return (*values, *defaults)

    return with_instants if instants else plain
