"""What a sealing vector can ask for: operation name -> function from JSON inputs to a JSON output.

Bytes are hex. A second implementation needs these operations, docs/spec/sealing.md and the files.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    EncodingInvalid,
    FormError,
    HeaderInvalid,
    KeyNotTrusted,
    LimitExceeded,
    NoKeyMatches,
    PassphraseWrong,
    SignatureInvalid,
    TagMismatch,
)
from shared.ids import AuthorId, DeploymentId, EntryHash, FormHash, RecordId
from shared.records import small
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope
from shared.records.codec import Codebooks, decode_body, decode_identity
from shared.records.files import read_file_name
from shared.records.revision import DELETED, Patch
from shared.sealing import attachments, documents, enrol, packages, receipts, transfer, withdrawal
from shared.sealing.envelope import (
    Compartment,
    Entry,
    Head,
    LogId,
    check_payloads,
    entry_hash,
    parse_header,
    verify_head,
)
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import SecretKey, Suite, author_id, root_fingerprint
from shared.sealing.mailbox import open_mail
from shared.sealing.padding import pad, unpad
from shared.sealing.passphrase import open_file
from shared.sealing.ring import KeyRing, open_ring
from shared.sealing.tags import equality_tag
from shared.sealing.wrap import unwrap
from shared.shapes import array
from shared.versions import parse_version

Inputs = dict[str, Any]
FOLDER: Final = Path(__file__).resolve().parents[1] / "vectors" / "sealing"
REFUSALS: Final[dict[type[CairnError], str]] = {
    EncodingInvalid: "encoding invalid",
    LimitExceeded: "limit exceeded",
    HeaderInvalid: "header invalid",
    TagMismatch: "tag mismatch",
    NoKeyMatches: "no key matches",
    SignatureInvalid: "signature invalid",
    KeyNotTrusted: "key not trusted",
    PassphraseWrong: "passphrase wrong",
    FormError: "form not readable",
}


@dataclass(frozen=True)
class Vector:
    """One behaviour: what is put in and what must come of it."""

    name: str
    expect: str
    rule: str
    op: str
    about: str
    inputs: Inputs
    output: Any = None

    def text(self) -> str:
        """Return the vector as its file holds it."""
        head = [
            f"expect: {self.expect}",
            f"rule: {self.rule}",
            f"op: {self.op}",
            f"about: {self.about}",
        ]
        body: Inputs = {"inputs": self.inputs}
        if self.expect == "success":
            body["output"] = self.output
        return "\n".join(head) + "\n\n" + json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Vector:
    """Read one vector file."""
    head, body = path.read_text(encoding="utf-8").split("\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    content = json.loads(body)
    return Vector(
        path.stem,
        fields["expect"],
        fields["rule"],
        fields["op"],
        fields["about"],
        content["inputs"],
        content.get("output"),
    )


def load_all() -> Iterable[Vector]:
    """Read every vector, by name."""
    return map(load, sorted(FOLDER.glob("*.txt")))


def run(op: str, inputs: Inputs) -> tuple[str, Any]:
    """Return ("success", output), or the refusal's word and None."""
    try:
        return "success", OPS[op](inputs)
    except CairnError as error:
        return REFUSALS[type(error)], None


def b(inputs: Inputs, name: str) -> bytes:
    """Return an input of bytes."""
    return bytes.fromhex(inputs[name])


def _log(inputs: Inputs) -> LogId:
    return LogId(
        DeploymentId(b(inputs, "deployment")),
        AuthorId(b(inputs, "author")),
        inputs["incarnation"],
    )


def _keys(inputs: Inputs) -> list[SecretKey]:
    return [SecretKey.from_bytes(Suite(k["suite"]), b(k, "secret")) for k in inputs["secret_keys"]]


def _ring(inputs: Inputs) -> KeyRing:
    return open_ring(
        b(inputs, "ring"),
        b(inputs, "ring_signature"),
        root_fingerprint=b(inputs, "root_fingerprint"),
        deployment=b(inputs, "deployment"),
    )


