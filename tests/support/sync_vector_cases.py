"""The cases of tests/vectors/sync, made from fixed keys."""

from collections.abc import Iterator
from typing import Any

from log_writing import DEPLOYMENT, Writer, signing_key
from sync_network import SERVER_LOG, certify
from sync_vector_ops import run as outcome_of
from vector_ops import Vector

from shared.canonical import decode, encode
from shared.ids import EntryHash
from shared.records.list_delta import encode_delta, make_delta
from shared.sealing.receipts import Signed
from shared.sealing.transfer import Recipient
from sync.core.attest import Compacted, Lost, PackageWithdrawn, Withdrawn, encode_attestations
from sync.core.batch import Run, encode_batch
from sync.core.buckets import Asking, Compared, digests
from sync.core.challenges import sign_exchange
from sync.core.have import HaveVector, Point
from sync.core.hub_code import HubCode
from sync.core.messages import Answer, Message, Papers
from sync.core.plan import Outcome, OutcomeCode
from sync.core.store import Chunk, Want
from sync.transports.bundle import MAGIC, BundleHeader

INVALID = "encoding invalid"
LIMIT = "limit exceeded"
OTHER = "protocol refused"
UNKNOWN = "base unknown"


def tablet() -> Writer:
    return Writer(signing_key("tablet"))


def vector(
    name: str, rule: str, op: str, about: str, expect: str = "success", **inputs: Any
) -> Vector:
    """A vector; its output is what the code answers, read by a person when it was added."""
    shown = {
        key: value.hex() if isinstance(value, bytes) else value for key, value in inputs.items()
    }
    output = outcome_of(op, shown)[1] if expect == "success" else None
    return Vector(name, expect, rule, op, about, shown, output)


def cases() -> Iterator[Vector]:
    """Yield every sync vector."""
    yield from _haves()
    yield from _batches()
    yield from _taking()
    yield from _messages()
    yield from _papers()
    yield from _bundles()
    yield from _list_steps()


def _haves() -> Iterator[Vector]:
    one, two = Point(1, EntryHash(bytes(32))), Point(2, EntryHash(b"\x01" * 32))
    wire = decode(encode(HaveVector({tablet().log: (one, two)}).to_wire()))

    def have(name: str, about: str, expect: str, items: object) -> Vector:
        return vector(name, "SYNC-002", "have", about, expect, data=encode(items))

    yield have("have_two_branches", "a forked log has an item a branch", "success", wire)
    yield have("have_empty", "nothing is held", "success", [])
    yield have("have_unsorted", "items out of order", INVALID, wire[::-1])
    yield have("have_doubled", "one item twice", INVALID, [wire[0], wire[0]])
    yield have(
        "have_sequence_0",
        "no entry stands before the first",
        INVALID,
        [[*wire[0][:2], 0, bytes(32)]],
    )
    yield have("have_short_hash", "a hash of 31 bytes", INVALID, [[*wire[0][:3], bytes(31)]])
    yield have(
        "have_large_incarnation",
        "an incarnation of 2^32",
        INVALID,
        [[wire[0][0], 1 << 32, 1, bytes(32)]],
    )
    nine = [[*wire[0][:2], number, bytes(32)] for number in range(1, 10)]
    yield have("have_nine_branches", "a ninth branch of one log", INVALID, nine)


def _batches() -> Iterator[Vector]:
    writer = tablet().grow(2)
    writer.add(detached=(bytes(32), 77))
    good = encode_batch(DEPLOYMENT, [writer.run()])

    def batch(name: str, about: str, expect: str, data: bytes, rule: str = "SYNC-010") -> Vector:
        return vector(name, rule, "batch", about, expect, data=data, deployment=DEPLOYMENT)

    def changed(position: int, value: object) -> bytes:
        items = decode(good)
        items[2][0][position] = value
        return encode(items)

    yield batch("batch_good", "headers are rebuilt to the same hash", "success", good)
    yield batch("batch_empty", "no runs", "success", encode([1, DEPLOYMENT, []]))
    yield batch("batch_other_project", "another deployment", OTHER, encode([1, b"another!", []]))
    yield batch("batch_version_2", "another version", INVALID, encode([2, DEPLOYMENT, []]))
    many = changed(4, [0] * 513)
    yield batch("batch_513_entries", "one entry too many", LIMIT, many, "SYNC-012")
    for name, position, value, about in (
        ("run_previous_short", 3, bytes(31), "a previous hash of 31 bytes"),
        ("run_begins_at_2_after_zeros", 2, 2, "zeros as previous hash, but not the first"),
        ("run_no_entries", 4, [], "a run of nothing"),
        ("run_unknown_compartment", 4, [[2, 0, bytes(16), [[99, b"x"]]]], "compartment 99"),
        (
            "run_attachment_inside",
            4,
            [[2, 0, bytes(16), [[3, b"x"]]]],
            "an attachment in its entry",
        ),
        ("run_short_salt", 4, [[2, 0, bytes(15), []]], "a salt of 15 bytes"),
        ("run_epoch_ahead", 4, [[2, 5, bytes(16), []]], "an epoch that is not yet there"),
        ("run_short_signature", 6, bytes(63), "a signature of 63 bytes"),
    ):
        text = f"{about}: this run is unreadable, the batch is not"
        yield batch(name, text, "success", changed(position, value), "SYNC-013")


