"""What devices are told of records, put together when it is sent.

Rules INTK-042, GOV-063, SEAL-046. Who follows a record up gets its merged state, in the shape of a
revision whose parents are all its heads; the server has no direct identifier to send. Who merely
wrote it is told of an open question, never of an answer: a tablet that forgot what it finalized
does not learn it again from here.
"""

from typing import Final

from sqlmodel import Session

from server.db import reading
from server.intake.analytics import load_merged
from server.intake.forms import FormShelf
from server.intake.outbox import MailContent
from server.intake.taken import Merged
from server.mission import Mission
from server.queries import conflicts
from server.tables.records import Assignment, MailDue, Record, RecordState
from shared.canonical import encode
from shared.records.address import form_path
from shared.records.codec import encode_body
from shared.records.revision import RevisionBody
from shared.sealing.envelope import Kind
from shared.sealing.wrap import unwrap

_VERSION: Final = 1
LETTER: Final = b"case list letter "
"""Before the salt, what a waiting list letter is wrapped for (case_lists.py)."""
_STATES: Final = frozenset({Kind.ASSIGNMENT, Kind.STATE})


def mail_content(mission: Mission, forms: FormShelf | None = None) -> MailContent:
    """Return the function that puts letters on records together."""
    shelf = forms or FormShelf(mission)

    def content(row: MailDue) -> bytes | None:
        if row.kind == Kind.CASE_LIST:
            return unwrap(mission.keychain.wrap, row.content, LETTER + row.salt)
        with reading(mission.stores.records) as session:
            record = session.get(Record, row.record_id or b"")
            if record is None or record.state == RecordState.ERASED.value:
                return None
            if row.kind == Kind.CONFLICT:
                return _open_question(session, record)
            if row.kind in _STATES and _follows(session, row):
                return _state(mission, session, shelf, record)
            return None

    return content


def _open_question(session: Session, record: Record) -> bytes | None:
    units = [one.address for one in conflicts.open_of(session, record.record_id)]
    return encode([_VERSION, record.record_id, sorted(units)]) if units else None


def _follows(session: Session, row: MailDue) -> bool:
    return session.get(Assignment, (row.record_id, row.device)) is not None


def _state(mission: Mission, session: Session, forms: FormShelf, record: Record) -> bytes | None:
    found = load_merged(mission, session, forms, [record])
    if not found or not found[0].state.heads:
        return None
    return encode([_VERSION, encode_body(as_body(found[0]), found[0].form.codebook)])


def as_body(merged: Merged) -> RevisionBody:
    """Return a merged state in the shape of a revision: what a correction starts from.

    It is never a revision itself. Answers that the newest form does not ask stay at the server.
    """
    codebook, state = merged.form.codebook, merged.state
    bodies = {one.id: one.body for one in merged.revisions}
    about = bodies[max(state.heads)]
    asked = {field.path for field in codebook.fields()} | {s.path for s in codebook.scopes()}
    return RevisionBody(
        record_id=merged.record_id,
        parents=tuple(sorted(state.heads)),
        form_id=codebook.form_id,
        form_hash=codebook.form_hash,
        at_ms=about.at_ms,
        offset_min=about.offset_min,
        enumerator=about.enumerator,
        patch={a: v for a, v in state.values.items() if form_path(a) in asked},
        round_id=about.round_id,
        location=about.location,
        consents=tuple(state.consents.values()),
    )
