"""The server's own logs: broadcasts to all and a mailbox for each device. Rules GOV-060..062.

What to say is written beside the change that causes it (`mail_due`, records store) and appended
here (inbox store). The entry's salt is that row's, so one that was appended before a crash is
recognised and not said twice.
"""

from collections.abc import Callable
from typing import Final

from server.db import reading, writing
from server.intake.inbox import InboxStore
from server.mission import Mission
from server.queries import devices, outbox
from server.tables.records import MailDue
from shared.ids import AuthorId, DeploymentId
from shared.sealing.envelope import Kind
from shared.sealing.keys import AUDIENCE_ALL, PublicKey, Suite, author_id, device_audience
from shared.sealing.log_writer import Appended, Tip, append_mail, append_open

AT_ONCE: Final = 100
MailContent = Callable[[MailDue], bytes | None]
"""Put together what a device is told of a record; None where there is nothing to tell any more."""


def broadcast_author(mission: Mission) -> AuthorId:
    """Return the author of the server's broadcasts."""
    return author_id(mission.keychain.log.public_bytes, AUDIENCE_ALL)


def mailbox_author(mission: Mission, device: AuthorId) -> AuthorId:
    """Return the author of the server's mailbox for a device."""
    return author_id(mission.keychain.log.public_bytes, device_audience(device))


def send_due(mission: Mission, content_of: MailContent) -> int:
    """Append everything that waits; return how many entries were appended."""
    sent = 0
    while True:
        with reading(mission.stores.records) as session:
            rows = outbox.due(session, AT_ONCE)
            for row in rows:
                session.expunge(row)
        if not rows:
            return sent
        for row in rows:
            sent += _send(mission, row, content_of)
            with writing(mission.stores.records) as session:
                outbox.done(session, row.id or 0)


def _send(mission: Mission, row: MailDue, content_of: MailContent) -> int:
    """Append one entry unless it is there already."""
    store = InboxStore(mission.stores.inbox, mission.clock)
    content = row.content if row.device is None else content_of(row)
    if content is None:
        return 0
    project = mission.project()
    device = None if row.device is None else AuthorId(row.device)
    author = broadcast_author(mission) if device is None else mailbox_author(mission, device)
    with store.transaction(), store.session() as session:
        tip = store.own_tip(DeploymentId(project.deployment), author, project.incarnation)
        if outbox.is_sent(session, row.salt):
            return 0
        recipient = None
        if device is not None:
            known = devices.find(session, device)
            if known is None:
                return 0
            recipient = PublicKey(Suite(known.suite), known.hpke_key)
        appended = _appended(mission, row, tip, content, recipient)
        store.append_own(appended)
        outbox.mark_sent(session, row.salt, author, appended.head.sequence)
    return 1


def _appended(
    mission: Mission, row: MailDue, tip: Tip, content: bytes, recipient: PublicKey | None
) -> Appended:
    """Write the entry under the row's own salt."""

    def salt(_size: int) -> bytes:
        return row.salt

    key, kind, day = mission.keychain.log, Kind(row.kind), mission.today
    if recipient is None:
        return append_open(key, tip, kind, content, day=day, random_bytes=salt)
    return append_mail(key, tip, kind, content, recipient, day=day, random_bytes=salt)
