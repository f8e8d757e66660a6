"""`cairn audit`: verify, show and hand out the audit chain."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.acting import AsUser, acting_user, opened, unlocked
from server.commands.console import (
    EXIT_REFUSED,
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    answer,
    answer_rows,
)
from server.db import reading
from server.governance.actions import Action
from server.governance.auditing import Verdict, checkpoint, shown, verify, verify_file, write_chain
from server.governance.decide import Resource
from server.queries import audit

app = CairnTyper(no_args_is_help=True, help=__doc__)


@app.command("verify")
def verify_command(
    home: HomeOption = Path(),
    file: Annotated[
        Path | None, typer.Option(help="An exported chain instead of the store's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that no line is missing or altered; status 1 and the place where one is."""
    with opened(home) as mission:
        verdict = verify(mission) if file is None else verify_file(file, mission.ring())
    _tell(verdict, as_json=as_json)


@app.command()
def show(
    acting: AsUser,
    home: HomeOption = Path(),
    since: Annotated[int, typer.Option("--from", help="From this line on.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Show who did what, for what purpose, by which rule."""
    with opened(home) as mission:
        mission.permit(acting_user(mission, acting), Action.AUDIT_READ, Resource("audit"))
        with reading(mission.stores.records) as session:
            rows = list(shown(audit.lines(session, since)))
    answer_rows(rows, as_json=as_json, empty="no line yet")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    acting: AsUser,
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the chain and its checkpoints to a file that anyone with the key ring can verify."""
    with opened(home) as mission:
        mission.permit(acting_user(mission, acting), Action.AUDIT_READ, Resource("audit"))
        lines = write_chain(mission, out)
    answer({"file": str(out), "lines": lines}, as_json=as_json)


@app.command("checkpoint")
def checkpoint_command(
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the chain's head; keep the printed statement outside this server."""
    with unlocked(home, passphrase_fd, key_file) as mission:
        made = checkpoint(mission)
    content = None if made is None else {"data": made.data.hex(), "signature": made.signature.hex()}
    answer({"checkpoint": content}, as_json=as_json)


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    content = {
        "holds": verdict.holds,
        "lines": verdict.lines,
        "checkpoints": verdict.checkpoints,
        "fault_at": verdict.fault.sequence if verdict.fault else None,
        "reason": verdict.fault.reason if verdict.fault else "",
    }
    text = f"{verdict.lines} lines and {verdict.checkpoints} checkpoints hold."
    answer(content, as_json=as_json, text=text if verdict.holds else content["reason"])  # type: ignore[arg-type]
    if not verdict.holds:
        raise typer.Exit(EXIT_REFUSED)
