"""What a device makes of announcements it hears: SYNC-092 to SYNC-094, over real TLS."""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from http_peer import serving
from impostor import impostor
from log_writing import DEPLOYMENT, FakeClock, signing_key
from sync_network import Network, Node, certify

from mobile_client.device.services import DeviceFault
from mobile_client.services.hub_search import CALLS_MAX, Heard, HubSearch, Listen, Seen, listen
from shared.errors import Offline
from shared.ids import DeploymentId
from sync.core.announcement import sign_announcement
from sync.core.certificate import PeerRole
from sync.core.hub_code import HubCode, parse_hub_code

HUB = signing_key("goma")
NOWHERE = "https://127.0.0.1:9"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, bytes]]:
    """A hub's health page over TLS: its port and pin."""
    app = FastAPI()

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        return {"role": "hub"}

    with serving(app, tmp_path_factory.mktemp("tls"), FakeClock()) as (url, pin):
        yield int(url.rpartition(":")[2]), pin


@pytest.fixture
def tablet() -> Node:
    return Network().device("tablet")


def hearing(*heard: Heard | None) -> Listen:
    """Return what a network sounds like on which exactly this is announced."""

    def each(_wait_s: float) -> Generator[Heard | None, None, None]:
        yield from heard

    return each


def said(pin: bytes, port: int, *addresses: str, label: str = "Goma") -> Heard:
    text = sign_announcement(HUB, DEPLOYMENT, pin, label).text()
    return Heard(text, addresses or ("127.0.0.1",), port)


def code(pin: bytes, *urls: str) -> HubCode:
    return HubCode(DEPLOYMENT, urls or (NOWHERE,), HUB.public_bytes, pin, "Goma")


def test_sync_094_a_hub_of_a_code_is_found_again_where_it_is_now(
    tablet: Node, served: tuple[int, bytes]
) -> None:
    port, pin = served
    tablet.peer.know_hub(code(pin))
    search = HubSearch(tablet.peer, listen=hearing(said(pin, port)))
    (found,) = search.all().hubs
    assert (found.usable, found.known_by, found.addresses) == (
        True,
        "code",
        (f"https://127.0.0.1:{port}",),
    )
    kept = parse_hub_code(found.code)
    assert kept.addresses == (f"https://127.0.0.1:{port}", NOWHERE), "the code's come after"
    assert search.first() == found


def test_sync_093_a_hub_the_mission_vouches_for_is_used_without_a_code(
    tablet: Node, served: tuple[int, bytes]
) -> None:
    port, pin = served
    tablet.peer.learn(certify("goma", PeerRole.HUB))
    found = HubSearch(tablet.peer, listen=hearing(said(pin, port))).first()
    assert found.known_by == "certificate"
    assert parse_hub_code(found.code).tls_pin == pin


def test_sync_093_an_unknown_hub_is_listed_and_not_called(tablet: Node, tmp_path: Path) -> None:
    with impostor(tmp_path) as other:
        search = HubSearch(tablet.peer, listen=hearing(said(bytes(32), other.port)))
        (found,) = search.all().hubs
        with pytest.raises(Offline, match="does not know this hub"):
            search.first()
        assert other.connections == 0
    assert (found.usable, found.known_by, found.code) == (False, "", "")
    assert "scan or paste" in found.why_not


def test_sync_093_somebody_else_s_id_is_refused_before_a_connection(
    tablet: Node, tmp_path: Path
) -> None:
    tablet.peer.know_hub(code(bytes(32)))
    thief = sign_announcement(signing_key("thief"), DEPLOYMENT, bytes(32), "Goma")
    posing = replace(thief, hub=sign_announcement(HUB, DEPLOYMENT, b"", "").hub)
    with impostor(tmp_path) as other:
        heard = Heard(posing.text(), ("127.0.0.1",), other.port)
        (found,) = HubSearch(tablet.peer, listen=hearing(heard)).all().hubs
        assert other.connections == 0
    assert "another machine announces itself" in found.why_not


def test_sync_094_a_repeated_record_leads_no_further_than_the_handshake(
    tablet: Node, tmp_path: Path, served: tuple[int, bytes]
) -> None:
    """A machine that repeats the true hub's words at its own address is told nothing."""
    port, pin = served
    tablet.peer.know_hub(code(pin))
    with impostor(tmp_path) as other:
        repeated, true = said(pin, other.port), said(pin, port)
        (alone,) = HubSearch(tablet.peer, listen=hearing(repeated)).all().hubs
        assert "not the one this device knows" in alone.why_not
        assert alone.code == ""
        found = HubSearch(tablet.peer, listen=hearing(repeated, true)).first()
        assert found.addresses == (f"https://127.0.0.1:{port}",), "the true one is used"
        assert other.connections == 2
    assert other.told == b""


def test_sync_092_what_is_no_hub_of_this_project_is_passed_over_with_its_reason(
    tablet: Node,
) -> None:
    foreign = sign_announcement(HUB, DeploymentId(b"deploy99"), bytes(32), "Goma").text()
    heard = (
        Heard(b"\x09something", ("127.0.0.1",), 1),
        Heard(b"\x00" * 2000, ("127.0.0.1",), 1),
        Heard(foreign, ("127.0.0.1",), 1),
        said(bytes(32), 8444, "8.8.8.8"),
    )
    found = HubSearch(tablet.peer, listen=hearing(*heard)).all()
    assert found.hubs == ()
    assert list(found.ignored) == [
        "a hub of another project",
        "a hub without an address of a local network",
        "the announcement is longer than 1024 bytes",
        "the announcement is not of version 1",
    ]


