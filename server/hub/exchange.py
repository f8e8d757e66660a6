"""The HTTP half of an exchange, on the answering side: challenge, proof, message, answer.

Plain functions over bytes, so that any web framework can call them. Rules SYNC-030, SYNC-031.
"""

from collections.abc import Mapping
from typing import Final

from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    EncodingInvalid,
    LimitExceeded,
    RemoteProtocolError,
    SignatureInvalid,
    StoreBusy,
    StoreFull,
    UnknownAuthor,
)
from shared.ids import AUTHOR_ID_BYTES, AuthorId
from shared.shapes import array, octets, version
from sync.core.challenges import Challenges, check_exchange
from sync.core.messages import decode_message
from sync.responder import Responder

STATUS: Final[Mapping[type[CairnError], int]] = {
    SignatureInvalid: 401,
    UnknownAuthor: 401,
    LimitExceeded: 413,
    StoreFull: 507,
    StoreBusy: 503,
    EncodingInvalid: 400,
    RemoteProtocolError: 409,
}


def status_of(error: CairnError) -> int:
    """Return the HTTP status of an error (SYNC-031)."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)


def challenge(responder: Responder, challenges: Challenges, body: bytes) -> bytes:
    """Answer a request for a challenge.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(body), "a challenge request"), "a challenge request", 2)
    author = AuthorId(octets(items[1], "author", AUTHOR_ID_BYTES))
    known = responder.peer.directory.caller_key(author) is not None
    return encode([1, challenges.issue(author), known])


def exchange(
    responder: Responder, challenges: Challenges, headers: Mapping[str, str], body: bytes
) -> tuple[bytes, bytes]:
    """Check who sends a message, take it in, and return the answer and the next challenge.

    Raises:
        SignatureInvalid, UnknownAuthor: the sender has not shown who it is.
        EncodingInvalid, LimitExceeded, RemoteProtocolError: the message is not acceptable.
        StoreFull, StoreBusy: nothing was kept.
    """
    author = AuthorId(_header(headers, "Cairn-Author"))
    message = decode_message(body)
    if message.sender != author:
        raise SignatureInvalid("the message is not from the author who sends it")
    for certificate in message.papers.certificates:
        responder.peer.learn(certificate)
    public_key = responder.peer.directory.caller_key(author)
    if public_key is None:
        raise UnknownAuthor("this device is not known here; send its certificate along")
    spent = _header(headers, "Cairn-Challenge")
    challenges.spend(author, spent)
    check_exchange(public_key, spent, body, _header(headers, "Cairn-Signature"))
    answer = responder.respond(message)
    return answer.encode(), challenges.issue(author)


def _header(headers: Mapping[str, str], name: str) -> bytes:
    try:
        return bytes.fromhex(headers.get(name, ""))
    except ValueError:
        raise EncodingInvalid(f"the header {name} is not hexadecimal") from None
