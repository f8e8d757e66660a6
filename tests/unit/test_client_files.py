"""SEAL-064, CONS-006, FRM-039, P1, P2: files of drafts, from the question to the log."""

import os
import shutil
from datetime import UTC
from pathlib import Path

import pytest
from camera import CANARY, camera_jpeg
from client_kit import CONSENTING, HOUSEHOLD, MovingClock, Shelf, form_of, start
from client_project import PASSPHRASE, TestProject

from mobile_client.device.services import DeviceFault, Taken, Wish
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.review import PICTURES_MAX, ReviewPresenter
from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.client import Client
from mobile_client.services.media import keep_media, open_media, sweep_media
from mobile_client.services.questions import wish_of
from shared.errors import StoreFull, TagMismatch
from shared.forms.interview import Interview
from shared.records.files import FileName, read_file_name
from shared.sealing.envelope import Compartment, Kind

FORM = HOUSEHOLD.replace(
    "| | image | photo | Photo of the shelter | صورة | | | | | | | direct | |",
    "\n".join(
        (
            "| | image | photo | Photo of the shelter | صورة | | | | | | | direct | |",
            "| | image | roof | Roof | سقف | | | | | | | open | |",
            "| | image | wall | Wall | جدار | | | | | | | open | |",
            "| | audio | story | Story | قصة | | | | | | | open | contact |",
            "| | begin_repeat | crack | Crack | شق | | | | | | | | |",
            "| | image | close | Close | قريب | | | | | | | open | |",
            "| | end_repeat | | | | | | | | | | | |",
        )
    ),
)
PHOTO, ROOF, WALL = (f"/data/interview/{name}" for name in ("photo", "roof", "wall"))
STORY = "/data/interview/story"


@pytest.fixture
def project() -> TestProject:
    made = TestProject()
    made.publish(FORM)
    return made


@pytest.fixture
def client(project: TestProject, tmp_path: Path) -> Client:
    return project.enrolled(tmp_path / "home")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "Zubaida's roof.jpg"
    path.write_bytes(camera_jpeg(500, 300))
    return path


def begun(client: Client, contact: str = "no") -> OpenInterview:
    """An interview past its notice."""
    interview = client.begin("household")
    interview.answer("/data/place/round", "3")
    interview.answer("/data/place/location", "LOC-1")
    interview.next()
    for path, text in {**CONSENTING, "/data/consent/consent_contact": contact}.items():
        interview.answer(path, text)
    granted = {"assistance"} | ({"contact"} if contact == "yes" else set())
    assert interview.consent(ConsentGiven(frozenset(granted), "verbal"))
    interview.answer("/data/interview/head_name", "Amina")
    interview.answer("/data/interview/size", "4")
    for repeat in ("member", "crack"):
        interview.remove_repeat(f"/data/interview/{repeat}[1]")
    return interview


def kept(client: Client) -> list[Path]:
    return sorted(client.files.media_folder.iterdir())


def names(project: TestProject) -> dict[str, FileName]:
    """The files that the record received last names, by address."""
    patches = {**project.bodies()[-1].patch}
    if project.identities():
        patches.update(project.identities()[-1].patch)
    found = {}
    for address, value in patches.items():
        if isinstance(value, str) and len(value) >= 64:
            found[address] = read_file_name(value)
    return found


# --- drafts


def test_a_file_and_its_thumbnail_lie_sealed_and_survive_a_kill(
    client: Client, project: TestProject, photo: Path, tmp_path: Path
) -> None:
    interview = begun(client)
    interview.attach(PHOTO, photo)
    shutil.copytree(client.files.home, tmp_path / "power cut")
    files = [path for path in (tmp_path / "power cut").rglob("*") if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)
    assert CANARY not in held
    assert b"JFIF" not in held
    assert b"Zubaida" not in held
    again = project.client(tmp_path / "power cut")
    (person,) = again.enumerators()
    again.unlock(person.id, PASSPHRASE)
    (draft,) = again.drafts()
    resumed = again.resume(draft.draft_id)
    assert resumed.thumbnail(PHOTO)[:3] == b"\xff\xd8\xff"


