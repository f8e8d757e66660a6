"""The mission office of the demonstration: steward's station, mission server, hub, HQ site.

Set-up uses the commands a person would type, called in this process where that saves starting an
interpreter for each; what runs for long runs as a process of its own.
"""

import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from cairn import COMMANDS
from server.demo.processes import DemoFailed

STEWARD_PASSPHRASE: Final = "seven grey herons cross the quiet delta"  # noqa: S105 - a demonstration
DEVICE_PASSPHRASE: Final = "lantern orchard velvet compass marble gravel"  # noqa: S105 - a demonstration
STAFF_PASSPHRASE: Final = "harbour ninety willow copper drift"  # noqa: S105 - a demonstration
COORDINATOR: Final = "leyla"
STEWARD: Final = "marcos"
SECOND: Final = "noor"
_ACTING: Final = ("--as", COORDINATOR)
PROJECT: Final = "Quelora displacement tracking"
CONTROLLER: Final = "IOM Quelora (fictional)"


@dataclass(frozen=True, slots=True)
class Homes:
    """Where everything of a demonstration lies, under one folder."""

    root: Path

    @property
    def steward(self) -> Path:
        """The station's folder: on an offline medium in life."""
        return self.root / "steward"

    @property
    def server(self) -> Path:
        """The mission server's home."""
        return self.root / "server"

    @property
    def key_file(self) -> Path:
        """What opens the server's keys at an unattended start."""
        return self.root / "server.key"

    @property
    def hub(self) -> Path:
        """The coordinator's hub."""
        return self.root / "hub"

    @property
    def hq(self) -> Path:
        """The HQ site."""
        return self.root / "hq"

    @property
    def devices(self) -> Path:
        """One folder a device."""
        return self.root / "devices"

    @property
    def papers(self) -> Path:
        """Files carried between server and station, bundles, answers."""
        return self.root / "papers"

    @property
    def logs(self) -> Path:
        """What every process printed."""
        return self.root / "logs"

    def make(self) -> None:
        """Create the folders that no command makes."""
        for folder in (self.root, self.devices, self.papers, self.logs):
            folder.mkdir(parents=True, exist_ok=True)


def call(
    log: Path, *words: str, passphrase: str | None = None, variable: str = "CAIRN_PASSPHRASE"
) -> str:
    """Run one `cairn` command in this process and return what it printed.

    Raises:
        DemoFailed: it refused.
    """
    module = import_module(COMMANDS[words[0]][0])
    said, complained = io.StringIO(), io.StringIO()
    status: Any = 0
    if passphrase is not None:
        os.environ[variable] = passphrase
    try:
        with redirect_stdout(said), redirect_stderr(complained):
            module.app(list(words[1:]), prog_name=f"cairn {words[0]}")
    except SystemExit as ending:
        status = ending.code
    finally:
        os.environ.pop(variable, None)
    with log.open("a", encoding="utf-8") as sink:
        sink.write(f"$ cairn {' '.join(words)}\n{said.getvalue()}{complained.getvalue()}")
    if status not in (0, None):
        raise DemoFailed(f"`cairn {' '.join(words)}`: {complained.getvalue().strip()[-1500:]}")
    return said.getvalue()


def call_json(log: Path, *words: str, passphrase: str | None = None) -> Any:
    """Run a command with `--json` and return what it answers."""
    return json.loads(call(log, *words, "--json", passphrase=passphrase).strip().splitlines()[-1])


