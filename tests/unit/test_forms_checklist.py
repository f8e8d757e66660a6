# ruff: noqa: E501 - tables
"""The checklist of docs/spec/forms.md: every item names a test that exists, or a refusal shown here.

FRM-031, FRM-062, FRM-060, FRM-061.
"""

import random
import re
from datetime import UTC
from pathlib import Path

import pytest
from forms_build import NOW, bind, form, interview, question, seeded_bytes, xform
from forms_shared import shared_data

from shared.errors import FormError
from shared.forms.actions import NoHooks
from shared.forms.check import check_file
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.functions import PLAIN, SPECIAL
from shared.forms.xpath.tables import Table

REPO = Path(__file__).resolve().parents[2]
SPEC = (REPO / "docs" / "spec" / "forms.md").read_text("utf-8")


def built(markdown: str) -> Form:
    return read_form(convert(markdown).xform)


# ---- the list itself

ROW = re.compile(r"^\| (.+?) \| (S|P|N)(?::? ?(.*?)) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)`|\b([XCIRWK])\b")
FILES = dict(re.findall(r"`([XCIRWK])` (test_forms_\w+)", SPEC))


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall(SPEC.partition("## The checklist")[2])


def test_every_item_names_a_test_that_exists() -> None:
    written = "\n".join(p.read_text("utf-8") for p in (REPO / "tests").rglob("test_*.py"))
    assert len(rows()) > 60
    assert len(FILES) == 6
    for item, verdict, reason, tests in rows():
        named = NAMED.findall(tests)
        assert named, f"{item}: no test"
        for test, letter in named:
            if test:
                assert f"def {test}(" in written, f"{item}: {test} does not exist"
            else:
                assert (REPO / "tests" / "unit" / f"{FILES[letter]}.py").exists()
        if verdict != "S":
            assert len(reason) > 15, f"{item}: no reason"


def test_no_line_of_the_list_is_left_out() -> None:
    listed = [
        line for line in SPEC.partition("## The checklist")[2].splitlines() if line[:2] == "| "
    ]
    assert len([line for line in listed if not line.startswith("| Item ")]) == len(rows())


def test_the_list_names_every_function_the_engine_has() -> None:
    text = " ".join(item for item, *_ in rows())
    words = set(re.findall(r"[\w:-]+", text))
    assert {name for name in (*PLAIN, *SPECIAL) if name not in words} == set()


def test_the_list_names_what_the_shared_one_does() -> None:
    """Functions, question types and appearances by name; the rest is prose on both sides."""
    folder = shared_data()
    if folder is None:
        pytest.skip("the shared data is not beside this checkout")
    theirs = (folder / "spec_checklist.md").read_text("utf-8")
    wanted: set[str] = set()
    for start, end, lines in (
        (
            "## 2.",
            "## 3.",
            r"^(?:String|Boolean|Number|Node-set|Date/time|Select|Repeat|Geo): `([^`]*)`",
        ),
        ("## 5.", "## 6.", r"^(?:Inputs|Metadata): (.*)"),
        ("## 6.", "## 7.", r"^(?:text|range|select|image|group/repeat|form style): (.*)"),
    ):
        part = theirs.partition(start)[2].partition(end)[0]
        for line in re.findall(lines, part, re.MULTILINE):
            bare = re.sub(r"\([^()]*\)", " ", re.sub(r"\([^()]*\)", " ", line))
            wanted |= set(re.findall(r"[a-z][\w:*-]+", re.sub(r"\[[^]]*\]", " ", bare)))
    assert len(wanted) > 120
    ours = set(re.findall(r"[\w:*-]+", SPEC.partition("## The checklist")[2]))
    assert {word for word in wanted if word.strip(":") not in ours and word[-1] != ":"} == set()


# ---- choices from outside

EXTERNAL = """
| survey |
| | type | name | label | choice_filter |
| | select_one states | state | State | |
| | select_one_external cities | city | City | state=${state} |
| choices |
| | list_name | name | label |
| | states | wa | Washington |
| | states | or | Oregon |
| external_choices |
| | list_name | name | label | state |
| | cities | se | Seattle | wa |
| | cities | pd | Portland | or |
| | other | zz | Elsewhere | wa |
"""


def test_select_one_external_is_filtered_by_its_query() -> None:
    converted = convert(EXTERNAL)
    (name, data), = converted.files.items()  # fmt: skip
    source = read_form(converted.xform)
    assert source.instances["cities"].source.endswith(name)
    filled = interview(source, attachments={name: read_attachment(name, data)})
    assert filled.get("/data/city").kind == "select1"
    filled.set("/data/state", "wa")
    assert [(c.value, c.label) for c in filled.choices("/data/city")] == [("se", "Seattle")]
    filled.set("/data/city", "se")
    filled.set("/data/state", "or")
    assert filled.value("/data/city") == "", "as with any filter"
    assert not [
        p for p in check_file("e.md", EXTERNAL.encode(), {}).problems if "itemsets" in p.what
    ]


