"""The code a hub shows: how an enrolled device finds the hub and knows it again (SYNC-035)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.ids import DEPLOYMENT_ID_BYTES, HASH_BYTES, AuthorId, DeploymentId
from shared.sealing.keys import AUDIENCE_MISSION, KEY_BYTES, author_id
from shared.shapes import array, octets, text, version

_PREFIX: Final = "CAIRNHUB1."
_CHARS_MAX: Final = 4096
ADDRESSES_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class HubCode:
    """What a hub's QR shows.

    Attributes:
        addresses: URLs of the hub on the local network, tried in this order.
        public_key: signs its hand-over notes.
        tls_pin: SHA-256 of its certificate.
    """

    deployment: DeploymentId
    addresses: tuple[str, ...]
    public_key: bytes
    tls_pin: bytes
    label: str

    @property
    def hub(self) -> AuthorId:
        """The hub's author."""
        return author_id(self.public_key, AUDIENCE_MISSION)

    def encode(self) -> bytes:
        """Return the code's bytes."""
        return encode(
            [1, self.deployment, self.addresses, self.public_key, self.tls_pin, self.label]
        )

    def text(self) -> str:
        """Return the code as it is shown, scanned or pasted."""
        return _PREFIX + base64.urlsafe_b64encode(self.encode()).rstrip(b"=").decode("ascii")


def parse_hub_code(code: str) -> HubCode:
    """Return the code that was scanned or pasted; blanks and line breaks in it do not matter.

    Raises:
        EncodingInvalid: not a hub code, or cut short in copying.
    """
    code = "".join(code.split())
    if not code.startswith(_PREFIX) or len(code) > _CHARS_MAX:
        raise EncodingInvalid(f"this is not a hub's code: one begins with {_PREFIX}")
    body = code.removeprefix(_PREFIX)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        return decode_hub_code(data)
    except (binascii.Error, ValueError, EncodingInvalid):
        raise EncodingInvalid(
            "the hub's code is incomplete or was changed; copy all of it, or scan it again"
        ) from None


def decode_hub_code(data: bytes) -> HubCode:
    """Read a hub code's bytes.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(data), "a hub code"), "a hub code")
    if len(items) < 6:  # noqa: PLR2004 - the items of SYNC-035
        raise EncodingInvalid("a hub code has 6 items")
    addresses = array(items[2], "addresses")
    if not 1 <= len(addresses) <= ADDRESSES_MAX:
        raise EncodingInvalid(f"a hub code names 1 to {ADDRESSES_MAX} addresses")
    return HubCode(
        DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        tuple(text(address, "address") for address in addresses),
        octets(items[3], "public key", KEY_BYTES),
        octets(items[4], "TLS pin", HASH_BYTES),
        text(items[5], "label"),
    )
