"""Who acts at the console, and the mission it opens: what commands on data share.

Whoever gives the passphrase of the server's keys on its own machine is believed to be the user
named by `--as`; the audit log says that it was done at the console.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from server.commands.console import SystemClock, read_passphrase
from server.db import reading
from server.governance.actions import Role
from server.governance.decide import Actor
from server.mission import Mission
from server.tables.people import User
from shared.errors import UsageError

AsUser = Annotated[str, typer.Option("--as", help="The user of the project who acts.")]
RecordId = Annotated[str, typer.Argument(help="The record's 32 digits.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What the answers are read for.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is kept.")]


def acting_user(mission: Mission, name: str) -> Actor:
    """Return a user of the project as the one who acts.

    Raises:
        UsageError: there is none by that name, or it was disabled.
    """
    with reading(mission.stores.records) as session:
        row = session.get(User, name)
        if row is None or row.disabled_at is not None:
            raise UsageError(f"there is no user {name!r}; add one with `cairn server users add`")
        return Actor(f"{name}@console", frozenset(Role(role) for role in row.roles.split()))


@contextmanager
def opened(home: Path) -> Iterator[Mission]:
    """Open a mission without its keys."""
    mission = Mission.open(home, SystemClock())
    try:
        yield mission
    finally:
        mission.close()


@contextmanager
def unlocked(home: Path, passphrase_fd: int | None, key_file: Path | None) -> Iterator[Mission]:
    """Open a mission and its keys."""
    with opened(home) as mission:
        mission.unlock(read_passphrase("Passphrase of the server's keys", passphrase_fd, key_file))
        yield mission
