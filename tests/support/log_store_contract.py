"""What every log store must do, as tests. A store joins by a subclass with a `make` fixture.

    class TestServerStore(LogStoreContract):
        @pytest.fixture
        def store(self, tmp_path): return ServerLogStore(...)

Rules SYNC-001, 004, 011, 013 to 015, 041, 080 to 082 and SEAL-032.
"""

from hashlib import sha256
from typing import Any

import pytest
from log_writing import DEPLOYMENT, Writer, signing_key

from shared.errors import LocalProtocolError
from shared.sealing.envelope import GENESIS
from shared.sealing.receipts import Signed
from sync.core.batch import Run, decode_batch, encode_batch
from sync.core.have import BRANCHES_MAX, LogName, Point
from sync.core.plan import OutcomeCode, take_run
from sync.core.store import Chunk, Want

PIECE = 1000
ENTRIES, BYTES = 512, 4 << 20


def tablet(name: str = "tablet") -> Writer:
    return Writer(signing_key(name))


def take(store: Any, run: Run, writer: Writer, *, keeps_strangers: bool = False) -> OutcomeCode:
    taken = take_run(store, run, writer.key.public_bytes, keeps_strangers=keeps_strangers)
    return taken.outcome.code


def rebuilt(store: Any, log: LogName) -> list[list[bytes]]:
    """Every branch of a log as a list of hashes, read back run by run."""
    branches = []
    for branch in store.branches(log):
        hashes: list[bytes] = []
        while (run := store.run_after(branch, len(hashes), ENTRIES, BYTES)) is not None:
            hashes += [entry.hash for entry in run.entries]
        branches.append(hashes)
    return branches


