"""Every parser as a function of bytes: a value or a CairnError, never anything else.

Run long by tests/fuzz under atheris, and short on their seeds and on what was found by
tests/property/test_fuzz_targets.py. Where a signature stands before a parser, the target signs:
a hostile device has a key of its own, and a stolen server key must not crash a tablet either.
"""

import base64
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import sync_vector_ops
import vector_ops
from app_packages import manifest_of
from forms_build import NOW, bind, form, interview, question, seeded_bytes, xform
from log_writing import DEPLOYMENT, Writer, signing_key
from record_vector_cases import BOOK
from record_vector_cases import PREFIX as BODY_PREFIX
from sealing_kit import Project
from sync_network import TRANSPORT, certify

from mobile_client.commands.headless import answer_pairs
from mobile_client.device.gpsd import parse_report
from mobile_client.device.nmea import parse_sentence
from mobile_client.services.device_policy import read_device_policy
from server.aggregates.release import open_release
from server.governance.exchange import Exchange, read_exchange
from server.governance.policy import read_policy
from server.governance.requests import read_coordinator_request
from server.jobs.restore import check_backup
from server.station.papers import read_names, read_targets
from shared.canonical import decode, encode
from shared.errors import CairnError
from shared.forms.cache import dump_form, load_form
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.evaluate import Question, evaluate
from shared.forms.xpath.patterns import matches
from shared.records import small
from shared.records.codec import Codebooks, decode_body, decode_identity
from shared.records.form_document import decode_form_document
from shared.sealing import documents, enrol, receipts, withdrawal
from shared.sealing.envelope import Compartment, parse_header
from shared.sealing.epochs import open_epoch
from shared.sealing.mailbox import open_mail
from shared.sealing.packages import decode_manifest
from shared.sealing.receipts import Signed
from shared.sealing.ring import open_ring
from sync.commands.files import open_log_file
from sync.core.announcement import parse_announcement
from sync.core.attest import decode_attestations, decode_erasures
from sync.core.batch import Run, decode_batch
from sync.core.certificate import open_certificate
from sync.core.have import have_from_wire
from sync.core.hub_code import decode_hub_code, parse_hub_code
from sync.core.merge_json import merge_json, three_way
from sync.core.messages import decode_answer, decode_message
from sync.core.plan import take_run
from sync.core.rules import rules_from_json
from sync.core.verify import verify_branch
from sync.stores.memory import MemoryLogStore
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "tests" / "vectors" / "found"
"""Inputs that once broke a parser: FOUND/<target>/<name>."""
PROJECT = Project()
RING = PROJECT.ring()
TABLET = Writer(signing_key("tablet"))
HEADER = parse_header(encode([1, *PROJECT.log, 1, 1, bytes(32), 0, bytes(16), []]))
SIMPLE = form("<x/><y/>", bind("/data/y", calculate="/data/x + 1"), question("/data/x"))
XPATH_XML = "<a id='1'><b>2</b><b/><c>x y</c></a>"


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        run: takes any bytes; raises nothing but CairnError.
        seeds: good and bad examples to begin from.
        bytes_max: how large inputs are made; more teaches nothing.
    """

    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]] = tuple
    bytes_max: int = 4096


def attempt(name: str, data: bytes) -> None:
    """Give bytes to a target; what is not a deliberate error goes through."""
    with suppress(CairnError):
        TARGETS[name].run(data)


def found(name: str) -> Iterator[bytes]:
    """Yield what once broke a target."""
    for path in sorted((FOUND / name.replace(" ", "_")).glob("*")):
        yield path.read_bytes()


# --- seeds ------------------------------------------------------------------------------------


def of_vectors(*ops: str, field: str) -> Callable[[], Iterator[bytes]]:
    """Return seeds: one input of each vector of some operations."""

    def seeds() -> Iterator[bytes]:
        for vector in (*vector_ops.load_all(), *sync_vector_ops.load_all()):
            value = vector.inputs.get(field)
            if vector.op in ops and isinstance(value, str):
                with suppress(ValueError):
                    yield bytes.fromhex(value)

    return seeds


def texts(*lines: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [line.encode() for line in lines]


def files(pattern: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (path.read_bytes() for path in sorted(ROOT.glob(pattern)))


# --- what needs more than a call --------------------------------------------------------------


def signed_by(key: Any, label: str, read: Callable[[Signed], object]) -> Callable[[bytes], object]:
    return lambda data: read(Signed(data, key.sign(label, data)))


def as_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def as_json(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """Give what Python's own JSON reader accepts: the commands refuse the rest."""

    def run(data: bytes) -> object:
        try:
            return read(json.loads(data))
        except (ValueError, RecursionError):
            return None

    return run


@cache
def scratch() -> Path:
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    return Path(tempfile.mkdtemp(prefix="cairn-fuzz-", dir=folder))


