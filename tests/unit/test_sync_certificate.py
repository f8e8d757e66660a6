"""SYNC-070 to SYNC-074: certificates, the directory they fill, and attestations."""

import pytest
from log_writing import Writer

from shared.canonical import encode
from shared.errors import EncodingInvalid, KeyNotTrusted
from shared.ids import AuthorId, DeploymentId, EntryHash
from shared.sealing.enrol import EnrolmentReply, parse_reply
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import PublicKey, SecretKey, SigningKey, Suite, author_id, root_fingerprint
from shared.sealing.receipts import Signed
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring
from sync.core.attest import (
    Admitted,
    Attestation,
    ClockOffset,
    Enrolled,
    Lost,
    Revoked,
    Withdrawn,
    decode_attestations,
    encode_attestations,
)
from sync.core.certificate import (
    Certificate,
    PeerRole,
    open_certificate,
    parse_certificate,
    sign_certificate,
)
from sync.core.directory import Directory
from sync.core.have import LogName, Point

DEPLOYMENT = DeploymentId(b"deploy01")
ROOT = SigningKey.from_bytes(bytes([1]) * 32)
SERVER = SigningKey.from_bytes(bytes([2]) * 32)
DEVICE = SigningKey.from_bytes(bytes([3]) * 32)
HPKE = SecretKey.from_bytes(Suite.X25519, bytes([4]) * 32).public


def ring(serial: int = 1, server: SigningKey = SERVER) -> KeyRing:
    key = RingKey(Role.SERVER_LOG, Suite.ED25519, server.public_bytes, 0, 99999)
    return KeyRing(DEPLOYMENT, serial, 0, ROOT.public_bytes, "p", (key,))


def signed_ring(serial: int = 1) -> SignedRing:
    return sign_ring(ROOT, ring(serial))


def certificate(
    role: PeerRole = PeerRole.DEVICE,
    key: SigningKey = DEVICE,
    deployment: DeploymentId = DEPLOYMENT,
) -> Certificate:
    author = author_id(key.public_bytes, "mission")
    return Certificate(deployment, author, role, key.public_bytes, HPKE, "mission", 20_000)


def directory() -> Directory:
    return Directory(DEPLOYMENT, root_fingerprint(ROOT.public_bytes))


def test_a_certificate_round_trips_and_is_checked_by_the_ring() -> None:
    signed = sign_certificate(SERVER, certificate())
    assert open_certificate(signed, ring()) == certificate()


def test_a_certificate_by_another_key_is_not_trusted() -> None:
    with pytest.raises(KeyNotTrusted, match="no server key"):
        open_certificate(sign_certificate(DEVICE, certificate()), ring())


def test_a_certificate_of_another_project_is_not_trusted() -> None:
    signed = sign_certificate(SERVER, certificate(deployment=DeploymentId(b"another!")))
    with pytest.raises(KeyNotTrusted, match="another project"):
        open_certificate(signed, ring())


@pytest.mark.parametrize(
    ("position", "value", "says"),
    [
        (2, bytes(16), "not that of its key and audience"),
        (3, "server", "must be device or hub"),
        (5, 9, "suite"),
        (8, -1, "from_day"),
    ],
)
def test_a_malformed_certificate_is_refused(position: int, value: object, says: str) -> None:
    made = certificate()
    items: list[object] = [
        1, made.deployment, made.author, "device", made.public_key, 1, HPKE.data, "mission", 1,
    ]  # fmt: skip
    assert parse_certificate(encode([*items, "from a newer version"])).role is PeerRole.DEVICE
    items[position] = value
    with pytest.raises(EncodingInvalid, match=says):
        parse_certificate(encode(items))
    with pytest.raises(EncodingInvalid, match="has 9 items"):
        parse_certificate(encode(items[:8]))


def test_the_enrolment_reply_brings_the_certificate() -> None:
    signed = sign_certificate(SERVER, certificate())
    reply = EnrolmentReply(certificate().author, signed_ring(), signed)
    assert parse_reply(reply.encode()) == reply


def test_a_directory_without_a_ring_keeps_strangers_until_one_comes() -> None:
    known = directory()
    author = certificate().author
    assert known.learn(sign_certificate(SERVER, certificate())) is False
    assert known.public_key(author) is None
    assert known.caller_key(author) == DEVICE.public_bytes
    assert known.take_ring(signed_ring()) is True
    assert known.public_key(author) == DEVICE.public_bytes
    assert known.role(author) is PeerRole.DEVICE


