"""GOV-020..024: what is proposed, signed, put in force and broadcast; what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form, xform

from server.db import reading
from server.governance.listing import ListFile
from server.governance.policy import built_in_text
from server.governance.publishing import (
    Proposal,
    approve_form,
    describe,
    propose_form,
    publish,
    read_proposal,
)
from server.governance.station import check_strong
from server.intake.inbox import InboxStore
from server.intake.outbox import broadcast_author
from server.intake.pipeline import Intake
from server.queries import documents, records
from shared.errors import EncodingInvalid, SignatureInvalid, UsageError
from shared.forms.problems import FormProblems
from shared.records.form_document import (
    FILES_MAX,
    FormDocument,
    decode_form_document,
    encode_form_document,
)
from shared.sealing.envelope import Compartment, Kind
from sync.core.have import LogName

LIST_FORM = """<?xml version="1.0"?>
<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:cairn="https://cairn.invalid/xforms">
<h:head><h:title>Places</h:title><model>
<instance><data id="places" version="1" cairn:basis="observation" cairn:purposes="statistics">
<place/></data></instance>
<instance id="sites" src="jr://file-csv/sites.csv"/>
<bind nodeset="/data/place" type="string" cairn:disclosure="quasi"/>
</model></h:head><h:body>
<select1 ref="/data/place"><label>Where?</label>
<itemset nodeset="instance('sites')/root/item"><value ref="name"/><label ref="label"/></itemset>
</select1></h:body></h:html>
"""


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[MissionKit]:
    """Here the database makes no difference: SQLite alone."""
    made = make_mission(tmp_path)
    yield made
    made.close()


def policy_text(**heads: str) -> bytes:
    text = built_in_text().decode()
    values = {"controller": "IOM", "legal_basis": "mandate", "approver": "A", **heads}
    for name, value in values.items():
        text = text.replace(f'{name} = ""', f'{name} = "{value}"')
    dates = "from_day = 2026-01-01\nuntil_day = 2030-12-31\n"
    return text.replace("[policy]\n", f"[policy]\n{dates}", 1).encode()


def put_policy(kit: MissionKit, text: bytes) -> list[bytes]:
    _, payloads = kit.station.approve_policy(text, PASSPHRASE)
    publish(kit.mission, payloads)
    return payloads


def broadcasts(kit: MissionKit) -> list[tuple[int, bytes]]:
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    return [
        (entry.header.kind, entry.payloads[Compartment.OPEN])
        for branch in store.branches(LogName(broadcast_author(kit.mission), 0))
        for entry in store.entries(branch, 1, branch.head.sequence)
    ]


def places(kit: MissionKit, csv: str = "name,label\na,A\n") -> Proposal:
    folder = kit.folder / "places"
    folder.mkdir(exist_ok=True)
    (folder / "places.xml").write_text(LIST_FORM)
    (folder / "sites.csv").write_text(csv)
    return propose_form(kit.mission, folder / "places.xml")


def test_what_is_broadcast_is_what_the_root_signed(kit: MissionKit, intake: Intake) -> None:
    """GOV-020, GOV-021, GOV-023, GOV-061: ring first, lists before the form that reads them."""
    payloads = approve_form(kit.station, places(kit), PASSPHRASE)
    publish(kit.mission, payloads)
    intake.drain()
    said = broadcasts(kit)
    assert [kind for kind, _ in said] == [Kind.KEYS, Kind.LIST, Kind.FORM]
    assert [payload for _, payload in said[1:]] == payloads


def test_publishing_again_changes_nothing(kit: MissionKit, intake: Intake) -> None:
    """GOV-024, GOV-060."""
    payloads = approve_form(kit.station, places(kit), PASSPHRASE)
    for _ in range(3):
        publish(kit.mission, payloads)
        intake.drain()
    assert len(broadcasts(kit)) == 3


def test_a_list_travels_once_for_all_forms_that_read_it(kit: MissionKit) -> None:
    """GOV-021: unchanged, it is not proposed again; changed, it gets the next serial."""
    publish(kit.mission, approve_form(kit.station, places(kit), PASSPHRASE))
    (kit.folder / "places" / "places.xml").write_text(LIST_FORM.replace('"1"', '"2"'))
    again = propose_form(kit.mission, kit.folder / "places" / "places.xml")
    assert again.files == ()
    assert again.serial == 2
    (kit.folder / "places" / "sites.csv").write_text("name,label\nb,B\n")
    changed = propose_form(kit.mission, kit.folder / "places" / "places.xml")
    assert [(file.name, file.serial) for file in changed.files] == [("sites.csv", 2)]


def test_a_file_that_is_missing_or_another_one_is_told(kit: MissionKit) -> None:
    proposal = places(kit)
    swapped = replace(proposal, files=(ListFile("sites.csv", 1, b"name,label\nx,X\n"),))
    with pytest.raises(UsageError, match="not the one the form names"):
        approve_form(kit.station, swapped, PASSPHRASE)
    without = replace(proposal, files=())
    with pytest.raises(Exception, match="was not published with it"):
        publish(kit.mission, approve_form(kit.station, without, PASSPHRASE))
    (kit.folder / "places" / "sites.csv").unlink()
    with pytest.raises(UsageError, match="not beside it"):
        propose_form(kit.mission, kit.folder / "places" / "places.xml")
    with pytest.raises(UsageError, match="cannot be read"):
        propose_form(kit.mission, Path("/nowhere.xlsx"))


def test_a_form_outside_policy_is_refused(kit: MissionKit) -> None:
    """GOV-022."""
    path = kit.folder / "f.xml"
    path.write_bytes(LIST_FORM.replace('"statistics"', '"marketing"').encode())
    (kit.folder / "sites.csv").write_text("name,label\na,A\n")
    with pytest.raises(UsageError, match="'marketing'"):
        propose_form(kit.mission, path)
    path.write_bytes(LIST_FORM.replace('"observation"', '"hearsay"').encode())
    with pytest.raises(UsageError, match="'hearsay'"):
        propose_form(kit.mission, path)


def test_a_form_with_an_unclassified_field_is_refused_at_both_places(kit: MissionKit) -> None:
    """GOV-023: the station reads the form itself."""
    (kit.folder / "sites.csv").write_text("name,label\na,A\n")
    bare = LIST_FORM.replace(' cairn:disclosure="quasi"', "")
    path = kit.folder / "f.xml"
    path.write_text(bare)
    with pytest.raises(FormProblems, match="disclosure"):
        propose_form(kit.mission, path)
    sneaked = replace(places(kit), document=FormDocument(bare.encode(), "1", {}))
    with pytest.raises(FormProblems, match="disclosure"):
        approve_form(kit.station, sneaked, PASSPHRASE)
    renamed = replace(places(kit), form_id="other")
    with pytest.raises(UsageError, match="another form than it holds"):
        approve_form(kit.station, renamed, PASSPHRASE)


def test_a_version_is_published_once_and_signed_once(kit: MissionKit) -> None:
    proposal = places(kit)
    publish(kit.mission, approve_form(kit.station, proposal, PASSPHRASE))
    with pytest.raises(UsageError, match="in exactly this version"):
        propose_form(kit.mission, kit.folder / "places" / "places.xml")
    with pytest.raises(UsageError, match="signed before"):
        approve_form(kit.station, proposal, PASSPHRASE)


def test_an_older_version_retires(kit: MissionKit) -> None:
    publish_form(kit, "1")
    publish_form(kit, "2")
    with reading(kit.mission.stores.records) as session:
        states = {form.version: form.state for form in documents.forms(session)}
    assert states == {"1": "retired", "2": "published"}


def test_only_what_the_root_signed_is_put_in_force(kit: MissionKit) -> None:
    payloads = approve_form(kit.station, places(kit), PASSPHRASE)
    with pytest.raises((SignatureInvalid, EncodingInvalid)):
        publish(kit.mission, [payloads[0][:-1] + bytes([payloads[0][-1] ^ 1])])
    with pytest.raises(UsageError, match="no signed documents"):
        publish(kit.mission, "x")
    (odd,) = kit.station.sign_documents(
        kit.station.deployment, [("poem", "p", 1, b"x")], PASSPHRASE
    )
    with pytest.raises(UsageError, match="'poem'"):
        publish(kit.mission, [odd])


def test_a_policy_takes_force_and_an_older_one_does_not(kit: MissionKit) -> None:
    """GOV-024."""
    assert kit.mission.policy().serial == 0
    first = put_policy(kit, policy_text(approver="A"))
    assert (kit.mission.policy().serial, kit.mission.policy().approver) == (1, "A")
    put_policy(kit, policy_text(approver="B"))
    assert (kit.mission.policy().serial, kit.mission.policy().approver) == (2, "B")
    with pytest.raises(UsageError, match="is older"):
        publish(kit.mission, first)
    assert kit.mission.policy().serial == 2


def test_a_new_policy_has_analytic_rows_made_again(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """GOV-024."""
    device.interview()
    intake.drain()
    with reading(kit.mission.stores.records) as session:
        assert records.count_due(session) == 0
    put_policy(kit, policy_text())
    with reading(kit.mission.stores.records) as session:
        assert records.count_due(session) == 1
    intake.drain()
    with reading(kit.mission.stores.records) as session:
        assert records.count_due(session) == 0


def test_the_steward_sees_every_field_with_its_class() -> None:
    rows = describe(FormDocument(xform(), "1"))
    assert {row["field"]: row["class"] for row in rows}["/data/interview/head_name"] == "direct"
    assert all(row["purposes"] for row in rows)


def test_a_weak_passphrase_keeps_no_root(kit: MissionKit) -> None:
    """GOV-026."""
    with pytest.raises(UsageError, match="six or more words"):
        check_strong("password123")
    assert check_strong(PASSPHRASE) == PASSPHRASE
    assert kit.station.fingerprint


@pytest.mark.parametrize("value", [1, [], [b"", "x", 1, b"\x80", []], [1, 2, 3, 4, 5]])
def test_a_malformed_proposal_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="malformed"):
        read_proposal(value)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80",
        encode_form_document(FormDocument(b"x", "1", {"a": b"short"})),
        encode_form_document(FormDocument(b"x", "1"))[:-1] + b"\x01",
    ],
)
def test_a_malformed_form_document_is_refused(content: bytes) -> None:
    """GOV-020."""
    with pytest.raises(EncodingInvalid):
        decode_form_document(content)


def test_a_form_document_comes_back_and_is_bounded() -> None:
    document = FormDocument(b"<x/>", "7", {"a.csv": bytes(32)})
    assert decode_form_document(encode_form_document(document)) == document
    many = {f"{number}.csv": bytes(32) for number in range(FILES_MAX + 1)}
    with pytest.raises(Exception, match="at most"):
        decode_form_document(encode_form_document(FormDocument(b"", "1", many)))
