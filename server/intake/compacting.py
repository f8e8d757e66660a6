"""Compaction of the server's own logs: what is out of force goes, and everybody is told.

Rules SYNC-100 to SYNC-103. Headers stay. The payloads go here first, then the statement is written:
a crash between leaves payloads that are gone and not yet said, which the next run says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.intake.inbox import InboxStore
from server.intake.mail import mail_content
from server.intake.outbox import broadcast_author, mailbox_author, send_due
from server.mission import CONSOLE, Mission
from server.queries import outbox
from server.queries.devices import all_devices
from server.tables.records import Assignment, Record
from shared.canonical import decode, encode
from shared.errors import CairnError
from shared.ids import AuthorId, RecordId
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.receipts import Signed
from sync.core.attest import Compacted as Statement
from sync.core.attest import decode_attestations, encode_attestations
from sync.core.batch import SealedEntry
from sync.core.have import LogName

_SAID = "compacted"
"""Kind of paper: how many payloads of a log the last statement on it left out."""
_LETTERS = (Kind.ASSIGNMENT, Kind.STATE)


@dataclass(frozen=True, slots=True)
class Compaction:
    """What compacting one log came to."""

    author: str
    device: str
    entries: int
    kept: int
    dropped: int


def compact_logs(mission: Mission, actor: Actor = CONSOLE) -> list[Compaction]:
    """Compact the broadcast log and every mailbox; return those in which something went.

    Raises:
        PolicyDenied: the actor may not.
    """
    mission.permit(actor, Action.BACKUP_MAKE, Resource("log"))
    send_due(mission, mail_content(mission))
    incarnation = mission.project().incarnation
    with mission.inbox() as session:
        devices = [(AuthorId(device.author), device.label) for device in all_devices(session)]
    done: list[Compaction] = []
    for device, label in devices:
        log = LogName(mailbox_author(mission, device), incarnation)
        done += _compact(mission, log, label, _stale_letters(mission, device))
    log = LogName(broadcast_author(mission), incarnation)
    done += _compact(mission, log, "", set(_stale_broadcasts(mission, log)))
    send_due(mission, mail_content(mission))
    return done


def _compact(mission: Mission, log: LogName, device: str, stale: set[int]) -> list[Compaction]:
    """Delete what is stale, and have it said where anything went since it was said last."""
    store = InboxStore(mission.stores.inbox, mission.clock)
    branches = store.branches(log)
    if len(branches) != 1 or not branches[0].head.sequence:
        return []
    through = branches[0].head
    held = list(store.entries(branches[0], 1, through.sequence))
    # The statement made here replaces the one before it on the same log.
    stale = stale | {e.header.sequence for e in held if _statement_on(e) == log}
    kept = [e.header.sequence for e in held if e.payloads and e.header.sequence not in stale]
    name = log.author + log.incarnation.to_bytes(8, "big")
    before = {paper: decode(signed.data) for paper, signed in store.papers(_SAID)}.get(name, 0)
    # Of attestations only statements go, and those are no news.
    news = [e for e in held if e.header.kind != Kind.ATTESTATION]
    gone = len(news) - sum(1 for e in news if e.payloads and e.header.sequence not in stale)
    if gone <= before:
        return []
    with store.transaction():
        dropped = store.prune([(log, through)], frozenset(kept))
        store.save_paper(_SAID, name, Signed(encode(gone), b""))
    with mission.records() as session:
        said = encode_attestations([Statement(log, through, tuple(kept))])
        outbox.add_broadcast(session, Kind.ATTESTATION, said)
    return [Compaction(log.author.hex(), device, through.sequence, len(kept), dropped)]


def _stale_broadcasts(mission: Mission, log: LogName) -> Iterator[int]:
    """Yield the broadcasts that a later one replaced: policies and statements."""
    store = InboxStore(mission.stores.inbox, mission.clock)
    policy: int | None = None
    statements: dict[LogName, int] = {}
    for branch in store.branches(log):
        for entry in store.entries(branch, 1, branch.head.sequence):
            if entry.header.kind == Kind.POLICY:
                if policy is not None:
                    yield policy
                policy = entry.header.sequence
            about = _statement_on(entry)
            if about is not None:
                if about in statements:
                    yield statements[about]
                statements[about] = entry.header.sequence


def _statement_on(entry: SealedEntry) -> LogName | None:
    """Return the log that an entry says is compacted, where it says nothing else."""
    payload = entry.payloads.get(Compartment.OPEN)
    if entry.header.kind != Kind.ATTESTATION or payload is None:
        return None
    try:
        items = decode_attestations(payload)
    except CairnError:
        return None
    return items[0].log if len(items) == 1 and isinstance(items[0], Statement) else None


def _stale_letters(mission: Mission, device: AuthorId) -> set[int]:
    """Return the letters on records of which the device was sent a later state."""
    stale: set[int] = set()
    with reading(mission.stores.records) as session:
        query = select(Assignment.record_id, Record.version).where(
            Assignment.device == bytes(device), col(Record.record_id) == col(Assignment.record_id)
        )
        assigned = list(session.exec(query))
    with reading(mission.stores.inbox) as session:
        for record_id, newest in assigned:
            salts = [
                outbox.mail_salt(device, kind, RecordId(record_id), version)
                for version in range(newest + 1)
                for kind in _LETTERS
            ]
            places = sorted(sequence for _, sequence in outbox.places(session, salts).values())
            stale.update(places[:-1])
    return stale
