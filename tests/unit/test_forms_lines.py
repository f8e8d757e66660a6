"""`cairn xpath eval` and `cairn forms play` as a script meets them: every line gets one reply.

FRM-009, FRM-033.
"""

import io
import json
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from forms_build import NOW, bind, question, seeded_bytes, xform

from server.commands import json_lines
from server.commands.forms_play import Player, answer_text
from server.commands.json_lines import replies
from server.commands.xpath import answer
from shared.errors import UsageError
from shared.forms.xform import read_form

REPO = Path(__file__).resolve().parents[2]
ITEXT = (
    "<itext><translation lang='English (en)' default='true()'><text id='n'><value>Name</value>"
    "</text><text id='a'><value>Yes</value></text></translation><translation lang='French (fr)'>"
    "<text id='n'><value>Nom</value></text><text id='a'><value>Oui</value></text></translation>"
    "</itext>"
)
FORM = xform(
    "<name/><agreed/><age/><extra/><fixed>7</fixed><member jr:template=''><age/></member>"
    "<meta><instanceID/></meta>",
    bind("/data/name", required="true()", jr_requiredMsg="Who?")
    + bind("/data/age", type="int", constraint=". &lt; 120", jr_constraintMsg="Too old")
    + bind("/data/extra", relevant="/data/agreed = 'yes'")
    + bind("/data/fixed", readonly="true()")
    + bind("/data/member/age", type="int"),
    "<input ref='/data/name'><label ref=\"jr:itext('n')\"/><hint>As on the card</hint></input>"
    "<select1 ref='/data/agreed'><label>Agreed?</label><item><label ref=\"jr:itext('a')\"/>"
    "<value>yes</value></item></select1>"
    + "".join(question(f"/data/{name}") for name in ("age", "extra", "fixed"))
    + "<repeat nodeset='/data/member'>"
    + question("/data/member/age")
    + "</repeat>",
    model=ITEXT,
)


