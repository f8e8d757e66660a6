"""The vault: nothing readable without the passphrase, nothing at all of a destroyed draft."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile_client.vault.database import VaultDatabase
from mobile_client.vault.drafts import ConsentKept, Draft, DraftStore, MediaFile
from mobile_client.vault.key_slots import PAGE_BYTES, KeySlots
from mobile_client.vault.people import People
from mobile_client.vault.vault import Vault
from shared.errors import (
    NotFound,
    PassphraseWrong,
    StoreCorrupt,
    StoreFull,
    Throttled,
    UsageError,
)
from shared.sealing.passphrase import TEST_COST

CANARY = "Zubaida-Canary-7731"
PASSPHRASE = "correct horse battery staple"


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Home:
    """A folder with everything a vault consists of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.database = VaultDatabase(folder / "vault.db")
        self.slots = KeySlots(folder / "keys", os.urandom)
        self.people = People(
            self.database, self.clock, os.urandom, cost=TEST_COST, hardware_secret=b"hardware"
        )

    def drafts(self, key: bytes = b"k" * 32, owner: str = "amina") -> DraftStore:
        return DraftStore(self.database, self.slots, owner, key, os.urandom)

    def every_byte(self) -> bytes:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def draft(draft_id: str, **changes: object) -> Draft:
    made = Draft(
        draft_id=draft_id,
        form_id="household",
        form_hash="ab" * 32,
        title="Household",
        record_id=b"r" * 16,
        tag_key=b"t" * 16,
        code=b"c" * 13,
        started_ms=1,
        updated_ms=2,
        snapshot=CANARY.encode(),
        consent=ConsentKept({"assistance": True}, b"n" * 16, "en", "verbal", 5),
        paradata=b"trail",
        media={"a.jpg": MediaFile("f00d", b"m" * 32, b"d" * 32, "beef", b"t" * 32)},
        planned=(0, 7, b"h" * 32),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


# --- draft keys


def test_a_destroyed_slot_gives_no_key_and_is_used_again(home: Home) -> None:
    vault_key = b"v" * 32
    first, key = home.slots.take(vault_key, "d1")
    second, _ = home.slots.take(vault_key, "d2")
    assert home.slots.key(first, vault_key, "d1") == key
    home.slots.destroy(first)
    home.slots.destroy(first)
    with pytest.raises(StoreCorrupt):
        home.slots.key(first, vault_key, "d1")
    assert (home.folder / "keys").read_bytes()[:PAGE_BYTES] == bytes(PAGE_BYTES)
    assert home.slots.take(vault_key, "d3")[0] == first
    with pytest.raises(StoreCorrupt):
        home.slots.key(second, vault_key, "d1")
    with pytest.raises(StoreCorrupt):
        home.slots.key(second, b"w" * 32, "d2")


def test_slots_that_a_crash_left_are_swept(home: Home) -> None:
    vault_key = b"v" * 32
    kept, key = home.slots.take(vault_key, "kept")
    home.slots.take(vault_key, "left")
    assert home.slots.sweep({kept}) == 1
    assert home.slots.sweep({kept}) == 0
    assert home.slots.key(kept, vault_key, "kept") == key


# --- passphrases


def test_only_the_right_passphrase_opens_and_each_has_its_own_vault(home: Home) -> None:
    amina = home.people.add("Amina", PASSPHRASE)
    omar = home.people.add("  Omar  ", PASSPHRASE)
    assert [row.name for row in home.people.rows()] == ["Amina", "Omar"]
    assert home.people.open(amina, PASSPHRASE).vault_key == (
        home.people.open(amina, PASSPHRASE).vault_key
    )
    assert home.people.open(amina, PASSPHRASE) != home.people.open(omar, PASSPHRASE)
    with pytest.raises(PassphraseWrong):
        home.people.open(amina, "Correct horse battery staple")


def test_the_hardware_secret_is_part_of_the_key(home: Home) -> None:
    amina = home.people.add("Amina", PASSPHRASE)
    elsewhere = People(
        home.database, home.clock, os.urandom, cost=TEST_COST, hardware_secret=b"other"
    )
    with pytest.raises(PassphraseWrong):
        elsewhere.open(amina, PASSPHRASE)


def test_wrong_tries_slow_down_over_a_restart_and_never_wipe(home: Home) -> None:
    amina = home.people.add("Amina", PASSPHRASE)
    waits = []
    for _ in range(6):
        with pytest.raises(PassphraseWrong):
            home.people.open(amina, "wrong")
        waits.append(home.people.wait_s(amina))
        home.clock.wait(waits[-1])
    assert waits == [0, 0, 2, 4, 8, 16]

    with pytest.raises(PassphraseWrong):
        home.people.open(amina, "wrong")
    home.database.close()
    again = Home(home.folder)
    again.clock.at = home.clock.at
    with pytest.raises(Throttled):
        again.people.open(amina, PASSPHRASE)
    again.clock.wait(31)
    with pytest.raises(Throttled):
        again.people.open(amina, PASSPHRASE)
    again.clock.wait(1)
    again.people.open(amina, PASSPHRASE)
    assert again.people.wait_s(amina) == 0


def test_a_clock_set_back_or_far_ahead_gives_no_free_tries(home: Home) -> None:
    amina = home.people.add("Amina", PASSPHRASE)
    for _ in range(3):
        with pytest.raises(PassphraseWrong):
            home.people.open(amina, "wrong")
    home.clock.wait(-86_400 * 365)
    with pytest.raises(Throttled):
        home.people.open(amina, PASSPHRASE)
    assert home.people.wait_s(amina) <= 2, "the wait starts anew, it does not last a year"


def test_a_try_counts_even_if_the_app_is_killed_while_it_runs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = home.people.add("Amina", PASSPHRASE)

    def killed(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr("mobile_client.vault.people.open_file", killed)
            with pytest.raises(KeyboardInterrupt):
                home.people.open(amina, PASSPHRASE)
    assert home.people.wait_s(amina) == 2


def test_a_changed_passphrase_keeps_the_keys_and_leaves_no_old_copy(home: Home) -> None:
    amina = home.people.add("Amina", PASSPHRASE)
    before = home.people.open(amina, PASSPHRASE)
    (sealed_before,) = [row["sealed"] for row in home.database.rows("people")]
    with pytest.raises(PassphraseWrong):
        home.people.change_passphrase(amina, "wrong", "new")
    home.people.change_passphrase(amina, PASSPHRASE, "new")
    assert home.people.open(amina, "new") == before
    assert sealed_before not in home.every_byte()
    with pytest.raises(PassphraseWrong):
        home.people.open(amina, PASSPHRASE)


def test_the_mailbox_key_reaches_whoever_joins_later(home: Home) -> None:
    mailbox_key = os.urandom(32)
    amina = home.people.add("Amina", PASSPHRASE)
    home.people.share_mailbox(mailbox_key)
    omar = home.people.add("Omar", PASSPHRASE)
    assert home.people.open(omar, PASSPHRASE).mailbox_key is None
    assert home.people.open(amina, PASSPHRASE).mailbox_key == mailbox_key
    assert home.people.open(omar, PASSPHRASE).mailbox_key == mailbox_key
    assert mailbox_key not in home.every_byte()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "Amina"])
