"""LIST-002, 012, 014, 020, 021, 022, 030, 033, 034, 035: what the mission server says of lists."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from intake_kit import COORDINATOR, counts, store_bytes
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form

from server.db import reading
from server.governance.actions import Role
from server.governance.decide import Actor
from server.governance.enrolment import revoke
from server.governance.listing import (
    ListFile,
    approve_list,
    describe_list,
    propose_list,
    read_list_request,
)
from server.governance.publishing import approve_form, propose_form, publish
from server.intake.case_lists import Given, drop_list, give_list, show_lists
from server.intake.inbox import InboxStore
from server.intake.lists import prune_lists
from server.intake.outbox import broadcast_author, mailbox_author
from server.intake.pipeline import Intake
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.queries import lists, outbox
from shared.errors import FormError, NotFound, PolicyDenied, UsageError
from shared.records.list_delta import apply_delta, decode_delta
from shared.records.list_letter import WANTED_FACT, How, read_letter, unpacked_blocks
from shared.records.parts import joined, read_part
from shared.sealing.documents import Document, open_document
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.mailbox import open_mail
from sync.core.have import LogName

HEAD = "name,label,site\n"
CANARY = "Zubaida-Canary-4711"
VISIT = """<?xml version="1.0"?>
<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:cairn="https://cairn.invalid/xforms">
<h:head><h:title>Visit</h:title><model>
<instance><data id="visit" version="1" cairn:basis="observation" cairn:purposes="statistics">
<who/><size/></data></instance>
<instance id="cases" src="jr://file-csv/cases.csv"/>
<bind nodeset="/data/who" type="string" required="true()" cairn:disclosure="open"
 constraint="count(instance('cases')/root/item[name = current()/.]) = 1"/>
<bind nodeset="/data/size" type="int" constraint=". &lt; 40" cairn:disclosure="open"
 relevant="pulldata('cases', 'label', 'name', /data/who) != ''"/>
