"""PostgreSQL's own tools, for backup and restore: one dump a store, loaded by that store's role.

Passwords go through the environment: arguments show in the process list. GOV-050, GOV-053, GOV-054.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from server.postgres import prepare_postgres
from server.settings import StoreUrls
from shared.errors import StoreCorrupt, UsageError


def dump(url: str, target: Path) -> None:
    """Dump the schema of one store, named like the file.

    Raises:
        UsageError: no pg_dump here.
        OSError: no space left.
        StoreCorrupt: it failed.
    """
    _run("pg_dump", ["--format=custom", f"--schema={target.stem}", f"--file={target}"], url)
    target.chmod(0o600)


def load_dumps(dumps: Mapping[str, Path], admin_url: str) -> StoreUrls:
    """Make schemas and roles in an empty database and load every store; return the stores' URLs.

    Args:
        dumps: the file of each store.
        admin_url: a URL with the right to make schemas and roles.

    Raises:
        UsageError: no pg_restore here.
        StoreCorrupt: a dump does not load.
    """
    stores, _ = prepare_postgres(admin_url)
    for store, source in dumps.items():
        _load(source, getattr(stores, store))
    return stores


def _load(source: Path, url: str) -> None:
    """Load one dump as the store's own role, in one transaction, into the schema that is there."""
    listed = _run("pg_restore", ["--list", str(source)], url)
    wanted = [line for line in listed.splitlines() if " SCHEMA - " not in line]
    words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    database = make_url(url).database or ""
    contents = "\n".join([*wanted, ""])
    _run(
        "pg_restore",
        [*words, "--use-list=/dev/stdin", f"--dbname={database}", str(source)],
        url,
        contents,
    )


def _run(name: str, words: list[str], url: str, given: str = "") -> str:
    tool = shutil.which(name)
    if tool is None:
        raise UsageError(f"this needs {name} (package postgresql-client)")
    place = make_url(url)
    environment = {
        **os.environ,
        "PGHOST": place.host or "",
        "PGPORT": str(place.port or ""),
        "PGUSER": place.username or "",
        "PGPASSWORD": str(place.password or ""),
        "PGDATABASE": place.database or "",
    }
    done = subprocess.run(  # noqa: S603 - a fixed tool, our own file names
        [tool, *words],
        env={name: value for name, value in environment.items() if value},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.strip()[-300:]
    if "No space left" in said:
        raise OSError(errno.ENOSPC, said)
    if done.returncode != 0:
        raise StoreCorrupt(f"{name} failed: {said}")
    return done.stdout
