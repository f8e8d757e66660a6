"""The command line: a dispatcher that imports a side only when one of its commands is called.

A tablet has no server packages and a hub no Kivy, so nothing of ours is imported before the
first word of the command is known.
"""

import importlib
import sys
from typing import Final

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "client": ("mobile_client.commands", "Collect on this device: enrol, fill, finalize, sync."),
    "steward": ("server.commands.steward", "The steward's station: keys and approvals."),
    "server": ("server.commands.server", "The mission server: projects, devices, records."),
    "hub": ("server.commands.hub", "A coordinator's hub: carries sealed records, holds no key."),
    "station": ("server.commands.station", "The coordinator's station: completeness, quality."),
    "hq": ("server.commands.hq", "The HQ site: pulls and shows signed releases."),
    "app": ("server.commands.app", "App packages: sign, publish, list, withdraw."),
    "release": ("server.commands.release", "Tabulate, check, approve and sign a release."),
    "forms": ("server.commands.forms", "Author forms: check, convert, describe, play."),
    "lists": ("server.commands.lists", "Lists that forms read, and cases given to devices."),
    "xpath": ("server.commands.xpath", "Evaluate expressions: JSON lines in and out."),
    "merge": ("sync.commands.merge", "Merge revisions of one record: JSON in and out."),
    "log": ("sync.commands.log", "Show or verify a sealed log."),
    "bundle": ("sync.commands.bundle", "Inspect a bundle file."),
    "sync": ("sync.commands.sync", "Simulate a sync network."),
    "audit": ("server.commands.audit", "Verify the audit chain."),
    "demo": ("server.commands.demo", "Run the whole story on this machine."),
}


def usage() -> str:
    """Return the list of commands, one line each."""
    lines = ["Usage: cairn COMMAND [ARGS]...", "", "Commands:"]
    lines += [f"  {name:<9}{help_text}" for name, (_, help_text) in COMMANDS.items()]
    return "\n".join([*lines, "", "`cairn COMMAND --help` explains one."])


def main() -> None:
    """Run the command named first on the line; exit 2 with the list when there is none."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        sys.stdout.write(usage() + "\n")
        sys.exit(0 if arguments else 2)
    name = arguments[0]
    if name not in COMMANDS:
        sys.stderr.write(f"cairn: there is no command {name!r}\n\n{usage()}\n")
        sys.exit(2)
    try:
        module = importlib.import_module(COMMANDS[name][0])
    except ModuleNotFoundError as error:
        side = "client" if name == "client" else "server"
        sys.stderr.write(
            f"cairn {name}: the package {error.name} is missing here. "
            f"Install that side with: pip install 'cairn[{side}]'\n"
        )
        sys.exit(2)
    module.app(arguments[1:], prog_name=f"cairn {name}")


if __name__ == "__main__":
    main()
