"""`cairn server status | backup | restore | export | lookup | identity`, and `cairn audit`."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from server.commands.acting import (
    AsUser,
    Purpose,
    RecordId,
    Why,
    acting_user,
    opened,
    unlocked,
)
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
from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Resource
from server.governance.enrolment import list_devices
from server.governance.exchange import Exchange, write_exchange
from server.governance.periods import begin_period, end_period
from server.intake.compacting import compact_logs
from server.intake.exporting import export_rows
from server.intake.hubs import withheld_by_hubs
from server.intake.identity import request_identity
from server.intake.lookup import access_report, look_up
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import CONSOLE
from server.postgres import database_url
from server.queries import outbox
from server.queries.counts import intake_counts
from server.setup import ring_request
from shared.sealing.withdrawal import parse_code_text

CODE_VARIABLE = "CAIRN_CODE"
CodeFd = Annotated[
    int | None, typer.Option("--code-fd", help="Read the code from this file descriptor.")
]


def add_to(app: CairnTyper) -> None:
    """Add these commands to `cairn server`."""
    app.command("status")(status)
    app.command("backup")(backup)
    app.command("restore")(restore_home)
    app.command("begin-period")(begin_intake_period)
    app.command("end-period")(end_intake_period)
    app.command("compact")(compact)
    app.command("export")(export)
    app.command("lookup")(lookup)
    app.command("identity")(identity)


def status(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Say how the server stands: what came in, what waits, devices, days the keys still have."""
    with opened(home) as mission:
        mission.permit(CONSOLE, Action.STATUS_READ, Resource("status"))
        devices = list_devices(mission)
        ring, today = mission.ring(), mission.today
        known = mission.project()
        with reading(mission.stores.records) as session:
            letters = outbox.waiting(session)
        content: dict[str, Any] = {
            "project": known.label,
            "deployment": known.deployment.hex(),
            "incarnation": known.incarnation,
            "policy": mission.policy().serial,
            "ring": ring.serial,
            "key_days_left": min(key.until_day for key in ring.keys) - today,
            "devices": sum(1 for d in devices if d["kind"] == "device" and d["state"] == "active"),
            "hubs": sum(1 for d in devices if d["kind"] == "hub" and d["state"] == "active"),
            "revoked": sum(1 for d in devices if d["state"] == "revoked"),
            "letters_waiting": letters,
            "withheld_by_hubs": withheld_by_hubs(mission),
            **intake_counts(mission),
        }
    answer(content, as_json=as_json)


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, on another medium.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Copy all stores; devices may forget what this copy and the one before it hold."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        done = back_up(mission, folder)
    content = {**asdict(done), "folder": str(folder)}
    note = f"Delete {folder}/keys-short-lived when policy's time is over: it opens erased records."
    answer(content, as_json=as_json, text=f"{done.entries} entries of {done.logs} logs. {note}")


def compact(
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what later broadcasts and letters replaced, here and at every hub and device."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        done = compact_logs(mission)
    answer_rows([asdict(one) for one in done], as_json=as_json, empty="Nothing is out of force.")


def restore_home(
    folder: Annotated[Path, typer.Argument(help="The backup.")],
    home: Annotated[Path, typer.Argument(help="The new home.")],
    ledger: Annotated[
        Path | None, typer.Option(help="A newer keys.db, whose erasures are applied as well.")
    ] = None,
    postgres: Annotated[
        bool,
        typer.Option(
            "--postgres", help="Into the empty PostgreSQL database at CAIRN_POSTGRES_URL."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a server home from a backup; devices and hubs then push again what it lacks."""
    url = database_url(os.environ) if postgres else ""
    done = restore(folder, home, SystemClock(), ledger, postgres=url)
    answer({**asdict(done), "home": str(home)}, as_json=as_json)


def begin_intake_period(
    out: Annotated[Path, typer.Option("--out", "-o", help="The key request for the steward.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the intake key of the next period; then start the server again, and import the ring."""
    with opened(home) as mission:
        word = read_passphrase("Passphrase of the server's keys", passphrase_fd, key_file)
        name = begin_period(mission, word)
        words = write_exchange(out, Exchange.RING_REQUEST, ring_request(mission).value())
    answer({"key": name, "file": str(out), "words": words}, as_json=as_json)


def end_intake_period(
    key: Annotated[str, typer.Argument(help="The key's id, as begin-period told it.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy an intake key whose late-arrival window has closed; there is no way back."""
    with opened(home) as mission:
        word = read_passphrase("Passphrase of the server's keys", passphrase_fd, key_file)
        end_period(mission, key, word)
    answer({"destroyed": key}, as_json=as_json)


def export(
    form: Annotated[str, typer.Argument(help="The form's id.")],
    folder: Annotated[Path, typer.Option("--out", "-o", help="A new folder for the CSV files.")],
    acting: AsUser,
    purpose: Purpose,
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a form's de-identified rows as CSV, with a note of whose data it is and why."""
    with opened(home) as mission:
        written = export_rows(mission, acting_user(mission, acting), form, purpose, folder)
    rows = [{"file": str(one.path), "rows": one.rows} for one in written]
    answer_rows(rows, as_json=as_json, empty="nothing was written")


def lookup(
    acting: AsUser,
    purpose: Purpose,
    home: HomeOption = Path(),
    report: Annotated[bool, typer.Option("--report", help="Also what is held.")] = False,
    code_fd: CodeFd = None,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Find the record a respondent's code leads to; the code is asked for, never an argument."""
    code = parse_code_text(read_passphrase("The code on the slip", code_fd, variable=CODE_VARIABLE))
    if not report:
        with opened(home) as mission:
            found = look_up(mission, acting_user(mission, acting), code, purpose)
        answer_rows([asdict(one) for one in found], as_json=as_json, empty="withdrawn")
        return
    with unlocked(home, passphrase_fd, key_file) as mission:
        reports = access_report(mission, acting_user(mission, acting), code, purpose)
    if as_json:
        answer_rows(reports, as_json=True, empty="")
        return
    for one in reports:
        answers = one.pop("answers", {})
        answer(one, as_json=False)
        answer(answers, as_json=False)


def identity(
    record: RecordId,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the request.")],
    acting: AsUser,
    purpose: Purpose,
    why: Why,
    files: Annotated[
        Path | None,
        typer.Option(help="Also write the sealed photos and recordings into this folder."),
    ] = None,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Write what the custodian is asked to open; only their station can."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        actor = acting_user(mission, acting)
        value = request_identity(mission, actor, record, purpose, why, files)
    words = write_exchange(out, Exchange.IDENTITY_REQUEST, value)
    content = {"record": record, "request": str(out), "words": words}
    answer({**content, "files": len(value[-1])}, as_json=as_json)
