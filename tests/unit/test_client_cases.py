"""Follow-up: a case arrives sealed to the device, is corrected, and the correction has parents."""

import shutil
from pathlib import Path

import pytest
from client_project import PASSPHRASE, TestProject, finalized_household

from mobile_client.commands.headless import end, fill_case
from mobile_client.presenters.cases import CasesPresenter
from mobile_client.presenters.ports import Slip
from mobile_client.services.client import Client
from mobile_client.vault.drafts import Draft
from shared.errors import NotFound
from shared.records.revision import DELETED
from shared.sealing.withdrawal import code_hash, parse_code_text
from sync.core.attest import Withdrawn


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish()
    return project


@pytest.fixture
def client(project: TestProject, tmp_path: Path) -> Client:
    """A device with one case of its own, sent back as an assignment."""
    client = project.enrolled(tmp_path / "home")
    finalized_household(client)
    project.sync(client)
    project.assign(client, project.bodies()[0], tuple(project.revision_ids()))
    project.sync(client)
    return client


def record(client: Client) -> str:
    (case,) = client.search("", 10)
    return case.record_id


def test_a_case_is_found_by_place_and_number_only_while_unlocked(
    client: Client, project: TestProject
) -> None:
    (case,) = client.search("camp", 10)
    assert case.label == "Household · Camp A"
    assert client.search(case.record_id[:6], 10) == (case,)
    assert client.search("elsewhere", 10) == ()
    home = client.files.home
    client.close()
    locked = project.client(home)
    assert locked.mailbox is None
    locked.unlock(locked.enumerators()[0].id, PASSPHRASE)
    assert [row.record_id for row in locked.search("", 10)] == [case.record_id]


def test_a_correction_names_what_it_knew_and_holds_only_what_changed(
    client: Client, project: TestProject
) -> None:
    (first,) = project.revision_ids()
    filled = fill_case(client, record(client), [("/data/interview/size", "5")])
    assert end(client, filled, "finalize").outcome == "finalized"
    project.sync(client)
    body = project.bodies()[1]
    assert body.parents == (first,)
    assert dict(body.patch) == {"/data/interview/size": 5}
    assert body.record_id == project.bodies()[0].record_id
    assert body.reason == "follow-up"
    assert client.slips_due()[0].record_id == body.record_id.hex()
    assert len(client.slips_due()) == 1, "a correction has no slip of its own"


def test_a_second_correction_builds_on_the_first_before_any_answer(
    client: Client, project: TestProject
) -> None:
    for path, text in (("/data/interview/size", "5"), ("/data/interview/needs", "food")):
        end(client, fill_case(client, record(client), [(path, text)]), "finalize")
    project.sync(client)
    one, two, three = project.revision_ids()
    assert [body.parents for body in project.bodies()] == [(), (one,), (two,)]
    assert dict(project.bodies()[2].patch) == {"/data/interview/needs": ("food",)}
    assert three not in (one, two)


def test_a_kill_after_a_correction_stands_in_the_log_keeps_what_it_left(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    filled = fill_case(client, record(client), [("/data/interview/size", "5")])
    finalizer = client._open.finalizer
    done = finalizer._done

    def photographed(draft: Draft) -> Slip:
        shutil.copytree(client.files.home, tmp_path / "photo")
        return done(draft)

    finalizer._done = photographed  # type: ignore[method-assign]
    end(client, filled, "finalize")
    again = project.client(tmp_path / "photo")
    again.unlock(again.enumerators()[0].id, PASSPHRASE)
    assert again.drafts() == ()
    case = again._open.cases.find(record(again))
    assert case.body.patch["/data/interview/size"] == 5
    assert case.body.parents == client._open.cases.find(record(client)).body.parents


def test_a_newer_letter_takes_the_place_of_the_own_correction(
    client: Client, project: TestProject
) -> None:
    end(client, fill_case(client, record(client), [("/data/interview/size", "5")]), "finalize")
    project.sync(client)
    heads = tuple(project.revision_ids()[1:])
    merged = project.bodies()[0]
    project.assign(client, merged, heads)
    project.sync(client)
    case = client._open.cases.find(record(client))
    assert case.body.parents == heads


def test_members_can_be_added_and_removed_in_a_correction(
    client: Client, project: TestProject
) -> None:
    answers = [
        ("/data/interview/member[2]/member_name", "Amal"),
        ("/data/interview/member[2]/age", "20"),
    ]
    end(client, fill_case(client, record(client), answers), "finalize")
    interview = client.open_case(record(client))
    interview.remove_repeat("/data/interview/member[1]")
    assert interview.violations() == ()
    interview.close()
    client.finalize(interview.draft_id)
    project.sync(client)
    added, removed = project.bodies()[1].patch, project.bodies()[2].patch
    assert sorted(v for k, v in added.items() if k.endswith("]")) == [2]
    assert DELETED in removed.values()
    assert "Amal" in project.identities()[1].patch.values()


def test_a_withdrawn_case_is_forgotten_with_what_was_kept_of_it(
    client: Client, project: TestProject
) -> None:
    end(client, fill_case(client, record(client), [("/data/interview/size", "5")]), "finalize")
    (slip,) = client.slips_due()
    project.attest(Withdrawn(code_hash(parse_code_text(slip.code))))
    project.sync(client)
    assert client.search("", 10) == ()
    assert client._open.vault.items("correction") == []


def test_a_case_that_is_not_assigned_here_is_told(client: Client) -> None:
    with pytest.raises(NotFound, match="not assigned"):
        client.open_case("00" * 16)


def test_the_presenter_searches_and_opens(client: Client) -> None:
    opened: list[object] = []
    presenter = CasesPresenter(client, on_open=opened.append, on_leave=lambda: None)
    presenter.search("camp")
    assert len(presenter.state.rows) == 1
    presenter.open(presenter.state.rows[0].record_id)
    presenter.open("00" * 16)
    assert len(opened) == 1
    assert presenter.state.notice is not None


def test_no_answer_of_a_case_lies_in_the_clear(client: Client) -> None:
    end(client, fill_case(client, record(client), [("/data/interview/size", "5")]), "finalize")
    data = b"".join(p.read_bytes() for p in client.files.home.rglob("*") if p.is_file())
    assert b"Camp A" not in data
    assert b"Zubaida" not in data
