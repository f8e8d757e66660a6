"""Authoring entries: epochs, seals, chains, heads; SEAL-020, -021, -030, -040, -041, -044, -047."""

from dataclasses import replace

import pytest
from sealing_kit import DAY, Project, seeded

from shared.errors import (
    HeaderInvalid,
    KeyNotTrusted,
    LocalProtocolError,
    NoKeyMatches,
    SignatureInvalid,
    TagMismatch,
)
from shared.ids import AuthorId
from shared.sealing.envelope import (
    GENESIS,
    Compartment,
    Entry,
    Header,
    Kind,
    check_payloads,
    entry_hash,
    parse_header,
    verify_head,
)
from shared.sealing.epochs import EpochSecrets, open_epoch, open_payload
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.log_writer import (
    Appended,
    Epoch,
    Tip,
    append_attachment,
    append_mail,
    append_open,
    append_sealed,
    begin_attachment,
    begin_epoch,
)
from shared.sealing.mailbox import open_mail
from shared.sealing.ring import Role

PLAINTEXTS = {Compartment.IDENTITY: b"the name", Compartment.BODY: b"the answers"}


def start(project: Project, seed: int = 1) -> tuple[Appended, Epoch]:
    return begin_epoch(project.device, project.tip, project.ring(), DAY, seeded(seed))


def seal(project: Project, first: Appended, epoch: Epoch, seed: int = 2) -> Appended:
    return append_sealed(
        project.device,
        first.tip,
        Kind.REVISION,
        PLAINTEXTS,
        epoch=epoch,
        day=DAY,
        random_bytes=seeded(seed),
    )


@pytest.mark.parametrize("suite", [Suite.X25519, Suite.HYBRID])
def test_a_sealed_entry_is_opened_by_each_recipient_alone(suite: Suite) -> None:
    project = Project(suite)
    first, epoch = start(project)
    appended = seal(project, first, epoch)
    header = parse_header(appended.header_bytes)
    assert header == appended.entry.header
    assert (header.sequence, header.previous, header.epoch) == (2, first.hash, 1)
    check_payloads(appended.entry)
    recipients = {
        Compartment.BODY: project.intake,
        Compartment.IDENTITY: project.custodian,
        Compartment.PROGRESS: project.coordinator,
    }
    for compartment, key in recipients.items():
        payload = first.entry.payloads[compartment]
        assert payload is not None
        opened = open_epoch(payload, [key], project.log, compartment)
        assert opened == epoch.secrets.secret(compartment)
        others = [other for other in recipients.values() if other is not key]
        with pytest.raises(NoKeyMatches):
            open_epoch(payload, others, project.log, compartment)
        if compartment in PLAINTEXTS:
            sealed = appended.entry.payloads[compartment]
            assert sealed is not None
            plaintext = open_payload(opened, header, compartment, sealed)
            assert plaintext == PLAINTEXTS[compartment]


def test_the_head_of_every_append_is_signed_and_covers_the_chain() -> None:
    project = Project()
    first, epoch = start(project)
    second = seal(project, first, epoch)
    public = project.device.public_bytes
    for appended in (first, second):
        assert appended.hash == entry_hash(appended.header_bytes) == appended.head.hash
        verify_head(public, appended.head, appended.signature)
        with pytest.raises(SignatureInvalid):
            verify_head(public, replace(appended.head, signed_on=DAY + 1), appended.signature)
    assert first.entry.header.previous == GENESIS


def test_no_payload_key_or_ciphertext_repeats_on_retry() -> None:
    """SEAL-044: the tip is the same, the answers the same or others, the salt always new."""
    project = Project()
    first, epoch = start(project)
    random_bytes = seeded(3)
    seen: set[bytes] = set()
    salts: set[bytes] = set()
    for attempt in range(20):
        plaintext = b"same answers" if attempt % 2 else bytes((attempt,))
        appended = append_sealed(
            project.device,
            first.tip,
            Kind.REVISION,
            {Compartment.BODY: plaintext},
            epoch=epoch,
            day=DAY,
            random_bytes=random_bytes,
        )
        salts.add(appended.entry.header.salt)
        seen.add(appended.entry.payloads[Compartment.BODY] or b"")
    assert len(salts) == len(seen) == 20


