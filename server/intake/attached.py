"""What a batch says of attachments: entries that came, and revisions that have some. INTK-080.

Only rows are written here, in the transaction that takes the batch in; linking and opening files
takes long and is done apart (attaching.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.intake.opening import Carried, Opened, OpenRevision
from server.queries import attachments
from server.queries.detached import file_of
from shared.canonical import encode
from shared.errors import EncodingInvalid
from shared.records.address import form_path
from shared.records.files import FileName, read_file_name
from shared.sealing.envelope import Kind

Named = list[tuple[str, FileName]]
"""Addresses, and the files that a body names there."""


def take_attachments(
    session: Session, opened: Sequence[Opened], taken: Collection[bytes], now: datetime
) -> None:
    """Note attachment entries, and the revisions among those just taken in that have some.

    Args:
        session: a write transaction on the records store.
        opened: the batch.
        taken: hashes of the revision entries that were taken in, of erased records too.
        now: when.
    """
    entries: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    for one in opened:
        if isinstance(one, Carried) and one.entry.header.kind == Kind.ATTACHMENT:
            entries.append(_entry_row(one, now))
        elif isinstance(one, OpenRevision) and one.entry.hash in taken and has_files(one):
            claims.append(
                {
                    "entry_hash": one.entry.hash,
                    "entry_id": one.entry.id,
                    "record_id": one.body.record_id,
                    "revision_id": one.id,
                    "named": encode([[a, file.text()] for a, file in named_in(one)]),
                }
            )
    attachments.add(session, entries)
    attachments.add_claims(session, claims)


def has_files(one: OpenRevision) -> bool:
    """Tell whether a revision writes a file question; a direct one shows by its tag alone."""
    paths = one.form.file_paths
    if not paths:
        return False
    written = (*one.body.patch, *one.body.tags)
    return any(form_path(address) in paths for address in written)


def named_in(one: OpenRevision) -> Named:
    """Return the files that a body names. A text that names none is an answer like any other."""
    named: Named = []
    for address, value in one.body.patch.items():
        if isinstance(value, str) and form_path(address) in one.form.file_paths:
            try:
                named.append((address, read_file_name(value)))
            except EncodingInvalid:
                continue
    return named


def _entry_row(one: Carried, now: datetime) -> dict[str, Any]:
    header = one.entry.header
    file = file_of(header)
    assert file is not None, "the opener refuses others"
    return {
        "entry_hash": one.entry.hash,
        "entry_id": one.entry.id,
        "author": header.author,
        "incarnation": header.incarnation,
        "sequence": header.sequence,
        "payload_hash": file.hash,
        "compartment": int(file.compartment),
        "length": file.length,
        "named_at": now,
    }
