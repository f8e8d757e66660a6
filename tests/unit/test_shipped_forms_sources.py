"""The forms we ship: workbook and source agree, pyxform converts them, nothing is left unsaid."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from forms.build import source, workbook
from forms.build.build import FORMS_DIR, form_names
from forms.build.source import CAIRN, LANGUAGES, METADATA, STRUCTURE, Row, Sheets, SourceError

CLASSES = {"direct", "quasi", "sensitive", "open"}
MERGES = {"review", "latest", "earliest", "max", "min", "union", "restrictive"}
GENERALISE = re.compile(r"age:(dtm|5y)|date:(month|year)|geo:admin[0-2]|top:[0-9]+|keep|drop")
BASES = {"consent", "key_informant", "observation"}
ARABIC = re.compile(r"[\u0600-\u06ff]")
BASIS_OF = {
    "household_registration": "consent",
    "location_assessment": "key_informant",
    "flow_monitoring": "observation",
    "event_tracking": "key_informant",
    "return_intention": "consent",
}


@pytest.fixture(scope="module", params=form_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sheets(name: str) -> Sheets:
    return source.read(FORMS_DIR / "source" / name)


@pytest.fixture(scope="module")
def xform(name: str) -> str:
    result = convert(FORMS_DIR / f"{name}.xlsx", pretty_print=False)
    assert result.warnings == []
    return str(result.xform)


def fields(sheets: Sheets) -> list[Row]:
    return [row for row in sheets.survey if row["type"] not in STRUCTURE]


def test_the_five_forms_are_there() -> None:
    assert set(form_names()) == set(BASIS_OF)


def test_workbook_says_what_the_source_says(name: str, sheets: Sheets) -> None:
    built = workbook.read(FORMS_DIR / f"{name}.xlsx")
    assert built.survey == sheets.survey
    assert built.choices == sheets.choices
    assert built.settings == sheets.settings


def test_building_twice_gives_the_same_bytes(sheets: Sheets, tmp_path: Path) -> None:
    for copy in ("one.xlsx", "two.xlsx"):
        workbook.write(sheets, tmp_path / copy)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_basis_purposes_and_consent_reach_the_xform(name: str, sheets: Sheets, xform: str) -> None:
    """CONS-001."""
    basis = sheets.settings["cairn_basis"]
    assert basis == BASIS_OF[name]
    assert f'cairn:basis="{basis}"' in xform
    assert f'cairn:purposes="{sheets.settings["cairn_purposes"]}"' in xform
    assert ("cairn_consent" in sheets.settings) == (basis == "consent")


def test_every_field_is_classified(sheets: Sheets) -> None:
    unclassified = [row["name"] for row in fields(sheets) if row.get(CAIRN["class"]) not in CLASSES]
    assert unclassified == []


def test_cairn_columns_hold_known_words(sheets: Sheets) -> None:
    purposes = set(sheets.settings["cairn_purposes"].split())
    for row in fields(sheets):
        merge = row.get(CAIRN["merge"], "review")
        assert merge in MERGES or re.fullmatch(r"group:[a-z_]+", merge), row
        assert GENERALISE.fullmatch(row.get(CAIRN["generalise"], "age:dtm")), row
        assert set(row.get(CAIRN["purpose"], "").split()) <= purposes, row
        measure = row.get(CAIRN["measure"])
        assert measure is None or row["type"] in {"integer", "calculate"}, row


def test_free_text_names_phones_and_positions_are_direct(sheets: Sheets, name: str) -> None:
    for row in fields(sheets):
        if row["type"] == "text":
            assert row[CAIRN["class"]] == "direct", row["name"]
        if row["type"] == "geopoint" and name in {"household_registration", "return_intention"}:
            assert row[CAIRN["class"]] == "direct", row["name"]


def test_what_is_computed_from_a_direct_field_is_direct_or_says_why(sheets: Sheets) -> None:
    direct = {row["name"] for row in fields(sheets) if row[CAIRN["class"]] == "direct"}
    for row in fields(sheets):
        read = set(re.findall(r"\$\{(\w+)\}", row.get("calculation", ""))) & direct
        if read and row[CAIRN["class"]] != "direct":
            assert len(row[CAIRN["declassify"]].split()) >= 5, row["name"]


def test_every_text_is_in_every_language(sheets: Sheets) -> None:
    for row in [*sheets.survey, *sheets.choices]:
        kinds = {key.partition("::")[0] for key in row if "::" in key and "(" in key}
        for kind in kinds:
            texts = {code: row[f"{kind}::{title}"] for code, title in LANGUAGES.items()}
            assert all(text.strip() for text in texts.values()), row
            assert ARABIC.search(texts["ar"]), row
            assert not ARABIC.search(texts["en"] + texts["fr"]), row
            marks = {code: sorted(re.findall(r"\$\{\w+\}", text)) for code, text in texts.items()}
            assert marks["en"] == marks["fr"] == marks["ar"], row


def test_everything_shown_has_a_label_and_constraints_a_message(sheets: Sheets) -> None:
    silent = METADATA | {"calculate", "hidden", "end_group", "end_repeat"}
    for row in sheets.survey:
        if row["type"] not in silent:
            assert f"label::{LANGUAGES['en']}" in row, row
        if "constraint" in row:
            assert f"constraint_message::{LANGUAGES['en']}" in row, row
        if "required" in row:
            assert f"required_message::{LANGUAGES['en']}" in row, row


def test_names_are_sane_and_unique(sheets: Sheets) -> None:
    names = [row["name"] for row in sheets.survey if "name" in row]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name)] == []
    choices = [(row["list_name"], row["name"]) for row in sheets.choices]
    assert len(choices) == len(set(choices))
    assert [name for _, name in choices if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


def test_choices_named_in_expressions_exist(sheets: Sheets) -> None:
    lists: dict[str, set[str]] = {}
    for row in sheets.choices:
        lists.setdefault(row["list_name"], set()).add(row["name"])
    kinds = {row["name"]: row["type"].split() for row in fields(sheets)}
    compared = re.compile(r"(?:selected\()?\$\{(\w+)\}\s*(?:,|!?=)\s*'([^']+)'")
    for row in sheets.survey:
        for key in ("relevant", "constraint", "calculation"):
            for field, value in compared.findall(row.get(key, "")):
                kind = kinds[field]
                if kind[0] in {"select_one", "select_multiple"}:
                    assert value in lists[kind[1]], (row["name"], field, value)


def test_a_list_with_an_exclusive_answer_is_guarded(sheets: Sheets) -> None:
    lists: dict[str, set[str]] = {}
    for row in sheets.choices:
        lists.setdefault(row["list_name"], set()).add(row["name"])
    for row in fields(sheets):
        if row["type"].startswith("select_multiple "):
            for alone in {"none", "no_answer", "dont_know"} & lists[row["type"].split()[1]]:
                assert f"selected(., '{alone}')" in row.get("constraint", ""), row["name"]


def test_source_errors_name_the_place(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (tmp_path / "common").mkdir()
    for path in (tmp_path / "common" / "messages.toml", folder / "lists.toml"):
        path.write_text("")
    (tmp_path / "common" / "lists.toml").write_text("")
    (folder / "form.toml").write_text('[settings]\n[[part]]\nfiles = ["a"]\n')
    with pytest.raises(SourceError, match=r"a\.toml is missing"):
        source.read(folder)
    (folder / "a.toml").write_text('[[survey]]\ntype = "note"\nname = "n"\ncolour = "red"\n')
    with pytest.raises(SourceError, match="broken/n: unknown key 'colour'"):
        source.read(folder)
    (folder / "a.toml").write_text('[[survey]]\ntype = "note"\nname = "n"\nlabel.en = "x"\n')
    with pytest.raises(SourceError, match=r"lacks \['ar', 'fr'\]"):
        source.read(folder)
    (folder / "a.toml").write_text('[[survey]]\ntype = "select_one l"\nname = "n"\n')
    with pytest.raises(SourceError, match="no choice list 'l'"):
        source.read(folder)
