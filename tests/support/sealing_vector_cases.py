"""The cases of tests/vectors/sealing: authors, headers, payloads, epochs, attachments, tags.

Statements and files are in statement_vector_cases.py, encoding and records in
record_vector_cases.py. Each case states what must come of it;
the generator refuses to write what our code contradicts.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from hpke_reference import seal_x25519
from record_vector_cases import encoding_cases, record_cases
from sealing_kit import DAY, secret
from statement_vector_cases import statement_vectors
from vector_ops import FOLDER, Vector, load, run
from vector_table import Cases, P, flip

from shared.canonical import decode, encode
from shared.ids import AuthorId, DeploymentId, EntryHash
from shared.sealing.attachments import seal_chunks
from shared.sealing.envelope import (
    Compartment,
    Head,
    Header,
    Kind,
    encode_header,
    entry_hash,
    ref_of,
    sign_head,
)
from shared.sealing.epochs import seal_payload
from shared.sealing.keys import PublicKey, SecretKey, Suite
from shared.sealing.labels import label
from shared.sealing.padding import pad
from shared.sealing.tags import equality_tag

HYBRID: Final = SecretKey.from_bytes(Suite.HYBRID, secret("vectors hybrid"))
SALT: Final = bytes(range(16))
PLACE: Final = Header(*P.log, 2, Kind.REVISION, EntryHash(b"\x11" * 32), 1, SALT)
BODY_SECRET: Final = secret("vectors body epoch")
CIPHERTEXT: Final = seal_payload(BODY_SECRET, PLACE, Compartment.BODY, b"sixty answers")
HEADER: Final = replace(PLACE, payloads=(ref_of(Compartment.BODY, CIPHERTEXT),))
LOG: Final = {
    "deployment": P.deployment.hex(),
    "author": P.log.author.hex(),
    "incarnation": 0,
}


def cases() -> Iterator[Vector]:
    """Yield every vector."""
    yield from encoding_cases()
    yield from author_cases()
    yield from header_cases()
    yield from payload_cases()
    yield from epoch_cases()
    yield from attachment_cases()
    yield from file_name_cases()
    yield from tag_cases()
    yield from statement_vectors()
    yield from record_cases()


def author_cases() -> Iterator[Vector]:
    """Yield SEAL-005, SEAL-010, SEAL-012."""
    case = Cases("author", "SEAL-010", "author", public=P.device.public_bytes)
    for audience in ("mission", "all", "device:" + "00" * 16):
        name = sha256(label("author") + P.device.public_bytes + audience.encode()).digest()[:16]
        about = f"a key speaking to {audience.split(':')[0]}"
        yield case(audience.split(":")[0], "success", about, name.hex(), audience=audience)
    root = Cases("fingerprint", "SEAL-012", "root", public=P.root.public_bytes)
    yield root("fingerprint", "success", "what an enrolment code says of it", P.fingerprint.hex())


def header_cases() -> Iterator[Vector]:
    """Yield SEAL-011, SEAL-020 to SEAL-023 and the heads of SEAL-030, SEAL-031."""
    data = encode_header(HEADER)
    case = Cases("header", "SEAL-023", "header", header=data)
    yield case("good", "success", "its hash", entry_hash(data).hex(), "SEAL-021")
    items = decode(encode_header(replace(HEADER, kind=999)))
    yield case(
        "unknown_kind",
        "success",
        "carried",
        sha256(encode(items)).hexdigest(),
        header=encode(items),
    )
    row = items[9][0]
    wrong: list[tuple[str, int, object, str]] = [
        ("version_2", 0, 2, "another version"),
        ("deployment_7_bytes", 1, bytes(7), "a deployment is 8 bytes (SEAL-011)"),
        ("author_15_bytes", 2, bytes(15), "an author is 16 bytes"),
        ("incarnation_negative", 3, -1, "an incarnation counts from 0"),
        ("sequence_0", 4, 0, "a sequence counts from 1"),
        ("sequence_1_with_previous", 4, 1, "the first entry follows 32 zero bytes"),
        ("previous_zero", 6, bytes(32), "only the first entry follows 32 zero bytes"),
        ("epoch_not_before", 7, 2, "an epoch stands before what it seals"),
        ("salt_15_bytes", 8, bytes(15), "a salt is 16 bytes"),
        ("compartment_0", 9, [[0, *row[1:]]], "an unknown compartment"),
        ("compartment_8", 9, [[8, *row[1:]]], "an unknown compartment"),
        ("compartment_twice", 9, [row, row], "one payload a compartment"),
        ("unsorted", 9, [[2, *row[1:]], row], "payloads ascend by compartment"),
        ("hash_31_bytes", 9, [[1, bytes(31), 1]], "a hash is 32 bytes"),
        ("payload_of_two_items", 9, [row[:2]], "a payload is compartment, hash, length"),
        ("length_over_limit", 9, [[1, bytes(32), 1 << 21]], "an entry is at most 1 MiB"),
        ("together_over_limit", 9, [[1, bytes(32), 1 << 20], [2, bytes(32), 1]], "as a whole too"),
    ]
    for name, position, value, about in wrong:
        items = decode(data)
        items[position] = value
        yield case(name, "header invalid", about, header=encode(items))
    items = decode(data)
    items[9] = [[5, *row[1:]]]
    yield case("device_in_the_open", "header invalid", "P2", rule="SEAL-047", header=encode(items))
    yield case("item_missing", "header invalid", "nine items", header=encode(items[:9]))
    yield case("byte_behind", "header invalid", "a byte after the item", header=data + b"\0")
    yield case("long_head", "header invalid", "1 as 0x1801", header=data[:1] + b"\x18" + data[1:])
    match = Cases("payloads", "SEAL-022", "payload_ref", header=data, payloads={})
    yield match("pruned", "success", "a missing payload is pruned, not an error", "ok")
    yield match("good", "success", "the payload named", "ok", payloads={"1": CIPHERTEXT.hex()})
    for name, payloads in [
        ("changed", {"1": flip(CIPHERTEXT).hex()}),
        ("longer", {"1": (CIPHERTEXT + b"\0").hex()}),
        ("not_named", {"2": CIPHERTEXT.hex()}),
    ]:
        yield match(name, "tag mismatch", "not what the header names", payloads=payloads)
    head = Head(*P.log, 2, entry_hash(data), DAY)
    signature, public = sign_head(P.device, head), P.device.public_bytes
    signed = Cases(
        "head", "SEAL-030", "head", head=head.encode(), public=public, signature=signature
    )
    yield signed("good", "success", "signed by its author", "ok")
    later = replace(head, sequence=3)
    yield signed(
        "not_signed",
        "signature invalid",
        "past the signed head",
        rule="SEAL-031",
        head=later.encode(),
    )
    fork = replace(head, hash=EntryHash(bytes(32)))
    yield signed("fork", "success", "another hash, signed too: evidence", "ok", "SEAL-032",
                 head=fork.encode(), signature=sign_head(P.device, fork))  # fmt: skip
    yield signed("stranger", "signature invalid", "another key", public=P.root.public_bytes)
    note = P.device.sign("note", head.encode())
    yield signed("label", "signature invalid", "signed as a note", rule="SEAL-005", signature=note)


def payload_cases() -> Iterator[Vector]:
    """Yield SEAL-040 to SEAL-046 for payloads."""
    case = Cases(
        "open payload",
        "SEAL-044",
        "payload",
        secret=BODY_SECRET,
        header=encode_header(HEADER),
        compartment=1,
        ciphertext=CIPHERTEXT,
    )
    yield case("good", "success", "opened in its place", b"sixty answers".hex())
    for name, header in [
        ("other_sequence", replace(HEADER, sequence=3)),
        ("other_kind", replace(HEADER, kind=Kind.RESOLUTION)),
        ("other_previous", replace(HEADER, previous=EntryHash(b"\x12" * 32))),
        ("other_salt", replace(HEADER, salt=bytes(16))),
        ("other_epoch", replace(HEADER, epoch=0)),
        ("other_incarnation", replace(HEADER, incarnation=1)),
        ("other_author", replace(HEADER, author=AuthorId(bytes(16)))),
        ("other_deployment", replace(HEADER, deployment=DeploymentId(bytes(8)))),
    ]:
        about = "moved to another place: key or associated data differ"
        yield case(name, "tag mismatch", about, header=encode_header(header))
    yield case("other_compartment", "tag mismatch", "opened as identity", compartment=2)
    yield case("other_secret", "tag mismatch", "another epoch's", rule="SEAL-041", secret=bytes(32))
    yield case("changed", "tag mismatch", "one bit", ciphertext=flip(CIPHERTEXT))
    yield case("cut", "tag mismatch", "shorter than a tag", ciphertext=CIPHERTEXT[:15])
    padding = Cases("unpad", "SEAL-045", "padding")
    good = pad(b"answers")
    yield padding("good", "success", "128 bytes", b"answers".hex(), padded=good)
    yield padding("longer", "success", "1000 bytes", "61" * 999, padded=pad(b"a" * 999))
    for name, padded in [
        ("nothing", b""),
        ("no_end", bytes(128)),
        ("short", good[:-1]),
        ("too_long", good + bytes(16)),
        ("not_a_step", b"a" * 128 + b"\x80" + bytes(7)),
    ]:
        yield padding(name, "encoding invalid", "not what padding makes", padded=padded)


def epoch_cases() -> Iterator[Vector]:
    """Yield SEAL-040, SEAL-042, SEAL-043, SEAL-046."""
    info = label("epoch") + encode([*P.log, 1])
    sealed = seal_x25519(P.intake.public.data, BODY_SECRET, info, secret("ephemeral"))
    keys = [{"suite": 1, "secret": P.intake.to_bytes().hex()}]
    payload = [1, P.intake.public.key_id, sealed]
    case = Cases(
        "open epoch", "SEAL-040", "epoch", payload=encode(payload), secret_keys=keys,
        compartment=1, **LOG,
    )  # fmt: skip
    yield case("good", "success", "X25519", BODY_SECRET.hex())
    yield case("other_compartment", "tag mismatch", "sealed for 1", compartment=2)
    yield case("other_author", "tag mismatch", "another log", author=bytes(16))
    yield case("other_incarnation", "tag mismatch", "another log", incarnation=1)
    yield case("other_key", "no key matches", "a key not held", rule="SEAL-043", secret_keys=[])
    wrong = encode([2, *payload[1:]])
    yield case("other_suite", "no key matches", "key ids are per suite", payload=wrong)
    changed = encode([*payload[:2], flip(sealed)])
    yield case("changed", "tag mismatch", "one bit", payload=changed)
    yield case("short_key_id", "encoding invalid", "8 bytes", payload=encode([1, b"", sealed]))
    yield case("item_missing", "encoding invalid", "two items", payload=encode(payload[:2]))
    short = seal_x25519(P.intake.public.data, b"short", info, secret("ephemeral 2"))
    yield case(
        "secret_of_5_bytes", "encoding invalid", "an epoch secret is 32 bytes",
        payload=encode([*payload[:2], short]),
    )  # fmt: skip
    yield hybrid_case(case)
    place = replace(PLACE, kind=Kind.ASSIGNMENT, epoch=0)
    info = label("mailbox") + encode([*P.log, 2, 48])
    sealed = seal_x25519(P.mailbox.public.data, pad(b"visit"), info, secret("ephemeral 3"))
    mail = Cases(
        "open mail",
        "SEAL-046",
        "mail",
        header=encode_header(place),
        payload=encode([1, P.mailbox.public.key_id, sealed]),
        secret_keys=[{"suite": 1, "secret": P.mailbox.to_bytes().hex()}],
    )
    yield mail("good", "success", "opened by its device", b"visit".hex())
    yield mail("other_device", "no key matches", "another device's key", secret_keys=keys)
    moved = encode_header(replace(place, sequence=3))
    yield mail("moved", "tag mismatch", "another place in the log", header=moved)


def hybrid_case(case: Cases) -> Vector:
    """Return the hybrid suite's vector, with the sealed bytes of the file while they open."""
    keys = [{"suite": 2, "secret": HYBRID.to_bytes().hex()}]
    public: PublicKey = HYBRID.public
    sealed = public.seal(BODY_SECRET, label("epoch") + encode([*P.log, 1]))
    payload = encode([2, public.key_id, sealed])
    made = case(
        "hybrid", "success", "ML-KEM-768 with X25519", BODY_SECRET.hex(), "SEAL-042",
        payload=payload, secret_keys=keys,
    )  # fmt: skip
    path = FOLDER / f"{made.name}.txt"
    if path.exists():
        kept = replace(made, inputs=made.inputs | {"payload": load(path).inputs["payload"]})
        if run(kept.op, kept.inputs) == ("success", made.output):
            return kept
    return made


