"""The server's mailbox for one device: payloads sealed to that device's HPKE key (SEAL-046)."""

from collections.abc import Iterable

from shared.canonical import decode, encode
from shared.ids import KEY_ID_BYTES
from shared.sealing.envelope import Header
from shared.sealing.keys import PublicKey, SecretKey, find_key
from shared.sealing.labels import label
from shared.sealing.padding import pad, unpad
from shared.shapes import array, octets, uint


def _info(header: Header) -> bytes:
    return label("mailbox") + encode([*header.log, header.sequence, header.kind])


def seal_mail(public: PublicKey, header: Header, plaintext: bytes) -> bytes:
    """Pad and seal `plaintext` to a device for this place in the server's log."""
    sealed = public.seal(pad(plaintext), _info(header))
    return encode([public.suite, public.key_id, sealed])


def open_mail(payload: bytes, secret_keys: Iterable[SecretKey], header: Header) -> bytes:
    """Return what the server sealed to this device.

    Raises:
        NoKeyMatches: it is for another device, or an earlier key of this one.
        TagMismatch: it was changed or moved from its place.
        EncodingInvalid: malformed.
    """
    suite, key_id, sealed = array(decode(payload), "a mailbox payload", 3)
    key = find_key(secret_keys, uint(suite, "suite"), octets(key_id, "key id", KEY_ID_BYTES))
    return unpad(key.open(octets(sealed, "sealed mail"), _info(header)))
