"""`cairn demo`: a mission, a hub, an HQ site and four devices on this machine, from a seed."""

import os
import subprocess
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from server.commands.console import CairnTyper, SystemClock
from server.demo.office import (
    COORDINATOR,
    DEVICE_PASSPHRASE,
    SECOND,
    STAFF_PASSPHRASE,
    STEWARD,
)
from server.demo.orchestrate import Demo, faults
from server.demo.plan import ENUMERATORS
from server.demo.processes import ROOT, cairn_command, environment
from server.demo.story import Story

app = CairnTyper(help=__doc__)
WINDOW_DEVICE: Final = "tablet-1"
"""The tablet whose window is opened at the end."""


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 2026,
    interviews: Annotated[int, typer.Option(min=40, help="How many interviews to begin.")] = 400,
    once: Annotated[bool, typer.Option("--once", help="End when the story is told.")] = False,
    folder: Annotated[Path, typer.Option(help="Where it is played.")] = ROOT / "build" / "demo",
) -> None:
    """Play three rounds: offline interviews, four roads to the server, merge, release, HQ."""
    console = Console()
    played = Demo(folder, seed, interviews, Story(console), SystemClock())
    try:
        summary = played.play()
        wrong = faults(summary)
        for rule in wrong:
            console.print(f"[bold red]Does not hold:[/] {rule}")
        console.print(f"Summary: {folder / 'summary.json'}; truth: {folder / 'truth.json'}")
        if wrong:
            raise typer.Exit(1)
        if not once:
            _stay(played, console)
    finally:
        played.stop()


def _stay(played: Demo, console: Console) -> None:
    """Show where to look, and wait until Ctrl-C."""
    at = played.addresses
    console.print(f"\nHQ site:        {at.hq}")
    console.print(f"Mission server: {at.server}")
    console.print(f"Hub:            {at.hub}")
    console.print(f"Accounts there: {COORDINATOR} (coordinator), {STEWARD} and {SECOND} (stewards)")
    console.print(f"  password:     {STAFF_PASSPHRASE}")
    window = _open_window(played) if os.environ.get("DISPLAY") else None
    names = " or ".join(ENUMERATORS[WINDOW_DEVICE])
    console.print(
        f"{WINDOW_DEVICE}:       {'its window is open; ' if window else ''}unlock as {names}"
    )
    console.print(f"  passphrase:   {DEVICE_PASSPHRASE}")
    if window is None:
        home = played.homes.devices / WINDOW_DEVICE
        console.print(f"  with a display: cairn client --home {home} run")
    console.print("Ctrl-C ends the demonstration.")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Ended.")
    finally:
        if window is not None:
            window.terminate()


def _open_window(played: Demo) -> subprocess.Popen[bytes]:
    """Open the client's window over the first tablet."""
    home = played.homes.devices / WINDOW_DEVICE
    words = cairn_command("client", "--home", str(home), "run")
    return subprocess.Popen(words, cwd=ROOT, env=environment(DEVICE_PASSPHRASE))