def _cbor(inputs: Inputs) -> str:
    return encode(decode(b(inputs, "data"))).hex()


def _header(inputs: Inputs) -> str:
    data = b(inputs, "header")
    parse_header(data)
    return entry_hash(data).hex()


def _payloads(inputs: Inputs) -> str:
    payloads = {Compartment(int(c)): bytes.fromhex(p) for c, p in inputs["payloads"].items()}
    check_payloads(Entry(parse_header(b(inputs, "header")), payloads))
    return "ok"


def _head(inputs: Inputs) -> str:
    items = array(decode(b(inputs, "head")), "a head", 7)
    log = LogId(DeploymentId(items[1]), AuthorId(items[2]), items[3])
    head = Head(*log, items[4], EntryHash(items[5]), items[6])
    verify_head(b(inputs, "public"), head, b(inputs, "signature"))
    return "ok"


def _author(inputs: Inputs) -> str:
    return author_id(b(inputs, "public"), inputs["audience"]).hex()


def _open_epoch(inputs: Inputs) -> str:
    compartment = Compartment(inputs["compartment"])
    return open_epoch(b(inputs, "payload"), _keys(inputs), _log(inputs), compartment).hex()


def _open_payload(inputs: Inputs) -> str:
    header = parse_header(b(inputs, "header"))
    compartment = Compartment(inputs["compartment"])
    return open_payload(b(inputs, "secret"), header, compartment, b(inputs, "ciphertext")).hex()


def _open_mail(inputs: Inputs) -> str:
    header = parse_header(b(inputs, "header"))
    return open_mail(b(inputs, "payload"), _keys(inputs), header).hex()


def _seal_zeros(inputs: Inputs) -> str:
    digest = sha256()
    for chunk in attachments.seal_chunks(b(inputs, "key"), [bytes(inputs["zeros"])]):
        digest.update(chunk)
    return digest.hexdigest()


def _open_attachment(inputs: Inputs) -> str:
    return b"".join(attachments.open_chunks(b(inputs, "key"), [b(inputs, "ciphertext")])).hex()


def _file_name(inputs: Inputs) -> list[str | None]:
    name = read_file_name(inputs["text"])
    return [name.hash.hex(), name.suffix, None if name.thumbnail is None else name.thumbnail.hex()]


def _tag(inputs: Inputs) -> str:
    value = inputs["value"]
    value = tuple(value) if isinstance(value, list) else value
    record = RecordId(b(inputs, "record"))
    return equality_tag(b(inputs, "key"), record, inputs["address"], value).hex()


def _document(inputs: Inputs) -> list[Any]:
    document = documents.open_document(b(inputs, "payload"), _ring(inputs))
    return [document.type, document.name, document.serial, document.content.hex()]


def _manifest(inputs: Inputs) -> list[Any]:
    manifest = packages.open_manifest(b(inputs, "payload"), _ring(inputs))
    return [manifest.title, manifest.file_name, manifest.size, manifest.hash.hex()]


def _versions(inputs: Inputs) -> list[list[str]]:
    """Group equal versions, the lowest group first."""
    groups: dict[Any, list[str]] = {}
    for version in sorted(parse_version(text) for text in inputs["versions"]):
        groups.setdefault(version, []).append(version.text)
    return list(groups.values())


def _receipt(inputs: Inputs) -> list[Any]:
    ring = _ring(inputs)
    receipt = receipts.open_receipt(b(inputs, "receipt"), b(inputs, "signature"), ring)
    return [[r.author.hex(), r.incarnation, r.sequence, r.hash.hex()] for r in receipt.have]


def _note(inputs: Inputs) -> str:
    data, signature = b(inputs, "note"), b(inputs, "signature")
    return receipts.open_note(data, signature, b(inputs, "public")).hub.hex()