class LogStoreContract:
    """Subclass it and give a `store` fixture."""

    @pytest.fixture
    def store(self) -> Any:
        raise NotImplementedError

    def test_an_empty_store_has_nothing(self, store: Any) -> None:
        assert store.have().points == {}
        assert store.branches(tablet().log) == ()
        assert store.missing_payloads(10) == []
        assert store.papers("receipt") == []

    def test_a_log_is_taken_and_given_back_whole(self, store: Any) -> None:
        writer = tablet().grow(5)
        assert take(store, writer.run(), writer) is OutcomeCode.STORED
        (branch,) = store.branches(writer.log)
        assert branch.head == writer.entries[-1].point
        assert store.run_after(branch, 0, ENTRIES, BYTES) == writer.run()
        assert store.run_after(branch, 2, ENTRIES, BYTES) == writer.run(3)
        assert store.run_after(branch, 5, ENTRIES, BYTES) is None
        assert list(store.entries(branch, 2, 3)) == writer.entries[1:3]
        assert store.have().of(writer.log) == (branch.head,)

    # SYNC-013, SYNC-053
    def test_taking_twice_and_overlapping_changes_nothing_more(self, store: Any) -> None:
        writer = tablet().grow(6)
        take(store, writer.run(1, 4), writer)
        assert take(store, writer.run(1, 4), writer) is OutcomeCode.DUPLICATE
        assert take(store, writer.run(2, 3), writer) is OutcomeCode.DUPLICATE
        assert take(store, writer.run(3, 6), writer) is OutcomeCode.STORED
        assert rebuilt(store, writer.log) == [[entry.hash for entry in writer.entries]]

    def test_taken_entries_name_only_what_is_new(self, store: Any) -> None:
        writer = tablet().grow(6)
        take(store, writer.run(1, 4), writer)
        taken = take_run(store, writer.run(2, 6), writer.key.public_bytes)
        assert [entry.header.sequence for entry in taken.new] == [5, 6]
        assert taken.outcome.sequence == 5

    # SYNC-013
    def test_a_gap_is_not_stored(self, store: Any) -> None:
        writer = tablet().grow(6)
        assert take(store, writer.run(3), writer) is OutcomeCode.GAP
        take(store, writer.run(1, 2), writer)
        assert take(store, writer.run(4), writer) is OutcomeCode.GAP
        assert take(store, writer.run(3), writer) is OutcomeCode.STORED

    # SYNC-011, SYNC-012
    def test_runs_end_at_kept_signatures_within_bounds(self, store: Any) -> None:
        writer = tablet().grow(10)
        for first, last in ((1, 3), (4, 6), (7, 10)):
            take(store, writer.run(first, last), writer)
        (branch,) = store.branches(writer.log)
        assert len(store.run_after(branch, 0, 7, BYTES).entries) == 6
        assert len(store.run_after(branch, 0, 10, BYTES).entries) == 10
        assert len(store.run_after(branch, 1, 5, BYTES).entries) == 5
        assert len(store.run_after(branch, 0, 1, 1).entries) == 3, "what came in one goes in one"
        sizes = [entry.size_bytes() for entry in writer.entries]
        assert len(store.run_after(branch, 0, 10, 300 + sum(sizes[:6])).entries) == 6

    # SYNC-004, SEAL-032
    def test_a_fork_keeps_both_branches(self, store: Any) -> None:
        one = tablet().grow(4)
        two = one.clone()
        one.add(b"one")
        two.add(b"two")
        two.add(b"three")
        assert take(store, one.run(), one) is OutcomeCode.STORED
        assert take(store, two.run(), two) is OutcomeCode.FORK
        assert take(store, two.run(5), two) is OutcomeCode.DUPLICATE
        expected = [[entry.hash for entry in writer.entries] for writer in (one, two)]
        assert rebuilt(store, one.log) == expected
        assert store.have().of(one.log) == tuple(
            sorted((one.entries[-1].point, two.entries[-1].point))
        )

    def test_branches_grow_apart_and_fork_again(self, store: Any) -> None:
        one = tablet().grow(3)
        two = one.clone().grow(0)
        one.add(b"one")
        two.add(b"two")
        three = two.clone()
        take(store, one.run(), one)
        take(store, two.run(), two)
        two.add(b"two again")
        three.add(b"three")
        one.add(b"one again")
        for writer in (two, three, one):
            take(store, writer.run(4), writer)
        four = three.clone()
        four.entries.pop()
        four.entries.pop()
        four.add(b"four")
        assert take(store, four.run(1), four) is OutcomeCode.FORK
        expected = [[e.hash for e in writer.entries] for writer in (one, two, three, four)]
        assert rebuilt(store, one.log) == expected

    def test_a_log_may_fork_at_its_first_entry(self, store: Any) -> None:
        one, two = tablet(), tablet()
        one.add(b"one")
        two.add(b"two")
        take(store, one.run(), one)
        assert take(store, two.run(), two) is OutcomeCode.FORK
        assert rebuilt(store, one.log) == [[one.entries[0].hash], [two.entries[0].hash]]

    # SYNC-002
    def test_branches_are_bounded(self, store: Any) -> None:
        start = tablet().grow(1)
        for number in range(BRANCHES_MAX + 1):
            writer = start.clone()
            writer.add(b"branch %d" % number)
            code = take(store, writer.run(), writer)
        assert code is OutcomeCode.REFUSED
        assert len(store.branches(start.log)) == BRANCHES_MAX

    # SYNC-014, SYNC-015
    def test_a_forged_run_is_refused_or_kept_aside(self, store: Any) -> None:
        writer = tablet().grow(2)
        forged = Run(writer.run().entries, writer.signed_on, bytes(64))
        assert take(store, forged, writer) is OutcomeCode.REFUSED
        assert take(store, forged, writer, keeps_strangers=True) is OutcomeCode.QUARANTINED
        assert take(store, forged, writer, keeps_strangers=True) is OutcomeCode.QUARANTINED
        assert store.branches(writer.log) == ()
        ((data, reason),) = store.aside()
        assert reason == "bad_signature"
        assert decode_batch(data, DEPLOYMENT) == [forged]

    # SYNC-014
    def test_a_strangers_run_is_refused_or_kept_aside(self, store: Any) -> None:
        writer = tablet().grow(2)
        assert take_run(store, writer.run(), None).outcome.code is OutcomeCode.REFUSED
        taken = take_run(store, writer.run(), None, keeps_strangers=True)
        assert taken.outcome.code is OutcomeCode.QUARANTINED
        assert [reason for _, reason in store.aside()] == ["unknown_device"]

    # SYNC-024
    def test_an_error_undoes_the_whole_transaction(self, store: Any) -> None:
        writer = tablet().grow(2)

        def fail() -> None:
            with store.transaction():
                take(store, writer.run(), writer)
                store.save_paper("note", b"n", Signed(b"data", b"signature"))
                raise LocalProtocolError("stop here")

        with pytest.raises(LocalProtocolError):
            fail()
        assert store.have().points == {}
        assert store.papers("note") == []
        assert take(store, writer.run(), writer) is OutcomeCode.STORED

    def test_an_entry_out_of_place_is_our_own_error(self, store: Any) -> None:
        writer = tablet().grow(3)
        with store.transaction():
            branch = store.open_branch(writer.log, None, 0)
            assert branch.head == Point(0, GENESIS)
            store.extend(branch, writer.entries[:1], 1, bytes(64))
        with pytest.raises(LocalProtocolError), store.transaction():
            store.extend(store.branches(writer.log)[0], writer.entries[2:], 1, bytes(64))
        assert store.have().sequence(writer.log) == 1

    # SYNC-001
    def test_incarnations_are_logs_of_their_own(self, store: Any) -> None:
        old, new = tablet().grow(2), tablet()
        new.incarnation = 1
        new.grow(1)
        take(store, old.run(), old)
        assert take(store, new.run(), new) is OutcomeCode.STORED
        assert store.have().sequence(old.log) == 2
        assert store.have().sequence(new.log) == 1

    # SYNC-080, SYNC-082
    def test_attachments_are_collected_chunk_by_chunk(self, store: Any) -> None:
        data = bytes(range(250)) * 10
        digest = sha256(data).digest()
        writer = tablet()
        writer.add(detached=(digest, len(data)))
        take(store, writer.run(), writer)
        assert store.missing_payloads(10) == [Want(digest, 0)]
        pieces = [Chunk(digest, at, data[at : at + PIECE]) for at in range(0, len(data), PIECE)]
        with store.transaction():
            assert not store.take_chunk(pieces[1]), "not the next one"
            assert store.take_chunk(pieces[0])
            assert not store.take_chunk(pieces[0]), "held already"
            assert not store.take_chunk(Chunk(bytes(32), 0, b"unasked"))
        assert store.missing_payloads(10) == [Want(digest, PIECE)]
        assert store.missing_payloads(10, writer.author) == [Want(digest, PIECE)]
        assert store.missing_payloads(10, tablet("other").author) == []
        for piece in pieces[1:]:
            with store.transaction():
                assert store.take_chunk(piece)
        assert store.missing_payloads(10) == []
        assert [store.chunk(digest, piece.offset) for piece in pieces] == pieces
        assert store.chunk(digest, 1) == Chunk(digest, 1, data[1:PIECE]), "SYNC-086"
        assert store.chunk(digest, len(data)) is None
        assert store.chunk(bytes(32), 0) is None
        (run,) = [store.run_after(store.branches(writer.log)[0], 0, ENTRIES, BYTES)]
        assert run == writer.run()

    @pytest.mark.parametrize("data", [b"x" * 2500, b"x" * 2600])
    # SYNC-082
    def test_a_whole_that_does_not_match_is_wanted_again(self, store: Any, data: bytes) -> None:
        digest = sha256(b"y" * 2500).digest()
        writer = tablet()
        writer.add(detached=(digest, 2500))
        take(store, writer.run(), writer)
        with store.transaction():
            assert store.take_chunk(Chunk(digest, 0, data))
        assert store.missing_payloads(10) == [Want(digest, 0)]
        with store.transaction():
            assert store.take_chunk(Chunk(digest, 0, b"y" * 2500))
        assert store.missing_payloads(10) == []

    def test_a_payload_is_found_and_forgotten_as_if_never_named(self, store: Any) -> None:
        """SYNC-135: what is deleted this way can be wanted again from its beginning."""
        data = bytes(2 * PIECE)
        digest = sha256(data).digest()
        assert store.find_payload(digest) is None
        with store.transaction():
            store.expect_payload(tablet().author, digest, len(data))
            store.take_chunk(Chunk(digest, 0, data[:PIECE]))
        assert store.find_payload(digest) == (PIECE, 2 * PIECE, False)
        with store.transaction():
            store.forget_payload(digest)
            store.forget_payload(bytes(32))
        assert store.find_payload(digest) is None
        assert store.chunk(digest, 0) is None
        assert store.missing_payloads(10) == []
        with store.transaction():
            store.expect_payload(tablet().author, digest, len(data))
            assert store.take_chunk(Chunk(digest, 0, data[:PIECE]))
            assert store.take_chunk(Chunk(digest, PIECE, data[PIECE:]))
        assert store.find_payload(digest) == (2 * PIECE, 2 * PIECE, True)

    def test_papers_replace_those_of_their_name(self, store: Any) -> None:
        store.save_paper("receipt", b"b", Signed(b"old", b"s"))
        store.save_paper("receipt", b"b", Signed(b"new", b"s"))
        store.save_paper("receipt", b"a", Signed(b"other", b"s"))
        store.save_paper("note", b"a", Signed(b"note", b"s"))
        assert store.papers("receipt") == [
            (b"a", Signed(b"other", b"s")),
            (b"b", Signed(b"new", b"s")),
        ]
        store.drop_paper("receipt", b"a")
        store.drop_paper("receipt", b"a")
        assert [name for name, _ in store.papers("receipt")] == [b"b"]

    # SYNC-100, SYNC-102
    def test_compaction_keeps_what_is_in_force_and_every_header(self, store: Any) -> None:
        writer = tablet().grow(6)
        take(store, writer.run(), writer)
        through = writer.entries[4].point
        assert store.prune([(writer.log, Point(5, writer.entries[3].hash))], {2, 4}) == 0
        assert store.prune([(writer.log, through)], {2, 4}) == 3
        assert store.prune([(writer.log, through)], {2, 4}) == 0
        (branch,) = store.branches(writer.log)
        held = list(store.entries(branch, 1, 6))
        assert [entry.hash for entry in held] == [entry.hash for entry in writer.entries]
        at_hand = [entry.header.sequence for entry in held if entry.payloads]
        assert at_hand == [2, 4, 6]
        run = store.run_after(branch, 0, ENTRIES, BYTES)
        assert decode_batch(encode_batch(DEPLOYMENT, [run]), DEPLOYMENT) == [run]
        assert take(store, writer.run(), writer) is OutcomeCode.DUPLICATE
        writer.add(b"goes on")
        assert take(store, writer.run(7), writer) is OutcomeCode.STORED

    # SYNC-041
    def test_pruning_deletes_payloads_and_keeps_the_chain(self, store: Any) -> None:
        data = b"photo" * 100
        digest = sha256(data).digest()
        writer = tablet().grow(3)
        writer.add(detached=(digest, len(data)))
        writer.grow(2)
        take(store, writer.run(), writer)
        with store.transaction():
            store.take_chunk(Chunk(digest, 0, data))
        point = writer.entries[3].point
        assert store.prune([(writer.log, Point(4, writer.entries[2].hash))]) == 0
        assert store.prune([(writer.log, point)]) == 4
        assert store.prune([(writer.log, point)]) == 0
        assert store.chunk(digest, 0) is None
        assert store.missing_payloads(10) == [], "pruned is not missing"
        (branch,) = store.branches(writer.log)
        held = list(store.entries(branch, 1, 6))
        assert [entry.hash for entry in held] == [entry.hash for entry in writer.entries]
        assert [bool(entry.payloads) for entry in held] == [False] * 4 + [True] * 2
        other = tablet("other")
        other.entries = writer.entries
        assert store.run_after(branch, 0, ENTRIES, BYTES).signature == writer.run().signature
