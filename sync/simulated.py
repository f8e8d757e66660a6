"""Parts of the simulation: a clock that jumps, nodes, and the revisions in a store's payloads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.canonical import decode
from shared.errors import UsageError
from shared.ids import FormHash, RecordId, RevisionId
from shared.records.revision import RevisionBody
from shared.sealing.envelope import Compartment, Kind
from sync.core.batch import SealedEntry
from sync.core.merge import Revision, resolve
from sync.core.merge_json import state_json
from sync.core.rules import MergeRules
from sync.core.store import LogStore
from sync.peer import Peer
from sync.responder import Responder
from sync.stores.memory import MemoryLogStore


class Clock:
    """A device's clock, which may be years off."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return what the clock shows."""
        return self.at

    def monotonic_s(self) -> float:
        """Return seconds that never go back, as nothing here waits."""
        return 0.0


@dataclass(eq=False)
class Node:
    """One machine, and the entries that were made on it."""

    name: str
    peer: Peer
    clock: Clock
    responder: Responder | None = None
    made: list[SealedEntry] = field(default_factory=list)


def copy_store(store: LogStore) -> MemoryLogStore:
    """Return a copy of a simulated store."""
    if not isinstance(store, MemoryLogStore):
        raise UsageError("only stores in memory are simulated")
    return store.copy()


def entries_in(store: LogStore) -> Iterator[SealedEntry]:
    """Yield every entry of every branch once."""
    for log in store.have().points:
        for branch in store.branches(log):
            yield from store.entries(branch, branch.forked_at + 1, branch.head.sequence)


def is_revision(entry: SealedEntry) -> bool:
    """Tell whether an entry holds a revision."""
    return entry.header.kind == Kind.REVISION


def revision_in(content: bytes) -> Revision:
    """Read a simulated payload: `[record, id, parents, patch, resolves]`."""
    record, name, parents, patch, resolves = decode(content)
    body = RevisionBody(
        record_id=RecordId(record),
        parents=tuple(RevisionId(parent) for parent in parents),
        form_id="simulated",
        form_hash=FormHash(bytes(16)),
        at_ms=0,
        offset_min=0,
        enumerator="",
        patch=patch,
        resolves=tuple(resolves),
    )
    return Revision(RevisionId(name), body)


def revisions_in(store: LogStore) -> Iterator[Revision]:
    """Yield every revision that a store holds."""
    for entry in entries_in(store):
        if is_revision(entry):
            yield revision_in(entry.payloads[Compartment.BODY])


def states(revisions: Iterable[Revision]) -> dict[RecordId, dict[str, object]]:
    """Return the state of every record."""
    by_record: dict[RecordId, list[Revision]] = {}
    for revision in revisions:
        by_record.setdefault(revision.body.record_id, []).append(revision)
    rules = MergeRules()
    return {record: state_json(resolve(held, rules)) for record, held in by_record.items()}


def in_force(entries: Iterable[SealedEntry]) -> dict[str, SealedEntry]:
    """Return the newest broadcast on each named thing, of those whose payload is here."""
    newest: dict[str, SealedEntry] = {}
    for entry in entries:
        payload = entry.payloads.get(Compartment.OPEN)
        if entry.header.kind == Kind.LIST and payload is not None:
            newest[decode(payload)[0]] = entry
    return newest
