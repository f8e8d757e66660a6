"""Entries become records: opened, judged, merged, wrapped, counted; done twice is done once."""

import pytest
from intake_kit import counts, store_bytes
from mission import MissionKit
from sealed_device import CANARY, MEMBER, SealedDevice, publish_form
from sqlmodel import col, select

from server.db import reading, writing
from server.deident.store import AnalyticsStore
from server.intake.analytics import RowWriter, load_merged
from server.intake.forms import FormShelf
from server.intake.pipeline import Intake
from server.intake.withdrawing import execute_withdrawals
from server.queries import records, work
from server.tables.keys import RecordKey
from server.tables.log import LogEntry, LogPayload, Work
from server.tables.records import MailDue, Record, Revision
from shared.records.small import Outcome
from shared.sealing.envelope import Kind, is_device_kind
from shared.sealing.withdrawal import new_code
from sync.core.merge import RecordState


def test_an_interview_becomes_a_record_with_rows(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    device.interview()
    device.tally(Outcome.ABSENT, 2)
    device.status(version="1.0", free_mb=900)
    assert intake.drain().entries == 4
    found = counts(kit)
    assert found["received"] == found["resolved"] == found["live_records"] == 1
    assert found["analytic_rows"] == 1
    assert found["tallies"] == {"absent": 2}
    assert found["waiting_entries"] == found["rows_due"] == 0


def test_the_received_form_goes_and_the_epoch_stays(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-004, INTK-010."""
    device.interview()
    intake.drain()
    with reading(kit.mission.stores.inbox) as session:
        left = session.exec(
            select(LogEntry.kind).join(LogPayload, col(LogPayload.entry_id) == col(LogEntry.id))
        ).all()
        assert {kind for kind in left if is_device_kind(kind)} == {Kind.EPOCH}
        assert session.exec(select(Work)).all() == []


def test_no_store_holds_a_name_or_an_answer_in_the_clear(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-030, P5: names nowhere, and no answer in records or inbox."""
    device.interview({"/data/location": "Zqplace77"})
    intake.drain()
    held = store_bytes(kit)
    assert len(held) > 5_000
    assert CANARY.encode() not in held
    assert CANARY.encode().hex().encode() not in held
    assert b"Zqplace77" not in held


def test_the_same_revision_sealed_twice_is_one(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SEAL-060, INTK-002."""
    first = device.interview()
    device.reseal(first)
    intake.drain()
    device.reseal(first)
    intake.drain()
    found = counts(kit)
    assert (found["received"], found["resealed"], found["analytic_rows"]) == (1, 2, 1)


def test_an_entry_taken_in_and_not_finished_is_taken_in_again_without_a_trace(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-002: a kill between the records store and the inbox."""
    interview = device.interview()
    device.tally()
    with reading(kit.mission.stores.inbox) as session:
        claimed = work.load(session, list(session.exec(select(Work.entry_id))))
    intake._take(claimed)
    with writing(kit.mission.stores.inbox) as session:
        for entry in claimed:
            session.merge(Work(entry_id=entry.id))
    intake._take(claimed)
    found = counts(kit)
    assert found["received"] == 1
    assert found["tallies"] == {"refused": 1}
    with reading(kit.mission.stores.records) as session:
        assert session.get_one(Record, interview.record_id).version == 1


def test_rows_that_lag_are_written_at_the_next_start(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-050: a kill between the records store and the analytics store."""
    device.interview()
    with kit.mission.inbox() as session:
        claimed = work.load(session, work.claim(session, "w", kit.clock.now(), 60, 10))
    intake._take(claimed)
    assert counts(kit)["analytic_rows"] == 0
    again = RowWriter(kit.mission, FormShelf(kit.mission))
    assert again.drain() == 1
    assert again.drain() == 0
    again.close()
    assert counts(kit)["analytic_rows"] == 1


def test_a_lease_that_ran_out_is_anybody_s(kit: MissionKit, device: SealedDevice) -> None:
    """INTK-001."""
    device.interview()
    now = kit.clock.now()
    with kit.mission.inbox() as session:
        assert len(work.claim(session, "a", now, 60, 10)) == 2
    with kit.mission.inbox() as session:
        assert work.claim(session, "b", now, 60, 10) == []
    kit.clock.advance(seconds=61)
    with kit.mission.inbox() as session:
        assert len(work.claim(session, "b", kit.clock.now(), 60, 10)) == 2


def test_a_revision_whose_parent_is_missing_is_held_until_it_comes(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SYNC-061."""
    other = SealedDevice(kit, "tablet 2")
    first = device.interview()
    second = device.revise(first, {"/data/interview/size": 6}, (first.revision,))
    with kit.mission.inbox() as session:
        waiting = session.exec(select(Work.entry_id).order_by(col(Work.entry_id))).all()
        entries = work.load(session, waiting)
    intake._take([entries[0], entries[2]])
    found = counts_of_held(kit)
    assert found == (0, 1)
    intake._take([entries[1]])
    assert counts_of_held(kit) == (2, 0)
    intake.drain()
    assert other.name
    assert state(kit, intake, first.record_id).values["/data/interview/size"] == 6
    assert state(kit, intake, first.record_id).heads == (second.revision,)


def test_two_tablets_that_disagree_make_one_conflict_and_are_told(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-041, INTK-042, SYNC-063."""
    other = SealedDevice(kit, "tablet 2")
    first = device.interview()
    device.revise(first, {"/data/interview/size": 5}, (first.revision,))
    other.revise(first, {"/data/interview/size": 7}, (first.revision,))
    with kit.mission.inbox() as session:
        claimed = work.load(session, work.claim(session, "w", kit.clock.now(), 60, 10))
    intake._take(claimed)
    with reading(kit.mission.stores.records) as session:
        mail = session.exec(select(MailDue).where(col(MailDue.device).is_not(None))).all()
        assert {row.kind for row in mail} == {Kind.CONFLICT}
        assert {row.device for row in mail} == {device.tip.log.author, other.tip.log.author}
    intake.drain()
    found = counts(kit)
    assert (found["conflicts_open"], found["live_records"], found["analytic_rows"]) == (1, 1, 1)


def test_a_correction_replaces_the_rows(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-051."""
    first = device.interview()
    intake.drain()
    device.revise(first, {"/data/interview/size": 9, MEMBER: 2}, (first.revision,))
    intake.drain()
    found = counts(kit)
    assert (found["resolved"], found["analytic_rows"]) == (2, 1)
    assert analytic(kit, "size") == [(9,)]


def test_a_withdrawal_erases_everywhere_and_for_ever(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """CONS-009, INTK-060 to INTK-062."""
    kept, gone = device.interview(), device.interview()
    intake.drain()
    device.withdraw(gone.code)
    intake.drain()
    found = counts(kit)
    assert (found["withdrawn_records"], found["live_records"], found["analytic_rows"]) == (1, 1, 1)
    with reading(kit.mission.stores.keys) as session:
        assert session.get(RecordKey, gone.record_id) is None
        assert session.get(RecordKey, kept.record_id) is not None
    with reading(kit.mission.stores.records) as session:
        row = session.exec(select(Revision).where(Revision.record_id == gone.record_id)).one()
        assert (row.body, row.identity) == (None, None)
    with reading(kit.mission.stores.inbox) as session:
        said = session.exec(select(LogEntry.kind).where(col(LogEntry.kind) >= 32)).all()
        assert {Kind.ERASURE, Kind.ATTESTATION} <= set(said)


def test_what_comes_later_for_a_withdrawn_record_is_refused_and_shredded(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-063."""
    gone = device.interview()
    device.withdraw(gone.code)
    intake.drain()
    device.revise(gone, {"/data/interview/size": 8}, (gone.revision,))
    device.reseal(gone)
    intake.drain()
    found = counts(kit)
    assert (found["received"], found["resolved"], found["live_records"]) == (2, 2, 0)
    assert found["analytic_rows"] == 0
    with reading(kit.mission.stores.records) as session:
        assert all(row.body is None for row in session.exec(select(Revision)))


def test_a_code_that_meets_no_record_waits_for_it(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """CONS-009, INTK-061."""
    code = new_code(kit.mission.random_bytes)
    device.withdraw(code)
    intake.drain()
    assert counts(kit)["withdrawals"] == {"waiting": 1}
    device.interview(code=code)
    intake.drain()
    found = counts(kit)
    assert found["withdrawals"] == {"executed": 1}
    assert (found["withdrawn_records"], found["analytic_rows"]) == (1, 0)


def test_an_erasure_that_was_cut_short_is_finished(
    kit: MissionKit, device: SealedDevice, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTK-064: a kill after the key is gone and before the record is marked."""
    gone = device.interview()
    intake.drain()
    device.withdraw(gone.code)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(records, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            intake.drain()
    assert execute_withdrawals(kit.mission) == 1
    intake.drain()
    found = counts(kit)
    assert (found["withdrawn_records"], found["analytic_rows"]) == (1, 0)


def test_two_workers_share_the_work(kit: MissionKit, device: SealedDevice) -> None:
    """INTK-003."""
    first, second = Intake(kit.mission), Intake(kit.mission)
    for size in range(1, 8):
        device.interview({"/data/interview/size": size})
    while not (first.step().idle and second.step().idle):
        pass
    first.close()
    second.close()
    found = counts(kit)
    assert (found["received"], found["live_records"], found["analytic_rows"]) == (7, 7, 7)


def test_a_tally_counts_once(kit: MissionKit, device: SealedDevice, intake: Intake) -> None:
    device.tally(Outcome.REFUSED)
    device.tally(Outcome.REFUSED)
    device.tally(Outcome.INACCESSIBLE, 3)
    intake.drain()
    assert counts(kit)["tallies"] == {"refused": 2, "inaccessible": 3}


def test_a_second_form_version_merges_with_the_first(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SYNC-067."""
    first = device.interview()
    intake.drain()
    publish_form(kit, "2")
    device.revise(first, {"/data/interview/size": 12}, (first.revision,), version="2")
    intake.drain()
    assert counts(kit)["resolved"] == 2
    assert analytic(kit, "size") == [(12,)]


def counts_of_held(kit: MissionKit) -> tuple[int, int]:
    """Return resolved and held revisions."""
    with reading(kit.mission.stores.records) as session:
        found = records.count_revisions(session)
    return found.get("resolved", 0), found.get("held", 0)


def state(kit: MissionKit, intake: Intake, record_id: bytes) -> RecordState:
    """Return a record's merged state."""
    with reading(kit.mission.stores.records) as session:
        rows = [session.get_one(Record, record_id)]
        return load_merged(kit.mission, session, intake.forms, rows)[0].state


def analytic(kit: MissionKit, wanted: str) -> list[tuple[object, ...]]:
    """Return one column of the root table, found by the end of its name."""
    store = AnalyticsStore(kit.mission.settings.store_url("analytics"), readonly=True)
    root = next(table for table in store.tables() if table.is_root)
    column = next(c.name for c in root.columns if c.name.endswith(wanted))
    found = list(store.read(root.name, [column]))
    store.close()
    return found
