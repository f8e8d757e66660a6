"""The HTTPS transport: challenge, signature, one POST an exchange. Rules SYNC-030 to SYNC-034."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import httpx

from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    Offline,
    RemoteProtocolError,
    SignatureInvalid,
    Throttled,
    TimedOut,
    TransportError,
    UsageError,
)
from shared.ids import AuthorId
from shared.sealing.keys import SigningKey
from shared.shapes import array, octets, version
from sync.core.challenges import CHALLENGE_BYTES, sign_exchange
from sync.core.messages import MESSAGE_BYTES_MAX, Answer, Message, decode_answer
from sync.transports.tls import ca_context, pinned_context

MEDIA_TYPE: Final = "application/cairn+cbor"
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_CALL_TIMEOUT_S: Final = 3.0
"""For a call within a local network, to an address that may be stale."""
_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost"))
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_STORE_FULL: Final = 507
_SERVER_ERROR: Final = 500
_BAD_REQUEST: Final = 400
_DEFAULT_WAIT_S: Final = 30.0
_DETAIL_CHARS_MAX: Final = 500


class HttpTransport:
    """A responder at a URL, for one author."""

    def __init__(
        self,
        base_url: str,
        author: AuthorId,
        key: SigningKey,
        *,
        tls_pin: bytes | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._client = open_client(base_url, tls_pin=tls_pin, ca_file=ca_file)
        self._author = author
        self._key = key
        self._challenge: bytes | None = None

    def __enter__(self) -> Self:
        """Use the transport in a `with` block, which closes it."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def is_known(self) -> bool:
        """Get a challenge, and hear whether the responder has our key."""
        data, _ = post(self._client, "/v1/sync/challenge", encode([1, self._author]), {})
        items = array(version(decode(data), "a challenge"), "a challenge")
        if len(items) < 3 or not isinstance(items[2], bool):  # noqa: PLR2004 - its three items
            raise RemoteProtocolError("the challenge is malformed")
        self._challenge = octets(items[1], "challenge", CHALLENGE_BYTES)
        return items[2]

    def exchange(self, message: Message) -> Answer:
        """Send a message, signed for the open challenge, and return the answer."""
        body = message.encode()
        try:
            data, challenge = self._post_signed(body)
        except SignatureInvalid:
            # A challenge lives ten minutes: a slow line may need another.
            self._challenge = None
            data, challenge = self._post_signed(body)
        self._challenge = challenge
        return decode_answer(data)

    def _post_signed(self, body: bytes) -> tuple[bytes, bytes | None]:
        if self._challenge is None:
            self.is_known()
        challenge, self._challenge = self._challenge or b"", None
        headers = {
            "Cairn-Author": self._author.hex(),
            "Cairn-Challenge": challenge.hex(),
            "Cairn-Signature": sign_exchange(self._key, challenge, body).hex(),
        }
        data, answered = post(self._client, "/v1/sync/exchange", body, headers)
        try:
            following = bytes.fromhex(answered.get("Cairn-Challenge", ""))
        except ValueError:
            following = b""
        return data, following if len(following) == CHALLENGE_BYTES else None


def open_client(
    base_url: str, *, tls_pin: bytes | None = None, ca_file: Path | None = None
) -> httpx.Client:
    """Return an HTTP client whose every connection is checked (SYNC-034).

    Raises:
        UsageError: the URL is plain http and not of this machine itself.
    """
    url = httpx.URL(base_url)
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise UsageError(f"{base_url} is not an https address")
    context: ssl.SSLContext = ca_context(ca_file) if tls_pin is None else pinned_context(tls_pin)
    return httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT, trust_env=False)


def post(
    client: httpx.Client, path: str, body: bytes, headers: dict[str, str]
) -> tuple[bytes, httpx.Headers]:
    """Send bytes, return the answer's bytes and headers, or raise what its status means.

    Raises:
        TransportError: no whole answer came.
        SignatureInvalid: the other side does not accept who we say we are.
        RemoteProtocolError: it refused the request, saying why.
    """
    headers = {"Content-Type": MEDIA_TYPE, **headers}
    with _explained(), client.stream("POST", path, content=body, headers=headers) as response:
        data = _bounded(response)
        status, answered = response.status_code, response.headers
    if status < _BAD_REQUEST:
        return data, answered
    raise _problem(status, answered, data)


def check_hub(base_url: str, tls_pin: bytes) -> None:
    """Call a hub at an address that was only hinted at; it sees nothing but that it was called.

    Raises:
        TransportError: no hub answers there.
        RemoteProtocolError: another machine does: it heard no more than the start of a connection.
    """
    with (
        open_client(base_url, tls_pin=tls_pin) as client,
        _explained(),
        client.stream("GET", "/v1/health", timeout=_CALL_TIMEOUT_S) as response,
    ):
        _bounded(response)
        status = response.status_code
    if status >= _BAD_REQUEST:
        raise TransportError(f"the hub does not work at present ({status})")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what goes wrong on a line into our own errors."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise TimedOut("the other side did not answer in time; it is tried again") from error
    except httpx.ConnectError as error:
        if isinstance(_root(error), ssl.SSLCertVerificationError):
            raise RemoteProtocolError(
                "the other side is not the one this device knows under that address; "
                "nothing was sent"
            ) from error
        raise Offline("the other side cannot be reached") from error
    except httpx.HTTPError as error:
        raise TransportError("the line broke; it is tried again") from error


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > MESSAGE_BYTES_MAX:
            raise RemoteProtocolError(f"the answer is larger than {MESSAGE_BYTES_MAX} bytes")
    return bytes(data)


def _detail(data: bytes) -> str:
    """Return what an `application/problem+json` body says, in a bounded line."""
    try:
        problem = json.loads(data)
    except ValueError:
        return "no reason given"
    detail = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return str(detail)[:_DETAIL_CHARS_MAX] if detail else "no reason given"


def _problem(status: int, headers: httpx.Headers, data: bytes) -> CairnError:
    detail = _detail(data)
    if status == _UNAUTHORIZED:
        return SignatureInvalid(f"the other side does not accept this device: {detail}")
    if status in (_TOO_MANY, _UNAVAILABLE):
        try:
            wait_s = float(headers.get("Retry-After", ""))
        except ValueError:
            wait_s = _DEFAULT_WAIT_S
        return Throttled(f"the other side is busy: {detail}", wait_s)
    if status == _STORE_FULL:
        return TransportError("the other side's disk is full; its keeper must free some space")
    if status >= _SERVER_ERROR:
        return TransportError(f"the other side failed ({status}): {detail}")
    return RemoteProtocolError(f"the other side refused ({status}): {detail}")
