"""What devices are told of records, put together when it is sent. Rules INTK-042, SEAL-046.

A letter names the record, its version, heads and open questions, never an answer: a tablet that
forgot what it finalized does not learn it again from here.
"""

from server.db import reading
from server.intake.outbox import MailContent
from server.mission import Mission
from server.queries import conflicts
from server.tables.records import MailDue, Record, RecordState
from shared.canonical import encode
from shared.sealing.envelope import Kind

_VERSION = 1


def mail_content(mission: Mission) -> MailContent:
    """Return the function that puts letters on changed records together."""

    def content(row: MailDue) -> bytes | None:
        if row.record_id is None or row.kind not in {Kind.STATE, Kind.CONFLICT}:
            return None
        with reading(mission.stores.records) as session:
            record = session.get(Record, row.record_id)
            if record is None or record.state == RecordState.ERASED.value:
                return None
            units = [one.address for one in conflicts.open_of(session, row.record_id)]
            if row.kind == Kind.CONFLICT and not units:
                return None
            deleted = record.state == RecordState.DELETED.value
            return encode([_VERSION, row.record_id, record.version, deleted, units])

    return content