@pytest.mark.parametrize("missing", [Role.INTAKE, Role.CUSTODIAN])
def test_without_a_recipient_there_is_no_epoch(missing: Role) -> None:
    """SEAL-047 and P2: a missing key is an error, never plaintext."""
    project = Project()
    ring = project.ring(without=frozenset((missing,)))
    with pytest.raises(KeyNotTrusted, match=missing.name.lower()):
        begin_epoch(project.device, project.tip, ring, DAY, seeded(1))
    with pytest.raises(KeyNotTrusted):
        begin_epoch(project.device, project.tip, project.ring(), DAY + 1000, seeded(1))


def test_without_a_coordinator_all_but_progress_is_sealed() -> None:
    project = Project()
    ring = project.ring(without=frozenset((Role.COORDINATOR,)))
    first, epoch = begin_epoch(project.device, project.tip, ring, DAY, seeded(1))
    assert set(first.entry.payloads) == {Compartment.BODY, Compartment.IDENTITY}
    seal(project, first, epoch)
    with pytest.raises(KeyNotTrusted, match="coordinator"):
        append_sealed(
            project.device,
            first.tip,
            Kind.PROGRESS,
            {Compartment.PROGRESS: b"p"},
            epoch=epoch,
            day=DAY,
            random_bytes=seeded(2),
        )


@pytest.mark.parametrize(
    ("kind", "compartment"),
    [
        (Kind.REVISION, Compartment.OPEN),
        (Kind.REVISION, Compartment.MAILBOX),
        (Kind.REVISION, Compartment.ATTACHMENT),
        (Kind.FORM, Compartment.BODY),
        (Kind.EPOCH, Compartment.BODY),
    ],
)
def test_what_no_epoch_seals_is_our_own_mistake(kind: Kind, compartment: Compartment) -> None:
    project = Project()
    first, epoch = start(project)
    with pytest.raises(LocalProtocolError):
        append_sealed(
            project.device,
            first.tip,
            kind,
            {compartment: b"x"},
            epoch=epoch,
            day=DAY,
            random_bytes=seeded(2),
        )


def test_an_entry_without_anything_to_seal_is_refused() -> None:
    project = Project()
    first, epoch = start(project)
    with pytest.raises(LocalProtocolError, match="something to seal"):
        append_sealed(
            project.device,
            first.tip,
            Kind.TALLY,
            {},
            epoch=epoch,
            day=DAY,
            random_bytes=seeded(2),
        )


def test_an_epoch_serves_its_own_log_after_its_own_entry_only() -> None:
    """SEAL-041: before the epoch entry stands in the log, nothing can name it."""
    project = Project()
    first, epoch = start(project)
    other_log = project.log._replace(author=AuthorId(bytes(16)))
    for tip in (project.tip, Tip(other_log, 5, first.hash)):
        with pytest.raises(LocalProtocolError, match="does not stand in this log"):
            append_sealed(
                project.device,
                tip,
                Kind.REVISION,
                PLAINTEXTS,
                epoch=epoch,
                day=DAY,
                random_bytes=seeded(2),
            )


def test_a_payload_opens_only_in_its_place() -> None:
    project = Project()
    first, epoch = start(project)
    appended = seal(project, first, epoch)
    header = appended.entry.header
    sealed = appended.entry.payloads[Compartment.BODY]
    assert sealed is not None
    secret = epoch.secrets.secret(Compartment.BODY)
    moved: list[Header] = [
        replace(header, sequence=3),
        replace(header, kind=Kind.RESOLUTION),
        replace(header, previous=GENESIS),
        replace(header, epoch=0),
        replace(header, salt=bytes(16)),
        replace(header, incarnation=1),
        replace(header, author=AuthorId(bytes(16))),
        replace(header, deployment=type(header.deployment)(bytes(8))),
    ]
    for other in moved:
        with pytest.raises(TagMismatch):
            open_payload(secret, other, Compartment.BODY, sealed)
    with pytest.raises(TagMismatch):
        open_payload(secret, header, Compartment.IDENTITY, sealed)
    with pytest.raises(TagMismatch):
        open_payload(bytes(32), header, Compartment.BODY, sealed)
    with pytest.raises(TagMismatch):
        open_payload(secret, header, Compartment.BODY, sealed[:-1])


def test_an_epoch_payload_opens_only_in_its_log_and_compartment() -> None:
    project = Project()
    first, _ = start(project)
    payload = first.entry.payloads[Compartment.BODY]
    assert payload is not None
    places = [
        (project.log._replace(incarnation=1), Compartment.BODY),
        (project.log._replace(author=AuthorId(bytes(16))), Compartment.BODY),
        (project.log, Compartment.IDENTITY),
    ]
    for log, compartment in places:
        with pytest.raises(TagMismatch):
            open_epoch(payload, [project.intake], log, compartment)


