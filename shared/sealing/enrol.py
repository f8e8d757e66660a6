"""Enrolment: the code a coordinator shows, the device's request, the server's reply.

Rules SEAL-085 and SEAL-086. The code holds no password: a token that works once, the fingerprint
of the project root, and the pin of the server's certificate.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.ids import AUTHOR_ID_BYTES, DEPLOYMENT_ID_BYTES, HASH_BYTES, AuthorId, DeploymentId
from shared.sealing.keys import (
    FINGERPRINT_BYTES,
    KEY_BYTES,
    SIGNATURE_BYTES,
    PublicKey,
    SigningKey,
    recipient_suite,
    verify,
)
from shared.sealing.receipts import Signed
from shared.sealing.ring import SignedRing
from shared.shapes import array, octets, text, uint, version

TOKEN_BYTES: Final = 16
ADDRESSES_MAX: Final = 8
LABEL_CHARS_MAX: Final = 200
_PREFIX: Final = "CAIRN1."
_CODE_CHARS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """What the QR shows.

    Attributes:
        addresses: URLs of the server or hub, to be tried in this order.
        tls_pin: SHA-256 of the server's certificate, or None where a public CA vouches for it.
    """

    deployment: DeploymentId
    addresses: tuple[str, ...]
    root_fingerprint: bytes
    token: bytes
    expires_ms: int
    tls_pin: bytes | None
    label: str

    def text(self) -> str:
        """Return the code as it is shown, scanned or pasted."""
        data = encode(
            [
                1,
                self.deployment,
                self.addresses,
                self.root_fingerprint,
                self.token,
                self.expires_ms,
                self.tls_pin,
                self.label,
            ]
        )
        return _PREFIX + base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def parse_enrolment_code(code: str) -> EnrolmentCode:
    """Return the code that was scanned or pasted; blanks and line breaks in it do not matter.

    Raises:
        EncodingInvalid: not an enrolment code, or cut short in copying.
    """
    code = "".join(code.split())
    if not code.startswith(_PREFIX) or len(code) > _CODE_CHARS_MAX or code.endswith("="):
        raise EncodingInvalid(f"this is not an enrolment code: one begins with {_PREFIX}")
    body = code.removeprefix(_PREFIX)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        items = array(version(decode(data), "an enrolment code"), "an enrolment code", 8)
    except (binascii.Error, ValueError, EncodingInvalid):
        raise EncodingInvalid(
            "the enrolment code is incomplete or was changed; copy all of it, or scan it again"
        ) from None
    addresses = array(items[2], "addresses")
    if not 1 <= len(addresses) <= ADDRESSES_MAX:
        raise EncodingInvalid(f"an enrolment code names 1 to {ADDRESSES_MAX} addresses")
    return EnrolmentCode(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        addresses=tuple(text(address, "address") for address in addresses),
        root_fingerprint=octets(items[3], "root fingerprint", FINGERPRINT_BYTES),
        token=octets(items[4], "token", TOKEN_BYTES),
        expires_ms=uint(items[5], "expires_ms"),
        tls_pin=None if items[6] is None else octets(items[6], "TLS pin", HASH_BYTES),
        label=text(items[7], "project label"),
    )


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a device says of itself: its two public keys and the name people give it."""

    token: bytes
    signing_public: bytes
    recipient: PublicKey
    device_label: str


def sign_request(key: SigningKey, request: EnrolmentRequest) -> bytes:
    """Return the request with proof that the device holds the signing key it names.

    Raises:
        EncodingInvalid: `key` is not the key the request names.
    """
    if key.public_bytes != request.signing_public:
        raise EncodingInvalid("an enrolment request is signed by the key it names")
    data = encode(
        [
            1,
            request.token,
            request.signing_public,
            request.recipient.suite,
            request.recipient.data,
            request.device_label,
        ]
    )
    return encode([data, key.sign("enrol", data)])


def open_request(payload: bytes) -> EnrolmentRequest:
    """Return an enrolment request whose signature is by the key it names.

    Whether its token is known, unused and in time is the server's question.

    Raises:
        SignatureInvalid: the device does not hold that key.
        EncodingInvalid: malformed.
    """
    data, signature = array(decode(payload), "a signed enrolment request", 2)
    data = octets(data, "enrolment request")
    items = array(version(decode(data), "an enrolment request"), "an enrolment request", 6)
    request = EnrolmentRequest(
        token=octets(items[1], "token", TOKEN_BYTES),
        signing_public=octets(items[2], "signing public key", KEY_BYTES),
        recipient=PublicKey(
            recipient_suite(uint(items[3], "suite")), octets(items[4], "HPKE public key")
        ),
        device_label=text(items[5], "device label"),
    )
    if len(request.device_label) > LABEL_CHARS_MAX:
        raise EncodingInvalid(f"a device label has at most {LABEL_CHARS_MAX} characters")
    verify(
        request.signing_public,
        "enrol",
        data,
        octets(signature, "enrolment signature", SIGNATURE_BYTES),
    )
    return request


@dataclass(frozen=True, slots=True)
class EnrolmentReply:
    """Who the device is from now on, the key ring to begin with, and its certificate.

    Open the ring with `open_ring`; the certificate is sync's (SYNC-070), checked by that ring.
    """

    author: AuthorId
    ring: SignedRing
    certificate: Signed

    def encode(self) -> bytes:
        """Return the reply's bytes."""
        return encode(
            [1, self.author, self.ring.data, self.ring.signature, *self.certificate],
        )


def parse_reply(data: bytes) -> EnrolmentReply:
    """Return the server's reply; nothing in it is trusted until the ring is opened.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(data), "an enrolment reply"), "an enrolment reply", 6)
    return EnrolmentReply(
        author=AuthorId(octets(items[1], "author", AUTHOR_ID_BYTES)),
        ring=SignedRing(
            octets(items[2], "key ring"), octets(items[3], "ring signature", SIGNATURE_BYTES)
        ),
        certificate=Signed(
            octets(items[4], "certificate"),
            octets(items[5], "certificate signature", SIGNATURE_BYTES),
        ),
    )
