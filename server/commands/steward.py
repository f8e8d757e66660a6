"""`cairn steward`: the offline station. It signs rings, forms and policies, and opens identity."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from server.commands.console import (
    CairnTyper,
    JsonOption,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_passphrase,
)
from server.commands.lists import approve_list_command
from server.commands.publish import approve_form_command
from server.governance.audit import read_line
from server.governance.exchange import Exchange, read_exchange
from server.governance.keychain import write_secret
from server.governance.policy import built_in_text
from server.governance.requests import read_coordinator_request, read_ring_request
from server.governance.station import Station, check_strong
from server.intake.identity import identity_asked, open_identity
from server.intake.identity_files import OpenFiles
from shared.errors import UsageError
from shared.sealing.keys import Suite
from shared.sealing.passphrase import KEY_FILE_COST

app = CairnTyper(no_args_is_help=True, help=__doc__)

CUSTODIAN_VARIABLE = "CAIRN_CUSTODIAN_PASSPHRASE"
HomeArgument = Annotated[Path, typer.Argument(help="The station's folder, on an offline medium.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="The file to write.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]


def _confirm(question: str, *, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise UsageError("nothing was signed")


@app.command()
def init(
    home: HomeArgument,
    passphrase_fd: PassphraseFd = None,
    x25519: Annotated[
        bool, typer.Option("--x25519", help="Suite 1, for platforms without ML-KEM.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the project root and the custodian's key, each under a passphrase."""
    root = check_strong(read_passphrase("Passphrase of the root key", passphrase_fd, confirm=True))
    custodian = check_strong(_custodian_passphrase(root))
    station = Station.create(
        home,
        SystemClock(),
        root_passphrase=root,
        custodian_passphrase=custodian,
        suite=Suite.X25519 if x25519 else Suite.HYBRID,
        cost=KEY_FILE_COST,
    )
    answer({"home": str(home), "root_fingerprint": station.fingerprint.hex()}, as_json=as_json)


@app.command()
def show(home: HomeArgument, as_json: JsonOption = False) -> None:
    """Show the project root's fingerprint, to be read to HQ over the telephone; no passphrase."""
    station = Station.open(home, SystemClock())
    fingerprint = station.fingerprint.hex()
    text = " ".join(fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4))
    answer({"home": str(home), "root_fingerprint": fingerprint}, as_json=as_json, text=text)


@app.command()
def ring(
    home: HomeArgument,
    request: Annotated[Path, typer.Argument(help="The server's key request.")],
    out: OutOption,
    yes: YesOption = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the project's key ring from the server's key request."""
    station = Station.open(home, SystemClock())
    value, words = read_exchange(request, Exchange.RING_REQUEST)
    wanted = read_ring_request(value)
    typer.echo(f"Project {wanted.label} ({wanted.deployment.hex()}), request {words}", err=True)
    for key in wanted.keys:
        typer.echo(f"  {key.role.name.lower()}, days {key.from_day}..{key.until_day}", err=True)
    _confirm("Did the server's administrator read you the same request words?", yes=yes)
    made, signed = station.ring(
        wanted, read_passphrase("Passphrase of the root key", passphrase_fd)
    )
    check = station.write(out, Exchange.RING, signed)
    answer(
        {
            "serial": made.serial,
            "root_fingerprint": station.fingerprint.hex(),
            "file": str(out),
            "words": check,
        },
        as_json=as_json,
    )


@app.command()
def coordinator(
    home: HomeArgument,
    request: Annotated[Path, typer.Argument(help="The coordinator's request, from their station.")],
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take a coordinator's key, which opens progress entries; sign a new ring after it."""
    station = Station.open(home, SystemClock())
    value, words = read_exchange(request, Exchange.COORDINATOR_REQUEST)
    asked = read_coordinator_request(value)
    key_id = asked.public.key_id.hex()
    _confirm(f"Take key {key_id} of {asked.label} (request {words})?", yes=yes)
    station.take_coordinator(asked)
    answer({"key_id": key_id, "label": asked.label}, as_json=as_json)


@app.command("policy-template")
def policy_template(out: OutOption) -> None:
    """Write the policy a steward starts from."""
    if out.exists():
        raise UsageError(f"{out} exists; it is not overwritten")
    out.write_bytes(built_in_text())


@app.command("approve-policy")
def approve_policy(
    home: HomeArgument,
    policy: Annotated[Path, typer.Argument(help="The policy, TOML.")],
    out: OutOption,
    yes: YesOption = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Check a policy and sign it as the project's next version."""
    station = Station.open(home, SystemClock())
    try:
        content = policy.read_bytes()
    except OSError as error:
        raise UsageError(f"{policy} cannot be read: {error.strerror}") from error
    _confirm(f"Sign {policy} as the policy in force?", yes=yes)
    passphrase = read_passphrase("Passphrase of the root key", passphrase_fd)
    serial, payloads = station.approve_policy(content, passphrase)
    words = station.write(out, Exchange.DOCUMENTS, payloads)
    answer({"serial": serial, "file": str(out), "words": words}, as_json=as_json)


app.command("approve-form")(approve_form_command)
app.command("approve-list")(approve_list_command)


@app.command()
def audit(home: HomeArgument, as_json: JsonOption = False) -> None:
    """Verify and show what this station signed and opened."""
    rows: list[dict[str, Any]] = []
    for line in Station.open(home, SystemClock()).audit_lines():
        sequence, _, at_ms, event = read_line(line.data)
        detail = " ".join(f"{name}={value}" for name, value in event.detail.items())
        rows.append(
            {
                "sequence": sequence,
                "at_ms": at_ms,
                "action": event.action,
                "resource": event.resource,
                "detail": detail,
            }
        )
    answer_rows(rows, as_json=as_json, empty="nothing yet")


def _custodian_passphrase(root: str) -> str:
    """Return the custodian's own passphrase where one is given, else the root's."""
    if CUSTODIAN_VARIABLE in os.environ:
        return read_passphrase("", variable=CUSTODIAN_VARIABLE)
    return root


@app.command("open-identity")
def open_identity_command(
    home: HomeArgument,
    request: Annotated[Path, typer.Argument(help="The server's identity request.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write it here, for the owner alone.")
    ] = None,
    files: Annotated[
        Path | None, typer.Option(help="The folder with the sealed files of the request.")
    ] = None,
    files_out: Annotated[
        Path | None, typer.Option(help="A new folder for the files, once opened.")
    ] = None,
    yes: YesOption = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Open one record's direct identifiers; for whom and why goes into the station's log."""
    if (files is None) is not (files_out is None):
        raise UsageError("--files and --files-out go together")
    station = Station.open(home, SystemClock())
    value, words = read_exchange(request, Exchange.IDENTITY_REQUEST)
    who, purpose, why = identity_asked(value)
    _confirm(f"Open identity for {who}, purpose {purpose}: {why} (request {words})?", yes=yes)
    passphrase = read_passphrase("Passphrase of the custodian's keys", passphrase_fd)
    folders = OpenFiles(files, files_out) if files is not None and files_out is not None else None
    opened = open_identity(station, value, passphrase, folders)
    if out is not None:
        write_secret(out, (json.dumps(opened, ensure_ascii=False, indent=1) + "\n").encode())
        opened = {"record": opened["record"], "fields": len(opened["identity"]), "file": str(out)}
    answer(opened, as_json=as_json)
