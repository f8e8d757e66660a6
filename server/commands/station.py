"""`cairn station`: completeness and quality for the coordinator, from what a hub carries."""

import logging
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

from server.commands.console import (
    CairnTyper,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    host_port,
    read_passphrase,
)
from server.station.app import create_app, is_loopback, new_token
from server.station.groups import Group
from server.station.home import StationHome
from server.station.page import attention
from server.station.picture import Chosen, Picture
from server.station.watch import Watch
from server.station.words import words_for
from shared.errors import UsageError
from shared.sealing.keys import Suite
from shared.sealing.passphrase import VAULT_COST
from sync.stores.lock import HomeLock

app = CairnTyper(no_args_is_help=True, help=__doc__)

HomeArgument = Annotated[Path, typer.Argument(help="The station's folder.")]
HubOption = Annotated[Path, typer.Option("--hub", help="The folder of a hub on this laptop.")]
RequestOption = Annotated[
    Path, typer.Option("--request", "-o", help="Write the steward's request here.")
]
FileArgument = Annotated[Path, typer.Argument(help="A CSV file, UTF-8.")]
_KEY_QUESTION = "Passphrase of the coordinator's key"


@app.command()
def init(
    home: HomeArgument,
    hub: HubOption,
    request: RequestOption,
    label: Annotated[str, typer.Option(help="Who asks; the steward sees it.")] = "",
    passphrase_fd: PassphraseFd = None,
    x25519: Annotated[
        bool, typer.Option("--x25519", help="Suite 1, for platforms without ML-KEM.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a station beside a hub, with a new coordinator's key, and the request for its ring."""
    station = StationHome.create(home, hub, label)
    passphrase = read_passphrase(_KEY_QUESTION, passphrase_fd, confirm=True)
    key = station.begin(passphrase, Suite.X25519 if x25519 else Suite.HYBRID, VAULT_COST)
    words = station.write_request(request, key)
    _requested(station, key.public.key_id.hex(), request, words, as_json=as_json)


def _requested(
    station: StationHome, key_id: str, request: Path, words: str, *, as_json: bool
) -> None:
    content = {
        "project": station.settings.project,
        "key_id": key_id,
        "request": str(request),
        "words": words,
        "next": "the steward: cairn steward coordinator STEWARD REQUEST, then a new ring",
    }
    answer(content, as_json=as_json)


@app.command()
def rotate(
    home: HomeArgument,
    request: RequestOption,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Make the key of a new period; earlier keys stay for what comes late."""
    station = StationHome.open(home)
    key = station.rotate(read_passphrase(_KEY_QUESTION, passphrase_fd), VAULT_COST)
    words = station.write_request(request, key)
    _requested(station, key.public.key_id.hex(), request, words, as_json=as_json)


@app.command()
def forget(
    home: HomeArgument,
    key_id: Annotated[str, typer.Argument(help="Which earlier key, by its id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy the key of an earlier period: what was sealed to it is never opened again."""
    station = StationHome.open(home)
    if not yes and not typer.confirm(f"Destroy key {key_id} for good?"):
        raise UsageError("nothing was destroyed")
    left = station.forget(key_id, read_passphrase(_KEY_QUESTION, passphrase_fd), VAULT_COST)
    answer({"forgotten": key_id, "keys_left": left}, as_json=as_json)


@app.command("add-hub")
def add_hub(home: HomeArgument, hub: HubOption, as_json: JsonOption = False) -> None:
    """Read one more hub of the same project; what two hold is counted once."""
    station = StationHome.open(home)
    station.add_hub(hub)
    answer({"hubs": list(station.settings.hubs)}, as_json=as_json)


@app.command()
def targets(home: HomeArgument, file: FileArgument, as_json: JsonOption = False) -> None:
    """Take targets from a CSV: location, target, and where wanted name, round, form."""
    taken = StationHome.open(home).set_targets(_read(file))
    total = sum(target.target for target in taken)
    answer({"locations": len(taken), "target": total}, as_json=as_json)


@app.command()
def names(home: HomeArgument, file: FileArgument, as_json: JsonOption = False) -> None:
    """Take names from a CSV: device, and where wanted name, team, enumerator."""
    taken = StationHome.open(home).set_names(_read(file))
    answer({"names": len(taken)}, as_json=as_json)


@app.command()
def show(
    home: HomeArgument,
    round_id: Annotated[str, typer.Option("--round", help="One round only.")] = "",
    form_id: Annotated[str, typer.Option("--form", help="One form only.")] = "",
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Show completeness and quality as they stand now."""
    watch = _unlock(home, passphrase_fd, key_file)
    picture = watch.look(Chosen(round_id, form_id))
    if as_json:
        answer(asdict(picture), as_json=True)
    else:
        _tell(picture)


@app.command()
def run(
    home: HomeArgument,
    listen: Annotated[
        str, typer.Option(help="HOST:PORT to answer on; loopback only.")
    ] = "127.0.0.1:8446",
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
) -> None:
    """Serve the page on this laptop alone; it renews itself as the hub receives."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    host, port = host_port(listen)
    if not is_loopback(host):
        raise UsageError(f"the page answers on loopback alone, such as 127.0.0.1:8446, not {host}")
    with HomeLock(home):
        watch = _unlock(home, passphrase_fd, key_file)
        token = new_token(os.urandom)
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"station: page at http://{shown}:{port}/?key={token}\n")
        sys.stdout.flush()
        uvicorn.run(
            create_app(watch, token),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
        )


def _unlock(home: Path, passphrase_fd: int | None, key_file: Path | None) -> Watch:
    station = StationHome.open(home)
    keys = station.unlock(read_passphrase(_KEY_QUESTION, passphrase_fd, key_file))
    return Watch(station, keys, SystemClock())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _tell(picture: Picture) -> None:
    """Print the picture for people; scripts take --json."""
    for line in attention(picture, words_for("en")):
        sys.stdout.write(f"! {line}\n")
    total = picture.total
    left = "" if picture.goal is None else f", {picture.goal.left} of {picture.goal.target} left"
    sys.stdout.write(f"{picture.project}: {total.complete} complete{left}, {total.visits} visits, ")
    sys.stdout.write(f"response rate {_percent(total.response_rate)}\n\n")
    places = [
        {
            "location": place.name or place.location,
            "complete": place.counts.complete,
            "target": place.target,
            "left": place.left,
            "state": place.state.replace("_", " "),
            **_ends(place.counts),
        }
        for place in picture.places
    ]
    answer_rows(places, as_json=False, empty="no visit and no target yet")
    sys.stdout.write("\n")
    devices = [
        {
            "device": row.name or row.device,
            "last_heard": row.seen_at or "never",
            "visits": row.counts.visits,
            "complete": row.counts.complete,
            "median_min": None if row.counts.median_s is None else row.counts.median_s // 60,
            "too_short": row.counts.too_short,
            "too_long": row.counts.too_long,
            "flagged": row.counts.flagged,
        }
        for row in picture.devices
    ]
    answer_rows(devices, as_json=False, empty="no device is known yet")


def _ends(counts: Group) -> dict[str, Any]:
    return {
        "response": _percent(counts.response_rate),
        "refused": counts.refused,
        "absent": counts.absent,
        "inaccessible": counts.inaccessible,
        "abandoned": counts.abandoned,
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
