"""`cairn bundle`: look at a bundle file from the outside; its messages are sealed."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.errors import CairnError, UsageError
from sync.transports.bundle import read_frames, read_header

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def group() -> None:
    """Look at bundle files."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A bundle file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show who wrote a bundle, for whom, and whether its frames are whole."""
    try:
        content = _inspect(file)
    except CairnError as error:
        sys.stderr.write(f"cairn bundle: {error.message}\n")
        raise typer.Exit(2) from error
    if as_json:
        sys.stdout.write(json.dumps(content) + "\n")
    else:
        for name, value in content.items():
            sys.stdout.write(f"{name}: {value}\n")
    if content["torn"]:
        raise typer.Exit(1)


def _inspect(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    frames = sealed_bytes = 0
    torn = ""
    with file.open("rb") as source:
        header, _ = read_header(source)
        try:
            for frame in read_frames(source):
                frames += 1
                sealed_bytes += len(frame)
        except CairnError as error:
            torn = error.message
    return {
        "deployment": header.deployment.hex(),
        "sender": header.sender.hex(),
        "created_ms": header.created_ms,
        "part": header.part,
        "parts": header.parts,
        "recipients": [
            {"key_id": r.key_id.hex(), "suite": int(r.suite)} for r in header.recipients
        ],
        "frames": frames,
        "sealed_bytes": sealed_bytes,
        "torn": torn or (not frames and "the bundle holds no frame") or "",
    }