def _taking() -> Iterator[Vector]:
    writer = tablet().grow(4)
    twin = writer.clone()
    writer.add(b"one")
    twin.add(b"two")
    keys = {writer.author.hex(): writer.key.public_bytes.hex()}

    def take(name: str, rule: str, about: str, *runs: Run, known: bool = True) -> Vector:
        batches = [encode_batch(DEPLOYMENT, [run]).hex() for run in runs]
        public_keys = keys if known else {}
        return vector(
            name,
            rule,
            "take",
            about,
            deployment=DEPLOYMENT,
            batches=batches,
            public_keys=public_keys,
        )

    forged = Run(writer.run().entries, writer.signed_on, bytes(64))
    yield take(
        "take_twice", "SYNC-053", "the second time changes nothing", writer.run(), writer.run()
    )
    yield take(
        "take_overlap", "SYNC-013", "only what is new is stored", writer.run(1, 3), writer.run(2, 5)
    )
    yield take("take_gap", "SYNC-013", "an earlier entry is missing", writer.run(3, 5))
    yield take("take_fork", "SYNC-004", "both branches are kept", writer.run(), twin.run())
    yield take("take_fork_reversed", "SYNC-004", "and in the other order", twin.run(), writer.run())
    yield take("take_forged", "SYNC-015", "a signature that is not the author's", forged)
    yield take(
        "take_stranger", "SYNC-014", "an author nobody vouches for", writer.run(), known=False
    )


def _messages() -> Iterator[Vector]:
    writer = tablet().grow(1)
    have = HaveVector({writer.log: (writer.entries[0].point,)})
    papers = Papers((Signed(b"r", bytes(64)),), (Signed(b"n", bytes(64)),), (certify("tablet"),))
    message = Message(
        DEPLOYMENT, writer.author, have, encode_batch(DEPLOYMENT, [writer.run()]), papers,
        (Chunk(bytes(32), 0, b"piece"),), (Want(bytes(32), 5),), more=True,
    ).encode()  # fmt: skip
    outcome = Outcome(writer.log, 1, OutcomeCode.GAP, "an earlier entry is missing")
    answer = Answer(DEPLOYMENT, have, (outcome,)).encode()

    def changed(data: bytes, position: int, value: object) -> bytes:
        items = decode(data)
        items[position] = value
        return encode(items)

    yield vector("message_good", "SYNC-020", "message", "every part filled", data=message)
    silent = Message(DEPLOYMENT, writer.author).encode()
    yield vector("message_asks_nothing", "SYNC-021", "message", "have is null", data=silent)
    asking = Asking(digests(have), digests(HaveVector(), 1))
    by_digests = Message(DEPLOYMENT, writer.author, asks=asking).encode()
    yield vector("message_digests", "SYNC-028", "message", "asks by digests", data=by_digests)
    scoped = Message(DEPLOYMENT, writer.author, have, asks=frozenset({1, 63})).encode()
    yield vector("message_scope", "SYNC-028", "message", "about two buckets", data=scoped)
    told = Answer(DEPLOYMENT, have, compared=Compared(frozenset({7}), 2)).encode()
    yield vector("answer_compared", "SYNC-028", "answer", "one bucket differs", data=told)
    for name, about, element in (
        ("message_digests_63", "a digest too few", [0, [bytes(16)] * 63, [bytes(16)] * 64]),
        ("message_digest_short", "digests of 15 bytes", [0, [bytes(15)] * 64, [bytes(16)] * 64]),
        ("message_bucket_64", "a bucket that is none", [1, [64]]),
        ("message_buckets_twice", "one bucket twice", [1, [3, 3]]),
        ("message_asks_otherwise", "another way to ask", [2, []]),
    ):
        odd = encode([*decode(silent), element])
        yield vector(name, "SYNC-028", "message", about, INVALID, data=odd)
    newer = encode([*decode(by_digests), "newer"])
    yield vector(
        "message_newer", "SYNC-027", "message", "a thirteenth element is passed over", data=newer
    )
    for name, expect, position, value, about in (
        ("message_version_2", OTHER, 0, 2, "another version"),
        ("message_short_sender", INVALID, 2, bytes(15), "a sender of 15 bytes"),
        ("message_batch_text", INVALID, 4, "text", "the batch is not bytes"),
        ("message_short_signature", INVALID, 5, [[b"r", bytes(63)]], "a paper badly signed"),
        ("message_17_chunks", LIMIT, 8, [[bytes(32), 0, b""]] * 17, "one chunk too many"),
        ("message_far_offset", INVALID, 9, [[bytes(32), 1 << 40]], "an offset past any attachment"),
    ):  # fmt: skip
        data = changed(message, position, value)
        yield vector(name, "SYNC-020", "message", about, expect, data=data)
    short = encode(decode(message)[:10])
    yield vector("message_cut", "SYNC-020", "message", "ten elements", INVALID, data=short)
    yield vector("answer_good", "SYNC-022", "answer", "one outcome", data=answer)
    unknown = changed(answer, 3, [[*writer.log, 1, 7, ""]])
    yield vector(
        "answer_outcome_7", "SYNC-013", "answer", "an unknown outcome", INVALID, data=unknown
    )


