"""The demonstration from nothing to a published number, with its own proof at the end."""

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.demo.canaries import count_hits
from server.demo.country import read_country
from server.demo.interviews import read_shipped
from server.demo.office import DEVICE_PASSPHRASE, Homes, Office, call, call_json
from server.demo.plan import DEVICES, ENUMERATORS, ROUNDS, SHARES, Plan, make_plan
from server.demo.processes import ROOT, DemoFailed, Probe, Service
from server.demo.season import Season, scanned_folders
from server.demo.story import Story
from server.demo.truth import Truth
from shared.clock import Clock

FORMS: Final = ROOT / "forms"
PRODUCTS: Final = (
    "idp_stock_sex_age",
    "returnee_stock_sex_age",
    "idp_households_shelter",
    "registered_persons",
    "flows_sex_age",
    "events_cause",
)
"""What the demonstration publishes: a table of each kind; all of them only take longer."""
CHECK: Final = ROOT / "tests" / "support" / "check_published.py"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three services answer."""

    server: str
    hub: str
    hq: str


class Demo:
    """One run, in a folder of its own."""

    def __init__(
        self, folder: Path, seed: int, interviews: int, story: Story, clock: Clock
    ) -> None:
        self.homes = Homes(folder / "world")
        self.folder = folder
        self.story = story
        self.clock = clock
        self.plan: Plan = make_plan(seed, interviews, read_country(FORMS / "media"))
        self.office = Office(self.homes)
        self.services: list[Service] = []
        self.ports = {name: free_port() for name in ("server", "hub", "hq")}
        self.hub_code = ""

    @property
    def addresses(self) -> Addresses:
        """Return the addresses to open."""
        ports = self.ports
        return Addresses(
            f"https://127.0.0.1:{ports['server']}",
            f"https://127.0.0.1:{ports['hub']}",
            f"http://127.0.0.1:{ports['hq']}",
        )

    def play(self) -> dict[str, Any]:
        """Set up, play three rounds, publish, check; return the summary."""
        self._clear()
        self._open_office()
        self._enrol()
        season = self._season()
        with self.story.progress("interviews", len(self.plan.tasks)) as step:
            season.step = step
            for number in ROUNDS:
                self._round(season, number)
        return self._conclude(season)

    def stop(self) -> None:
        """End every service, the last started first."""
        for service in reversed(self.services):
            service.stop()

    def _clear(self) -> None:
        """Remove what an earlier demonstration left; only ever this folder of ours."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.homes.make()

    def _open_office(self) -> None:
        with self.story.progress("office", 4 + len(SHARES)) as step:
            self.office.found(self.ports["server"])
            step(1)
            self.office.govern()
            self.office.staff()
            step(1)
            for form in SHARES:
                self.office.publish(FORMS / f"{form}.xlsx")
                step(1)
            self._serve("server", "run", str(self.homes.server), "--key-file",
                        str(self.homes.key_file))  # fmt: skip
            step(1)
            self._open_hub()
            self._open_hq()
            step(1)

    def _open_hub(self) -> None:
        code = self.office.invite("Hub North", hub=True)
        log = self.homes.logs / "office.log"
        call(log, "hub", "init", str(self.homes.hub), "--code", code, "--label", "Hub North",
             "--listen", f"127.0.0.1:{self.ports['hub']}", "--json")  # fmt: skip
        self._serve("hub", "run", str(self.homes.hub))
        self.hub_code = str(call_json(log, "hub", "code", str(self.homes.hub))["code"])

    def _open_hq(self) -> None:
        log = self.homes.logs / "office.log"
        home = ("--home", str(self.homes.hq))
        call(log, "hq", "init", *home)
        call(log, "hq", "add", "quelora", *home, "--from", self.addresses.server,
             "--root", self.office.root, "--tls-pin", self.office.tls_pin)  # fmt: skip
        self._serve("hq", "run", *home, "--port", str(self.ports["hq"]))

    def _serve(self, role: str, *words: str) -> None:
        service = Service(role, (role, *words), self.homes.logs / f"{role}.log")
        self.services.append(service)
        service.wait_until(Probe(getattr(self.addresses, role)))

    def _enrol(self) -> None:
        with self.story.progress(
            "devices", sum(len(crew) for crew in ENUMERATORS.values())
        ) as step:
            for name in DEVICES:
                first, *others = ENUMERATORS[name]
                home = ("--home", str(self.homes.devices / name))
                log = self.homes.logs / f"{name}.log"
                code = self.office.invite(name)
                call(log, "client", *home, "enrol", code, "--name", first, "--label", name,
                     "--json", passphrase=DEVICE_PASSPHRASE)  # fmt: skip
                step(1)
                for other in others:
                    call(log, "client", *home, "add-enumerator", "--name", other, "--json",
                         passphrase=DEVICE_PASSPHRASE)  # fmt: skip
                    step(1)

    def _season(self) -> Season:
        season = Season(
            plan=self.plan,
            homes=self.homes,
            office=self.office,
            forms={name: read_shipped(FORMS, name) for name in SHARES},
            hub_code=self.hub_code,
            truth=Truth(self.plan.seed),
            step=lambda _: None,
            clock=self.clock,
        )
        self._forward()
        season.forms_arrive()
        return season

    def _round(self, season: Season, number: int) -> None:
        """Play one round; what happens besides interviews is told as it happens."""
        tell = self.story.tell
        season.interview(number)
        if number == ROUNDS[1]:
            season.edit_twice()
            season.correct(at=number)
            season.withdraw(at=number)
        season.hand_over()
        self._take_in()
        if number == ROUNDS[0]:
            season.assign()
            self._forward()
            season.hand_over()
        if number == ROUNDS[1]:
            season.settle(at=number)
            self._take_in()
        # The stick has left for this round: what is done now travels with the next.
        season.interview_late(number)
        release = self.office.release(PRODUCTS, FORMS)
        call(self.homes.logs / "office.log", "hq", "pull", "--home", str(self.homes.hq))
        tell(f"Round {number}: release {release['number']} published and pulled by HQ.")

    def _take_in(self) -> dict[str, Any]:
        """Have the hub forward, then take in everything that waits."""
        self._forward()
        return self.office.work()

    def _forward(self) -> None:
        """Let the hub meet the mission server now, instead of when it next would."""
        call(self.homes.logs / "office.log", "hub", "sync", str(self.homes.hub), "--json")

    def _conclude(self, season: Season) -> dict[str, Any]:
        counts = self._take_in()
        summary: dict[str, Any] = season.summary(counts)
        season.truth.write(self.folder / "truth.json")
        checked = self._check()
        summary["released_cells"] = checked["published"]
        summary["suppressed_cells"] = checked["hidden"]
        summary["wrong_cells"] = checked["wrong"]
        summary["canary_plaintext_hits"] = {
            name: count_hits(paths) for name, paths in scanned_folders(self.homes).items()
        }
        (self.folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
        self.story.sums(summary)
        return summary

    def _check(self) -> dict[str, Any]:
        """Have the published numbers compared by a script that imports nothing of Cairn."""
        releases = self.homes.server / "releases" / "public"
        done = subprocess.run(
            [
                sys.executable, str(CHECK), str(self.folder / "truth.json"),
                str(FORMS / "products.json"), str(FORMS / "media"), str(releases),
            ],
            capture_output=True, text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        if not done.stdout:
            raise DemoFailed(f"the check of the numbers failed: {done.stderr[-1000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        (self.folder / "check.json").write_text(done.stdout)
        return found


def faults(summary: dict[str, Any]) -> list[str]:
    """Return what does not add up, in words; empty when all does."""
    s = summary
    rules = {
        "started = refused + abandoned + finalized": s["started"]
        == s["refused"] + s["abandoned"] + s["finalized"],
        "received = resolved + held + quarantined": s["received"]
        == s["resolved"] + s["held"] + s["quarantined"],
        "live records = finalized - withdrawn": s["live_records"]
        == s["finalized"] - s["withdrawn"],
        "live records = analytic rows": s["live_records"] == s["analytic_rows"],
        "no identifier in the clear": not any(s["canary_plaintext_hits"].values()),
        "every published cell equals the truth": s["wrong_cells"] == 0,
    }
    return [rule for rule, holds in rules.items() if not holds]


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