class Office:
    """Commands of steward and administrator, in the order a mission would type them."""

    def __init__(self, homes: Homes) -> None:
        self.homes = homes
        self.log = homes.logs / "office.log"
        self.root = ""
        self.tls_pin = ""

    def found(self, port: int) -> None:
        """Make the station, the server, the project and its key ring."""
        homes = self.homes
        self.root = str(self._steward("init", str(homes.steward))["root_fingerprint"])
        made = call_json(
            self.log, "server", "init", str(homes.server), "--listen", f"127.0.0.1:{port}",
            "--new-key-file", str(homes.key_file),
        )  # fmt: skip
        self.tls_pin = str(made["tls_pin"])
        request, signed = homes.papers / "ring.request", homes.papers / "ring.signed"
        self._server(
            "project", "create", "--name", PROJECT, "--controller", CONTROLLER, "-o", str(request)
        )
        self._steward("ring", str(homes.steward), str(request), "-o", str(signed), "--yes")
        self._server("project", "import-ring", str(signed))

    def govern(self) -> None:
        """Write, sign and publish the policy."""
        homes = self.homes
        policy, signed = homes.papers / "policy.toml", homes.papers / "policy.signed"
        call(self.log, "steward", "policy-template", "-o", str(policy))
        policy.write_text(filled_policy(policy.read_text("utf-8")), "utf-8")
        self._steward("approve-policy", str(homes.steward), str(policy), "-o", str(signed), "--yes")
        call_json(self.log, "server", "policy", "publish", str(signed), *self._home)

    def publish(self, form: Path) -> None:
        """Propose, sign and publish one form."""
        papers = self.homes.papers
        request, signed = papers / f"{form.stem}.request", papers / f"{form.stem}.signed"
        call_json(
            self.log, "server", "forms", "propose", str(form), "-o", str(request), *self._home
        )
        self._steward(
            "approve-form", str(self.homes.steward), str(request), "-o", str(signed), "--yes"
        )
        call_json(self.log, "server", "forms", "publish", str(signed), *self._home)

    def staff(self) -> None:
        """Add the people who act at the server."""
        people = ((COORDINATOR, "coordinator"), (STEWARD, "steward"), (SECOND, "steward"))
        for name, role in people:
            call(
                self.log, "server", "users", "add", name, "--role", role, *self._home, "--json",
                passphrase=STAFF_PASSPHRASE, variable="CAIRN_PASSWORD",
            )  # fmt: skip

    def invite(self, label: str, *, hub: bool = False) -> str:
        """Return an enrolment code for a device or hub."""
        kind = "hub" if hub else "device"
        made = self._server("devices", "invite", "--label", label, "--kind", kind)
        return str(made["code"])

    def work(self) -> dict[str, Any]:
        """Take in whatever waits and return the server's counts."""
        done = call_json(
            self.log, "server", "work", str(self.homes.server), "--once",
            "--key-file", str(self.homes.key_file),
        )  # fmt: skip
        counts: dict[str, Any] = done["counts"]
        return counts

    def assign(self, record: str, device: str) -> None:
        """Send a record's state to a device for follow-up."""
        self._server("assign", record, "--to", device, *_ACTING, "--purpose", "statistics")

    def settle_conflicts(self, wanted: Mapping[str, str]) -> int:
        """Settle every open conflict with the wanted answer by field path; return how many."""
        settled = 0
        for row in call_json(self.log, "server", "conflicts", "list", *_ACTING, *self._home):
            record = row["record"]
            shown = self._server("conflicts", "show", record, *_ACTING, "--purpose", "statistics")
            for one in shown:
                path = re.sub(r"\[[0-9a-f]+\]", "", str(one["unit"]))
                self._server(
                    "conflicts", "resolve", record, str(one["unit"]), *_ACTING,
                    "--purpose", "statistics", "--why", "asked the family again",
                    "--set", f"{one['unit']}={wanted[path]}",
                )  # fmt: skip
                settled += 1
        return settled

    def take_bundle(self, file: Path, reply: Path) -> None:
        """Take a device's bundle in and write the answer for it."""
        self._server("take-bundle", str(file), "--answer", str(reply))

    def release(self, products: Sequence[str], forms: Path) -> dict[str, Any]:
        """Tabulate, check, approve and publish the next public release."""
        printed = call(
            self.log, "release", "make", *self._unlocked, "--json",
            "--products", str(forms / "products.json"), "--areas", str(forms / "media"),
            "--only", ",".join(products), "--approve-as", STEWARD, "--approve-as", SECOND,
        )  # fmt: skip
        last: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
        return last

    @property
    def _home(self) -> tuple[str, str]:
        return "--home", str(self.homes.server)

    @property
    def _unlocked(self) -> tuple[str, ...]:
        return (*self._home, "--key-file", str(self.homes.key_file))

    def _server(self, *words: str) -> Any:
        return call_json(self.log, "server", *words, *self._unlocked)

    def _steward(self, *words: str) -> Any:
        return call_json(self.log, "steward", *words, passphrase=STEWARD_PASSPHRASE)


def filled_policy(template: str) -> str:
    """Return the built-in policy with what a steward must fill in."""
    values = {
        "controller": f'"{CONTROLLER}"',
        "legal_basis": '"Agreement of cooperation 2026-1 (fictional)"',
        "approver": '"A. Steward"',
        "from_day": "2026-01-01",
        "until_day": "2027-12-31",
    }
    for name, value in values.items():
        template = re.sub(
            rf"^(?:# )?{name} = .*$", f"{name} = {value}", template, count=1, flags=re.MULTILINE
        )
    return template
