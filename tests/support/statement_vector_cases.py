"""The cases of tests/vectors/sealing for signed statements, codes, sealed files, bundles."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from sealing_kit import NOW_MS, secret, seeded
from vector_ops import Inputs, Vector
from vector_table import Cases, P, flip

from shared.canonical import decode, encode
from shared.ids import AuthorId, DeploymentId, EntryHash
from shared.sealing import documents, enrol, receipts, transfer
from shared.sealing.labels import label
from shared.sealing.passphrase import TEST_COST, seal_file
from shared.sealing.wrap import wrap


def statement_vectors() -> Iterator[Vector]:
    """Yield every case of this file."""
    yield from statement_cases()
    yield from enrolment_cases()
    yield from secret_file_cases()
    yield from frame_cases()


def statement_cases() -> Iterator[Vector]:
    """Yield SEAL-081 to SEAL-084."""
    signed = P.signed_ring()
    base = {
        "ring": signed.data,
        "ring_signature": signed.signature,
        "root_fingerprint": P.fingerprint,
        "deployment": P.deployment,
    }
    case = Cases("ring", "SEAL-081", "ring", **base)
    yield case("good", "success", "its project label", "Test")
    yield case(
        "changed",
        "signature invalid",
        "one bit of the label",
        ring=signed.data.replace(b"Test", b"Tess"),
    )
    yield case("other_root", "key not trusted", "enrolled elsewhere", root_fingerprint=bytes(16))
    yield case("other_project", "key not trusted", "another deployment", deployment=bytes(8))
    items = decode(signed.data)
    for name, key in [
        ("unknown_role", [9, 1, bytes(32), 0, 1]),
        ("unknown_suite", [1, 7, bytes(32), 0, 1]),
        ("signing_key_that_receives", [1, 0, bytes(32), 0, 1]),
        ("recipient_that_signs", [6, 1, bytes(32), 0, 1]),
        ("key_of_31_bytes", [1, 1, bytes(31), 0, 1]),
    ]:
        data = encode([*items[:6], [key]])
        signature = P.root.sign("ring", data)
        yield case(name, "encoding invalid", "though signed", ring=data, ring_signature=signature)
    form = documents.Document(P.deployment, "form", "visit", 1, b"<h:html/>")
    payload = documents.sign_document(P.root, form)
    case = Cases("document", "SEAL-082", "document", payload=payload, **base)
    yield case("good", "success", "a form", ["form", "visit", 1, b"<h:html/>".hex()])
    forged = documents.sign_document(P.server, form)
    yield case("by_the_server", "signature invalid", "the root alone signs forms", payload=forged)
    other = documents.sign_document(P.root, replace(form, deployment=DeploymentId(bytes(8))))
    yield case("other_project", "key not trusted", "another deployment", payload=other)
    yield from package_cases(base)
    yield from receipt_cases(base)


def package_cases(base: Inputs) -> Iterator[Vector]:
    """Yield SEAL-090 and SEAL-091."""
    name = "cairn 1.4.0 android-arm64"
    digest = sha256(b"apk").digest()
    changes = {"en": "Quicker.", "fr": "Plus rapide."}
    good = [1, *name.split(), "cairn-1.4.0.apk", 3, digest, changes, [1, 1]]

    def signed(content: list[object], *, called: str = name, kind: str = "package") -> bytes:
        document = documents.Document(P.deployment, kind, called, 1, encode(content))
        return documents.sign_document(P.root, document)

    def with_part(position: int, value: object) -> list[object]:
        return [*good[:position], value, *good[position + 1 :]]

    case = Cases("package manifest", "SEAL-090", "manifest", payload=signed(good), **base)
    yield case("good", "success", "a package", [name, "cairn-1.4.0.apk", 3, digest.hex()])
    document = documents.Document(P.deployment, "package", name, 1, encode(good))
    yield case(
        "by_the_server", "signature invalid", "the root alone signs packages",
        payload=documents.sign_document(P.server, document),
    )  # fmt: skip
    yield case(
        "second_serial", "encoding invalid", "a package is signed once",
        payload=documents.sign_document(P.root, replace(document, serial=2)),
    )  # fmt: skip
    form = signed(good, kind="form")
    yield case("of_a_form", "encoding invalid", "another type of document", payload=form)
    other = signed(good, called="cairn 1.5.0 android-arm64")
    yield case("called_newer", "encoding invalid", "the name says 1.5.0", payload=other)
    for ending, position, value, about in (
        ("version_2", 0, 2, "of another version"),
        ("name_upper", 1, "Cairn", "a name with a capital"),
        ("version_words", 2, "1.4-beta", "a version that is no numbers"),
        ("platform_empty", 3, "", "no platform"),
        ("file_path", 4, "../cairn.apk", "a file name that leaves its folder"),
        ("file_hidden", 4, ".cairn", "a file name that begins with a dot"),
        ("size_0", 5, 0, "an empty file"),
        ("size_over", 5, (1 << 30) + 1, "larger than a package may be"),
        ("hash_short", 6, digest[:31], "a hash of 31 bytes"),
        ("changes_none", 7, {}, "nothing said in words"),
        ("changes_blank", 7, {"en": "  "}, "blank words"),
        ("changes_long", 7, {"en": "x" * 2001}, "2,001 characters"),
        ("changes_tag", 7, {"english language": "x"}, "a tag that is none"),
        ("formats_one", 8, [1], "one format of two"),
        ("formats_true", 8, [True, 1], "a format that is no number"),
    ):
        content = with_part(position, value)
        called = " ".join(str(part) for part in content[1:4])
        yield case(ending, "encoding invalid", about, payload=signed(content, called=called))
    longer = signed([*good, 0])
    yield case("longer", "encoding invalid", "an item behind", payload=longer)
    case = Cases("versions", "SEAL-091", "versions", versions=["1.10", "1.2.0", "1.2", "0.9.9.9"])
    order = [["0.9.9.9"], ["1.2.0", "1.2"], ["1.10"]]
    yield case("order", "success", "by number, a missing one is 0", order)
    for ending, text, about in (
        ("five", "1.2.3.4.5", "five numbers"),
        ("zero_before", "1.02", "a leading zero"),
        ("letter", "1.2b", "a letter"),
        ("empty", "", "nothing"),
        ("dot_at_end", "1.2.", "a dot at the end"),
        ("large", "1.2147483648", "2^31"),
        ("newline", "1.2\n", "a line end behind"),
        ("other_digits", "\u0661.\u0662", "digits of another script"),
    ):
        yield case(ending, "encoding invalid", about, versions=[text])


def receipt_cases(base: Inputs) -> Iterator[Vector]:
    """Yield SEAL-083 and SEAL-084."""
    reach = receipts.Reach(P.log.author, 0, 2, EntryHash(b"\x22" * 32))
    receipt = receipts.Receipt(
        P.deployment, AuthorId(b"s" * 16), 1, NOW_MS, (reach,), (), bytes(32)
    )
    signed = receipts.sign_receipt(P.receipts, receipt)
    case = Cases(
        "receipt", "SEAL-083", "receipt", receipt=signed.data, signature=signed.signature, **base
    )
    have = [[reach.author.hex(), 0, 2, reach.hash.hex()]]
    yield case("good", "success", "what the server holds", have)
    forged = P.device.sign("receipt", signed.data)
    yield case("forged", "signature invalid", "signed by a device", signature=forged)
    early = receipts.sign_receipt(P.receipts, replace(receipt, issued_ms=0))
    yield case(
        "before_its_key", "key not trusted", "issued before the key's first day",
        receipt=early.data, signature=early.signature,
    )  # fmt: skip
    items = decode(signed.data)
    items[5] = items[5] * 2
    twice = encode(items)
    yield case(
        "log_twice", "encoding invalid", "each log once",
        receipt=twice, signature=P.receipts.sign("receipt", twice),
    )  # fmt: skip
    note = receipts.sign_note(
        P.server, receipts.Note(P.deployment, AuthorId(b"h" * 16), 5, (reach,))
    )
    case = Cases(
        "note", "SEAL-084", "note", note=note.data, signature=note.signature,
        public=P.server.public_bytes,
    )  # fmt: skip
    yield case("good", "success", "the hub", (b"h" * 16).hex())
    as_receipt = P.server.sign("receipt", note.data)
    yield case("signed_as_receipt", "signature invalid", "another label", signature=as_receipt)


def enrolment_cases() -> Iterator[Vector]:
    """Yield SEAL-080, SEAL-085, SEAL-086."""
    code = enrol.EnrolmentCode(
        P.deployment, ("https://10.0.0.2:8443",), P.fingerprint, b"t" * 16, NOW_MS, None, "Test"
    ).text()
    case = Cases("enrolment code", "SEAL-085", "enrolment", code=code)
    yield case("good", "success", "its project label", "Test")
    yield case(
        "broken_lines",
        "success",
        "white space is ignored",
        "Test",
        code=f" {code[:30]}\n{code[30:]}",
    )
    for name, bad in [("cut", code[:-4]), ("padded", code + "="), ("prefix", "CAIRN2." + code[7:])]:
        yield case(name, "encoding invalid", "not the code", code=bad)
    request = enrol.EnrolmentRequest(b"t" * 16, P.device.public_bytes, P.mailbox.public, "Tablet")
    payload = enrol.sign_request(P.device, request)
    case = Cases("enrolment request", "SEAL-086", "request", payload=payload)
    yield case("good", "success", "its device label", "Tablet")
    data, _ = decode(payload)
    stolen = encode([data, P.server.sign("enrol", data)])
    yield case("stolen_key", "signature invalid", "not by the key it names", payload=stolen)
    case = Cases("withdrawal code", "SEAL-080", "code", code="01234-56789-ABCDE-FGHJK")
    raw = int("".join(f"{'0123456789ABCDEFGHJK'.index(c):05b}" for c in "0123456789ABCDEFGHJK"), 2)
    digest = sha256(label("withdrawal") + (raw << 4).to_bytes(13, "big")).digest()[:16].hex()
    yield case("good", "success", "its hash", digest)
    yield case("as_written", "success", "O for 0, I for 1", digest, code="oi234 56789 abcde fghjk")
    yield case("letter_u", "encoding invalid", "no U", code="01234-56789-ABCDE-FGHJU")
    yield case("short", "encoding invalid", "19 characters", code="01234-56789-ABCDE-FGHJ")


def secret_file_cases() -> Iterator[Vector]:
    """Yield SEAL-087 and SEAL-088."""
    words = "maize goat river tent"
    file = seal_file(words, b"key", "vault", cost=TEST_COST, random_bytes=seeded(1))
    case = Cases(
        "passphrase file", "SEAL-087", "passphrase", passphrase=words, file=file,
        purpose="vault", hardware_secret=b"",
    )  # fmt: skip
    yield case("good", "success", "opened", b"key".hex())
    yield case("wrong", "passphrase wrong", "another passphrase", passphrase="maize")
    yield case("changed", "passphrase wrong", "looks the same", file=flip(file))
    yield case("purpose", "passphrase wrong", "made for another use", purpose="key file")
    yield case("hardware", "passphrase wrong", "another machine", hardware_secret=b"chip")
    items = decode(file)
    for name, position, value in [("memory", 1, 1 << 21), ("time", 2, 65), ("lanes", 3, 17)]:
        greedy = [*items[:position], value, *items[position + 1 :]]
        yield case(name, "limit exceeded", "asks for too much work", file=encode(greedy))
    key = secret("vectors wrap")
    wrapped = wrap(key, b"payload", b"row 5", seeded(2))
    case = Cases("unwrap", "SEAL-088", "wrap", key=key, wrapped=wrapped, aad=b"row 5")
    yield case("good", "success", "in its place", b"payload".hex())
    yield case("moved", "tag mismatch", "another place", aad=b"row 6")
    yield case("cut", "tag mismatch", "shorter than a nonce", wrapped=wrapped[:5])


def frame_cases() -> Iterator[Vector]:
    """Yield the bundle frames of SYNC-050 and SYNC-051."""
    key, binding, messages = secret("vectors bundle"), bytes(32), [b"one", b"two"]
    frames = [f.hex() for f in transfer.seal_frames(key, binding, messages)]
    case = Cases("frames", "SYNC-050", "frames", key=key, binding=binding, frames=frames)
    yield case("good", "success", "two messages", [m.hex() for m in messages])
    for name, bad, rule in [
        ("torn", frames[:1], "SYNC-051"),
        ("none", [], "SYNC-051"),
        ("swapped", frames[::-1], "SYNC-050"),
        ("behind", [*frames, frames[1]], "SYNC-051"),
    ]:
        yield case(name, "tag mismatch", "not the whole file", rule=rule, frames=bad)
    yield case("other_file", "tag mismatch", "another file's header", binding=b"\1" * 32)
