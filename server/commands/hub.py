"""`cairn hub`: a coordinator's laptop that carries sealed records where there is no network."""

import logging
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import segno
import typer

from server.commands.console import CairnTyper, JsonOption, SystemClock, answer, answer_rows
from server.hub.bundles import export_bundle, import_bundle
from server.hub.enrol import enrol_hub
from server.hub.forward import forward_once
from server.hub.home import KEYS, Hub, HubSettings, init_home, write_private
from server.hub.run import local_addresses, run_hub
from server.hub.status import age_text, hub_status
from shared.errors import CairnError, UsageError
from shared.sealing.enrol import parse_enrolment_code
from sync.package_shelf import Loaded
from sync.stores.lock import HomeLock

app = CairnTyper(no_args_is_help=True, help=__doc__)

HomeArgument = Annotated[Path, typer.Argument(help="The hub's folder.")]


@app.command()
def init(
    home: Annotated[Path, typer.Argument(help="The new hub's folder.")],
    code: Annotated[str, typer.Option(help="The mission server's enrolment code (CAIRN1...).")],
    label: Annotated[str, typer.Option(help="What people call this hub.")] = "Hub",
    listen: Annotated[str, typer.Option(help="HOST:PORT to answer on.")] = "0.0.0.0:8444",
    address: Annotated[
        list[str] | None,
        typer.Option(help="URL by which tablets reach this hub; may be repeated."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Enrol later.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a hub from an enrolment code, and enrol it if the mission server can be reached."""
    read = parse_enrolment_code(code)
    parts = urlsplit(f"//{listen}")
    if parts.hostname is None or parts.port is None:
        raise UsageError(f"{listen} is not HOST:PORT")
    addresses = tuple(address or local_addresses(parts.hostname, parts.port))
    settings = HubSettings(
        label=label,
        host=parts.hostname,
        port=parts.port,
        addresses=addresses,
        deployment=read.deployment.hex(),
        root_fingerprint=read.root_fingerprint.hex(),
        project=read.label,
        mission_addresses=read.addresses,
        mission_pin=(read.tls_pin or b"").hex(),
    )
    init_home(home, read, settings, SystemClock(), os.urandom)
    hub = Hub(home, SystemClock())
    try:
        note = "enrols later: cairn hub enrol" if offline else _try_to_enrol(hub)
        _show_code(hub, as_json=as_json, note=note)
    finally:
        hub.close()


def _try_to_enrol(hub: Hub) -> str:
    try:
        enrol_hub(hub)
    except CairnError as error:
        return f"not yet enrolled: {error.message}"
    return "enrolled"


@app.command()
def enrol(
    home: HomeArgument,
    code: Annotated[str | None, typer.Argument(help="A new code, if the first ran out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol a hub that was made without a line to its mission server."""
    hub = Hub(home, SystemClock())
    try:
        if code is not None:
            read = parse_enrolment_code(code)
            if read.deployment != hub.peer.directory.deployment:
                raise UsageError("this code is of another project than the hub")
            write_private(home / KEYS / "token", read.token)
        enrol_hub(hub)
        _show_code(hub, as_json=as_json, note="enrolled")
    finally:
        hub.close()


@app.command()
def run(
    home: HomeArgument,
    announce: Annotated[
        bool, typer.Option(help="Tell the local network that this hub is here (mDNS).")
    ] = True,
) -> None:
    """Serve tablets on the local network and forward whenever there is a line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with HomeLock(home):
        hub = Hub(home, SystemClock())
        sys.stdout.write(f"hub {hub.settings.label}: page at {_page_url(hub)}\n")
        sys.stdout.flush()
        try:
            run_hub(hub, announce=announce)
        finally:
            hub.close()


@app.command()
def code(home: HomeArgument, as_json: JsonOption = False) -> None:
    """Show the code that a tablet scans or pastes to use this hub."""
    hub = Hub(home, SystemClock())
    try:
        _show_code(hub, as_json=as_json, note=None)
    finally:
        hub.close()


@app.command()
def sync(home: HomeArgument, as_json: JsonOption = False) -> None:
    """Forward to the mission server now."""
    hub = Hub(home, SystemClock())
    try:
        if not hub.is_enrolled:
            enrol_hub(hub)
        report = forward_once(hub)
        answer(
            {
                "sent": report.sent,
                "received": report.received,
                "chunks_sent": report.chunks_sent,
                "complete": report.complete,
                "troubles": [f"{t.log.author.hex()[:8]}: {t.reason}" for t in report.troubles],
            },
            as_json=as_json,
        )
    finally:
        hub.close()


@app.command("export")
def export_command(
    home: HomeArgument,
    file: Annotated[Path, typer.Argument(help="The bundle file to write.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Also what the mission server has signed for.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write what the mission server lacks into a bundle file for a stick."""
    hub = Hub(home, SystemClock())
    try:
        files = export_bundle(hub, file, everything=everything)
        answer({"files": [str(path) for path in files]}, as_json=as_json)
    finally:
        hub.close()


@app.command("import")
def import_command(
    home: HomeArgument,
    files: Annotated[list[Path], typer.Argument(help="Bundle files, in any order.")],
    reply: Annotated[
        Path | None,
        typer.Option("--answer", help="Write the answer here; several get a name each."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in bundle files from tablets or from the mission server."""
    hub = Hub(home, SystemClock())
    try:
        taken = import_bundle(hub, files, reply)
        answer(asdict(taken), as_json=as_json)
    finally:
        hub.close()


@app.command()
def status(home: HomeArgument, as_json: JsonOption = False) -> None:
    """Show what the hub holds, by device, age and state."""
    clock = SystemClock()
    hub = Hub(home, clock)
    try:
        now = clock.now()
        state = hub_status(hub)
        rows = [
            {
                "device": row.device,
                "state": str(row.state),
                "held": row.held,
                "waiting": row.waiting,
                "longest_wait": age_text(row.oldest_waiting, now),
                "last_seen": age_text(row.last_seen, now),
                "attachments_missing": row.attachments_missing,
                "attachment_bytes": row.attachment_bytes,
                "attachment_bytes_wanted": row.attachment_bytes_wanted,
                "revoked": row.revoked,
            }
            for row in state.devices
        ]
        if as_json:
            answer(
                {
                    "label": state.label,
                    "project": state.project,
                    "enrolled": state.enrolled,
                    "waiting": state.waiting,
                    "devices": rows,
                    "packages": [_package_row(one) for one in state.packages],
                },
                as_json=True,
            )
        else:
            answer_rows(rows, as_json=False, empty="no device has handed anything over yet")
    finally:
        hub.close()


@app.command()
def packages(
    home: HomeArgument,
    save: Annotated[
        Path | None, typer.Option(help="Write every package that is whole into this folder.")
    ] = None,
    platform: Annotated[str, typer.Option(help="Only those for this platform.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show the app packages this hub carries, and write them as verified files for a stick."""
    hub = Hub(home, SystemClock())
    try:
        carried = [
            one
            for one in hub.peer.packages.offered()
            if not platform or one.manifest.suits(platform)
        ]
        rows = [_package_row(one) for one in carried]
        if save is not None:
            save.mkdir(parents=True, exist_ok=True)
            for one, row in zip(carried, rows, strict=True):
                target = save / one.manifest.file_name
                if one.whole and not target.exists():
                    row["file"] = str(hub.peer.packages.save(one.manifest, target))
        answer_rows(rows, as_json=as_json, empty="no package is offered, as far as this hub knows")
    finally:
        hub.close()


def _package_row(loaded: Loaded) -> dict[str, object]:
    manifest = loaded.manifest
    return {
        "package": manifest.title,
        "size": manifest.size,
        "loaded": loaded.received,
        "whole": loaded.whole,
        "file": None,
    }


def _page_url(hub: Hub) -> str:
    return f"https://127.0.0.1:{hub.settings.port}/"


def _show_code(hub: Hub, *, as_json: bool, note: str | None) -> None:
    text = hub.code().text()
    content = {
        "label": hub.settings.label,
        "enrolled": hub.is_enrolled,
        "addresses": list(hub.settings.addresses),
        "code": text,
    }
    if note is not None:
        content["note"] = note
    answer(content, as_json=as_json)
    if not as_json and sys.stdout.isatty():
        segno.make(text, error="l").terminal(compact=True)
