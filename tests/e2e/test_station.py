"""Two tablets, a hub, a station and a mission server, all real processes: the numbers are right.

What the station shows is held against a count that this test keeps of what it did itself
(STN-001, STN-011, STN-032, STN-036, STN-052), also after kills (STN-022), and no canary of the
interviews is in anything that the coordinator's laptop holds or shows.
"""

import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from client_kit import HOUSEHOLD, xform_of
from whole_way import CANARY, WholeWay, free_port

from server.demo.office import call, call_json
from server.demo.processes import DemoFailed, Probe, Service
from sync.core.hub_code import parse_hub_code

PASSPHRASE: Final = "harbour ninety willow copper drift anvil"
TARGETS: Final = "location,target,name\nL1,3,Vozebam\nL2,2,Bamonor\nL3,4,Kemitan\n"


class Field:
    """A mission, a coordinator's laptop with hub and station, and two tablets."""

    def __init__(self, root: Path) -> None:
        self.way = WholeWay(root / "mission")
        self.way.found()
        self.laptop = root / "laptop"
        self.laptop.mkdir()
        self.hub, self.station = self.laptop / "hub", self.laptop / "station"
        self.log = self.laptop / "commands.log"
        self.done: Counter[tuple[str, str]] = Counter()
        self.codes: list[str] = []

    def prepare(self) -> None:
        """Make hub and station, bring the coordinator's key into the ring, publish, enrol."""
        way, papers = self.way, self.way.papers
        form = papers / "household.xml"
        form.write_bytes(xform_of(HOUSEHOLD))
        way.publish(form)
        code = call_json(way.log, "server", "devices", "invite", "--label", "goma", "--kind", "hub",
                         *way.home)["code"]  # fmt: skip
        self.port = free_port()
        made = self.command("hub", "init", str(self.hub), "--code", code, "--label", "Goma",
                            "--listen", f"127.0.0.1:{self.port}")  # fmt: skip
        self.hub_code = made["code"]
        asked = papers / "coordinator.request"
        self.command("station", "init", str(self.station), "--hub", str(self.hub), "-o", str(asked),
                     "--x25519")  # fmt: skip
        way.steward("coordinator", str(way.station), str(asked), "--yes")
        request, signed = papers / "second.request", papers / "second.ring"
        call_json(way.log, "server", "project", "request-ring", "-o", str(request), *way.unlocked)
        way.steward("ring", str(way.station), str(request), "-o", str(signed), "--yes")
        call_json(way.log, "server", "project", "import-ring", str(signed), *way.unlocked)
        way.work()
        self.tablets = [way.enrol("tablet-1"), way.enrol("tablet-2")]

    def command(self, *words: str) -> Any:
        """Run a command of the coordinator's."""
        return call_json(self.log, *words, passphrase=PASSPHRASE)

    def start_hub(self) -> Service:
        words = ("hub", "run", str(self.hub), "--no-announce")
        service = Service("hub", words, self.laptop / "hub.log")
        service.wait_until(Probe(f"https://127.0.0.1:{self.port}"))
        return service

    def start_station(self) -> tuple[Service, Callable[[], str]]:
        """Start the page and open it by the address it prints; return what reads it."""
        port, log = free_port(), self.laptop / "station.log"
        words = ("station", "run", str(self.station), "--listen", f"127.0.0.1:{port}")
        service = Service("station", words, log, PASSPHRASE)
        service.wait_until(Probe(f"http://127.0.0.1:{port}"))
        address = re.findall(r"page at (http\S+)", log.read_text())[-1]
        cookies = dict(httpx.get(address).cookies)
        return service, lambda: httpx.get(f"http://127.0.0.1:{port}/?lang=en", cookies=cookies).text

    def visit(self, device: Any, location: str, outcome: str) -> None:
        """Make one visit, and write it down."""
        answers = {
            "/data/place/round": "1",
            "/data/place/location": location,
            "/data/consent/adult": "yes",
            "/data/interview/head_name": f"{CANARY} {location}",
            "/data/interview/phone": "+249912000111",
            "/data/interview/size": "4",
            "/data/interview/member[1]/member_name": f"{CANARY} member",
            "/data/interview/member[1]/age": "7",
        }
        if outcome == "absent":
            device.request("tally", form="household", outcome=outcome)
            location = ""
        else:
            consent = "none" if outcome == "refused" else "all"
            end = {"finalized": "finalize", "abandoned": "abandon"}.get(outcome, "draft")
            filled = device.request(
                "fill", form="household", answers=answers, consent=consent, outcome=end
            )
            assert filled["outcome"] == outcome
            if outcome == "finalized":
                self.codes.append(filled["code"])
        self.done[location, outcome] += 1

    def shown(self) -> Counter[tuple[str, str]]:
        """Return what the station counts, by location and outcome."""
        picture = self.command("station", "show", str(self.station))
        found: Counter[tuple[str, str]] = Counter()
        for place in picture["places"]:
            counts = place["counts"]
            found[place["location"], "finalized"] = counts["complete"]
            for outcome in ("refused", "absent", "inaccessible", "abandoned", "withdrawn"):
                found[place["location"], outcome] = counts[outcome]
        return +found


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    made = Field(tmp_path_factory.mktemp("field"))
    with made.way.serving():
        made.prepare()
        yield made


