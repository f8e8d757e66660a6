"""Prepare one PostgreSQL database: a schema and a role per store, and no way from one to another.

The aggregates room gets a role of its own that can only read `analytics` (P5, P6). Rule GOV-050.
"""

import secrets
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url

from server.db import open_store
from server.settings import StoreUrls
from shared.errors import UsageError

STORES: Final = ("inbox", "records", "keys", "analytics")
READER: Final = "analytics_reader"
POSTGRES_VARIABLE: Final = "CAIRN_POSTGRES_URL"
_PASSWORD_BYTES: Final = 24


def database_url(environment: Mapping[str, str]) -> str:
    """Return the URL that the environment gives: it holds a password, which no argument may.

    Raises:
        UsageError: no URL, or none of PostgreSQL.
    """
    url = environment.get(POSTGRES_VARIABLE, "")
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError(f"set {POSTGRES_VARIABLE} to postgresql://USER:PASSWORD@HOST/DATABASE")
    return url


def prepare_postgres(admin_url: str) -> tuple[StoreUrls, str]:
    """Make schemas and roles in a database; return the stores' URLs and the reader's.

    Args:
        admin_url: a superuser's or database owner's URL (with the right to create roles).
    """
    url = make_url("postgresql+psycopg://" + admin_url.split("://", 1)[1])
    engine = open_store(admin_url)
    try:
        with engine.begin() as connection:
            urls = {store: _schema(connection, url, store) for store in STORES}
            reader = _reader(connection, url)
    finally:
        engine.dispose()
    return StoreUrls(**urls), reader


def _schema(connection: Connection, url: URL, store: str) -> str:
    """Make one store's role and schema; return the URL that role connects with."""
    role, password = _role(connection, url, store)
    _run(connection, f'CREATE SCHEMA "{store}" AUTHORIZATION "{role}"')
    _run(connection, f'REVOKE ALL ON SCHEMA "{store}" FROM PUBLIC')
    _search_path(connection, url, role, store)
    return _url(url, role, password)


def _reader(connection: Connection, url: URL) -> str:
    """Make the role that reads analytics and nothing else."""
    role, password = _role(connection, url, READER)
    owner = f"{url.database}_analytics"
    _run(connection, f'GRANT USAGE ON SCHEMA "analytics" TO "{role}"')
    _run(
        connection,
        f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA "analytics" '
        f'GRANT SELECT ON TABLES TO "{role}"',
    )
    _search_path(connection, url, role, "analytics")
    return _url(url, role, password)


def _role(connection: Connection, url: URL, name: str) -> tuple[str, str]:
    """Make a role named after the database, so that two projects share no credentials."""
    role, password = f"{url.database}_{name}", secrets.token_urlsafe(_PASSWORD_BYTES)
    # Roles take no bound parameters; the password is ours and URL-safe.
    _run(connection, f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'")
    _run(connection, f'GRANT "{role}" TO CURRENT_USER')
    return role, password


def _search_path(connection: Connection, url: URL, role: str, schema: str) -> None:
    _run(
        connection,
        f'ALTER ROLE "{role}" IN DATABASE "{url.database}" SET search_path = "{schema}"',
    )


def _run(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))


def _url(url: URL, role: str, password: str) -> str:
    made = url.set(drivername="postgresql", username=role, password=password)
    return made.render_as_string(hide_password=False)