def test_search_is_refused_with_what_to_write() -> None:
    with pytest.raises(FormError, match=r"select_one_from_file fruits\.csv"):
        form("<x/>", "", "<select1 ref='/data/x' appearance=\"minimal search('fruits')\"/>")


def test_a_hundred_thousand_rows_are_filtered_without_being_made() -> None:
    lines = [f"n{i},Label {i},{i % 1000}" for i in range(100_000)]
    table = read_attachment("v.csv", ("name,label,area\n" + "\n".join(lines)).encode())
    assert isinstance(table, Table)
    source = form(
        "<area/><v/>",
        "",
        question("/data/area") + "<select1 ref='/data/v'><label>V</label><itemset nodeset="
        "\"instance('v')/root/item[area = /data/area]\"><value ref='name'/><label ref='label'/>"
        "</itemset></select1>",
        model="<instance id='v' src='jr://file-csv/v.csv'/>",
    )
    filled = interview(source, attachments={"v.csv": table})
    filled.set("/data/area", "7")
    assert len(filled.choices("/data/v")) == 100
    assert len(table._made) == 100


FILES_READ = {
    "csv": b"name,label\na,Ash\n",
    "geojson": b'{"type":"FeatureCollection","features":[{"type":"Feature","id":"a",'
    b'"geometry":{"type":"Point","coordinates":[3,4]},"properties":{"title":"Ash"}}]}',
    "xml": b"<root><item><name>a</name><label>Ash</label></item></root>",
}


@pytest.mark.parametrize("ending", FILES_READ)
def test_choices_come_from_csv_geojson_and_xml(ending: str) -> None:
    source = built(
        "| survey |\n| | type | name | label |\n"
        f"| | select_multiple_from_file trees.{ending} | t | T |\n"
    )
    read = {f"trees.{ending}": read_attachment(f"trees.{ending}", FILES_READ[ending])}
    assert [c.label for c in interview(source, attachments=read).choices("/data/t")] == ["Ash"]


def test_pulldata_and_last_saved_read_what_is_attached() -> None:
    source = built(
        "| survey |\n| | type | name | label | default | calculation |\n"
        "| | text | town | Town | ${last-saved#town} | |\n"
        "| | calculate | area | | | pulldata('areas', 'area', 'name', 'b') |\n"
    )
    attached = {
        "areas.csv": read_attachment("areas.csv", b"name,area\na,1\nb,2\n"),
        "last-saved": read_attachment("l.xml", b"<data id='data'><town>Goma</town></data>"),
    }
    filled = interview(source, attachments=attached)
    assert (filled.value("/data/town"), filled.value("/data/area")) == ("Goma", "2")
    assert (
        interview(source, attachments={"areas.csv": attached["areas.csv"]}).value("/data/town")
        == ""
    )


# ---- actions, events, preloads


class Device(NoHooks):
    """A device that knows where it is and can record."""

    def geopoint(self) -> str:
        return "1 2 0 5"

    def record_audio(self, path: str, quality: str) -> str:
        return f"{path.rpartition('/')[2]}{quality}.m4a"


@pytest.mark.parametrize(
    ("event", "fresh", "again"),
    [
        ("odk-instance-first-load", "1 2 0 5", ""),
        ("xforms-ready", "1 2 0 5", ""),
        ("odk-instance-load", "1 2 0 5", "1 2 0 5"),
        ("odk-instance-first-load odk-instance-load", "1 2 0 5", "1 2 0 5"),
        ("xforms-revalidate", "", ""),
    ],
)
def test_actions_of_the_model_run_on_their_events(event: str, fresh: str, again: str) -> None:
    source = form(
        "<x/><place/><sound/><note/>",
        bind("/data/place", type="geopoint"),
        question("/data/x"),
        model=f"<odk:setgeopoint ref='/data/place' event='{event}'/>"
        f"<odk:recordaudio ref='/data/sound' event='{event}'/>"
        f"<setvalue ref='/data/note' event='{event}' value=\"concat('a', 'b')\"/>",
    )
    filled = interview(source, hooks=Device())
    assert filled.value("/data/place") == fresh
    assert filled.value("/data/sound") == ("sound.m4a" if fresh else "")
    assert filled.value("/data/note") == ("ab" if fresh else "")
    for path in ("/data/place", "/data/sound", "/data/note"):
        filled.set(path, "")
    back = Interview.restore(
        source, filled.snapshot(), clock_now=NOW, tz=UTC, random_bytes=seeded_bytes(),
        hooks=Device(),
    )  # fmt: skip
    assert back.value("/data/place") == again


