"""A hub's announcing side: what it tells, on which addresses, and that it never stops the hub."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_writing import DEPLOYMENT, FakeClock
from multicast import needs_multicast
from sync_network import ROOT

from server.hub.announce import (
    Announcer,
    announced_addresses,
    own_addresses,
    service_info,
    takes_multicast,
)
from server.hub.home import Hub, HubSettings, init_home
from server.hub.run import local_addresses
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.keys import root_fingerprint
from sync.core.announcement import parse_announcement


def make_hub(home: Path, host: str = "127.0.0.1") -> Hub:
    fingerprint = root_fingerprint(ROOT.public_bytes)
    code = EnrolmentCode(DEPLOYMENT, ("https://127.0.0.1:9",), fingerprint, bytes(16), 0, None, "P")
    settings = HubSettings(
        "Goma\n" + "x" * 100,
        host,
        8444,
        tuple(local_addresses("127.0.0.1", 8444)),
        DEPLOYMENT.hex(),
        fingerprint.hex(),
        "P",
        (),
        "",
    )
    init_home(home, code, settings, FakeClock(), lambda n: b"r" * n)
    return Hub(home, FakeClock())


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = make_hub(tmp_path / "hub")
    yield made
    made.close()


def test_sync_090_the_announcement_names_the_hub_and_no_machine(hub: Hub) -> None:
    info = service_info(hub, ["127.0.0.1"])
    said = parse_announcement(bytes(info.text))
    assert (said.hub, said.tls_pin) == (hub.keys.author, hub.keys.tls_pin)
    assert said.label.startswith("Goma x")
    said.check(hub.keys.signing.public_bytes)
    assert info.name == f"{hub.keys.author.hex()}._cairn-hub._tcp.local."
    assert info.server == f"cairn-{hub.keys.author.hex()[:16]}.local."
    assert socket.gethostname().encode() not in bytes(info.text) + info.name.encode()
    assert info.parsed_addresses() == ["127.0.0.1"]


def test_sync_090_only_local_addresses_it_listens_on_are_announced() -> None:
    own = ["127.0.0.1", "192.168.1.4", "8.8.8.8", "10.0.0.1"]
    assert announced_addresses("0.0.0.0", own) == ("10.0.0.1", "192.168.1.4")
    assert announced_addresses("127.0.0.1", own) == ("127.0.0.1",)
    assert announced_addresses("localhost", own) == ("127.0.0.1",)
    assert announced_addresses("192.168.1.4", own) == ("192.168.1.4",)
    assert announced_addresses("8.8.8.8", own) == ()
    assert announced_addresses("::", own) == ()
    assert announced_addresses("no such host", own) == ()
    assert "127.0.0.1" in own_addresses()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("8.8.8.8", "no IPv4 address of a local network"),
        ("10.255.255.254", "no network here takes multicast"),
    ],
)
def test_sync_090_where_it_cannot_announce_it_says_so_once_and_ends_when_told(
    tmp_path: Path, host: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The second address is of no interface here."""
    made = make_hub(tmp_path / "hub", host)
    with caplog.at_level(logging.WARNING, "cairn.hub"):
        announcer = Announcer(made, look_again_s=0.01)
        announcer.start()
        announcer.join(0.3)
        assert announcer.is_alive(), "it looks again: networks come and go"
        announcer.stop()
        announcer.join(10)
    assert not announcer.is_alive()
    (line,) = [r.message for r in caplog.records if r.name == "cairn.hub"]
    assert "not announced" in line
    assert "serves all the same" in line
    assert why in line
    made.close()


def test_sync_090_a_port_that_another_program_keeps_is_a_plain_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        with pytest.raises(OSError, match="in use"):
            takes_multicast("127.0.0.1", other.getsockname()[1])


@needs_multicast
def test_sync_090_a_stop_in_the_middle_of_announcing_ends_it(hub: Hub) -> None:
    announcer = Announcer(hub)
    announcer.start()
    announcer.stop()
    announcer.join(10)
    assert not announcer.is_alive()
