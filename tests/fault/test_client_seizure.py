"""A seized device: no answer in any byte without the passphrase, nothing finalized even with it."""

import base64
import random
import shutil
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_kit import CONSENTING, HOUSEHOLD
from client_project import HOUSEHOLD_ANSWERS, PASSPHRASE, TestProject, finalized_household
from client_victim import Victim

from mobile_client.services.client import Client
from mobile_client.services.hand_over import HandOverIncomplete
from mobile_client.vault.people import People
from shared.canonical import decode
from shared.errors import EnvelopeError, StoreCorrupt
from shared.sealing.envelope import Compartment, Kind, LogId
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import SecretKey, Suite

CANARIES = {
    "/data/place/location": "CANARYPLACEqx71",
    "/data/interview/head_name": "CANARYZubaidaqx72",
    "/data/interview/phone": "+249912777333",
    "/data/interview/member[1]/member_name": "CANARYOmarqx73",
}
PHOTO = b"\xff\xd8" + b"CANARYpixelsqx74" * 4000


def written_as(canary: bytes) -> Iterator[bytes]:
    """Yield the ways a careless program might leave a text behind."""
    text = canary.decode("latin-1")
    yield canary
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield canary.hex().encode()
    yield canary.hex().upper().encode()
    yield canary[::-1]
    for lead in range(3):
        # Base64 depends on where in the stream the text begins; its inner part does not.
        coded = base64.b64encode(bytes(lead) + canary)
        yield coded[4:-4]
        yield coded[4:-4].replace(b"+", b"-").replace(b"/", b"_")


def inflated(data: bytes) -> Iterator[bytes]:
    """Yield what every DEFLATE, zlib or gzip stream in some bytes unpacks to."""
    for mark, bits in ((b"\x78", 15), (b"\x1f\x8b\x08", 31)):
        at = data.find(mark)
        while at >= 0:
            unpacker = zlib.decompressobj(bits)
            try:
                plain = unpacker.decompress(data[at : at + (1 << 16)])
            except zlib.error:
                plain = b""
            if len(plain) > 16:
                yield plain
            at = data.find(mark, at + 1)


def found_in(folder: Path, canaries: list[bytes]) -> list[str]:
    """Return where a canary shows, in file names or in any byte, packed or not."""
    hits = []
    for path in sorted(folder.rglob("*")):
        name = path.name.encode()
        pieces = [name]
        if path.is_file():
            data = path.read_bytes()
            pieces += [data, *inflated(data)]
        for canary in canaries:
            for form in written_as(canary):
                hits += [f"{path.name}: {form!r}" for piece in pieces if form in piece]
    return hits


def canary_bytes() -> list[bytes]:
    return [text.encode() for text in CANARIES.values()] + [PHOTO[2:18]]


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish(HOUSEHOLD)
    return project


def lines() -> list[dict[str, object]]:
    answers = {
        "/data/place/round": "3",
        **CONSENTING,
        "/data/consent/consent_contact": "yes",
        **HOUSEHOLD_ANSWERS,
        **CANARIES,
    }
    order = [path for path in answers if "/place/" in path]
    order += [path for path in answers if "/consent/" in path]
    order += [path for path in answers if "/interview/" in path]
    steps: list[dict[str, object]] = [
        {"op": "unlock", "passphrase": PASSPHRASE},
        {"op": "begin", "form": "household"},
    ]
    for path in order:
        if path == "/data/interview/head_name":
            steps.append({"op": "consent"})
        steps.append({"op": "answer", "path": path, "text": answers[path]})
    return steps


def test_the_search_itself_finds_what_is_left_in_the_clear(tmp_path: Path) -> None:
    canary = b"CANARYZubaidaqx72"
    for number, data in enumerate((*written_as(canary), zlib.compress(b"x" * 40 + canary))):
        (tmp_path / str(number)).write_bytes(b"noise" + data + b"noise")
    assert len({hit.partition(":")[0] for hit in found_in(tmp_path, [canary])}) == number + 1
    (tmp_path / "CANARYZubaidaqx72.db").touch()
    assert any(hit.startswith("CANARY") for hit in found_in(tmp_path, [canary]))