def test_a_new_repeat_instance_and_a_change_run_their_actions() -> None:
    source = form(
        "<x/><seen/><m jr:template=''><n/></m>",
        bind("/data/m/n", type="int"),
        "<input ref='/data/x'><label>X</label><setvalue ref='/data/seen' "
        "event='xforms-value-changed' value='/data/x'/></input><repeat nodeset='/data/m'>"
        "<setvalue ref='/data/m/n' event='odk-new-repeat' value='position(..)'/>"
        + question("/data/m/n")
        + "</repeat>",
    )
    filled = interview(source)
    filled.add_repeat("/data/m")
    filled.add_repeat("/data/m")
    filled.set("/data/x", "hello")
    assert [filled.value(f"/data/m[{n}]/n") for n in (1, 2)] == ["1", "2"]
    assert filled.value("/data/seen") == "hello"


def test_metadata_is_filled_by_the_device() -> None:
    names = ("start", "end", "today", "deviceid", "username", "email", "phonenumber")
    rows_ = "".join(f"| | {name} | {name} |\n" for name in names)
    source = built("| survey |\n| | type | name |\n" + rows_ + "| | audit | audit |\n")
    properties = {name: f"my {name}" for name in names[3:]}
    filled = interview(source, properties=properties)
    filled.finalize()
    assert filled.value("/data/today") == "2026-03-14"
    assert filled.value("/data/start") == filled.value("/data/end") != ""
    assert {n: filled.value(f"/data/{n}") for n in names[3:]} == properties
    assert filled.value("/data/meta/instanceID").startswith("uuid:")


# ---- what reaches the window


def test_parameters_appearances_and_attributes_reach_the_window() -> None:
    source = built(
        "| survey |\n| | type | name | label | appearance | parameters | autoplay |\n"
        "| | range | r | R | rating vertical | start=1 end=5 step=1 | |\n"
        "| | select_one l | s | S | likert | | audio |\n"
        "| | geopoint | g | G | placement-map | capture-accuracy=10 | |\n"
        "| | image | i | I | draw | max-pixels=1000 | |\n"
        "| | text | t | T | multiline | rows=5 | |\n"
        "| choices |\n| | list_name | name | label |\n| | l | a | A |\n"
    )
    filled = interview(source)
    assert filled.get("/data/r").attributes == {"start": "1", "end": "5", "step": "1"}
    assert filled.get("/data/r").appearance.split() == ["rating", "vertical"]
    with pytest.raises(FormError, match="from 1 to 5"):
        filled.set("/data/r", "9")
    assert filled.get("/data/s").appearance == "likert"
    assert filled.get("/data/s").attributes == {"autoplay": "audio"}
    assert filled.get("/data/g").attributes == {"accuracyThreshold": "10"}
    assert filled.get("/data/i").attributes["mediatype"] == "image/*"
    assert filled.get("/data/t").attributes == {"rows": "5"}
    assert source.fields["/data/i"].extra["orx:max-pixels"] == "1000"


def test_guidance_and_media_follow_the_language() -> None:
    source = built(
        "| survey |\n| | type | name | label::English (en) | label::French (fr) | hint::English (en) |"
        " guidance_hint::English (en) | image::English (en) | audio::French (fr) | video::English (en)"
        " | big-image::English (en) |\n"
        "| | text | t | Town | Ville | Where | Ask twice | a.png | a.mp3 | a.mp4 | b.png |\n"
    )
    filled = interview(source, language="en")
    state = filled.get("/data/t")
    assert (state.label, state.hint, state.guidance) == ("Town", "Where", "Ask twice")
    assert state.media == {
        "image": "jr://images/a.png", "big-image": "jr://images/b.png", "video": "jr://video/a.mp4",
    }  # fmt: skip
    filled.language = "fr"
    assert filled.get("/data/t").label == "Ville"
    assert filled.get("/data/t").media["audio"] == "jr://audio/a.mp3"


def test_a_ranking_holds_every_choice_once() -> None:
    source = built(
        "| survey |\n| | type | name | label |\n| | rank l | r | R |\n"
        "| choices |\n| | list_name | name | label |\n| | l | a | A |\n| | l | b | B |\n"
    )
    filled = interview(source)
    assert (filled.get("/data/r").kind, filled.get("/data/r").type) == ("rank", "rank")
    filled.set("/data/r", "b a")
    assert filled.finalize().get("/data/r") == "b a"


