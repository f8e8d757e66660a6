"""Corners of sync/core that no exchange between good peers comes to: all branches are tested."""

from dataclasses import replace

import pytest
from log_writing import DEPLOYMENT, Writer, signing_key
from sync_network import ROOT, SERVER_LOG, Network, Node, certify, hashes, key_ring

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, LimitExceeded, Offline, StoreCorrupt
from shared.ids import DeploymentId, FormHash, RecordId, RevisionId
from shared.limits import BATCH_ENTRIES_MAX, CHUNK_BYTES
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import RevisionBody
from shared.sealing.keys import root_fingerprint
from shared.sealing.packages import Manifest
from shared.sealing.ring import KeyRing, open_ring
from shared.versions import Version
from sync.core.batch import encode_batch
from sync.core.certificate import open_certificate, sign_certificate
from sync.core.directory import STRANGERS_MAX, Directory
from sync.core.graph import RevisionGraph
from sync.core.have import HaveVector
from sync.core.hub_code import decode_hub_code
from sync.core.merge import Attestations, RecordMerge, Revision, resolve
from sync.core.messages import (
    MESSAGE_BYTES_MAX,
    Answer,
    Message,
    Papers,
    decode_answer,
    decode_message,
)
from sync.core.offer import Outbox
from sync.core.packages import chunk_length
from sync.core.plan import OutcomeCode
from sync.core.rules import MergeRules
from sync.driver import sync_once
from sync.stores.memory import MemoryLogStore


def revision(name: str, *parents: str, patch: object = None, **body: object) -> Revision:
    made = RevisionBody(
        record_id=RecordId(bytes(16)),
        parents=tuple(RevisionId(parent.encode()) for parent in parents),
        form_id="f",
        form_hash=FormHash(bytes(16)),
        at_ms=0,
        offset_min=0,
        enumerator="",
        patch=patch or {},  # type: ignore[arg-type]
        **body,  # type: ignore[arg-type]
    )
    return Revision(RevisionId(name.encode()), made)


def test_sync_053_a_revision_twice_changes_nothing() -> None:
    graph = RevisionGraph()
    one, two = RevisionId(b"1"), RevisionId(b"2")
    assert graph.add(one, []) == [one]
    assert graph.add(one, []) == []
    assert graph.add(two, [RevisionId(b"missing")]) == []
    assert graph.add(two, []) == []
    merge = RecordMerge(MergeRules())
    merge.add(revision("a", patch={"/d/x": 1}))
    before = merge.state()
    merge.add(revision("a", patch={"/d/x": 1}))
    assert merge.state() == before


def test_sync_066_a_resolution_of_what_nobody_wrote_settles_nothing() -> None:
    history = [revision("a", patch={"/d/x": 1}), revision("b", "a", resolves=("/d/never",))]
    assert resolve(history, MergeRules()).values == {"/d/x": 1}


def test_sync_063_an_answer_taken_back_by_all_is_taken_back() -> None:
    history = [
        revision("a", patch={"/d/n": 4}),
        revision("b", "a", patch={"/d/n": None}),
        revision("c", "a", patch={"/d/n": None}),
        revision("d", "a", patch={"/d/m": 1}),
    ]
    rules = MergeRules(fields={"/d/n": "max"})
    assert resolve(history, rules).values.get("/d/n") is None
    assert resolve(history, rules).conflicts == {}


def test_sync_064_a_withdrawal_counts_where_several_revisions_spoke() -> None:
    given = Consent("", {"aid": Decision.GRANTED}, b"n" * 16, "en", Method.VERBAL, 0, b"code")
    silent = replace(given, respondent="/d/m[00000000000000aa]", decisions={})
    history = [revision("a", consents=(given, silent)), revision("b", "a", consents=(given,))]
    attested = Attestations(withdrawn=frozenset({b"code"}))
    for some in (history, history[:1]):
        state = resolve(some, MergeRules(), attested)
        assert state.consents[""].decisions == {"aid": Decision.WITHDRAWN}
        assert set(state.consents) == {""}


def test_sync_012_a_message_larger_than_one_can_be_is_not_decoded() -> None:
    with pytest.raises(LimitExceeded, match="larger"):
        decode_message(bytes(MESSAGE_BYTES_MAX + 1))


@pytest.mark.parametrize("items", [[1, b"d"], [1, b"deploy01", [], bytes(32), bytes(32), "x"]])
def test_sync_035_a_hub_code_without_its_items_is_refused(items: list[object]) -> None:
    with pytest.raises(EncodingInvalid, match=r"6 items|addresses"):
        decode_hub_code(encode(items))


