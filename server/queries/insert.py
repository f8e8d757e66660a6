"""Insert what is not there yet, on both databases: what a worker repeats must not fail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from server.db import is_sqlite


def insert_missing(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; one whose key is there already is passed over."""
    if not rows:
        return
    if is_sqlite(session.connection()):
        session.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)
    else:
        session.execute(postgresql.insert(table).on_conflict_do_nothing(), rows)


def insert_or_update(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    key: Sequence[str],
    changed: Sequence[str],
) -> None:
    """Insert rows; where the key is there already, set the `changed` columns."""
    if not rows:
        return
    if is_sqlite(session.connection()):
        into_lite = sqlite.insert(table)
        lite = {name: into_lite.excluded[name] for name in changed}
        session.execute(into_lite.on_conflict_do_update(index_elements=key, set_=lite), rows)
    else:
        into = postgresql.insert(table)
        values = {name: into.excluded[name] for name in changed}
        session.execute(into.on_conflict_do_update(index_elements=key, set_=values), rows)