def test_settings_and_form_attributes_are_recorded() -> None:
    source = built(
        "| survey |\n| | type | name | label |\n| | text | t | T |\n| settings |\n"
        "| | form_id | version | style | public_key | submission_url | auto_send | instance_name |\n"
        "| | f | 7 | pages | KEY | https://a.example/s | true | concat('n', ${t}) |\n"
    )
    assert (source.id, source.version, source.settings["style"]) == ("f", "7", "pages")
    assert source.settings["submission:base64RsaPublicKey"] == "KEY"
    assert source.settings["submission:action"] == "https://a.example/s"
    assert source.settings["submission:orx:auto-send"] == "true"
    filled = interview(source)
    filled.set("/data/t", "x")
    assert filled.value("/data/meta/instanceName") == "nx"


def test_or_other_table_list_and_loop_are_expanded() -> None:
    source = built(
        "| survey |\n| | type | name | label | appearance |\n"
        "| | select_one l or_other | s | S | |\n"
        "| | begin_group | g | G | table-list |\n| | select_one l | a | A | |\n"
        "| | end_group | | | |\n"
        "| choices |\n| | list_name | name | label |\n| | l | a | A |\n| | l | b | B |\n"
    )
    filled = interview(source)
    filled.set("/data/s", "other")
    assert filled.get("/data/s_other").relevant
    assert any("table_list" in path for path in source.fields)


def test_every_question_type_of_the_field_is_read() -> None:
    types = [
        "integer",
        "decimal",
        "text",
        "note",
        "date",
        "time",
        "dateTime",
        "geopoint",
        "geotrace",
        "geoshape",
        "image",
        "audio",
        "video",
        "file",
        "barcode",
        "acknowledge",
        "trigger",
        "hidden",
        "osm",
    ]
    lines = "".join(f"| | {kind} | q{place} | Q |\n" for place, kind in enumerate(types))
    source = built("| survey |\n| | type | name | label |\n" + lines)
    kinds = {interview(source).get(f"/data/q{place}").kind for place in range(len(types))}
    assert kinds == {"input", "upload", "trigger", ""}


# ---- what is told instead of done

AUDITED = """
| survey |
| | type | name | label | parameters | bind::cairn:disclosure |
| | text | x | X | | open |
| | audit | audit | | location-priority=balanced location-min-interval=60 location-max-age=120 track-changes=true identify-user=true track-changes-reasons=on-form-edit | |
| | background-audio | sound | | quality=low | open |
"""


def test_what_the_device_does_not_do_is_told_with_the_reason() -> None:
    told = "\n".join(p.line() for p in check_file("a.md", AUDITED.encode()).problems)
    for option in ("location-priority", "track-changes", "track-changes-reasons", "identify-user"):
        assert f"{option} is not kept: " in told
    assert "sound is not recorded in the background" in told
    assert "survey row 4 column type" in told


def test_functions_of_one_program_only_are_refused() -> None:
    for name in ("cht:extension-lib", "version", "depend", "property", "difference-in-months"):
        source = form("<x/>", bind("/data/x", calculate=f"{name}(1)"))
        with pytest.raises(FormError, match="no function"):
            interview(source)


def test_variables_are_refused() -> None:
    with pytest.raises(FormError, match="no variable"):
        interview(form("<x/>", bind("/data/x", calculate="$name")))


# ---- drafts that outlive an update


def test_what_a_newer_form_has_no_place_for_is_told_and_carried_on() -> None:
    old = xform("<a/><b/>", "", question("/data/a") + question("/data/b"))
    filled = interview(read_form(old))
    filled.set("/data/a", "1")
    filled.set("/data/b", "kept")
    around = {"clock_now": NOW, "tz": UTC, "random_bytes": random.Random(1).randbytes}
    newer = form("<a/><c/>", bind("/data/a", type="int"), question("/data/a"), root="x='2'")
    opened = Interview.restore(newer, filled.snapshot(), **around)  # type: ignore[arg-type]
    assert opened.value("/data/a") == "1"
    assert opened.left_over == {"/data/b": "kept"}
    back = Interview.restore(read_form(old), opened.snapshot(), **around)  # type: ignore[arg-type]
    assert back.value("/data/b") == "kept"
    odd = filled.snapshot().replace(b'"1"', b'"one"')
    (broken,) = Interview.restore(newer, odd, **around).violations()  # type: ignore[arg-type]
    assert (broken.path, broken.rule) == ("/data/a", "type")
