"""Classes: declared, propagated, declassified; what keeps a form unpublished.

FRM-040, FRM-041.
"""

from forms_build import bind, form, question

from shared.forms.codebook import codebook_of, publishing_problems
from shared.records.codebook import Basis, Disclosure, Kind

SURVEY = form(
    "<consent><agree/></consent><name/><born/><age/><greeting/><note_text/><sex/><meta><instanceID/>"
    "</meta>",
    bind("/data/consent/agree", cairn_disclosure="open")
    + bind("/data/name", cairn_disclosure="direct")
    + bind("/data/born", type="date", cairn_disclosure="direct")
    + bind(
        "/data/age",
        type="int",
        calculate="int((today() - /data/born) div 365.25)",
        cairn_disclosure="quasi",
        cairn_declassify="age in years identifies nobody",
        cairn_generalise="age:5y",
    )
    + bind("/data/greeting", calculate="concat('Dear ', /data/name)", cairn_disclosure="open")
    + bind("/data/sex", cairn_disclosure="quasi", cairn_merge="latest group:person"),
    question("/data/name")
    + "<select1 ref='/data/sex'><label>Sex</label><item><label>F</label><value>f</value></item>"
    "<item><label>M</label><value>m</value></item></select1>",
    root="cairn:basis='consent' cairn:purposes='assistance statistics' cairn:consent='consent'",
)


def test_what_is_computed_from_a_direct_field_is_direct() -> None:
    fields = codebook_of(SURVEY).field_map()
    assert fields["/data/greeting"].disclosure is Disclosure.DIRECT


def test_a_reason_declassifies_a_computed_field() -> None:
    age = codebook_of(SURVEY).field_map()["/data/age"]
    assert age.disclosure is Disclosure.QUASI
    assert age.generalise == "age:5y"
    assert age.readonly


def test_an_unmarked_field_is_direct() -> None:
    assert codebook_of(SURVEY).field_map()["/data/note_text"].disclosure is Disclosure.DIRECT


def test_kinds_choices_and_merge_rules_are_read() -> None:
    sex = codebook_of(SURVEY).field_map()["/data/sex"]
    assert (sex.kind, sex.choices) == (Kind.SELECT_ONE, ("f", "m"))
    assert (sex.merge, sex.group) == ("latest", "person")


def test_settings_reach_the_codebook() -> None:
    book = codebook_of(SURVEY)
    assert book.basis is Basis.CONSENT
    assert book.purposes == ("assistance", "statistics")
    assert book.form_hash.hex() == SURVEY.hash[:32]


def test_publishing_lists_every_unclassified_field() -> None:
    found = publishing_problems(SURVEY, {"note_text": (7,)})
    assert [(p.field, p.row) for p in found] == [("/data/note_text", 7)]


def test_a_form_without_basis_cannot_be_published() -> None:
    columns = {p.column for p in publishing_problems(form("<x/>"))}
    assert {"cairn_basis", "cairn_purposes"} <= columns
