"""`cairn forms check`: every problem at once, each with its place and what to write instead.

FRM-005, FRM-006, FRM-007.
"""

import io
import json
import zipfile
from pathlib import Path

import pytest
from forms_build import bind, question, xform
from forms_shared import need_shared_data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from server.commands.forms import app
from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.check import check_file
from shared.forms.problems import FormProblems, Problem
from shared.forms.xlsform import convert

MANY = """
| survey |
| | type | name | label::English (en) | label::French (fr) | relevant | calculation | constraint | bind::cairn:disclosure | bind::cairn:merge |
| | hidden string | token | | | | | | open | |
| | select_one sex | sex | Sex | Sexe | | | | quasi | |
| | select_one coulor | paint | Paint | Peinture | | | | open | |
| | text | full name | Name | | | | | direct | |
| | text | phone | Phone | Tel | ${sexx} = 'f' | | | | |
| | intger | age | Age | Age | | | | quasi | |
| | begin_group | g | G | G | | | | | |
| | integer | n | N | N | | | | open | |
| | integer | n | N | N | | | | secret | |
| | calculate | a | | | | ${b} + 1 | | open | |
| | calculate | b | | | | ${a} + 1 | | open | |
| | calculate | c | | | | nosuch(${n | | open | |
| choices |
| | list_name | name | label::English (en) | label::French (fr) |
| | sex | f | Female | Femme |
| | sex | f | Girl | Fille |
| | sex | | Boy | |
| | colour | red | Red | Rouge |
"""  # noqa: E501 - a table


def places(problems: tuple[Problem, ...]) -> set[tuple[str, int, str]]:
    return {(p.sheet, p.row, p.column) for p in problems if p.severity == "error"}


def advice(problems: tuple[Problem, ...], sheet: str, row: int, column: str) -> str:
    return " ".join(
        p.instead for p in problems if (p.sheet, p.row, p.column) == (sheet, row, column)
    )


def test_rows_are_read_past_the_first_mistake() -> None:
    with pytest.raises(FormProblems) as caught:
        convert(MANY)
    found = caught.value.problems
    assert {
        ("survey", 2, "type"), ("survey", 4, "type"), ("survey", 5, "name"),
        ("survey", 6, "relevant"), ("survey", 7, "type"), ("survey", 8, "type"),
        ("survey", 10, "name"), ("choices", 3, "name"), ("choices", 4, "name"),
    } <= places(found)  # fmt: skip
    assert advice(found, "survey", 2, "type") == "Write `hidden` instead of `hidden string`"
    assert "`colour`" in advice(found, "survey", 4, "type")
    assert "`full_name`" in advice(found, "survey", 5, "name")
    assert "${sex}" in advice(found, "survey", 6, "relevant")
    assert "`integer`" in advice(found, "survey", 7, "type")
    assert "end group" in advice(found, "survey", 8, "type")
    assert "allow_choice_duplicates" in advice(found, "choices", 3, "name")


LEGACY = """
| survey |
| | type | name | label | relevant | calculation | bind::cairn:disclosure |
| | hidden string | token | | | | open |
| | select_one sex | sex | Sex | | | quasi |
| | text | phone | Phone | | | |
| | calculate | a | | | ${b} + 1 | open |
| | calculate | b | | | ${a} + 1 | open |
| | calculate | c | | | lower-case(${phone}) | open |
| | calculate | d | | | /data/nowhere + 1 | open |
| | note | e | Never | false() | | open |
| choices |
| | list_name | name | label |
| | sex | f | Female |
| | sex | f | Girl |
"""


def test_what_lies_behind_an_old_spelling_is_told_in_the_same_run() -> None:
    checked = check_file("legacy.md", LEGACY.encode())
    found = checked.problems
    assert not checked.publishable
    assert {
        ("survey", 2, "type"), ("choices", 3, "name"), ("survey", 4, "bind::cairn:disclosure"),
        ("survey", 5, "calculation"), ("survey", 7, "calculation"), ("survey", 8, "calculation"),
        ("settings", 2, "cairn_basis"), ("settings", 2, "cairn_purposes"),
    } <= places(found)  # fmt: skip
    told = "\n".join(p.line() for p in found)
    assert "a (calculation) -> b (calculation) -> a." in told
    assert "did you mean translate()?" in told
    assert "/data/nowhere, which the form does not have" in told
    assert "phone looks like an identifier" in told
    assert "e is never asked" in told


TRANSLATED = """
| survey |
| | type | name | label::English (en) | label::French (fr) | bind::cairn:disclosure |
| | text | one | One | Un | open |
| | text | two | Two | | open |
| | select_one_from_file places.csv | place | Place | Lieu | open |
| settings |
| | form_id | cairn_basis | cairn_purposes |
| | t | observation | statistics |
"""


