"""An open interview: durable at every answer, nothing past the notice before consent."""

from hashlib import sha256
from pathlib import Path

import pytest
from client_kit import CONSENTING, HOUSEHOLD, SITE, Shelf, form_of, new_draft, reopen, start

from mobile_client.device.services import Wish
from mobile_client.presenters.views import ConsentGiven, ScreenKind
from mobile_client.services.filling import Filling
from shared.errors import FormError, StoreFull, SubmissionInvalid
from shared.forms.draft import decode as decode_snapshot

NONE = ConsentGiven()
PLACE = {"/data/place/round": "3", "/data/place/location": "Camp A"}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def fill(filling: Filling, answers: dict[str, str]) -> None:
    for path, text in answers.items():
        filling.answer(path, text)


def at_notice(shelf: Shelf) -> Filling:
    filling = start(form_of(HOUSEHOLD), shelf)
    fill(filling, PLACE)
    assert filling.next()
    return filling


def consented(shelf: Shelf, **changes: str) -> Filling:
    filling = at_notice(shelf)
    fill(filling, {**CONSENTING, **{f"/data/consent/{k}": v for k, v in changes.items()}})
    assert filling.consent(NONE)
    return filling


def paths(filling: Filling) -> list[str]:
    return [question.path for question in filling.screen().questions]


def test_cons_003_only_place_and_round_are_asked_before_the_notice(shelf: Shelf) -> None:
    filling = start(form_of(HOUSEHOLD), shelf)
    assert paths(filling) == list(PLACE)
    assert [row.path for row in filling.outline() if row.kind == "question"] == list(PLACE)
    fill(filling, PLACE)
    assert filling.next()
    assert filling.screen().kind is ScreenKind.CONSENT
    assert not filling.next(), "nobody walks past the notice"
    filling.jump("/data/interview/head_name")
    assert filling.screen().kind is ScreenKind.CONSENT


def test_the_notice_is_read_in_the_language_shown_with_its_place_filled_in(shelf: Shelf) -> None:
    filling = at_notice(shelf)
    assert filling.notice().text == "We ask for Camp A."
    filling.set_language("Arabic (ar)")
    notice = filling.notice()
    assert notice.text == "نسأل عن Camp A."
    assert notice.language.right_to_left
    assert not notice.asks_method
    assert notice.purposes == ()


def test_the_forms_own_questions_under_the_notice_follow_its_relevance(shelf: Shelf) -> None:
    filling = at_notice(shelf)
    names = [path.rpartition("/")[2] for path in paths(filling)]
    assert names == ["adult", "consent_assistance"]
    filling.answer("/data/consent/adult", "no")
    filling.answer("/data/consent/consent_assistance", "yes")
    names = [path.rpartition("/")[2] for path in paths(filling)]
    assert names == [
        "adult",
        "guardian_present",
        "consent_assistance",
        "consent_contact",
        "consent_method",
    ]


def test_cons_002_what_the_group_says_is_what_is_kept(shelf: Shelf) -> None:
    """CONS-002, CONS-005."""
    filling = consented(shelf)
    kept = filling.draft.consent
    assert kept is not None
    assert dict(kept.decisions) == {"assistance": True, "contact": False}
    assert (kept.method, kept.language, kept.assent) == ("verbal", "en", None)
    assert kept.notice_hash == sha256(b"We ask for Camp A.").digest()[:16]
    assert shelf.saved[-1].consent == kept
    filling.set_language("Arabic (ar)")  # CONS-005: what was read stays what was read
    assert filling.draft.consent is not None
    assert filling.draft.consent.notice_hash == kept.notice_hash
    filling.set_language("English (en)")
    assert paths(filling) == ["/data/interview/head_name"], "the notice is not shown twice"


def test_cons_002_a_guardian_decides_for_a_child_who_agrees(shelf: Shelf) -> None:
    filling = consented(shelf, adult="no", guardian_present="yes", child_assent="yes")
    kept = filling.draft.consent
    assert kept is not None
    assert (kept.method, kept.assent) == ("guardian", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"consent_assistance": "no"},
        {"adult": "no", "guardian_present": "yes", "child_assent": "no"},
    ],
)
def test_cons_004_without_the_first_purpose_or_the_childs_yes_nothing_opens(
    shelf: Shelf, changes: dict[str, str]
) -> None:
    filling = at_notice(shelf)
    answers = {**CONSENTING, **{f"/data/consent/{k}": v for k, v in changes.items()}}
    fill(filling, answers)
    assert not filling.consent(NONE)
    assert filling.draft.consent is None
    assert filling.screen().kind is ScreenKind.CONSENT
    filling.decline("refused")
    assert shelf.declined == [("d1", "refused")]


