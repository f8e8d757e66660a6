"""Authoring: the next entry of one's own log, sealed, chained and signed, as values.

Nothing is stored here. The store takes an `Appended` in one transaction, entry and head signature
together (SEAL-030); an epoch entry must be durable before the `Epoch` it opens is used (SEAL-041).
There is no way to write a device entry in the clear (SEAL-047).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.clock import RandomBytes
from shared.errors import LocalProtocolError
from shared.ids import EntryHash
from shared.sealing.envelope import (
    DETACHED,
    GENESIS,
    SALT_BYTES,
    Compartment,
    Entry,
    Head,
    Header,
    Kind,
    LogId,
    PayloadRef,
    check_header,
    encode_header,
    entry_hash,
    is_device_kind,
    ref_of,
    sign_head,
)
from shared.sealing.epochs import EpochSecrets, epoch_payloads, payload_key, seal_payload
from shared.sealing.keys import PublicKey, SigningKey
from shared.sealing.mailbox import seal_mail
from shared.sealing.ring import KeyRing


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a log ends: what the next entry follows."""

    log: LogId
    sequence: int = 0
    hash: EntryHash = GENESIS


@dataclass(frozen=True, slots=True)
class Epoch:
    """An open epoch: the sequence of its entry and the secrets it was sealed for."""

    log: LogId
    sequence: int
    secrets: EpochSecrets = field(repr=False)


@dataclass(frozen=True, slots=True)
class Appended:
    """A new entry, ready to be stored together with the signature of the head it makes."""

    entry: Entry
    header_bytes: bytes
    hash: EntryHash
    head: Head
    signature: bytes

    @property
    def tip(self) -> Tip:
        """What the entry after this one follows."""
        return Tip(self.entry.header.log, self.entry.header.sequence, self.hash)


def begin_epoch(
    signer: SigningKey, tip: Tip, ring: KeyRing, day: int, random_bytes: RandomBytes
) -> tuple[Appended, Epoch]:
    """Return the epoch entry and the epoch it opens once the entry is durable.

    Raises:
        KeyNotTrusted: the ring has no intake or no custodian key for `day`.
    """
    secrets = EpochSecrets.new(random_bytes)
    payloads = epoch_payloads(secrets, ring, day, tip.log)
    appended = _append(signer, _next(tip, Kind.EPOCH, 0, random_bytes(SALT_BYTES)), payloads, day)
    return appended, Epoch(tip.log, appended.head.sequence, secrets.only(payloads))


def append_sealed(  # noqa: PLR0913 - keyword-only past the first four
    signer: SigningKey,
    tip: Tip,
    kind: Kind,
    plaintexts: Mapping[Compartment, bytes],
    *,
    epoch: Epoch,
    day: int,
    random_bytes: RandomBytes,
) -> Appended:
    """Seal the plaintexts under the epoch and append them as one entry.

    Each call draws a new salt, so a retry, with the same answers or others, never repeats a key.

    Raises:
        KeyNotTrusted: the epoch has no recipient for one of the compartments.
        LocalProtocolError: the epoch is another log's, nothing to seal, or a compartment that no
            epoch seals.
    """
    _check_epoch(tip, kind, epoch)
    if not plaintexts:
        raise LocalProtocolError(f"a {kind.name.lower()} entry needs something to seal")
    header = _next(tip, kind, epoch.sequence, random_bytes(SALT_BYTES))
    payloads: dict[Compartment, bytes | None] = {}
    for compartment, plaintext in sorted(plaintexts.items()):
        if compartment in DETACHED:
            raise LocalProtocolError("an attachment is sealed in chunks: use begin_attachment")
        secret = epoch.secrets.secret(compartment)
        payloads[compartment] = seal_payload(secret, header, compartment, plaintext)
    return _append(signer, header, payloads, day)


@dataclass(frozen=True, slots=True)
class AttachmentSeal:
    """One attempt to seal an attachment: the key for `seal_chunks` and the salt it came from."""

    epoch: Epoch
    compartment: Compartment
    salt: bytes
    key: bytes = field(repr=False)


