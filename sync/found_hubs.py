"""Whether a device may use a hub that announced itself. Rules SYNC-093 and SYNC-095.

An announcement is a hint of an address and nothing more. The hub's key comes from a code that a
person showed to the device, or from a certificate of the mission server; there is no trust on
first use.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from shared.errors import KeyNotTrusted, SignatureInvalid
from shared.ids import AuthorId
from sync.core.announcement import Announcement
from sync.core.certificate import PeerRole
from sync.core.hub_code import HubCode
from sync.peer import Peer


class KnownBy(StrEnum):
    """How a device knows a hub."""

    CODE = "code"
    CERTIFICATE = "certificate"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class TrustedHub:
    """A hub that may be called: its code, as if shown now, and how the device knows it."""

    code: HubCode
    known_by: KnownBy


def known_by(peer: Peer, hub: AuthorId) -> KnownBy:
    """Tell how a device knows a hub; a code that was shown comes before a certificate."""
    if any(code.hub == hub for code in peer.hubs()):
        return KnownBy.CODE
    certificate = peer.directory.certificate(hub)
    if certificate is not None and certificate.role is PeerRole.HUB:
        return KnownBy.CERTIFICATE
    return KnownBy.NOTHING


def check_not_revoked(peer: Peer, hub: AuthorId) -> None:
    """Refuse a hub that the mission server has revoked.

    Raises:
        KeyNotTrusted: it has.
    """
    if peer.directory.revoked(hub) is not None:
        raise KeyNotTrusted("the mission server has revoked this hub")


def trusted_hub(peer: Peer, said: Announcement, urls: tuple[str, ...]) -> TrustedHub:
    """Return the hub that an announcement is of, with the addresses announced.

    What comes back still proves itself by its certificate when it is called (SYNC-034).

    Raises:
        KeyNotTrusted: of another project, revoked, not known here, or not with the certificate of
            its code.
        SignatureInvalid: another machine announces this hub.
    """
    if said.deployment != peer.directory.deployment:
        raise KeyNotTrusted("this hub serves another project")
    check_not_revoked(peer, said.hub)
    shown = next((code for code in peer.hubs() if code.hub == said.hub), None)
    if shown is not None:
        _check(said, shown.public_key)
        if said.tls_pin != shown.tls_pin:
            raise KeyNotTrusted(
                "this hub announces another certificate than its code; scan its code again only "
                "if you know why"
            )
        return TrustedHub(replace(shown, addresses=urls), KnownBy.CODE)
    certificate = peer.directory.certificate(said.hub)
    if certificate is None or certificate.role is not PeerRole.HUB:
        raise KeyNotTrusted("this device does not know this hub; scan or paste the hub's code once")
    _check(said, certificate.public_key)
    code = HubCode(said.deployment, urls, certificate.public_key, said.tls_pin, said.label)
    return TrustedHub(code, KnownBy.CERTIFICATE)


def _check(said: Announcement, public_key: bytes) -> None:
    try:
        said.check(public_key)
    except SignatureInvalid:
        raise SignatureInvalid(
            "another machine announces itself as this hub; tell the coordinator"
        ) from None
