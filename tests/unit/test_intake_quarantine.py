"""What cannot be taken in stands aside with reason and remedy, and nothing of it is lost."""

import os
from dataclasses import replace

import pytest
from intake_kit import COORDINATOR, counts, put_policy
from mission import MissionKit
from sealed_device import ANSWERS, MEMBER, SealedDevice, codebook, publish_form
from sqlmodel import select

from server.db import reading, writing
from server.governance.decide import Actor
from server.intake.inbox import InboxStore
from server.intake.pipeline import Intake
from server.intake.reasons import REMEDY, Reason, remedy
from server.intake.review import discard, list_quarantine, release, replay
from server.intake.shelf import shelf_peer
from server.mission import CONSOLE
from server.queries import devices
from server.settings import StoreUrls
from server.tables.log import LogPayload, Work
from server.tables.project import AcceptThrough, Device
from shared.errors import EncodingInvalid, PolicyDenied, UsageError
from shared.records.codec import encode_body
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.log_writer import append_sealed
from sync.core.batch import SealedEntry
from sync.core.have import LogName
from sync.core.messages import Papers
from sync.core.plan import OutcomeCode


@pytest.fixture
def store_urls() -> StoreUrls:
    """SQLite alone: what differs between the databases is tested in test_intake_taking.py."""
    return StoreUrls()


def reasons(kit: MissionKit, actor: Actor = COORDINATOR) -> dict[str, int]:
    """Return what stands aside by reason, and check that each row says what to do."""
    found: dict[str, int] = {}
    for row in list_quarantine(kit.mission, actor):
        assert row["remedy"] == remedy(row["reason"])
        assert "4711" not in row["detail"]
        found[row["reason"]] = found.get(row["reason"], 0) + 1
    return found


def test_every_reason_has_its_remedy() -> None:
    """INTK-020."""
    assert set(REMEDY) == set(Reason)


