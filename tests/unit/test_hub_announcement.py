"""What a hub says of itself on the network, and whom a device believes (SYNC-090 to SYNC-093)."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_writing import DEPLOYMENT, signing_key
from sync_network import Network, Node, certify

from shared.errors import (
    CairnError,
    EncodingInvalid,
    KeyNotTrusted,
    LimitExceeded,
    SignatureInvalid,
)
from shared.ids import DeploymentId, EntryHash
from shared.sealing.keys import author_id
from sync.core.announcement import (
    LABEL_BYTES_MAX,
    TEXT_BYTES_MAX,
    Announcement,
    is_local,
    local_urls,
    parse_announcement,
    sign_announcement,
)
from sync.core.attest import Revoked
from sync.core.certificate import PeerRole
from sync.core.have import LogName, Point
from sync.core.hub_code import HubCode
from sync.found_hubs import KnownBy, known_by, trusted_hub

HUB = signing_key("goma")
PIN = bytes(range(32))
URLS = ("https://192.168.1.7:8444",)
GOOD = sign_announcement(HUB, DEPLOYMENT, PIN, "Goma")


def text_of(**changes: str | None) -> bytes:
    """Return a record with some keys changed, or left out."""
    pairs: dict[str, str | None] = {}
    rest = GOOD.text()
    while rest:
        key, _, value = rest[1 : 1 + rest[0]].decode().partition("=")
        pairs[key] = value
        rest = rest[1 + rest[0] :]
    return strings(*(f"{k}={v}" for k, v in {**pairs, **changes}.items() if v is not None))


def strings(*each: str) -> bytes:
    return b"".join(bytes([len(one.encode())]) + one.encode() for one in each)


# --- the record (SYNC-091, SYNC-092)


def test_sync_091_a_record_says_who_and_what_and_is_signed() -> None:
    text = GOOD.text()
    assert len(text) < 400, "it must fit one packet beside the addresses"
    said = parse_announcement(text)
    assert said == GOOD
    assert (said.hub, said.tls_pin) == (author_id(HUB.public_bytes, "mission"), PIN)
    said.check(HUB.public_bytes)
    assert parse_announcement(text + strings("later=1", "flag")) == GOOD, "others are ignored"
    assert parse_announcement(strings("V=1") + text[4:]) == GOOD, "keys have no case (RFC 6763)"


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Goma 2"},
        {"tls_pin": bytes(32)},
        {"hub": author_id(signing_key("other").public_bytes, "mission")},
        {"deployment": DeploymentId(b"deploy99")},
        {"signature": bytes(64)},
    ],
)
def test_sync_091_the_signature_covers_all_of_it(change: dict[str, object]) -> None:
    forged: Announcement = replace(GOOD, **change)  # type: ignore[arg-type]
    with pytest.raises(SignatureInvalid):
        parse_announcement(forged.text()).check(HUB.public_bytes)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "version 1"),
        (text_of(v="2"), "version 1"),
        (text_of(v=None), "version 1"),
        (GOOD.text()[:-1], "cut short"),
        (GOOD.text() + b"\x05v=1", "cut short"),
        (GOOD.text() + strings("l=Beni"), "one thing twice"),
        (strings("v=1") + b"\x03l=\xff", "not text"),
        (strings("v=1") + b"\x03\xff=1", "not text"),
        (text_of(h=None), "'h' is not 16 bytes"),
        (text_of(h="00" * 15), "'h' is not 16 bytes"),
        (text_of(h="AB" * 16), "'h' is not 16 bytes"),
        (text_of(d=" 0" * 8), "'d' is not 8 bytes"),
        (text_of(p="zz" * 32), "'p' is not 32 bytes"),
        (text_of(s="00" * 63), "'s' is not 64 bytes"),
        (text_of(l="x" * (LABEL_BYTES_MAX + 1)), "too long"),
        (text_of(l="\x1b[2J"), "hidden characters"),
        (text_of(l="Go\u202ema"), "hidden characters"),
        (text_of(l="e\u0301"), "normal form"),
    ],
)
def test_sync_092_a_bad_record_is_passed_over_with_a_reason(text: bytes, why: str) -> None:
    with pytest.raises(EncodingInvalid, match=why):
        parse_announcement(text)


def test_sync_092_an_oversized_record_is_not_even_read() -> None:
    filler = strings(*(f"x{number}=" + "y" * 200 for number in range(6)))
    assert len(filler) > TEXT_BYTES_MAX
    with pytest.raises(LimitExceeded):
        parse_announcement(GOOD.text() + filler)


@given(st.binary(max_size=600) | st.builds(lambda b: b"\x03v=1" + b, st.binary(max_size=300)))
@settings(max_examples=150, deadline=None)
def test_sync_092_no_bytes_break_the_parser(data: bytes) -> None:
    with suppress(CairnError):
        assert parse_announcement(data).tls_pin.hex().encode() in data, "nothing is made up"


@given(st.integers(0, len(GOOD.text()) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_sync_093_no_changed_byte_is_believed(at: int, value: int) -> None:
    text = GOOD.text()
    changed = text[:at] + bytes([value]) + text[at + 1 :]
    try:
        said = parse_announcement(changed)
        said.check(HUB.public_bytes)
    except CairnError:
        return
    assert said == GOOD, "only what says the same may pass, as a key in capitals"


@given(st.text(max_size=120))
@settings(max_examples=30, deadline=None)
def test_sync_091_any_label_can_be_announced(label: str) -> None:
    said = sign_announcement(HUB, DEPLOYMENT, PIN, label)
    assert parse_announcement(said.text()) == said
    said.check(HUB.public_bytes)


# --- addresses (SYNC-090, SYNC-092)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("192.168.43.1", True),
        ("10.0.0.2", True),
        ("172.16.9.9", True),
        ("169.254.7.7", True),
        ("127.0.0.1", True),
        ("8.8.8.8", False),
        ("0.0.0.0", False),
        ("224.0.0.251", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("example", False),
        ("", False),
    ],
)
def test_sync_092_only_addresses_of_a_local_network_are_used(address: str, local: bool) -> None:  # noqa: FBT001
    assert is_local(address) is local
    assert local_urls([address], 8444) == ((f"https://{address}:8444",) if local else ())


def test_sync_092_addresses_are_few_and_ports_are_ports() -> None:
    many = [f"10.0.0.{number}" for number in range(200)]
    assert len(local_urls([*many, *many], 8444)) == 8
    assert local_urls(["10.0.0.1", "10.0.0.1"], 1) == ("https://10.0.0.1:1",)
    assert local_urls(many, 0) == local_urls(many, 65_536) == ()


# --- whom a device believes (SYNC-093)


@pytest.fixture
def tablet() -> Node:
    """A device that knows no hub yet."""
    return Network().device("tablet")


def code(**changes: object) -> HubCode:
    shown = HubCode(DEPLOYMENT, ("https://10.9.9.9:1",), HUB.public_bytes, PIN, "From the code")
    return replace(shown, **changes)  # type: ignore[arg-type]


def test_sync_093_a_hub_nobody_vouches_for_is_not_used(tablet: Node) -> None:
    with pytest.raises(KeyNotTrusted, match="scan or paste"):
        trusted_hub(tablet.peer, GOOD, URLS)
    assert known_by(tablet.peer, GOOD.hub) is KnownBy.NOTHING
    tablet.peer.learn(certify("goma", PeerRole.DEVICE))
    with pytest.raises(KeyNotTrusted, match="scan or paste"):
        trusted_hub(tablet.peer, GOOD, URLS)  # an enrolled tablet is no hub


def test_sync_093_a_code_given_before_finds_the_hub_under_a_new_address(tablet: Node) -> None:
    tablet.peer.know_hub(code())
    trusted = trusted_hub(tablet.peer, GOOD, URLS)
    assert (trusted.known_by, trusted.code) == (KnownBy.CODE, code(addresses=URLS))


def test_sync_093_another_certificate_than_the_code_s_is_refused(tablet: Node) -> None:
    tablet.peer.know_hub(code(tls_pin=bytes(32)))
    tablet.peer.learn(certify("goma", PeerRole.HUB))
    with pytest.raises(KeyNotTrusted, match="another certificate than its code"):
        trusted_hub(tablet.peer, GOOD, URLS)


def test_sync_093_a_certificate_of_the_mission_is_enough(tablet: Node) -> None:
    tablet.peer.learn(certify("goma", PeerRole.HUB))
    trusted = trusted_hub(tablet.peer, GOOD, URLS)
    assert trusted.known_by is KnownBy.CERTIFICATE
    assert trusted.code == HubCode(DEPLOYMENT, URLS, HUB.public_bytes, PIN, "Goma")


@pytest.mark.parametrize("by_code", [True, False])
def test_sync_093_somebody_else_s_id_is_refused(tablet: Node, by_code: bool) -> None:  # noqa: FBT001
    if by_code:
        tablet.peer.know_hub(code())
    else:
        tablet.peer.learn(certify("goma", PeerRole.HUB))
    thief = sign_announcement(signing_key("thief"), DEPLOYMENT, bytes(32), "Goma")
    for forged in (replace(thief, hub=GOOD.hub), replace(GOOD, tls_pin=bytes(32))):
        with pytest.raises(SignatureInvalid, match="another machine"):
            trusted_hub(tablet.peer, forged, URLS)


def test_sync_093_another_project_and_a_revoked_hub_are_refused() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.peer.know_hub(code())
    foreign = sign_announcement(HUB, DeploymentId(b"deploy99"), PIN, "Goma")
    with pytest.raises(KeyNotTrusted, match="another project"):
        trusted_hub(tablet.peer, foreign, URLS)
    nothing = Point(0, EntryHash(bytes(32)))
    network.attest(mission, Revoked(LogName(GOOD.hub, 0), nothing, "stolen"))
    network.sync(tablet, mission)
    with pytest.raises(KeyNotTrusted, match="revoked"):
        trusted_hub(tablet.peer, GOOD, URLS)
