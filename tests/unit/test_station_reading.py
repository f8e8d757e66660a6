"""STN-020..025, 032..034: what a station reads out of hubs' stores, and what it makes of it."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from sqlite3 import connect

import pytest
from client_project import DEPLOYMENT
from station_kit import CANARY, DAY, StationKit, Tablet, make_station, progress

from shared.canonical import encode
from shared.records.small import encode_progress
from shared.sealing.envelope import Kind
from shared.sealing.keys import SecretKey, Suite
from sync.core.attest import Admitted, Revoked
from sync.core.have import LogName, Point


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[StationKit]:
    made = make_station(tmp_path)
    yield made
    made.close()


def ends(kit: StationKit) -> tuple[int, int, int]:
    total = kit.look().total
    return total.visits, total.complete, total.withdrawn


# --- reading


def test_stn_020_nothing_in_the_store_is_changed(kit: StationKit) -> None:
    """STN-020."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.hand_over(tablet)
    store = kit.hubs[0].home / "log.db"
    kit.hubs[0].close()
    kit.hubs.clear()
    before = store.read_bytes()
    assert ends(kit) == (1, 1, 0)
    assert store.read_bytes() == before


def test_stn_021_a_store_that_lies_is_not_counted(kit: StationKit) -> None:
    """STN-021."""
    good, bad = Tablet(kit.project, "good"), Tablet(kit.project, "bad")
    for tablet in (good, bad):
        tablet.visit()
        kit.hand_over(tablet)
    with connect(kit.hubs[0].home / "log.db") as store:
        store.execute(
            "UPDATE entries SET signature = zeroblob(64) WHERE signature IS NOT NULL AND log ="
            " (SELECT id FROM logs WHERE author = ?)",
            (bytes(bad.author),),
        )
    picture = kit.look()
    assert picture.total.visits == 1
    ((log, why),) = picture.entries.unverified
    assert log == f"{bad.author.hex()}/0"
    assert "signature" in why


def test_stn_021_a_payload_put_in_anothers_place_is_not_counted(kit: StationKit) -> None:
    """STN-021."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit("L1")
    tablet.visit("L2")
    kit.hand_over(tablet)
    with connect(kit.hubs[0].home / "log.db") as store:
        store.execute("UPDATE entries SET payloads = (SELECT payloads FROM entries WHERE"
                      " sequence = 3 AND log = o.log) FROM entries o WHERE entries.sequence = 5"
                      " AND entries.log = o.log")  # fmt: skip
    picture = kit.look()
    assert picture.total.visits == 0, "its one run holds both, and does not verify as a whole"
    assert len(picture.entries.unverified) == 1


def test_stn_021_a_ring_of_another_root_vouches_for_nobody(kit: StationKit, tmp_path: Path) -> None:
    """STN-021."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.hand_over(tablet)
    other = make_station(tmp_path / "other")
    other.home.settings = kit.home.settings
    kit.home.settings = type(kit.home.settings)(
        **{**asdict(kit.home.settings), "root_fingerprint": bytes(16).hex()}
    )
    kit.begin(kit.project.coordinator)
    picture = kit.look()
    assert picture.total.visits == 0
    assert "root" in picture.hubs[0].error


def test_stn_022_nothing_opened_is_on_the_disk(kit: StationKit) -> None:
    """STN-022."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit("Qzavx place", flags=("Qzavx flag",))
    kit.hand_over(tablet)
    picture = kit.look()
    assert picture.places[0].location == "Qzavx place"
    assert picture.flags == {"Qzavx flag": 1}
    for file in kit.folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"Qzavx" not in data, file
            assert kit.project.coordinator.to_bytes() not in data, file


def test_stn_023_it_takes_in_what_came_and_begins_anew_where_it_must(kit: StationKit) -> None:
    """STN-023."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.hand_over(tablet)
    assert ends(kit) == (1, 1, 0)
    held = len(tablet.written)
    tablet.visit(outcome="refused")
    kit.hand_over(tablet, after=held)
    assert ends(kit) == (2, 1, 0), "the epoch and the record before are remembered"
    kit.begin(kit.project.coordinator)
    assert ends(kit) == (2, 1, 0), "as after a kill"
    # The hub's disk died; another tablet comes to the new one first.
    kit.hubs[0].close()
    for file in kit.hubs[0].home.glob("log.db*"):
        file.unlink()
    kit.hubs.clear()
    picture = kit.look()
    assert "no file" in picture.hubs[0].error
    assert picture.total.visits == 2, "what was read before stays"


