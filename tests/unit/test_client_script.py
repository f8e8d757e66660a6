"""The script mode: one process, JSON lines; what a demonstration and a kill test drive."""

import json
from pathlib import Path
from typing import Any

import pytest
from client_kit import CONSENTING, SITE
from client_project import HOUSEHOLD_ANSWERS, PASSPHRASE, TestProject

from mobile_client.commands.console import Options
from mobile_client.commands.script import Script
from shared.records.small import Outcome

ANSWERS = {
    "/data/place/round": "3",
    "/data/place/location": "Camp A",
    **CONSENTING,
    **HOUSEHOLD_ANSWERS,
    "/data/interview/member[2]/member_name": "Amal",
    "/data/interview/member[2]/age": "30",
}
SILENT = {path: text for path, text in ANSWERS.items() if "/consent/" not in path}


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish()
    project.publish(SITE)
    return project


class Line:
    """A script over one enrolled home."""

    def __init__(self, project: TestProject, home: Path) -> None:
        self.client = project.enrolled(home)
        self.script = Script(self.client, Options(home, "", None))

    def __call__(self, op: str, **request: Any) -> Any:
        reply = self.script.reply(json.dumps({"op": op, **request}))
        assert reply["ok"], reply
        return reply["value"]

    def refused(self, op: str, **request: Any) -> str:
        reply = self.script.reply(json.dumps({"op": op, **request}))
        assert not reply["ok"], reply
        return str(reply["error"]["code"])


@pytest.fixture
def line(project: TestProject, tmp_path: Path) -> Line:
    return Line(project, tmp_path / "home")


def test_one_line_is_one_interview(line: Line, project: TestProject) -> None:
    filled = line("fill", form="household", answers=ANSWERS, outcome="finalize")
    assert filled["outcome"] == "finalized"
    assert len(filled["code"].replace("-", "")) == 20
    project.sync(line.client)
    (body,) = project.bodies()
    assert sorted(v for k, v in body.patch.items() if k.endswith("/age")) == [7, 30]
    assert body.record_id.hex() == filled["record_id"]


def test_a_no_under_the_notice_ends_as_a_refusal(line: Line, project: TestProject) -> None:
    no = {**ANSWERS, "/data/consent/consent_assistance": "no"}
    assert line("fill", form="household", answers=no, outcome="finalize")["outcome"] == "refused"
    project.sync(line.client)
    assert [tally.outcome for tally in project.tallies()] == [Outcome.REFUSED]
    assert project.bodies() == []


@pytest.mark.parametrize(
    ("consent", "granted"), [("all", {"assistance", "contact"}), ("assistance", {"assistance"})]
)
def test_consent_may_be_given_beside_the_answers(
    line: Line, project: TestProject, consent: str, granted: set[str]
) -> None:
    line("fill", form="household", answers=SILENT, consent=consent, outcome="finalize")
    project.sync(line.client)
    assert project.bodies()[0].consents[0].granted() == granted


def test_consent_none_is_a_refusal(line: Line) -> None:
    assert line("fill", form="household", answers=SILENT, consent="none")["outcome"] == "refused"


def test_a_key_informant_is_asked_too(line: Line, project: TestProject) -> None:
    answers = {
        "/data/location": "Camp A",
        "/data/informant/informant_agrees": "yes",
        "/data/people": "12",
    }
    assert line("fill", form="site", answers=answers, outcome="finalize")["code"] == ""
    no = {**answers, "/data/informant/informant_agrees": "no"}
    assert line("fill", form="site", answers=no, outcome="finalize")["outcome"] == "refused"
    project.sync(line.client)
    assert project.bodies()[0].patch["/data/people"] == 12


@pytest.mark.parametrize(("outcome", "word"), [("abandon", "abandoned"), ("refuse", "refused")])
def test_an_interview_may_end_without_a_record(line: Line, outcome: str, word: str) -> None:
    assert line("fill", form="household", answers=ANSWERS, outcome=outcome)["outcome"] == word
    assert line("list")["drafts"] == []


def test_a_draft_is_gone_on_with_and_finalized(line: Line) -> None:
    part = {k: v for k, v in ANSWERS.items() if not k.endswith("/size")}
    draft = line("fill", form="household", answers=part)["draft_id"]
    assert line("finalize") == []
    assert line.refused("finalize", draft_id=draft) == "FORM-002"
    more = {"/data/interview/size": "2"}
    filled = line("fill", draft_id=draft, answers=more, outcome="finalize")
    assert filled["outcome"] == "finalized"


def test_a_made_up_respondent_answers_the_same_for_the_same_seed(
    line: Line, project: TestProject
) -> None:
    for _ in range(2):
        assert line("fill", form="household", seed=5, outcome="finalize")["record_id"]
    project.sync(line.client)
    one, two = ({k: v for k, v in b.patch.items() if "[" not in k} for b in project.bodies())
    one.pop("/data/meta/instanceID")
    two.pop("/data/meta/instanceID")
    assert one == two


def test_an_interview_goes_step_by_step(line: Line) -> None:
    draft = line("begin", form="household")["draft_id"]
    line("answer", path="/data/place/round", text="3")
    line("answer", path="/data/place/location", text="Camp A")
    assert line("next") == {"moved": True}
    assert line("screen")["kind"] == "consent"
    assert line.refused("answer", path="/data/interview/size", text="2") == "GOV-002"
    for path, text in CONSENTING.items():
        line("answer", path=path, text=text)
    assert line("consent") == {"in_force": True}
    line("add_repeat", path="/data/interview/member")
    line("remove_repeat", path="/data/interview/member[2]")
    assert line("back") == {"moved": True}
    assert line("outline")
    assert line("close") == {"draft_id": draft}
    line("resume", draft_id=draft)
    assert line("decline", outcome="refused") == {"outcome": "refused"}
    assert line.refused("next") == "CAIRN-001"


def test_the_rest_of_the_words(line: Line) -> None:
    code = line("fill", form="household", answers=ANSWERS, outcome="finalize")["code"]
    assert line("withdraw", code=code) == {"kept": True}
    assert line("tally", form="household", outcome="absent") == {"outcome": "absent"}
    listing = line("list")
    (slip,) = listing["slips"]
    line("slip_given", record_id=slip["record_id"])
    assert line("list")["slips"] == []
    assert line("status")["counts"]["on_device"] == 1
    line("lock")
    assert line.refused("list") == "CAIRN-001"
    line("unlock", passphrase=PASSPHRASE)
    assert line("status")["unlocked"]


@pytest.mark.parametrize(
    ("request_line", "part"),
    [
        ("nonsense", "JSON"),
        ("[]", "op"),
        ('{"op": "dance"}', "op"),
        ('{"op": "fill", "answers": {}}', '"form"'),
        ('{"op": "fill", "form": "household", "answers": [["a"]]}', "path and a text"),
        ('{"op": "fill", "form": "missing", "answers": {}}', "not here"),
        ('{"op": "tally", "form": "household", "outcome": "bored"}', "absent"),
        ('{"op": "withdraw", "code": "12"}', ""),
        ('{"op": "clock", "now": "now"}', "clock"),
    ],
)
def test_a_bad_line_is_told_and_the_next_one_is_read(
    line: Line, request_line: str, part: str
) -> None:
    reply = line.script.reply(request_line)
    assert not reply["ok"]
    assert part in reply["error"]["message"]
    assert line("status")["unlocked"]
