"""Epochs: one costly encapsulation per unlock, then a cheap fresh key per payload.

Rules SEAL-040 to SEAL-047. A hybrid encapsulation is 1.1 KB, so it is paid once per unlock and
recipient; every entry derives its own key from the epoch secret and a salt that is new at each
attempt. Secrets live in memory only: whoever holds an `EpochSecrets` forgets it at lock.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import KeyNotTrusted, LocalProtocolError, TagMismatch
from shared.ids import KEY_ID_BYTES
from shared.sealing.envelope import Compartment, Header, LogId, place_bytes
from shared.sealing.keys import KEY_BYTES, SecretKey, find_key
from shared.sealing.labels import label
from shared.sealing.padding import pad, unpad
from shared.sealing.ring import KeyRing, Role
from shared.shapes import array, octets, uint

RECIPIENTS: Final[Mapping[Compartment, Role]] = {
    Compartment.BODY: Role.INTAKE,
    Compartment.IDENTITY: Role.CUSTODIAN,
    Compartment.PROGRESS: Role.COORDINATOR,
}
"""Compartments with an epoch secret of their own, and who opens them."""
_SHARED_SECRET: Final[Mapping[Compartment, Compartment]] = {
    Compartment.ATTACHMENT: Compartment.BODY,
    Compartment.DIRECT_ATTACHMENT: Compartment.IDENTITY,
}
_OPTIONAL: Final = frozenset((Compartment.PROGRESS,))
_NONCE: Final = bytes(12)
"""Constant, because a payload key seals once: its salt is new at every attempt (SEAL-044)."""


def secret_compartment(compartment: Compartment) -> Compartment:
    """Return the compartment whose epoch secret seals `compartment`."""
    return _SHARED_SECRET.get(compartment, compartment)


@dataclass(frozen=True, slots=True)
class EpochSecrets:
    """The secrets of one unlock, by compartment. Never stored, never shown."""

    secrets: Mapping[Compartment, bytes] = field(repr=False)

    @classmethod
    def new(cls, random_bytes: RandomBytes) -> Self:
        """Draw the secrets of a new epoch."""
        return cls({compartment: random_bytes(KEY_BYTES) for compartment in RECIPIENTS})

    def secret(self, compartment: Compartment) -> bytes:
        """Return the secret that seals `compartment`.

        Raises:
            KeyNotTrusted: the key ring had no recipient for it when the epoch began (SEAL-047).
            LocalProtocolError: no epoch seals this compartment.
        """
        source = secret_compartment(compartment)
        if source not in RECIPIENTS:
            raise LocalProtocolError(f"compartment {int(compartment)} is not sealed by an epoch")
        if source not in self.secrets:
            raise KeyNotTrusted(
                f"the key ring has no {RECIPIENTS[source].name.lower()} key, so this cannot be "
                "sealed; fetch the newest key ring, then lock and unlock"
            )
        return self.secrets[source]

    def only(self, compartments: Iterable[Compartment]) -> Self:
        """Return the secrets of `compartments` alone: those an epoch entry was sealed for."""
        return type(self)({compartment: self.secrets[compartment] for compartment in compartments})


def epoch_payloads(
    secrets: EpochSecrets, ring: KeyRing, day: int, log: LogId
) -> dict[Compartment, bytes]:
    """Seal the secrets to the ring's recipients (SEAL-040).

    Progress is left out where the ring names no coordinator; body and identity never are.

    Raises:
        KeyNotTrusted: the ring has no intake or no custodian key for `day`.
    """
    payloads: dict[Compartment, bytes] = {}
    for compartment, role in RECIPIENTS.items():
        if compartment in _OPTIONAL and not ring.keys_for(role, day):
            continue
        public = ring.key(role, day).public()
        info = _epoch_info(log, compartment)
        sealed = public.seal(secrets.secret(compartment), info)
        payloads[compartment] = encode([public.suite, public.key_id, sealed])
    return payloads


def open_epoch(
    payload: bytes, secret_keys: Iterable[SecretKey], log: LogId, compartment: Compartment
) -> bytes:
    """Return the epoch secret in an epoch entry's payload.

    Raises:
        NoKeyMatches: it is sealed to a key not among `secret_keys`.
        TagMismatch: it was changed, or stood in another log or compartment.
        EncodingInvalid: malformed.
    """
    suite, key_id, sealed = array(decode(payload), "an epoch payload", 3)
    key = find_key(secret_keys, uint(suite, "suite"), octets(key_id, "key id", KEY_ID_BYTES))
    secret = key.open(octets(sealed, "sealed secret"), _epoch_info(log, compartment))
    return octets(secret, "epoch secret", KEY_BYTES)


def _epoch_info(log: LogId, compartment: Compartment) -> bytes:
    return label("epoch") + encode([*log, compartment])


def payload_key(secret: bytes, log: LogId, salt: bytes, compartment: Compartment) -> bytes:
    """Derive the key of one payload: HKDF-SHA256, one block (SEAL-044).

    Source: RFC 5869. Written with the standard library's one-shot HMAC because this runs for every
    payload and costs a quarter of two HKDF objects.
    """
    incarnation = log.incarnation.to_bytes(8, "big")
    info = label("payload") + log.author + incarnation + bytes((compartment,))
    return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\x01", "sha256")


def _associated_data(header: Header, compartment: Compartment) -> bytes:
    return place_bytes(header) + bytes((compartment,))


def seal_payload(
    secret: bytes, header: Header, compartment: Compartment, plaintext: bytes
) -> bytes:
    """Pad and seal `plaintext` for its place; `header` needs no payloads yet.

    The caller draws a new salt for every attempt, also for the same answers.
    """
    key = AESGCM(payload_key(secret, header.log, header.salt, compartment))
    return key.encrypt(_NONCE, pad(plaintext), _associated_data(header, compartment))


def open_payload(
    secret: bytes, header: Header, compartment: Compartment, ciphertext: bytes
) -> bytes:
    """Return the plaintext that `seal_payload` sealed for this place.

    Raises:
        TagMismatch: the payload or its header was changed, or the secret is another epoch's.
        EncodingInvalid: the padding is wrong.
    """
    key = AESGCM(payload_key(secret, header.log, header.salt, compartment))
    try:
        padded = key.decrypt(_NONCE, ciphertext, _associated_data(header, compartment))
    except InvalidTag:
        raise TagMismatch(
            f"payload {int(compartment)} was changed, moved, or sealed in another epoch"
        ) from None
    return unpad(padded)
