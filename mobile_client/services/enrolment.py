"""Joining a project: the code that was scanned, the request, and what comes back (SEAL-085, 086).

The signing key is made once and kept before the request is sent, so that a request whose answer was
lost can be repeated by the same device.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from mobile_client.device.files import write_private
from mobile_client.presenters.ports import CodeView
from mobile_client.services.home_files import DeviceRecord, HomeFiles
from mobile_client.services.lines import https
from shared.clock import Clock
from shared.errors import (
    KeyNotTrusted,
    RemoteProtocolError,
    TokenInvalid,
    TransportError,
    UsageError,
)
from shared.sealing.enrol import (
    EnrolmentCode,
    EnrolmentReply,
    EnrolmentRequest,
    parse_enrolment_code,
    parse_reply,
    sign_request,
)
from shared.sealing.keys import (
    AUDIENCE_MISSION,
    SecretKey,
    SigningKey,
    Suite,
    author_id,
    hybrid_supported,
)
from shared.sealing.ring import open_ring

ENROL_PATH: Final = "/v1/enrol"
_GROUP: Final = 4

Send = Callable[[EnrolmentCode, bytes], bytes]
"""Brings a request to one of the code's addresses and returns the reply."""


def check_suite(suite: Suite) -> Suite:
    """Return the suite a device's mailbox key is made for.

    Raises:
        UsageError: this machine cannot do it; nobody falls back without saying so (SEAL-042).
    """
    if suite is Suite.HYBRID and not hybrid_supported():
        raise UsageError(
            "this device cannot seal with the post-quantum suite; update it, or ask the "
            "coordinator whether it may enrol with suite 1 (X25519)"
        )
    return suite


def read_code(text: str, clock: Clock) -> EnrolmentCode:
    """Read an enrolment code.

    Raises:
        EncodingInvalid: not a code, or cut short.
        TokenInvalid: past its time.
    """
    code = parse_enrolment_code(text)
    if code.expires_ms <= int(clock.now().timestamp() * 1000):
        expired = datetime.fromtimestamp(code.expires_ms / 1000, UTC)
        raise TokenInvalid(
            f"this enrolment code ended on {expired:%Y-%m-%d at %H:%M} UTC; ask the coordinator "
            "for a new one, or check this device's clock"
        )
    return code


def code_view(code: EnrolmentCode) -> CodeView:
    """Return what a code says, for the screen."""
    digits = code.root_fingerprint.hex()
    groups = " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))
    return CodeView(code.label, code.addresses, groups, code.expires_ms)


def signing_key(files: HomeFiles) -> SigningKey:
    """Return this device's signing key, made at the first call."""
    if not files.signing_key.exists():
        write_private(files.signing_key, SigningKey.generate().to_bytes())
    return SigningKey.from_bytes(files.signing_key.read_bytes())


def enrol(
    files: HomeFiles, code: EnrolmentCode, label: str, mailbox: SecretKey, send: Send | None = None
) -> tuple[DeviceRecord, EnrolmentReply]:
    """Enrol this device; return what it belongs to and the server's papers, checked.

    Raises:
        TransportError: no answer; try again with the same code.
        TokenInvalid: the server does not take the code any more.
        KeyNotTrusted, SignatureInvalid: what answered is not this project's server.
    """
    key = signing_key(files)
    request = EnrolmentRequest(code.token, key.public_bytes, mailbox.public, label)
    reply = parse_reply((send or send_https)(code, sign_request(key, request)))
    open_ring(
        reply.ring.data,
        reply.ring.signature,
        root_fingerprint=code.root_fingerprint,
        deployment=code.deployment,
    )
    if reply.author != author_id(key.public_bytes, AUDIENCE_MISSION):
        raise KeyNotTrusted("the server enrolled another key than this device's; tell the steward")
    record = DeviceRecord(
        author=reply.author.hex(),
        deployment=code.deployment.hex(),
        root_fingerprint=code.root_fingerprint.hex(),
        project=code.label,
        addresses=code.addresses,
        tls_pin="" if code.tls_pin is None else code.tls_pin.hex(),
        label=label,
        suite=int(mailbox.suite),
    )
    return record, reply


def send_https(code: EnrolmentCode, request: bytes) -> bytes:
    """Try the code's addresses in their order."""
    trouble: TransportError | None = None
    for address in code.addresses:
        try:
            return _post(address, code.tls_pin, request)
        except TransportError as error:
            trouble = error
    raise trouble or TransportError("the enrolment code names no address")


def _post(address: str, tls_pin: bytes | None, request: bytes) -> bytes:
    try:
        with https().open_client(address, tls_pin=tls_pin) as client:
            reply: bytes = https().post(client, ENROL_PATH, request, {})[0]
    except RemoteProtocolError as error:
        raise TokenInvalid(
            f"{error.message}. If the code was used before or is too old, ask for a new one"
        ) from error
    return reply
