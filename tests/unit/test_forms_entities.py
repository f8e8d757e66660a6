"""Entities: created, found again by a follow-up form on the same device, updated without network.

FRM-032, FRM-034, FRM-035.
"""

from datetime import UTC
from pathlib import Path

import pytest
from client_project import TestProject
from forms_build import NOW, form, interview, question, seeded_bytes

from mobile_client.services.client import Client
from mobile_client.services.entity_book import ENTITY
from shared.errors import FormError
from shared.forms.body import validate_body
from shared.forms.codebook import codebook_of
from shared.forms.entities import EntityChange, datasets_of
from shared.forms.entity_lists import LocalEntity, branch_name, changed, list_of
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.tables import Table
from shared.records.codebook import Disclosure

PLANT = """
| survey |
| | type | name | label | save_to | bind::cairn:disclosure |
| | text | kind | Kind of tree | kind | open |
| | integer | height | Height | height | quasi |
| | text | owner | Owner | owner | direct |
| entities |
| | list_name | label |
| | trees | concat(${kind}, ' ', ${height}) |
| settings |
| | form_id | version | cairn_basis | cairn_purposes |
| | plant | 1 | observation | statistics |
"""
MEASURE = """
| survey |
| | type | name | label | save_to | calculation | bind::cairn:disclosure |
| | select_one_from_file trees.csv | tree | Which tree? | | | open |
| | calculate | before | | | instance('trees')/root/item[name = ${tree}]/height | quasi |
| | integer | height | Height now | height | | quasi |
| entities |
| | list_name | entity_id |
| | trees | ${tree} |
| settings |
| | form_id | version | cairn_basis | cairn_purposes |
| | measure | 1 | observation | statistics |
"""
MEMBERS = """
| survey |
| | type | name | label | save_to |
| | begin_repeat | member | Member | |
| | text | called | Called | called |
| | end_repeat | | | |
| entities |
| | list_name | label |
| | people | ${called} |
"""
AROUND = {"clock_now": NOW, "tz": UTC, "random_bytes": seeded_bytes(9)}


def built(markdown: str):  # type: ignore[no-untyped-def]
    return read_form(convert(markdown).xform)


def planted(kind: str = "oak", height: str = "3") -> Interview:
    filled = interview(built(PLANT))
    filled.set("/data/kind", kind)
    filled.set("/data/height", height)
    return filled


def test_an_entity_keeps_its_id_through_draft_record_and_instance() -> None:
    filled = planted()
    (entity,) = filled.entities()
    assert entity.id
    assert entity.action == "create"
    assert (entity.label, dict(entity.properties)) == (
        "oak 3",
        {"kind": "oak", "height": "3", "owner": ""},
    )
    again = Interview.restore(filled.form, filled.snapshot(), **AROUND)  # type: ignore[arg-type]
    assert again.entities() == (entity,)
    of_record = Interview.from_answers(filled.form, filled.finalize(), **AROUND)  # type: ignore[arg-type]
    assert of_record.entities() == (entity,)
    of_xml = Interview.from_instance_xml(filled.form, filled.instance_xml(), **AROUND)  # type: ignore[arg-type]
    assert of_xml.entities() == (entity,)
    assert of_xml.instance_xml() == filled.instance_xml()


def test_an_entity_id_is_a_field_of_the_record_as_open_as_what_goes_into_it() -> None:
    classes = {f.path: f.disclosure for f in codebook_of(built(PLANT)).fields()}
    assert classes["/data/meta/entity/@id"] is Disclosure.OPEN
    assert classes["/data/meta/entity/label"] is Disclosure.QUASI
    named = built(PLANT.replace("concat(${kind}", "concat(${owner}"))
    assert {f.path: f.disclosure for f in codebook_of(named).fields()}[
        "/data/meta/entity/label"
    ] is Disclosure.DIRECT
    filled = planted()
    judged = validate_body(filled.form, filled.finalize(), (), **AROUND)  # type: ignore[arg-type]
    assert judged == ()


def test_each_repeat_instance_makes_its_own_entity() -> None:
    filled = interview(built(MEMBERS))
    filled.set("/data/member[1]/called", "Amina")
    filled.set(filled.add_repeat("/data/member") + "/called", "Omar")
    made = filled.entities()
    assert [one.label for one in made] == ["Amina", "Omar"]
    assert len({one.id for one in made} - {""}) == 2
    again = Interview.restore(filled.form, filled.snapshot(), **AROUND)  # type: ignore[arg-type]
    assert again.entities() == made
    assert datasets_of(filled.form) == ("people",)


