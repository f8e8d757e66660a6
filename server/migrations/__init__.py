"""Migrations: each store has its own line of versions, run when the server starts.

`server/migrations/<store>/` holds the versions; `env.py` is common. A test holds the migrated
schema and the declared tables equal, on SQLite and PostgreSQL.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from server.db import Stores, translated, writing
from server.tables.stores import Store, all_metadata
from shared.errors import UsageError

FOLDER: Final = Path(__file__).parent


def config_of(store: Store, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for one store."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(FOLDER / store.value))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = all_metadata()[store]
    return config


def migrate(stores: Stores) -> None:
    """Bring every store to the newest version, each in one transaction."""
    for store in Store:
        migrate_store(store, stores.engine(store))


def migrate_store(store: Store, engine: Engine) -> None:
    """Bring one store to the newest version."""
    with writing(engine) as session:
        command.upgrade(config_of(store, session.connection()), "head")


def check_version(stores: Stores) -> None:
    """Refuse to work on a store of another version: half a migration is worse than none.

    Raises:
        UsageError: a store is older or newer than this program.
        StoreFull, StoreError: a store cannot be opened.
    """
    for store in Store:
        with translated(), stores.engine(store).connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory.from_config(config_of(store)).get_current_head()
        if found != wanted:
            raise UsageError(
                f"the {store.value} store is at version {found}, this program needs {wanted}; "
                "run `cairn server migrate` with the newer of the two programs"
            )