def test_sync_012_a_run_that_does_not_fit_behind_others_waits_for_the_next_batch() -> None:
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    logs = []
    for name, count, signed_each in (("a", BATCH_ENTRIES_MAX - 20, True), ("b", 100, False)):
        writer = Writer(signing_key(name)).grow(count)
        hub.peer.learn(certify(name))
        step = 1 if signed_each else count
        for first in range(1, count + 1, step):
            hub.keep_run(writer.run(first, first + step - 1))
        logs.append(writer)
    runs = Outbox(hub.peer.store, [writer.log for writer in logs]).next_runs(HaveVector())
    assert {run.log for run in runs} == {logs[0].log}
    assert sum(len(run.entries) for run in runs) == BATCH_ENTRIES_MAX - 20
    assert network.sync(hub, mission).complete
    for writer in logs:
        assert hashes(mission, writer) == [[entry.hash for entry in writer.entries]]


def test_sync_011_a_log_whose_end_is_not_signed_is_a_damaged_store() -> None:
    store = MemoryLogStore()
    writer = Writer(signing_key("tablet")).grow(3)
    with store.transaction():
        branch = store.open_branch(writer.log, None, 0)
        store.extend(branch, writer.run().entries, 20_000, bytes(64))
    for kept in store._state.logs[writer.log][0].kept:
        kept.signature = b""
    with pytest.raises(StoreCorrupt, match="no signature"):
        Outbox(store, [writer.log]).next_runs(HaveVector())


def test_sync_071_a_directory_without_a_ring_keeps_so_many_strangers_of_its_project() -> None:
    strangers = Directory(DEPLOYMENT, root_fingerprint(ROOT.public_bytes))
    opened = open_certificate(certify("tablet"), opened_ring())
    other = sign_certificate(SERVER_LOG, replace(opened, deployment=DeploymentId(b"another1")))
    with pytest.raises(KeyNotTrusted, match="another project"):
        strangers.learn(other)
    for number in range(STRANGERS_MAX + 1):
        assert not strangers.learn(certify(f"stranger {number}"))
    assert len(strangers._unchecked) == STRANGERS_MAX
    assert strangers.take_ring(key_ring())
    assert len(list(strangers.certificates())) == STRANGERS_MAX


def opened_ring() -> KeyRing:
    signed = key_ring()
    return open_ring(
        signed.data,
        signed.signature,
        root_fingerprint=root_fingerprint(ROOT.public_bytes),
        deployment=DEPLOYMENT,
    )


def test_seal_081_the_mailboxes_of_known_devices_follow_a_new_ring() -> None:
    directory = Directory(DEPLOYMENT, root_fingerprint(ROOT.public_bytes))
    directory.take_ring(key_ring())
    directory.learn(certify("tablet"))
    before = dict(directory._server_logs)
    assert directory.take_ring(key_ring(2))
    assert directory._server_logs == before
    assert not directory.take_ring(key_ring(1))


def test_sync_016_a_line_that_drops_every_100_kb_lets_a_large_log_through_a_hub() -> None:
    """SYNC-016: each session sends what it can; what a hub carries on can be parted again."""
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    tablet = network.device("tablet", known_to=(mission,))
    tablet.write(1500, bytes(600))
    for caller, responder in ((tablet, hub), (hub, mission)):
        for _ in range(40):
            line = Dropping(responder, 100_000)
            try:
                if sync_once(caller.peer, line).complete:
                    break
            except Offline:
                continue
        assert hashes(responder, tablet.writer) == [[e.hash for e in tablet.writer.entries]]


class Dropping:
    """A line that is cut after so many bytes."""

    def __init__(self, responder: Node, bytes_max: int) -> None:
        self.responder, self.left = responder, bytes_max

    def is_known(self) -> bool:
        return True

    def exchange(self, message: Message) -> Answer:
        assert self.responder.responder is not None
        sent = message.encode()
        self._spend(len(sent))
        answer = self.responder.responder.respond(decode_message(sent)).encode()
        self._spend(len(answer))
        return decode_answer(answer)

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Offline("the line is cut")


def test_sync_130_no_chunk_begins_beside_a_boundary_or_behind_the_end() -> None:
    version = Version((1, 0, 0, 0), "1.0")
    manifest = Manifest("cairn", version, "any", "cairn.apk", CHUNK_BYTES + 5, bytes(32), {})
    assert [chunk_length(manifest, at) for at in (0, CHUNK_BYTES)] == [CHUNK_BYTES, 5]
    assert [chunk_length(manifest, at) for at in (1, 2 * CHUNK_BYTES)] == [0, 0]


def test_sync_013_a_run_that_cannot_be_read_is_refused_by_itself() -> None:
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    tablet.write(1)
    wire = decode(encode_batch(DEPLOYMENT, [tablet.writer.run()]))
    wire[2][0][3] = b"short"
    taken = mission.peer.take(encode(wire), Papers())
    assert [outcome.code for outcome in taken.outcomes] == [OutcomeCode.REFUSED]