def test_a_killed_device_holds_no_canary_in_any_byte(project: TestProject, tmp_path: Path) -> None:
    dice = random.Random(7)
    home = tmp_path / "home"
    project.on_disk(home).close()
    steps = lines()
    for kill in range(8):
        victim = Victim(home, steps)
        assert victim.wait_for(dice.randint(len(steps) // 2, len(steps)))
        time.sleep(dice.random() * 0.004)
        victim.kill()
        assert all(reply["ok"] for reply in victim.replies), victim.replies[-1]
        assert found_in(home, canary_bytes()) == [], f"after kill {kill}"


def test_drafts_records_slips_and_photos_leave_nothing_readable(
    project: TestProject, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    client = project.on_disk(home)
    photo = tmp_path / "CANARYphoto.jpg"
    photo.write_bytes(PHOTO)
    filling = client.begin_filling("household")
    before, after = filling.parted(
        {"/data/place/round": "3", "/data/place/location": "CANARYPLACEqx71", **CONSENTING}.items()
    )
    filling.fill(before + after)
    filling.to_notice()
    assert filling.consent_as_answered()
    filling.fill((path, text) for path, text in CANARIES.items() if "/interview/" in path)
    filling.attach("/data/interview/photo", photo)
    filling.close()
    slip = finalized_household(client, CANARIES)
    project.sync(client)
    codes = [slip.code.encode(), slip.code.replace("-", "").encode()]
    assert found_in(home, [*canary_bytes(), b"CANARYphoto", *codes]) == []
    client.close()
    assert found_in(home, [*canary_bytes(), b"CANARYphoto", *codes]) == []


def every_key(client: Client, home: Path) -> list[bytes]:
    """Return every 32 bytes on the device that might be a key, also what the passphrase opens."""
    people: People = client._people
    keys = people.open(client.enumerators()[0].id, PASSPHRASE)
    found = [keys.vault_key, keys.mailbox_key or b"", client.files.signing_key.read_bytes()]
    found.append(client.files.keystore.read_bytes())
    vault = client._open.vault
    for slot in range(64):
        for draft_id in ("", *vault.drafts.ids()):
            try:
                found.append(client._slots.key(slot, keys.vault_key, draft_id))
            except StoreCorrupt:
                continue
    for kind in ("record", "slip"):
        for _, item in vault.items(kind):
            found += [value for value in item.values() if isinstance(value, bytes)]
    for path in home.rglob("*"):
        if path.is_file() and path.stat().st_size <= 4096:
            data = path.read_bytes()
            found += [data[at : at + 32] for at in range(0, max(1, len(data) - 31), 1)]
    return [key for key in dict.fromkeys(found) if len(key) == 32]


def test_with_the_passphrase_nothing_finalized_opens_by_any_key_on_the_device(
    project: TestProject, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    client = project.on_disk(home)
    finalized_household(client, CANARIES)
    client.close()
    client = project.reopened(home)
    assert client.project is not None
    store, me = client.project.store, client.project.peer.me
    entries = [e for e in (store.entry(me.author, 0, n) for n in range(1, 20)) if e is not None]
    keys = every_key(client, home)
    assert len(keys) > 100
    log = LogId(client.project.peer.directory.deployment, me.author, 0)
    tried = 0
    for entry in entries:
        for part, sealed in entry.payloads.items():
            for key in keys:
                tried += 1
                if entry.header.kind == Kind.EPOCH:
                    with pytest.raises(EnvelopeError):
                        open_epoch(sealed, [SecretKey(Suite.X25519, key)], log, part)
                else:
                    with pytest.raises(EnvelopeError):
                        open_payload(key, entry.header, part, sealed)
    assert {e.header.kind for e in entries} == {Kind.EPOCH, Kind.REVISION, Kind.PROGRESS}
    assert tried > 500


def test_an_old_copy_of_the_vault_opens_no_draft_that_was_finalized_since(
    project: TestProject, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    client = project.on_disk(home)
    draft = client.begin_filling("household")
    draft.answer("/data/place/location", "CANARYPLACEqx71")
    rows = client._database.rows("drafts")
    copied = shutil.copytree(home, tmp_path / "copy")
    client.abandon(draft.draft_id, "abandoned")
    client.close()
    # Whoever kept the database but not the key file, whose page is overwritten by now:
    shutil.copy(home / "vault" / "drafts.keys", copied / "vault" / "drafts.keys")
    thief = project.client(copied, device=client.device)
    keys = thief._people.open(thief.enumerators()[0].id, PASSPHRASE)
    for row in rows:
        with pytest.raises(StoreCorrupt, match="is gone"):
            thief._slots.key(int(row["slot"]), keys.vault_key, row["id"])


def test_a_forgotten_passphrase_loses_drafts_and_no_finalized_record(
    project: TestProject, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    client = project.on_disk(home)
    for _ in range(3):
        finalized_household(client)
    client.begin_filling("household").close()
    client.close()
    forgetful = project.client(home, device=client.device)
    assert not forgetful.is_unlocked()
    project.sync(forgetful)
    assert len(project.bodies()) == 3
    assert forgetful.counts().received == 3


def test_a_tampered_entry_is_not_taken_and_the_sealed_rest_is(
    project: TestProject, tmp_path: Path
) -> None:
    client = project.on_disk(tmp_path / "home")
    finalized_household(client)
    project.sync(client)
    finalized_household(client)
    assert client.project is not None
    database = client.project.store._db
    sealed = database.execute(
        "SELECT rowid, payloads FROM entries ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    changed = bytearray(sealed[1])
    changed[-1] ^= 1
    assert decode(sealed[1])
    database.execute(
        "UPDATE entries SET payloads = ? WHERE sequence = (SELECT max(sequence) FROM entries)",
        (bytes(changed),),
    )
    with pytest.raises(HandOverIncomplete):
        project.sync(client)
    assert len(project.bodies()) == 1, "what was received before is untouched"
    assert client.counts().received == 1


def test_compartments_are_for_their_own_readers(project: TestProject, tmp_path: Path) -> None:
    client = project.on_disk(tmp_path / "home")
    finalized_household(client, CANARIES)
    project.sync(client)
    (entry,) = project.entries(Kind.REVISION)
    body = project.opened(entry, Compartment.BODY)
    assert b"CANARYZubaidaqx72" not in repr(project.bodies()).encode()
    assert b"CANARYZubaidaqx72" not in body
    assert "CANARYZubaidaqx72" in repr(project.identities())
