"""A tablet whose disk is really full: each step says so, nothing is torn, work goes on after.

A small file system is filled to within a few pages, so that every step meets the end of the space
somewhere: in the vault, in the draft keys, in a picture, in the log, in a bundle (P1, SYNC-052).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from camera import camera_jpeg
from client_kit import CONSENTING, HOUSEHOLD, SITE
from client_project import HOUSEHOLD_ANSWERS, PASSPHRASE, TestProject
from small_disk import PAGE_BYTES, SmallDisk, small_disk, told_in
from typer.testing import CliRunner

from mobile_client.commands.console import Options
from mobile_client.commands.script import Script
from mobile_client.presenters.interview import InterviewPresenter
from shared.errors import StoreFull
from sync.commands.log import app as log_app

DISK_BYTES = 8 << 20
FULL = "STORE-002"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as mounted:
        yield mounted


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish(HOUSEHOLD)
    return project


class Tablet:
    """The headless client on a small disk: each step is tried full, and again with space."""

    def __init__(self, project: TestProject, disk: SmallDisk, home: Path | None = None) -> None:
        self.project, self.disk = project, disk
        self.home = home or disk.root / "home"
        self.client = project.on_disk(self.home)
        self.script = Script(self.client, Options(self.home, "", None))
        self.refused: list[str] = []
        self.messages: list[str] = []

    def reopen(self) -> None:
        """Close and open the home: the write-ahead logs start empty again."""
        self.client.close()
        self.client = self.project.reopened(self.home)
        self.script = Script(self.client, Options(self.home, "", None))

    def step(self, leave_bytes: int, op: str, **fields: Any) -> Any:
        """Do one line of a script; a refusal must be the full disk's, and pass with it."""
        return self.with_space_at_last(leave_bytes, op, lambda: self.line(op, **fields))

    def with_space_at_last(self, leave_bytes: int, name: str, do: Callable[[], Any]) -> Any:
        self.disk.fill(leave_bytes)
        before = len(self.messages)
        try:
            with told_in(self.messages):
                return do()
        finally:
            self.disk.empty()
        self.refused += [name] * (len(self.messages) - before)
        return do()

    def line(self, op: str, **fields: Any) -> Any:
        """Do one line of a script as it is.

        Raises:
            StoreFull: the reply said so; any other error fails the test.
        """
        reply = self.script.reply(json.dumps({"op": op, **fields}))
        if reply["ok"]:
            return reply["value"]
        assert reply["error"]["code"] == FULL, reply
        raise StoreFull(reply["error"]["message"])

    def interview(self, leave_bytes: int, number: int, photo: Path) -> None:
        """Fill and finalize one form."""
        self.step(leave_bytes, "begin", form="household")
        for path, text in {"/data/place/round": "3", "/data/place/location": "Camp A"}.items():
            self.step(leave_bytes, "answer", path=path, text=text)
        self.step(leave_bytes, "next")
        for path, text in CONSENTING.items():
            self.step(leave_bytes, "answer", path=path, text=text)
        assert self.step(leave_bytes, "consent") == {"in_force": True}
        named = {**HOUSEHOLD_ANSWERS, "/data/interview/head_name": f"Head {number}"}
        for path, text in named.items():
            self.step(leave_bytes, "answer", path=path, text=text)
        self.with_space_at_last(
            leave_bytes,
            "attach",
            lambda: self.script._open.attach("/data/interview/photo", photo),
        )
        draft = self.step(leave_bytes, "close")["draft_id"]
        self.step(leave_bytes, "finalize", draft_id=draft)