def begin_attachment(
    epoch: Epoch, compartment: Compartment, random_bytes: RandomBytes
) -> AttachmentSeal:
    """Draw the salt and key of one attempt; an attempt that broke off is never resumed.

    Raises:
        LocalProtocolError: `compartment` does not hold attachments.
    """
    if compartment not in DETACHED:
        raise LocalProtocolError(f"compartment {int(compartment)} does not hold attachments")
    salt = random_bytes(SALT_BYTES)
    key = payload_key(epoch.secrets.secret(compartment), epoch.log, salt, compartment)
    return AttachmentSeal(epoch, compartment, salt, key)


def append_attachment(  # noqa: PLR0913 - keyword-only past the first three
    signer: SigningKey,
    tip: Tip,
    seal: AttachmentSeal,
    *,
    hash: bytes,  # noqa: A002 - the header's word
    length: int,
    day: int,
) -> Appended:
    """Append the entry of an attachment whose chunks are sealed and stored.

    Args:
        signer: the author's key.
        tip: where the log ends.
        seal: what `begin_attachment` gave.
        hash: SHA-256 of the whole ciphertext.
        length: its length in bytes.
        day: days since 1970-01-01 UTC by the author's clock.
    """
    _check_epoch(tip, Kind.ATTACHMENT, seal.epoch)
    header = replace(
        _next(tip, Kind.ATTACHMENT, seal.epoch.sequence, seal.salt),
        payloads=(PayloadRef(seal.compartment, hash, length),),
    )
    return _finish(signer, header, {seal.compartment: None}, day)


def append_open(  # noqa: PLR0913 - keyword-only past the first four
    signer: SigningKey,
    tip: Tip,
    kind: Kind,
    content: bytes,
    *,
    day: int,
    random_bytes: RandomBytes,
) -> Appended:
    """Append a server's broadcast or erasure order, readable by whoever carries it.

    Raises:
        LocalProtocolError: a device's kind: nothing of a device is ever open (SEAL-047).
    """
    header = _next(tip, _server_kind(kind), 0, random_bytes(SALT_BYTES))
    return _append(signer, header, {Compartment.OPEN: content}, day)


def append_mail(  # noqa: PLR0913 - keyword-only past the first five
    signer: SigningKey,
    tip: Tip,
    kind: Kind,
    content: bytes,
    recipient: PublicKey,
    *,
    day: int,
    random_bytes: RandomBytes,
) -> Appended:
    """Append a server's letter to one device.

    Raises:
        LocalProtocolError: a device's kind.
    """
    header = _next(tip, _server_kind(kind), 0, random_bytes(SALT_BYTES))
    return _append(
        signer, header, {Compartment.MAILBOX: seal_mail(recipient, header, content)}, day
    )


def _server_kind(kind: Kind) -> Kind:
    if is_device_kind(kind):
        raise LocalProtocolError(f"a {kind.name.lower()} entry must be sealed under an epoch")
    return kind


def _check_epoch(tip: Tip, kind: Kind, epoch: Epoch) -> None:
    if not is_device_kind(kind) or kind is Kind.EPOCH:
        raise LocalProtocolError(f"a {kind.name.lower()} entry is not sealed under an epoch")
    if epoch.log != tip.log or epoch.sequence > tip.sequence:
        raise LocalProtocolError("the epoch's entry does not stand in this log")


def _next(tip: Tip, kind: Kind, epoch: int, salt: bytes) -> Header:
    return Header(*tip.log, tip.sequence + 1, kind, tip.hash, epoch, salt)


def _append(
    signer: SigningKey, header: Header, payloads: Mapping[Compartment, bytes | None], day: int
) -> Appended:
    refs = tuple(ref_of(c, data) for c, data in sorted(payloads.items()) if data is not None)
    return _finish(signer, replace(header, payloads=refs), payloads, day)


def _finish(
    signer: SigningKey, header: Header, payloads: Mapping[Compartment, bytes | None], day: int
) -> Appended:
    header_bytes = encode_header(check_header(header))
    digest = entry_hash(header_bytes)
    head = Head(*header.log, header.sequence, digest, day)
    return Appended(Entry(header, payloads), header_bytes, digest, head, sign_head(signer, head))
