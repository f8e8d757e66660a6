"""Assign a record to devices for follow-up: a letter with its merged state, sealed to each.

Rule GOV-063. A direct identifier is not in it: the server has none. Whoever needs it asks the
custodian, case by case.
"""

from collections.abc import Sequence

from server.db import writing
from server.governance.actions import Action
from server.governance.decide import Actor
from server.governance.enrolment import find_device
from server.intake.correcting import load_record, permit_record
from server.intake.forms import FormShelf
from server.intake.mail import mail_content
from server.intake.outbox import send_due
from server.mission import Mission
from server.queries import outbox
from server.tables.project import DeviceState
from server.tables.records import Assignment, Record
from shared.errors import NotFound, UsageError
from shared.ids import AuthorId, RecordId
from shared.sealing.envelope import Kind


def assign(
    mission: Mission, actor: Actor, record: str, to: Sequence[str], purpose: str
) -> list[str]:
    """Hand a record to devices and return their labels; again sends its newest state.

    Raises:
        PolicyDenied: the actor may not give this record away for this purpose.
        NotFound: no such record or device.
        UsageError: a device is revoked, or none is named.
    """
    if not to:
        raise UsageError("name at least one device (--to)")
    forms = FormShelf(mission)
    merged = load_record(mission, forms, record)
    permit_record(mission, actor, Action.RECORD_ASSIGN, merged, purpose)
    devices = [find_device(mission, name) for name in to]
    for device in devices:
        if device.state == DeviceState.REVOKED.value:
            raise UsageError(f"{device.label} is revoked; nothing is sent to it")
    now = mission.clock.now()
    with writing(mission.stores.records) as session:
        row = session.get(Record, bytes(merged.record_id))
        if row is None:
            raise NotFound("there is no such record")
        for device in devices:
            session.merge(
                Assignment(
                    record_id=row.record_id,
                    device=device.author,
                    version=row.version,
                    assigned_by=actor.name,
                    assigned_at=now,
                )
            )
            outbox.add_mail(
                session,
                AuthorId(device.author),
                Kind.ASSIGNMENT,
                RecordId(row.record_id),
                row.version,
            )
    send_due(mission, mail_content(mission, forms))
    return [device.label for device in devices]
