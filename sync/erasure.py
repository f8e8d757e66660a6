"""Erasure orders at those who carry: the chunks of attachments that an order names are deleted.

The order names entries that the server has received, so nothing is lost that is still to be sent;
headers stay, and the log verifies as before. Rule SYNC-087.
"""

from collections.abc import Iterable

from shared.canonical import decode
from shared.errors import CairnError
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import DETACHED, Compartment, Kind
from shared.shapes import array, octets, uint
from sync.core.batch import SealedEntry
from sync.core.have import LogName, Point
from sync.core.store import LogStore

Ordered = tuple[LogName, Point]


class ErasureOrders:
    """The orders of one project's server that a peer has read."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._ordered: set[Ordered] = set()

    def read(self, entries: Iterable[SealedEntry]) -> list[Ordered]:
        """Note the orders among entries of the server's own logs; return the new ones."""
        new: list[Ordered] = []
        for entry in entries:
            content = entry.payloads.get(Compartment.OPEN)
            if entry.header.kind == Kind.ERASURE and content is not None:
                new += [one for one in _ordered(content) if one not in self._ordered]
        self._ordered.update(new)
        return new

    def carry_out(self, orders: Iterable[Ordered]) -> int:
        """Delete what is here of the attachments that orders name; return how many."""
        done = 0
        for log, point in orders:
            for branch in self._store.branches(log):
                if self._store.hash_at(branch, point.sequence) == point.hash:
                    done += self._forget(
                        self._store.entries(branch, point.sequence, point.sequence)
                    )
        return done

    def refuse(self, entries: Iterable[SealedEntry]) -> int:
        """Want nothing of entries that came after the order that names them."""
        if not self._ordered:
            return 0
        return self._forget(
            e
            for e in entries
            if (LogName(e.header.author, e.header.incarnation), e.point) in self._ordered
        )

    def _forget(self, entries: Iterable[SealedEntry]) -> int:
        hashes = [
            ref.hash
            for entry in entries
            for ref in entry.header.payloads
            if ref.compartment in DETACHED
        ]
        for payload_hash in hashes:
            self._store.forget_payload(payload_hash)
        return len(hashes)


def _ordered(content: bytes) -> list[Ordered]:
    """Read an order; one of another version says nothing here."""
    try:
        items = array(decode(content), "an erasure order")
        if items[:1] != [1]:
            return []
        return [_item(item) for item in array(items[1], "erased entries")]
    except (CairnError, IndexError):
        return []


def _item(item: object) -> Ordered:
    author, incarnation, sequence, digest = array(item, "an erased entry", 4)
    log = LogName(AuthorId(octets(author, "author")), uint(incarnation, "incarnation"))
    return log, Point(uint(sequence, "sequence"), EntryHash(octets(digest, "entry hash")))