</model></h:head><h:body>
<input ref="/data/who"><label>Who?</label></input>
<input ref="/data/size"><label>How many?</label></input></h:body></h:html>
"""


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[MissionKit]:
    """Here the database makes no difference: SQLite alone."""
    made = make_mission(tmp_path)
    yield made
    made.close()


def rows(count: int, changed: int = 0) -> str:
    chance = random.Random(5)
    lines = [f"n{n:05},{chance.randbytes(9).hex()},s{n % 7}\n" for n in range(count)]
    for n in range(changed):
        lines[n * 7] = f"n{n * 7:05},changed,s1\n"
    return HEAD + "".join(lines)


# ---- choice lists


class Steward:
    """Publishes versions of one list and reads the broadcasts as a new device would."""

    def __init__(self, kit: MissionKit) -> None:
        self.kit = kit
        self.intake = Intake(kit.mission)

    def put(self, text: str, name: str = "sites.csv") -> list[bytes]:
        path = self.kit.folder / name
        path.write_text(text)
        file = propose_list(self.kit.mission, path)
        value = [self.kit.mission.project().deployment, file.value()]
        _, payloads = approve_list(self.kit.station, value, PASSPHRASE)
        publish(self.kit.mission, payloads)
        self.intake.drain()
        return payloads

    def said(self) -> list[Document | None]:
        """The list broadcasts in order; None where the payload is gone."""
        store = InboxStore(self.kit.mission.stores.inbox, self.kit.clock)
        log = LogName(broadcast_author(self.kit.mission), self.kit.mission.project().incarnation)
        found: list[Document | None] = []
        parts: list[bytes] = []
        for branch in store.branches(log):
            for entry in store.entries(branch, 1, branch.head.sequence):
                if entry.header.kind != Kind.LIST:
                    continue
                payload = entry.payloads.get(Compartment.OPEN)
                part = None if payload is None else read_part(payload)
                if part is not None:
                    parts.append(part.data)
                    if part.number < part.count:
                        continue
                    payload, parts = joined(part.whole, parts), []
                known = None if payload is None else open_document(payload, self.kit.mission.ring())
                found.append(known)
        return found

    def types(self) -> list[str | None]:
        return [None if one is None else one.type for one in self.said()]


@pytest.fixture
def steward(lite: MissionKit) -> Iterator[Steward]:
    made = Steward(lite)
    yield made
    made.intake.close()


# LIST-012, LIST-020
def test_a_new_version_travels_as_a_step(steward: Steward) -> None:
    steward.put(rows(500))
    signed = steward.put(rows(500, 5))
    assert len(signed) == 2, "whole and step, whichever is needed"
    first, second = steward.said()
    assert first is not None
    assert second is not None
    assert (first.type, second.type, second.serial) == ("list", "delta", 2)
    step = decode_delta(second.content)
    assert b"".join(apply_delta(iter((first.content,)), step)) == rows(500, 5).encode()
    assert show_lists(steward.kit.mission)[0] | {"digest": ""} == {
        "list": "sites.csv",
        "kind": "choices",
        "version": 2,
        "digest": "",
        "rows": None,
        "devices": ["all"],
    }
    publish(steward.kit.mission, signed)
    steward.intake.drain()
    assert steward.types() == ["list", "delta"], "again changes nothing"


# LIST-012, LIST-021
def test_a_whole_replaces_what_was_said_before_it(steward: Steward) -> None:
    steward.put(rows(500))
    steward.put(rows(500, 5))
    steward.put(rows(500, 5).replace("site", "town", 1))
    assert steward.types() == [None, None, "list"], "other columns: whole, and the old ones go"
    steward.put(rows(500, 6).replace("site", "town", 1))
    assert steward.types() == [None, None, "list", "delta"]
    assert prune_lists(steward.kit.mission) == 0


# LIST-012
def test_steps_never_add_up_to_more_than_a_whole(steward: Steward) -> None:
    for version in range(6):
        steward.put(rows(100, version))
        steward.put(rows(101, version))
    types = steward.types()
    assert types.count("list") == 1
    assert None in types
    at = types.index("list")
    sizes = [len(one.content) for one in steward.said()[at:] if one is not None]
    assert sum(sizes[1:]) <= 2 * sizes[0]


# LIST-021: a version that a published form names stays readable for who enrols later
def test_a_version_that_a_form_names_stays(steward: Steward) -> None:
    kit = steward.kit
    (kit.folder / "visit.xml").write_text(VISIT)
    (kit.folder / "cases.csv").write_text("name,label\n")
    proposal = propose_form(kit.mission, kit.folder / "visit.xml")
    publish(kit.mission, approve_form(kit.station, proposal, PASSPHRASE))
    steward.intake.drain()
    steward.put("name,label,more\na,b,c\n", "cases.csv")
    assert steward.types() == ["list", "list"]


# LIST-022
def test_a_large_list_is_broadcast_in_parts(steward: Steward) -> None:
    chance = random.Random(1)
    text = HEAD + "".join(f"n{n},{chance.randbytes(20).hex()},s\n" for n in range(60_000))
    steward.put(text)
    (document,) = steward.said()
    assert document is not None
    assert document.content == text.encode()


# LIST-001, LIST-002, LIST-020
def test_what_the_station_looks_at_and_refuses(steward: Steward) -> None:
    kit = steward.kit
    steward.put(rows(500))
    with pytest.raises(UsageError, match="exactly this version"):
        steward.put(rows(500))
    path = kit.folder / "sites.csv"
    path.write_text(rows(500, 4))
    file = propose_list(kit.mission, path)
    shown = describe_list(file)
    assert (shown["rows"], shown["travels"], shown["changed_cells"]) == (500, "as a step", 8)
    path.write_text(HEAD + "a,A,1\na,B,2\n")
    assert describe_list(propose_list(kit.mission, path))["travels"] == "whole"
    with pytest.raises(UsageError, match="cannot be read"):
        propose_list(kit.mission, kit.folder / "nowhere.csv")
    path.write_text("")
    with pytest.raises(FormError):
        propose_list(kit.mission, path)
    deployment = kit.mission.project().deployment
    crooked = ListFile("sites.csv", 9, b"name;label\r\na;b\r\n")
    with pytest.raises(UsageError, match="one spelling"):
        approve_list(kit.station, [deployment, crooked.value()], PASSPHRASE)
    with pytest.raises(UsageError, match="malformed"):
        read_list_request([deployment])


# LIST-033
def test_the_server_judges_no_rule_that_reads_a_case_list(steward: Steward) -> None:
    from server.intake.forms import FormShelf  # noqa: PLC0415 - beside what it is about

    kit = steward.kit
    (kit.folder / "visit.xml").write_text(VISIT)
    (kit.folder / "cases.csv").write_text("name,label\n")
    proposal = propose_form(kit.mission, kit.folder / "visit.xml")
    publish(kit.mission, approve_form(kit.station, proposal, PASSPHRASE))
    form = FormShelf(kit.mission).by_hash(proposal.document.form_hash)

    def broken(patch: dict[str, object]) -> list[tuple[str, str]]:
        found = form.violations(patch, None, kit.mission.now_ms(), 0, bytes)  # type: ignore[arg-type]
        return [(one.path, one.rule) for one in found]

    assert broken({"/data/who": "c", "/data/size": 4}) == []
    assert broken({"/data/size": 4}) == [("/data/who", "required")]


# ---- case lists


def give(
    kit: MissionKit, text: str, *to: str, actor: Actor = COORDINATOR, purpose: str = "statistics"
) -> Given:
    path = kit.folder / "cases.csv"
    path.write_text(text)
    return give_list(kit.mission, actor, path, to, purpose)


def letters(kit: MissionKit, device: SealedDevice) -> list[tuple[How, int, bytes] | None]:
    """The letters on lists in a device's mailbox; None for each part whose payload is gone."""
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    author = mailbox_author(kit.mission, device.tip.log.author)
    found: list[tuple[How, int, bytes] | None] = []
    pieces: list[bytes] = []
    for branch in store.branches(LogName(author, kit.mission.project().incarnation)):
        for entry in store.entries(branch, 1, branch.head.sequence):
            payload = entry.payloads.get(Compartment.MAILBOX)
            if payload is None:
                found.append(None)
                continue
            letter = read_letter(open_mail(payload, [device.mailbox], entry.header))
            pieces.append(letter.data)
            if letter.part == letter.parts:
                data = b"".join(pieces)
                content = b"".join(unpacked_blocks((data,))) if data else b""
                found.append((letter.how, letter.serial, content))
                pieces = []
    return found


