"""Enrolment by way of a hub: its own, and that of devices it passes on to the mission server.

Only the mission server can enrol: it alone signs certificates. A hub that is out of its reach
says so, and the device keeps its code for later.
"""

import httpx

from server.hub.home import KEYS, Hub
from shared.errors import CairnError, Offline, RemoteProtocolError, TransportError, UsageError
from shared.sealing.enrol import EnrolmentRequest, parse_reply, sign_request
from sync.transports.https import open_client, post


def enrol_hub(hub: Hub) -> None:
    """Enrol this hub with the token it was made with, or a new one put in its place.

    Raises:
        UsageError: there is no token left.
        TransportError: the mission server cannot be reached.
        ProtocolError: it refused, saying why.
    """
    token_file = hub.home / KEYS / "token"
    hub.reload()  # another command may have enrolled it while this one runs
    if hub.is_enrolled:
        return
    if not token_file.exists():
        raise UsageError(
            "this hub's enrolment code is used up; get a new one: cairn hub enrol CODE"
        )
    request = EnrolmentRequest(
        token_file.read_bytes(),
        hub.keys.signing.public_bytes,
        hub.keys.transport.public,
        hub.settings.label,
    )
    reply = parse_reply(_ask_mission(hub, sign_request(hub.keys.signing, request)))
    if reply.author != hub.keys.author:
        raise RemoteProtocolError("the mission server enrolled somebody else; nothing was kept")
    hub.peer.take_ring(reply.ring)
    if not hub.accept_enrolment(reply.certificate):
        raise RemoteProtocolError("the certificate is not signed by this project's server")
    token_file.unlink()


def pass_on_enrolment(hub: Hub, body: bytes) -> bytes:
    """Pass a device's enrolment on to the mission server and return its reply.

    The request is signed by the device and the reply's ring by the project's root, so the hub can
    change neither.

    Raises:
        TransportError: the mission server cannot be reached from here.
    """
    reply = _ask_mission(hub, body)
    try:
        hub.peer.learn(parse_reply(reply).certificate)
    except CairnError:
        return reply  # the device will say what is wrong with it
    return reply


def _ask_mission(hub: Hub, body: bytes) -> bytes:
    pin = bytes.fromhex(hub.settings.mission_pin) or None
    last: CairnError = Offline("this hub cannot reach the mission server; enrol when it can")
    for address in hub.settings.mission_addresses:
        client: httpx.Client = open_client(address, tls_pin=pin)
        with client:
            try:
                return post(client, "/v1/enrol", body, {})[0]
            except TransportError as error:
                last = error
    raise last
