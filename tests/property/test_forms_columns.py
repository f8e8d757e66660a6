"""Totals over a repeat are those of a plain walk, whatever was added, answered, hidden, removed."""

from datetime import UTC

from forms_build import NOW, seeded_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.forms.interview import Interview
from shared.forms.xform import read_form

XFORM = b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model><instance>
<data id="totals"><all>1</all><member jr:template=""><age/><in><pay/></in></member>
<n/><sum/><most/><least/><list/><pays/>
<n2/><sum2/><most2/><least2/><list2/><pays2/></data></instance>
<bind nodeset="/data/member" relevant="/data/all = 1"/>
<bind nodeset="/data/member/age"/>
<bind nodeset="/data/member/in" relevant="../age != '3'"/>
<bind nodeset="/data/n" calculate="count(/data/member)"/>
<bind nodeset="/data/sum" calculate="sum(/data/member/age)"/>
<bind nodeset="/data/most" calculate="max(/data/member/age)"/>
<bind nodeset="/data/least" calculate="min(/data/member/in/pay)"/>
<bind nodeset="/data/list" calculate="join('-', /data/member/in/pay)"/>
<bind nodeset="/data/pays" calculate="sum(/data/member/in/pay)"/>
<bind nodeset="/data/n2" calculate="count(/data/member[true()])"/>
<bind nodeset="/data/sum2" calculate="sum(/data/member[true()]/age)"/>
<bind nodeset="/data/most2" calculate="max(/data/member[true()]/age)"/>
<bind nodeset="/data/least2" calculate="min(/data/member[true()]/in/pay)"/>
<bind nodeset="/data/list2" calculate="join('-', /data/member[true()]/in/pay)"/>
<bind nodeset="/data/pays2" calculate="sum(/data/member[true()]/in/pay)"/>
</model></h:head><h:body><input ref="/data/all"/><group ref="/data/member">
<repeat nodeset="/data/member"><input ref="/data/member/age"/></repeat></group></h:body></h:html>"""
FORM = read_form(XFORM)
NAMES = ("n", "sum", "most", "least", "list", "pays")
CHANGES = st.one_of(
    st.just(("add", 0, "")),
    st.tuples(st.just("remove"), st.integers(1, 4), st.just("")),
    st.tuples(st.sampled_from(("age", "in/pay")), st.integers(1, 4), st.sampled_from("0123 x")),
    st.tuples(st.just("all"), st.just(0), st.sampled_from("01")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CHANGES, max_size=25))
def test_totals_follow_every_change(changes: list[tuple[str, int, str]]) -> None:
    filled = Interview(FORM, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes())
    for what, place, text in (("add", 0, ""), ("add", 0, ""), *changes):
        if what == "add" and filled.value("/data/all") == "1":
            filled.add_repeat("/data/member")
        elif what == "all":
            filled.set("/data/all", text)
        elif place and place <= filled.count("/data/member"):
            if what == "remove":
                filled.remove_repeat(f"/data/member[{place}]")
            else:
                filled.set(f"/data/member[{place}]/{what}", text)
        quick = {name: filled.value(f"/data/{name}") for name in NAMES}
        assert quick == {name: filled.value(f"/data/{name}2") for name in NAMES}
