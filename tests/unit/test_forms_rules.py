"""Rules of docs/spec/forms.md that recordings show only in passing, one small form each."""

import pytest
from forms_build import NOW, bind, form, interview, question, seeded_bytes

from shared.errors import FormError
from shared.forms.check import check_form
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xpath.node import Kind
from shared.forms.xpath.tables import Table, TableRoot

VILLAGES = "<instance id='v'><root>" + "".join(
    f"<item><name>v{n}</name><district>d{n % 3}</district></item>" for n in range(12)
) + "</root></instance>"  # fmt: skip
CASCADE = form(
    "<district/><village/>",
    "",
    question("/data/district") + "<select1 ref='/data/village'><label>Village</label>"
    "<itemset nodeset=\"instance('v')/root/item[district = /data/district]\">"
    "<value ref='name'/><label ref='name'/></itemset></select1>",
    model=VILLAGES,
)


def test_a_bind_without_a_node_is_a_warning() -> None:
    """FRM-003."""
    found = form("<x/>", bind("/data/nothing", type="int"))
    assert "/data/nothing" in found.warnings[0]


def test_an_absolute_path_stays_in_its_instance_and_aggregates_do_not() -> None:
    """FRM-014."""
    source = form(
        "<m jr:template=''><n/><own/><all/></m>",
        bind("/data/m/n", type="int")
        + bind("/data/m/own", calculate="/data/m/n * 10")
        + bind("/data/m/all", calculate="sum(/data/m/n)"),
        "<repeat nodeset='/data/m'>" + question("/data/m/n") + "</repeat>",
    )
    filled = interview(source)
    for number in ("1", "2"):
        filled.set(filled.add_repeat("/data/m") + "/n", number)
    assert [filled.value(f"/data/m[{i}]/own") for i in (1, 2)] == ["10", "20"]
    assert [filled.value(f"/data/m[{i}]/all") for i in (1, 2)] == ["3", "3"]


@pytest.mark.parametrize(
    ("kind", "answer", "shown"),
    [("boolean", "true", True), ("boolean", "false", False), ("int", "0", False),
     ("int", "2", True), ("string", "false", True)],
)  # fmt: skip
def test_an_answer_is_a_condition_by_its_type(kind: str, answer: str, shown: bool) -> None:  # noqa: FBT001
    """FRM-015."""
    source = form(
        "<a/><b/>", bind("/data/a", type=kind) + bind("/data/b", relevant="/data/a"),
        question("/data/a") + question("/data/b"),
    )  # fmt: skip
    filled = interview(source)
    filled.set("/data/a", answer)
    assert filled.get("/data/b").relevant is shown


@pytest.mark.parametrize(
    ("ages", "total", "oldest"),
    [(("4", "", "5"), "9", "5"), (("", ""), "0", ""), ((), "0", "")],
)
def test_totals_leave_out_what_is_not_answered(
    ages: tuple[str, ...], total: str, oldest: str
) -> None:
    """FRM-008: over all instances, and over those a predicate leaves, which no column serves."""
    source = form(
        "<m jr:template=''><age/></m><sum/><max/><some/>",
        bind("/data/m/age", type="int") + bind("/data/sum", calculate="sum(/data/m/age)")
        + bind("/data/max", calculate="max(/data/m/age)")
        + bind("/data/some", calculate="sum(/data/m[position() &gt; 0]/age)"),
        "<repeat nodeset='/data/m'>" + question("/data/m/age") + "</repeat>",
    )  # fmt: skip
    filled = interview(source)
    for age in ages:
        filled.set(f"{filled.add_repeat('/data/m')}/age", age)
    assert [filled.value(f"/data/{name}") for name in ("sum", "max", "some")] == [
        total, oldest, total,
    ]  # fmt: skip


def test_a_filter_makes_only_the_rows_it_finds() -> None:
    """FRM-017."""
    filled = interview(CASCADE)
    filled.set("/data/district", "d1")
    assert [choice.value for choice in filled.choices("/data/village")] == ["v1", "v4", "v7", "v10"]
    table = filled._context.instance("v")
    assert isinstance(table, Table)
    assert len(table._made) == 4