def test_a_stranger_that_the_ring_does_not_confirm_is_nobody() -> None:
    known = directory()
    known.learn(sign_certificate(DEVICE, certificate()))
    known.take_ring(signed_ring())
    assert known.public_key(certificate().author) is None
    assert known.caller_key(certificate().author) is None


def test_only_a_newer_ring_of_the_same_root_is_taken() -> None:
    known = directory()
    assert known.take_ring(signed_ring(2))
    assert not known.take_ring(signed_ring(2))
    assert not known.take_ring(signed_ring(1))
    assert known.take_ring(signed_ring(3))
    other = KeyRing(DEPLOYMENT, 9, 0, DEVICE.public_bytes, "p", ())
    with pytest.raises(KeyNotTrusted):
        known.take_ring(sign_ring(DEVICE, other))


def test_who_may_take_which_log() -> None:
    known = directory()
    known.take_ring(signed_ring())
    hub_key = SigningKey.from_bytes(bytes([5]) * 32)
    for role, key in ((PeerRole.DEVICE, DEVICE), (PeerRole.HUB, hub_key)):
        known.learn(sign_certificate(SERVER, certificate(role, key)))
    device, hub = certificate().author, certificate(key=hub_key).author
    broadcast = LogName(author_id(SERVER.public_bytes, "all"), 0)
    mailbox = LogName(author_id(SERVER.public_bytes, f"device:{device.hex()}"), 0)
    others = LogName(author_id(SERVER.public_bytes, f"device:{hub.hex()}"), 0)
    assert known.wanted_by(device, LogName(device, 0))
    assert known.wanted_by(device, broadcast)
    assert known.wanted_by(device, mailbox)
    assert not known.wanted_by(device, others)
    assert not known.wanted_by(device, LogName(hub, 0))
    assert all(known.wanted_by(hub, log) for log in (broadcast, mailbox, LogName(device, 0)))


def test_every_attestation_round_trips_and_unknown_ones_are_passed_over() -> None:
    log = LogName(AuthorId(bytes(16)), 0)
    point = Point(3, EntryHash(bytes(32)))
    items = [
        Enrolled(sign_certificate(SERVER, certificate())),
        Revoked(log, point, "stolen"),
        ClockOffset(log, 1, 9, -86_400_000),
        Admitted(log, point),
        Withdrawn(bytes(16)),
        Lost(AuthorId(bytes(16))),
    ]
    assert decode_attestations(encode_attestations(list(items))) == items
    newer = encode([1, [[99, "what", "ever"], [6, bytes(16)]], "more"])
    assert decode_attestations(newer) == [Lost(AuthorId(bytes(16)))]
    for bad in ([1], [1, [[]]], [1, [[6]]], [2, []]):
        with pytest.raises(EncodingInvalid):
            decode_attestations(encode(bad))


def test_a_directory_learns_from_the_servers_broadcasts_alone() -> None:
    known = directory()
    known.take_ring(signed_ring())
    log = LogName(AuthorId(bytes(16)), 0)
    point = Point(3, EntryHash(bytes(32)))
    said: list[Attestation] = [
        ClockOffset(log, 1, 9, 5),
        Admitted(log, point),
        Withdrawn(bytes(16)),
        Lost(log.author),
        Revoked(log, point, "stolen"),
    ]
    newer = signed_ring(5)
    server, stranger = Writer(SERVER, audience="all"), Writer(DEVICE, audience="all")
    for writer in (stranger, server):
        writer.add(encode_attestations(said), kind=Kind.ATTESTATION, compartment=Compartment.OPEN)
    writer.add(b"unreadable", kind=Kind.ATTESTATION, compartment=Compartment.OPEN)
    ring_data = encode([newer.data, newer.signature])
    writer.add(ring_data, kind=Kind.KEYS, compartment=Compartment.OPEN)
    assert known.read(stranger.entries) == []
    assert not known.lost
    assert known.read(server.entries) == said
    assert known.clock_offsets == [said[0]]
    assert known.admitted == {log: [said[1]]}
    assert known.withdrawn == {bytes(16)}
    assert known.lost == {log.author}
    assert known.revoked(log.author) == said[4]
    assert known.ring is not None
    assert known.ring.serial == 5


def test_public_key_data_is_checked() -> None:
    with pytest.raises(EncodingInvalid):
        PublicKey(Suite.X25519, bytes(31))
    assert Signed(b"a", b"b") == (b"a", b"b")