def test_an_unknown_form_waits_for_its_publishing(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-012, INTK-023."""
    device.interview(version="2")
    intake.drain()
    assert reasons(kit) == {"unknown_form": 1}
    assert counts(kit)["quarantined"] == 1
    assert replay(kit.mission, COORDINATOR).still_aside == 1
    publish_form(kit, "2")
    assert replay(kit.mission, COORDINATOR, "unknown_form").taken_in == 1
    assert replay(kit.mission, COORDINATOR).tried == 0
    found = counts(kit)
    assert (found["quarantined"], found["live_records"], found["analytic_rows"]) == (0, 1, 1)


def test_no_consent_no_record_and_shredded_in_the_end(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """CONS-007, INTK-014, INTK-021."""
    device.interview(consents=())
    refused = device.consent(os.urandom(12) + b"\0", granted=False)
    device.interview(consents=(refused,))
    intake.drain()
    assert reasons(kit) == {"consent_missing": 2}
    with pytest.raises(UsageError, match="nobody may release"):
        release(kit.mission, COORDINATOR, "consent_missing", "because")
    kit.clock.advance(days=6)
    intake.drain()
    assert counts(kit)["quarantine_by_reason"] == {"consent_missing": 2}
    kit.clock.advance(days=2)
    intake.drain()
    found = counts(kit)
    assert found["quarantine_by_reason"] == {}
    assert (found["received"], found["quarantined"], found["live_records"]) == (2, 2, 0)
    with reading(kit.mission.stores.inbox) as session:
        assert session.exec(select(Work)).all() == []


def test_discarding_is_for_what_has_no_consent_alone(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-021."""
    device.interview(consents=())
    device.interview(version="2")
    intake.drain()
    with pytest.raises(UsageError, match="only what has no consent"):
        discard(kit.mission, COORDINATOR, "unknown_form")
    assert discard(kit.mission, COORDINATOR, "consent_missing") == 1
    assert reasons(kit) == {"unknown_form": 1}


def test_answers_that_break_the_form_are_named_without_their_value(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-013, INTK-024."""
    device.interview({"/data/interview/size": 4711})
    intake.drain()
    (row,) = list_quarantine(kit.mission, COORDINATOR)
    assert (row["reason"], row["detail"]) == ("invalid", "/data/interview/size (constraint)")
    with pytest.raises(UsageError, match="say why"):
        release(kit.mission, COORDINATOR, row["id"], " ")
    assert release(kit.mission, COORDINATOR, row["id"], "a camp, truly").taken_in == 1
    assert counts(kit)["live_records"] == 1


def test_an_answer_that_was_not_agreed_to_is_refused(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-015, CONS-006."""
    code = os.urandom(12) + b"\0"
    agreed = device.consent(code)
    only_contact = replace(agreed, respondent=MEMBER, decisions={})
    device.interview(consents=(agreed, only_contact))
    intake.drain()
    assert reasons(kit) == {"invalid": 1}


def test_a_correction_is_judged_by_the_whole_answers(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-013."""
    first = device.interview()
    device.revise(first, {"/data/interview/size": 4711}, (first.revision,))
    device.revise(first, {"/data/interview/size": 11}, (first.revision,))
    intake.drain()
    assert reasons(kit) == {"invalid": 1}
    found = counts(kit)
    assert (found["resolved"], found["conflicts_open"]) == (2, 0)


def test_a_changed_payload_is_told_from_one_under_another_key(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """Issue 2: tampered entry; kept, with its reason."""
    device.interview()
    device.interview()
    with writing(kit.mission.stores.inbox) as session:
        rows = session.exec(select(LogPayload).where(LogPayload.compartment == 1)).all()
        last = rows[-1]
        last.data = last.data[:-1] + bytes((last.data[-1] ^ 1,))
        session.add(last)
    intake.drain()
    assert reasons(kit) == {"tampered": 1}
    assert counts(kit)["live_records"] == 1


def test_what_is_sealed_to_another_key_is_undecryptable(
    kit: MissionKit, device: SealedDevice
) -> None:
    """P2: without the period's intake key nothing opens; with it, everything does."""
    device.interview()
    keys = kit.mission.keychain
    kit.mission.keys = replace(keys, intake=())
    dark = Intake(kit.mission)
    dark.drain()
    dark.close()
    assert reasons(kit) == {"undecryptable": 1}
    kit.mission.keys = keys
    assert replay(kit.mission, COORDINATOR).taken_in == 1
    assert counts(kit)["live_records"] == 1


def test_a_record_in_the_clear_is_not_taken_in(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """P2, issue 2: a clear-text record for a sealed form."""
    interview = device.interview()
    body, _ = device.halves(interview, ANSWERS, (), (device.consent(interview.code),), "1", "")
    plain = encode_body(body, codebook())
    with writing(kit.mission.stores.inbox) as session:
        row = session.exec(select(LogPayload).where(LogPayload.compartment == 1)).all()[-1]
        row.data = plain
        session.add(row)
    intake.drain()
    assert reasons(kit) == {"tampered": 1}
    assert counts(kit)["live_records"] == 0


def test_a_direct_identifier_cannot_stand_in_a_body(device: SealedDevice) -> None:
    """P5: the codec of both sides refuses it, so there is no such entry to send."""
    interview = device.interview()
    patch = {**ANSWERS, "/data/interview/head_name": "Anna"}
    body, _ = device.halves(interview, patch, (), (), "1", "")
    with pytest.raises(EncodingInvalid):
        encode_body(body, codebook())


def test_what_a_revoked_device_sent_later_waits_for_a_coordinator(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SYNC-014, INTK-011, INTK-024."""
    first = device.interview()
    author, header = device.tip.log.author, first.appended.entry.header
    with writing(kit.mission.stores.inbox) as session:
        row = session.get_one(Device, author)
        devices.revoke(session, row, "lost", kit.clock.now())
        through = AcceptThrough(
            author=author, incarnation=0, sequence=header.sequence, hash=first.appended.hash
        )
        devices.set_accept_through(session, [through])
    late = device.interview()
    device.withdraw(first.code)
    intake.drain()
    assert reasons(kit) == {"revoked_device": 1}
    assert counts(kit)["withdrawn_records"] == 1
    release(kit.mission, COORDINATOR, late.appended.hash.hex()[:12], "she still had the tablet")
    assert counts(kit)["live_records"] == 1


def test_a_fork_stands_aside_until_it_is_released(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SYNC-014, SEAL-032, INTK-011."""
    device.unlock()
    before, epoch = device.tip, device.epoch
    assert epoch is not None
    device.interview()
    other = device.interview()
    fork = append_sealed(
        device.key,
        before,
        Kind.REVISION,
        device.plaintexts(other.appended),
        epoch=epoch,
        day=device.day,
        random_bytes=os.urandom,
    )
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    log = LogName(before.log.author, 0)
    with store.transaction():
        (only,) = store.branches(log)
        branch = store.open_branch(log, only, before.sequence)
        at_hand = {c: d for c, d in fork.entry.payloads.items() if d is not None}
        entry = SealedEntry(fork.entry.header, fork.header_bytes, fork.hash, at_hand)
        store.extend(branch, [entry], fork.head.signed_on, fork.signature)
    intake.drain()
    assert reasons(kit) == {"fork": 1}
    release(kit.mission, COORDINATOR, "fork", "the tablet was restored")
    found = counts(kit)
    assert (found["received"], found["quarantined"], found["resealed"]) == (2, 0, 1)


def test_windows_of_a_form_hold(kit: MissionKit, device: SealedDevice, intake: Intake) -> None:
    """INTK-014: closed collection window."""
    put_policy(kit, "[forms.household]\nfrom_day = 2026-06-01\nuntil_day = 2026-06-10\n")
    device.interview()
    kit.clock.advance(days=20)
    device.interview()
    intake.drain()
    assert reasons(kit) == {"outside_window": 1}
    kit.clock.advance(days=200)
    device.interview()
    intake.drain()
    assert reasons(kit) == {"late": 1, "outside_window": 1}
    assert release(kit.mission, COORDINATOR, "late", "agreed with the steward").taken_in == 1


def test_a_withdrawal_reaches_what_stands_aside(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-061."""
    interview = device.interview({"/data/interview/size": 4711})
    intake.drain()
    device.withdraw(interview.code)
    intake.drain()
    assert reasons(kit) == {}
    with reading(kit.mission.stores.inbox) as session:
        assert session.exec(select(Work)).all() == []
        left = session.exec(select(LogPayload.entry_id).where(LogPayload.compartment == 2)).all()
        assert len(left) == 1, "of the epoch alone"


def test_a_malformed_body_stands_aside(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    device.append(Kind.REVISION, {Compartment.BODY: b"\x09nothing"})
    device.append(Kind.TALLY, {Compartment.BODY: b"\x81\x00"})
    intake.drain()
    assert reasons(kit) == {"unreadable": 2}
    assert counts(kit)["quarantined"] == 1


def test_an_entry_that_breaks_the_program_stops_no_other(
    kit: MissionKit, device: SealedDevice, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One poisoned entry is set aside; the rest of its batch goes on."""
    device.interview({"/data/interview/size": 13})
    device.interview()
    real = Intake._judge

    def faulty(self: Intake, opened: object, *rest: object) -> object:
        body = getattr(opened, "body", None)
        if body is not None and body.patch["/data/interview/size"] == 13:
            raise ZeroDivisionError("4711")
        return real(self, opened, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "_judge", faulty)
        intake.drain()
    assert reasons(kit) == {"unreadable": 1}
    assert replay(kit.mission, COORDINATOR).taken_in == 1
    assert counts(kit)["live_records"] == 2


def test_an_administrator_may_not_look_or_release(kit: MissionKit) -> None:
    """GOV-006: whoever runs the machine governs nothing."""
    with pytest.raises(PolicyDenied):
        list_quarantine(kit.mission, CONSOLE)
    with pytest.raises(PolicyDenied):
        replay(kit.mission, CONSOLE)


def test_a_stranger_s_run_is_listed_and_let_in_once_it_is_enrolled(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-022, SYNC-014: unknown device."""
    stranger = SealedDevice(kit, "stranger", enrolled=False)
    stranger.hold()
    stranger.interview()
    data = stranger.batch()
    assert shelf_peer(kit.mission).take(data, Papers()).outcomes[0].code == OutcomeCode.QUARANTINED
    intake.drain()
    assert reasons(kit) == {"unknown_device": 1}
    assert counts(kit)["quarantined"] == 1
    assert replay(kit.mission, COORDINATOR).still_aside == 1
    stranger.enrol()
    assert replay(kit.mission, COORDINATOR).taken_in == 1
    assert replay(kit.mission, COORDINATOR).tried == 0
    found = counts(kit)
    assert (found["received"], found["quarantined"], found["live_records"]) == (1, 0, 1)
    assert device.name


def test_a_run_with_a_wrong_signature_stays_until_the_true_one_came(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-022: bad signature; once the true run is here it holds nothing new."""
    device.hold()
    device.interview()
    true = device.batch()
    false = true[:-1] + bytes((true[-1] ^ 1,))
    shelf_peer(kit.mission).take(false, Papers())
    intake.drain()
    assert reasons(kit) == {"bad_signature": 1}
    assert replay(kit.mission, COORDINATOR).still_aside == 1
    shelf_peer(kit.mission).take(true, Papers())
    intake.drain()
    assert replay(kit.mission, COORDINATOR).taken_in == 1
    found = counts(kit)
    assert (found["received"], found["quarantined"], found["live_records"]) == (1, 0, 1)
