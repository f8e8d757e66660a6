"""FRM-002: an interview started from a compiled form stands as one started from the XForm."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from forms_build import bind, form, question, seeded_bytes
from forms_shared import need_shared_data

from shared.forms.cache import dump_form, load_form
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.program import program_of
from shared.forms.resting import still_rules
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

OWN = Path(__file__).resolve().parents[2] / "forms"
MOMENTS: tuple[tuple[datetime, tzinfo], ...] = (
    (datetime(2026, 3, 14, 23, 30, tzinfo=UTC), UTC),
    (datetime(2031, 7, 1, 3, tzinfo=UTC), timezone(timedelta(hours=-9))),
)
MOVERS = form(
    "<today/><now/><born>2020-01-01</born><days/><chance/><open>no</open><told/><asked/><inner/>"
    "<group><a>1</a><b/></group><sum/><m jr:template=''><x/><pos/></m><m><x>3</x><pos/></m>"
    "<total/><written/><heard/><device/><after/><meta><instanceID/></meta>",
    bind("/data/today", calculate="today()", type="date")
    + bind("/data/now", relevant="now() &gt; /data/today")
    + bind("/data/born", type="date") + bind("/data/days", calculate="/data/born + 1")
    + bind("/data/chance", calculate="if(random() &gt; 2, 1, 0)")
    + bind("/data/told", relevant="/data/open = 'yes'")
    + bind("/data/asked", relevant="/data/told != ''")
    + bind("/data/inner", calculate="concat(/data/told, 'x')")
    + bind("/data/group", relevant="/data/open != 'no'")
    + bind("/data/group/b", relevant="/data/group/a = 1")
    + bind("/data/sum", calculate="count(/data/group/*) + /data/group/a")
    + bind("/data/m/pos", calculate="position(..)")
    + bind("/data/total", calculate="sum(/data/m/x)")
    + bind("/data/heard", calculate="concat(/data/written, '!')")
    + bind("/data/device", jr_preload="property", jr_preloadParams="deviceid")
    + bind("/data/after", relevant="/data/device = 'd1'"),
    "".join(question(f"/data/{name}") for name in ("open", "told", "asked", "device"))
    + f"<repeat nodeset='/data/m'>{question('/data/m/x')}</repeat>",
    model="<setvalue event='odk-instance-first-load' ref='/data/written' value=\"'set'\"/>",
)  # fmt: skip


def stand(source: Form, now: datetime, zone: tzinfo) -> list[tuple[str, str, bool, bool]]:
    """Return every node of a fresh interview as it stands."""
    filled = Interview(
        source, clock_now=now, tz=zone, random_bytes=seeded_bytes(), properties={"deviceid": "d1"}
    )
    return [
        (node.field.path, node.text, node.relevant, node.own_relevant)
        for node in filled._tree.walk()
    ]


def same_from_cache(source: Form) -> None:
    cached = load_form(dump_form(source))
    for now, zone in MOMENTS:
        assert stand(cached, now, zone) == stand(source, now, zone), source.id


def test_rules_that_move_run_and_the_others_rest() -> None:
    same_from_cache(MOVERS)
    still = {rule.target for rule in still_rules(MOVERS, program_of(MOVERS).graph)}
    assert still == {"/data/told", "/data/asked", "/data/inner", "/data/group", "/data/group/b"}


def test_a_rested_interview_goes_on_as_any_other() -> None:
    now, zone = MOMENTS[0]
    for source in (MOVERS, load_form(dump_form(MOVERS))):
        filled = Interview(source, clock_now=now, tz=zone, random_bytes=seeded_bytes())
        filled.set("/data/open", "yes")
        filled.set("/data/told", "so")
        assert filled.value("/data/inner") == "sox"
        assert filled.get("/data/asked").relevant
        assert filled.get("/data/group/b").relevant
        filled.set("/data/open", "no")
        assert not filled.get("/data/asked").relevant
        assert filled.value("/data/inner") == "x"


@pytest.mark.parametrize("path", sorted(OWN.glob("*.xlsx")), ids=lambda path: path.stem)
def test_our_forms_start_alike(path: Path) -> None:
    same_from_cache(read_form(convert(path).xform))


@pytest.mark.parametrize("name", ["who_verbal_autopsy.xlsx", "reach_msna_2024_draft.xlsx",
                                  "all_widgets.xml", "bench_nested.xlsx"])  # fmt: skip
def test_forms_of_others_start_alike(name: str) -> None:
    path = need_shared_data() / "forms" / name
    same_from_cache(read_form(path.read_bytes() if path.suffix == ".xml" else convert(path).xform))
