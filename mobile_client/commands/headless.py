"""Filling a form from a file of answers, as an enumerator would: place, notice, consent, questions.

The answers: `{"answers": {"/data/place/round": "3", "/data/member[2]/age": "41", ...}}`, or the
inner object alone, or a list of `[path, text]`. Paths take positions; repeat instances are made as
they come. They stand in form order, the consent group's answers among them. A decision that does
not carry the interview ends it with a tally, as on the screen (CONS-004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from mobile_client.presenters.views import ConsentGiven, QuestionView, ScreenKind
from mobile_client.services.client import Client
from mobile_client.services.scripted import ScriptedFilling
from shared.errors import UsageError

Pairs = list[tuple[str, str]]

ALL: Final = "all"
NONE: Final = "none"
_YES, _NO = "yes", "no"
_CONSENT: Final = "consent_"
_ROUNDS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one interview.

    Attributes:
        outcome: finalized, draft, refused or abandoned.
    """

    outcome: str
    draft_id: str = ""
    record_id: str = ""
    code: str = ""


def answer_pairs(content: Any) -> Pairs:
    """Read the answers format.

    Raises:
        UsageError: not paths and texts.
    """
    if isinstance(content, Mapping) and "answers" in content:
        content = content["answers"]
    items: Any = content.items() if isinstance(content, Mapping) else content
    if not isinstance(items, Sequence) and not hasattr(items, "__iter__"):
        raise UsageError('answers are {"/data/question": "text", ...} or [[path, text], ...]')
    pairs: Pairs = []
    for item in items:
        path, text = item if len(item) == 2 else (None, None)  # noqa: PLR2004 - a pair
        if not isinstance(path, str) or not isinstance(text, str | int | float):
            raise UsageError(f"an answer is a path and a text, not {item!r:.60}")
        pairs.append((path, str(text)))
    return pairs


def fill_form(client: Client, form_id: str, pairs: Pairs, *, consent: str = ALL) -> Filled:
    """Open a form and write the answers; the draft is left open for `end`.

    Args:
        client: unlocked.
        form_id: which form.
        pairs: the answers in form order.
        consent: what to decide where the answers do not: all, none, or purposes by comma.
    """
    filling = client.begin_filling(form_id)
    return _fill(filling, pairs, consent)


def fill_draft(client: Client, draft_id: str, pairs: Pairs) -> Filled:
    """Write more answers into a draft whose respondent agrees to go on."""
    filling = client.resume_filling(draft_id)
    filling.consent(ConsentGiven())
    return _fill(filling, pairs, ALL)


def fill_case(client: Client, record_id: str, pairs: Pairs) -> Filled:
    """Write changed answers into a correction of an assigned case."""
    filling = client.case_filling(record_id)
    filling.fill(pairs)
    filling.close()
    return Filled("draft", filling.draft_id)


def _fill(filling: ScriptedFilling, pairs: Pairs, consent: str) -> Filled:
    before, after = filling.parted(pairs)
    filling.fill(before)
    if filling.notice_due and not _consents(filling, consent):
        filling.decline("refused")
        return Filled("refused", filling.draft_id)
    if after:
        filling.fill(after)
    filling.close()
    return Filled("draft", filling.draft_id)


def end(client: Client, filled: Filled, outcome: str) -> Filled:
    """Do with an open draft what was asked: finalize, draft, abandon or refuse.

    Raises:
        SubmissionInvalid: some answers do not do; the draft stays.
        UsageError: no such outcome.
    """
    if filled.outcome != "draft" or outcome == "draft":
        return filled
    if outcome == "finalize":
        slip = client.finalize(filled.draft_id)
        return Filled("finalized", filled.draft_id, slip.record_id, slip.code)
    if outcome in ("abandon", "refuse"):
        word = "abandoned" if outcome == "abandon" else "refused"
        client.abandon(filled.draft_id, word)
        return Filled(word, filled.draft_id)
    raise UsageError(f"the outcome is finalize, draft, abandon or refuse, not {outcome!r}")


def _consents(filling: ScriptedFilling, consent: str, dice: Random | None = None) -> bool:
    """Decide what the answers left open under the notice; tell whether it is in force."""
    filling.to_notice()
    granted = _granted(consent)
    for _ in range(_ROUNDS_MAX):
        open_questions = [q for q in filling.screen().questions if q.required and not q.value]
        if not open_questions:
            break
        question = open_questions[0]
        if dice is not None and not question.choices:
            filling.answer_one_at_random(question.path, dice)
        else:
            filling.fill([(question.path, _decision(question, granted))])
    view = filling.notice()
    purposes = frozenset(row.purpose for row in view.purposes)
    given = purposes if granted is None else purposes & granted
    return filling.consent(ConsentGiven(given))


def _granted(consent: str) -> frozenset[str] | None:
    """Return the purposes to agree to; None for all."""
    if consent == ALL:
        return None
    return frozenset() if consent == NONE else frozenset(consent.replace(",", " ").split())


def _decision(question: QuestionView, granted: frozenset[str] | None) -> str:
    name = question.path.rpartition("/")[2]
    names = [choice.name for choice in question.choices]
    if name.startswith(_CONSENT) and {_YES, _NO} <= set(names):
        purpose = name.removeprefix(_CONSENT)
        return _YES if granted is None or purpose in granted else _NO
    if not names:
        raise UsageError(f"the answers leave {question.path} open, which the notice asks for")
    return _YES if _YES in names else names[0]


def fill_at_random(client: Client, form_id: str, seed: int, *, consent: str = ALL) -> Filled:
    """Answer a form as a made-up respondent does, the same one for the same seed."""
    filling = client.begin_filling(form_id)
    dice = Random(seed)  # noqa: S311 - a made-up respondent
    filling.answer_at_random(dice, until_notice=True)
    if filling.notice_due:
        if filling.screen().kind is not ScreenKind.CONSENT:
            filling.to_notice()
        if not _consents(filling, consent, dice):
            filling.decline("refused")
            return Filled("refused", filling.draft_id)
    filling.answer_at_random(dice, until_notice=False)
    filling.close()
    return Filled("draft", filling.draft_id)


def answers_file(path: Path, content: Any) -> Pairs:
    """Read the answers of a file, naming it in errors."""
    try:
        return answer_pairs(content)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error
