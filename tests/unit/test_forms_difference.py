"""What changed between two states of an interview, and the words the engine says by itself.

FRM-027, FRM-036.
"""

from datetime import UTC

import pytest
from forms_build import NOW, bind, form, interview, question, seeded_bytes, xform

from shared.forms.difference import ChangeKind
from shared.forms.interview import Interview
from shared.forms.xform import read_form

ITEXT = (
    "<itext><translation lang='English (en)'><text id='k'><value>Kind</value></text><text id='o'>"
    "<value>Oak</value></text></translation><translation lang='French (fr)'><text id='k'><value>"
    "Sorte</value></text><text id='o'><value>Chêne</value></text></translation></itext>"
)
TREES = xform(
    "<kind/><why/><twice/><n/><part jr:template=''><size/></part>",
    bind("/data/why", relevant="/data/kind = 'other'", required="true()")
    + bind("/data/n", type="int", constraint=". &lt; 9")
    + bind("/data/twice", type="int", calculate="/data/n * 2"),
    "<select1 ref='/data/kind'><label ref=\"jr:itext('k')\"/><item><label ref=\"jr:itext('o')\"/>"
    "<value>oak</value></item><item><label>Other</label><value>other</value></item></select1>"
    + question("/data/why", "Why?")
    + question("/data/n", "How many?")
    + "<group><label>Part</label><repeat nodeset='/data/part'>"
    + question("/data/part/size", "Size")
    + "</repeat></group>",
    model=ITEXT,
)


def started(source: bytes = TREES) -> Interview:
    filled = interview(read_form(source))
    filled.set("/data/kind", "other")
    filled.set("/data/why", "new here")
    filled.set("/data/n", "3")
    for size in ("1", "2"):
        filled.set(filled.add_repeat("/data/part") + "/size", size)
    return filled


def reopened(earlier: Interview, source: bytes = TREES) -> Interview:
    return Interview.restore(
        read_form(source), earlier.snapshot(), clock_now=NOW, tz=UTC, random_bytes=seeded_bytes(5)
    )


def test_nothing_changed_is_no_difference() -> None:
    earlier = started()
    assert reopened(earlier).changes_since(earlier) == ()


def test_every_change_is_told_by_path_with_labels_in_the_language() -> None:
    earlier = started()
    later = reopened(earlier)
    later.language = "fr"
    later.set("/data/kind", "oak")
    later.set("/data/n", "4")
    later.remove_repeat("/data/part[1]")
    later.set(later.add_repeat("/data/part") + "/size", "7")
    told = [
        (c.kind, c.path, c.label, c.before_shown, c.after_shown)
        for c in later.changes_since(earlier)
    ]
    assert told == [
        (ChangeKind.CHANGED, "/data/kind", "Sorte", "Other", "Chêne"),
        (ChangeKind.CHANGED, "/data/twice", "twice", "6", "8"),
        (ChangeKind.CHANGED, "/data/n", "How many?", "3", "4"),
        (ChangeKind.ADDED, "/data/part[2]", "Part", "", ""),
        (ChangeKind.ADDED, "/data/part[2]/size", "Size", "", "7"),
        (ChangeKind.REMOVED, "/data/why", "Why?", "new here", ""),
        (ChangeKind.REMOVED, "/data/part[1]", "Part", "", ""),
        (ChangeKind.REMOVED, "/data/part[1]/size", "Size", "1", ""),
    ]
    by_path = {c.path: c for c in later.changes_since(earlier)}
    assert (by_path["/data/kind"].before, by_path["/data/kind"].after) == ("other", "oak")
    assert not by_path["/data/twice"].asked
    assert by_path["/data/n"].asked


def test_a_state_of_an_older_version_can_be_compared() -> None:
    earlier = started()
    newer = TREES.replace(b"<n/>", b"<n/><extra>x</extra>").replace(b'version="1"', b'version="2"')
    (change,) = reopened(earlier, newer).changes_since(earlier)
    assert (change.kind, change.path, change.after) == (ChangeKind.ADDED, "/data/extra", "x")


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("English (en)", "needs an answer"),
        ("French (fr)", "demande une réponse"),
        ("Español", "necesita"),
        ("uk", "потрібна"),
        ("Klingon", "needs an answer"),
    ],
)
def test_a_form_without_messages_still_speaks_its_language(language: str, says: str) -> None:
    bare = form(
        "<x/>",
        bind("/data/x", required="true()"),
        question("/data/x"),
        model=f"<itext><translation lang='{language}'/></itext>",
    )
    (broken,) = interview(bare).violations()
    assert says in broken.message