def test_stn_023_a_store_cut_back_is_read_anew(kit: StationKit) -> None:
    """STN-023."""
    first = Tablet(kit.project, "one")
    first.visit()
    kit.hand_over(first)
    backup = {file.name: file.read_bytes() for file in kit.hubs[0].home.glob("log.db*")}
    held = len(first.written)
    first.visit()
    kit.hand_over(first, after=held)
    assert ends(kit)[0] == 2
    kit.hubs[0].close()
    kit.hubs.clear()
    for file in (kit.folder / "hub-0").glob("log.db*"):
        file.unlink()
    for name, data in backup.items():
        (kit.folder / "hub-0" / name).write_bytes(data)
    assert ends(kit)[0] == 1


def test_stn_024_two_hubs_give_one_picture(kit: StationKit) -> None:
    """STN-024."""
    tablet, other = Tablet(kit.project, "tablet 1"), Tablet(kit.project, "tablet 2")
    for _ in range(3):
        tablet.visit()
    other.visit("L2")
    second = kit.add_hub()
    kit.hand_over(tablet)
    kit.hand_over(tablet, hub=second)
    kit.hand_over(other, hub=second)
    kit.home.add_hub(second.home)
    kit.begin(kit.project.coordinator)
    picture = kit.look()
    assert picture.total.visits == 4
    assert [hub.label for hub in picture.hubs] == ["Hub 0", "Hub 1"]
    assert {row.counts.visits for row in picture.devices} == {3, 1}


# --- what stays closed


def test_stn_025_another_coordinators_entries_are_counted_and_explained(kit: StationKit) -> None:
    """STN-025."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.project.coordinator = SecretKey.generate(Suite.X25519)  # the next period's
    kit.project.peer.take_ring(kit.project.ring(serial=2))
    tablet.unlock()
    tablet.visit()
    tablet.visit(outcome="absent")
    kit.hand_over(tablet)
    picture = kit.look()
    assert picture.total.visits == 1
    (row,) = picture.entries.closed
    assert (row.device, row.reason, row.entries) == (tablet.author.hex()[:8], "other_key", 2)
    assert row.key_id == kit.project.coordinator.public.key_id.hex()
    assert picture.devices[0].closed == 2


def test_stn_012_with_both_periods_keys_everything_is_counted(kit: StationKit) -> None:
    """STN-012."""
    earlier = kit.project.coordinator
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.project.coordinator = SecretKey.generate(Suite.X25519)
    kit.project.peer.take_ring(kit.project.ring(serial=2))
    tablet.unlock()
    tablet.visit()
    kit.hand_over(tablet)
    kit.begin(earlier, kit.project.coordinator)
    assert (ends(kit), kit.look().entries.closed) == ((2, 2, 0), ())
    kit.begin(kit.project.coordinator)  # the earlier one was forgotten
    assert ends(kit) == (1, 1, 0)


def test_stn_025_what_is_no_progress_is_told_apart(kit: StationKit) -> None:
    """STN-025."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.tell(encode(["1", "household", "L1", "finalized", 60, [], DAY, b"", b"", "new"]))
    tablet.tell(encode_progress(progress()))
    kit.hand_over(tablet)
    with connect(kit.hubs[0].home / "log.db") as store:
        store.execute("UPDATE entries SET payloads = NULL WHERE sequence = 5")
    reasons = {row.reason: row.entries for row in kit.look().entries.closed}
    assert reasons == {"newer": 1, "pruned": 1}


