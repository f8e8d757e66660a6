"""Verify a stored log: chain, payload hashes and head signatures (SEAL-021, 022, 030, 031)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.errors import CairnError
from shared.sealing.envelope import GENESIS, Entry, Head, check_payloads, entry_hash, verify_head
from sync.core.batch import SealedEntry
from sync.core.have import Point

BEGINNING: Final = Point(0, GENESIS)
"""Before the first entry of a log."""


@dataclass
class Verified:
    """What verifying one branch found.

    Attributes:
        entries: how many were read.
        signed_through: the last sequence that a good signature covers.
        pruned: entries without any payload at hand.
        problems: what is wrong, each with its sequence.
    """

    entries: int = 0
    signed_through: int = 0
    pruned: int = 0
    problems: list[str] = field(default_factory=list)


def verify_branch(
    entries: Iterable[SealedEntry],
    signatures: Mapping[int, tuple[int, bytes]],
    public_key: bytes | None,
    after: Point = BEGINNING,
) -> Verified:
    """Check a branch from its first entry on, or from after a point that was checked before.

    Signatures are by sequence, with their day.
    """
    found = Verified(signed_through=after.sequence)
    previous, last = after.hash, after.sequence
    for expected, entry in enumerate(entries, start=after.sequence + 1):
        header = entry.header
        found.entries += 1
        found.pruned += bool(header.payloads) and not entry.payloads
        if header.sequence != expected or header.previous != previous:
            found.problems.append(f"entry {expected} does not follow the one before it")
        if entry_hash(entry.header_bytes) != entry.hash:
            found.problems.append(f"entry {expected}: the header is not the one its hash names")
        try:
            check_payloads(Entry(header, entry.payloads))
        except CairnError as error:
            found.problems.append(f"entry {expected}: {error.message}")
        previous, last = entry.hash, expected
        if expected in signatures and public_key is not None:
            day, signature = signatures[expected]
            head = Head(
                header.deployment, header.author, header.incarnation, expected, entry.hash, day
            )
            try:
                verify_head(public_key, head, signature)
                found.signed_through = expected
            except CairnError as error:
                found.problems.append(f"entry {expected}: {error.message}")
    if public_key is None:
        found.problems.append("no key is known for this author, so no signature was checked")
    elif found.signed_through < last:
        found.problems.append(f"nothing past entry {found.signed_through} is signed")
    return found
