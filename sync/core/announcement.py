"""What a hub says of itself on the local network, as a DNS-SD TXT record. Rules SYNC-090 to 092.

Bytes in, values out: who sends and hears them is server/hub/announce.py and
mobile_client/services/hub_search.py. A record proves nothing but that some machine sent it; what
makes a hub trusted is sync/found_hubs.py.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from shared.canonical import encode
from shared.errors import EncodingInvalid, LimitExceeded
from shared.ids import AUTHOR_ID_BYTES, DEPLOYMENT_ID_BYTES, HASH_BYTES, AuthorId, DeploymentId
from shared.sealing.keys import (
    AUDIENCE_MISSION,
    SIGNATURE_BYTES,
    SigningKey,
    author_id,
    verify,
)
from sync.core.hub_code import ADDRESSES_MAX

SERVICE_TYPE: Final = "_cairn-hub._tcp.local."
VERSION: Final = "1"
TEXT_BYTES_MAX: Final = 1024
LABEL_BYTES_MAX: Final = 64
_PORT_MAX: Final = 65_535
_LABEL: Final = "announcement"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a TXT record says.

    Attributes:
        hub: who it claims to be.
        tls_pin: SHA-256 of the certificate it says it shows.
        label: what people call it.
        signature: the hub's, over all of the above.
    """

    deployment: DeploymentId
    hub: AuthorId
    tls_pin: bytes
    label: str
    signature: bytes = b""

    def signed_bytes(self) -> bytes:
        """Return what the hub signs."""
        return encode([1, self.deployment, self.hub, self.tls_pin, self.label])

    def text(self) -> bytes:
        """Return the TXT record: strings of one byte of length and `key=value`."""
        pairs = {
            "v": VERSION,
            "d": self.deployment.hex(),
            "h": self.hub.hex(),
            "p": self.tls_pin.hex(),
            "l": self.label,
            "s": self.signature.hex(),
        }
        strings = (f"{key}={value}".encode() for key, value in pairs.items())
        return b"".join(bytes([len(string)]) + string for string in strings)

    def check(self, public_key: bytes) -> None:
        """Check that the hub of that key made it.

        Raises:
            SignatureInvalid: somebody else did.
        """
        verify(public_key, _LABEL, self.signed_bytes(), self.signature)


def sign_announcement(
    key: SigningKey, deployment: DeploymentId, tls_pin: bytes, label: str
) -> Announcement:
    """Return a hub's announcement; a label that does not fit is cut."""
    hub = author_id(key.public_bytes, AUDIENCE_MISSION)
    plain = Announcement(deployment, hub, tls_pin, _fitting(label))
    signature = key.sign(_LABEL, plain.signed_bytes())
    return Announcement(deployment, hub, tls_pin, plain.label, signature)


def parse_announcement(text: bytes) -> Announcement:
    """Read a TXT record without trusting it.

    Raises:
        LimitExceeded: longer than any hub's.
        EncodingInvalid: not a hub's, of another version, or malformed.
    """
    if len(text) > TEXT_BYTES_MAX:
        raise LimitExceeded(f"the announcement is longer than {TEXT_BYTES_MAX} bytes")
    pairs = _pairs(text)
    if pairs.get("v") != VERSION:
        raise EncodingInvalid(f"the announcement is not of version {VERSION}")
    label = pairs.get("l", "")
    if len(label.encode()) > LABEL_BYTES_MAX or not label.isprintable():
        raise EncodingInvalid("the announced label is too long or holds hidden characters")
    if unicodedata.normalize("NFC", label) != label:
        raise EncodingInvalid("the announced label is not in its normal form")
    return Announcement(
        DeploymentId(_octets(pairs, "d", DEPLOYMENT_ID_BYTES)),
        AuthorId(_octets(pairs, "h", AUTHOR_ID_BYTES)),
        _octets(pairs, "p", HASH_BYTES),
        label,
        _octets(pairs, "s", SIGNATURE_BYTES),
    )


def local_urls(addresses: Iterable[str], port: int) -> tuple[str, ...]:
    """Return the URLs of the addresses that are of a local network; others are passed over.

    No hub is on the open internet: an announcement that names such an address would have a device
    show itself there.
    """
    if not 0 < port <= _PORT_MAX:
        return ()
    local = (address for address in addresses if is_local(address))
    return tuple(dict.fromkeys(f"https://{each}:{port}" for each in local))[:ADDRESSES_MAX]


def is_local(address: str) -> bool:
    """Tell whether this is an IPv4 address of a local network or of this machine itself."""
    try:
        host = IPv4Address(address)
    except ValueError:
        return False
    if host.is_unspecified or host.is_multicast or host.is_reserved:
        return False
    return host.is_private or host.is_loopback or host.is_link_local


def _pairs(text: bytes) -> Mapping[str, str]:
    """Return a TXT record's pairs; keys without a value mean nothing here."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        end = at + 1 + text[at]
        if end > len(text):
            raise EncodingInvalid("the announcement is cut short")
        key, equals, value = text[at + 1 : end].partition(b"=")
        at = end
        try:
            name, said = key.decode("ascii").lower(), value.decode("utf-8")
        except UnicodeDecodeError:
            raise EncodingInvalid("the announcement is not text") from None
        if equals and name in pairs:
            raise EncodingInvalid("the announcement says one thing twice")
        if equals:
            pairs[name] = said
    return pairs


def _octets(pairs: Mapping[str, str], key: str, length: int) -> bytes:
    said = pairs.get(key, "")
    # bytes.fromhex takes blanks and capitals; one value has one spelling here.
    if len(said) != 2 * length or not set(said) <= set("0123456789abcdef"):
        raise EncodingInvalid(f"the announcement's {key!r} is not {length} bytes in hexadecimal")
    return bytes.fromhex(said)


def _fitting(label: str) -> str:
    """Return a label as it may be announced: printable, in normal form, not too long."""
    shown = "".join(each if each.isprintable() else " " for each in label)
    cut = unicodedata.normalize("NFC", shown).encode()[:LABEL_BYTES_MAX]
    return cut.decode("utf-8", "ignore").strip()