def test_payloads_are_checked_against_the_header() -> None:
    """SEAL-022: another payload is refused, a missing one is pruned."""
    project = Project()
    first, epoch = start(project)
    entry = seal(project, first, epoch).entry
    body = entry.payloads[Compartment.BODY]
    assert body is not None
    check_payloads(Entry(entry.header, {}))
    check_payloads(Entry(entry.header, {Compartment.BODY: None}))
    for payloads in (
        {Compartment.BODY: body[:-1] + bytes((body[-1] ^ 1,))},
        {Compartment.BODY: body + b"\0"},
        {Compartment.PROGRESS: body},
    ):
        with pytest.raises(TagMismatch):
            check_payloads(Entry(entry.header, payloads))


def test_an_attachment_entry_names_the_chunks_that_were_sealed() -> None:
    project = Project()
    first, epoch = start(project)
    attempt = begin_attachment(epoch, Compartment.ATTACHMENT, seeded(4))
    again = begin_attachment(epoch, Compartment.ATTACHMENT, seeded(5))
    direct = begin_attachment(epoch, Compartment.DIRECT_ATTACHMENT, seeded(4))
    assert len({attempt.key, again.key, direct.key}) == 3
    appended = append_attachment(
        project.device, first.tip, attempt, hash=bytes(32), length=5_000_000, day=DAY
    )
    header = parse_header(appended.header_bytes)
    assert header.salt == attempt.salt
    assert header.payloads == ((Compartment.ATTACHMENT, bytes(32), 5_000_000),)
    with pytest.raises(LocalProtocolError):
        begin_attachment(epoch, Compartment.BODY, seeded(4))


def test_a_server_broadcasts_openly_and_writes_letters_sealed() -> None:
    """SEAL-046: the letter is for that device and that place alone."""
    project = Project()
    shout = append_open(
        project.server, project.tip, Kind.POLICY, b"policy", day=DAY, random_bytes=seeded(1)
    )
    assert shout.entry.payloads == {Compartment.OPEN: b"policy"}
    letter = append_mail(
        project.server,
        shout.tip,
        Kind.ASSIGNMENT,
        b"visit 12",
        project.mailbox.public,
        day=DAY,
        random_bytes=seeded(2),
    )
    payload = letter.entry.payloads[Compartment.MAILBOX]
    assert payload is not None
    header = letter.entry.header
    assert b"visit 12" not in payload
    assert open_mail(payload, [project.mailbox], header) == b"visit 12"
    with pytest.raises(NoKeyMatches):
        open_mail(payload, [project.intake], header)
    with pytest.raises(TagMismatch):
        open_mail(payload, [project.mailbox], replace(header, kind=Kind.STATE))


def test_a_device_never_writes_openly() -> None:
    """SEAL-047: neither by the helper nor by a header made by hand."""
    project = Project()
    with pytest.raises(LocalProtocolError):
        append_open(
            project.device, project.tip, Kind.REVISION, b"clear", day=DAY, random_bytes=seeded(1)
        )
    with pytest.raises(LocalProtocolError):
        append_mail(
            project.device,
            project.tip,
            Kind.TALLY,
            b"clear",
            project.mailbox.public,
            day=DAY,
            random_bytes=seeded(1),
        )


def test_an_entry_over_the_limit_is_refused_before_it_is_signed() -> None:
    project = Project()
    first, epoch = start(project)
    with pytest.raises(HeaderInvalid, match="larger"):
        append_sealed(
            project.device,
            first.tip,
            Kind.REVISION,
            {Compartment.BODY: bytes(1 << 20)},
            epoch=epoch,
            day=DAY,
            random_bytes=seeded(2),
        )


def test_secrets_do_not_show_in_representations() -> None:
    project = Project()
    _, epoch = start(project)
    secret = epoch.secrets.secret(Compartment.BODY)
    shown = repr(epoch) + repr(EpochSecrets.new(seeded(1)))
    assert repr(secret)[2:-1] not in shown
    assert "secrets=" not in shown


def test_a_wrong_size_of_secret_key_is_named() -> None:
    with pytest.raises(ValueError, match="5"):
        Suite(5)
    with pytest.raises(Exception, match="32 bytes"):
        SecretKey.from_bytes(Suite.X25519, b"short")
