"""The stores of a mission server, each with its own metadata, file or schema, and credentials.

`inbox` holds sealed entries as received, `records` what was opened and merged, `keys` the one key
per record whose destruction shreds it: kept apart so that its backups can be short-lived. The
fourth store, `analytics`, belongs to server/deident and shares nothing with these.
"""

import importlib
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class Store(StrEnum):
    """The stores that are declared here and migrated by Alembic."""

    INBOX = "inbox"
    RECORDS = "records"
    KEYS = "keys"


_NAMES: Final = (
    "attachments",
    "documents",
    "keys",
    "lists",
    "log",
    "packages",
    "people",
    "project",
    "quarantine",
    "records",
)
_MODULES: Final = tuple(f"server.tables.{name}" for name in _NAMES)


class InboxTable(SQLModel, registry=registry(metadata=MetaData())):
    """Base of the tables in the inbox store."""


class RecordsTable(SQLModel, registry=registry(metadata=MetaData())):
    """Base of the tables in the records store."""


class KeysTable(SQLModel, registry=registry(metadata=MetaData())):
    """Base of the tables in the key store."""


def sized(table: str, column: str, size_bytes: int) -> CheckConstraint:
    """Return the constraint that an identifier has its one size; NULL passes."""
    return CheckConstraint(f"length({column}) = {size_bytes}", name=f"{table}_{column}_size")


def one_of(table: str, column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the constraint that a column holds one of an enumeration's values."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{table}_{column}_known")


def all_metadata() -> dict[Store, MetaData]:
    """Return each store's metadata with all its tables declared."""
    for module in _MODULES:
        importlib.import_module(module)

    return {
        Store.INBOX: InboxTable.metadata,
        Store.RECORDS: RecordsTable.metadata,
        Store.KEYS: KeysTable.metadata,
    }
