"""The client over one home: joining, unlocking, finalizing, handing over."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from camera import camera_jpeg
from client_kit import CONSENTING, HOUSEHOLD, SITE
from client_project import (
    DEPLOYMENT,
    PASSPHRASE,
    TestProject,
    finalized_household,
    start_household,
)

from mobile_client.device.fake import FakeBattery, FakeKeystore, FakeStorage, fake_services
from mobile_client.presenters.ports import Preferences, Slip
from mobile_client.presenters.rows import EntryState
from mobile_client.presenters.status import Counts, Destination
from mobile_client.presenters.views import ConsentGiven, ScreenKind
from mobile_client.services.client import Client
from mobile_client.services.finalizing import Finalizer
from mobile_client.services.hand_over import HandOverIncomplete, HandOverStopped
from shared.errors import (
    ConsentMissing,
    EncodingInvalid,
    KeyNotTrusted,
    NotFound,
    Offline,
    PassphraseWrong,
    StoreBusy,
    StoreFull,
    SubmissionInvalid,
    TagMismatch,
    TokenInvalid,
    UsageError,
)
from shared.ids import AuthorId
from shared.records.files import FileName
from shared.records.small import Outcome, decode_progress, decode_withdrawal
from shared.sealing.envelope import GENESIS, Compartment, Kind
from shared.sealing.ring import Role
from shared.sealing.withdrawal import code_hash, parse_code_text
from sync.core.attest import Lost, Revoked
from sync.core.have import LogName, Point
from sync.core.hub_code import HubCode
from sync.driver import sync_once
from sync.transports.memory import MemoryTransport

CANARY = "Zubaida-Canary-7731"


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish(HOUSEHOLD)
    return project


@pytest.fixture
def client(project: TestProject, tmp_path: Path) -> Client:
    return project.enrolled(tmp_path / "home")


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def crash_photo(client: Client, folder: Path) -> Path:
    """Copy the home as a power cut would leave it."""
    shutil.copytree(client.files.home, folder)
    return folder


def reopened(project: TestProject, folder: Path, name: str = "Amina") -> Client:
    client = project.client(folder)
    person = client.find_enumerator(name)
    assert person is not None
    client.unlock(person, PASSPHRASE)
    return client


# --- joining


def test_a_code_is_read_before_anything_is_sent(project: TestProject, tmp_path: Path) -> None:
    client = project.client(tmp_path / "home")
    code = project.code()
    assert client.read_code(f" {code[:40]}\n{code[40:]} ").project == "Test project"
    with pytest.raises(EncodingInvalid):
        client.read_code(code[:-4])


def test_an_expired_code_is_refused_with_its_time(project: TestProject, tmp_path: Path) -> None:
    client = project.client(tmp_path / "home")
    with pytest.raises(TokenInvalid, match="ended on"):
        client.join(
            project.code(lives_s=-1), "T", "Amina", PASSPHRASE, send=project.answer_enrolment
        )
    assert not client.is_enrolled()


def test_a_used_code_is_told_and_another_one_goes_on_with_the_same_vault(
    project: TestProject, tmp_path: Path
) -> None:
    client = project.client(tmp_path / "home")
    code = project.code()
    project.tokens.clear()
    with pytest.raises(TokenInvalid):
        client.join(code, "T", "Amina", PASSPHRASE, send=project.answer_enrolment)
    assert not client.is_enrolled()
    client.join(project.code(), "T", "Amina", PASSPHRASE, send=project.answer_enrolment)
    assert client.is_enrolled()
    assert client.is_unlocked()
    assert [row.name for row in client.enumerators()] == ["Amina"]


def test_a_server_that_is_not_the_projects_is_not_believed(
    project: TestProject, tmp_path: Path
) -> None:
    stranger = TestProject()
    client = project.client(tmp_path / "home")
    code = project.code()
    stranger.tokens = set(project.tokens)
    with pytest.raises(KeyNotTrusted):
        client.join(code, "T", "Amina", PASSPHRASE, send=stranger.answer_enrolment)
    assert not client.is_enrolled()


def test_a_lost_answer_can_be_asked_for_again_with_the_same_key(
    project: TestProject, tmp_path: Path
) -> None:
    client = project.client(tmp_path / "home")

    def lost(*_: object) -> bytes:
        raise Offline("the other side cannot be reached")

    with pytest.raises(Offline):
        client.join(project.code(), "T", "Amina", PASSPHRASE, send=lost)
    key = client.files.signing_key.read_bytes()
    client.join(project.code(), "T", "Amina", PASSPHRASE, send=project.answer_enrolment)
    assert client.files.signing_key.read_bytes() == key


def test_the_files_outside_the_vault_are_private(client: Client) -> None:
    for path in (client.files.signing_key, client.files.draft_keys, client.files.home):
        assert path.stat().st_mode & 0o077 == 0


# --- unlocking


def test_a_weak_passphrase_is_refused_unless_hardware_holds_a_secret(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="64"):
        client.add_enumerator("Omar", "123456")
    hardware = fake_services(keystore=FakeKeystore(hardware=True, value=b"secret"))
    other = project.client(tmp_path / "other", device=hardware)
    assert other.bits_needed() == 0
    other.add_enumerator("Omar", "123456")


def test_a_wrong_passphrase_opens_nothing_and_says_so(client: Client, project: TestProject) -> None:
    home = client.files.home
    client.close()
    again = project.client(home)
    person = again.find_enumerator("Amina")
    assert person is not None
    with pytest.raises(PassphraseWrong, match="check the spelling"):
        again.unlock(person, PASSPHRASE + "x")
    assert not again.is_unlocked()
    with pytest.raises(UsageError, match="locked"):
        again.drafts()


def test_enumerators_have_drafts_of_their_own(client: Client) -> None:
    start_household(client).close()
    omar = client.add_enumerator("Omar", PASSPHRASE + " two")
    client.unlock(omar, PASSPHRASE + " two")
    assert client.drafts() == ()
    amina = client.find_enumerator("Amina")
    assert amina is not None
    client.unlock(amina, PASSPHRASE)
    assert len(client.drafts()) == 1


def test_a_second_process_on_the_same_home_is_refused(client: Client) -> None:
    code = (
        "import sys; from pathlib import Path; from sync.stores.lock import HomeLock\n"
        "from shared.errors import StoreBusy\n"
        "try:\n    HomeLock(Path(sys.argv[1])).__enter__()\n"
        "except StoreBusy as error: print(error.code)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(client.files.home)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.strip() == StoreBusy.code


# --- finalizing


def test_a_finalized_record_is_received_as_it_was_answered(
    client: Client, project: TestProject
) -> None:
    slip = finalized_household(client)
    assert client.counts() == Counts(on_device=1)
    assert client.drafts() == ()
    project.sync(client)
    (body,) = project.bodies()
    (identity,) = project.identities()
    assert body.record_id.hex() == slip.record_id
    assert body.enumerator == "Amina"
    assert (body.round_id, body.location) == ("3", "Camp A")
    assert "Zubaida" in identity.patch.values()
    assert body.consents[0].withdrawal_hash == code_hash(parse_code_text(slip.code))
    assert client.counts() == Counts(received=1)
    assert client.records()[0].state is EntryState.RECEIVED


def test_progress_goes_with_the_record_to_the_coordinator_alone(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    project.sync(client)
    (entry,) = project.entries(Kind.PROGRESS)
    progress = decode_progress(project.opened(entry, Compartment.PROGRESS))
    assert (progress.form_id, progress.outcome) == ("household", Outcome.FINALIZED)
    assert set(entry.payloads) == {Compartment.PROGRESS}


def test_a_project_without_a_coordinator_key_gets_records_and_no_progress(tmp_path: Path) -> None:
    project = TestProject(keys_left_out=frozenset({Role.COORDINATOR}))
    project.publish()
    client = project.enrolled(tmp_path / "home")
    finalized_household(client)
    project.sync(client)
    assert len(project.bodies()) == 1
    assert project.entries(Kind.PROGRESS) == []


def test_seal_047_without_a_custodian_nothing_is_written_and_the_draft_stays(
    tmp_path: Path,
) -> None:
    project = TestProject(keys_left_out=frozenset({Role.CUSTODIAN}))
    project.publish()
    client = project.enrolled(tmp_path / "home")
    with pytest.raises(KeyNotTrusted):
        finalized_household(client)
    assert len(client.drafts()) == 1
    project.sync(client)
    assert project.entries() == []


def test_seal_041_one_epoch_serves_an_unlock_and_lock_ends_it(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    finalized_household(client)
    person = client.find_enumerator("Amina")
    assert person is not None
    client.lock()
    client.unlock(person, PASSPHRASE)
    finalized_household(client)
    project.sync(client)
    kinds = [entry.header.kind for entry in project.entries()]
    assert kinds.count(Kind.EPOCH) == 2
    assert kinds.count(Kind.REVISION) == 3


def test_answers_that_do_not_do_bar_finalize_and_the_draft_stays(client: Client) -> None:
    interview = start_household(client, {"/data/interview/size": "77"})
    interview.close()
    with pytest.raises(SubmissionInvalid):
        client.finalize(interview.draft_id)
    assert len(client.drafts()) == 1
    assert client.counts() == Counts()


def test_a_resumed_draft_needs_the_respondents_yes_before_it_is_sealed(client: Client) -> None:
    interview = start_household(client)
    interview.close()
    again = client.resume(interview.draft_id)
    assert again.screen().kind is ScreenKind.CONSENT
    again.close()
    with pytest.raises(ConsentMissing):
        client.finalize(interview.draft_id)
    again = client.resume(interview.draft_id)
    assert again.consent(ConsentGiven())
    again.close()
    assert client.finalize(interview.draft_id).code


def test_a_full_disk_at_the_log_leaves_the_draft_and_no_half_record(
    client: Client, project: TestProject
) -> None:
    interview = start_household(client)
    interview.close()
    assert client.project is not None
    connection = client.project.store._db
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with contextlib.suppress(StoreFull):
        for _ in range(50):
            client.tally("household", "absent")
    with pytest.raises(StoreFull):
        client.finalize(interview.draft_id)
    connection.execute("PRAGMA max_page_count = 1000000")
    assert client.finalize(interview.draft_id).record_id
    project.sync(client)
    assert len(project.bodies()) == 1


# --- kill at every step of finalize


STEPS: dict[str, Callable[[Client, Path], None]] = {}


def photo_before(name: str, method: str) -> None:
    def take(client: Client, folder: Path) -> None:
        finalizer = client._open.finalizer
        target: object = {"log": client.project.log, "vault": client._open.vault.drafts}.get(  # type: ignore[union-attr]
            method.partition(".")[0], finalizer
        )
        attribute = method.rpartition(".")[2]
        original = getattr(target, attribute)

        def photographed(*args: object, **keywords: object) -> object:
            if not folder.exists():
                crash_photo(client, folder)
            return original(*args, **keywords)

        setattr(target, attribute, photographed)

    STEPS[name] = take


photo_before("before anything", "_append_record")
photo_before("before the entry", "log.append")
photo_before("after the entry", "_done")
photo_before("before the key goes", "vault.destroy_key")


@pytest.mark.parametrize("moment", list(STEPS))
def test_a_kill_at_any_step_neither_loses_nor_doubles(
    client: Client, project: TestProject, tmp_path: Path, moment: str
) -> None:
    interview = start_household(client)
    interview.close()
    STEPS[moment](client, tmp_path / "photo")
    client.finalize(interview.draft_id)
    again = reopened(project, tmp_path / "photo")
    drafts, records = again.drafts(), again.records()
    assert len(drafts) + len(records) == 1
    if drafts:
        again.finalize(drafts[0].draft_id)
    project.sync(again)
    assert len(project.bodies()) == 1
    assert len(again.records()) == 1
    assert again._slots.sweep(set()) == 0, "no draft key is left"
    assert len(again.slips_due()) == 1


def test_a_kill_between_plan_and_entry_leaves_a_draft(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    interview = start_household(client)
    interview.close()
    store = client.project.store  # type: ignore[union-attr]
    original = store.append_own

    def photographed(appended: object) -> None:
        header = appended.entry.header  # type: ignore[attr-defined]
        if header.kind == Kind.REVISION and not (tmp_path / "photo").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "_depth", store._depth)
                crash_photo(client, tmp_path / "photo")
        original(appended)  # type: ignore[arg-type]

    store.append_own = photographed  # type: ignore[method-assign]
    client.finalize(interview.draft_id)
    again = reopened(project, tmp_path / "photo")
    (draft,) = again._open.vault.drafts.all()
    assert draft.planned is not None
    again.finalize(draft.draft_id)
    project.sync(again)
    assert len(project.bodies()) == 1


# --- ends without a record


def test_cons_004_a_refusal_leaves_a_tally_and_nothing_else(
    client: Client, project: TestProject
) -> None:
    """CONS-003, CONS-004: round and place, and nothing said after them, are all it holds."""
    interview = client.begin("household")
    interview.answer("/data/place/round", "3")
    interview.answer("/data/place/location", "Camp A")
    interview.next()
    for path, text in CONSENTING.items():
        interview.answer(path, "no" if path.endswith("assistance") else text)
    assert not interview.consent(ConsentGiven())
    interview.decline("refused")
    assert client.drafts() == ()
    assert client.records() == ()
    project.sync(client)
    (tally,) = project.tallies()
    assert (tally.form_id, tally.round_id, tally.area) == ("household", "3", "Camp A")
    assert (tally.outcome, tally.count) == (Outcome.REFUSED, 1)
    assert [e.header.kind for e in project.entries()] == [Kind.EPOCH, Kind.TALLY, Kind.PROGRESS]


def test_a_refusal_in_mid_interview_destroys_the_draft(
    client: Client, project: TestProject
) -> None:
    interview = start_household(client, {"/data/interview/head_name": CANARY})
    interview.decline("refused")
    assert client.drafts() == ()
    assert client._slots.sweep(set()) == 0
    project.sync(client)
    assert [tally.outcome for tally in project.tallies()] == [Outcome.REFUSED]


def test_a_kill_after_the_word_to_end_carries_it_out(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    interview = start_household(client)
    STEPS["before the entry"](client, tmp_path / "photo")
    interview.decline("abandoned")
    again = reopened(project, tmp_path / "photo")
    assert again.drafts() == ()
    project.sync(again)
    assert [tally.outcome for tally in project.tallies()] == [Outcome.ABANDONED]


def test_absent_households_are_counted_from_the_device_setting(
    client: Client, project: TestProject
) -> None:
    client.save_preferences(replace(client.preferences(), round_id="4", location="Camp B"))
    client.tally("household", "absent")
    with pytest.raises(ValueError, match="vanished"):
        client.tally("household", "vanished")
    project.sync(client)
    (tally,) = project.tallies()
    assert (tally.round_id, tally.area, tally.outcome) == ("4", "Camp B", Outcome.ABSENT)


def test_a_withdrawal_goes_from_any_device(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    slip = finalized_household(client)
    other = project.enrolled(tmp_path / "other", "Omar")
    with pytest.raises(EncodingInvalid):
        other.withdraw("not a code")
    other.withdraw(slip.code.lower())
    project.sync(other)
    (entry,) = project.entries(Kind.WITHDRAWAL)
    withdrawal = decode_withdrawal(project.opened(entry, Compartment.BODY))
    assert withdrawal.code == parse_code_text(slip.code)


def test_slips_wait_until_they_are_given(client: Client, project: TestProject) -> None:
    slip = finalized_household(client)
    home = client.files.home
    client.close()
    again = reopened(project, home)
    assert again.slips_due() == (slip,)
    again.slip_given(slip.record_id)
    assert again.slips_due() == ()


def test_a_key_informants_record_has_no_slip(client: Client, project: TestProject) -> None:
    project.publish(SITE)
    project.sync(client)
    interview = client.begin("site")
    interview.answer("/data/location", "Camp A")
    interview.next()
    interview.answer("/data/informant/informant_agrees", "yes")
    assert interview.consent(ConsentGiven())
    interview.answer("/data/people", "40")
    interview.close()
    slip = client.finalize(interview.draft_id)
    assert slip == Slip(slip.record_id, "")
    project.sync(client)
    assert project.bodies()[0].consents == ()


# --- files


def test_a_photo_is_sealed_as_an_attachment_of_its_class(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    photo = tmp_path / "house of Zubaida.jpg"
    photo.write_bytes(camera_jpeg(600, 400))
    interview = start_household(client)
    interview.attach("/data/interview/photo", photo)
    assert len(list(client.files.media_folder.iterdir())) == 2, "the photo and its thumbnail"
    interview.close()
    client.finalize(interview.draft_id)
    assert list(client.files.media_folder.iterdir()) == []
    project.sync(client)
    small, whole = [entry.header.payloads[0] for entry in project.entries(Kind.ATTACHMENT)]
    assert {small.compartment, whole.compartment} == {Compartment.DIRECT_ATTACHMENT}
    (identity,) = project.identities()
    name = FileName(whole.hash, "jpg", small.hash)
    assert identity.patch["/data/interview/photo"] == name.text()
    assert project.store.missing_payloads(5) == []


# --- handing over


def test_sync_032_a_locked_device_hands_over(client: Client, project: TestProject) -> None:
    finalized_household(client)
    home = client.files.home
    client.close()
    locked = project.client(home)
    assert not locked.is_unlocked()
    assert locked.counts() == Counts(on_device=1)
    project.sync(locked)
    assert locked.counts() == Counts(received=1)
    assert len(project.bodies()) == 1


def test_sync_041_payloads_go_only_when_the_server_has_backed_them_up(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    project.sync(client)
    assert client.project is not None
    store, me = client.project.store, client.project.peer.me.author
    held = store.entry(me, 0, 2)
    assert held is not None
    assert held.payloads
    project.backed_up = True
    finalized_household(client)
    project.sync(client)
    held = store.entry(me, 0, 2)
    assert held is not None
    assert not held.payloads
    assert client.counts() == Counts(received=2)
    finalized_household(client)
    project.sync(client)
    assert len(project.bodies()) == 3


def test_a_broken_line_loses_nothing_and_doubles_nothing(
    client: Client, project: TestProject
) -> None:
    for _ in range(3):
        finalized_household(client)
    for moment in ("before", "after"):

        def broken(at: str, moment: str = moment) -> None:
            if at == moment:
                raise Offline("the other side cannot be reached")

        with pytest.raises(Offline):
            project.sync(client, broken)
    project.sync(client)
    assert len(project.bodies()) == 3
    assert client.counts() == Counts(received=3)


def test_stopping_keeps_what_was_sent(client: Client, project: TestProject) -> None:
    finalized_household(client)
    assert client.project is not None
    line = MemoryTransport(project.responder, client.project.peer.me.author)
    with pytest.raises(HandOverStopped):
        client.exchange_over(line, lambda _: None, lambda: True)
    project.sync(client)
    assert client.counts() == Counts(received=1)


def test_what_the_other_side_sets_aside_is_told_and_stays(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    assert client.project is not None
    store = client.project.store
    store._db.execute("UPDATE entries SET signature = zeroblob(64) WHERE signature IS NOT NULL")
    with pytest.raises(HandOverIncomplete, match="set 1 part"):
        project.sync(client)
    assert client.counts() == Counts(on_device=1)


def test_progress_is_told_while_it_goes(client: Client, project: TestProject) -> None:
    finalized_household(client)
    assert client.project is not None
    line = MemoryTransport(project.responder, client.project.peer.me.author)
    seen: list[int] = []
    transfer = client.exchange_over(line, lambda t: seen.append(t.entries_sent), lambda: False)
    assert seen == sorted(seen)
    assert transfer.entries_sent == 3
    assert transfer.bytes_sent > 500


def test_sync_043_a_hub_makes_it_handed_over_and_a_receipt_through_it_received(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    hub = project.hub()
    assert client.project is not None
    line = MemoryTransport(hub, client.project.peer.me.author)
    client.exchange_over(line, lambda _: None, lambda: False)
    assert client.counts() == Counts(handed_over=1)
    assert client.records()[0].state is EntryState.HANDED_OVER
    sync_once(hub.peer, MemoryTransport(project.responder, hub.peer.me.author))
    client.exchange_over(line, lambda _: None, lambda: False)
    assert client.counts() == Counts(received=1)
    assert len(project.bodies()) == 1


def test_a_bundle_carries_records_out_and_receipts_back(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    finalized_household(client)
    out, back = tmp_path / "out.cairnb", tmp_path / "back.cairnb"
    client.lock()
    client.hand_over(Destination("bundle", "out", str(out)), lambda _: None, lambda: False)
    assert client.counts() == Counts(handed_over=1)
    project.publish(SITE)
    assert project.take_bundle(out, back) == 3
    with pytest.raises(UsageError, match="unlock first"):
        client.take_bundle(back)
    person = client.find_enumerator("Amina")
    assert person is not None
    client.unlock(person, PASSPHRASE)
    assert client.take_bundle(back) == 1
    assert client.take_bundle(back) == 0
    assert client.counts() == Counts(received=1)
    assert [row.form_id for row in client.forms()] == ["household", "site"]
    assert len(project.bodies()) == 1


def test_a_damaged_or_foreign_bundle_changes_nothing(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    out, back = tmp_path / "out.cairnb", tmp_path / "back.cairnb"
    finalized_household(client)
    client.hand_over(Destination("bundle", "out", str(out)), lambda _: None, lambda: False)
    project.take_bundle(out, back)
    data = bytearray(back.read_bytes())
    data[-1] ^= 1
    back.write_bytes(data)
    with pytest.raises(TagMismatch):
        client.take_bundle(back)
    with pytest.raises(UsageError, match="cannot be read"):
        client.take_bundle(tmp_path / "none")
    assert client.counts() == Counts(handed_over=1)


# --- what the server says


def test_a_lost_device_destroys_its_vaults_and_keeps_its_sealed_entries(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    start_household(client).close()
    assert client.project is not None
    project.attest(Lost(AuthorId(client.project.peer.me.author)))
    project.sync(client)
    assert client.enumerators() == ()
    assert not client.is_unlocked()
    assert client._database.rows("drafts") == []
    assert len(project.bodies()) == 1


def test_a_code_of_a_revoked_hub_is_refused_before_anything_is_sent(
    client: Client, project: TestProject
) -> None:
    """SYNC-093: its code may still hang on the wall."""
    hub = project.hub()
    key = hub.peer.me.key.public_bytes
    code = HubCode(DEPLOYMENT, ("https://127.0.0.1:1",), key, b"p" * 32, "Hub North")
    log = LogName(hub.peer.me.author, 0)
    project.attest(Revoked(log, Point(0, GENESIS), "stolen laptop"))
    project.sync(client)
    with pytest.raises(KeyNotTrusted, match="revoked"):
        client.hand_over(Destination("hub", "Hub", code.text()), lambda _: None, lambda: False)
    assert client.project is not None
    assert client.project.peer.hubs() == []


def test_policy_sets_floor_idle_lock_and_review(client: Client, project: TestProject) -> None:
    assert client.preferences().idle_lock_s == 300
    project.publish_policy(
        "[device]\npassphrase_bits_min = 90\nlock_idle_s = 60\nlead_review = 1\nnew = 'x'\n"
    )
    project.sync(client)
    assert client.bits_needed() == 90
    assert client.preferences().idle_lock_s == 60
    interview = start_household(client)
    assert interview.needs_approval()
    interview.close()
    assert not client.drafts()[0].ready
    interview = client.resume(interview.draft_id)
    interview.approve("Lead 1")
    interview.consent(ConsentGiven())
    interview.close()
    assert client.drafts()[0].ready


def test_drafts_outlive_a_new_version_of_their_form(client: Client, project: TestProject) -> None:
    interview = start_household(client)
    interview.close()
    project.publish(
        HOUSEHOLD.replace("| household | Household | 1 |", "| household | Homes | 2 |"), 2
    )
    project.sync(client)
    assert [row.version for row in client.forms()] == ["2"]
    again = client.resume(interview.draft_id)
    assert again.title == "Household"
    assert again.consent(ConsentGiven())
    again.close()
    client.finalize(interview.draft_id)
    project.sync(client)
    assert project.bodies()[0].form_id == "household"


def test_a_broadcast_that_the_root_did_not_sign_is_not_used(
    client: Client, project: TestProject
) -> None:
    stranger = TestProject()
    project_root, project.root = project.root, stranger.root
    project.publish(SITE)
    project.root = project_root
    project.sync(client)
    assert [row.form_id for row in client.forms()] == ["household"]
    assert client.project is not None
    assert len(client.project.library.faults()) == 1


# --- a restored or cloned device


def test_sync_005_a_restored_device_opens_another_incarnation(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    old = crash_photo(client, tmp_path / "old")
    finalized_household(client)
    project.sync(client)
    client.close()
    restored = reopened(project, old)
    project.sync(restored)
    finalized_household(restored)
    project.sync(restored)
    assert len(project.bodies()) == 2
    incarnations = {entry.header.incarnation for entry in project.entries(Kind.REVISION)}
    assert incarnations == {0, 1}
    assert restored.counts() == Counts(received=1), (
        "what the thief or the older self wrote is not here"
    )


# --- settings and the banner


def test_preferences_are_kept_and_checked(client: Client, project: TestProject) -> None:
    client.save_preferences(Preferences(language="ar", palette="sun", text_percent=150))
    home = client.files.home
    client.close()
    again = reopened(project, home)
    assert again.preferences().palette == "sun"
    for bad in ({"palette": "pink"}, {"text_percent": 50}, {"idle_lock_s": 5}):
        with pytest.raises(UsageError):
            again.save_preferences(replace(again.preferences(), **bad))
    assert again.begin("household").language.tag == "ar"


def test_the_banner_tells_space_battery_and_the_last_exchange(
    project: TestProject, tmp_path: Path
) -> None:
    device = fake_services(battery=FakeBattery(17), storage=FakeStorage(50 << 20))
    client = project.client(tmp_path / "home", device=device)
    assert client.banner().online is None
    client.join(project.code(), "T", "Amina", PASSPHRASE, send=project.answer_enrolment)
    project.sync(client)
    banner = client.banner()
    assert (banner.online, banner.battery_percent, banner.low_space) == (True, 17, True)
    assert banner.last_sync_ms is not None


def test_the_passphrase_can_be_changed(client: Client) -> None:
    with pytest.raises(UsageError):
        client.change_passphrase(PASSPHRASE, "short")
    client.change_passphrase(PASSPHRASE, PASSPHRASE + " new")
    person = client.find_enumerator("Amina")
    assert person is not None
    client.lock()
    with pytest.raises(PassphraseWrong):
        client.unlock(person, PASSPHRASE)
    client.unlock(person, PASSPHRASE + " new")


def test_panic_destroys_drafts_and_keeps_sealed_records(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    start_household(client).close()
    client.destroy_vault()
    assert client.enumerators() == ()
    project.sync(client)
    assert len(project.bodies()) == 1


def test_a_form_or_draft_that_is_not_here_is_told(client: Client) -> None:
    with pytest.raises(NotFound, match="not here"):
        client.begin("missing")
    with pytest.raises(NotFound):
        client.resume("0" * 32)
    with pytest.raises(NotFound):
        client.finalize("0" * 32)


def test_recovery_finds_nothing_to_do_where_nothing_happened(client: Client) -> None:
    finalizer: Finalizer = client._open.finalizer
    interview = start_household(client)
    interview.close()
    finalizer.recover()
    assert len(client.drafts()) == 1
    assert every_byte(client.files.home).count(b"Zubaida") == 0
