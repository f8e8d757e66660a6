"""`cairn server devices` and `cairn server users`: who may speak to the server, who may log in."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import segno
import typer

from server.commands.console import (
    PASSPHRASE_VARIABLE,
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_key_file,
    read_passphrase,
)
from server.governance.enrolment import HOURS_DEFAULT, invite, list_devices, revoke
from server.governance.users import add_user, disable_user, list_users
from server.mission import Mission
from server.tables.project import DeviceKind

devices_app = CairnTyper(no_args_is_help=True, help="Devices and hubs: invite, list, revoke.")
users_app = CairnTyper(no_args_is_help=True, help="People who log in: add, list, disable.")
PASSWORD_VARIABLE = "CAIRN_PASSWORD"  # noqa: S105 - a name, not a secret


@devices_app.command("invite")
def invite_device(
    label: Annotated[str, typer.Option(help="What the device is called.")],
    home: HomeOption = Path(),
    kind: Annotated[DeviceKind, typer.Option(help="A tablet, or a coordinator's hub.")] = (
        DeviceKind.DEVICE
    ),
    hours: Annotated[int, typer.Option(min=1, help="How long the code works.")] = HOURS_DEFAULT,
    key_file: KeyFile = None,
    png: Annotated[Path | None, typer.Option(help="Also write the QR code to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an enrolment code that works once, as text and as a QR code."""
    if key_file is not None:
        read_key_file(key_file)  # not needed, but a wrong one is told
    mission = Mission.open(home, SystemClock())
    try:
        made = invite(mission, label, kind, hours=hours)
    finally:
        mission.close()
    code = made.code.text()
    qr = segno.make(code, error="l")
    if png is not None:
        qr.save(str(png), scale=6, border=3)
    content: dict[str, Any] = {
        "code": code,
        "label": made.label,
        "kind": made.kind.value,
        "expires_ms": made.code.expires_ms,
        "png": str(png) if png else None,
    }
    if as_json:
        answer(content, as_json=True)
        return
    qr.terminal(out=sys.stdout, compact=True)
    answer(content, as_json=False, text=code)


@devices_app.command("list")
def show_devices(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """List devices and hubs."""
    mission = Mission.open(home, SystemClock())
    try:
        rows = list_devices(mission)
    finally:
        mission.close()
    answer_rows(rows, as_json=as_json, empty="No device is enrolled yet.")


@devices_app.command("revoke")
def revoke_device(
    device: Annotated[str, typer.Argument(help="Its label, or its author's first digits.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept and broadcast.")],
    home: HomeOption = Path(),
    lost: Annotated[
        bool, typer.Option("--lost", help="Have it destroy its vaults at next contact.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Accept nothing later from a device; what it sends then waits for a coordinator."""
    mission = Mission.open(home, SystemClock())
    try:
        accepted = revoke(mission, device, reason, lost=lost)
    finally:
        mission.close()
    answer({"revoked": device, "accepted_through": accepted}, as_json=as_json)


@users_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The person's login name.")],
    role: Annotated[list[str], typer.Option(help="A role; may be repeated.")],
    home: HomeOption = Path(),
    password_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account, or change its roles and password.

    The password comes from a prompt, a descriptor, CAIRN_PASSWORD or CAIRN_PASSPHRASE.
    """
    variable = PASSWORD_VARIABLE if PASSWORD_VARIABLE in os.environ else PASSPHRASE_VARIABLE
    password = read_passphrase(f"Password of {name}", password_fd, confirm=True, variable=variable)
    mission = Mission.open(home, SystemClock())
    try:
        add_user(mission, name, role, password)
    finally:
        mission.close()
    answer({"user": name, "roles": sorted(set(role))}, as_json=as_json)


@users_app.command("list")
def show_users(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """List accounts and their roles."""
    mission = Mission.open(home, SystemClock())
    try:
        rows = list_users(mission)
    finally:
        mission.close()
    answer_rows(rows, as_json=as_json, empty="No account yet.")


@users_app.command("disable")
def disable(
    name: Annotated[str, typer.Argument(help="The person's login name.")],
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Close an account and end its sessions at once."""
    mission = Mission.open(home, SystemClock())
    try:
        disable_user(mission, name)
    finally:
        mission.close()
    answer({"disabled": name}, as_json=as_json)
