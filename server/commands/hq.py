"""`cairn hq`: follow missions, pull and verify their signed releases, show them."""

from typing import Annotated

import typer
import uvicorn

from server.commands.console import CairnTyper, HomeOption, JsonOption, SystemClock, answer_rows
from server.web.hq.app import create_app
from server.web.hq.library import Library, MissionSource
from server.web.hq.sources import pull as pull_mission
from shared.errors import UsageError

app = CairnTyper(no_args_is_help=True, help=__doc__)


@app.command()
def init(home: HomeOption) -> None:
    """Make an HQ home. It holds no key and no row: only releases that missions signed."""
    Library.init(home)
    typer.echo(
        f"{home} is ready; follow a mission with: cairn hq add --home {home} NAME --from URL"
    )


@app.command()
def add(
    home: HomeOption,
    name: Annotated[str, typer.Argument(help="Short name, used in addresses.")],
    source: Annotated[str, typer.Option("--from", help="URL of its server, or a folder.")],
    root: Annotated[
        str, typer.Option(help="Fingerprint of its project root; spaces do not matter.")
    ],
    audience: Annotated[str, typer.Option(help="Which releases to follow.")] = "public",
    tls_pin: Annotated[str, typer.Option(help="SHA-256 of its TLS certificate, hex.")] = "",
) -> None:
    """Follow a mission, pinned to the project root whose fingerprint it gave you."""
    fingerprint = root.replace(" ", "").lower()
    Library(home).add(MissionSource(name, source, fingerprint, audience, tls_pin.lower()))


@app.command()
def pull(home: HomeOption, as_json: JsonOption = False) -> None:
    """Fetch what is new of every mission; what fails a check is refused, with its reason."""
    library, clock = Library(home), SystemClock()
    if not library.missions():
        raise UsageError("no mission is followed yet; run `cairn hq add`")
    rows = []
    for mission in library.missions():
        state = pull_mission(library, mission, clock)
        rows.append(
            {
                "mission": mission.name,
                "ok": state.ok,
                "new": state.new,
                "held": len(list((home / mission.name).glob("[0-9]*.release"))),
                "message": state.message,
            }
        )
    answer_rows(rows, as_json=as_json, empty="")
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


@app.command()
def run(
    home: HomeOption,
    host: Annotated[str, typer.Option(help="Address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to answer on.")] = 8090,
) -> None:
    """Serve the site."""
    library = Library(home)
    typer.echo(f"the HQ site answers on http://{host}:{port}/")
    uvicorn.run(create_app(library), host=host, port=port, log_level="warning", access_log=False)
