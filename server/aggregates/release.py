"""A release as bytes: numbered, chained, signed; and how a reader checks one. REL-020..025."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, RemoteProtocolError, SignatureInvalid
from shared.ids import DEPLOYMENT_ID_BYTES, HASH_BYTES, DeploymentId
from shared.sealing.keys import SIGNATURE_BYTES, verify
from shared.sealing.ring import KeyRing, Role
from shared.shapes import array, octets, text, uint, version

LABEL: Final = "release"
FIRST: Final = bytes(HASH_BYTES)
"""`previous` of an audience's first release."""
_MS_PER_DAY: Final = 86_400_000

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes:
        previous: hash of the audience's release before; zeros for the first.
        content: canonical JSON of what is published (REL-022).
    """

    deployment: DeploymentId
    audience: str
    number: int
    previous: bytes
    issued_ms: int
    content: bytes

    def encode(self) -> bytes:
        """Return the bytes that are hashed and signed."""
        head = [1, self.deployment, self.audience, self.number, self.previous, self.issued_ms]
        return encode([*head, self.content.decode()])

    @property
    def hash(self) -> bytes:
        """SHA-256 of the encoded release."""
        return sha256(self.encode()).digest()

    def document(self) -> dict[str, Any]:
        """Return the content as JSON values."""
        document: dict[str, Any] = json.loads(self.content)
        return document


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return JSON in the one form a release is written in: sorted keys, no white space."""
    text_ = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return text_.encode()


def sign_release(release: Release, sign: Sign) -> bytes:
    """Return a release as it travels: its bytes and the signature over them."""
    data = release.encode()
    return encode([data, sign(data)])


def open_release(payload: bytes, ring: KeyRing) -> Release:
    """Return a release that a release key of this ring signed.

    Raises:
        KeyNotTrusted: another project, or no role 7 key of its day fits the signature.
        EncodingInvalid: malformed.
    """
    data, signature = array(decode(payload), "a signed release", 2)
    data = octets(data, "release")
    release = _parse(data)
    if release.deployment != ring.deployment:
        raise KeyNotTrusted("the release belongs to another project")
    day = release.issued_ms // _MS_PER_DAY
    signature = octets(signature, "release signature", SIGNATURE_BYTES)
    for key in ring.keys_for(Role.RELEASE, day):
        try:
            verify(key.data, LABEL, data, signature)
        except SignatureInvalid:
            continue
        return release
    raise KeyNotTrusted(
        "the release was changed, or signed with a key that is not a release key of its day "
        "in the project's key ring"
    )


def check_follows(release: Release, held: Release | None) -> Release:
    """Return `release` if it is the next of its audience after what is held.

    Raises:
        RemoteProtocolError: a gap, a repeat with other bytes, or an older one.
    """
    expected = (held.number + 1, held.hash) if held is not None else (1, FIRST)
    if (release.number, release.previous) != expected:
        raise RemoteProtocolError(
            f"release {release.number} for {release.audience} does not follow what is held here "
            f"(expected number {expected[0]}); the mission's history was changed or rolled back"
        )
    return release


def _parse(data: bytes) -> Release:
    items = array(version(decode(data), "a release"), "a release", 7)
    content = text(items[6], "content").encode()
    release = Release(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        audience=text(items[2], "audience"),
        number=uint(items[3], "number"),
        previous=octets(items[4], "previous", HASH_BYTES),
        issued_ms=uint(items[5], "issued_ms"),
        content=content,
    )
    try:
        document = json.loads(content)
        if not isinstance(document, dict) or canonical_json(document) != content:
            raise EncodingInvalid("the release's content is not canonical JSON")
    except (ValueError, RecursionError) as error:
        raise EncodingInvalid("the release's content is not JSON") from error
    return release