def test_open_questions_under_the_notice_are_told(shelf: Shelf) -> None:
    filling = at_notice(shelf)
    with pytest.raises(SubmissionInvalid, match="2 question"):
        filling.consent(NONE)


def test_cons_008_a_key_informant_agrees_and_no_respondent_consent_is_asked(shelf: Shelf) -> None:
    """CONS-008."""
    filling = start(form_of(SITE), shelf)
    filling.answer("/data/location", "Camp A")
    assert filling.next()
    assert filling.screen().kind is ScreenKind.CONSENT
    assert filling.notice().text == "We ask about this site."
    filling.answer("/data/informant/informant_agrees", "no")
    assert not filling.consent(NONE)
    filling.answer("/data/informant/informant_agrees", "yes")
    assert filling.consent(NONE)
    assert paths(filling) == ["/data/informant_name"]
    kept = filling.draft.consent
    assert kept is not None
    assert kept.decisions == {}


def test_every_answer_is_saved_before_the_call_returns(shelf: Shelf) -> None:
    filling = consented(shelf)
    before = len(shelf.saved)
    filling.answer("/data/interview/head_name", "Zubaida")
    assert len(shelf.saved) == before + 1
    snapshot = decode_snapshot(shelf.saved[-1].snapshot)
    assert snapshot.values["/data/interview/head_name"] == "Zubaida"