def test_a_missing_translation_names_its_row_and_a_file_its_column() -> None:
    checked = check_file("t.md", TRANSLATED.encode(), {})
    assert checked.publishable
    lines = [p.line() for p in checked.problems]
    missing = next(line for line in lines if "have no French (fr)" in line)
    assert "survey row 3 column label::French (fr)" in missing
    assert "two (row 3)" in missing
    assert any("places.csv is not beside the form" in line for line in lines)
    wrong = check_file("t.md", TRANSLATED.encode(), {"places.csv": lambda: b"id,label\n1,A\n"})
    assert any("has no column 'name'" in p.what for p in wrong.problems)
    twice = check_file("t.md", TRANSLATED.encode(), {"places.csv": lambda: b"name,name\n1,A\n"})
    assert not twice.publishable
    good = check_file("t.md", TRANSLATED.encode(), {"places.csv": lambda: b"name,label\n1,A\n"})
    assert not [p for p in good.problems if "places.csv" in p.what]


def test_every_circle_of_a_form_is_told() -> None:
    names = ("a", "b", "c", "d")
    two = xform(
        "".join(f"<{n}/>" for n in names),
        bind("/data/a", calculate="/data/b") + bind("/data/b", relevant="/data/a = 1")
        + bind("/data/c", calculate="/data/d") + bind("/data/d", calculate="/data/c"),
        "".join(question(f"/data/{n}") for n in names),
    )  # fmt: skip
    circles = [p.what for p in check_file("two.xml", two).problems if "circle" in p.what]
    assert len(circles) == 2
    assert "a (calculation)" in circles[0]
    assert "b (relevant)" in circles[0]


def test_bad_real_forms_are_refused_with_places() -> None:
    folder = need_shared_data() / "forms"
    doubled = check_file("a.xlsx", (folder / "unhcr_demo_duplicate_choices.xlsx").read_bytes())
    rows = {p.row for p in doubled.problems if p.sheet == "choices" and p.severity == "error"}
    assert {7, 8, 9, 13} <= rows
    assert any("cairn_basis" in p.column for p in doubled.problems), "what lies behind is told too"
    circle = check_file("b.xml", (folder / "bad_cycle_errors.xml").read_bytes())
    assert any("referir_para_teste (relevant) -> test_patient_anyway" in p.what
               for p in circle.problems)  # fmt: skip
    assert any("cond()" in p.what for p in circle.problems)


# ---- workbooks nobody should open


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WORKBOOK_BYTES_MAX", 1_000_000)
    bomb = packed(xl__worksheets__sheet1_xml=bytes(2_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(LimitExceeded, match="unpacks"):
        convert(bomb)
    assert not check_file("bomb.xlsx", bomb).publishable


def test_a_workbook_with_entities_or_damage_is_refused() -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    for data in (packed(xl__workbook_xml=entity), packed(nothing=b""), b"PK\x03\x04junk", b"\xff"):
        with pytest.raises(FormError):
            convert(data)
        assert not check_file("odd.xlsx", data).publishable


# ---- as a script


def test_exit_status_and_json_are_for_scripts(tmp_path: Path) -> None:
    good = tmp_path / "good.md"
    good.write_text(TRANSLATED, encoding="utf-8")
    (tmp_path / "places.csv").write_text("name,label\n1,A\n", encoding="utf-8")
    bad = tmp_path / "bad.md"
    bad.write_text(LEGACY, encoding="utf-8")
    both = CliRunner().invoke(app, ["check", "--json", str(good), str(bad)])
    assert both.exit_code == 1
    replies = [json.loads(line) for line in both.stdout.splitlines()]
    assert [reply["publishable"] for reply in replies] == [True, False]
    assert set(replies[1]["problems"][0]) == {
        "sheet", "row", "column", "what", "instead", "severity", "field"
    }  # fmt: skip
    assert replies[0]["tablet_load_s"] >= 0
    assert CliRunner().invoke(app, ["check", str(good)]).exit_code == 0
    assert CliRunner().invoke(app, ["check", "--strict", str(good)]).exit_code == 1
    words = CliRunner().invoke(app, ["check", str(bad)]).stdout
    assert "survey row 2 column type" in words


# ---- any sheet


TYPES = [
    "text", "hidden string", "select_one l", "begin_group", "end_group", "begin repeat", "rank",
    "end repeat", "calculate", "note", "", "audit", "intger", "select_one_from_file x.csv",
]  # fmt: skip
CELLS = ["", "a", "b", "a b", "${a}", "${zz}", "1 +", "count(${a})", "yes", "-", "9x", "é"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(TYPES), *[st.sampled_from(CELLS)] * 5), max_size=8),
    st.lists(st.tuples(*[st.sampled_from(CELLS)] * 3), max_size=4),
)
def test_any_sheet_is_checked_without_a_crash(
    survey: list[tuple[str, ...]], choices: list[tuple[str, ...]]
) -> None:
    lines = ["| survey |", "| | type | name | label | relevant | calculation | choice_filter |"]
    lines += ["| | " + " | ".join(row) + " |" for row in survey]
    lines += ["| choices |", "| | list_name | name | label |"]
    lines += ["| | " + " | ".join(row) + " |" for row in choices]
    checked = check_file("any.md", "\n".join(lines).encode())
    assert all(p.what and p.severity in ("error", "warning") for p in checked.problems)
    assert not checked.publishable, "no such form says on which basis it asks"
