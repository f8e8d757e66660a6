"""Older and newer peers in one exchange: more at the end is passed over, another version waits.

SYNC-027 over a whole exchange, both ways; SEAL-023 for kinds of entries that are not known yet.
"""

from collections.abc import Callable
from typing import Any

import pytest
from log_writing import DEPLOYMENT
from sync_network import Network, Node, hashes

from shared.canonical import decode, encode
from shared.errors import ProtocolError
from sync.core.messages import Answer, Message, decode_answer, decode_message
from sync.driver import SyncReport, sync_once

KNOWN = 12
"""Elements of a message or answer that this version knows."""
Change = Callable[[list[Any]], list[Any]]


class OtherVersion:
    """A line between peers of which one speaks another version."""

    def __init__(self, responder: Node, up: Change, down: Change) -> None:
        self.responder, self.up, self.down = responder, up, down

    def is_known(self) -> bool:
        return True

    def exchange(self, message: Message) -> Answer:
        sent = encode(self.up(list(decode(message.encode()))))
        assert self.responder.responder is not None
        answer = self.responder.responder.respond(decode_message(sent))
        return decode_answer(encode(self.down(list(decode(answer.encode())))))


def same(items: list[Any]) -> list[Any]:
    return items


def newer_minor(items: list[Any]) -> list[Any]:
    """Put more behind everything that is known today, null where that is left out."""
    known = [*items, *[None] * (KNOWN - len(items))]
    return [*known, {"since": "1.7"}, [b"what an old peer cannot know"], None]


def major_2(items: list[Any]) -> list[Any]:
    return [2, *items[1:]]


def sync(tablet: Node, mission: Node, up: Change, down: Change) -> SyncReport:
    return sync_once(tablet.peer, OtherVersion(mission, up, down))


@pytest.mark.parametrize(
    ("up", "down"), [(newer_minor, same), (same, newer_minor), (newer_minor, newer_minor)]
)
def test_a_newer_minor_version_is_read_as_far_as_it_is_known(up: Change, down: Change) -> None:
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    tablet.write(700)
    assert sync(tablet, mission, up, down).complete
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
    assert tablet.peer.newest_receipts()


@pytest.mark.parametrize(("up", "down"), [(major_2, same), (same, major_2), (major_2, major_2)])
def test_another_major_version_is_refused_and_everything_waits(up: Change, down: Change) -> None:
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    tablet.write(5)
    with pytest.raises(ProtocolError, match="version 1"):
        sync(tablet, mission, up, down)
    assert tablet.peer.store.have().sequence(tablet.writer.log) == 5, "the entries wait"
    assert tablet.peer.newest_receipts() == []
    assert network.sync(tablet, mission).complete, "a peer of this version takes them"
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]


def test_a_kind_of_entry_that_is_not_known_yet_is_carried_and_kept() -> None:
    """SEAL-023: an older hub does not stand in the way of newer tablets."""
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    tablet = network.device("tablet", known_to=(mission,))
    tablet.writer.add(b"of a later version", kind=29)
    tablet.write(1)
    assert network.sync(tablet, hub).complete
    assert network.sync(hub, mission).complete
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
    assert mission.peer.directory.deployment == DEPLOYMENT
