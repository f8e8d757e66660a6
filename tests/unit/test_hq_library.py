"""REL-020..025, HQ-001..004: an HQ site keeps only what the pinned root's release key signed."""

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from release_kit import DAY_MS, MissionKit, make_mission

from server.aggregates.release import FIRST, Release, canonical_json, open_release, sign_release
from server.web.hq.library import Library, MissionSource, read_ring
from server.web.hq.sources import pull
from shared.canonical import encode
from shared.clock import Clock
from shared.errors import (
    EncodingInvalid,
    KeyNotTrusted,
    PolicyDenied,
    SignatureInvalid,
    UsageError,
)
from shared.sealing.keys import SigningKey


class StoppedClock:
    """A clock that stands still."""

    def now(self):  # type: ignore[no-untyped-def]

        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0


CLOCK: Clock = StoppedClock()


@pytest.fixture
def mission(tmp_path: Path) -> MissionKit:
    return make_mission(tmp_path / "mission")


def release_of(kit: MissionKit, number: int = 1, previous: bytes = FIRST) -> Release:
    content = canonical_json({"tables": [], "n": number})
    return Release(kit.deployment, "public", number, previous, number * DAY_MS, content)


def put(kit: MissionKit, *releases: Release, key: SigningKey | None = None) -> None:
    """Lay releases on the mission's shelf."""
    folder = kit.folder / "releases" / "public"
    folder.mkdir(parents=True, exist_ok=True)
    signer = key or kit.release_key
    for release in releases:
        payload = sign_release(release, lambda data: signer.sign("release", data))
        (folder / f"{release.number:04d}.release").write_bytes(payload)
    ring = kit.ring
    (kit.folder / "releases" / "ring").write_bytes(encode([ring.data, ring.signature]))


@pytest.fixture
def site(tmp_path: Path, mission: MissionKit) -> Library:
    library = Library.init(tmp_path / "hq")
    library.add(MissionSource("sq", str(mission.folder / "releases"), mission.fingerprint))
    return library


def test_a_pull_keeps_signed_releases_in_order_and_twice_is_once(
    mission: MissionKit, site: Library
) -> None:
    first = release_of(mission)
    put(mission, first, release_of(mission, 2, first.hash))
    (source,) = site.missions()
    assert pull(site, source, CLOCK).new == 2
    again = pull(site, source, CLOCK)
    assert (again.ok, again.new) == (True, 0)
    assert [release.number for release in site.shelf(source).releases] == [1, 2]


@pytest.mark.parametrize("place", [0, 40, -1])
def test_an_altered_release_is_refused_and_what_was_held_stays(
    mission: MissionKit, site: Library, place: int
) -> None:
    """HQ-003."""
    first = release_of(mission)
    put(mission, first)
    (source,) = site.missions()
    pull(site, source, CLOCK)
    put(mission, release_of(mission, 2, first.hash))
    path = mission.folder / "releases" / "public" / "0002.release"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    state = pull(site, source, CLOCK)
    assert not state.ok
    assert state.message
    shelf = site.shelf(source)
    assert [release.number for release in shelf.releases] == [1]
    assert shelf.state is not None
    assert not shelf.state.ok


def test_a_release_signed_with_another_key_is_refused(mission: MissionKit, site: Library) -> None:
    """REL-021."""
    put(mission, release_of(mission), key=SigningKey.from_bytes(bytes([9]) * 32))
    state = pull(site, site.missions()[0], CLOCK)
    assert not state.ok
    assert "release key" in state.message


def test_another_root_is_refused(mission: MissionKit, site: Library) -> None:
    """HQ-002."""
    put(mission, release_of(mission))
    other = make_mission(mission.folder.parent / "other")
    other.root = SigningKey.from_bytes(bytes([7]) * 32)
    ring = other.ring
    path = mission.folder / "releases" / "ring"
    path.write_bytes(encode([ring.data, ring.signature]))
    assert not pull(site, site.missions()[0], CLOCK).ok
    with pytest.raises(KeyNotTrusted):
        read_ring(path.read_bytes(), mission.fingerprint)
    with pytest.raises(SignatureInvalid):
        read_ring(encode([ring.data, bytes(64)]), other.fingerprint)


def test_a_rollback_a_gap_and_a_rewritten_history_are_refused(
    mission: MissionKit, site: Library
) -> None:
    """HQ-004, REL-025."""
    first = release_of(mission)
    second = release_of(mission, 2, first.hash)
    put(mission, first, second)
    (source,) = site.missions()
    pull(site, source, CLOCK)
    (mission.folder / "releases" / "public" / "0002.release").unlink()
    assert "rolled back" in pull(site, source, CLOCK).message
    changed = Release(
        mission.deployment, "public", 2, first.hash, 5 * DAY_MS, canonical_json({"tables": []})
    )
    put(mission, changed)
    assert "changed" in pull(site, source, CLOCK).message
    put(mission, second, release_of(mission, 3, first.hash))
    assert "does not follow" in pull(site, source, CLOCK).message
    assert len(site.shelf(source).releases) == 2


def test_nothing_there_is_said_not_raised(tmp_path: Path, mission: MissionKit) -> None:
    library = Library.init(tmp_path / "hq")
    source = MissionSource("gone", str(tmp_path / "nowhere"), mission.fingerprint)
    library.add(source)
    assert "cannot be read" in pull(library, source, CLOCK).message
    away = MissionSource("away", "http://127.0.0.1:9", mission.fingerprint)
    library.add(away)
    assert "does not answer" in pull(library, away, CLOCK).message