def test_the_station_shows_what_the_tablets_did(field: Field) -> None:
    assert parse_hub_code(field.hub_code).label == "Goma"
    hub = field.start_hub()
    station, page = field.start_station()
    try:
        assert "No progress has come yet" in page()
        (field.laptop / "targets.csv").write_text(TARGETS)
        field.command("station", "targets", str(field.station), str(field.laptop / "targets.csv"))
        one, two = (field.way.device(home) for home in field.tablets)
        with one, two:
            for place, outcome in (
                *[("L1", "finalized")] * 3,
                ("L1", "refused"),
                ("L2", "abandoned"),
                ("L2", "absent"),
            ):
                field.visit(one, place, outcome)
            for place, outcome in (("L2", "finalized"), ("L2", "finalized"), ("L4", "finalized")):
                field.visit(two, place, outcome)
            one.request("sync", to=field.hub_code)
            two.request("sync", to=field.hub_code)
            assert field.shown() == field.done
            text = page()
            assert "Vozebam" in text
            assert "4</strong> of 9" in text, "what is left"

            # Both die; the tablets go on, hand over twice, and everything is as it should be.
            hub._process.send_signal(signal.SIGKILL)
            station._process.send_signal(signal.SIGKILL)
            field.visit(two, "L3", "finalized")
            field.visit(two, "L3", "finalized")
            hub.stop()
            station.stop()
            hub = field.start_hub()
            two.request("sync", to=field.hub_code)
            two.request("sync", to=field.hub_code)
            one.request("sync", to=field.hub_code)
            assert field.shown() == field.done
            station, page = field.start_station()
            assert "2</strong> of 9" in page()

            # A respondent withdraws at the other tablet; the order comes back by the same hub.
            two.request("withdraw", code=field.codes[0])
            two.request("sync", to=field.hub_code)
            field.done["L1", "finalized"] -= 1
            field.done["L1", "withdrawn"] += 1
        field.command("hub", "sync", str(field.hub))
        field.way.work()
        field.command("hub", "sync", str(field.hub))
        assert field.shown() == +field.done
        text = page()
        assert "3</strong> of 9" in text
        check_picture(field)
        for secret in (CANARY, "249912000111", "Amina", *field.codes):
            assert secret not in text
            for file in field.laptop.rglob("*"):
                if file.is_file():
                    assert secret.encode() not in file.read_bytes(), file
    finally:
        hub.stop()
        station.stop()


def check_picture(field: Field) -> None:
    """Hold the rest of the picture against what was done."""
    picture = field.command("station", "show", str(field.station))
    assert picture["key"]["state"] == "ready"
    assert picture["goal"] == {
        "target": 9,
        "complete": 6,
        "left": 3,
        "locations": 3,
        "locations_complete": 1,
        "locations_not_begun": 0,
    }
    total = picture["total"]
    assert total["visits"] == sum(field.done.values()) == 11
    assert total["response_rate"] == pytest.approx(8 / 11)
    by_visits = sorted(row["counts"]["visits"] for row in picture["devices"])
    assert by_visits == [5, 6]
    assert len(picture["by_enumerator"]) == 2
    assert picture["entries"]["closed"] == []
    assert picture["entries"]["unverified"] == []
    narrowed = field.command("station", "show", str(field.station), "--round", "1")
    assert narrowed["total"]["visits"] == 10, "the tally of an absent household has no round"


def refused(field: Field, *words: str, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(DemoFailed) as raised:
        call(field.log, "station", *words, passphrase=passphrase)
    return raised.value.message


def test_stn_010_the_hub_alone_opens_nothing(field: Field) -> None:
    """STN-010: the hub's own status says device, age and state; a wrong passphrase nothing."""
    status = field.command("hub", "status", str(field.hub))
    told = set(status["devices"][0])
    assert {"device", "state", "held", "waiting", "last_seen"} <= told
    assert not told & {"visits", "complete", "location", "round", "form", "outcome", "flags"}
    assert "does not open this file" in refused(
        field, "show", str(field.station), passphrase="not the passphrase at all"
    )


def test_stn_050_the_page_is_for_this_laptop_alone(field: Field) -> None:
    """STN-050."""
    said = refused(field, "run", str(field.station), "--listen", "0.0.0.0:8446")
    assert "loopback alone" in said


def test_stn_037_a_wrong_target_file_is_refused_with_its_lines(field: Field) -> None:
    """STN-037."""
    wrong = field.laptop / "wrong.csv"
    wrong.write_text("location,target\nL1,three\n")
    said = refused(field, "targets", str(field.station), str(wrong))
    assert "line 2: the target of L1 is 'three'" in said
    assert json.loads((field.station / "station.json").read_text())["label"] == "Goma"
