"""`cairn app`: app packages. Sign one at the station, publish, list and withdraw at the server."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.acting import opened
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_passphrase,
)
from server.governance.exchange import Exchange, read_exchange
from server.governance.packages import (
    Described,
    describe_file,
    list_packages,
    publish_package,
    sign_package,
    withdraw_package,
)
from server.governance.station import Station
from shared.errors import UsageError
from shared.sealing.packages import ANY_PLATFORM, APP_NAME

app = CairnTyper(no_args_is_help=True, help=__doc__)


@app.command()
def sign(
    station: Annotated[Path, typer.Argument(help="The station's folder, on an offline medium.")],
    file: Annotated[Path, typer.Argument(help="The package: .apk, .deb, .whl, .zip ...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The signed manifest to write.")],
    version: Annotated[str, typer.Option(help="Up to four numbers, such as 1.4.0.")],
    changes: Annotated[
        list[str],
        typer.Option(help="What is new, in words: en=TEXT; once a language."),
    ],
    platform: Annotated[
        str, typer.Option(help="android-arm64, linux-x86_64, windows-x86_64 ... or any.")
    ] = ANY_PLATFORM,
    name: Annotated[str, typer.Option(help="What the package is called.")] = APP_NAME,
    log_format: Annotated[int, typer.Option(help="The oldest log format it can bring up.")] = 0,
    vault_format: Annotated[int, typer.Option(help="The oldest vault format it can bring up.")] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    passphrase_fd: PassphraseFd = None,
    as_json: JsonOption = False,
) -> None:
    """Sign an app package with the project root; the file itself stays as it is."""
    opened_station = Station.open(station, SystemClock())
    formats = log_format, vault_format
    said = Described(name, version, platform, _by_language(changes), formats)
    manifest = describe_file(file, said)
    typer.echo(f"{manifest.title}: {manifest.size} bytes, {manifest.hash.hex()}", err=True)
    if not yes and not typer.confirm("Is this the file you tested, by its SHA-256?"):
        raise UsageError("nothing was signed")
    passphrase = read_passphrase("Passphrase of the root key", passphrase_fd)
    payload = sign_package(opened_station, manifest, passphrase)
    words = opened_station.write(out, Exchange.DOCUMENTS, [payload])
    answer(
        {
            "package": manifest.title,
            "size": manifest.size,
            "sha256": manifest.hash.hex(),
            "file": str(out),
            "words": words,
        },
        as_json=as_json,
    )


@app.command()
def publish(
    signed: Annotated[Path, typer.Argument(help="The manifest the steward signed.")],
    file: Annotated[Path, typer.Argument(help="The package itself.")],
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Take a signed package in; hubs load it, devices are told with their next sync."""
    payloads, words = read_exchange(signed, Exchange.DOCUMENTS)
    if not isinstance(payloads, list) or len(payloads) != 1 or not isinstance(payloads[0], bytes):
        raise UsageError(f"{signed} does not hold one signed package")
    with opened(home) as mission:
        manifest = publish_package(mission, payloads[0], file)
    answer(
        {"package": manifest.title, "sha256": manifest.hash.hex(), "words": words},
        as_json=as_json,
    )


@app.command("list")
def list_command(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """List every package with what became of it."""
    with opened(home) as mission:
        rows = [
            {
                "package": one.manifest.title,
                "state": one.state,
                "size": one.manifest.size,
                "published_at": one.published_at.isoformat(timespec="seconds"),
                "sha256": one.manifest.hash.hex(),
                "reason": one.reason,
            }
            for one in list_packages(mission)
        ]
    answer_rows(rows, as_json=as_json, empty="no package is published")


@app.command()
def withdraw(
    package: Annotated[str, typer.Argument(help='"NAME VERSION PLATFORM", as `app list` says.')],
    why: Annotated[str, typer.Option("--why", help="The reason; devices and hubs are told it.")],
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Withdraw a package for good; hubs and devices delete it with their next sync."""
    with opened(home) as mission:
        since = withdraw_package(mission, package, why)
    answer({"package": package, "withdrawn_at": since.isoformat()}, as_json=as_json)


def _by_language(changes: list[str]) -> dict[str, str]:
    """Read `en=TEXT` items.

    Raises:
        UsageError: one is not of that form, or a language is named twice.
    """
    found: dict[str, str] = {}
    for item in changes:
        tag, equals, words = item.partition("=")
        if not equals or tag in found:
            raise UsageError('--changes is LANGUAGE=TEXT, once a language: --changes "en=Quicker."')
        found[tag] = words
    return found
