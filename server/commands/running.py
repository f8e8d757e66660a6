"""`cairn server run`: answer devices and people, and take in what they bring."""

import json
import logging
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from server.commands.console import (
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    host_port,
    read_passphrase,
)
from server.jobs.processes import WorkerProcesses
from server.main import create_app
from server.mission import Mission
from server.settings import Listen, check_listen
from server.setup import CERTIFICATE_FILE, TLS_KEY_FILE, tls_pin
from shared.errors import UsageError

BACKLOG: Final = 512
KEEP_ALIVE_S: Final = 30


def run(
    home_argument: Annotated[
        Path | None, typer.Argument(metavar="[HOME]", help="The server's home; else --home.")
    ] = None,
    home: HomeOption = Path(),
    listen: Annotated[str | None, typer.Option(help="HOST:PORT instead of the settings'.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Intake processes instead of the settings'.")
    ] = None,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Answer devices and people until told to stop (Ctrl-C, SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # uvicorn ends gracefully and then raises the signal again: that must not skip our own ending.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    mission = Mission.open(home_argument or home, SystemClock())
    mission.unlock(read_passphrase("Passphrase of the server's keys", passphrase_fd, key_file))
    if listen is not None:
        mission.settings = replace(
            mission.settings, listen=_listen(mission.settings.listen, listen)
        )
    app = create_app(mission)
    bound = _bind(mission.settings.listen)
    count = mission.settings.intake.workers if workers is None else workers
    processes = WorkerProcesses(mission, count)
    processes.start()
    try:
        server = uvicorn.Server(_config(mission, app))
        _say_ready(mission, bound, as_json=as_json)
        server.run(sockets=[bound])
    finally:
        processes.stop()
        bound.close()
        mission.close()


def _config(mission: Mission, app: object) -> uvicorn.Config:
    """Return uvicorn's configuration; TLS unless a proxy on loopback does it."""
    keys = mission.settings.keys_folder
    tls = {}
    if not mission.settings.listen.plain_http:
        tls = {
            "ssl_certfile": str(keys / CERTIFICATE_FILE),
            "ssl_keyfile": str(keys / TLS_KEY_FILE),
            "ssl_keyfile_password": mission.keychain.tls_password.decode(),
        }
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=BACKLOG,
        **tls,  # type: ignore[arg-type]
    )


def _bind(listen: Listen) -> socket.socket:
    """Take the port before anything else is started.

    Raises:
        UsageError: it is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listen.host, listen.port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"cannot listen on {listen.host}:{listen.port}: {error.strerror}; "
            "choose another with --listen HOST:PORT"
        ) from error
    return bound


def _listen(settings: Listen, text: str) -> Listen:
    host, port = host_port(text)
    changed = replace(settings, host=host, port=port)
    check_listen(changed)
    return changed


def _say_ready(mission: Mission, bound: socket.socket, *, as_json: bool) -> None:
    """Tell where the server answers; scripts wait for this line."""
    listen = replace(mission.settings.listen, port=bound.getsockname()[1])
    pin = tls_pin(mission.settings)
    if as_json:
        line = json.dumps({"url": listen.base_url, "tls_pin": pin.hex() if pin else None})
    else:
        line = f"Mission server at {listen.base_url}; stop it with Ctrl-C."
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