@pytest.mark.parametrize(
    ("name", "root", "message"),
    [
        ("Big Name", "0" * 32, "lower-case"),
        ("sq2", "xyz", "hex digits"),
        ("sq", "0" * 32, "already"),
    ],
)
def test_a_mission_that_cannot_be_followed_is_said(
    site: Library, name: str, root: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        site.add(MissionSource(name, "/x", root))


def test_a_release_that_is_not_canonical_is_refused(mission: MissionKit) -> None:
    loose = Release(mission.deployment, "public", 1, FIRST, DAY_MS, b'{"b": 1, "a": 2}')
    with pytest.raises(EncodingInvalid, match="canonical"):
        open_release(sign_release(loose, mission.sign), mission.open_ring)


def test_the_way_of_a_release(mission: MissionKit) -> None:
    """REL-023, REL-024: no step can be left out, and no number is used twice."""
    mission.fill()
    bench, ring = mission.bench, mission.ring
    draft = mission.draft()
    with pytest.raises(PolicyDenied, match="check"):
        bench.approve("public", "Amal")
    assert bench.check("public")["breaches"] == 0
    bench.approve("public", "Amal")
    with pytest.raises(PolicyDenied, match="already"):
        bench.approve("public", "Amal")
    with pytest.raises(PolicyDenied, match="2 people"):
        bench.publish("public", mission.deployment, DAY_MS, mission.sign, ring)
    bench.approve("public", "Bea")
    release = bench.publish("public", mission.deployment, DAY_MS, mission.sign, ring)
    assert (release.number, release.previous) == (draft.number, FIRST)
    (published,) = bench.published("public", mission.open_ring)
    assert published == release
    document = release.document()
    assert document["approved_by"] == ["Amal", "Bea"]
    assert any(row[-1] is None for table in document["tables"] for row in table["cells"])
    second = mission.publish()
    assert (second.number, second.previous) == (2, release.hash)
    assert {table["state"] for table in second.document()["tables"]} == {"unchanged"}


def test_published_cells_equal_the_store_or_are_hidden(mission: MissionKit) -> None:
    """REL-022."""
    mission.fill(rounds=("1",))
    document = mission.publish().document()
    people = next(table for table in document["tables"] if table["product"] == "people")
    rows = list(mission.store.read("household__member", ["_record", "sex", "age"]))
    area = dict(mission.store.read("household", ["_record", "_area2"]))
    for where, sex, age, value in people["cells"]:
        truth = sum(
            (where == "_T" or str(area[str(row[0])]).startswith(where))
            and sex in {"_T", row[1]}
            and age in {"_T", row[2]}
            for row in rows
        )
        assert value in {truth, None}
        assert value is None or value == 0 or value >= 5


def test_a_late_record_does_not_show_and_a_withdrawal_neither(mission: MissionKit) -> None:
    """DISC-050, DISC-051, DISC-052: a published cell changes by 0 or by enough people."""
    mission.fill(rounds=("1",))
    before = mission.publish().document()
    mission.add(mission.household("late", "1", 3))
    after = mission.publish().document()
    assert_no_small_change(before, after)
    assert {table["state"] for table in after["tables"]} <= {"carried", "new"}
    mission.store.delete_record("household", "r1h5")
    last = mission.publish().document()
    assert_no_small_change(after, last)
    assert_no_small_change(before, last)


def assert_no_small_change(before: dict[str, object], after: dict[str, object]) -> None:
    def cells(document: dict[str, object]) -> dict[tuple[object, ...], int]:
        tables: list[dict[str, object]] = document["tables"]  # type: ignore[assignment]
        return {
            (table["product"], table["round"], *row[:-1]): row[-1]
            for table in tables
            for row in table["cells"]  # type: ignore[attr-defined]
            if row[-1] is not None
        }

    old, new = cells(before), cells(after)
    small = [key for key in old.keys() & new.keys() if 0 < abs(old[key] - new[key]) < 5]
    assert small == []


class ShelfOverHttp(BaseHTTPRequestHandler):
    """The mission server's three routes, over a releases folder."""

    folder: Path

    def do_GET(self) -> None:
        numbers = sorted(int(path.stem) for path in (self.folder / "public").iterdir())
        if self.path == "/v1/ring":
            body = (self.folder / "ring").read_bytes()
        elif self.path == "/v1/releases":
            rows = [{"id": f"public-{n:04d}", "audience": "public", "number": n} for n in numbers]
            body = json.dumps(rows).encode()
        else:
            number = self.path.removeprefix("/v1/releases/public-")
            body = (self.folder / "public" / f"{number}.release").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_pull_over_http_brings_the_same_bytes(tmp_path: Path, mission: MissionKit) -> None:
    put(mission, release_of(mission))
    handler = type("Handler", (ShelfOverHttp,), {"folder": mission.folder / "releases"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    library = Library.init(tmp_path / "hq")
    address = f"http://127.0.0.1:{server.server_port}"
    library.add(MissionSource("web", address, mission.fingerprint))
    (source,) = library.missions()
    state = pull(library, source, CLOCK)
    server.shutdown()
    server.server_close()
    assert (state.ok, state.new) == (True, 1), state.message
    signed = mission.folder / "releases" / "public" / "0001.release"
    assert library.payload(source, 1) == signed.read_bytes()