def attachment_cases() -> Iterator[Vector]:
    """Yield SEAL-048."""
    key = secret("vectors attachment")
    for zeros in (0, 1, 262_144, 262_145):
        digest = sha256()
        for chunk in seal_chunks(key, [bytes(zeros)]):
            digest.update(chunk)
        about = f"SHA-256 of the sealed chunks of {zeros} zero bytes"
        yield Cases("seal zeros", "SEAL-048", "attachment", key=key, zeros=zeros)(
            f"zeros_{zeros}", "success", about, digest.hexdigest()
        )
    whole = b"".join(seal_chunks(key, [b"a photo"]))
    case = Cases("open attachment", "SEAL-048", "attachment", key=key, ciphertext=whole)
    yield case("good", "success", "one chunk", b"a photo".hex())
    yield case("cut", "tag mismatch", "cut in a chunk", ciphertext=whole[:-1])
    yield case("empty", "tag mismatch", "no chunk at all", ciphertext=b"")
    yield case("behind", "tag mismatch", "goes on behind the last chunk", ciphertext=whole * 2)


def file_name_cases() -> Iterator[Vector]:
    """Yield SEAL-064."""
    file, small = sha256(b"file").hexdigest(), sha256(b"thumbnail").hexdigest()
    case = Cases("read file name", "SEAL-064", "file_name", text=f"{file}.jpg {small}")
    yield case("good", "success", "a picture and its thumbnail", [file, "jpg", small])
    yield case("no_thumbnail", "success", "a recording", [file, "m4a", None], text=f"{file}.m4a")
    yield case("no_suffix", "success", "neither", [file, "", None], text=file)
    yield case("capitals", "encoding invalid", "hexadecimal in capitals", text=file.upper())
    yield case("two_spaces", "encoding invalid", "two spaces", text=f"{file}.jpg  {small}")
    yield case("long_suffix", "encoding invalid", "nine letters", text=f"{file}.jpegimage")
    yield case("third", "encoding invalid", "a third name", text=f"{file} {small} {small}")
    yield case("own_name", "encoding invalid", "the name of a file", text="house of Zubaida.jpg")


def tag_cases() -> Iterator[Vector]:
    """Yield SEAL-050 and SEAL-051."""
    key, record = secret("vectors tag")[:16], b"r" * 16
    case = Cases("tag", "SEAL-050", "tag", key=key, record=record, address="/data/name")
    values: list[tuple[str, Any, str]] = [
        ("text", "Amina Diallo", "SEAL-050"),
        ("text_spaced", " Amina \n Diallo ", "SEAL-051"),
        ("text_decomposed", "Ame\u0301lie", "SEAL-051"),
        ("number", 2, "SEAL-051"),
        ("whole_float", 2.0, "SEAL-051"),
        ("list", ["a", "b"], "SEAL-051"),
        ("taken_back", None, "SEAL-051"),
    ]
    for name, value, rule in values:
        typed = tuple(value) if isinstance(value, list) else value
        tag = equality_tag(key, record, "/data/name", typed).hex()  # type: ignore[arg-type]
        yield case(name, "success", "the first 8 bytes", tag, rule, value=value)
    yield case("key_of_32_bytes", "encoding invalid", "16 bytes", key=bytes(32), value="x")