def as_file(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        path = scratch() / str(os.getpid())
        path.write_bytes(data)
        return read(path)

    return run


def canonical(data: bytes) -> None:
    assert encode(decode(data)) == data, "one value has one encoding (SEAL-001)"


def take_batch(data: bytes) -> None:
    """Decode a batch and take it in, signed by a tablet that is known."""
    store = MemoryLogStore()
    for item in decode_batch(data, DEPLOYMENT):
        if isinstance(item, Run):
            take_run(store, item, TABLET.key.public_bytes, keeps_strangers=True)


def read_log(path: Path) -> None:
    store = open_log_file(path)
    try:
        for log in store.have().points:
            for branch in store.branches(log):
                verify_branch(store, branch, None)
    finally:
        store.close()


def read_bundle(path: Path) -> None:
    _, messages = open_bundle(path, [TRANSPORT], DEPLOYMENT)
    for message in messages:
        decode_message(message)


def bundle_seeds() -> Iterator[bytes]:
    path = scratch() / "seed.cairnb"
    origin = BundleFrom(DEPLOYMENT, TABLET.author, 7)
    write_bundle(path, origin, [TRANSPORT.public], [lambda: b"one", lambda: b"two"], seeded_bytes())
    yield path.read_bytes()


def read_manifest(data: bytes) -> object:
    folder = scratch() / f"backup-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / "backup.json").write_bytes(data)
    return check_backup(folder)


def xpath(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    return evaluate(Question(text, xml=XPATH_XML, context="/*[1]", now=NOW), seeded_bytes())


def fill(data: bytes) -> None:
    """Read an XForm and open an interview on it."""
    interview(read_form(data))


def restore_draft(data: bytes) -> object:
    return Interview.restore(SIMPLE, data, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes())


def instance(text: str) -> object:
    return Interview.from_instance_xml(
        SIMPLE, text, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes()
    )


def sheet(data: bytes) -> object:
    return convert(data)


def merged(content: Any) -> object:
    if isinstance(content, dict) and "rules" in content:
        return merge_json(content.get("revisions"), rules_from_json(content["rules"]))
    return merge_json(three_way({}, content, {}), rules_from_json({}))


def golden() -> Iterator[bytes]:
    cases = json.loads((ROOT / "tests/vectors/sync/merge_golden.json").read_text("utf-8"))
    for case in cases["cases"]:
        yield json.dumps(case).encode()


def simple_interview() -> Interview:
    opened = interview(SIMPLE)
    opened.set("/data/x", "4")
    return opened


TARGETS: dict[str, Target] = {
    "cbor": Target(canonical, of_vectors("cbor", "message", "batch", field="data")),
    "header": Target(parse_header, of_vectors("header", field="header")),
    "batch": Target(take_batch, of_vectors("batch", field="data"), 16_384),
    "message": Target(decode_message, of_vectors("message", field="data"), 16_384),
    "answer": Target(decode_answer, of_vectors("answer", field="data"), 16_384),
    "have": Target(lambda d: have_from_wire(decode(d)), of_vectors("have", field="data")),
    "attestations": Target(decode_attestations, of_vectors("attestations", field="data")),
    "erasures": Target(
        decode_erasures, lambda: [encode([1, [[bytes(16), 0, 4, bytes(32)]]]), encode([1, []])]
    ),
    "coordinator request": Target(
        lambda d: read_coordinator_request(decode(d)),
        lambda: [encode([DEPLOYMENT, "Goma", 1, bytes(32)])],
    ),
    "station targets": Target(
        read_targets, texts("location,target\nL1,30\n", "target;location;round\n5;L1;2\n")
    ),
    "station names": Target(
        read_names, texts("device,name,team,enumerator\n0a1b2c3d,Tablet 1,North,b2b2\n")
    ),
    "certificate": Target(
        signed_by(PROJECT.server, "certificate", lambda s: open_certificate(s, RING)),
        lambda: [certify("tablet").data],
    ),
    "ring": Target(
        signed_by(
            PROJECT.root,
            "ring",
            lambda s: open_ring(
                *s, root_fingerprint=PROJECT.fingerprint, deployment=PROJECT.deployment
            ),
        ),
        lambda: [PROJECT.signed_ring().data],
    ),
    "receipt": Target(
        signed_by(PROJECT.receipts, "receipt", lambda s: receipts.open_receipt(*s, RING)),
        of_vectors("receipt", field="receipt"),
    ),
    "note": Target(
        signed_by(
            PROJECT.device, "note", lambda s: receipts.open_note(*s, PROJECT.device.public_bytes)
        ),
        of_vectors("note", field="note"),
    ),
    "document": Target(
        signed_by(
            PROJECT.root, "document", lambda s: documents.open_document(encode(list(s)), RING)
        ),
        lambda: [
            decode(d)[0] for d in of_vectors("document", field="document")() if d[:1] == b"\x82"
        ],
    ),
    "release": Target(lambda d: open_release(d, RING), lambda: [encode([b"{}", bytes(64)])]),
    "enrolment request": Target(enrol.open_request, of_vectors("request", field="request")),
    "enrolment reply": Target(enrol.parse_reply, of_vectors("reply", field="reply")),
    "enrolment code": Target(as_text(enrol.parse_enrolment_code), texts("CAIRN1.AAAA")),
    "enrolment code inside": Target(
        lambda d: enrol.parse_enrolment_code(
            "CAIRN1." + base64.urlsafe_b64encode(d).decode().rstrip("=")
        )
    ),
    "hub code": Target(as_text(parse_hub_code), texts("CAIRNHUB1.AAAA")),
    "hub code inside": Target(decode_hub_code),
    "withdrawal code": Target(
        as_text(withdrawal.parse_code_text), texts("ABCDE-FGHJK-MNPQR-STVWX")
    ),
    "announcement": Target(parse_announcement, bytes_max=1100),
    "epoch": Target(
        lambda d: open_epoch(d, [PROJECT.intake], PROJECT.log, Compartment.BODY),
        of_vectors("epoch", field="payload"),
    ),
    "mail": Target(lambda d: open_mail(d, [PROJECT.mailbox], HEADER)),
    "body": Target(
        lambda d: decode_body(d, Codebooks(BOOK)), of_vectors("body", field="plaintext")
    ),
    "body inside": Target(
        lambda d: decode_body(b"\x01" + BODY_PREFIX + d, Codebooks(BOOK)),
        lambda: [d[11:] for d in of_vectors("body", field="plaintext")() if d[:1] == b"\x01"],
    ),
    "identity": Target(
        lambda d: decode_identity(d, Codebooks(BOOK)), of_vectors("identity", field="plaintext")
    ),
    "identity inside": Target(
        lambda d: decode_identity(b"\x01" + BODY_PREFIX + d, Codebooks(BOOK)),
        lambda: [d[11:] for d in of_vectors("identity", field="plaintext")() if d[:1] == b"\x01"],
    ),
    "tally": Target(small.decode_tally, of_vectors("tally", field="plaintext")),
    "progress": Target(small.decode_progress, of_vectors("progress", field="plaintext")),
    "withdrawal": Target(small.decode_withdrawal),
    "status": Target(small.decode_status, of_vectors("status", field="plaintext")),
    "form document": Target(decode_form_document),
    "package manifest": Target(decode_manifest, lambda: [manifest_of(b"app").encode()]),
    "bundle": Target(as_file(read_bundle), bundle_seeds, 2048),
    "log": Target(as_file(read_log), bytes_max=16_384),
    "manifest": Target(read_manifest, texts('{"format": "cairn-backup-1", "files": {}}')),
    "exchange file": Target(
        as_file(lambda path: read_exchange(path, Exchange.RING)),
        lambda: [b"CAIRNX1\n" + encode(["ring", [b"a", b"b"]])],
    ),
    "policy": Target(lambda d: read_policy(d, 1), files("server/governance/default_policy.toml")),
    "device policy": Target(read_device_policy, files("server/governance/default_policy.toml")),
    "xform": Target(fill, lambda: [xform("<x/>", "", question("/data/x"))], 8192),
    "xpath": Target(xpath, texts("count(//b) + 1", "if(. = 2, 'a', concat('b', ../b))"), 512),
    "pattern": Target(
        as_text(lambda t: matches(t[: len(t) // 2], t[len(t) // 2 :])), bytes_max=200
    ),
    "xlsx": Target(sheet, files("forms/*.xlsx"), 131_072),
    "markdown form": Target(
        as_text(convert), texts("| survey |\n| | type | name | label |\n"), 4096
    ),
    "csv": Target(lambda d: read_attachment("a.csv", d), texts("name,label\na,b\n")),
    "geojson": Target(
        lambda d: read_attachment("a.geojson", d),
        texts('{"type":"FeatureCollection","features":[{"geometry":null,"properties":{}}]}'),
    ),
    "choices xml": Target(lambda d: read_attachment("a.xml", d), texts("<root><item/></root>")),
    "compiled form": Target(load_form, lambda: [dump_form(SIMPLE)], 8192),
    "draft": Target(restore_draft, lambda: [simple_interview().snapshot()]),
    "instance xml": Target(as_text(instance), lambda: [simple_interview().instance_xml().encode()]),
    "merge": Target(as_json(merged), golden, 8192),
    "answers": Target(as_json(answer_pairs), texts('{"answers": {"/data/x": "1"}}')),
    "nmea": Target(
        as_text(parse_sentence),
        texts("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"),
        200,
    ),
    "gpsd": Target(parse_report, texts('{"class":"TPV","mode":3,"lat":1.0,"lon":2.0}'), 512),
}
