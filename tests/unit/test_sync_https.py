"""SYNC-030, 031, 033 to 035: proof of the sender, TLS by pin, and what each status means."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from http_peer import responder_app, serving
from log_writing import FakeClock, signing_key
from sync_network import DEPLOYMENT, Network, Node

from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    EncodingInvalid,
    RemoteProtocolError,
    SignatureInvalid,
    Throttled,
    TransportError,
    UsageError,
)
from shared.ids import AuthorId
from sync.core.challenges import (
    CHALLENGE_LIFE_S,
    OPEN_MAX,
    Challenges,
    check_exchange,
    sign_exchange,
)
from sync.core.hub_code import HubCode, parse_hub_code
from sync.core.messages import Message
from sync.driver import sync_once
from sync.transports import https
from sync.transports.https import HttpTransport, open_client, post

Line = tuple[Network, Node, str, bytes]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    network = Network()
    mission = network.mission()
    with serving(responder_app(mission, network.clock), tmp_path, network.clock) as (url, pin):
        yield network, mission, url, pin


def connect(line: Line, node: Node, pin: bytes | None = None) -> HttpTransport:
    _, _, url, right = line
    return HttpTransport(url, node.peer.me.author, node.peer.me.key, tls_pin=pin or right)


def test_a_wrong_pin_ends_the_connection_before_anything_is_sent(line: Line) -> None:
    network, mission, _, _ = line
    tablet = network.device("tablet")
    tablet.write(1)
    with (
        connect(line, tablet, bytes(32)) as transport,
        pytest.raises(RemoteProtocolError, match="nothing was sent"),
    ):
        sync_once(tablet.peer, transport)
    assert mission.peer.store.branches(tablet.writer.log) == ()


def test_without_a_pin_a_self_signed_certificate_is_refused(line: Line) -> None:
    network, _, url, _ = line
    tablet = network.device("tablet")
    me = tablet.peer.me
    with HttpTransport(url, me.author, me.key) as transport, pytest.raises(CairnError):
        transport.is_known()


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(UsageError, match="not an https address"):
        open_client("http://192.0.2.7:8443")
    open_client("http://127.0.0.1:8443").close()


def test_a_message_signed_by_another_key_is_refused(line: Line) -> None:
    network, _, url, pin = line
    tablet = network.device("tablet", known_to=(line[1],))
    with (
        HttpTransport(url, tablet.peer.me.author, signing_key("thief"), tls_pin=pin) as transport,
        pytest.raises(SignatureInvalid),
    ):
        transport.exchange(Message(DEPLOYMENT, tablet.peer.me.author))


def test_a_replayed_request_is_refused(line: Line) -> None:
    network, mission, url, pin = line
    tablet = network.device("tablet", known_to=(mission,))
    me = tablet.peer.me
    with open_client(url, tls_pin=pin) as client:
        data, _ = post(client, "/v1/sync/challenge", encode([1, me.author]), {})
        _, challenge, known = decode(data)
        assert known is True
        body = Message(DEPLOYMENT, me.author).encode()
        headers = {
            "Cairn-Author": me.author.hex(),
            "Cairn-Challenge": challenge.hex(),
            "Cairn-Signature": sign_exchange(me.key, challenge, body).hex(),
        }
        post(client, "/v1/sync/exchange", body, headers)
        with pytest.raises(SignatureInvalid, match="challenge is not open"):
            post(client, "/v1/sync/exchange", body, headers)
        with pytest.raises(RemoteProtocolError, match="not hexadecimal"):
            post(client, "/v1/sync/exchange", body, {**headers, "Cairn-Challenge": "zz"})
        other = Message(DEPLOYMENT, AuthorId(bytes(16))).encode()
        with pytest.raises(SignatureInvalid, match="not from the author"):
            post(client, "/v1/sync/exchange", other, headers)


def test_an_expired_challenge_is_renewed_by_itself(line: Line) -> None:
    network, mission, _, _ = line
    tablet = network.device("tablet", known_to=(mission,))
    with connect(line, tablet) as transport:
        transport.is_known()
        network.clock.advance(CHALLENGE_LIFE_S + 1)
        answer = transport.exchange(Message(DEPLOYMENT, tablet.peer.me.author))
        assert answer.deployment == DEPLOYMENT


def test_an_unknown_device_is_told_to_bring_its_certificate(line: Line) -> None:
    network, _, _, _ = line
    tablet = network.device("tablet")
    with connect(line, tablet) as transport:
        assert transport.is_known() is False
        with pytest.raises(SignatureInvalid, match="send its certificate along"):
            transport.exchange(Message(DEPLOYMENT, tablet.peer.me.author))
    with connect(line, tablet) as transport:
        assert sync_once(tablet.peer, transport).complete
    with connect(line, tablet) as transport:
        assert transport.is_known() is True


def test_challenges_work_once_for_their_author_in_time() -> None:
    clock = FakeClock()
    challenges = Challenges(clock, os.urandom)
    mine, other = AuthorId(bytes(16)), AuthorId(b"x" * 16)
    challenge = challenges.issue(mine)
    with pytest.raises(SignatureInvalid):
        challenges.spend(other, challenge)
    with pytest.raises(SignatureInvalid):
        challenges.spend(mine, challenge)
    late = challenges.issue(mine)
    clock.advance(CHALLENGE_LIFE_S + 1)
    with pytest.raises(SignatureInvalid):
        challenges.spend(mine, late)
    first = challenges.issue(mine)
    for _ in range(OPEN_MAX):
        challenges.issue(other)
    with pytest.raises(SignatureInvalid):
        challenges.spend(mine, first)


def test_the_proof_is_of_this_key_challenge_and_body() -> None:
    key = signing_key("tablet")
    proof = sign_exchange(key, b"c" * 16, b"body")
    check_exchange(key.public_bytes, b"c" * 16, b"body", proof)
    for challenge, body in ((b"d" * 16, b"body"), (b"c" * 16, b"other")):
        with pytest.raises(SignatureInvalid):
            check_exchange(key.public_bytes, challenge, body, proof)


@pytest.mark.parametrize(
    ("status", "headers", "error", "says"),
    [
        (400, {}, RemoteProtocolError, "refused (400): why"),
        (409, {}, RemoteProtocolError, "refused (409)"),
        (413, {}, RemoteProtocolError, "refused (413)"),
        (401, {}, SignatureInvalid, "does not accept this device: why"),
        (429, {"Retry-After": "7"}, Throttled, "busy"),
        (503, {}, Throttled, "busy"),
        (507, {}, TransportError, "disk is full"),
        (500, {}, TransportError, "failed (500)"),
    ],
)
# SYNC-031
def test_what_each_status_means(
    status: int, headers: dict[str, str], error: type[CairnError], says: str
) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, headers=headers, stream=httpx.ByteStream(b'{"detail": "why"}')
        )

    client = httpx.Client(base_url="https://x", transport=httpx.MockTransport(handle))
    with client, pytest.raises(error) as raised:
        post(client, "/", b"", {})
    assert says in raised.value.message
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after_s == (7 if headers else 30)


def test_an_answer_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "MESSAGE_BYTES_MAX", 1000)

    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(bytes(2000)))

    client = httpx.Client(base_url="https://x", transport=httpx.MockTransport(handle))
    with client, pytest.raises(RemoteProtocolError, match="larger than"):
        post(client, "/", b"", {})


# SYNC-035
def test_a_hub_code_round_trips_and_says_when_it_was_cut_short() -> None:
    code = HubCode(
        DEPLOYMENT, ("https://192.0.2.7:8444",), signing_key("hub").public_bytes, bytes(32), "Goma"
    )
    text = code.text()
    assert text.startswith("CAIRNHUB1.")
    assert parse_hub_code(f" {text[:40]}\n{text[40:]} ") == code
    assert parse_hub_code(text).hub == code.hub
    for bad in (text[:-5], text.replace("CAIRNHUB1.", "CAIRN1."), "", text + "A" * 5000):
        with pytest.raises(EncodingInvalid):
            parse_hub_code(bad)
