"""`cairn server`: the mission server. Set it up, run it, govern what it takes in."""

import os
from pathlib import Path
from typing import Annotated

import typer

from server.commands.carrying import add_to as add_carrying
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    host_port,
    read_passphrase,
)
from server.commands.governing import add_to as add_governing
from server.commands.people import devices_app, users_app
from server.commands.publish import forms_app, policy_app
from server.commands.records import add_to as add_records
from server.commands.running import run
from server.governance.actions import Action
from server.governance.decide import Resource
from server.governance.exchange import Exchange, read_exchange, write_exchange
from server.governance.keychain import make_key_file
from server.migrations import migrate
from server.mission import CONSOLE, Mission
from server.postgres import database_url, prepare_postgres
from server.settings import FILE_NAME, Listen, StoreUrls, load_settings
from server.setup import NewServer, create_project, import_ring, init_home, ring_request, tls_pin
from shared.errors import UsageError
from shared.sealing.keys import Suite
from shared.sealing.passphrase import VAULT_COST

app = CairnTyper(no_args_is_help=True, help=__doc__)
project_app = typer.Typer(no_args_is_help=True, help="The project and its key ring.")
app.add_typer(project_app, name="project")
app.add_typer(forms_app, name="forms")
app.add_typer(policy_app, name="policy")
add_records(app)
add_carrying(app)
add_governing(app)
app.add_typer(devices_app, name="devices")
app.add_typer(users_app, name="users")
app.command("run")(run)


@app.command()
def init(
    home: Annotated[Path, typer.Argument(help="The new server's folder.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT to answer on.")] = "127.0.0.1:8443",
    address: Annotated[
        list[str] | None,
        typer.Option(help="URL by which devices reach this server; may be repeated."),
    ] = None,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="No TLS; loopback only, behind a proxy.")
    ] = False,
    x25519: Annotated[
        bool, typer.Option("--x25519", help="Suite 1, for platforms without ML-KEM.")
    ] = False,
    postgres: Annotated[
        bool,
        typer.Option(
            "--postgres",
            help="Keep the stores in the empty PostgreSQL database at CAIRN_POSTGRES_URL, a schema "
            "and a role each; the URL's own role must be able to make roles.",
        ),
    ] = False,
    new_key_file: Annotated[
        Path | None, typer.Option("--new-key-file", help="Make this key file instead of asking.")
    ] = None,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Make a server home: keys, certificate and stores."""
    if new_key_file is not None and new_key_file.exists():
        raise UsageError(f"{new_key_file} exists; a key file is never overwritten")
    passphrase = (
        make_key_file(new_key_file)
        if new_key_file is not None
        else read_passphrase("Passphrase of the server's keys", passphrase_fd, confirm=True)
    )
    host, port = host_port(listen)
    if (home / FILE_NAME).exists():
        raise UsageError(f"{home} is a server home already; choose another folder")
    stores = prepare_postgres(database_url(os.environ))[0] if postgres else StoreUrls()
    wanted = NewServer(
        home,
        Listen(host=host, port=port, addresses=tuple(address or ()), plain_http=plain_http),
        stores,
        Suite.X25519 if x25519 else Suite.HYBRID,
        VAULT_COST,
    )
    mission = init_home(wanted, passphrase, SystemClock())
    pin = tls_pin(mission.settings)
    mission.close()
    answer(
        {
            "home": str(home),
            "url": mission.settings.listen.base_url,
            "tls_pin": pin.hex() if pin else None,
        },
        as_json=as_json,
    )


@app.command("migrate")
def migrate_stores(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Bring the stores to this program's version. Back up first."""
    mission = Mission.attach(load_settings(home), SystemClock())
    migrate(mission.stores)
    mission.close()
    answer({"migrated": True}, as_json=as_json, text="The stores are up to date.")


@project_app.command("create")
def project_create(
    name: Annotated[str, typer.Option(help="What people call the project.")],
    controller: Annotated[str, typer.Option(help="Who answers for the data in law.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the key request.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Make the project and write the key request for the steward."""
    mission = _unlocked(home, passphrase_fd, key_file)
    deployment = create_project(mission, name, controller)
    _write_request(mission, out, as_json=as_json, deployment=deployment)


@project_app.command("request-ring")
def project_request_ring(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the key request.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Write the key request again, e.g. before the keys run out."""
    mission = _unlocked(home, passphrase_fd, key_file)
    _write_request(mission, out, as_json=as_json, deployment=mission.project().deployment)


@project_app.command("import-ring")
def project_import_ring(
    file: Annotated[Path, typer.Argument(help="The ring the steward signed.")],
    home: HomeOption = Path(),
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the signed key ring; the first fixes the project's root."""
    mission = _unlocked(home, passphrase_fd, key_file)
    value, words = read_exchange(file, Exchange.RING)
    ring = import_ring(mission, value)
    known = mission.project()
    mission.close()
    fingerprint = known.root_fingerprint or b""
    answer(
        {"serial": ring.serial, "root_fingerprint": fingerprint.hex(), "words": words},
        as_json=as_json,
    )


@app.command("keys")
def keys(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """List the keys in force and until when."""
    mission = Mission.open(home, SystemClock())
    mission.permit(CONSOLE, Action.KEY_LIST, Resource("key"))
    today = mission.today
    rows = [
        {
            "role": key.role.name.lower(),
            "suite": int(key.suite),
            "days_left": key.until_day - today,
            "in_force": key.covers(today),
        }
        for key in mission.ring().keys
    ]
    mission.close()
    answer_rows(rows, as_json=as_json, empty="no keys")


def _write_request(mission: Mission, out: Path, *, as_json: bool, deployment: bytes) -> None:
    """Write the key request and tell its check words."""
    words = write_exchange(out, Exchange.RING_REQUEST, ring_request(mission).value())
    mission.close()
    answer({"deployment": deployment.hex(), "file": str(out), "words": words}, as_json=as_json)


def _unlocked(home: Path, passphrase_fd: int | None, key_file: Path | None) -> Mission:
    """Open a mission and its keys."""
    mission = Mission.open(home, SystemClock())
    mission.unlock(read_passphrase("Passphrase of the server's keys", passphrase_fd, key_file))
    return mission