def test_after_a_kill_the_interview_stands_where_it_stood(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.answer("/data/interview/head_name", "Zubaida")
    assert filling.next()
    filling.answer("/data/interview/phone", "0123")
    again = reopen(form_of(HOUSEHOLD), shelf)
    assert paths(again) == ["/data/interview/phone"]
    assert again.screen().questions[0].value == "0123"


def test_resuming_asks_whether_to_go_on_and_keeps_what_was_decided(shelf: Shelf) -> None:
    consented(shelf).answer("/data/interview/head_name", "Zubaida")
    again = reopen(form_of(HOUSEHOLD), shelf, reconfirm=True)
    assert again.screen().kind is ScreenKind.CONSENT
    assert again.screen().questions == ()
    assert again.notice().resuming
    assert not again.next()
    assert not again.back()
    assert again.consent(NONE)
    assert paths(again) == ["/data/interview/head_name"]
    assert again.draft.consent == shelf.saved[0].consent or again.draft.consent is not None
    assert not shelf.saved[-1].reconfirm


def test_a_message_bars_the_way_until_it_is_settled(shelf: Shelf) -> None:
    filling = consented(shelf)
    assert filling.screen().questions[0].message == "", "an open question is not scolded at once"
    assert not filling.next()
    assert filling.screen().questions[0].message
    filling.answer("/data/interview/head_name", "Zubaida")
    assert filling.next()
    assert filling.next(), "an open question that is not required bars nothing"
    filling.answer("/data/interview/size", "40")
    assert filling.screen().questions[0].message == "Between 1 and 39."
    assert not filling.next()


def test_an_answer_of_the_wrong_type_is_refused_and_what_was_there_stays(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.answer("/data/interview/size", "4")
    saved = len(shelf.saved)
    with pytest.raises(FormError):
        filling.answer("/data/interview/size", "four")
    assert len(shelf.saved) == saved
    filling.jump("/data/interview/size")
    assert filling.screen().questions[0].value == "4"


def test_a_full_disk_is_told_and_the_next_save_takes_everything(shelf: Shelf) -> None:
    filling = consented(shelf)
    shelf.full = True
    with pytest.raises(StoreFull):
        filling.answer("/data/interview/head_name", "Zubaida")
    shelf.full = False
    filling.answer("/data/interview/size", "4")
    values = decode_snapshot(shelf.saved[-1].snapshot).values
    assert values["/data/interview/head_name"] == "Zubaida"


def test_repeats_grow_and_shrink_with_a_roster(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.jump("/data/interview/member[1]")
    for number, name in ((1, "Amina"), (2, "Omar")):
        if number == 2:
            filling.add_repeat("/data/interview/member")
        filling.answer(f"/data/interview/member[{number}]/member_name", name)
        filling.answer(f"/data/interview/member[{number}]/age", str(number * 20))
    while filling.screen().kind is not ScreenKind.REPEAT:
        assert filling.next()
    roster = filling.screen().repeat
    assert roster is not None
    assert roster.columns == ("Name", "Age of Amina", "Sex")
    assert [row.cells[:2] for row in roster.rows] == [("Amina", "20"), ("Omar", "40")]
    filling.remove_repeat(roster.rows[0].path)
    values = decode_snapshot(shelf.saved[-1].snapshot).values
    assert "Amina" not in values.values()
    assert filling.screen().kind is not ScreenKind.END


def test_trail_and_shield_tell_where_one_is_and_what_is_kept_apart(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.add_repeat("/data/interview/member")
    screen = filling.screen()
    assert screen.trail == ("Interview", "Member 2")
    assert screen.questions[0].shield
    filling.jump("/data/interview/member[2]/age")
    assert not filling.screen().questions[0].shield


def test_back_goes_to_the_screen_before_and_over_the_notice(shelf: Shelf) -> None:
    filling = consented(shelf)
    assert filling.back()
    assert paths(filling) == list(PLACE)
    assert not filling.back()
    assert paths(filling) == list(PLACE)
    assert filling.next()
    assert paths(filling) == ["/data/interview/head_name"]


def test_outline_lists_every_question_with_its_answer_in_words(shelf: Shelf) -> None:
    filling = consented(shelf)
    fill(filling, {"/data/interview/head_name": "Zubaida", "/data/interview/needs": "water food"})
    rows = {row.path: row for row in filling.outline()}
    assert rows["/data/interview/needs"].answer == "Water, Food"
    assert rows["/data/interview/head_name"].shield
    assert not any("/consent" in path for path in rows)
    assert "/data/interview/thanks" not in rows, "a note is no question"
    filling.set_language("Arabic (ar)")
    rows = {row.path: row for row in filling.outline()}
    assert rows["/data/interview/needs"].answer == "ماء, طعام"


def test_a_draft_is_ready_when_nothing_bars_finalize(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.close()
    assert not shelf.saved[-1].ready
    member = "/data/interview/member[1]"
    fill(filling, {f"{member}/member_name": "Amina", f"{member}/age": "20"})
    fill(filling, {"/data/interview/head_name": "Zubaida", "/data/interview/size": "4"})
    assert [row.path for row in filling.violations()] == []
    filling.close()
    assert shelf.saved[-1].ready
    filling.answer("/data/interview/size", "")
    assert not shelf.saved[-1].ready
    (row,) = filling.violations()
    assert (row.path, bool(row.message)) == ("/data/interview/size", True)


def test_a_lead_approves_or_sends_back(shelf: Shelf) -> None:
    shelf.approval = True
    filling = consented(shelf)
    assert filling.needs_approval()
    filling.send_back("Lead 1", "ask for the phone")
    assert shelf.saved[-1].returned == "Lead 1: ask for the phone"
    filling.approve("Lead 1")
    assert not filling.needs_approval()
    assert (shelf.saved[-1].approved_by, shelf.saved[-1].returned) == ("Lead 1", "")


def test_a_file_is_taken_in_under_a_name_of_the_answer(shelf: Shelf, tmp_path: Path) -> None:
    filling = consented(shelf)
    filling.attach("/data/interview/photo", tmp_path / "roof.jpg")
    saved = shelf.saved[-1]
    assert list(saved.media) == ["roof.jpg"]
    assert shelf.wishes == [Wish("image")]
    assert decode_snapshot(saved.snapshot).values["/data/interview/photo"] == "roof.jpg"


def test_the_paradata_tells_when_and_where_and_no_answer(shelf: Shelf) -> None:
    filling = consented(shelf)
    filling.answer("/data/interview/head_name", "Zubaida")
    filling.answer("/data/interview/head_name", "Zubaida H.")
    trail = shelf.saved[-1].paradata
    assert trail.count(b"/data/interview/head_name") == 2
    assert b"Zubaida" not in trail


def test_progress_counts_relevant_questions(shelf: Shelf) -> None:
    filling = start(form_of(HOUSEHOLD), shelf)
    before = filling.progress()
    filling.answer("/data/place/round", "3")
    assert filling.progress().answered == before.answered + 1
    assert (shelf.saved[-1].answered, shelf.saved[-1].asked) == (
        filling.progress().answered,
        filling.progress().total,
    )


def test_a_form_without_a_notice_starts_with_its_first_question(shelf: Shelf) -> None:
    loaded = form_of(
        "| survey |\n| | type | name | label | bind::cairn:disclosure |\n"
        "| | integer | passed | How many passed? | open |\n"
        "| settings |\n| | form_id | form_title | cairn_basis | cairn_purposes |\n"
        "| | flow | Flow | observation | statistics |\n"
    )
    filling = start(loaded, shelf)
    assert paths(filling) == ["/data/passed"]
    filling.answer("/data/passed", "12")
    assert filling.next()
    assert filling.screen().kind is ScreenKind.END
    assert new_draft(loaded).consent is None