def test_sync_092_invented_addresses_end_a_search(tablet: Node) -> None:
    tablet.peer.know_hub(code(bytes(32)))
    calls: list[str] = []

    def dead(url: str, _pin: bytes) -> None:
        calls.append(url)
        raise Offline("the other side cannot be reached")

    heard = [said(bytes(32), 1000 + number) for number in range(50)]
    search = HubSearch(tablet.peer, listen=hearing(*heard), call=dead)
    assert not any(hub.usable for hub in search.all().hubs)
    assert len(calls) == CALLS_MAX


def test_sync_094_without_mdns_the_addresses_of_the_code_still_serve(
    tablet: Node, served: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)  # as where it is not installed
    with pytest.raises(DeviceFault, match="no mDNS"):
        next(listen(0.1))
    nothing = HubSearch(tablet.peer).all()
    assert (nothing.hubs, "scan or paste" in nothing.notice) == ((), True)
    with pytest.raises(Offline, match="no mDNS"):
        HubSearch(tablet.peer).first()
    port, pin = served
    tablet.peer.know_hub(code(pin, f"https://127.0.0.1:{port}"))
    assert HubSearch(tablet.peer).first().usable


def test_sync_094_nothing_heard_says_so(tablet: Node) -> None:
    with pytest.raises(Offline, match="none announces itself"):
        HubSearch(tablet.peer, listen=hearing()).first()


# --- a search that is watched and stopped


def test_sync_096_each_hub_is_told_as_it_is_judged(tablet: Node, served: tuple[int, bytes]) -> None:
    port, pin = served
    tablet.peer.know_hub(code(pin))
    stranger = sign_announcement(signing_key("other"), DEPLOYMENT, pin, "Beni")
    heard = (None, Heard(stranger.text(), ("127.0.0.1",), port), None, said(pin, port))
    seen: list[Seen] = []
    found = HubSearch(tablet.peer, listen=hearing(*heard)).all(on_seen=seen.append)
    assert [[hub.label for hub in one.hubs] for one in seen] == [
        [],
        ["Beni"],
        ["Beni"],
        ["Goma", "Beni"],
    ]
    assert all(0.0 <= one.share <= 1.0 for one in seen)
    assert found.hubs == seen[-1].hubs


def test_sync_096_once_stopped_nothing_more_is_called(tablet: Node) -> None:
    tablet.peer.know_hub(code(bytes(32)))
    calls: list[str] = []
    closed: list[bool] = []

    def endless(_wait_s: float) -> Generator[Heard | None, None, None]:
        try:
            while True:
                yield said(bytes(32), 1000 + len(calls))
                yield None
        finally:
            closed.append(True)

    def dead(url: str, _pin: bytes) -> None:
        calls.append(url)
        raise Offline("the other side cannot be reached")

    search = HubSearch(tablet.peer, listen=endless, call=dead)
    found = search.all(stopped=lambda: len(calls) >= 3)
    assert len(calls) == 3
    assert closed == [True], "the line is closed with it"
    assert [hub.why_not for hub in found.hubs] == ["the other side cannot be reached"] * 3


def test_sync_096_a_hub_of_a_code_that_is_not_heard_is_asked_at_its_address(
    tablet: Node, served: tuple[int, bytes]
) -> None:
    """As where a hotspot drops multicast between its guests."""
    port, pin = served
    tablet.peer.know_hub(code(pin, f"https://127.0.0.1:{port}"))
    (found,) = HubSearch(tablet.peer, listen=hearing()).all().hubs
    assert (found.usable, found.known_by) == (True, "code")


class Filter:
    """A system that drops multicast unless it is asked not to."""

    def __init__(self, trouble: str = "") -> None:
        self.steps: list[str] = []
        self._trouble = trouble

    @contextmanager
    def heard(self) -> Iterator[None]:
        if self._trouble:
            raise DeviceFault(self._trouble)
        self.steps.append("open")
        yield
        self.steps.append("shut")


def test_sync_098_multicast_is_let_through_while_it_listens(tablet: Node) -> None:
    system = Filter()

    def listening(_wait_s: float) -> Generator[Heard | None, None, None]:
        system.steps.append("listen")
        yield None

    search = HubSearch(tablet.peer, listen=listening, multicast=system)
    search.all()
    with pytest.raises(Offline):
        search.first()
    assert system.steps == ["open", "listen", "shut"] * 2


def test_sync_098_where_it_is_refused_codes_still_serve(
    tablet: Node, served: tuple[int, bytes]
) -> None:
    port, pin = served
    tablet.peer.know_hub(code(pin, f"https://127.0.0.1:{port}"))
    found = HubSearch(tablet.peer, listen=hearing(), multicast=Filter("Wi-Fi is off")).all()
    assert "Wi-Fi is off" in found.notice
    assert [hub.usable for hub in found.hubs] == [True]
