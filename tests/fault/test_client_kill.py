"""kill -9 of the client in mid-interview, mid-finalize and mid-hand-over: nothing lost or doubled.

Fifty kills of real processes at random moments, all on homes that go on being used; fifty of each
kind under `make soak`. The seed is
printed with a failure and fixed here, so a failure replays as far as the machine's pace allows.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_http import HttpProject
from client_kit import CONSENTING
from client_project import HOUSEHOLD_ANSWERS, PASSPHRASE, TestProject
from client_victim import Victim

from mobile_client.services.client import Client
from shared.forms.draft import decode as decode_snapshot

SEED = 20_261_121
UNLOCK = {"op": "unlock", "passphrase": PASSPHRASE}
ANSWERS = {
    "/data/place/round": "3",
    "/data/place/location": "Camp A",
    **CONSENTING,
    **HOUSEHOLD_ANSWERS,
}


def kills_of(few: int) -> list[Any]:
    """A few in the fast suite, fifty in the soak."""
    return [pytest.param(few, id="fast"), pytest.param(50, id="soak", marks=pytest.mark.soak)]


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish()
    return project


def step_by_step(number: int) -> list[dict[str, Any]]:
    """The lines of one interview, each answer by itself."""
    lines: list[dict[str, Any]] = [UNLOCK, {"op": "begin", "form": "household"}]
    lines += map(answer_line, list(ANSWERS.items())[:2])
    lines += [{"op": "next"}, *map(answer_line, CONSENTING.items()), {"op": "consent"}]
    named = {**HOUSEHOLD_ANSWERS, "/data/interview/head_name": f"Head {number}"}
    lines += map(answer_line, named.items())
    lines += [answer_line(("/data/interview/size", str(1 + turn))) for turn in range(30)]
    return lines


def answer_line(answer: tuple[str, str]) -> dict[str, Any]:
    return {"op": "answer", "path": answer[0], "text": answer[1]}


def last_answers(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the lines answered last, by question."""
    return {shape(line["path"]): line["text"] for line in lines if line["op"] == "answer"}


def saved_answers(client: Client) -> dict[str, dict[str, str]]:
    drafts = client._open.vault.drafts.all()
    return {draft.draft_id: decode_snapshot(draft.snapshot).values for draft in drafts}


def shape(path: str) -> str:
    return "/".join(step.partition("[")[0] for step in path.split("/"))


@pytest.mark.parametrize("kills", kills_of(20))
def test_killed_in_mid_interview_every_answer_told_as_saved_is_there(
    project: TestProject, tmp_path: Path, kills: int
) -> None:
    dice = random.Random(SEED)
    home = tmp_path / "home"
    project.on_disk(home).close()
    for number in range(kills):
        lines = step_by_step(number)
        victim = Victim(home, lines)
        victim.wait_for(dice.randint(2, len(lines)))
        time.sleep(dice.random() * 0.004)
        victim.kill()
        assert all(reply["ok"] for reply in victim.replies), victim.replies[-1]
        told = last_answers(lines[: len(victim.replies)])
        begun = last_answers(lines[: len(victim.replies) + 1])
        client = project.reopened(home)
        drafts = saved_answers(client)
        draft_id = victim.replies[1]["value"]["draft_id"]
        held = {shape(path): text for path, text in drafts[draft_id].items()}
        for path, text in told.items():
            assert held[path] in (text, begun[path]), f"{path} of interview {number} is lost"
        assert len(drafts) == 1, "no draft is doubled"
        client.abandon(draft_id, "abandoned")
        client.close()


def drafts_ready(client: Client, many: int, first: int) -> list[str]:
    made = []
    for number in range(first, first + many):
        filling = client.begin_filling("household")
        before, after = filling.parted(ANSWERS.items())
        filling.fill(before)
        filling.to_notice()
        assert filling.consent_as_answered()
        named = {**dict(after), "/data/interview/head_name": f"Head {number}"}
        filling.fill(named.items())
        filling.close()
        made.append(filling.draft_id)
    return made


def heads(project: TestProject) -> Iterator[str]:
    for identity in project.identities():
        for address, value in identity.patch.items():
            if address.endswith("head_name"):
                yield str(value)


@pytest.mark.parametrize("kills", kills_of(15))
def test_killed_in_mid_finalize_each_draft_becomes_one_record(
    project: TestProject, tmp_path: Path, kills: int
) -> None:
    dice = random.Random(SEED)
    home = tmp_path / "home"
    client = project.on_disk(home)
    made = 0
    for _ in range(kills):
        drafts = drafts_ready(client, 2, made)
        made += 2
        client.close()
        victim = Victim(
            home, [UNLOCK, *({"op": "finalize", "draft_id": draft} for draft in drafts)]
        )
        victim.wait_for(1 + dice.randint(0, 1))
        time.sleep(dice.random() * 0.012)
        victim.kill()
        sealed = [reply["value"][0]["record_id"] for reply in victim.replies[1:] if reply["ok"]]
        client = project.reopened(home)
        records = {row.record_id for row in client.records()}
        assert set(sealed) <= records, "a record told as sealed is in the list"
        assert len(client.drafts()) + len(records) == made
        for row in client.drafts():
            client.finalize(row.draft_id)
    assert client._slots.sweep(set()) == 0, "no draft key is left"
    project.sync(client)
    client.close()
    assert sorted(heads(project)) == sorted(f"Head {number}" for number in range(made))
    assert len({body.record_id for body in project.bodies()}) == made


@pytest.mark.parametrize("kills", kills_of(15))
def test_killed_in_mid_hand_over_the_next_one_goes_on(
    project: TestProject, tmp_path: Path, kills: int
) -> None:
    dice = random.Random(SEED)
    home = tmp_path / "home"
    made = 0
    with HttpProject(project) as server:
        client = project.on_disk(home, server.address)
        for _ in range(kills):
            for draft in drafts_ready(client, 2, made):
                client.finalize(draft)
            made += 2
            before = client.counts().received
            client.close()
            victim = Victim(home, [{"op": "sync"}])
            time.sleep(dice.random() * 0.12)
            victim.kill()
            with server.lock:
                client = project.reopened(home)
                received = client.counts().received
                assert before <= received <= made
                assert len(project.bodies()) >= received, "received is said of nothing else"
        client.close()
        victim = Victim(home, [{"op": "sync"}, {"op": "status"}])
        assert victim.wait_for(2)
        assert victim.replies[0]["ok"], victim.replies
        assert victim.replies[1]["value"]["counts"]["received"] == made
        victim.kill()
    assert sorted(heads(project)) == sorted(f"Head {number}" for number in range(made))
