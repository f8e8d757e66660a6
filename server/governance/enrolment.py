"""Who may speak to the server: invite by code, enrol once, revoke.

Rules SEAL-085, SEAL-086, SYNC-070, GOV-041..045.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from server.db import reading
from server.governance.actions import Action, Role
from server.governance.decide import Actor, Resource
from server.mission import CONSOLE, Mission
from server.queries import devices, logs, outbox, project
from server.setup import tls_pin
from server.tables.project import AcceptThrough, Device, DeviceKind, DeviceState, Invitation
from shared.errors import NotFound, TokenInvalid, UsageError
from shared.ids import AuthorId, DeploymentId, EntryHash
from shared.sealing.enrol import (
    TOKEN_BYTES,
    EnrolmentCode,
    EnrolmentReply,
    open_request,
)
from shared.sealing.envelope import GENESIS, Kind
from shared.sealing.keys import AUDIENCE_MISSION, author_id
from shared.sealing.receipts import Signed
from sync.core.attest import Attestation, Enrolled, Lost, Revoked, encode_attestations
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.have import LogName, Point

HOURS_DEFAULT: Final = 72
ANYONE: Final = Actor("anyone", frozenset({Role.ANYONE}))
_SAME_ANSWER: Final = "the enrolment code is not known, was used, or has ended; ask for a new one"


@dataclass(frozen=True, slots=True)
class Invited:
    """An enrolment code and how long it works."""

    code: EnrolmentCode
    label: str
    kind: DeviceKind


def invite(
    mission: Mission,
    label: str,
    kind: DeviceKind = DeviceKind.DEVICE,
    *,
    hours: int = HOURS_DEFAULT,
    actor: Actor = CONSOLE,
) -> Invited:
    """Make an enrolment code that works once.

    Raises:
        UsageError: no label, no address, or a time of nothing.
        PolicyDenied: the actor may not.
        KeyNotTrusted: there is no key ring yet.
    """
    if not label.strip() or hours < 1:
        raise UsageError("an invitation needs a label (what the device is called) and some hours")
    listen = mission.settings.listen
    ring = mission.ring()
    known = mission.project()
    mission.permit(actor, Action.DEVICE_INVITE, Resource("device", label.strip()))
    token = mission.random_bytes(TOKEN_BYTES)
    expires = mission.clock.now() + timedelta(hours=hours)
    with mission.inbox() as session:
        session.add(
            Invitation(
                token_hash=sha256(token).digest(),
                label=label.strip(),
                kind=kind.value,
                expires_at=expires,
                invited_by=actor.name,
            )
        )
    code = EnrolmentCode(
        deployment=DeploymentId(known.deployment),
        addresses=listen.addresses or (listen.base_url,),
        root_fingerprint=known.root_fingerprint or b"",
        token=token,
        expires_ms=int(expires.timestamp() * 1000),
        tls_pin=tls_pin(mission.settings),
        label=ring.label,
    )
    return Invited(code, label.strip(), kind)


def enrol(mission: Mission, payload: bytes) -> bytes:
    """Enrol whoever holds an invitation's token, and return the reply's bytes.

    A device whose answer was lost asks again with the same keys and gets the same answer.

    Raises:
        TokenInvalid: unknown, used by another, or past its time; the three look alike.
        SignatureInvalid, EncodingInvalid: not a request.
    """
    request = open_request(payload)
    now = mission.clock.now()
    mission.permit(ANYONE, Action.DEVICE_ENROL, Resource("device"))
    author = author_id(request.signing_public, AUDIENCE_MISSION)
    token_hash = sha256(request.token).digest()
    with mission.inbox() as session:
        invitation = devices.invitation(session, token_hash)
        if invitation is None or invitation.expires_at <= now:
            raise TokenInvalid(_SAME_ANSWER)
        signed_ring = project.newest_ring(session)
        if signed_ring is None:
            raise TokenInvalid(_SAME_ANSWER)
        device = devices.by_token(session, token_hash)
        if device is None:
            if devices.find(session, author) is not None:
                raise TokenInvalid(_SAME_ANSWER)
            certificate = sign_certificate(
                mission.keychain.log,
                Certificate(
                    DeploymentId(project.get(session).deployment),
                    author,
                    PeerRole(invitation.kind),
                    request.signing_public,
                    request.recipient,
                    AUDIENCE_MISSION,
                    mission.today,
                ),
            )
            device = Device(
                author=author,
                number=devices.next_number(session),
                kind=invitation.kind,
                label=invitation.label,
                signing_key=request.signing_public,
                suite=int(request.recipient.suite),
                hpke_key=request.recipient.data,
                certificate=certificate.data,
                certificate_signature=certificate.signature,
                token_hash=token_hash,
                enrolled_at=now,
            )
            session.add(device)
            invitation.used_at = now
            session.add(invitation)
            session.flush()
        elif not hmac.compare_digest(device.signing_key, request.signing_public):
            raise TokenInvalid(_SAME_ANSWER)
        signed = Signed(device.certificate, device.certificate_signature)
        is_hub = device.kind == PeerRole.HUB.value
    if is_hub:
        # Every device is told of the hub, and so knows it when it hears it announced (SYNC-095).
        # Said again to a hub that asks again: a kill in between leaves it unsaid otherwise.
        with mission.records() as session:
            said = encode_attestations([Enrolled(signed)])
            outbox.add_broadcast(session, Kind.ATTESTATION, said)
    return EnrolmentReply(author, signed_ring, signed).encode()


def list_devices(mission: Mission, actor: Actor = CONSOLE) -> list[dict[str, Any]]:
    """Return devices and hubs: who they are and when they were here last.

    Raises:
        PolicyDenied: the actor may not look.
    """
    mission.permit(actor, Action.DEVICE_LIST, Resource("device"))
    with reading(mission.stores.inbox) as session:
        held = {
            (b.author, b.incarnation): b.head_sequence
            for b in logs.all_branches(session)
            if b.number == 0
        }
        return [
            {
                "author": device.author.hex(),
                "label": device.label,
                "kind": device.kind,
                "state": device.state,
                "enrolled_at": device.enrolled_at.isoformat(timespec="seconds"),
                "seen_at": device.seen_at.isoformat(timespec="seconds") if device.seen_at else None,
                "entries": sum(n for (author, _), n in held.items() if author == device.author),
            }
            for device in devices.all_devices(session)
        ]


def find_device(mission: Mission, name: str) -> Device:
    """Return the one device of that label, or whose author begins with those hex digits.

    Raises:
        NotFound: none, or several.
    """
    with reading(mission.stores.inbox) as session:
        found = [
            device
            for device in devices.all_devices(session)
            if device.label == name or device.author.hex().startswith(name.lower())
        ]
        if len(found) != 1:
            raise NotFound(f"{len(found)} devices are called {name!r}; name one by its author")
        session.expunge(found[0])
        return found[0]


def revoke(
    mission: Mission, name: str, reason: str, *, lost: bool = False, actor: Actor = CONSOLE
) -> dict[int, int]:
    """Revoke a device: what lies here is kept, what comes later waits for a coordinator.

    A lost device also gets the order to destroy its vaults at next contact, never its unsent
    sealed entries. Returns how far each of its logs is accepted.

    Raises:
        NotFound: no such device.
        UsageError: no reason, or revoked before.
        PolicyDenied: the actor may not.
    """
    if not reason.strip():
        raise UsageError("a revocation needs its reason (--reason)")
    device = find_device(mission, name)
    if device.state == DeviceState.REVOKED.value:
        raise UsageError(f"{device.label} was revoked on {device.revoked_at}")
    mission.permit(actor, Action.DEVICE_REVOKE, Resource("device", device.author.hex()))
    author = AuthorId(device.author)
    now = mission.clock.now()
    with mission.inbox() as session:
        row = devices.find(session, author)
        if row is None:
            raise NotFound("the device is gone")
        heads = [
            AcceptThrough(
                author=bytes(author),
                incarnation=branch.incarnation,
                sequence=branch.head_sequence,
                hash=branch.head_hash,
            )
            for branch in logs.all_branches(session)
            if branch.author == author and branch.number == 0
        ]
        devices.revoke(session, row, reason.strip(), now)
        devices.set_accept_through(session, heads)
        accepted = {head.incarnation: head.sequence for head in heads}
        said = list(_attested(author, heads, reason.strip(), lost=lost))
    with mission.records() as session:
        outbox.add_broadcast(session, Kind.ATTESTATION, encode_attestations(said))
    return accepted


def _attested(
    author: AuthorId, heads: list[AcceptThrough], reason: str, *, lost: bool
) -> Iterable[Attestation]:
    """Yield what everybody is told: the newest log is named, earlier ones stay as they are."""
    newest = max(heads, key=lambda head: head.incarnation, default=None)
    incarnation = 0 if newest is None else newest.incarnation
    point = Point(0, GENESIS) if newest is None else Point(newest.sequence, EntryHash(newest.hash))
    yield Revoked(LogName(author, incarnation), point, reason)
    if lost:
        yield Lost(author)
