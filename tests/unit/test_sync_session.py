"""SYNC-023, 026, 010 to 012, 020, 022, 027: state tables, backoff, batches and messages."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_writing import DEPLOYMENT, Writer, signing_key

from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    EncodingInvalid,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
)
from shared.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, HAVE_VECTOR_LOGS_MAX
from shared.sealing.receipts import Signed
from sync.core.backoff import Backoff
from sync.core.batch import Run, UnreadableRun, decode_batch, encode_batch
from sync.core.have import BRANCHES_MAX, HaveVector, LogName, Point, have_from_wire
from sync.core.messages import (
    Answer,
    Message,
    Papers,
    decode_answer,
    decode_message,
)
from sync.core.plan import Outcome, OutcomeCode
from sync.core.session import INITIATOR, RESPONDER, Event, Session, State
from sync.core.store import Chunk, Want

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "sync.md"


def drawn_table(title: str) -> dict[tuple[State, Event], State]:
    lines = iter(SPEC.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {title} |"):
            break
    next(lines)
    table = {}
    for line in lines:
        if not line.startswith("|"):
            break
        before, event, after = (cell.strip() for cell in line.strip("|").split("|"))
        table[State(before), Event(event)] = State(after)
    return table


def test_the_spec_draws_the_tables_that_run() -> None:
    assert drawn_table("initiator state") == INITIATOR
    assert drawn_table("responder state") == RESPONDER


def test_a_step_that_no_row_allows_is_our_error() -> None:
    session = Session(INITIATOR)
    assert session.step(Event.START) is State.GREETING
    assert session.step(Event.NOTHING_MORE) is State.DONE
    with pytest.raises(LocalProtocolError, match="more cannot happen while done"):
        session.step(Event.MORE)


# SYNC-026
def test_waits_double_to_the_longest_and_start_anew() -> None:
    backoff = Backoff(lambda count: b"\xff" * count)
    waits = [round(backoff.next_wait_s()) for _ in range(11)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert backoff.next_wait_s(asked_s=900) == 900
    backoff.restart()
    assert round(backoff.next_wait_s()) == 1
    assert Backoff(bytes).next_wait_s() == 0, "full jitter reaches down to nothing"


def tablet() -> Writer:
    return Writer(signing_key("tablet"))


# SYNC-010
def test_a_batch_gives_back_its_runs() -> None:
    one, two = tablet().grow(3), Writer(signing_key("other")).grow(2)
    one.add(detached=(bytes(32), 77))
    runs = [one.run(), two.run(2, 2)]
    assert decode_batch(encode_batch(DEPLOYMENT, runs), DEPLOYMENT) == runs


# SYNC-010
def test_a_pruned_entry_travels_as_hash_and_length() -> None:
    writer = tablet().grow(1)
    entry = writer.entries[0]
    pruned = type(entry)(entry.header, entry.header_bytes, entry.hash, {})
    run = Run((pruned,), writer.run().signed_on, writer.run().signature)
    (back,) = decode_batch(encode_batch(DEPLOYMENT, [run]), DEPLOYMENT)
    assert back == run


def wire_run(**change: object) -> list[object]:
    writer = tablet().grow(2)
    items = decode(encode_batch(DEPLOYMENT, [writer.run()]))[2][0]
    names = ["author", "incarnation", "first", "previous", "entries", "signed_on", "signature"]
    for name, value in change.items():
        items[names.index(name)] = value
    return items  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "change",
    [
        {"previous": b"short"},
        {"first": 0},
        {"first": 2},
        {"entries": []},
        {"entries": [[2, 0, bytes(16), [[99, b"data"]]]]},
        {"entries": [[2, 0, bytes(16), [[3, b"attachment inside"]]]]},
        {"entries": [[2, 0, bytes(16), [[1, bytes(32), 1 << 40]]]]},
        {"entries": [[2, 0, bytes(15), []]]},
        {"entries": [[2, 9, bytes(16), []]]},
        {"entries": ["no entry"]},
        {"signed_on": 1 << 40},
        {"signature": bytes(63)},
    ],
)
# SYNC-013
def test_a_malformed_run_does_not_spoil_its_batch(change: dict[str, object]) -> None:
    good = tablet().grow(2).run()
    data = encode([1, DEPLOYMENT, [wire_run(**change), wire_run()]])
    bad, other = decode_batch(data, DEPLOYMENT)
    assert isinstance(bad, UnreadableRun)
    assert bad.log == good.log
    assert other == good


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (bytes(BATCH_BYTES_MAX + 1), LimitExceeded),
        (encode([1, DEPLOYMENT, [wire_run(entries=[0] * (BATCH_ENTRIES_MAX + 1))]]), LimitExceeded),
        (encode([1, b"another!", []]), RemoteProtocolError),
        (encode([2, DEPLOYMENT, []]), EncodingInvalid),
        (encode([1, DEPLOYMENT, [wire_run(incarnation=1 << 32)]]), EncodingInvalid),
        (encode([1, DEPLOYMENT, [wire_run(first=1 << 60)]]), EncodingInvalid),
        (b"", EncodingInvalid),
    ],
)
# SYNC-012
def test_what_is_no_batch_is_refused(data: bytes, error: type[CairnError]) -> None:
    with pytest.raises(error):
        decode_batch(data, DEPLOYMENT)


def some_have() -> HaveVector:
    log = tablet().log
    return HaveVector({log: (Point(1, bytes(32)), Point(2, bytes(32)))})  # type: ignore[arg-type]


def test_have_vectors_round_trip_and_refuse_disorder() -> None:
    wire = decode(encode(some_have().to_wire()))
    assert have_from_wire(wire) == some_have()
    for bad in (
        wire[::-1],
        [wire[0], wire[0]],
        [[*wire[0][:2], 0, bytes(32)]],
        [[*wire[0][:1], 1 << 32, 1, bytes(32)]],
        [[*wire[0][:2], number, bytes(32)] for number in range(1, BRANCHES_MAX + 2)],
        "none",
    ):
        with pytest.raises(EncodingInvalid):
            have_from_wire(bad)
    with pytest.raises(LimitExceeded):
        have_from_wire([0] * (HAVE_VECTOR_LOGS_MAX + 1))


def test_have_of_500_devices_stays_under_50_kb() -> None:
    logs = {
        LogName(Writer(signing_key(str(n))).author, 0): (Point(5000 + n, bytes([n % 256]) * 32),)
        for n in range(500)
    }
    assert len(encode(HaveVector(logs).to_wire())) < 50_000  # type: ignore[arg-type]


def a_message() -> Message:
    return Message(
        DEPLOYMENT,
        tablet().author,
        have=some_have(),
        batch=b"batch",
        papers=Papers((Signed(b"r", bytes(64)),), (Signed(b"n", bytes(64)),), ()),
        chunks=(Chunk(bytes(32), 7, b"data"),),
        wants=(Want(bytes(32), 9),),
        more=True,
    )


def an_answer() -> Answer:
    outcome = Outcome(tablet().log, 3, OutcomeCode.REFUSED, "no")
    return Answer(DEPLOYMENT, some_have(), (outcome,), b"batch", a_message().papers, more=False)


# SYNC-020, SYNC-022, SYNC-027
def test_messages_and_answers_round_trip_and_ignore_what_is_newer() -> None:
    assert decode_message(a_message().encode()) == a_message()
    assert decode_answer(an_answer().encode()) == an_answer()
    asking = replace(a_message(), asks=frozenset({3}))
    newer = encode([*decode(asking.encode()), "from a newer version"])
    assert decode_message(newer) == asking


@pytest.mark.parametrize(
    ("position", "value", "error"),
    [
        (0, 2, RemoteProtocolError),
        (0, True, RemoteProtocolError),
        (1, b"short", EncodingInvalid),
        (2, None, EncodingInvalid),
        (3, 5, EncodingInvalid),
        (4, "text", EncodingInvalid),
        (5, [[b"r", b"short"]], EncodingInvalid),
        (6, [[b"r"]], EncodingInvalid),
        (8, [[bytes(32), 0, bytes(300_000)]], LimitExceeded),
        (8, [[bytes(32), 0, b""]] * 17, LimitExceeded),
        (9, [[bytes(32), 1 << 50]], EncodingInvalid),
        (9, [[bytes(32), 0]] * 1001, LimitExceeded),
        (10, -1, EncodingInvalid),
    ],
)
def test_a_malformed_message_is_refused(
    position: int, value: object, error: type[CairnError]
) -> None:
    items = decode(a_message().encode())
    items[position] = value
    with pytest.raises(error):
        decode_message(encode(items))


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_message_cut_short_is_refused(count: int) -> None:
    with pytest.raises((EncodingInvalid, RemoteProtocolError)):
        decode_message(encode(decode(a_message().encode())[:count]))


def test_an_unknown_outcome_code_is_refused() -> None:
    items = decode(an_answer().encode())
    items[3][0][3] = 99
    with pytest.raises(EncodingInvalid, match="outcome code"):
        decode_answer(encode(items))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (decode_message, decode_answer, lambda d: decode_batch(d, DEPLOYMENT)):
        with suppress(EncodingInvalid, LimitExceeded, RemoteProtocolError):
            read(data)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused(position: int, value: int) -> None:
    data = bytearray(a_message().encode())
    data[position % len(data)] = value
    with suppress(EncodingInvalid, LimitExceeded, RemoteProtocolError):
        decode_message(bytes(data))