def talk(arguments: list[str], lines: bytes) -> list[dict[str, Any]]:
    """Run the command as a process and return its replies; nothing may go wrong beside them."""
    done = subprocess.run(
        [sys.executable, "-m", "cairn", *arguments],
        input=lines,
        capture_output=True,
        cwd=REPO,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def told(*requests: object) -> bytes:
    return b"\n".join(json.dumps(request).encode() for request in requests)


@pytest.fixture
def form_file(tmp_path: Path) -> str:
    path = tmp_path / "form.xml"
    path.write_bytes(FORM)
    return str(path)


def play(*requests: object) -> list[dict[str, Any]]:
    player = Player(
        read_form(FORM),
        now=NOW,
        zone=UTC,
        random_bytes=seeded_bytes(),
        language="English (en)",
        attachments={},
    )
    return [json.loads(reply) for reply in replies(io.BytesIO(told(*requests)), player.answer)]


def test_every_operation_of_play_replies() -> None:
    asked = {"path": "/data/name"}
    out = play(
        {"op": "at"},
        {"op": "next"},
        {"op": "get", **asked},
        {"op": "language", "language": "fr"},
        {"op": "get", **asked},
        {"op": "set", **asked, "value": "Amina"},
        {"op": "goto", "path": "/data/agreed"},
        {"op": "choices", "path": "/data/agreed"},
        {"op": "get", "path": "/data/extra"},
        {"op": "set", "path": "/data/agreed", "value": "yes"},
        {"op": "get", "path": "/data/extra"},
        {"op": "get", "path": "/data/fixed"},
        {"op": "set", "path": "/data/age", "value": 400},
        {"op": "violations"},
        {"op": "add_repeat", "path": "/data/member"},
        {"op": "add_repeat", "path": "/data/member"},
        {"op": "set", "path": "/data/member[2]/age", "value": 12},
        {"op": "remove_repeat", "path": "/data/member[1]"},
        {"op": "count", "path": "/data/member"},
        {"op": "get", "path": "/data/member[1]/age"},
        {"op": "prev"},
        {"op": "finalize"},
        {"op": "set", "path": "/data/age", "value": None},
        {"op": "entities"},
        {"op": "finalize"},
    )
    value = [reply.get("value") for reply in out]
    assert value[0]["kind"] == "start"
    assert value[1]["path"] == "/data/name"
    assert {k: value[2][k] for k in ("value", "relevant", "required", "readonly", "valid")} == {
        "value": "", "relevant": True, "required": True, "readonly": False, "valid": False
    }  # fmt: skip
    assert (value[2]["label"], value[2]["hint"], value[2]["message"]) == (
        "Name",
        "As on the card",
        "Who?",
    )
    assert (value[3], value[4]["label"]) == ("French (fr)", "Nom")
    assert value[6]["path"] == "/data/agreed"
    assert value[7] == [{"value": "yes", "label": "Oui", "media": {}}]
    assert (value[8]["relevant"], value[10]["relevant"]) == (False, True)
    assert (value[11]["value"], value[11]["readonly"]) == ("7", True)
    assert (value[12]["valid"], value[12]["message"]) == (False, "Too old")
    assert [(one["path"], one["rule"]) for one in value[13]] == [("/data/age", "constraint")]
    assert (value[14], value[15]) == ("/data/member[1]", "/data/member[2]")
    assert (value[18], value[19]["value"]) == (1, "12")
    assert value[20]["path"] == "/data/name"
    assert out[21]["error"]["code"] == "FORM-002"
    assert [one["path"] for one in out[21]["error"]["violations"]] == ["/data/age"]
    assert value[23] == []
    assert 'id="test" version="1"><name>Amina</name>' in value[24]
    assert "<age>12</age>" in value[24]


def test_a_saved_interview_comes_back_and_a_damaged_one_harms_nothing() -> None:
    name = {"path": "/data/name"}
    saved = play({"op": "set", **name, "value": "Amina"}, {"op": "save"})[1]["value"]
    out = play(
        {"op": "set", **name, "value": "Omar"},
        {"op": "restore", "value": saved[:-8]},
        {"op": "restore", "value": "!"},
        {"op": "restore", "value": 5},
        {"op": "restore", "value": "W10="},
        {"op": "get", **name},
        {"op": "restore", "value": saved},
        {"op": "get", **name},
    )
    assert [reply["ok"] for reply in out[1:5]] == [False] * 4
    assert out[5]["value"]["value"] == "Omar"
    assert out[7]["value"]["value"] == "Amina"


NONSENSE: list[tuple[object, str]] = [
    ({"op": "fly"}, "CAIRN-001"),
    ({}, "CAIRN-001"),
    ({"op": ["set"]}, "CAIRN-001"),
    ([], "CAIRN-001"),
    (None, "CAIRN-001"),
    ({"op": "set"}, "CAIRN-001"),
    ({"op": "set", "path": "/data/name"}, "CAIRN-001"),
    ({"op": "set", "path": "/data/name", "value": {"a": 1}}, "CAIRN-001"),
    ({"op": "set", "path": "/data/name", "value": [[1]]}, "CAIRN-001"),
    ({"op": "set", "path": "/data/name", "value": "\x00"}, "FORM-007"),
    ({"op": "set", "path": "/data/name", "value": "\ud800"}, "FORM-007"),
    ({"op": "set", "path": "/data/name", "value": "x" * (1 << 20) + "x"}, "FORM-007"),
    ({"op": "set", "path": "/data/age", "value": "old"}, "FORM-007"),
    ({"op": "set", "path": "/data/member", "value": "1"}, "FORM-005"),
    ({"op": "set", "path": "/data", "value": "1"}, "FORM-001"),
    ({"op": "get", "path": "/data/nothing"}, "FORM-005"),
    ({"op": "get", "path": "/data/member[3]/age"}, "FORM-005"),
    ({"op": "get", "path": "\ud800"}, "FORM-005"),
    ({"op": "get", "path": 7}, "CAIRN-001"),
    ({"op": "goto", "path": ""}, "FORM-005"),
    ({"op": "choices", "path": "//"}, "FORM-005"),
    ({"op": "count", "path": "/data/name"}, "FORM-001"),
    ({"op": "add_repeat", "path": "/data/name"}, "FORM-001"),
    ({"op": "remove_repeat", "path": "/data/name"}, "FORM-001"),
    ({"op": "remove_repeat", "path": "/data/member[1]"}, "FORM-005"),
    ({"op": "language", "language": "Klingon"}, "FORM-001"),
]


def test_nonsense_in_play_has_a_code_and_the_interview_goes_on() -> None:
    out = play(*[request for request, _ in NONSENSE], {"op": "at"})
    assert [reply.get("error", {}).get("code") for reply in out[:-1]] == [c for _, c in NONSENSE]
    assert all(reply["error"]["message"] for reply in out[:-1])
    assert out[-1]["value"]["kind"] == "start"


RAW = [b"garbage", b"", b" ", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, b'{"op": NaN}']


@pytest.mark.parametrize("command", ["play", "eval"])
def test_raw_garbage_gets_a_reply_for_each_line(command: str, form_file: str) -> None:
    good = b'{"op": "at", "expr": "1"}'
    arguments = ["forms", "play", form_file] if command == "play" else ["xpath", "eval"]
    out = talk(arguments, b"\n".join([*RAW, good]))
    assert [reply["ok"] for reply in out] == [False] * len(RAW) + [True]
    assert {reply["error"]["code"] for reply in out[:-1]} <= {"CAIRN-001", "CAIRN-002"}


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.limits.JSON_LINE_BYTES_MAX", 40)
    lines = io.BytesIO(b'{"expr": "' + b"1" * 500 + b'"}\n{"expr": "2"}\n' + b"x" * 90)
    out = [json.loads(reply) for reply in replies(lines, answer)]
    assert [reply["ok"] for reply in out] == [False, True, False]
    assert out[0]["error"]["code"] == out[2]["error"]["code"] == "CAIRN-002"


def test_a_bug_of_ours_is_a_reply_too() -> None:
    def broken(_request: dict[str, Any]) -> Any:
        raise ZeroDivisionError("oops")

    (reply,) = json_lines.replies(io.BytesIO(b"{}"), broken)
    assert json.loads(reply)["error"]["code"] == "CAIRN-000"


def evaluated(expr: str, **fields: object) -> Any:
    return answer({"expr": expr, **fields})


def test_eval_replies_in_the_words_of_the_issue() -> None:
    assert evaluated("//b", xml="<a><b>1</b></a>", context="/", type="nodeset") == [
        {"path": "/*[1]/*[1]", "type": "element", "name": "b", "value": "1"}
    ]
    assert evaluated("@* | text() | comment()", xml="<a i='1'>t<!--c--></a>", context="/*[1]") == [
        {"path": "/*[1]/@*[local-name()='i' and namespace-uri()='']", "type": "attribute",
         "name": "i", "value": "1"},
        {"path": "/*[1]/text()[1]", "type": "text", "name": "#text", "value": "t"},
        {"path": "/*[1]/comment()[1]", "type": "comment", "name": "#comment", "value": "c"},
    ]  # fmt: skip
    special = {"0 div 0": "NaN", "1 div 0": "Infinity", "-1 div 0": "-Infinity", "-0": "-0"}
    assert {expr: evaluated(expr, type="number") for expr in special} == special
    assert evaluated("1.5 + 1", type="any") == 2.5
    assert evaluated("2 + 1", type="string") == "3"
    assert evaluated("''", type="boolean") is False
    assert evaluated("p:x", xml="<x xmlns='u'/>", context="/", namespaces={"p": "u"})[0]["name"]
    assert evaluated("today()", tz="Asia/Tokyo", now="2026-01-01T20:00:00Z") == "2026-01-02"


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"expr": 5}, "CAIRN-001"),
    ({"expr": "1", "xml": 5}, "CAIRN-001"),
    ({"expr": "1", "tz": "Mars/Olympus"}, "CAIRN-001"),
    ({"expr": "1", "now": "yesterday"}, "CAIRN-001"),
    ({"expr": "1", "now": "0001-01-01T00:00:00+14:00"}, "CAIRN-001"),
    ({"expr": "1", "namespaces": [1]}, "CAIRN-001"),
    ({"expr": "1", "namespaces": {"a": 1}}, "CAIRN-001"),
    ({"expr": "1", "type": "date"}, "FORM-004"),
    ({"expr": ""}, "FORM-003"),
    ({"expr": "1 +"}, "FORM-003"),
    ({"expr": "nosuch()"}, "FORM-003"),
    ({"expr": "$v"}, "FORM-004"),
    ({"expr": "1", "type": "nodeset"}, "FORM-004"),
    ({"expr": "1", "xml": "<a>"}, "FORM-001"),
    ({"expr": "1", "xml": "<a>\ud800</a>"}, "FORM-001"),
    ({"expr": "1", "xml": "<a/>", "context": "/*[2]"}, "FORM-004"),
    ({"expr": "1", "xml": "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"}, "FORM-001"),
    ({"expr": "1", "xml": "<a>" * 100 + "</a>" * 100}, "CAIRN-002"),
    ({"expr": "(" * 999 + "1" + ")" * 999}, "CAIRN-002"),
    ({"expr": "1" + "+1" * 20_000}, "CAIRN-002"),
]


def test_eval_refuses_with_a_code() -> None:
    lines = io.BytesIO(told(*[request for request, _ in REFUSED]))
    out = [json.loads(reply) for reply in replies(lines, answer)]
    assert [reply.get("error", {}).get("code") for reply in out] == [code for _, code in REFUSED]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (3, "3"), (2.0, "2"), (0.5, "0.5"), (["a", "b"], "a b")],
)
def test_json_values_become_the_text_a_field_stores(value: object, text: str) -> None:
    assert answer_text(value) == text
    with pytest.raises(UsageError):
        answer_text([value, {}])
