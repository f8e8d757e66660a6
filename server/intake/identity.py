"""Identity, case by case: ask at the server, open at the custodian's station. Rules GOV-026..029.

The server gathers what is sealed to the custodian and cannot open it. The station opens what was
asked for, and nothing else, and writes down for whom and why. The answer never comes back here.
"""

from pathlib import Path
from typing import Any, Final

from sqlmodel import select

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor
from server.governance.station import Station
from server.intake.correcting import load_record, permit_record
from server.intake.files import write_sealed
from server.intake.forms import FormShelf
from server.intake.held import master_key, unwrap_identity
from server.intake.identity_files import OpenFiles, open_files
from server.mission import Mission
from server.queries import documents, logs, recordkeys
from server.tables.log import LogEntry
from server.tables.records import Revision
from shared.errors import CairnError, NotFound, UsageError
from shared.forms.codebook import codebook_of
from shared.forms.xform import read_form
from shared.ids import DeploymentId, FormHash, RecordId
from shared.records.codec import Codebooks, decode_identity
from shared.records.form_document import decode_form_document
from shared.records.revision import Deletion
from shared.records.values import text_from_value
from shared.sealing.documents import open_document
from shared.sealing.envelope import Compartment, parse_header
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.ring import KeyRing

VERSION: Final = 2


def request_identity(  # noqa: PLR0913, PLR0917 - who, which, what for, why, with files or not
    mission: Mission,
    actor: Actor,
    record: str,
    purpose: str,
    why: str,
    files: Path | None = None,
) -> list[Any]:
    """Return what the custodian is asked to open: sealed blobs, and who asks for what.

    With `files` the sealed files of direct fields are written into that folder, to go along.

    Raises:
        PolicyDenied: the actor may not ask for this record and purpose.
        NotFound: no such record, or nobody's identity was given with it.
        UsageError: no reason given.
    """
    if not why.strip():
        raise UsageError("say why identity is needed (--why); it is written down at both places")
    merged = load_record(mission, FormShelf(mission), record)
    permit_record(mission, actor, Action.IDENTITY_REQUEST, merged, purpose)
    sources: dict[bytes, list[str]] = {}
    for address, revision_id in merged.state.identity_sources.items():
        sources.setdefault(bytes(revision_id), []).append(address)
    if not sources:
        raise NotFound("this record holds no identity")
    with reading(mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, [merged.record_id], master_key(mission))
    items: list[Any] = []
    payloads: dict[bytes, bytes] = {}
    with reading(mission.stores.records) as session:
        for source, addresses in sorted(sources.items()):
            row = session.get(Revision, source)
            sealed = None if row is None else unwrap_identity(keys[merged.record_id], row)
            if row is None or sealed is None:
                continue
            header, epoch = _from_inbox(mission, row.entry_id)
            items.append([source, row.form_hash, header, sealed, epoch, sorted(addresses)])
            form = documents.find_form(session, FormHash(row.form_hash))
            if form is not None:
                payloads[row.form_hash] = form.payload
    deployment = mission.project().deployment
    return [
        VERSION,
        deployment,
        bytes(merged.record_id),
        actor.name,
        purpose,
        why.strip(),
        items,
        sorted(payloads.values()),
        [] if files is None else _files(mission, merged.record_id, files),
    ]


def _files(mission: Mission, record_id: RecordId, folder: Path) -> list[Any]:
    """Write the sealed files; return for each its hash, header and sealed epoch secret."""
    found: list[Any] = []
    for row in write_sealed(mission, record_id, folder):
        header, epoch = _from_inbox(mission, row.entry_id)
        found.append([row.payload_hash, header, epoch])
    return found


def _from_inbox(mission: Mission, entry_id: int) -> tuple[bytes, bytes]:
    """Return an entry's header and the sealed epoch secret that the custodian opens it by."""
    with reading(mission.stores.inbox) as session:
        entry = session.get(LogEntry, entry_id)
        if entry is None:
            raise NotFound("the entry that brought this is not in the inbox")
        data = entry.header
        header = parse_header(data)
        found = session.exec(
            select(LogEntry.id).where(
                LogEntry.author == entry.author,
                LogEntry.incarnation == entry.incarnation,
                LogEntry.sequence == header.epoch,
            )
        ).all()
        numbers = [number for number in found if number is not None]
        held = logs.payloads_of(session, numbers)
    epochs = [p[Compartment.IDENTITY] for p in held.values() if Compartment.IDENTITY in p]
    if not epochs:
        raise NotFound("the epoch entry of this revision is not in the inbox any more")
    return data, epochs[0]


def identity_asked(value: Any) -> tuple[str, str, str]:
    """Return who asks, for which purpose and why, before anything is opened.

    Raises:
        UsageError: malformed.
    """
    try:
        _, _, _, actor, purpose, why, _, _, _ = value
    except (TypeError, ValueError) as error:
        raise UsageError("the identity request is malformed; have it written again") from error
    return str(actor), str(purpose), str(why)


def open_identity(
    station: Station, value: Any, passphrase: str, files: OpenFiles | None = None
) -> dict[str, Any]:
    """Open one request at the station and return the direct identifiers, logged.

    With `files` the files that they name are opened too, into a new folder.

    Raises:
        UsageError: malformed, or another project's.
        NoKeyMatches, TagMismatch: not sealed to this custodian, or changed on the way.
        PassphraseWrong: the custodian's keys stay closed.
    """
    try:
        version, deployment, record_id, actor, purpose, why, items, payloads, sealed_files = value
    except (TypeError, ValueError) as error:
        raise UsageError("the identity request is malformed; have it written again") from error
    if version != VERSION or deployment != station.deployment:
        raise UsageError("the identity request is another project's or version's; refused")
    keys = station.custodian_keys(passphrase)
    codebooks = Codebooks(*(_codebook(station, payload) for payload in payloads))
    answers: dict[str, str] = {}
    for revision_id, _, header_bytes, sealed, epoch, addresses in items:
        header = parse_header(header_bytes)
        secret = open_epoch(epoch, keys, header.log, Compartment.IDENTITY)
        plain = open_payload(secret, header, Compartment.IDENTITY, sealed)
        identity = decode_identity(plain, codebooks)
        if identity.record_id != record_id:
            raise UsageError(f"revision {revision_id.hex()} is another record's; refused")
        for address in addresses:
            said = identity.patch.get(address)
            if said is not None and not isinstance(said, Deletion):
                answers[address] = text_from_value(said)
    opened: list[dict[str, Any]] = []
    if files is not None:
        opened = open_files(files, answers, sealed_files, keys)
    station.log(
        "identity.open",
        f"record:{record_id.hex()}",
        {
            "for": actor,
            "purpose": purpose,
            "why": why,
            "fields": len(answers),
            "files": len(opened),
        },
    )
    return {
        "record": record_id.hex(),
        "for": actor,
        "purpose": purpose,
        "why": why,
        "identity": answers,
        **({} if files is None else {"files": opened}),
    }


def _codebook(station: Station, payload: bytes) -> Any:
    """Return the codebook of a form that this station's own root signed."""
    root = bytes.fromhex(station.register["root"])
    ring = KeyRing(DeploymentId(station.deployment), 0, 0, root, "", ())
    try:
        document = decode_form_document(open_document(payload, ring).content)
    except CairnError as error:
        raise UsageError("a form in the request was not signed by this station") from error
    return codebook_of(read_form(document.xform))
