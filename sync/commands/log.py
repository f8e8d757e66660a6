"""`cairn log`: look at a device's or hub's sealed log, and verify it."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.errors import CairnError, UsageError
from shared.sealing.envelope import Kind
from sync.commands.files import directory_of, open_log_file
from sync.core.have import LogName
from sync.core.store import Branch
from sync.core.verify import verify_branch
from sync.stores.sqlite import SqliteLogStore

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

FileArgument = Annotated[Path, typer.Argument(help="A device's or hub's log.db.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_EXIT_PROBLEMS = 1
_EXIT_USAGE = 2


@app.command()
def show(
    file: FileArgument,
    entries: Annotated[bool, typer.Option("--entries", help="List every entry.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show which logs a file holds; never what is inside an entry."""
    logs = _run(lambda: _with_store(file, lambda store: _show(store, entries=entries)))
    if as_json:
        sys.stdout.write(json.dumps({"logs": logs}) + "\n")
        return
    for log in logs:
        kinds = ", ".join(f"{count} {kind}" for kind, count in log["kinds"].items())
        name = f"{log['author']} incarnation {log['incarnation']} branch {log['branch']}"
        sys.stdout.write(f"{name}: {log['entries']} entries ({kinds}), head {log['head'][:16]}\n")
        for entry in log.get("list", ()):
            sys.stdout.write(f"  {entry['sequence']:>6}  {entry['kind']:<12} {entry['bytes']} B\n")


@app.command()
def verify(
    file: FileArgument,
    root: Annotated[
        str | None, typer.Option(help="The project root's fingerprint, in hexadecimal.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every chain, payload hash and signature; end with status 1 if anything is wrong."""
    report = _run(lambda: _with_store(file, lambda store: _verify(store, _fingerprint(root))))
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        for log in report["logs"]:
            state = "good" if not log["problems"] else "; ".join(log["problems"])
            name = f"{log['author']} incarnation {log['incarnation']} branch {log['branch']}"
            sys.stdout.write(f"{name}: {log['entries']} entries: {state}\n")
        sys.stdout.write(f"root: {report['root'] or 'unknown'}\n")
    if not report["good"]:
        raise typer.Exit(_EXIT_PROBLEMS)


def _run(action: Any) -> Any:
    try:
        return action()
    except CairnError as error:
        sys.stderr.write(f"cairn log: {error.message}\n")
        raise typer.Exit(_EXIT_USAGE) from error


def _fingerprint(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError:
        raise UsageError("the root's fingerprint must be hexadecimal") from None


def _with_store(file: Path, action: Any) -> Any:
    store = open_log_file(file)
    try:
        return action(store)
    finally:
        store.close()


def _branches(store: SqliteLogStore) -> list[tuple[LogName, Branch]]:
    logs = sorted(store.have().points)
    return [(log, branch) for log in logs for branch in store.branches(log)]


def _kind_name(kind: int) -> str:
    try:
        return Kind(kind).name.lower()
    except ValueError:
        return f"kind {kind}"


def _show(store: SqliteLogStore, *, entries: bool) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for log, branch in _branches(store):
        held = list(store.entries(branch, branch.forked_at + 1, branch.head.sequence))
        row: dict[str, Any] = {
            "author": log.author.hex(),
            "incarnation": log.incarnation,
            "branch": branch.number,
            "forked_at": branch.forked_at,
            "entries": len(held),
            "kinds": dict(Counter(_kind_name(entry.header.kind) for entry in held)),
            "head": branch.head.hash.hex(),
        }
        if entries:
            row["list"] = [
                {
                    "sequence": entry.header.sequence,
                    "kind": _kind_name(entry.header.kind),
                    "hash": entry.hash.hex(),
                    "bytes": sum(ref.length for ref in entry.header.payloads),
                    "pruned": bool(entry.header.payloads) and not entry.payloads,
                }
                for entry in held
            ]
        shown.append(row)
    return shown


def _verify(store: SqliteLogStore, root: bytes | None) -> dict[str, Any]:
    directory, fingerprint = directory_of(store, root)
    rows: list[dict[str, Any]] = []
    for log, branch in _branches(store):
        key = None if directory is None else directory.public_key(log.author)
        entries = store.entries(branch, 1, branch.head.sequence)
        found = verify_branch(entries, store.signatures(branch), key)
        rows.append(
            {
                "author": log.author.hex(),
                "incarnation": log.incarnation,
                "branch": branch.number,
                "entries": found.entries,
                "signed_through": found.signed_through,
                "pruned": found.pruned,
                "problems": found.problems,
            }
        )
    return {
        "root": None if fingerprint is None else fingerprint.hex(),
        "logs": rows,
        "good": not any(row["problems"] for row in rows),
    }
