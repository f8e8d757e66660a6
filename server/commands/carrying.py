"""`cairn server take-bundle | assign`: what comes and goes by stick and by mailbox."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.acting import AsUser, Purpose, RecordId, acting_user, unlocked
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    answer,
)
from server.intake.assigning import assign
from server.intake.exchange import MissionExchange


def add_to(app: CairnTyper) -> None:
    """Add these commands to `cairn server`."""
    app.command("take-bundle")(take_bundle)
    app.command("assign")(assign_record)


def take_bundle(
    files: Annotated[list[Path], typer.Argument(help="Bundle files; each whole or not at all.")],
    home: HomeOption = Path(),
    reply: Annotated[
        Path | None,
        typer.Option("--answer", help="Write the answer here; several get a name each."),
    ] = None,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Take bundle files in; twice, late or out of order changes nothing more."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        done = MissionExchange(mission).take_bundles(files, reply)
    answer(
        {
            "senders": [sender.hex() for sender in done.senders],
            "entries": done.entries,
            "chunks": done.chunks,
            "answer": [str(path) for path in done.answered.files],
            "not_answered": [sender.hex() for sender in done.answered.unknown],
        },
        as_json=as_json,
    )


def assign_record(
    record: RecordId,
    to: Annotated[list[str], typer.Option("--to", help="A device's label; may be repeated.")],
    acting: AsUser,
    purpose: Purpose,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Hand a record to devices for follow-up; what is sent holds no direct identifier."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        told = assign(mission, acting_user(mission, acting), record, to, purpose)
    answer({"record": record, "assigned_to": told}, as_json=as_json)