@pytest.mark.parametrize(
    ("predicate", "names"),
    [("a = 'x' and b = 'y'", "1 4"), ("b = 'y' and a = 'x' and name != '4'", "1"),
     ("a = 'x' and none = ''", "1 2 4"), ("a = 'x' and none = 'z'", ""),
     ("a = 'x' and b = /data/hidden", "2"), ("a = 'x' and n = 2", "2"),
     ("a = 'nowhere' and b = 'y'", "")],
)  # fmt: skip
def test_several_conditions_are_met_together(predicate: str, names: str) -> None:
    """FRM-017, FRM-019: all conditions on texts from the columns, the others on what is left."""
    rows = (("1", "x", "y"), ("2", "x", ""), ("3", "z", "y"), ("4", "x", "y"))
    items = "".join(
        f"<item><name>{name}</name><a>{a}</a><b>{b}</b><n>{name}</n></item>" for name, a, b in rows
    )
    source = form(
        "<hidden>q</hidden><found/>",
        bind("/data/hidden", relevant="1 = 2")
        + bind("/data/found",
               calculate=f"join(' ', instance('t')/root/item[{predicate}]/name)"),
        model=f"<instance id='t'><root>{items}</root></instance>",
    )  # fmt: skip
    assert interview(source).value("/data/found") == names


def test_what_a_filter_takes_away_comes_back_with_it() -> None:
    """FRM-023."""
    filled = interview(CASCADE)
    filled.set("/data/district", "d1")
    filled.set("/data/village", "v4")
    filled.set("/data/district", "d2")
    assert filled.value("/data/village") == ""
    filled.set("/data/district", "d1")
    assert filled.value("/data/village") == "v4"


def test_a_wiped_count_removes_nothing() -> None:
    """FRM-024."""
    source = form(
        "<n/><m jr:template=''><x/></m>", bind("/data/n", type="int"),
        question("/data/n") + "<repeat nodeset='/data/m' jr:count='/data/n'>"
        + question("/data/m/x") + "</repeat>",
    )  # fmt: skip
    filled = interview(source)
    filled.set("/data/n", "2")
    filled.set("/data/m[2]/x", "kept")
    filled.set("/data/n", "")
    assert filled.value("/data/m[2]/x") == "kept"


def test_a_count_that_feeds_on_its_repeat_grows_when_walked_past() -> None:
    """FRM-024."""
    source = form(
        "<n/><m jr:template=''><more/></m>",
        bind("/data/n", calculate="count(/data/m) + (count(/data/m) = 0 or "
             "/data/m[position() = last()]/more = 'yes')"),
        "<repeat nodeset='/data/m' jr:count='/data/n'>" + question("/data/m/more") + "</repeat>",
    )  # fmt: skip
    filled = interview(source)
    assert filled.next().path == "/data/m[1]/more"
    filled.set("/data/m[1]/more", "yes")
    assert filled.next().path == "/data/m[2]/more"
    filled.set("/data/m[2]/more", "no")
    assert filled.next().kind == "end"


def test_a_newer_form_takes_an_older_draft() -> None:
    """FRM-028."""
    older = form("<a/><gone/>", "", question("/data/a") + question("/data/gone"))
    newer = form("<a/><fresh/>", "", question("/data/a") + question("/data/fresh"))
    filled = interview(older)
    filled.set("/data/a", "1")
    filled.set("/data/gone", "2")
    options = {"clock_now": NOW, "tz": NOW.tzinfo, "random_bytes": seeded_bytes()}
    again = Interview.restore(newer, filled.snapshot(), **options)  # type: ignore[arg-type]
    assert again.value("/data/a") == "1"
    back = Interview.restore(older, again.snapshot(), **options)  # type: ignore[arg-type]
    assert back.value("/data/gone") == "2"


def test_texts_follow_the_language_and_answers_do_not() -> None:
    """FRM-026."""
    itext = (
        "<itext><translation lang='English (en)' default='true()'><text id='q'><value>Name of "
        "<output value='/data/a'/></value></text></translation><translation lang='French (fr)'>"
        "<text id='q'><value>Nom</value></text></translation></itext>"
    )
    source = form(
        "<a/><b/>", bind("/data/b", calculate="jr:itext('q')"),
        "<input ref='/data/a'><label ref=\"jr:itext('q')\"/></input>", model=itext,
    )  # fmt: skip
    filled = interview(source)
    filled.set("/data/a", "Amina")
    assert filled.get("/data/a").label == "Name of Amina"
    stored = filled.value("/data/b")
    filled.language = "fr"
    assert filled.get("/data/a").label == "Nom"
    assert filled.value("/data/b") == stored
    with pytest.raises(FormError, match="no language"):
        filled.language = "Klingon"


