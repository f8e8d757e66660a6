"""Forms that others wrote, and two of ours, from the author's file to analytic rows.

Each is published by the steward's approval, filled to its end on an enrolled tablet by made-up
people, handed over through HTTPS and taken in. What the analytic store then holds is compared with
what was answered; what may be read nowhere is searched for in every byte the server keeps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from classified import classified
from forms_shared import need_shared_data, shared_data
from whole_way import CANARY, FieldForm, FilledForm, WholeWay, instances

from shared.forms.respondent import Chosen, Question

FORMS = Path(__file__).parents[2] / "forms"
SEEDS = (1, 2)
AGREED: Chosen = {
    "/data/consent/respondent_adult": "yes",
    "/data/consent/consent_assistance": "yes",
    "/data/consent/consent_statistics": "yes",
}
OPEN_SITE: Chosen = {
    "/data/informant/informant_agrees": "yes",
    "/data/assessment/site/site_status": "open",
    "/data/assessment/site/population_present": "idp returnee",
}


@dataclass(frozen=True)
class Case:
    """One form to go the whole way.

    Attributes:
        compared_min: at least so many answers must be compared in the analytic store, or the test
            would prove nothing; about half of what the seeds give.
    """

    name: str
    file: str
    compared_min: int
    chosen: Chosen


def age_as_before(question: Question) -> str:
    """The first person on the list is the respondent, whose age was asked before."""
    if question.positions == (1,):
        return question.interview.value("/data/consented/demographics/resp_age")
    return str(3 + 17 * question.positions[0])


REACH: Chosen = {
    "/data/introduction/consent": "yes",
    "/data/consented/demographics/roster/ind_age": age_as_before,
}
OTHERS = (
    Case("reach_msna", "reach_msna_2024_draft.xlsx", 180, REACH),
    Case("ifrc_site", "ifrc_distribution_site_assessment.xml", 34, {}),
    Case("unhcr_template", "unhcr_xlsform_template.xlsx", 22, {}),
    Case("arabic_tutorial", "tutorial_arabic_labels.xls", 4, {}),
)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeWay]:
    """Return a mission that answers over HTTPS."""
    made = WholeWay(tmp_path_factory.mktemp("mission"))
    made.found()
    with made.serving():
        yield made


@pytest.fixture(scope="module")
def tablet(way: WholeWay) -> Path:
    """Return the home of an enrolled tablet."""
    return way.enrol("tablet-1")


def hand_over(way: WholeWay, tablet: Path, form_id: str, filled: list[FilledForm]) -> None:
    """Fill on the tablet what was answered, seal it and hand it over."""
    with way.device(tablet) as device:
        device.request("sync")
        for one in filled:
            ended = device.request(
                "fill", form=form_id, answers=list(one.pairs), outcome="finalize"
            )
            assert ended["outcome"] == "finalized"
        assert device.request("sync")["counts"]["on_device"] == 0


def goes_the_whole_way(way: WholeWay, tablet: Path, form: FieldForm, case: Case) -> None:
    """Fill, hand over, take in; then compare."""
    before = way.counts
    filled = [form.fill(seed, case.chosen) for seed in SEEDS]
    form_id = form.codebook.form_id
    hand_over(way, tablet, form_id, filled)
    after = way.work()
    assert (after["held"], after["quarantined"]) == (0, 0), way.quarantine()
    for count in ("received", "resolved", "live_records", "analytic_rows"):
        assert after[count] - before.get(count, 0) == len(SEEDS), count
    held = instances(filled)
    for scope, table in way.tables(form_id).items():
        (found,) = way.analytics(f'SELECT count(*) AS rows FROM "{table}"')
        assert found["rows"] == (held[scope] if scope.count("/") > 1 else len(SEEDS)), table
    wrong, compared = way.differences(form, filled)
    assert not wrong
    assert compared >= case.compared_min
    kept = way.kept_bytes()
    assert CANARY.encode() not in kept
    for one in filled:
        found_in_clear = [text for text in form.direct(one) if text.encode() in kept]
        assert not found_in_clear


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: str(case.name))
def test_a_form_that_others_wrote(case: Case, way: WholeWay, tablet: Path) -> None:
    file = way.papers / f"{case.name}.xml"
    file.write_bytes(classified(need_shared_data() / "forms" / case.file, case.name))
    way.publish(file)
    goes_the_whole_way(way, tablet, FieldForm.read(file), case)


OURS = (
    Case("household_registration", "household_registration.xlsx", 50, AGREED),
    Case("location_assessment", "location_assessment.xlsx", 140, OPEN_SITE),
)


@pytest.mark.parametrize("case", OURS, ids=lambda case: str(case.name))
def test_a_form_of_ours(case: Case, way: WholeWay, tablet: Path) -> None:
    way.publish(FORMS / case.file)
    form = FieldForm.read(FORMS / case.file, FORMS / "media")
    goes_the_whole_way(way, tablet, form, case)


def test_the_canary_is_found_where_it_does_stand(tmp_path: Path) -> None:
    """The search itself works: the same answers, before they are sealed, hold it."""
    if shared_data() is None:
        form = FieldForm.read(FORMS / "household_registration.xlsx", FORMS / "media")
        filled = form.fill(1, AGREED)
    else:
        file = tmp_path / "form.xml"
        file.write_bytes(classified(need_shared_data() / "forms" / OTHERS[2].file, "form"))
        filled = FieldForm.read(file).fill(1)
    assert any(CANARY in text for _, text in filled.pairs)