def test_a_name_is_short_and_new(home: Home, name: str) -> None:
    home.people.add("Amina", PASSPHRASE)
    with pytest.raises(UsageError):
        home.people.add(name, PASSPHRASE)


# --- drafts


def test_a_draft_is_whole_after_a_restart_and_no_byte_of_it_is_readable(home: Home) -> None:
    saved = draft("d1")
    home.drafts().save(saved)
    again = Home(home.folder)
    assert again.drafts().load("d1") == saved
    assert CANARY.encode() not in again.every_byte()
    assert b"household" not in again.every_byte()


def test_a_destroyed_draft_cannot_be_opened_from_an_old_copy_of_the_database(home: Home) -> None:
    store = home.drafts()
    store.save(draft("d1"))
    old_row = home.database.find("drafts", "d1")
    assert old_row is not None
    store.destroy("d1")
    with pytest.raises(NotFound):
        store.load("d1")
    with home.database.transaction():
        home.database.put("drafts", old_row)
    with pytest.raises(StoreCorrupt):
        home.drafts().load("d1")


def test_drafts_belong_to_one_enumerator(home: Home) -> None:
    home.drafts(owner="amina").save(draft("d1"))
    home.drafts(owner="omar", key=b"o" * 32).save(draft("d2"))
    assert home.drafts(owner="amina").ids() == ("d1",)
    with pytest.raises(NotFound):
        home.drafts(owner="omar", key=b"o" * 32).load("d1")