def test_properties_in_a_group_with_an_entity_of_its_own_belong_to_that() -> None:
    saved = 'xmlns:entities="http://www.opendatakit.org/xforms/entities" entities:saveto'
    two = form(
        "<a/><g><b/><meta><entity dataset='rooms' id='r' create='1'><label/></entity></meta></g>"
        "<meta><entity dataset='houses' id='h' create='1'><label/></entity><instanceID/></meta>",
        f'<bind nodeset="/data/a" {saved}="a"/><bind nodeset="/data/g/b" {saved}="b"/>',
        question("/data/a") + question("/data/g/b"),
    )
    filled = interview(two)
    found = {one.dataset: set(one.properties) for one in filled.entities()}
    assert found == {"rooms": {"b"}, "houses": {"a"}}


def test_a_follow_up_updates_offline_what_was_created_offline() -> None:
    first = planted()
    (creation,) = first.entities()
    local = changed(creation, None, None, "tablet")
    assert local is not None
    assert (local.version, local.trunk) == (1, 0)
    for height, base in (("4", "1"), ("5", "2")):
        trees = list_of("trees", None, [local], "tablet")
        follow_up = interview(built(MEASURE), attachments={"trees.csv": trees})
        (choice,) = follow_up.choices("/data/tree")
        assert (choice.value, choice.label) == (local.id, "oak 3")
        follow_up.set("/data/tree", local.id)
        assert follow_up.value("/data/before") == local.properties["height"]
        follow_up.set("/data/height", height)
        (update,) = follow_up.entities()
        assert (update.action, update.id, update.base_version) == ("update", local.id, base)
        assert (update.trunk_version, update.branch_id) == ("", local.branch)
        local = changed(update, local, None, "tablet")
        assert local is not None
        assert local.properties["height"] == height
        assert local.properties["kind"] == "oak"
        assert local.label == "oak 3"
    assert local.version == 3


SERVER = read_attachment("trees.csv", b"name,label,height,__version\na,Ash,3,4\nb,Beech,7,1\n")


def rows(table: Table) -> list[dict[str, str]]:
    return [{cell.name: cell.value() for cell in row.elements()} for row in table.rows()]


def test_a_list_of_the_server_names_trunk_and_branch_for_every_row() -> None:
    listed = rows(list_of("trees", SERVER, [], "tablet"))
    assert [(r["name"], r["__version"], r["__trunkVersion"]) for r in listed] == [
        ("a", "4", "4"),
        ("b", "1", "1"),
    ]
    assert listed[0]["__branchId"] == branch_name("tablet", "trees", "a", 4)
    assert listed[0]["__branchId"] != branch_name("phone", "trees", "a", 4)


def update(entity: str, base: str, **properties: str) -> EntityChange:
    return EntityChange("trees", entity, "update", "", properties, base)


def test_an_update_branches_off_the_servers_version_and_yields_when_that_catches_up() -> None:
    local = changed(update("a", "4", height="8"), None, SERVER, "tablet")
    assert local == LocalEntity(
        "trees", "a", "Ash", 5, 4, branch_name("tablet", "trees", "a", 4), {"height": "8"}
    )
    listed = rows(list_of("trees", SERVER, [local], "tablet"))
    assert [(r["height"], r["__version"], r["__trunkVersion"]) for r in listed] == [
        ("8", "5", "4"),
        ("7", "1", "1"),
    ]
    newer = read_attachment("trees.csv", b"name,label,height,__version\na,Ash,9,5\n")
    assert rows(list_of("trees", newer, [local], "tablet"))[0]["height"] == "9"
    after = changed(update("a", "5", height="10"), local, newer, "tablet")
    assert after is not None
    assert (after.version, after.trunk) == (6, 5)


def test_an_update_of_what_is_not_known_changes_no_list() -> None:
    assert changed(update("z", "1"), None, SERVER, "tablet") is None


def test_entities_newer_than_known_are_refused() -> None:
    newer = convert(PLANT).xform.replace(
        b'entities:entities-version="', b'entities:entities-version="9'
    )
    with pytest.raises(FormError, match="entities-version"):
        read_form(newer)


# ---- on a device


@pytest.fixture
def client(tmp_path: Path) -> Client:
    project = TestProject()
    project.publish(PLANT)
    project.publish(MEASURE)
    client = project.enrolled(tmp_path / "home")
    project.sync(client)
    return client


def test_on_one_device_a_follow_up_form_finds_what_was_finalized_before(client: Client) -> None:
    first = client.begin("plant")
    for path, text in {"kind": "oak", "height": "3", "owner": "Zubaida"}.items():
        first.answer(f"/data/{path}", text)
    first.close()
    client.finalize(first.draft_id)
    assert client._opened is not None
    (item,) = (content for _, content in client._opened.vault.items(ENTITY))
    assert "Zubaida" not in str(item), "what identifies directly is sealed to the custodian"
    second = client.begin("measure")
    second.answer("/data/tree", item["id"])
    second.answer("/data/height", "4")
    second.close()
    client.finalize(second.draft_id)
    (item,) = (content for _, content in client._opened.vault.items(ENTITY))
    assert (item["version"], item["properties"]["height"]) == (2, "4")