def test_every_step_on_a_full_disk_is_told_and_works_with_space(
    project: TestProject, disk: SmallDisk, tmp_path: Path
) -> None:
    """Eleven interviews, the disk full to the last page at the first and less at each."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(camera_jpeg(280, 260, seed=3))
    tablet = Tablet(project, disk)
    leaves = [*range(0, 8 * PAGE_BYTES, PAGE_BYTES), 60_000, 120_000, 250_000]
    for number, leave_bytes in enumerate(leaves):
        tablet.reopen()
        tablet.interview(leave_bytes, number, photo)
    assert {"begin", "answer", "attach", "finalize"} <= set(tablet.refused), tablet.refused
    assert all("free some" in message for message in tablet.messages)
    check_whole(tablet, len(leaves))


def check_whole(tablet: Tablet, interviews: int) -> None:
    """Every interview is sealed once, the log verifies, and all of it is handed over."""
    assert tablet.client.drafts() == ()
    assert len(tablet.client.records()) == interviews
    tablet.project.sync(tablet.client)
    names = [
        str(value)
        for identity in tablet.project.identities()
        for address, value in identity.patch.items()
        if address.endswith("head_name")
    ]
    assert sorted(names) == sorted(f"Head {number}" for number in range(interviews))
    assert tablet.client.counts().received == interviews
    tablet.client.close()
    said = CliRunner().invoke(log_app, ["verify", str(tablet.home / "log.db"), "--json"])
    assert json.loads(said.stdout)["good"] is True
    left = [path.name for path in tablet.home.rglob("*") if path.name.endswith(".new")]
    assert left == [], "nothing half written is left"


def test_a_home_opens_and_unlocks_on_a_full_disk_or_says_why(
    project: TestProject, disk: SmallDisk
) -> None:
    tablet = Tablet(project, disk)
    tablet.interview(1 << 20, 1, photo_in(disk))
    device = tablet.client.device
    tablet.client.close()
    told: list[str] = []
    for pages in range(0, 30, 2):
        disk.fill(pages * PAGE_BYTES)
        with told_in(told), closing(project.client(tablet.home, device=device)) as client:
            client.unlock(client.enumerators()[0].id, PASSPHRASE)
    assert told
    assert all("free some" in message for message in told)
    disk.empty()
    client = project.reopened(tablet.home)
    assert len(client.records()) == 1
    client.close()


def photo_in(disk: SmallDisk) -> Path:
    path = disk.root / "photo.jpg"
    path.write_bytes(camera_jpeg(64, 64))
    return path


def test_a_full_stick_takes_no_half_bundle(
    project: TestProject, disk: SmallDisk, tmp_path: Path
) -> None:
    """SYNC-052: the records stay here, and another stick or more space takes them."""
    tablet = Tablet(project, disk, tmp_path / "home")
    for number in range(3):
        tablet.interview(4 << 20, number, photo_in(disk))
    stick = disk.root / "records.cairnb"
    told: list[str] = []
    for pages in range(40):
        disk.fill(pages * PAGE_BYTES)
        with told_in(told):
            tablet.line("sync", bundle=str(stick))
        if len(told) == pages:
            break
        assert [p.name for p in disk.root.iterdir() if "cairnb" in p.name] == []
        assert tablet.client.counts().handed_over == 0
    assert 0 < len(told) < 40
    assert all("use another stick" in message for message in told)
    disk.empty()
    assert project.take_bundle(stick, tmp_path / "answer.cairnb") > 3
    tablet.line("sync", from_bundle=str(tmp_path / "answer.cairnb"))
    assert tablet.client.counts().received == 3
    tablet.client.close()


def test_what_a_sync_brings_to_a_full_disk_is_taken_in_once_there_is_space(
    project: TestProject, disk: SmallDisk
) -> None:
    """A form was published meanwhile: each try says that the disk is full, until it is not."""
    tablet = Tablet(project, disk)
    project.publish(SITE)
    told: list[str] = []
    for pages in range(0, 60, 2):
        tablet.reopen()
        disk.fill(pages * PAGE_BYTES)
        with told_in(told):
            project.sync(tablet.client)
        disk.empty()
    assert told
    assert all("free some" in message for message in told)
    tablet.reopen()
    assert tablet.client.project is not None
    assert tablet.client.project.library.faults() == {}
    assert {row.form_id for row in tablet.client.forms()} == {"household", "site"}
    tablet.client.close()


def test_the_screen_says_it_and_the_answer_is_taken_once_there_is_space(
    project: TestProject, disk: SmallDisk
) -> None:
    """P1: what was not saved is not called saved."""
    tablet = Tablet(project, disk)
    interview = tablet.client.begin("household")
    screen = InterviewPresenter(
        interview, on_consent=lambda _: None, on_end=lambda _: None, on_leave=lambda: None
    )
    path = screen.state.screen.questions[0].path
    screen.answer(path, "1")
    tablet.reopen()
    interview = tablet.client.resume(tablet.client.drafts()[0].draft_id)
    screen = InterviewPresenter(
        interview, on_consent=lambda _: None, on_end=lambda _: None, on_leave=lambda: None
    )
    disk.fill()
    for number in range(2, 40):
        screen.answer(path, str(number))
    assert screen.state.notice is not None
    assert (screen.state.notice.code, "free some" in screen.state.notice.text) == (FULL, True)
    disk.empty()
    screen.answer(path, "40")
    assert screen.state.notice is None
    tablet.reopen()
    interview = tablet.client.resume(tablet.client.drafts()[0].draft_id)
    assert interview.screen().questions[0].value == "40"
    tablet.client.close()