def hows(kit: MissionKit, device: SealedDevice) -> list[str | None]:
    return [None if one is None else one[0].name for one in letters(kit, device)]


# LIST-012, LIST-030, LIST-034
def test_a_device_gets_the_whole_and_then_steps(kit: MissionKit, device: SealedDevice) -> None:
    other = SealedDevice(kit, "tablet 2")
    text = rows(300) + f"z,{CANARY},s1\n"
    assert give(kit, text, "tablet 1") == Given("cases", 1, 301, 1, 0, 0)
    assert letters(kit, device) == [(How.WHOLE, 1, text.encode())]
    newer = rows(300, 3) + f"z,{CANARY},s1\n"
    assert give(kit, newer, "tablet 1", "tablet 2") == Given("cases", 2, 301, 1, 1, 0)
    first, second = letters(kit, device)
    assert first is not None
    assert second is not None
    assert second[0] is How.STEP
    applied = b"".join(apply_delta(iter((first[2],)), decode_delta(second[2])))
    assert applied == newer.encode()
    assert letters(kit, other) == [(How.WHOLE, 2, newer.encode())]
    assert give(kit, newer) == Given("cases", 2, 301, 0, 0, 0), "nothing new, nothing said"
    shown = show_lists(kit.mission)
    assert [(one["list"], one["version"], one["devices"]) for one in shown] == [
        ("cases", 2, ["tablet 1", "tablet 2"])
    ]
    assert CANARY.encode() not in store_bytes(kit)


