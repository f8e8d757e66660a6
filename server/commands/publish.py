"""Publishing from the command line: propose at the server, sign at the station, publish.

The root key never meets the server: a proposal and the signed documents travel as files, and both
sides read out the same words.
"""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_passphrase,
)
from server.governance.exchange import Exchange, read_exchange, write_exchange
from server.governance.packages import minimum_without_package
from server.governance.publishing import (
    approve_form,
    describe,
    propose_form,
    publish,
    read_proposal,
)
from server.governance.station import Station
from server.mission import Mission
from server.settings import load_settings
from shared.records.form_document import POLICY_DOCUMENT

forms_app = CairnTyper(no_args_is_help=True, help="Forms: propose one for signing, publish it.")
policy_app = CairnTyper(no_args_is_help=True, help="The policy in force.")

SignedFile = Annotated[Path, typer.Argument(help="The file the steward signed.")]


@forms_app.command("propose")
def propose(
    file: Annotated[Path, typer.Argument(help="The form, XLSForm or XForm.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the request.")],
    home: HomeOption = Path(),
    media: Annotated[
        Path | None, typer.Option(help="Folder of the files it reads; else beside it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a form against policy and write the request that the steward signs."""
    propose_to(file, out, home, media, as_json=as_json)


def propose_to(file: Path, out: Path, home: Path, media: Path | None, *, as_json: bool) -> None:
    """Write the request that the steward signs, and say what it holds."""
    mission = Mission.attach(load_settings(home), SystemClock())
    try:
        proposal = propose_form(mission, file, media)
    finally:
        mission.close()
    words = write_exchange(out, Exchange.FORM_REQUEST, proposal.value())
    for warning in proposal.warnings:
        typer.echo(warning, err=True)
    answer(
        {
            "form": proposal.form_id,
            "version": proposal.document.version,
            "serial": proposal.serial,
            "files": [file.name for file in proposal.files],
            "request": str(out),
            "words": words,
        },
        as_json=as_json,
    )


def put_in_force(file: Path, home: Path, *, as_json: bool) -> None:
    """Put what the steward signed in force, and say what it was."""
    mission = Mission.attach(load_settings(home), SystemClock())
    try:
        payloads, words = read_exchange(file, Exchange.DOCUMENTS)
        documents = publish(mission, payloads)
        warning = minimum_without_package(mission)
    finally:
        mission.close()
    if warning is not None and any(one.type == POLICY_DOCUMENT for one in documents):
        typer.echo(warning, err=True)
    rows = [
        {"type": one.type, "name": one.name, "serial": one.serial, "words": words}
        for one in documents
    ]
    answer_rows(rows, as_json=as_json, empty="The file holds nothing.")


@forms_app.command("publish")
def publish_form(file: SignedFile, home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Put a signed form and its files in force; devices take them with their next sync."""
    put_in_force(file, home, as_json=as_json)


@policy_app.command("publish")
def publish_policy(
    file: SignedFile, home: HomeOption = Path(), as_json: JsonOption = False
) -> None:
    """Put a signed policy in force."""
    put_in_force(file, home, as_json=as_json)


def approve_form_command(
    home: Annotated[Path, typer.Argument(help="The station's folder, on an offline medium.")],
    request: Annotated[Path, typer.Argument(help="The server's form request.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a form's fields, classes and purposes, and sign it with the files it reads."""
    station = Station.open(home, SystemClock())
    value, words = read_exchange(request, Exchange.FORM_REQUEST)
    proposal = read_proposal(value)
    if not yes:
        answer_rows(describe(proposal.document), as_json=False, empty="The form asks nothing.")
        question = f"Sign {proposal.form_id} {proposal.document.version} (request {words})?"
        typer.confirm(question, abort=True)
    passphrase = read_passphrase("Passphrase of the root key", passphrase_fd)
    payloads = approve_form(station, proposal, passphrase)
    check = station.write(out, Exchange.DOCUMENTS, payloads)
    answer(
        {
            "form": proposal.form_id,
            "version": proposal.document.version,
            "documents": len(payloads),
            "file": str(out),
            "words": check,
        },
        as_json=as_json,
    )