def test_actions_write_on_their_events() -> None:
    """FRM-031."""
    source = form(
        "<first/><a/><copy/><m jr:template=''><at/></m>",
        "",
        "<input ref='/data/a'><setvalue event='xforms-value-changed' ref='/data/copy' "
        "value='/data/a'/></input><repeat nodeset='/data/m'><setvalue event='odk-new-repeat' "
        "ref='/data/m/at' value='position(..)'/><input ref='/data/m/at'/></repeat>",
        model="<setvalue event='odk-instance-first-load' ref='/data/first'>hello</setvalue>",
    )
    filled = interview(source)
    filled.set("/data/a", "x")
    filled.add_repeat("/data/m")
    filled.add_repeat("/data/m")
    values = [filled.value(p) for p in ("/data/first", "/data/copy", "/data/m[2]/at")]
    assert values == ["hello", "x", "2"]


def test_attachments_are_read_by_their_ending() -> None:
    table = read_attachment("v.csv", "name;label\na;Á\n\nb;B\n".encode())
    assert [row.value() for row in table.kids[0].kids] == ["aÁ", "bB"]
    features = read_attachment(
        "g.geojson",
        b'{"type":"FeatureCollection","features":[{"id":"x","properties":{"n":1},'
        b'"geometry":{"type":"Point","coordinates":[2,1]}}]}',
    )
    assert [(k.name, k.text) for k in features.kids[0].kids[0].kids] == [
        ("geometry", "1 2 0 0"), ("n", "1"), ("id", "x")]  # fmt: skip
    assert isinstance(table.kids[0], TableRoot)
    assert table.kids[0].kind is Kind.ELEMENT
    for name, data in (
        ("a.txt", b""),
        ("a.csv", b"a,a\n"),
        ("a.geojson", b"{}"),
        ("a.csv", b"\xff"),
    ):
        with pytest.raises(FormError):
            read_attachment(name, data)


def test_a_note_that_must_be_answered_is_told_unless_it_is_conditional() -> None:
    """REACH's draft has one: no interview gets past it, in any program."""
    stop = bind("/data/note", readonly="true()", required="true()")
    shown = question("/data/note")
    (found,) = [p for p in check_form(form("<note/>", stop, shown)) if p.column == "required"]
    assert (found.severity, found.field) == ("warning", "/data/note")
    conditional = stop.replace("/>", ' relevant="/data/x = 1"/>')
    for source in (form("<note/><x/>", conditional, shown), form("<note/>", stop)):
        assert not [p for p in check_form(source) if p.column == "required"]


def test_going_to_a_member_looks_at_no_other_and_adds_none() -> None:
    """FRM-025: straight to any instance, and on from there both ways."""
    filled = interview(
        form(
            '<member jr:template=""><name/><in><age/></in></member>',
            bind("/data/member/in", relevant="../name != ''"),
            '<group ref="/data/member"><repeat nodeset="/data/member">'
            '<input ref="/data/member/name"/><group ref="/data/member/in">'
            '<input ref="/data/member/in/age"/></group></repeat></group>',
        )
    )
    for _ in range(3):
        filled.add_repeat("/data/member")
    filled.set("/data/member[2]/name", "x")
    assert filled.goto("/data/member[2]/in/age").path == "/data/member[2]/in/age"
    assert filled.next().path == "/data/member[3]/name"
    assert filled.goto("/data/member[3]/in/age").path == "/data/member[3]/name"
    assert filled.next().kind == "prompt"
    assert filled.prev().path == "/data/member[3]/name"
    assert filled.prev().path == "/data/member[2]/in/age"
    assert filled.goto("/data/member[1]").path == "/data/member[1]/name"
    filled.remove_repeat("/data/member[3]")
    assert filled.goto("/data/member[2]/in/age").path == "/data/member[2]/in/age"
    assert filled.next().kind == "prompt"
