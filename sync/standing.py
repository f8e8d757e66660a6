"""What the mission server last said that it holds whole: so a bundle carries on where a line ended.

A receipt counts entries, not attachments (SYNC-083). Of attachments a peer knows what the server
wanted when it was last heard, and up to where its logs stood then. Rule SYNC-085.
"""

from dataclasses import dataclass, field
from typing import Final

from shared.canonical import decode, encode
from shared.errors import CairnError
from shared.ids import HASH_BYTES
from shared.sealing.envelope import DETACHED_BYTES_MAX
from shared.sealing.receipts import Signed
from shared.shapes import array, octets, uint
from sync.core.have import HaveVector, have_from_wire
from sync.core.messages import WANTS_MAX
from sync.core.store import LogStore, Want

STANDING: Final = "standing"
"""Kind of paper in the store; it is one's own note, and nobody's signature is on it."""
_MISSION: Final = b"mission"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What the mission server held and wanted.

    Attributes:
        incarnation: of the server that said so; a later one starts anew (SYNC-042).
        have: how far it held each log.
        wants: the attachments in those logs that it did not hold whole.
    """

    incarnation: int = 0
    have: HaveVector = field(default_factory=HaveVector)
    wants: tuple[Want, ...] = ()


def save_standing(store: LogStore, standing: Standing) -> None:
    """Keep what the server said, unless its wants were too many for one message to name."""
    if len(standing.wants) >= WANTS_MAX:
        return
    wants = [list(want) for want in standing.wants]
    data = encode([_VERSION, standing.incarnation, standing.have.to_wire(), wants])
    held = dict(store.papers(STANDING)).get(_MISSION)
    if held is None or held.data != data:
        store.save_paper(STANDING, _MISSION, Signed(data, b""))


def load_standing(store: LogStore, incarnation: int) -> Standing:
    """Return what the server of an incarnation said last; nothing held where it said nothing."""
    held = dict(store.papers(STANDING)).get(_MISSION)
    if held is None:
        return Standing(incarnation)
    try:
        items = array(decode(held.data), "a standing")
        _, said_by, have, wants = items
        standing = Standing(uint(said_by, "incarnation"), have_from_wire(have), _wants(wants))
    except (CairnError, ValueError):
        return Standing(incarnation)  # of another version: to know nothing sends more, not less
    return standing if standing.incarnation == incarnation else Standing(incarnation)


def _wants(value: object) -> tuple[Want, ...]:
    read: list[Want] = []
    for item in array(value, "wants"):
        payload_hash, offset = array(item, "a want", 2)
        read.append(
            Want(
                octets(payload_hash, "payload hash", HASH_BYTES),
                uint(offset, "offset", DETACHED_BYTES_MAX),
            )
        )
    return tuple(read)
