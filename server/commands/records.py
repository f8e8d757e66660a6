"""`cairn server quarantine | conflicts | records | work`: what became of what came in.

Who acts is a user of the project (`--as`); the console itself, an administrator, reads no data.
"""

import signal
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from server.commands.acting import AsUser, Purpose, RecordId, Why, acting_user, opened, unlocked
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    answer,
    answer_rows,
    read_passphrase,
)
from server.governance.actions import Action
from server.governance.decide import Resource
from server.intake.correcting import (
    Choice,
    correct,
    list_conflicts,
    resolve_conflict,
    show_conflicts,
)
from server.intake.files import export_files, list_files
from server.intake.review import ALL, discard, list_quarantine, release, replay
from server.intake.withdrawing import withdraw_by_code
from server.jobs.worker import drain, work_until
from server.mission import Mission
from server.queries.counts import intake_counts
from shared.errors import UsageError
from shared.sealing.withdrawal import parse_code_text

quarantine_app = typer.Typer(no_args_is_help=True, help="What was set aside, and why.")
conflicts_app = typer.Typer(no_args_is_help=True, help="Where records disagree.")
records_app = typer.Typer(no_args_is_help=True, help="Counts, corrections, withdrawals.")

Which = Annotated[str, typer.Argument(help="`all`, a reason, or the first digits of an id.")]


def add_to(app: CairnTyper) -> None:
    """Add these commands to `cairn server`."""
    app.add_typer(quarantine_app, name="quarantine")
    app.add_typer(conflicts_app, name="conflicts")
    app.add_typer(records_app, name="records")
    app.command("work")(work)


def work(
    home: Annotated[Path, typer.Argument(help="The server's folder.")] = Path(),
    once: Annotated[bool, typer.Option("--once", help="Take in what waits, then end.")] = False,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Take in what was received; several may run beside one another."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        if not once:
            _work_for_ever(mission)
            return
        done = asdict(drain(mission))
        answer({**done, "counts": intake_counts(mission)}, as_json=as_json)


@quarantine_app.command("list")
def quarantine_list(
    acting: AsUser,
    home: HomeOption = Path(),
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what stands aside, with the reason and what to do."""
    with opened(home) as mission:
        actor = acting_user(mission, acting)
        rows = list_quarantine(mission, actor, everything=everything, reason=reason)
    answer_rows(rows, as_json=as_json, empty="nothing in quarantine")


@quarantine_app.command("replay")
def quarantine_replay(
    acting: AsUser,
    which: Which = ALL,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Try it once more; may be repeated at will."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        answer(asdict(replay(mission, acting_user(mission, acting), which)), as_json=as_json)


@quarantine_app.command("release")
def quarantine_release(
    which: Which,
    acting: AsUser,
    why: Why,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Accept it as it is."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        answer(asdict(release(mission, acting_user(mission, acting), which, why)), as_json=as_json)


@quarantine_app.command("discard")
def quarantine_discard(
    which: Which, acting: AsUser, home: HomeOption = Path(), as_json: JsonOption = False
) -> None:
    """Shred what was refused for want of consent, before its deadline."""
    with opened(home) as mission:
        shredded = discard(mission, acting_user(mission, acting), which)
    answer({"shredded": shredded}, as_json=as_json)


@conflicts_app.command("list")
def conflicts_list(acting: AsUser, home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """List open conflicts, oldest first; no answers."""
    with opened(home) as mission:
        rows = list_conflicts(mission, acting_user(mission, acting))
    answer_rows(rows, as_json=as_json, empty="no open conflicts")


@conflicts_app.command("show")
def conflicts_show(
    record: RecordId,
    acting: AsUser,
    purpose: Purpose,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a record's open conflicts are between."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        rows = show_conflicts(mission, acting_user(mission, acting), record, purpose)
    answer_rows(rows, as_json=as_json, empty="this record has no open conflict")


@conflicts_app.command("resolve")
def conflicts_resolve(
    record: RecordId,
    unit: Annotated[str, typer.Argument(help="The unit, as `show` names it.")],
    acting: AsUser,
    purpose: Purpose,
    why: Why,
    keep: Annotated[int | None, typer.Option("--keep", help="Number of the candidate.")] = None,
    value: Annotated[
        list[str] | None, typer.Option("--set", help="ADDRESS=TEXT, instead of a candidate.")
    ] = None,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Settle a conflict; the decision is a revision of the record, with its reason."""
    if (keep is None) is (value is None):
        raise UsageError("give either --keep NUMBER or --set ADDRESS=TEXT")
    choice = Choice(unit, keep, _assignments(value))
    with unlocked(home, passphrase_fd, key_file) as mission:
        actor = acting_user(mission, acting)
        revision = resolve_conflict(mission, actor, record, choice, purpose, why)
    answer({"record": record, "revision": revision.hex()}, as_json=as_json)


@records_app.command("count")
def records_count(acting: AsUser, home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Say what came in and what became of it."""
    with opened(home) as mission:
        mission.permit(acting_user(mission, acting), Action.RECORD_COUNT, Resource("record"))
        found = intake_counts(mission)
    answer(found, as_json=as_json)


@records_app.command("correct")
def records_correct(
    record: RecordId,
    value: Annotated[list[str], typer.Option("--set", help="ADDRESS=TEXT; may be repeated.")],
    acting: AsUser,
    purpose: Purpose,
    why: Why,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Correct answers of a record."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        actor = acting_user(mission, acting)
        revision = correct(mission, actor, record, _assignments(value) or {}, purpose, why)
    answer({"record": record, "revision": revision.hex()}, as_json=as_json)


@records_app.command("attachments")
def records_attachments(
    record: RecordId,
    acting: AsUser,
    purpose: Purpose,
    why: Annotated[str, typer.Option("--why", help="With --out: the reason; it is kept.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the files into this new folder.")
    ] = None,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """List the photos, recordings and other files of one record, or write them out."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        actor = acting_user(mission, acting)
        if out is None:
            rows = [asdict(row) for row in list_files(mission, actor, record, purpose)]
        else:
            rows = export_files(mission, actor, record, purpose, why, out)
    answer_rows(rows, as_json=as_json, empty="this record has no file")


@records_app.command("withdraw")
def records_withdraw(
    acting: AsUser,
    code_fd: Annotated[
        int | None, typer.Option("--code-fd", help="Read the code from this file descriptor.")
    ] = None,
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out a withdrawal; the code on the slip is asked for, never an argument."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        code = parse_code_text(read_passphrase("Withdrawal code", code_fd, variable=""))
        reached = withdraw_by_code(mission, acting_user(mission, acting), code)
    answer({"reached_records": reached, "waits": reached == 0}, as_json=as_json)


def _assignments(values: list[str] | None) -> dict[str, str] | None:
    if values is None:
        return None
    pairs = [value.partition("=") for value in values]
    for address, equals, _ in pairs:
        if not equals:
            raise UsageError(f"--set is ADDRESS=TEXT, not {address!r}")
    return {address: text for address, _, text in pairs}


def _work_for_ever(mission: Mission) -> None:
    """Work until the process is told to end; a kill at any moment loses nothing."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work_until(mission, stop.wait)
