"""An enrolled tablet that seals real entries and lays them in the mission's inbox."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from mission import PASSPHRASE, MissionKit

from server.db import writing
from server.governance.publishing import Proposal, approve_form, publish
from server.intake.inbox import InboxStore
from server.queries import devices
from server.tables.project import Device, DeviceKind
from shared.forms.codebook import codebook_of
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.ids import DeploymentId, RecordId, RevisionId
from shared.records.codebook import Codebook
from shared.records.codec import Codebooks, decode_body, encode_body, encode_identity
from shared.records.consent import Consent, Decision, Method
from shared.records.form_document import FormDocument
from shared.records.revision import Identity, Patch, RevisionBody
from shared.records.small import (
    Outcome,
    Status,
    Tally,
    Withdrawal,
    encode_status,
    encode_tally,
    encode_withdrawal,
)
from shared.sealing.envelope import Compartment, Kind, LogId
from shared.sealing.epochs import open_payload
from shared.sealing.keys import AUDIENCE_MISSION, SecretKey, SigningKey, Suite, author_id
from shared.sealing.log_writer import Appended, Epoch, Tip, append_sealed, begin_epoch
from shared.sealing.tags import equality_tag
from shared.sealing.withdrawal import code_hash, new_code
from sync.core.batch import Run, encode_batch, sealed_entry
from sync.core.certificate import Certificate, PeerRole, sign_certificate

CANARY = "Qzavx"
"""Starts every name these tests write; it must be found in no store."""
FORM = """
| survey |
| | type | name | label | required | relevant | constraint | bind::cairn:disclosure | bind::cairn:generalise |
| | integer | round | Round | yes | | | open | |
| | text | location | Location | yes | | | quasi | |
| | begin_group | consent | Consent | | | | | |
| | note | consent_notice | We ask for your household. | | | | open | |
| | select_one yes_no | consent_statistics | Keep it? | yes | | | open | |
| | select_one yes_no | consent_contact | Call you? | | ${consent_statistics} = 'yes' | | open | |
| | end_group | | | | | | | |
| | begin_group | interview | Interview | | ${consent_statistics} = 'yes' | | | |
| | text | head_name | Name of the head | yes | | | direct | |
| | integer | size | How many people? | yes | | . > 0 and . < 40 | open | |
| | select_multiple need | needs | Needs | | | | open | |
| | begin_repeat | member | Member | | | | | |
| | text | member_name | Name | yes | | | direct | |
| | integer | age | Age | yes | | . < 120 | quasi | age:dtm |
| | select_one sex | sex | Sex | | | | open | |
| | end_repeat | | | | | | | |
| | end_group | | | | | | | |
| choices |
| | list_name | name | label |
| | yes_no | yes | Yes |
| | yes_no | no | No |
| | need | water | Water |
| | need | food | Food |
| | sex | female | Female |
| | sex | male | Male |
| settings |
| | form_id | form_title | version | cairn_basis | cairn_purposes | cairn_consent |
| | household | Household | {version} | consent | statistics contact | consent |
"""  # noqa: E501 - a table
WITH_FILES = "9"
FILES_AFTER = "| | select_multiple need | needs | Needs | | | | open | |\n"
FILES = """| | image | house | The house | | | | open | |
| | file | paper | A paper | | | | open | |
| | audio | voice | Her voice | | | | direct | |
"""
MEMBER = "/data/interview/member[ab12cd34ef567890]"
ANSWERS: Patch = {
    "/data/round": 1,
    "/data/location": "LOC-1",
    "/data/consent/consent_statistics": "yes",
    "/data/consent/consent_contact": "no",
    "/data/interview/size": 4,
    "/data/interview/needs": ("water",),
    MEMBER: 1,
    f"{MEMBER}/age": 33,
    f"{MEMBER}/sex": "female",
}


@lru_cache(maxsize=4)
def xform(version: str = "1") -> bytes:
    """Return the form of these tests in one of its versions; WITH_FILES asks for files too."""
    text = FORM.replace("{version}", version)
    if version == WITH_FILES:
        text = text.replace(FILES_AFTER, FILES_AFTER + FILES)
    return convert(text).xform


@lru_cache(maxsize=4)
def codebook(version: str = "1") -> Codebook:
    """Return its codebook."""
    return codebook_of(read_form(xform(version)))


def publish_form(kit: MissionKit, version: str = "1") -> None:
    """Have the form signed by the steward and put in force."""
    form = FormDocument(xform(version), version)
    deployment = DeploymentId(kit.mission.project().deployment)
    proposal = Proposal(deployment, "household", int(version), form)
    publish(kit.mission, approve_form(kit.station, proposal, PASSPHRASE))


@dataclass
class Interview:
    """One record as its tablet knew it when it was sealed."""

    record_id: RecordId
    tag_key: bytes
    code: bytes
    revision: RevisionId
    appended: Appended


@dataclass
class SealedDevice:
    """A tablet with its own keys; each unlock is an epoch."""

    kit: MissionKit
    name: str
    key: SigningKey = field(init=False)
    mailbox: SecretKey = field(init=False)
    tip: Tip = field(init=False)
    epoch: Epoch | None = None
    enrolled: bool = True
    kind: DeviceKind = DeviceKind.DEVICE
    held: list[Appended] | None = None
    direct: dict[str, str] = field(default_factory=dict)
    """More direct answers of the next first revision."""

    def __post_init__(self) -> None:
        """Make its keys, and enrol unless it is a stranger."""
        self.key = SigningKey.from_bytes(sha256(self.name.encode()).digest())
        author = author_id(self.key.public_bytes, AUDIENCE_MISSION)
        deployment = DeploymentId(self.kit.mission.project().deployment)
        self.tip = Tip(LogId(deployment, author, 0))
        if self.enrolled:
            self.enrol()

    def enrol(self) -> None:
        """Become known to the mission, with a certificate."""
        author, deployment = self.tip.log.author, self.tip.log.deployment
        self.mailbox = SecretKey.generate(Suite.X25519)
        mailbox = self.mailbox.public
        signed = sign_certificate(
            self.kit.mission.keychain.log,
            Certificate(
                deployment,
                author,
                PeerRole.HUB if self.kind is DeviceKind.HUB else PeerRole.DEVICE,
                self.key.public_bytes,
                mailbox,
                AUDIENCE_MISSION,
                self.day,
            ),
        )
        with writing(self.kit.mission.stores.inbox) as session:
            session.add(
                Device(
                    author=author,
                    number=devices.next_number(session),
                    kind=self.kind.value,
                    label=self.name,
                    signing_key=self.key.public_bytes,
                    suite=int(Suite.X25519),
                    hpke_key=mailbox.data,
                    certificate=signed.data,
                    certificate_signature=signed.signature,
                    token_hash=sha256(b"token " + self.name.encode()).digest(),
                    enrolled_at=self.kit.clock.now(),
                )
            )

    @property
    def day(self) -> int:
        return self.kit.mission.today

    def at_ms(self) -> int:
        return self.kit.mission.now_ms()

    def unlock(self) -> None:
        """Begin an epoch."""
        appended, self.epoch = begin_epoch(
            self.key, self.tip, self.kit.mission.ring(), self.day, os.urandom
        )
        self._store(appended)

    def append(self, kind: Kind, plaintexts: Mapping[Compartment, bytes]) -> Appended:
        """Seal one entry and lay it in the inbox."""
        if self.epoch is None:
            self.unlock()
        assert self.epoch is not None
        appended = append_sealed(
            self.key,
            self.tip,
            kind,
            plaintexts,
            epoch=self.epoch,
            day=self.day,
            random_bytes=os.urandom,
        )
        self._store(appended)
        return appended

    def hold(self) -> None:
        """Keep what is sealed from now on, for `batch`."""
        self.held = []

    def batch(self) -> bytes:
        """Return what was kept as one signed run."""
        assert self.held
        entries = tuple(sealed_entry(one.entry.header, one.entry.payloads) for one in self.held)
        last = self.held[-1]
        run = Run(entries, last.head.signed_on, last.signature)
        return encode_batch(self.tip.log.deployment, [run])

    def _store(self, appended: Appended) -> None:
        if self.held is not None:
            self.held.append(appended)
            self.tip = appended.tip
            return
        InboxStore(self.kit.mission.stores.inbox, self.kit.clock).append_own(appended)
        self.tip = appended.tip

    def consent(self, code: bytes, *, granted: bool = True) -> Consent:
        decision = Decision.GRANTED if granted else Decision.REFUSED
        decisions = {"statistics": decision, "contact": Decision.REFUSED}
        at_ms = self.at_ms() - 60_000
        return Consent("", decisions, b"n" * 16, "en", Method.VERBAL, at_ms, code_hash(code))

    def interview(
        self,
        changes: Patch | None = None,
        *,
        consents: tuple[Consent, ...] | None = None,
        code: bytes | None = None,
        version: str = "1",
        record_id: RecordId | None = None,
    ) -> Interview:
        """Finalize one interview."""
        known = Interview(
            record_id or RecordId(os.urandom(16)),
            os.urandom(16),
            code or new_code(os.urandom),
            RevisionId(b""),
            None,  # type: ignore[arg-type]
        )
        given = (self.consent(known.code),) if consents is None else consents
        return self.revise(
            known, {**ANSWERS, **(changes or {})}, (), consents=given, version=version
        )

    def revise(  # noqa: PLR0913 - keyword-only past the first three
        self,
        known: Interview,
        patch: Patch,
        parents: tuple[RevisionId, ...],
        *,
        consents: tuple[Consent, ...] = (),
        version: str = "1",
        reason: str = "",
    ) -> Interview:
        """Seal a revision of a record."""
        body, identity = self.halves(known, patch, parents, consents, version, reason)
        book = codebook(version)
        plaintext = encode_body(body, book)
        sealed = {Compartment.BODY: plaintext}
        if identity.patch:
            sealed[Compartment.IDENTITY] = encode_identity(identity, book)
        appended = self.append(Kind.REVISION, sealed)
        revision, _ = decode_body(plaintext, Codebooks(book))
        return Interview(known.record_id, known.tag_key, known.code, revision, appended)

    def halves(  # noqa: PLR0913, PLR0917 - one revision
        self,
        known: Interview,
        patch: Patch,
        parents: tuple[RevisionId, ...],
        consents: tuple[Consent, ...],
        version: str,
        reason: str,
    ) -> tuple[RevisionBody, Identity]:
        names: dict[str, str] = {}
        if not parents:
            names["/data/interview/head_name"] = f"{CANARY} {known.record_id.hex()}"
            names[f"{MEMBER}/member_name"] = f"{CANARY} member"
            names.update(self.direct)
        tags = {a: equality_tag(known.tag_key, known.record_id, a, v) for a, v in names.items()}
        book = codebook(version)
        body = RevisionBody(
            record_id=known.record_id,
            parents=tuple(sorted(parents)),
            form_id=book.form_id,
            form_hash=book.form_hash,
            at_ms=self.at_ms(),
            offset_min=180,
            enumerator="enum-1",
            patch=patch,
            round_id="R1",
            location="LOC-1",
            consents=consents,
            tags=tags,
            reason=reason,
        )
        return body, Identity(known.record_id, known.tag_key, names)

    def reseal(self, interview: Interview) -> Appended:
        """Seal the same revision once more, as after a lost hand-over."""
        return self.append(Kind.REVISION, self.plaintexts(interview.appended))

    def plaintexts(self, appended: Appended) -> dict[Compartment, bytes]:
        """Open an entry of the epoch at hand, as nobody but this tablet could."""
        assert self.epoch is not None
        header, secrets = appended.entry.header, self.epoch.secrets
        return {
            part: open_payload(secrets.secret(part), header, part, data)
            for part, data in appended.entry.payloads.items()
            if data is not None
        }

    def tally(self, outcome: Outcome = Outcome.REFUSED, count: int = 1) -> Appended:
        tally = Tally("household", "R1", "XA01", self.day, outcome, count)
        return self.append(Kind.TALLY, {Compartment.BODY: encode_tally(tally)})

    def status(self, **facts: str | int) -> Appended:
        return self.append(Kind.STATUS, {Compartment.BODY: encode_status(Status(facts))})

    def withdraw(self, code: bytes) -> Appended:
        plaintext = encode_withdrawal(Withdrawal(code))
        return self.append(Kind.WITHDRAWAL, {Compartment.BODY: plaintext})