def test_drafts_are_listed_by_their_last_change(home: Home) -> None:
    store = home.drafts()
    for number in (1, 2, 3):
        store.save(draft(f"d{number}", updated_ms=number))
    store.save(draft("d1", updated_ms=9))
    assert [each.draft_id for each in store.all()] == ["d1", "d3", "d2"]


def test_a_damaged_draft_is_told_and_harms_no_other(home: Home) -> None:
    store = home.drafts()
    store.save(draft("d1"))
    store.save(draft("d2"))
    with home.database.transaction():
        home.database.change("drafts", "d1", {"sealed": b"torn"})
    with pytest.raises(StoreCorrupt):
        store.load("d1")
    assert store.load("d2") == draft("d2")


def test_a_full_disk_is_a_message_and_the_draft_before_stays_whole(home: Home) -> None:
    store = home.drafts()
    store.save(draft("d1"))
    connection = home.database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull):
        store.save(draft("d1", snapshot=os.urandom(200_000)))
    assert store.load("d1") == draft("d1")
    connection.execute("PRAGMA max_page_count = 1000000")
    store.save(draft("d1", snapshot=b"more"))
    assert store.load("d1").snapshot == b"more"


def test_a_transaction_keeps_all_or_nothing_also_where_it_is_nested(home: Home) -> None:
    """A kill between the two would list a record twice."""
    row = {"owner": "amina", "kind": "record", "sealed": b"x"}

    def broken_off() -> None:
        with home.database.transaction():
            home.database.put("items", {"id": "a", **row})
            with home.database.transaction():
                home.database.drop("items", "none")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert home.database.rows("items") == []
    with home.database.transaction():
        home.database.put("items", {"id": "a", **row})
    assert len(home.database.rows("items")) == 1


def test_removing_an_enumerator_takes_drafts_and_items_and_nobody_elses(home: Home) -> None:
    amina, omar = home.people.add("Amina", PASSPHRASE), home.people.add("Omar", PASSPHRASE)
    for person in (amina, omar):
        vault = Vault(home.database, home.slots, person, b"k" * 32, os.urandom)
        vault.drafts.save(draft(f"d-{person}"))
        with vault.transaction():
            vault.put("slip", {"code": CANARY})
    home.people.remove(amina)
    assert [row["owner"] for row in home.database.rows("drafts")] == [omar]
    assert [row["owner"] for row in home.database.rows("items")] == [omar]
    assert [row.name for row in home.people.rows()] == ["Omar"]


def test_items_are_sealed_for_their_place(home: Home) -> None:
    vault = Vault(home.database, home.slots, "amina", b"k" * 32, os.urandom)
    with vault.transaction():
        first = vault.put("slip", {"code": CANARY})
        second = vault.put("slip", {"code": "other"})
    assert vault.items("slip") == [(first, {"code": CANARY}), (second, {"code": "other"})]
    assert CANARY.encode() not in home.every_byte()
    row = home.database.find("items", first)
    assert row is not None
    with vault.transaction():
        home.database.change("items", second, {"sealed": row["sealed"]})
    with pytest.raises(StoreCorrupt):
        vault.items("slip")
    with vault.transaction():
        vault.drop(second)
    assert [name for name, _ in vault.items("slip")] == [first]
