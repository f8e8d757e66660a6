"""A project for client tests: a root, a server that really enrols and receives, and their keys.

The server is sync's own responder over a log store; what it received can be opened with the intake
and custodian keys, as the mission server and the custodian would.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from client_kit import CONSENTING, HOUSEHOLD, MovingClock, form_of, xform_of

from mobile_client.device.fake import FakeKeystore, fake_services
from mobile_client.device.linux import linux_services
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import Slip
from mobile_client.presenters.status import Transfer
from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.client import Client
from mobile_client.services.machine import Machine
from shared.canonical import encode
from shared.errors import TokenInvalid
from shared.ids import AuthorId, DeploymentId, RevisionId
from shared.records.codec import (
    Codebooks,
    decode_body,
    decode_identity,
    encode_body,
    form_key,
)
from shared.records.form_document import FormDocument, encode_form_document
from shared.records.revision import Identity, RevisionBody
from shared.records.small import Progress, Tally, decode_progress, decode_tally
from shared.sealing.documents import Document, sign_document
from shared.sealing.enrol import EnrolmentCode, EnrolmentReply, open_request
from shared.sealing.envelope import Compartment, Kind, LogId
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import (
    AUDIENCE_ALL,
    AUDIENCE_MISSION,
    SecretKey,
    SigningKey,
    Suite,
    author_id,
    device_audience,
    root_fingerprint,
)
from shared.sealing.log_writer import append_mail, append_open
from shared.sealing.passphrase import TEST_COST
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring
from sync.carrier import answering_reader, bundle_messages, take_bundle
from sync.core.attest import Attestation, encode_attestations
from sync.core.batch import SealedEntry
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.directory import Directory
from sync.core.have import HaveVector
from sync.peer import Me, Peer, TakenIn
from sync.responder import HubIssuer, MissionIssuer, Responder
from sync.stores.memory import MemoryLogStore
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle
from sync.transports.memory import Fault, MemoryTransport

PASSPHRASE = "orbit lantern plum gravel sixty marble"
DEPLOYMENT = DeploymentId(b"deploy42")
AUDIT_HEAD = bytes(32)


@dataclass
class TestProject:
    """A project with one mission server."""

    __test__ = False

    clock: MovingClock = field(default_factory=MovingClock)
    root: SigningKey = field(default_factory=SigningKey.generate)
    log_key: SigningKey = field(default_factory=SigningKey.generate)
    receipt_key: SigningKey = field(default_factory=SigningKey.generate)
    intake: SecretKey = field(default_factory=lambda: SecretKey.generate(Suite.X25519))
    custodian: SecretKey = field(default_factory=lambda: SecretKey.generate(Suite.X25519))
    transport: SecretKey = field(default_factory=lambda: SecretKey.generate(Suite.X25519))
    coordinator: SecretKey = field(default_factory=lambda: SecretKey.generate(Suite.X25519))
    tokens: set[bytes] = field(default_factory=set)
    codebooks: Codebooks = field(default_factory=Codebooks)
    keys_left_out: frozenset[Role] = frozenset()
    backed_up: bool = False
    key_days: tuple[int, int] = (0, 99_999)
    codes: dict[bytes, EnrolmentCode] = field(default_factory=dict)
    store: Any = field(default_factory=MemoryLogStore)

    def __post_init__(self) -> None:
        """Open the server's store and log."""
        author = author_id(self.log_key.public_bytes, AUDIENCE_ALL)
        directory = Directory(DEPLOYMENT, root_fingerprint(self.root.public_bytes))
        me = Me(author, self.log_key)
        self.peer = Peer(self.store, me, directory, self.clock, keeps_strangers=True)
        self.peer.take_ring(self.ring())
        self.issuer = MissionIssuer(
            self.peer,
            self.receipt_key,
            lambda have: have if self.backed_up else HaveVector(),
            lambda: AUDIT_HEAD,
        )
        self.responder = Responder(self.peer, self.issuer)
        ring = self.ring()
        if not self.store.have().points:
            self.broadcast(Kind.KEYS, encode([ring.data, ring.signature]))

    def ring(self, serial: int = 1) -> SignedRing:
        """Return the project's key ring."""
        recipients = {
            Role.INTAKE: self.intake,
            Role.CUSTODIAN: self.custodian,
            Role.COORDINATOR: self.coordinator,
            Role.SERVER_TRANSPORT: self.transport,
        }
        keys = [
            RingKey(role, key.suite, key.public.data, *self.key_days)
            for role, key in recipients.items()
            if role not in self.keys_left_out
        ]
        keys += [
            RingKey(Role.SERVER_LOG, Suite.ED25519, self.log_key.public_bytes, 0, 99_999),
            RingKey(Role.RECEIPT, Suite.ED25519, self.receipt_key.public_bytes, 0, 99_999),
        ]
        ring = KeyRing(DEPLOYMENT, serial, 0, self.root.public_bytes, "Test project", tuple(keys))
        return sign_ring(self.root, ring)

    def broadcast(self, kind: Kind, content: bytes) -> None:
        """Append to the server's log for all."""
        tip = self.store.own_tip(DEPLOYMENT, self.peer.me.author, 0)
        appended = append_open(
            self.log_key, tip, kind, content, day=20_000, random_bytes=os.urandom
        )
        self.store.append_own(appended)

    def attest(self, *items: Attestation) -> None:
        """Broadcast attestations."""
        self.broadcast(Kind.ATTESTATION, encode_attestations(list(items)))

    def publish(self, markdown: str = HOUSEHOLD, serial: int = 1) -> None:
        """Sign and broadcast a form."""
        loaded = form_of(markdown)
        self.codebooks.add(loaded.codebook)
        content = encode_form_document(FormDocument(xform_of(markdown), loaded.form.version))
        document = Document(DEPLOYMENT, "form", loaded.form.id, serial, content)
        self.broadcast(Kind.FORM, sign_document(self.root, document))

    def publish_policy(self, text: str, serial: int = 1) -> None:
        """Sign and broadcast a policy."""
        document = Document(DEPLOYMENT, "policy", "policy", serial, text.encode())
        self.broadcast(Kind.POLICY, sign_document(self.root, document))

    def assign(self, client: Client, body: RevisionBody, parents: tuple[RevisionId, ...]) -> None:
        """Send a record's state to a device, as the mission server's letters do (GOV-063)."""
        state = replace(body, parents=tuple(sorted(parents)), tags={}, paradata=None)
        codebook = self.codebooks(form_key(body.form_hash))
        self.mail(client, Kind.ASSIGNMENT, encode([1, encode_body(state, codebook)]))

    def mail(self, client: Client, kind: Kind, content: bytes, incarnation: int = 0) -> None:
        """Append a letter to a device's mailbox."""
        assert client.project is not None
        device = client.project.peer.me.author
        mailbox = author_id(self.log_key.public_bytes, device_audience(device))
        certificate = self.peer.directory.certificate(device)
        assert certificate is not None
        tip = self.store.own_tip(DEPLOYMENT, mailbox, incarnation)
        letter = append_mail(
            self.log_key,
            tip,
            kind,
            content,
            certificate.hpke,
            day=20_000,
            random_bytes=os.urandom,
        )
        self.store.append_own(letter)

    # ---- enrolling

    def code(self, *, lives_s: float = 3600, address: str = "https://127.0.0.1:1") -> str:
        """Return a new enrolment code."""
        token = os.urandom(16)
        self.tokens.add(token)
        expires_ms = int((self.clock.at.timestamp() + lives_s) * 1000)
        code = EnrolmentCode(
            DEPLOYMENT,
            (address,),
            root_fingerprint(self.root.public_bytes),
            token,
            expires_ms,
            None,
            "Test project",
        )
        self.codes[token] = code
        return code.text()

    def answer_enrolment(self, code: EnrolmentCode, request: bytes) -> bytes:
        """Do what the server does with an enrolment request."""
        opened = open_request(request)
        if code.token not in self.tokens:
            raise TokenInvalid("the enrolment code was used before")
        self.tokens.discard(code.token)
        author = author_id(opened.signing_public, AUDIENCE_MISSION)
        certificate = sign_certificate(
            self.log_key,
            Certificate(
                DEPLOYMENT,
                author,
                PeerRole.DEVICE,
                opened.signing_public,
                opened.recipient,
                AUDIENCE_MISSION,
                20_000,
            ),
        )
        self.peer.learn(certificate)
        return EnrolmentReply(author, self.ring(), certificate).encode()

    def client(self, home: Path, **changes: object) -> Client:
        """Open a home on this project's clock."""
        device = fake_services(keystore=FakeKeystore(value=b"secret"))
        machine = Machine(device, self.clock, UTC, cost=TEST_COST, suite=Suite.X25519)
        return Client(home, replace(machine, **changes))

    def on_disk(self, home: Path, address: str = "https://127.0.0.1:1") -> Client:
        """Enrol a home as the real program would open it, whose keystore is a file."""
        home.mkdir(parents=True, exist_ok=True)
        device = linux_services(home, self.clock)
        return self.enrolled(home, address=address, device=device)

    def reopened(self, home: Path) -> Client:
        """Open such a home again and unlock it."""
        client = self.client(home, device=linux_services(home, self.clock))
        client.unlock(client.enumerators()[0].id, PASSPHRASE)
        return client

    def enrolled(
        self,
        home: Path,
        name: str = "Amina",
        *,
        address: str = "https://127.0.0.1:1",
        **changes: object,
    ) -> Client:
        """Open a home, enrol it and fetch the forms."""
        client = self.client(home, **changes)
        client.join(
            self.code(address=address), "Tablet 7", name, PASSPHRASE, send=self.answer_enrolment
        )
        self.sync(client)
        return client

    def sync(self, client: Client, fault: Fault | None = None) -> Transfer:
        """Hand over to this project's server."""
        assert client.project is not None
        line = MemoryTransport(self.responder, client.project.peer.me.author, fault)
        return client.exchange_over(line, lambda _: None, lambda: False)

    def take_bundle(self, path: Path, answer: Path) -> int:
        """Apply a device's bundle and write the answer; return how many entries were new."""
        header, messages = open_bundle(path, [self.transport], DEPLOYMENT)
        delivered = take_bundle(self.peer, header.sender, messages)
        papers = self.issuer.papers(header.sender, self.peer.have_for(header.sender), TakenIn())
        certificate = self.peer.directory.certificate(header.sender)
        assert certificate is not None
        makers = bundle_messages(self.peer, answering_reader(self.peer, delivered), papers)
        origin = BundleFrom(DEPLOYMENT, self.peer.me.author, 0)
        write_bundle(answer, origin, [certificate.hpke], makers, os.urandom)
        return delivered.entries

    def hub(self) -> Responder:
        """Return an enrolled hub, which passes broadcasts on and gives notes."""
        key = SigningKey.generate()
        author = author_id(key.public_bytes, AUDIENCE_MISSION)
        public = SecretKey.generate(Suite.X25519).public
        certificate = sign_certificate(
            self.log_key,
            Certificate(
                DEPLOYMENT,
                author,
                PeerRole.HUB,
                key.public_bytes,
                public,
                AUDIENCE_MISSION,
                20_000,
            ),
        )
        directory = Directory(DEPLOYMENT, root_fingerprint(self.root.public_bytes))
        peer = Peer(MemoryLogStore(), Me(author, key, certificate), directory, self.clock)
        self.peer.learn(certificate)
        peer.take_ring(self.ring())
        peer.learn(certificate)
        return Responder(peer, HubIssuer(peer))

    # ---- opening what was received

    def entries(self, kind: Kind | None = None) -> list[SealedEntry]:
        """Return what devices sent, in order."""
        found = []
        for log in sorted(self.store.have().points):
            if log.author == self.peer.me.author:
                continue
            for branch in self.store.branches(log):
                found += self.store.entries(branch, branch.forked_at + 1, branch.head.sequence)
        return [entry for entry in found if kind is None or entry.header.kind == kind]

    def opened(self, entry: SealedEntry, part: Compartment) -> bytes:
        """Open one compartment with the key that is for it."""
        header = entry.header
        epoch = self.store.entry(AuthorId(header.author), header.incarnation, header.epoch)
        assert epoch is not None, "the epoch stands before what it seals"
        source = {7: Compartment.IDENTITY, 3: Compartment.BODY}.get(part, part)
        payload = epoch.payloads[source]
        assert payload is not None
        log = LogId(header.deployment, header.author, header.incarnation)
        keys = (self.intake, self.custodian, self.coordinator)
        secret = open_epoch(payload, keys, log, source)
        sealed = entry.payloads[part]
        assert sealed is not None
        return open_payload(secret, header, part, sealed)

    def bodies(self) -> list[RevisionBody]:
        """Open every record's body."""
        return [
            decode_body(self.opened(entry, Compartment.BODY), self.codebooks)[1]
            for entry in self.entries(Kind.REVISION)
        ]

    def revision_ids(self) -> list[RevisionId]:
        """Return the ids of all records' revisions."""
        return [
            decode_body(self.opened(entry, Compartment.BODY), self.codebooks)[0]
            for entry in self.entries(Kind.REVISION)
        ]

    def identities(self) -> list[Identity]:
        """Open every record's identity."""
        return [
            decode_identity(self.opened(entry, Compartment.IDENTITY), self.codebooks)
            for entry in self.entries(Kind.REVISION)
            if Compartment.IDENTITY in entry.payloads
        ]

    def tallies(self) -> list[Tally]:
        """Open every tally."""
        return [
            decode_tally(self.opened(entry, Compartment.BODY)) for entry in self.entries(Kind.TALLY)
        ]

    def progress(self) -> list[Progress]:
        """Open every progress entry, as the coordinator does."""
        return [
            decode_progress(self.opened(entry, Compartment.PROGRESS))
            for entry in self.entries(Kind.PROGRESS)
        ]


HOUSEHOLD_ANSWERS: Mapping[str, str] = {
    "/data/interview/head_name": "Zubaida",
    "/data/interview/size": "2",
    "/data/interview/needs": "water",
    "/data/interview/member[1]/member_name": "Omar",
    "/data/interview/member[1]/age": "7",
}


def start_household(client: Client, answers: Mapping[str, str] | None = None) -> OpenInterview:
    """Fill the household form up to its end."""
    interview = client.begin("household")
    interview.answer("/data/place/round", "3")
    interview.answer("/data/place/location", "Camp A")
    interview.next()
    for path, text in CONSENTING.items():
        interview.answer(path, text)
    assert interview.consent(ConsentGiven())
    for path, text in {**HOUSEHOLD_ANSWERS, **(answers or {})}.items():
        interview.answer(path, text)
    return interview


def finalized_household(client: Client, answers: Mapping[str, str] | None = None) -> Slip:
    """Fill the household form and finalize it."""
    interview = start_household(client, answers)
    interview.close()
    return client.finalize(interview.draft_id)
