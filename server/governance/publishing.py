"""Publish forms and policies: propose, have the steward sign, put in force. Rules GOV-020..024.

A form is checked three times: here before it is proposed, at the station before it is signed, and
here again before it is broadcast. What goes to devices is what the root signed, byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from server.db import reading, writing
from server.governance.actions import Action
from server.governance.decide import Actor, Deny, Resource
from server.governance.listing import ListFile, new_versions, read_list_file
from server.governance.policy import Policy, check_complete, read_policy
from server.governance.station import POLICY_NAME, Station, Unsigned
from server.intake.lists import keep_list
from server.mission import CONSOLE, Mission, ask, policy_of
from server.queries import documents, outbox, records
from server.tables.documents import Form as FormRow
from server.tables.documents import PolicyVersion
from shared.errors import EncodingInvalid, FormError, PolicyDenied, UsageError
from shared.forms.check import check_file
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.problems import FormProblems
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.ids import DeploymentId
from shared.records.codebook import Codebook
from shared.records.form_document import (
    DELTA_DOCUMENT,
    FORM_DOCUMENT,
    LIST_DOCUMENT,
    POLICY_DOCUMENT,
    FormDocument,
    decode_form_document,
    encode_form_document,
)
from shared.records.lists import canonical_list
from shared.sealing.documents import Document, open_document
from shared.sealing.envelope import Kind

_SOURCE_ENDINGS: Final = (".csv", ".geojson", ".json", ".xml")
_LAST_SAVED: Final = "last-saved"
_KINDS: Final = {
    FORM_DOCUMENT: Kind.FORM,
    LIST_DOCUMENT: Kind.LIST,
    POLICY_DOCUMENT: Kind.POLICY,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A form (and the files it reads) as the steward is asked to sign it.

    Attributes:
        files: each file that was not published with this content yet.
    """

    deployment: DeploymentId
    form_id: str
    serial: int
    document: FormDocument
    files: tuple[ListFile, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def value(self) -> list[Any]:
        """Return what the exchange file holds."""
        content = encode_form_document(self.document)
        files = [file.value() for file in self.files]
        return [self.deployment, self.form_id, self.serial, content, files]

    def unsigned(self) -> list[Unsigned]:
        """Return the documents to sign: files first, so that a form never waits for its lists."""
        lists = [document for file in self.files for document in file.unsigned()]
        content = encode_form_document(self.document)
        return [*lists, (FORM_DOCUMENT, self.form_id, self.serial, content)]


def read_proposal(value: Any) -> Proposal:
    """Read a proposal from an exchange file's value.

    Raises:
        UsageError: malformed.
    """
    try:
        deployment, form_id, serial, content, files = value
        document = decode_form_document(content)
        listed = tuple(read_list_file(file) for file in files)
        return Proposal(DeploymentId(deployment), form_id, serial, document, listed)
    except (TypeError, ValueError, EncodingInvalid) as error:
        raise UsageError("the form request is malformed; have it written again") from error


def propose_form(mission: Mission, path: Path, media: Path | None = None) -> Proposal:
    """Convert and check a form, gather the files it reads, and return what to have signed.

    Raises:
        FormProblems: everything that keeps it from being published, with sheet and row.
        UsageError: a file it reads is missing, or policy does not cover its basis or purposes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    checked = check_file(path.name, data)
    if checked.form is None or not checked.publishable:
        raise FormProblems([p for p in checked.problems if p.severity == "error"])
    folders = [media] if media is not None else [path.parent, path.parent / "media"]
    files = _gather(checked.form, folders, checked.made)
    version = checked.form.version
    digests = {name: sha256(content).digest() for name, content in files.items()}
    document = FormDocument(checked.xform, version, digests)
    form_id = checked.form.id
    with reading(mission.stores.records) as session:
        covered(checked.form, policy_of(session))
        if documents.find_form(session, document.form_hash) is not None:
            raise UsageError(f"form {form_id} is published in exactly this version already")
        serial = documents.next_form_serial(session, form_id)
        unknown = {
            name: content
            for name, content in files.items()
            if documents.find_list(session, name, digests[name]) is None
        }
    new = new_versions(mission, unknown)
    warnings = tuple(p.line() for p in checked.problems if p.severity != "error")
    deployment = DeploymentId(mission.project().deployment)
    return Proposal(deployment, form_id, serial, document, tuple(new), warnings)


def covered(form: Form, policy: Policy) -> Codebook:
    """Return the form's codebook where policy covers its basis and purposes (IOM principles 1, 2).

    Raises:
        UsageError: names what policy lacks.
    """
    codebook = codebook_of(form)
    allowed = {basis.value for basis in policy.intake.bases}
    if form.basis not in allowed:
        raise UsageError(
            f"form {form.id} is asked on the basis {form.basis!r}; the policy allows "
            f"{', '.join(sorted(allowed))}"
        )
    if unknown := sorted(set(codebook.purposes) - policy.purposes.keys()):
        raise UsageError(
            f"form {form.id} names the purpose {unknown[0]!r}, which the policy does not; "
            f"it has {', '.join(sorted(policy.purposes))}"
        )
    return codebook


def describe(document: FormDocument) -> list[dict[str, str]]:
    """Return what a steward looks at before signing: each field with class, purposes and rule."""
    codebook = codebook_of(read_form(document.xform))
    return [
        {
            "field": one.path,
            "class": one.disclosure.value,
            "purposes": " ".join(one.purposes or codebook.purposes),
            "generalise": one.generalise or "",
            "merge": one.merge,
        }
        for one in codebook.fields()
    ]


def approve_form(station: Station, proposal: Proposal, passphrase: str) -> list[bytes]:
    """Check a proposed form at the station, by the station's own reading, and sign it.

    Raises:
        FormProblems: it may not be published.
        UsageError: a file is not the one the form names, or another project's request.
    """
    checked = check_file("form.xml", proposal.document.xform)
    if checked.form is None or not checked.publishable:
        raise FormProblems([p for p in checked.problems if p.severity == "error"])
    if checked.form.id != proposal.form_id:
        raise UsageError("the request names another form than it holds; refused")
    for file in proposal.files:
        if proposal.document.files.get(file.name) != sha256(file.data).digest():
            raise UsageError(f"the file {file.name} is not the one the form names; refused")
    return station.sign_documents(proposal.deployment, proposal.unsigned(), passphrase)


def publish(mission: Mission, payloads: Any, actor: Actor = CONSOLE) -> list[Document]:
    """Put signed documents in force and have them broadcast; again changes nothing.

    Raises:
        SignatureInvalid, KeyNotTrusted: not signed by this project's root.
        UsageError, FormError: not documents, or a form that policy does not cover.
        PolicyDenied: the actor may not.
    """
    if not isinstance(payloads, list) or not all(isinstance(one, bytes) for one in payloads):
        raise UsageError("the file holds no signed documents")
    ring = mission.ring()
    opened = [(open_document(payload, ring), payload) for payload in payloads]
    steps = {
        (document.name, document.serial): (document, payload)
        for document, payload in opened
        if document.type == DELTA_DOCUMENT
    }
    for document, _ in opened:
        if document.type not in (*_KINDS, DELTA_DOCUMENT):
            raise UsageError(f"a document of type {document.type!r} is not published here")
    opened = [(document, payload) for document, payload in opened if document.type in _KINDS]
    with writing(mission.stores.records) as session:
        for document, payload in opened:
            action = (
                Action.POLICY_PUBLISH if document.type == POLICY_DOCUMENT else Action.FORM_PUBLISH
            )
            resource = Resource(document.type, document.name)
            detail: Mapping[str, str | int] = {"serial": document.serial}
            decision = ask(session, mission, actor, action, resource, detail=detail)
            if isinstance(decision, Deny):
                raise PolicyDenied(decision.reason)
            if document.type == LIST_DOCUMENT:
                step = steps.get((document.name, document.serial))
                payload = keep_list(session, document, payload, step, mission.clock.now())  # noqa: PLW2901
            else:
                _keep(session, mission, document, payload)
            outbox.add_broadcast(session, _KINDS[document.type], payload)
        if any(document.type != FORM_DOCUMENT for document, _ in opened):
            # Rules or areas changed: every analytic row follows from them.
            records.mark_all_due(session)
    return [document for document, _ in opened]


def _keep(session: Session, mission: Mission, document: Document, payload: bytes) -> None:
    """Store one document by its type; the same one again is left as it is."""
    now = mission.clock.now()
    if document.type == POLICY_DOCUMENT:
        _keep_policy(session, document, payload, now)
    else:
        _keep_form(session, document, payload, now)
    session.flush()


def _keep_policy(session: Session, document: Document, payload: bytes, now: datetime) -> None:
    if document.name != POLICY_NAME:
        raise UsageError(f"the project's policy is called {POLICY_NAME!r}, not {document.name!r}")
    check_complete(read_policy(document.content, document.serial))
    newest = documents.newest_policy(session)
    if newest is not None and document.serial < newest.serial:
        raise UsageError(f"policy {newest.serial} is in force; {document.serial} is older")
    if newest is None or document.serial > newest.serial:
        session.add(
            PolicyVersion(
                serial=document.serial,
                payload=payload,
                content=document.content,
                published_at=now,
            )
        )


def _keep_form(session: Session, document: Document, payload: bytes, now: datetime) -> None:
    content = decode_form_document(document.content)
    if documents.find_form(session, content.form_hash) is not None:
        return
    form = read_form(content.xform)
    codebook = covered(form, policy_of(session))
    for name, digest in content.files.items():
        if documents.find_list(session, name, digest) is None:
            raise FormError(f"form {form.id} reads {name}, which was not published with it")
    row = FormRow(
        form_hash=content.form_hash,
        form_id=document.name,
        version=content.version,
        title=form.title,
        basis=codebook.basis.value,
        serial=document.serial,
        payload=payload,
        published_at=now,
    )
    session.add(row)
    session.flush()
    documents.retire_others(session, row)


def _gather(form: Form, folders: list[Path], made: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files a form reads, from its workbook or beside it, checked to be readable.

    Raises:
        UsageError: one is missing.
        FormError: one is malformed.
    """
    files: dict[str, bytes] = {}
    for instance in form.instances.values():
        name = instance.source.rpartition("/")[2]
        if not instance.source or name == _LAST_SAVED:
            continue
        if not name.lower().endswith(_SOURCE_ENDINGS):
            name = f"{name}.csv"
        if name in made:
            files[name] = canonical_list(made[name], name)
            continue
        found = next((f / name for f in folders if (f / name).is_file()), None)
        if found is None:
            raise UsageError(
                f"form {form.id} reads {name}, which is not beside it; "
                "put it into the form's folder or its `media` folder, or name one with --media"
            )
        files[name] = found.read_bytes()
        read_attachment(name, files[name])
        if name.lower().endswith(".csv"):
            files[name] = canonical_list(files[name], name)
    return files