def test_taking_an_answer_back_destroys_its_file(client: Client, photo: Path) -> None:
    interview = begun(client)
    interview.attach(ROOF, photo)
    assert len(kept(client)) == 2
    interview.answer(ROOF, "")
    assert kept(client) == []
    assert interview.thumbnail(ROOF) == b""


def test_another_picture_destroys_the_first(client: Client, photo: Path) -> None:
    interview = begun(client)
    interview.attach(ROOF, photo)
    first = kept(client)
    interview.attach(ROOF, photo)
    assert len(kept(client)) == 2
    assert not set(first) & set(kept(client))


def test_removing_an_instance_destroys_its_files_and_no_other(client: Client, photo: Path) -> None:
    interview = begun(client)
    interview.attach(ROOF, photo)
    interview.add_repeat("/data/interview/crack")
    interview.attach("/data/interview/crack[1]/close", photo)
    assert len(kept(client)) == 4
    interview.remove_repeat("/data/interview/crack[1]")
    assert len(kept(client)) == 2
    assert interview.thumbnail(ROOF)


@pytest.mark.parametrize("way", ["abandoned", "refused"])
def test_abandoning_destroys_the_files(client: Client, photo: Path, way: str) -> None:
    interview = begun(client)
    interview.attach(PHOTO, photo)
    interview.decline(way)
    assert kept(client) == []


def test_what_a_kill_left_without_an_answer_is_swept(
    client: Client, project: TestProject, photo: Path
) -> None:
    interview = begun(client)
    interview.attach(ROOF, photo)
    mine = kept(client)
    taken = Taken("jpg", lambda: iter([b"never answered"]), b"small")
    keep_media(client.files.media_folder, "Amina", taken, os.urandom)
    stranger = client.files.media_folder / ("0" * 32)
    stranger.write_bytes(b"another enumerator's")
    home = client.files.home
    client.close()
    again = project.client(home)
    (person,) = again.enumerators()
    again.unlock(person.id, PASSPHRASE)
    left = set(kept(again))
    assert set(mine) <= left
    assert stranger in left


def test_a_sweep_takes_only_the_owners_unnamed_files(tmp_path: Path) -> None:
    taken = Taken("jpg", lambda: iter([b"x" * 10]), b"small")
    _, mine = keep_media(tmp_path, "one", taken, os.urandom)
    _, lost = keep_media(tmp_path, "one", taken, os.urandom)
    _, other = keep_media(tmp_path, "two", taken, os.urandom)
    assert sweep_media(tmp_path, "one", [mine]) == 2
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {mine.name, mine.thumbnail, other.name, other.thumbnail}
    assert lost.name not in left
    assert b"".join(open_media(tmp_path, mine.thumbnail, mine.thumbnail_key)) == b"small"
    with pytest.raises(TagMismatch):
        list(open_media(tmp_path, mine.name, mine.thumbnail_key))


def test_a_full_disk_leaves_nothing_of_the_file_and_the_answer_as_it_was(tmp_path: Path) -> None:
    shelf = Shelf()
    filling = start(form_of(HOUSEHOLD), shelf)
    for path, text in {"/data/place/round": "1", "/data/place/location": "L", **CONSENTING}.items():
        filling.answer(path, text)
    filling.next()
    assert filling.consent(ConsentGiven(frozenset({"assistance"}), "verbal"))
    shelf.full = True
    with pytest.raises(StoreFull):
        filling.attach(PHOTO, tmp_path / "roof.jpg")
    assert shelf.dropped == ["sealed roof.jpg"]
    assert filling.draft.media == {}


def test_a_file_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield b"x" * 300_000
        raise DeviceFault("the stick was pulled out")

    with pytest.raises(DeviceFault):
        keep_media(tmp_path, "one", Taken("mp4", broken), os.urandom)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


