"""`cairn forms` and `cairn xpath`: what scripts see.

FRM-032.
"""

import json
from pathlib import Path

import pytest
from forms_build import bind, question, xform
from typer.testing import CliRunner

from server.commands.forms import app as forms_app

FORM = xform(
    "<name/><member jr:template=''><age/></member><meta><entity dataset='people' id='' create='1'>"
    "<label/></entity><instanceID/></meta>",
    bind("/data/name", required="true()", cairn_disclosure="direct")
    + bind("/data/member/age", type="int", cairn_disclosure="quasi")
    + '<bind nodeset="/data/name" entities:saveto="full_name" '
    'xmlns:entities="http://www.opendatakit.org/xforms/entities"/>'
    + bind("/data/meta/entity/@id", calculate="'e1'")
    + bind("/data/meta/entity/label", calculate="/data/name"),
    question("/data/name", "Your name")
    + "<repeat nodeset='/data/member'>"
    + question("/data/member/age")
    + "</repeat>",
    root="cairn:basis='observation' cairn:purposes='statistics'",
)


@pytest.fixture
def form_file(tmp_path: Path) -> Path:
    path = tmp_path / "form.xml"
    path.write_bytes(FORM)
    return path


def play(path: Path, *requests: dict[str, object]) -> list[dict[str, object]]:
    lines = "\n".join(json.dumps(request) for request in requests)
    result = CliRunner().invoke(
        forms_app, ["play", str(path), "--now", "2026-03-14T09:00:00Z", "--tz", "UTC"], input=lines
    )
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_play_holds_an_interview(form_file: Path) -> None:
    replies = play(
        form_file,
        {"op": "next"},
        {"op": "finalize"},
        {"op": "set", "path": "/data/name", "value": "Amina"},
        {"op": "add_repeat", "path": "/data/member"},
        {"op": "set", "path": "/data/member[1]/age", "value": 40},
        {"op": "count", "path": "/data/member"},
        {"op": "get", "path": "/data/name"},
        {"op": "entities"},
        {"op": "finalize"},
    )
    values = [reply.get("value") for reply in replies]
    assert values[0]["path"] == "/data/name"  # type: ignore[index]
    assert not replies[1]["ok"]
    assert replies[1]["error"]["code"] == "FORM-002"  # type: ignore[index]
    assert values[3] == "/data/member[1]"
    assert values[5] == 1
    assert values[6]["label"] == "Your name"  # type: ignore[index]
    assert values[7][0]["properties"] == {"full_name": "Amina"}  # type: ignore[index]
    assert values[7][0]["id"] == "e1"  # type: ignore[index]
    assert "<age>40</age>" in str(values[8])


def test_play_saves_and_restores(form_file: Path) -> None:
    saved = play(form_file, {"op": "set", "path": "/data/name", "value": "Amina"}, {"op": "save"})[
        1
    ]["value"]
    replies = play(
        form_file, {"op": "restore", "value": saved}, {"op": "get", "path": "/data/name"}
    )
    assert replies[1]["value"]["value"] == "Amina"  # type: ignore[index]


def test_check_reports_in_json_and_by_status(form_file: Path, tmp_path: Path) -> None:
    good = CliRunner().invoke(forms_app, ["check", "--json", str(form_file)])
    assert good.exit_code == 0, good.output
    bad = tmp_path / "bad.xml"
    bad.write_bytes(FORM.replace(b'cairn:disclosure="quasi"', b"").replace(b"'e1'", b"explode("))
    result = CliRunner().invoke(forms_app, ["check", "--json", str(bad)])
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert any(problem["column"] == "calculation" for problem in problems)


def test_describe_lists_fields_with_classes(form_file: Path) -> None:
    result = CliRunner().invoke(forms_app, ["describe", "--json", str(form_file)])
    fields = {f["path"]: f["disclosure"] for f in json.loads(result.stdout)["fields"]}
    assert fields["/data/name"] == "direct"
    assert fields["/data/member/age"] == "quasi"


def test_play_reads_the_files_of_a_folder_and_leaves_other_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "form.xml"
    path.write_bytes(
        xform(
            "<town/><tree/>",
            bind("/data/town", calculate="instance('__last-saved')/data/town"),
            "<select1 ref='/data/tree'><label>T</label><itemset nodeset="
            "\"instance('trees')/root/item\"><value ref='name'/><label ref='label'/></itemset>"
            "</select1>",
            model="<instance id='trees' src='jr://file-csv/trees.csv'/>"
            "<instance id='__last-saved' src='jr://instance/last-saved'/>",
        )
    )
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "trees.csv").write_text("name,label\na,Ash\n", encoding="utf-8")
    (folder / "last-saved.xml").write_text("<data><town>Goma</town></data>", encoding="utf-8")
    (folder / "notes.csv").write_text("a,a\n1,2\n", encoding="utf-8")
    asked = '{"op": "choices", "path": "/data/tree"}\n{"op": "get", "path": "/data/town"}'
    arguments = ["play", str(path), "--attachments", str(folder)]
    result = CliRunner().invoke(forms_app, arguments, input=asked)
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert replies[0]["value"] == [{"value": "a", "label": "Ash", "media": {}}]
    assert replies[1]["value"]["value"] == "Goma"
    (folder / "trees.csv").write_text("name,name\n", encoding="utf-8")
    broken = CliRunner().invoke(forms_app, arguments, input=asked)
    assert broken.exit_code == 1
    assert "trees.csv" in broken.stderr