# LIST-034
def test_who_is_not_named_any_more_loses_the_list(kit: MissionKit, device: SealedDevice) -> None:
    other = SealedDevice(kit, "tablet 2")
    give(kit, rows(30), "tablet 1", "tablet 2")
    assert give(kit, rows(31), "tablet 2").dropped == 1
    assert letters(kit, device) == [None, (How.DROP, 2, b"")]
    assert hows(kit, other) == ["WHOLE", "STEP"]
    give(kit, rows(31), "tablet 1", "tablet 2")
    assert hows(kit, device) == [None, "DROP", "WHOLE"]
    assert drop_list(kit.mission, COORDINATOR, "cases", "statistics") == 2
    assert hows(kit, other) == [None, None, "DROP"]
    assert show_lists(kit.mission) == []
    with reading(kit.mission.stores.records) as session:
        assert lists.stale_readers(session) == []
        assert outbox.waiting(session) == 0
    with pytest.raises(NotFound):
        drop_list(kit.mission, COORDINATOR, "cases", "statistics")
    give(kit, rows(5), "tablet 1")
    assert hows(kit, device)[-1] == "WHOLE"


# LIST-012: a step that costs as much as the whole, or steps that add up to it
def test_steps_give_way_to_a_whole(kit: MissionKit, device: SealedDevice) -> None:
    give(kit, rows(40), "tablet 1")
    for version in range(1, 10):
        give(kit, rows(40, version % 5), "tablet 1")
    said = hows(kit, device)
    assert said.count("WHOLE") == 1
    assert said[0] is None
    give(kit, "name,label\na,b\n")
    assert hows(kit, device)[-1] == "WHOLE"
    assert all(one is None for one in hows(kit, device)[:-1])


# LIST-014
def test_a_device_that_lacks_the_base_gets_the_whole(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    other = SealedDevice(kit, "tablet 2")
    give(kit, rows(100), "tablet 1", "tablet 2")
    give(kit, rows(100, 2))
    device.status(**{WANTED_FACT: "cases\nof another device"})
    intake.drain()
    assert letters(kit, device) == [None, None, (How.WHOLE, 3, rows(100, 2).encode())]
    assert hows(kit, other) == ["WHOLE", "STEP"]
    intake.drain()
    assert len(letters(kit, device)) == 3
    assert give(kit, rows(100, 3)) == Given("cases", 4, 100, 0, 2, 0)
    assert counts(kit)["received"] == counts(kit)["resolved"]


# LIST-002, LIST-035
def test_what_cannot_be_given_is_told(kit: MissionKit, device: SealedDevice) -> None:
    assert device.enrolled
    with pytest.raises(UsageError, match="at least one device"):
        give(kit, rows(3))
    with pytest.raises(NotFound):
        give(kit, rows(3), "nobody")
    with pytest.raises(UsageError, match="one key"):
        give(kit, HEAD + "a,A,1\na,B,1\n", "tablet 1")
    with pytest.raises(UsageError, match="name has"):
        give_list(kit.mission, COORDINATOR, kit.folder / "cases.csv", (), "statistics", "a/b")
    with pytest.raises(UsageError, match="cannot be read"):
        give_list(kit.mission, COORDINATOR, kit.folder / "none.csv", ["tablet 1"], "statistics")
    with pytest.raises(PolicyDenied):
        give(kit, rows(3), "tablet 1", purpose="")
    administrator = Actor("x", frozenset({Role.ADMINISTRATOR}))
    with pytest.raises(PolicyDenied):
        give(kit, rows(3), "tablet 1", actor=administrator)
    give(kit, rows(3), "tablet 1")
    with pytest.raises(PolicyDenied):
        drop_list(kit.mission, administrator, "cases", "statistics")
    revoke(kit.mission, "tablet 1", "stolen")
    with pytest.raises(UsageError, match="is revoked"):
        give(kit, rows(4), "tablet 1")


# LIST-014, LIST-034: the restored server's mailboxes begin anew
def test_after_a_restore_devices_get_the_whole_again(lite: MissionKit, tmp_path: Path) -> None:
    publish_form(lite)
    device = SealedDevice(lite, "tablet 1")
    give(lite, rows(50), "tablet 1")
    back_up(lite.mission, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again", lite.clock)
    lite.mission.close()
    lite.mission = Mission.open(tmp_path / "again", lite.clock)
    lite.mission.unlock(PASSPHRASE)
    worker = Intake(lite.mission)
    worker.drain()
    worker.close()
    assert letters(lite, device) == [(How.WHOLE, 2, rows(50).encode())]
