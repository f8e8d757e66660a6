"""Versions of choice lists in the broadcast log: whole or step, and what nobody needs any more.

Rules LIST-012, LIST-021. A step is broadcast where the log says the version it starts from; once a
whole is said, the payloads before it go, so that who enrols later reads one whole and the steps
after it.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from sqlmodel import Session, col, select

from server.db import reading, writing
from server.mission import Mission
from server.queries import documents, logs, outbox
from server.tables.documents import FormState, ListVersion
from shared.records.form_document import decode_form_document
from shared.records.list_delta import decode_delta
from shared.records.parts import payloads_of
from shared.sealing.documents import Document, open_document
from shared.sealing.envelope import Kind


def keep_list(
    session: Session,
    document: Document,
    payload: bytes,
    step: tuple[Document, bytes] | None,
    now: datetime,
) -> bytes:
    """Store a version of a choice list and return what to broadcast: its step, or itself."""
    held = session.get(ListVersion, (document.name, document.serial))
    if held is not None:
        return held.step or held.payload
    said = None
    if step is not None and _pays(session, document, payload, step):
        said = step[1]
    session.add(
        ListVersion(
            name=document.name,
            serial=document.serial,
            digest=sha256(document.content).digest(),
            payload=payload,
            step=said,
            published_at=now,
        )
    )
    session.flush()
    return said or payload


def _pays(
    session: Session, document: Document, payload: bytes, step: tuple[Document, bytes]
) -> bool:
    """Tell whether the log says the step's base, and the steps since a whole stay below one."""
    newest = documents.newest_list(session, document.name)
    delta = decode_delta(step[0].content)
    result = sha256(document.content).digest()
    if newest is None or (newest.digest, result) != (delta.base, delta.result):
        return False
    steps = len(step[1])
    for version in documents.list_versions(session, document.name)[::-1]:
        if version.step is None:
            break
        steps += len(version.step)
    return steps <= len(payload)


def prune_lists(mission: Mission) -> int:
    """Delete the payloads of broadcasts that a later whole replaced; return how many."""
    with reading(mission.stores.records) as session:
        named = _named_by_forms(session, mission)
        query = select(ListVersion).order_by(col(ListVersion.name), col(ListVersion.serial))
        salts = [
            outbox.broadcast_salt(Kind.LIST, piece)
            for _, versions in groupby(session.exec(query), key=lambda version: version.name)
            for version in _replaced(list(versions), named)
            for piece in payloads_of(version.step or version.payload)
        ]
    return drop_said(mission, salts) if salts else 0


def _named_by_forms(session: Session, mission: Mission) -> set[bytes]:
    """Return the hashes of the files that published forms read."""
    ring = mission.ring()
    rows = [form for form in documents.forms(session) if form.state == FormState.PUBLISHED.value]
    contents = [decode_form_document(open_document(row.payload, ring).content) for row in rows]
    return {digest for content in contents for digest in content.files.values()}


def _replaced(versions: Sequence[ListVersion], named: set[bytes]) -> Sequence[ListVersion]:
    """Return the versions before the whole that the earliest needed one stands on."""
    needed = [n for n, version in enumerate(versions) if version.digest in named]
    at = min((*needed, len(versions) - 1))
    while versions[at].step is not None:
        at -= 1
    return versions[:at]


def drop_said(mission: Mission, salts: Sequence[bytes]) -> int:
    """Delete the payloads of the entries said under these salts; header and chain stay."""
    incarnation = mission.project().incarnation
    with writing(mission.stores.inbox) as session:
        said = outbox.places(session, salts)
        return logs.drop_payloads(session, logs.entry_ids(session, incarnation, said.values()))