# --- finalizing


def test_thumbnails_come_first_and_the_record_names_all(
    client: Client, project: TestProject, photo: Path
) -> None:
    """SEAL-064: entries before the revision; nothing of a file's name but its kind."""
    interview = begun(client)
    interview.attach(PHOTO, photo)
    interview.attach(ROOF, photo)
    interview.close()
    client.finalize(interview.draft_id)
    assert kept(client) == [], "after finalize nothing is left to read"
    project.sync(client)
    entries = project.entries(Kind.ATTACHMENT)
    refs = [entry.header.payloads[0] for entry in entries]
    named = names(project)
    assert [ref.hash for ref in refs] == [
        named[PHOTO].thumbnail,
        named[ROOF].thumbnail,
        named[PHOTO].hash,
        named[ROOF].hash,
    ]
    direct, open_ = Compartment.DIRECT_ATTACHMENT, Compartment.ATTACHMENT
    assert [ref.compartment for ref in refs] == [direct, open_, direct, open_]
    (revision,) = project.entries(Kind.REVISION)
    assert entries[-1].header.sequence + 1 == revision.header.sequence
    assert PHOTO not in project.bodies()[-1].patch


def test_equal_content_of_one_class_is_sealed_once(
    client: Client, project: TestProject, photo: Path
) -> None:
    """SEAL-064."""
    interview = begun(client)
    for path in (PHOTO, ROOF, WALL):
        interview.attach(path, photo)
    interview.close()
    client.finalize(interview.draft_id)
    project.sync(client)
    named = names(project)
    assert named[ROOF] == named[WALL]
    assert named[PHOTO].hash != named[ROOF].hash, "another class, another key"
    assert len(project.entries(Kind.ATTACHMENT)) == 4


def test_a_file_without_consent_for_its_purpose_is_not_sealed(
    client: Client, project: TestProject, tmp_path: Path
) -> None:
    """CONS-006, SEAL-064."""
    story = tmp_path / "story.wav"
    story.write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(1000))
    for contact in ("no", "yes"):
        interview = begun(client, contact)
        interview.attach(STORY, story)
        interview.close()
        client.finalize(interview.draft_id)
        project.sync(client)
        assert len(project.entries(Kind.ATTACHMENT)) == (contact == "yes")
        assert (STORY in names(project)) == (contact == "yes")
        assert kept(client) == []


# --- what the form wants, what the review shows


def test_the_form_says_how_large_and_whether_metadata_stays() -> None:
    loaded = form_of(
        "| survey |\n"
        "| | type | name | label | parameters | bind::cairn:metadata | bind::cairn:disclosure |\n"
        "| | image | a | A | max-pixels=640 | | open |\n"
        "| | image | b | B | | keep | open |\n"
        "| | audio | c | C | | | open |\n"
        "| settings |\n| | form_id | cairn_basis | cairn_purposes |\n"
        "| | f | observation | statistics |\n"
    )
    clock = MovingClock()
    interview = Interview(loaded.form, clock_now=clock.now(), tz=UTC, random_bytes=os.urandom)
    assert wish_of(interview, loaded, "/data/a") == Wish("image", 640)
    assert wish_of(interview, loaded, "/data/b") == Wish("image", 0, keeps_metadata=True)
    assert wish_of(interview, loaded, "/data/c") == Wish("audio")


def test_the_review_shows_thumbnails_while_the_draft_is_open(client: Client, photo: Path) -> None:
    interview = begun(client)
    interview.attach(PHOTO, photo)
    interview.attach(ROOF, photo)
    review = ReviewPresenter(
        interview,
        client,
        None,
        on_open=lambda _: None,
        on_done=lambda _: None,  # type: ignore[arg-type]
    )
    shown = review.state.pictures
    assert [row.path for row in shown] == [PHOTO, ROOF]
    assert all(row.thumbnail.startswith(b"\xff\xd8\xff") for row in shown)
    assert len(shown) <= PICTURES_MAX
