"""A new version of the app from the steward's station to tablets, by real commands and processes.

Signed offline, published at the server, loaded by a hub, given on by that hub when the server is
gone and by stick; over a line that is cut, verified, saved; what is below the minimum version goes
on handing over. SYNC-130 to SYNC-138, GOV-070 to GOV-073.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from bad_line import BadLine, Mischief, bad_line
from whole_way import STATION_PASSPHRASE, WholeWay, free_port

from server.demo.office import DemoFailed, call, call_json
from server.demo.processes import Probe, Service
from shared.limits import CHUNK_BYTES

FORMS = Path(__file__).parents[2] / "forms"
DATA = random.Random(11).randbytes(20 * CHUNK_BYTES + 4321)
OVERHEAD_BYTES = 60_000
"""What one call costs beside chunks: TLS, greeting, papers."""


class Journey(WholeWay):
    """A mission with one hub, which tablets reach over a line that can be cut."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.hub = root / "hub"
        self.hub_port = free_port()
        self.hub_code = ""

    def app(self, *words: str, station: bool = False) -> Any:
        """Run a command on app packages."""
        if station:
            return call_json(self.log, "app", *words, passphrase=STATION_PASSPHRASE)
        return call_json(self.log, "app", *words, *self.home)

    def make_package(self, version: str, data: bytes = DATA) -> Path:
        """Sign and publish a package; return its file."""
        file = self.papers / f"cairn-{version}.whl"
        file.write_bytes(data)
        signed = self.papers / f"app-{version}.signed"
        made = self.app(
            "sign", str(self.station), str(file), "--version", version,
            "--changes", f"en=Version {version}.", "-o", str(signed), "--yes", station=True,
        )  # fmt: skip
        assert made["sha256"] == sha256(data).hexdigest()
        self.app("publish", str(signed), str(file))
        self.work()
        return file

    def ask_for(self, minimum: str) -> None:
        """Publish a policy that names a minimum version."""
        text = (self.papers / "policy.toml").read_text("utf-8")
        policy, approved = self.papers / "policy2.toml", self.papers / "policy2.signed"
        asked = text.replace("[app]\n", f'[app]\nminimum_version = "{minimum}"\n', 1)
        policy.write_text(asked, "utf-8")
        self.steward("approve-policy", str(self.station), str(policy), "-o", str(approved), "--yes")
        call_json(self.log, "server", "policy", "publish", str(approved), *self.home)
        self.work()

    def make_hub(self, address: str) -> None:
        """Enrol a hub that tablets reach at another address than its own."""
        invited = call_json(
            self.log, "server", "devices", "invite", "--label", "Goma", "--kind", "hub", *self.home
        )
        made = call_json(
            self.log, "hub", "init", str(self.hub), "--code", invited["code"],
            "--listen", f"127.0.0.1:{self.hub_port}", "--address", address,
        )  # fmt: skip
        assert made["enrolled"], made
        self.hub_code = made["code"]

    @contextmanager
    def hub_serving(self) -> Iterator[None]:
        """Answer tablets, in a process of its own."""
        words = ("hub", "run", str(self.hub), "--no-announce")
        service = Service("hub", words, self.root / "hub.log")
        try:
            service.wait_until(Probe(f"https://127.0.0.1:{self.hub_port}"))
            yield
        finally:
            service.stop()

    def version(self, home: Path) -> dict[str, Any]:
        """Return what a tablet says of its version."""
        said: dict[str, Any] = self.client(home, "packages")
        return said

    def by_stick(self, home: Path) -> None:
        """Carry a bundle to the server's machine, and its answer back."""
        up, down = self.root / "up.cairnb", self.root / "down.cairnb"
        for file in (up, down):
            file.unlink(missing_ok=True)
        self.client(home, "sync", "--bundle", str(up))
        call_json(self.log, "server", "take-bundle", str(up), "--answer", str(down), *self.unlocked)
        self.client(home, "sync", "--from-bundle", str(down))


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[BadLine, int]]:
    port = free_port()
    with bad_line(port) as proxy:
        yield proxy, port


def until_whole(journey: Journey, home: Path, proxy: BadLine, cuts: list[int]) -> int:
    """Hand over to the hub over a line that is cut until the package is whole; count the calls."""
    left = iter(cuts)
    proxy.next_mischief = lambda: Mischief(cut_after=next(left, None))
    for call_number in range(1, 20):
        try:
            journey.client(home, "sync", "--to", journey.hub_code)
        except DemoFailed as error:
            if "NET-" not in str(error):
                raise
        if journey.version(home)["whole"]:
            return call_number
    raise AssertionError("the package was not whole after 20 calls")