def _papers() -> Iterator[Vector]:
    data, signature = certify("tablet")
    server = SERVER_LOG.public_bytes

    def certificate(name: str, about: str, expect: str, **change: bytes) -> Vector:
        inputs = {
            "data": data,
            "signature": signature,
            "server_public": server,
            "deployment": DEPLOYMENT,
        }
        return vector(name, "SYNC-070", "certificate", about, expect, **{**inputs, **change})

    def with_item(position: int, value: object) -> bytes:
        items = decode(data)
        items[position] = value
        return encode(items)

    yield certificate("certificate_good", "signed by the server's log key", "success")
    untrusted = "key not trusted"
    yield certificate(
        "certificate_other_key",
        "by another key",
        untrusted,
        server_public=signing_key("x").public_bytes,
    )
    yield certificate(
        "certificate_other_project", "of another project", untrusted, deployment=b"another!"
    )
    yield certificate(
        "certificate_changed", "a day later than signed", untrusted, data=with_item(8, 20_001)
    )
    yield certificate(
        "certificate_author", "an author of another key", INVALID, data=with_item(2, bytes(16))
    )
    yield certificate(
        "certificate_role", "a role that is none", INVALID, data=with_item(3, "server")
    )
    items = encode_attestations([Withdrawn(bytes(16)), Lost(tablet().author)])
    yield vector("attestations_good", "SYNC-074", "attestations", "two items", data=items)
    unknown = encode([1, [[99, 1], [5, bytes(16)]]])
    yield vector(
        "attestations_newer", "SYNC-074", "attestations", "item 99 is passed over", data=unknown
    )
    withdrawn = encode_attestations([PackageWithdrawn(bytes(32), "crashes at start")])
    yield vector(
        "attestations_package", "SYNC-074", "attestations", "a package withdrawn", data=withdrawn
    )
    for name, item, about in (
        ("attestations_package_hash", [7, bytes(16), "why"], "a package's hash of 16 bytes"),
        ("attestations_package_bare", [7, bytes(32)], "a withdrawal without a reason"),
    ):
        data = encode([1, [item]])
        yield vector(name, "SYNC-074", "attestations", about, INVALID, data=data)
    kept = Compacted(tablet().log, Point(9, EntryHash(bytes(32))), (1, 4, 9))
    compacted = encode_attestations([kept])
    yield vector(
        "attestations_compacted", "SYNC-100", "attestations", "three are kept", data=compacted
    )
    items = [8, *tablet().log, 9, bytes(32)]
    for name, gaps, about in (
        ("attestations_kept_past", [0, 8], "an entry past the last is kept"),
        ("attestations_kept_back", [-1], "a distance below zero"),
    ):
        odd = encode([1, [[*items, gaps]]])
        yield vector(name, "SYNC-100", "attestations", about, INVALID, data=odd)
    bad = encode([1, [[5, bytes(15)]]])
    yield vector("attestations_bad", "SYNC-074", "attestations", "a short hash", INVALID, data=bad)
    code = HubCode(
        DEPLOYMENT, ("https://192.0.2.7:8444",), signing_key("hub").public_bytes, bytes(32), "Goma"
    )
    yield vector("hub_code_good", "SYNC-035", "hub code", "as the QR shows it", code=code.text())
    yield vector(
        "hub_code_cut", "SYNC-035", "hub code", "copied in part", INVALID, code=code.text()[:-4]
    )
    yield vector(
        "hub_code_enrolment",
        "SYNC-035",
        "hub code",
        "an enrolment code instead",
        INVALID,
        code="CAIRN1.AA",
    )
    key, body, challenge = signing_key("tablet"), b"body", b"c" * 16
    proof = {"public": key.public_bytes, "challenge": challenge, "body": body}
    signed = sign_exchange(key, challenge, body)
    yield vector(
        "proof_good",
        "SYNC-030",
        "exchange proof",
        "over challenge and body",
        **proof,
        signature=signed,
    )
    for name, change in (
        ("proof_challenge", {"challenge": b"d" * 16}),
        ("proof_body", {"body": b"bodY"}),
    ):
        yield vector(
            name, "SYNC-030", "exchange proof", "made for another", "signature invalid",
            **{**proof, **change}, signature=signed,
        )  # fmt: skip


