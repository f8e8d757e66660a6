"""Runs the inbox could not let into a log: listed in quarantine, and let in when they can be.

A stranger's run waits for its enrolment, a broken one stays as evidence. Rules INTK-022, SYNC-014.
"""

from sqlmodel import col, select

from server.db import reading, writing
from server.intake.inbox import InboxStore
from server.mission import Mission
from server.queries import devices, quarantine
from server.queries import project as projects
from server.queries.work import REVISION_KINDS
from server.tables.log import ShelvedRun
from server.tables.quarantine import QuarantineSource, QuarantineState
from shared.ids import DeploymentId
from shared.sealing.keys import AUDIENCE_MISSION, author_id
from shared.sealing.receipts import Signed
from shared.sealing.ring import SignedRing
from sync.core.batch import Run, decode_batch
from sync.core.directory import Directory
from sync.core.messages import Papers
from sync.core.plan import OutcomeCode
from sync.peer import Me, Peer

_TAKEN = frozenset((OutcomeCode.STORED, OutcomeCode.DUPLICATE, OutcomeCode.FORK))


def list_shelved(mission: Mission) -> int:
    """Put runs that were shelved since into the quarantine list; return how many."""
    with reading(mission.stores.inbox) as session:
        new = list(session.exec(select(ShelvedRun).where(col(ShelvedRun.listed).is_(False))))
        deployment = projects.get(session).deployment
        for row in new:
            session.expunge(row)
    if not new:
        return 0
    with writing(mission.stores.records) as session:
        quarantine.set_aside(
            session,
            [
                {
                    "digest": row.digest,
                    "source": QuarantineSource.SHELF.value,
                    "author": row.author,
                    "incarnation": row.incarnation,
                    "sequence": row.first_sequence,
                    "kind": None,
                    "entry_id": None,
                    "record_id": None,
                    "entries": _revisions_in(row, deployment),
                    "reason": row.reason,
                    "detail": f"a run of {row.entries} entries",
                    "state": QuarantineState.OPEN.value,
                    "opened_at": row.received_at,
                    "shred_after": None,
                    "closed_at": None,
                    "closed_by": "",
                }
                for row in new
            ],
        )
    with writing(mission.stores.inbox) as session:
        for row in new:
            kept = session.get(ShelvedRun, row.digest)
            if kept is not None:
                kept.listed = True
                session.add(kept)
    return len(new)


def retry_shelved(mission: Mission, digests: list[bytes], by: str) -> int:
    """Let shelved runs in that can be by now; return how many were."""
    if not digests:
        return 0
    let_in: list[bytes] = []
    peer = shelf_peer(mission)
    for digest in digests:
        with reading(mission.stores.inbox) as session:
            row = session.get(ShelvedRun, digest)
            data = None if row is None else row.data
        if data is None:
            # Let in before a crash; what is left to do is to say so.
            let_in.append(digest)
            continue
        outcomes = peer.take(data, Papers()).outcomes
        if all(outcome.code in _TAKEN for outcome in outcomes):
            with writing(mission.stores.inbox) as session:
                session.delete(session.get_one(ShelvedRun, digest))
            let_in.append(digest)
    with writing(mission.stores.records) as session:
        quarantine.close(session, let_in, QuarantineState.REPLAYED, mission.clock.now(), by)
    return len(let_in)


def _revisions_in(row: ShelvedRun, deployment: bytes) -> int:
    runs = decode_batch(row.data, DeploymentId(deployment))
    return sum(
        entry.header.kind in REVISION_KINDS
        for run in runs
        if isinstance(run, Run)
        for entry in run.entries
    )


def shelf_peer(mission: Mission) -> Peer:
    """Return the mission server as a peer that knows all who are enrolled by now."""
    known = mission.project()
    directory = Directory(DeploymentId(known.deployment), known.root_fingerprint or b"")
    with reading(mission.stores.inbox) as session:
        for ring in projects.rings(session):
            directory.take_ring(SignedRing(ring.data, ring.signature))
        certificates = [
            Signed(device.certificate, device.certificate_signature)
            for device in devices.all_devices(session)
        ]
    key = mission.keychain.log
    me = Me(author_id(key.public_bytes, AUDIENCE_MISSION), key)
    store = InboxStore(mission.stores.inbox, mission.clock)
    peer = Peer(store, me, directory, mission.clock, keeps_strangers=True)
    for certificate in certificates:
        peer.learn(certificate)
    return peer
