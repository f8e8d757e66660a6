"""`cairn lists`: choice lists that forms read, and case lists that are given to devices."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from server.commands.acting import AsUser, Purpose, acting_user, opened, unlocked
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_passphrase,
)
from server.commands.publish import put_in_force
from server.governance.exchange import Exchange, is_exchange, read_exchange, write_exchange
from server.governance.listing import approve_list, describe_list, propose_list, read_list_request
from server.governance.station import Station
from server.intake.case_lists import drop_list, give_list, show_lists

app = CairnTyper(no_args_is_help=True, help=__doc__)

ListName = Annotated[str, typer.Argument(help="The list's name.")]


@app.command()
def publish(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, or what came back signed.")
    ],
    home: HomeOption = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The request to write; else beside the CSV.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take a choice list one step on: write the request for the steward, or put it in force.

    It is named after the file. Devices get what changed since the version before.
    """
    if is_exchange(file):
        put_in_force(file, home, as_json=as_json)
        return
    with opened(home) as mission:
        proposal = propose_list(mission, file)
        value = [mission.project().deployment, proposal.value()]
    request = out or file.with_suffix(".request")
    words = write_exchange(request, Exchange.LIST_REQUEST, value)
    content = {**describe_list(proposal), "request": str(request), "words": words}
    answer(content, as_json=as_json)
    signed = request.with_suffix(".signed")
    typer.echo(
        "Next, at the steward's station: "
        f"cairn steward approve-list STATION {request} -o {signed}\n"
        f"Then here: cairn lists publish {signed} --home {home}",
        err=True,
    )


@app.command()
def give(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The cases, a CSV.")],
    acting: AsUser,
    purpose: Purpose,
    to: Annotated[
        list[str] | None,
        typer.Option(help="A device's label; repeat it. None: those that have the list."),
    ] = None,
    name: Annotated[str, typer.Option(help="The list's name; else the file's.")] = "",
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Seal a case list to devices, or its newest version; who is not named any more loses it."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        actor = acting_user(mission, acting)
        given = give_list(mission, actor, file, to or [], purpose, name)
    answer(asdict(given), as_json=as_json)


@app.command()
def drop(
    name: ListName,
    acting: AsUser,
    purpose: Purpose,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Take a case list back from every device and forget it here."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        devices = drop_list(mission, acting_user(mission, acting), name, purpose)
    answer({"list": name, "taken_back_from": devices}, as_json=as_json)


@app.command("list")
def show(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Show every list with its newest version, and which devices have it."""
    with opened(home) as mission:
        rows = show_lists(mission)
    answer_rows(rows, as_json=as_json, empty="No list is published yet.")


def approve_list_command(
    home: Annotated[Path, typer.Argument(help="The station's folder, on an offline medium.")],
    request: Annotated[Path, typer.Argument(help="The server's list request.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Look at what a choice list's new version changes, and sign it."""
    station = Station.open(home, SystemClock())
    value, words = read_exchange(request, Exchange.LIST_REQUEST)
    if not yes:
        _, file = read_list_request(value)
        answer(describe_list(file), as_json=False)
        typer.confirm(f"Sign {file.name} {file.serial} (request {words})?", abort=True)
    passphrase = read_passphrase("Passphrase of the root key", passphrase_fd)
    file, payloads = approve_list(station, value, passphrase)
    check = station.write(out, Exchange.DOCUMENTS, payloads)
    content = {"list": file.name, "version": file.serial, "file": str(out), "words": check}
    answer(content, as_json=as_json)
