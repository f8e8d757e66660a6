"""A PostgreSQL server of the tests' own: in a temporary folder, on loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_NUMBERS = count(1)


def missing() -> str:
    """Return why PostgreSQL cannot be tested here, or ""."""
    if not BINARIES:
        return "no PostgreSQL server binaries under /usr/lib/postgresql"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "initdb refuses root, and there is no runuser"
    return ""


class Cluster:
    """A running server; each test takes a database of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the maintenance database."""
        return f"postgresql://cairn@127.0.0.1:{self.port}/postgres"

    def new_database(self) -> str:
        """Create an empty database and return its superuser URL."""
        name = f"t{os.getpid()}_{next(_NUMBERS)}"
        engine = create_engine(
            self.admin_url.replace("postgresql:", "postgresql+psycopg:"),
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        return f"postgresql://cairn@127.0.0.1:{self.port}/{name}"


def empty(admin_url: str) -> None:
    """Empty every table of the stores and drop the analytic ones, which forms bring."""
    engine = create_engine(admin_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        found = connection.execute(
            text(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN "
                "('inbox', 'records', 'keys', 'analytics') AND tablename <> 'alembic_version'"
            )
        ).all()
        names = [f'"{schema}"."{table}"' for schema, table in found if schema != "analytics"]
        if names:
            connection.execute(text(f"TRUNCATE {', '.join(names)}"))
        for schema, table in found:
            if schema == "analytics":
                connection.execute(text(f'DROP TABLE "{schema}"."{table}"'))
    engine.dispose()


@contextmanager
def run_cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """Start a server and stop it at the end. `fsync` is for benchmarks; tests kill no machine."""
    folder = Path(tempfile.mkdtemp(prefix="cairn-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    try:
        _run(
            "initdb", "-D", str(data), "-U", "cairn", "--auth=trust", "--encoding=UTF8", "--no-sync"
        )
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            f"-c fsync={'on' if fsync else 'off'} -c max_connections=60 -c shared_buffers=64MB"
        )
        _run("pg_ctl", "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"), "start")
        try:
            yield Cluster(folder, port)
        finally:
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(name: str, *arguments: str) -> None:
    command = [str(BINARIES[0] / name), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