def test_stn_025_what_another_epochs_secret_sealed_is_damaged(kit: StationKit) -> None:
    """STN-025."""
    one = Tablet(kit.project, "one")
    one.visit()
    later = Tablet(kit.project, "one", incarnation=1)
    later.unlock()
    assert one.epoch is not None
    assert later.epoch is not None
    later.epoch = replace(later.epoch, secrets=one.epoch.secrets)
    later.visit()
    kit.hand_over(one)
    kit.hand_over(later)
    picture = kit.look()
    (row,) = picture.entries.closed
    assert (picture.total.visits, row.reason, row.entries) == (1, "damaged", 1)


# --- what the server said


def test_stn_032_an_erased_record_is_withdrawn_not_complete(kit: StationKit) -> None:
    """STN-032."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit("L1")
    gone = tablet.visit("L1")
    refused = tablet.visit("L1", "refused")
    kit.hand_over(tablet)
    assert ends(kit) == (3, 2, 0)
    order = [[*_place(one), one.hash] for one in (gone, refused)]  # naming a tally changes nothing
    kit.project.broadcast(Kind.ERASURE, b"says nothing readable")
    kit.project.broadcast(Kind.ERASURE, encode([1, order]))
    kit.forward()
    picture = kit.look()
    assert ends(kit) == (3, 1, 1)
    assert picture.total.refused == 1
    assert picture.total.response_rate == pytest.approx(2 / 3), "who withdrew had answered"


def _place(appended: object) -> list[object]:
    header = appended.entry.header  # type: ignore[attr-defined]
    return [header.author, header.incarnation, header.sequence]


def test_stn_033_a_cloned_tablet_counts_the_same_whatever_came_first(tmp_path: Path) -> None:
    """STN-033."""
    pictures = []
    for order in (0, 1):
        kit = make_station(tmp_path / str(order))
        tablet = Tablet(kit.project, "tablet 1")
        tablet.visit("L1")
        shared = len(tablet.written)
        clone = tablet.clone()
        draft = progress("L2", reference=b"one same")
        tablet.tell(draft)
        tablet.visit("L3")
        clone.tell(draft)  # both copies finished the draft that lay on the tablet
        clone.visit("L4")
        first, second = (tablet, clone) if order == 0 else (clone, tablet)
        kit.hand_over(first)
        kit.hand_over(second, after=shared)
        picture = kit.look()
        assert picture.devices[0].forked
        assert picture.entries.repeated == 1
        pictures.append([(place.location, place.counts.complete) for place in picture.places])
        kit.close()
    assert pictures[0] == pictures[1] == [("L1", 1), ("L2", 1), ("L3", 1), ("L4", 1)]


def test_stn_034_what_a_thief_writes_waits(kit: StationKit) -> None:
    """STN-034."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    honest = tablet.written[-1]
    tablet.visit()
    stolen = tablet.written[-1]
    kit.hand_over(tablet)
    log = LogName(tablet.author, 0)
    point = Point(honest.entry.header.sequence, honest.hash)
    kit.project.attest(Revoked(log, point, "stolen"))
    kit.forward()
    picture = kit.look()
    assert (picture.total.visits, picture.entries.late) == (1, 1)
    (row,) = picture.devices
    assert (row.revoked, row.late, row.counts.visits) == (True, 1, 1)
    kit.project.attest(Admitted(log, Point(stolen.entry.header.sequence, stolen.hash)))
    kit.forward()
    assert ends(kit)[0] == 2


def test_stn_034_of_a_device_revoked_from_the_beginning_nothing_counts(kit: StationKit) -> None:
    """STN-034."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.hand_over(tablet)
    kit.project.attest(Revoked(LogName(tablet.author, 0), Point(0, bytes(32)), "never ours"))  # type: ignore[arg-type]
    kit.forward()
    assert ends(kit)[0] == 0


# --- no answer


def test_stn_052_the_picture_holds_no_answer(kit: StationKit) -> None:
    """STN-052."""
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    kit.hand_over(tablet)
    said = repr(asdict(kit.look()))
    assert CANARY.decode() not in said
    assert "Qzavx" not in said
    assert DEPLOYMENT.hex() not in said
