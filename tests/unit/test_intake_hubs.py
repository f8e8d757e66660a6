"""SYNC-045 at the mission server: a hub that keeps what it signed for is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mission import MissionKit, make_mission
from sealed_device import SealedDevice

from server.intake.hubs import withheld_by_hubs
from server.intake.inbox import InboxStore
from server.tables.project import DeviceKind
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.receipts import Note, Reach, sign_note
from sync.core.withheld import note_name
from sync.hub_notes import NOTE


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[MissionKit]:
    kit = make_mission(tmp_path / "home")
    yield kit
    kit.close()


def note_of(hub: SealedDevice, device: SealedDevice, *, days_ahead: int = 0) -> Note:
    """The hub signs that it has all that the device wrote."""
    assert device.held
    head = device.held[-1].head
    log = device.tip.log
    issued_ms = hub.at_ms() + days_ahead * 86_400_000
    reach = Reach(log.author, log.incarnation, head.sequence, head.hash)
    return Note(log.deployment, hub.tip.log.author, issued_ms, (reach,))


def bring(kit: MissionKit, hub: SealedDevice, note: Note) -> None:
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    store.save_paper(NOTE, note_name(note), sign_note(hub.key, note))


@pytest.mark.parametrize("days_ahead", [0, 4000])
def test_a_hub_is_named_after_the_deadline_until_the_records_come(
    kit: MissionKit, days_ahead: int
) -> None:
    """A clock that stands years ahead gains the hub nothing."""
    tablet = SealedDevice(kit, "Tablet 7")
    hub = SealedDevice(kit, "Hub North", kind=DeviceKind.HUB)
    tablet.hold()
    tablet.append(Kind.TALLY, {Compartment.BODY: b"sealed"})
    bring(kit, hub, note_of(hub, tablet, days_ahead=days_ahead))
    kit.clock.advance(days=6)
    assert withheld_by_hubs(kit.mission) == []
    kit.clock.advance(days=2)
    (named,) = withheld_by_hubs(kit.mission)
    assert (named["hub"], named["device"]) == ("Hub North", "Tablet 7")
    assert tablet.held
    assert named["through"] == tablet.held[-1].head.sequence
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    for appended in tablet.held:
        store.append_own(appended)
    assert withheld_by_hubs(kit.mission) == []


def test_a_note_that_no_enrolled_hub_signed_names_nobody(kit: MissionKit) -> None:
    tablet = SealedDevice(kit, "Tablet 7")
    stranger = SealedDevice(kit, "Hub of nobody", enrolled=False, kind=DeviceKind.HUB)
    tablet.hold()
    tablet.append(Kind.TALLY, {Compartment.BODY: b"sealed"})
    bring(kit, stranger, note_of(stranger, tablet))
    kit.clock.advance(days=30)
    assert withheld_by_hubs(kit.mission) == []
