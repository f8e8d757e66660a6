"""`cairn sync simulate`: a network in memory, from a seed, with faults."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from shared.errors import CairnError
from sync.simulation import FAULTS, Simulation

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def group() -> None:
    """Try the sync protocol out."""


@app.command()
def simulate(  # noqa: PLR0913, PLR0917 - one parameter an option
    seed: Annotated[int, typer.Option(help="The same seed plays the same network.")] = 1,
    devices: Annotated[int, typer.Option(min=1, max=200)] = 4,
    hubs: Annotated[int, typer.Option(min=0, max=20)] = 1,
    records: Annotated[int, typer.Option(min=1, max=100_000)] = 30,
    faults: Annotated[
        str, typer.Option(help=f"Comma separated, of: {', '.join(FAULTS)}; `all` or `none`.")
    ] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Play devices, hubs and a mission server; end with status 1 if anything is lost."""
    chosen = set(FAULTS) if faults == "all" else set(faults.split(",")) - {"none", ""}
    try:
        simulation = Simulation(
            seed, devices=devices, hubs=hubs, records=records, faults=frozenset(chosen)
        )
        with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
            task = progress.add_task("playing", total=None)
            report = simulation.run(
                lambda done, steps: progress.update(task, completed=done, total=steps)
            )
    except CairnError as error:
        sys.stderr.write(f"cairn sync: {error.message}\n")
        raise typer.Exit(2) from error
    content = {**asdict(report), "good": report.good}
    if as_json:
        sys.stdout.write(json.dumps(content) + "\n")
    else:
        for name, value in content.items():
            sys.stdout.write(f"{name}: {value}\n")
    if not report.good:
        raise typer.Exit(1)