def test_a_new_version_reaches_tablets_by_hub_and_by_stick(
    line: tuple[BadLine, int], tmp_path: Path
) -> None:
    proxy, hub_port = line
    journey = Journey(tmp_path)
    journey.hub_port = hub_port
    journey.found()
    journey.publish(FORMS / "event_tracking.xlsx")
    with journey.serving():
        tablet, laptop = journey.enrol("tablet"), journey.enrol("laptop")
        journey.make_hub(f"https://127.0.0.1:{proxy.port}")
        fill = ("fill", "event_tracking", "--random-seed", "3", "--outcome")
        journey.client(tablet, *fill, "finalize")
        journey.client(tablet, *fill, "draft")
        assert journey.version(tablet)["version"] == ""
        file = journey.make_package("9.0.0")
        journey.ask_for("9.0.0")
        call_json(journey.log, "hub", "sync", str(journey.hub))
    carried = call_json(journey.log, "hub", "packages", str(journey.hub))
    assert [(one["package"], one["whole"]) for one in carried] == [("cairn 9.0.0 any", True)]
    hub_gives_it_on_without_the_server(journey, tablet, proxy, file)
    sticks_bring_it(journey, laptop, file)
    withdrawal_reaches_everybody(journey, tablet)


def hub_gives_it_on_without_the_server(
    journey: Journey, tablet: Path, proxy: BadLine, file: Path
) -> None:
    with journey.hub_serving():
        page = httpx.get(f"https://127.0.0.1:{journey.hub_port}/", verify=False).text
        assert "cairn 9.0.0 any" in page
        assert "ready for tablets" in page
        proxy.next_mischief = Mischief
        journey.client(tablet, "sync", "--to", journey.hub_code)
        view = journey.version(tablet)
        assert (view["needed"], view["version"], view["received"]) == (True, "9.0.0", 0)
        with pytest.raises(DemoFailed, match=r"APP-002: new interviews need version 9\.0\.0"):
            journey.client(tablet, "fill", "event_tracking", "--random-seed", "4")
        (draft,) = journey.client(tablet, "list")["drafts"]
        journey.client(tablet, "finalize", draft["draft_id"])
        with pytest.raises(DemoFailed, match="API-004"):
            journey.client(tablet, "packages", "save", str(journey.root))
        journey.client(tablet, "packages", "fetch")
        proxy.downward_bytes = 0
        cuts = [1_500_000, 700_000, 2_100_000, 90_000]
        calls = until_whole(journey, tablet, proxy, cuts)
        assert calls > len(cuts) - 1
        sent_again = proxy.downward_bytes - len(DATA) - OVERHEAD_BYTES * calls
        assert sent_again <= (calls - 1) * CHUNK_BYTES, "one chunk a cut, at most"
        counts = journey.client(tablet, "status")["counts"]
        assert (counts["on_device"], counts["handed_over"]) == (0, 2)
    saved = journey.client(tablet, "packages", "save", str(journey.root / "saved.whl"))
    assert Path(saved["file"]).read_bytes() == file.read_bytes()
    done = journey.client(tablet, "packages", "install")
    assert done["command"].endswith(f"--upgrade {done['path']}")
    assert Path(done["path"]).read_bytes() == DATA


def sticks_bring_it(journey: Journey, laptop: Path, file: Path) -> None:
    journey.by_stick(laptop)
    assert journey.version(laptop)["received"] == 0, "it was not asked for"
    journey.client(laptop, "packages", "fetch")
    journey.by_stick(laptop)
    assert journey.version(laptop)["whole"]
    saved = journey.client(laptop, "packages", "save", str(journey.root / "stick.whl"))
    assert Path(saved["file"]).read_bytes() == DATA
    stick = journey.root / "media"
    written = call_json(journey.log, "hub", "packages", str(journey.hub), "--save", str(stick))
    assert Path(written[0]["file"]).read_bytes() == DATA
    wrong = stick / "wrong.whl"
    wrong.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(DemoFailed, match="APP-001"):
        journey.client(laptop, "packages", "take", str(wrong))
    assert journey.client(laptop, "packages", "take", written[0]["file"])["whole"]


def withdrawal_reaches_everybody(journey: Journey, tablet: Path) -> None:
    journey.app("withdraw", "cairn 9.0.0 any", "--why", "crashes at start")
    journey.work()
    assert [one["state"] for one in journey.app("list")] == ["withdrawn"]
    with journey.serving():
        call_json(journey.log, "hub", "sync", str(journey.hub))
        journey.client(tablet, "sync")
        journey.make_package("9.1.0", b"mended")
        journey.client(tablet, "sync")
    empty = call_json(journey.log, "hub", "packages", str(journey.hub))
    assert empty == []
    view = journey.version(tablet)
    assert (view["version"], view["whole"]) == ("9.1.0", False)
    assert journey.counts["resolved"] == 2, "both interviews came through the hub"
    lines = call(journey.log, "audit", "verify", *journey.home)
    assert lines
