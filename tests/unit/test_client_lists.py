"""LIST-013, 014, 020, 022, 030 to 033: lists on the device, open ones and those of the vault."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from client_kit import form_of, xform_of
from client_project import DEPLOYMENT, PASSPHRASE, TestProject

from mobile_client.presenters.rows import ListRow
from mobile_client.services.client import Client
from shared.canonical import encode
from shared.forms.xpath.tables import Table
from shared.records.form_document import FormDocument, encode_form_document
from shared.records.list_delta import Delta, encode_delta, make_delta
from shared.records.list_letter import WANTED_FACT, How, ListLetter, packed, write_letters
from shared.records.lists import canonical_list
from shared.records.parts import payloads_of
from shared.records.small import decode_status
from shared.sealing.documents import Document, sign_document
from shared.sealing.envelope import Compartment, Kind

HEAD = b"name,label,site\n"
ONE = HEAD + b"a,Amal,north\nb,Bilal,south\n"
TWO = HEAD + b"a,Amal,north\nb,Bilal,north\nc,Chadi,north\n"
CANARY = b"Chadi"

VISIT = """
| survey | | | | |
| | type | name | label | calculation | choice_filter | bind::cairn:disclosure |
| | note | hello | Hello | | | open |
| | text | site | Site | | | open |
| | select_one_from_file cases.csv | who | Who | | site=${site} | open |
| | calculate | called | | pulldata('cases', 'label', 'name', ${who}) | | sensitive |
| settings | | | | |
| | form_title | form_id | version | cairn_basis | cairn_purposes |
| | Visit | visit | 1 | observation | statistics |
"""


def step(base: bytes, new: bytes) -> Delta:
    delta = make_delta(base, new)
    assert delta is not None
    return delta


@dataclass
class Lists:
    """A project that says lists, and a tablet that hears them."""

    project: TestProject
    client: Client
    home: Path
    fields: dict[str, bytes] = field(default_factory=dict)

    def say(self, kind: str, serial: int, content: bytes, name: str = "sites.csv") -> None:
        document = Document(DEPLOYMENT, kind, name, serial, content)
        for payload in payloads_of(sign_document(self.project.root, document)):
            self.project.broadcast(Kind.LIST, payload)

    def send(
        self, serial: int, how: How, content: bytes = b"", name: str = "cases", log: int = 0
    ) -> None:
        for letter in write_letters(name, serial, how, content):
            self.post(letter, log)

    def post(self, letter: ListLetter, log: int = 0) -> None:
        self.project.mail(self.client, Kind.CASE_LIST, letter.encode(), log)

    def heard(self) -> tuple[ListRow, ...]:
        self.project.sync(self.client)
        return self.client.lists()

    def case(self) -> list[list[str]] | None:
        """The rows of `cases` as forms read them."""
        table = self.client._open.lists.tables().get("cases.csv")
        if table is None:
            return None
        return [[kid.text for kid in row.kids] for row in table.rows()]  # type: ignore[attr-defined]

    def library(self) -> dict[str, str]:
        assert self.client.project is not None
        return {n: h["hash"] for n, h in self.client.project.library.lists().items()}

    def wishes(self) -> list[str]:
        entries = self.project.entries(Kind.STATUS)
        facts = [decode_status(self.project.opened(e, Compartment.BODY)).facts for e in entries]
        return [str(one[WANTED_FACT]) for one in facts]


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    project = TestProject()
    client = project.on_disk(tmp_path / "home")
    yield Lists(project, client, tmp_path / "home")
    client.close()


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


# ---- choice lists


# LIST-013, LIST-020
def test_a_choice_list_comes_whole_and_then_in_steps(lists: Lists) -> None:
    lists.say("list", 1, ONE)
    assert lists.heard() == (ListRow("sites.csv", 1, digest(ONE)),)
    lists.say("delta", 2, encode_delta(step(ONE, TWO)))
    assert lists.heard() == (ListRow("sites.csv", 2, digest(TWO)),)
    files = [path.read_bytes() for path in lists.client.files.forms_folder.glob("*.list")]
    assert files == [TWO], "nobody needs the old version any more"
    lists.say("delta", 2, encode_delta(step(ONE, TWO)))
    assert lists.heard()[0].serial == 2, "said again changes nothing"


# LIST-022
def test_a_large_list_comes_in_parts_by_any_number_of_syncs(lists: Lists) -> None:
    chance = random.Random(7)
    rows = (b"%d,%s,s\n" % (n, chance.randbytes(24).hex().encode()) for n in range(50_000))
    large = HEAD + b"".join(rows)
    document = Document(DEPLOYMENT, "list", "sites.csv", 1, large)
    payloads = payloads_of(sign_document(lists.project.root, document))
    assert len(payloads) > 1
    lists.project.broadcast(Kind.LIST, payloads[-1])
    assert lists.heard() == ()
    for payload in payloads[:-1]:
        lists.project.broadcast(Kind.LIST, payload)
    assert lists.heard() == (ListRow("sites.csv", 1, digest(large)),)
    assert list(lists.client.files.forms_folder.glob("*.part*")) == []
    assert (lists.client.files.forms_folder / f"{digest(large)}.list").read_bytes() == large


# LIST-022
def test_parts_that_make_something_else_are_told(lists: Lists) -> None:
    for number in (1, 2):
        lists.project.broadcast(Kind.LIST, encode([1, bytes(32), number, 2, b"x"]))
    lists.project.broadcast(Kind.LIST, encode([1, bytes(32), 0, 2, b"x"]))
    lists.project.broadcast(Kind.LIST, encode([1, bytes(32), 3, 2, b"x"]))
    lists.project.broadcast(Kind.LIST, b"not CBOR")
    assert lists.heard() == ()
    assert lists.client.project is not None
    assert len(lists.client.project.library.faults()) == 4


# LIST-014: the broadcasts are all here, so the device helps itself
def test_a_choice_list_whose_file_is_gone_is_made_again(lists: Lists) -> None:
    lists.say("list", 1, ONE)
    lists.heard()
    (lists.client.files.forms_folder / f"{digest(ONE)}.list").unlink()
    lists.say("delta", 2, encode_delta(step(ONE, TWO)))
    assert lists.heard() == (ListRow("sites.csv", 2, digest(TWO)),)
    assert lists.client.project is not None
    assert lists.client.project.library.faults() == {}


# LIST-013
def test_a_step_from_a_list_that_never_came_leaves_the_old_one(lists: Lists) -> None:
    lists.say("list", 1, ONE)
    lists.say("delta", 3, encode_delta(step(TWO, HEAD)))
    assert lists.heard() == (ListRow("sites.csv", 1, digest(ONE)),)
    assert lists.client.project is not None
    assert len(lists.client.project.library.faults()) == 1


# ---- case lists


# LIST-030, LIST-032
def test_a_case_list_comes_whole_and_then_in_steps(lists: Lists) -> None:
    lists.send(1, How.WHOLE, ONE)
    assert lists.heard() == (ListRow("cases", 1, digest(ONE), personal=True),)
    lists.send(2, How.STEP, encode_delta(step(ONE, TWO)))
    assert lists.heard() == (ListRow("cases", 2, digest(TWO), personal=True),)
    assert lists.case() == [
        ["a", "Amal", "north"],
        ["b", "Bilal", "north"],
        ["c", "Chadi", "north"],
    ]
    lists.client.close()
    for path in lists.home.rglob("*"):
        assert not path.is_file() or CANARY not in path.read_bytes(), path
    lists.client = lists.project.reopened(lists.home)
    assert lists.client.lists() == (ListRow("cases", 2, digest(TWO), personal=True),)


# LIST-030
def test_a_case_list_is_taken_back(lists: Lists) -> None:
    lists.send(1, How.WHOLE, ONE)
    lists.heard()
    lists.send(2, How.DROP)
    assert lists.heard() == ()
    assert lists.case() is None
    lists.send(3, How.WHOLE, TWO)
    assert lists.heard() == (ListRow("cases", 3, digest(TWO), personal=True),)


# LIST-031
def test_an_older_serial_changes_nothing_but_of_a_later_incarnation(lists: Lists) -> None:
    lists.send(5, How.WHOLE, TWO)
    for serial in (5, 4):
        lists.send(serial, How.WHOLE, ONE)
        lists.send(serial, How.DROP)
    assert lists.heard() == (ListRow("cases", 5, digest(TWO), personal=True),)
    lists.send(1, How.WHOLE, ONE, log=1)
    assert lists.heard() == (ListRow("cases", 1, digest(ONE), personal=True),)


# LIST-014
def test_a_gap_is_asked_for_once(lists: Lists) -> None:
    lists.send(1, How.WHOLE, ONE)
    lists.send(3, How.STEP, encode_delta(step(TWO, HEAD)))
    assert lists.heard() == (ListRow("cases", 1, digest(ONE), personal=True),)
    lists.heard()
    assert lists.wishes() == ["cases"]
    lists.send(4, How.WHOLE, TWO)
    assert lists.heard() == (ListRow("cases", 4, digest(TWO), personal=True),)
    assert lists.wishes() == ["cases"]


# LIST-013, LIST-030: whatever is wrong with a letter, the list that was there stays
@pytest.mark.parametrize(
    "letter",
    [
        ListLetter("cases", 2, How.WHOLE, 1, 1, b"not deflate"),
        ListLetter("cases", 2, How.WHOLE, 1, 1, packed(TWO)[:-3]),
        ListLetter("cases", 2, How.WHOLE, 1, 1, packed(TWO) + b"more"),
        ListLetter("cases", 2, How.WHOLE, 1, 1, packed(bytes(40 << 20))),
        ListLetter("cases", 2, How.STEP, 1, 1, packed(b"not CBOR")),
        ListLetter("cases", 2, How.STEP, 1, 1, packed(bytes(40 << 20))),
        ListLetter("cases", 2, How.STEP, 1, 1, packed(encode_delta(step(TWO, ONE)))),
    ],
    ids=["noise", "cut", "longer", "bomb", "no step", "bomb of a step", "other base"],
)
def test_a_bad_letter_leaves_the_old_list(lists: Lists, letter: ListLetter) -> None:
    lists.send(1, How.WHOLE, ONE)
    lists.post(letter)
    assert lists.heard() == (ListRow("cases", 1, digest(ONE), personal=True),)
    assert lists.case() == [["a", "Amal", "north"], ["b", "Bilal", "south"]]
    assert lists.wishes() == [] or lists.wishes() == ["cases"]
    lists.heard()
    assert lists.wishes() == ["cases"]
    lists.send(3, How.STEP, encode_delta(step(ONE, TWO)))
    assert lists.heard() == (ListRow("cases", 3, digest(TWO), personal=True),)


def test_a_letter_that_is_none_is_counted(lists: Lists) -> None:
    lists.project.mail(lists.client, Kind.CASE_LIST, encode([1, "cases", 1, 9, 1, 1, b""]))
    lists.project.mail(lists.client, Kind.CASE_LIST, encode([1, "cases", 1, 1, 2, 1, b""]))
    assert lists.heard() == ()
    assert lists.client._open.lists.unreadable == 2


# LIST-022, LIST-031: parts in any order, and those of an abandoned letter
def test_parts_of_letters(lists: Lists) -> None:
    def letter(serial: int, part: int, parts: int, data: bytes) -> ListLetter:
        return ListLetter("cases", serial, How.WHOLE, part, parts, data)

    stream = packed(TWO)
    lists.post(letter(1, 1, 2, b"of a letter that never ends"))
    lists.post(letter(2, 3, 3, stream[20:]))
    assert lists.heard() == ()
    lists.post(letter(2, 1, 3, stream[:10]))
    lists.heard()
    lists.client.close()
    lists.client = lists.project.reopened(lists.home)
    lists.post(letter(2, 2, 3, stream[10:20]))
    assert lists.heard() == (ListRow("cases", 2, digest(TWO), personal=True),)
    assert lists.client._open.vault.items("list part") == []


# LIST-032: the second enumerator of a tablet reads the mailbox for themselves
def test_each_enumerator_has_the_lists(lists: Lists) -> None:
    lists.send(1, How.WHOLE, ONE)
    lists.heard()
    person = lists.client.add_enumerator("Basma", PASSPHRASE)
    lists.client.unlock(lists.client.enumerators()[0].id, PASSPHRASE)
    lists.client.unlock(person, PASSPHRASE)
    assert lists.client.lists() == (ListRow("cases", 1, digest(ONE), personal=True),)


# LIST-033
def test_a_form_reads_the_case_list_of_its_name(lists: Lists) -> None:
    empty = b"name,label,site\n"
    loaded = form_of(VISIT)
    lists.project.codebooks.add(loaded.codebook)
    document = FormDocument(xform_of(VISIT), "1", {"cases.csv": sha256(empty).digest()})
    lists.say("list", 1, empty, "cases.csv")
    signed = Document(DEPLOYMENT, "form", loaded.form.id, 1, encode_form_document(document))
    lists.project.broadcast(Kind.FORM, sign_document(lists.project.root, signed))
    lists.send(1, How.WHOLE, canonical_list(TWO))
    lists.heard()
    filling = lists.client.begin_filling("visit")
    filling.fill([("/data/site", "north"), ("/data/who", "c")])
    filling.close()
    lists.client.finalize(filling.draft_id)
    lists.project.sync(lists.client)
    (body,) = lists.project.bodies()
    answers = {path: value for path, value in body.patch.items() if "/meta/" not in path}
    assert answers == {"/data/site": "north", "/data/who": "c", "/data/called": "Chadi"}
    lists.client.lock()
    assert lists.client.project is not None
    file = lists.client.project.library.form("visit").files["cases.csv"]
    assert isinstance(file, Table)
    assert file.row_count == 0, "nothing of it is read while locked"