def _bundles() -> Iterator[Vector]:
    recipient = Recipient(bytes(8), 1, b"sealed file key")
    header = BundleHeader(
        DEPLOYMENT, tablet().author, 1_700_000_000_000, 1, 2, (recipient,)
    ).encode()

    def bundle(name: str, about: str, expect: str, data: bytes) -> Vector:
        return vector(name, "SYNC-050", "bundle header", about, expect, data=data)

    def framed(data: bytes) -> bytes:
        return MAGIC + len(data).to_bytes(4, "big") + data

    yield bundle("bundle_header_good", "part 1 of 2", "success", framed(header))
    yield bundle("bundle_header_magic", "another kind of file", INVALID, b"X" + framed(header)[1:])
    yield bundle("bundle_header_cut", "it ends in its header", INVALID, framed(header)[:-1])
    yield bundle("bundle_header_length", "a length of 4 GB", INVALID, MAGIC + b"\xff\xff\xff\xff")
    suite = encode([*decode(header)[:6], [[bytes(8), 0, b"sealed"]]])
    yield bundle("bundle_header_suite", "a suite that seals nothing", INVALID, framed(suite))


def _list_steps() -> Iterator[Vector]:
    base = b'name,label\na,Alpha\nb,Beta\nc,"Gamma, or so"\nd,Delta\n'
    new = b"name,label\nd,Delta\ne,Eps\na,Alef\nb,Beta\n"
    delta = make_delta(base, new)
    assert delta is not None
    good = encode_delta(delta)

    def step(name: str, about: str, expect: str, data: bytes, on: bytes = base) -> Vector:
        rule = "LIST-013" if expect in ("success", UNKNOWN) else "LIST-011"
        return vector(name, rule, "list step", about, expect, base=on, data=data)

    def changed(position: int, value: object) -> bytes:
        items = decode(good)
        items[position] = value
        return encode(items)

    yield step("list_step_good", "one left, one moved, one came, one changed", "success", good)
    yield step("list_step_other_base", "one row more than the base", UNKNOWN, good, base + b"e,E\n")
    yield step("list_step_own_result", "applied a second time", UNKNOWN, good, new)
    for name, about, expect, position, value in (
        ("list_step_other_result", "another result is promised", UNKNOWN, 2, bytes(32)),
        ("list_step_size", "one byte less than it writes", UNKNOWN, 3, len(new) - 1),
        ("list_step_huge", "a result of 4 GiB", LIMIT, 3, 1 << 32),
        ("list_step_short_hash", "a base of 31 bytes", INVALID, 1, bytes(31)),
        ("list_step_far", "a row past the end leaves", UNKNOWN, 4, [2, 9]),
        ("list_step_rows", "row 500,000", LIMIT, 4, [500_000]),
        ("list_step_both", "a row that leaves changes", INVALID, 4, [0, 1]),
        ("list_step_uneven", "a change without its column", INVALID, 6, []),
        ("list_step_column", "a change in column 300", INVALID, 6, [300]),
        ("list_step_cells", "an added row of one and a half cells", INVALID, 9, ["d", "e", "f"]),
    ):
        yield step(name, about, expect, changed(position, value))
