"""`cairn merge`: revisions of one record in, its state out, as JSON."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import CairnError, UsageError
from sync.core.merge_json import merge_json, three_way
from sync.core.rules import MergeRules, rules_from_json

app = typer.Typer(add_completion=False)

_THREE_STATES = 3


@app.command()
def merge(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="REVISIONS.json | BASE.json OURS.json THEIRS.json"),
    ],
    rules: Annotated[Path | None, typer.Option(help="merge rules; all `review` without")] = None,
) -> None:
    """Print `{values, conflicts, heads, held, deleted}` of a record's revisions.

    One file holds a list of revisions `{id, parents, patch, at}`. Three files hold three states
    `{address: value}`, or three lists of revisions, which are united.
    """
    try:
        known = MergeRules() if rules is None else rules_from_json(_read(rules))
        if len(files) == _THREE_STATES:
            revisions: object = three_way(*(_read(file) for file in files))
        elif len(files) == 1:
            revisions = _read(files[0])
        else:
            raise UsageError("give one file of revisions, or three: BASE OURS THEIRS")
        state = merge_json(revisions, known)
    except CairnError as error:
        sys.stderr.write(f"cairn merge: {error.message}\n")
        raise typer.Exit(2) from error
    sys.stdout.write(json.dumps(state, ensure_ascii=False, indent=2) + "\n")


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