def _frames(inputs: Inputs) -> list[str]:
    frames = [bytes.fromhex(frame) for frame in inputs["frames"]]
    opened = transfer.open_frames(b(inputs, "key"), b(inputs, "binding"), frames)
    return [message.hex() for message in opened]


def _open_passphrase(inputs: Inputs) -> str:
    hardware = b(inputs, "hardware_secret")
    data = b(inputs, "file")
    opened = open_file(inputs["passphrase"], data, inputs["purpose"], hardware_secret=hardware)
    return opened.hex()


def codebooks(form: Inputs) -> Codebooks:
    """Return the one form that a vector brings with it."""

    def scope(item: Inputs) -> Scope:
        fields = tuple(
            Field(path, Kind(kind), Disclosure.DIRECT if direct else Disclosure.QUASI, tuple(names))
            for path, kind, direct, names in item["fields"]
        )
        return Scope(item["path"], fields, tuple(scope(inner) for inner in item["repeats"]))

    purposes = tuple(form["purposes"])
    form_hash = FormHash(b(form, "form_hash"))
    root = scope(form["root"])
    return Codebooks(Codebook("visit", "1", form_hash, "Visit", Basis.CONSENT, purposes, root))


def shown(patch: Patch) -> Inputs:
    """Return a patch as JSON holds it."""
    plain: Inputs = {}
    for address, value in sorted(patch.items()):
        plain[address] = list(value) if isinstance(value, tuple) else value
        if value is DELETED:
            plain[address] = {"deleted": True}
    return plain


def _body(inputs: Inputs) -> Inputs:
    revision, body = decode_body(b(inputs, "plaintext"), codebooks(inputs["form"]))
    return {
        "revision": revision.hex(),
        "record": body.record_id.hex(),
        "at_ms": body.at_ms,
        "consents": [{p: str(d) for p, d in c.decisions.items()} for c in body.consents],
        "patch": shown(body.patch),
        "tags": {address: tag.hex() for address, tag in sorted(body.tags.items())},
    }


def _identity(inputs: Inputs) -> Inputs:
    identity = decode_identity(b(inputs, "plaintext"), codebooks(inputs["form"]))
    return {
        "record": identity.record_id.hex(),
        "tag_key": identity.tag_key.hex(),
        "patch": shown(identity.patch),
    }


OPS: Final[dict[str, Callable[[Inputs], Any]]] = {
    "cbor": _cbor,
    "header": _header,
    "payloads": _payloads,
    "head": _head,
    "author": _author,
    "fingerprint": lambda i: root_fingerprint(b(i, "public")).hex(),
    "open epoch": _open_epoch,
    "open payload": _open_payload,
    "open mail": _open_mail,
    "seal zeros": _seal_zeros,
    "open attachment": _open_attachment,
    "read file name": _file_name,
    "pad": lambda i: pad(b(i, "plaintext")).hex(),
    "unpad": lambda i: unpad(b(i, "padded")).hex(),
    "tag": _tag,
    "ring": lambda i: _ring(i).label,
    "document": _document,
    "package manifest": _manifest,
    "versions": _versions,
    "receipt": _receipt,
    "note": _note,
    "frames": _frames,
    "enrolment code": lambda i: enrol.parse_enrolment_code(i["code"]).label,
    "enrolment request": lambda i: enrol.open_request(b(i, "payload")).device_label,
    "withdrawal code": lambda i: withdrawal.code_hash(withdrawal.parse_code_text(i["code"])).hex(),
    "passphrase file": _open_passphrase,
    "unwrap": lambda i: unwrap(b(i, "key"), b(i, "wrapped"), b(i, "aad")).hex(),
    "body": _body,
    "identity": _identity,
    "tally": lambda i: str(small.decode_tally(b(i, "plaintext")).outcome),
    "progress": lambda i: str(small.decode_progress(b(i, "plaintext")).outcome),
    "withdrawal": lambda i: small.decode_withdrawal(b(i, "plaintext")).code.hex(),
    "status": lambda i: small.decode_status(b(i, "plaintext")).facts,
}
