"""A draft becomes two halves: no identifier in the body, nothing without a purpose agreed to."""

from dataclasses import replace

import pytest
from client_kit import CONSENTING, HOUSEHOLD, SITE, Shelf, form_of, start

from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.assemble import Assembled, Setting, assemble
from mobile_client.services.filling import Filling
from mobile_client.services.paradata import Step, step, steps, summary
from mobile_client.vault.drafts import Draft
from shared.errors import ConsentMissing
from shared.forms.interview import Interview
from shared.records.codec import (
    Codebooks,
    decode_body,
    decode_identity,
    encode_body,
    encode_identity,
)
from shared.records.consent import Decision, Method
from shared.records.revision import DELETED, Value
from shared.records.small import Outcome
from shared.sealing.tags import equality_tag
from shared.sealing.withdrawal import code_hash, new_code

CANARY = "Zubaida-Canary-7731"
SETTING = Setting("Amina", 180, "device round", "device place")


def household(shelf: Shelf, **consent: str) -> Filling:
    filling = start(form_of(HOUSEHOLD), shelf)
    filling.answer("/data/place/round", "3")
    filling.answer("/data/place/location", "Camp A")
    filling.next()
    for path, text in CONSENTING.items():
        filling.answer(path, consent.get(path.rpartition("/")[2], text))
    assert filling.consent(ConsentGiven())
    return filling


def filled(shelf: Shelf, **consent: str) -> Filling:
    filling = household(shelf, **consent)
    answers = {
        "head_name": CANARY,
        "phone": "+249 912 000 111",
        "size": "2",
        "needs": "water food",
        "member[1]/member_name": CANARY + " junior",
        "member[1]/age": "7",
    }
    for path, text in answers.items():
        filling.answer(f"/data/interview/{path}", text)
    return filling


def sealed(filling: Filling, **changes: object) -> Assembled:
    interview: Interview = filling._interview
    draft = replace(filling.draft, sealed_at_ms=filling.draft.updated_ms, **changes)  # type: ignore[arg-type]
    return assemble(filling._loaded, draft, interview.finalize(), SETTING, files={}, base={})


def named(values: dict[str, object]) -> dict[str, object]:
    return {address.rpartition("/")[2]: value for address, value in values.items()}


def test_direct_answers_are_in_the_identity_alone() -> None:
    made = sealed(filled(Shelf(), consent_contact="yes"))
    assert named(dict(made.identity.patch)) == {
        "head_name": CANARY,
        "phone": "+249 912 000 111",
        "member_name": CANARY + " junior",
    }
    codebook = form_of(HOUSEHOLD).codebook
    plaintext = encode_body(made.body, codebook)
    _, body = decode_body(plaintext, Codebooks(codebook))
    assert body == made.body
    assert CANARY not in repr(body)
    assert decode_identity(encode_identity(made.identity, codebook), Codebooks(codebook)) == (
        made.identity
    )


def test_values_are_typed_and_instances_carry_their_order() -> None:
    filling = filled(Shelf())
    filling.add_repeat("/data/interview/member")
    filling.answer("/data/interview/member[2]/member_name", "Omar")
    filling.answer("/data/interview/member[2]/age", "30")
    body = sealed(filling).body
    values = {k.rpartition("/")[2]: v for k, v in body.patch.items() if not k.endswith("]")}
    assert values["needs"] == ("water", "food")
    assert values["size"] == 2
    assert values["adults"] == "1", "a calculation without a type is text"
    orders = [value for address, value in body.patch.items() if address.endswith("]")]
    assert orders == [1, 2]


def test_cons_006_what_serves_no_purpose_agreed_to_is_dropped() -> None:
    made = sealed(filled(Shelf(), consent_contact="no"))
    assert "phone" not in named(dict(made.identity.patch))
    assert [address.rpartition("/")[2] for address in made.dropped] == ["phone"]
    assert "+249" not in repr(made.body) + repr(made.identity)


def test_tags_can_be_recomputed_by_the_custodian_alone() -> None:
    made = sealed(filled(Shelf()))
    assert set(made.body.tags) == set(made.identity.patch)
    for address, value in made.identity.patch.items():
        tag = equality_tag(made.identity.tag_key, made.body.record_id, address, value)
        assert made.body.tags[address] == tag


def test_the_consent_in_the_body_is_what_was_decided() -> None:
    code = new_code(lambda size: bytes(range(size)))
    (consent,) = sealed(filled(Shelf()), code=code).body.consents
    assert dict(consent.decisions) == {
        "assistance": Decision.GRANTED,
        "contact": Decision.REFUSED,
    }
    assert (consent.method, consent.language) == (Method.VERBAL, "en")
    assert consent.withdrawal_hash == code_hash(code)
    assert code not in encode_body(
        sealed(filled(Shelf()), code=code).body, form_of(HOUSEHOLD).codebook
    )


def test_without_consent_in_force_nothing_is_assembled() -> None:
    filling = filled(Shelf())
    for changes in ({"consent": None}, {"reconfirm": True}):
        with pytest.raises(ConsentMissing):
            sealed(filling, **changes)


def test_cons_003_round_and_location_come_from_the_form_or_else_from_the_device() -> None:
    body = sealed(filled(Shelf())).body
    assert (body.round_id, body.location) == ("3", "Camp A")
    filling = start(form_of(SITE), Shelf())
    filling.answer("/data/location", "Camp B")
    filling.next()
    filling.answer("/data/informant/informant_agrees", "yes")
    assert filling.consent(ConsentGiven())
    filling.answer("/data/people", "40")
    body = sealed(filling).body
    assert (body.round_id, body.location, body.consents) == ("device round", "Camp B", ())


def test_the_same_draft_makes_the_same_revision() -> None:
    filling = filled(Shelf())
    answers = filling._interview.finalize()
    draft = replace(filling.draft, sealed_at_ms=5)

    def once(draft: Draft) -> Assembled:
        return assemble(filling._loaded, draft, answers, SETTING, files={}, base={})

    assert once(draft) == once(draft)
    assert once(replace(draft, sealed_at_ms=6)) != once(draft)


def test_a_correction_holds_only_what_changed() -> None:
    filling = filled(Shelf())
    filling.add_repeat("/data/interview/member")
    filling.answer("/data/interview/member[2]/member_name", "Omar")
    filling.answer("/data/interview/member[2]/age", "9")
    first = sealed(filling)
    base = {**first.body.patch, **first.identity.patch}
    filling.answer("/data/interview/size", "3")
    filling.answer("/data/interview/needs", "")
    filling.remove_repeat("/data/interview/member[2]")
    draft = replace(filling.draft, sealed_at_ms=9, parents=(b"p" * 16,))
    answers = filling._interview.finalize()
    made = assemble(filling._loaded, draft, answers, SETTING, files={}, base=base)
    changed: dict[str, Value | object] = {
        address.rpartition("/")[2].partition("[")[0]: value
        for address, value in made.body.patch.items()
    }
    ended = changed.pop("end", None)
    assert changed == {"size": 3, "needs": None, "member": DELETED}
    assert ended is None
    assert made.identity.patch == {}
    assert made.body.parents == (b"p" * 16,)
    assert made.body.consents == ()


def test_progress_holds_no_answer() -> None:
    progress = sealed(filled(Shelf())).progress
    assert (progress.round_id, progress.location, progress.outcome) == (
        "3",
        "Camp A",
        Outcome.FINALIZED,
    )
    assert progress.duration_s > 0


def test_an_attachment_is_named_by_what_was_sealed() -> None:
    filling = filled(Shelf())
    filling.answer("/data/interview/photo", "roof of Zubaida.jpg")
    draft = replace(filling.draft, sealed_at_ms=9)
    answers = filling._interview.finalize()
    files = {"roof of Zubaida.jpg": "ab" * 32 + ".jpg"}
    made = assemble(filling._loaded, draft, answers, SETTING, files=files, base={})
    assert made.identity.patch["/data/interview/photo"] == "ab" * 32 + ".jpg"
    assert "roof of Zubaida" not in repr(made)


def test_the_summary_shows_haste_and_edits() -> None:
    trail = b""
    for at_ms, what in (
        (0, Step.OPENED),
        (5_000, Step.ANSWERED),
        (5_400, Step.ANSWERED),
        (3_600_000, Step.CHANGED),
        (3_601_000, Step.WENT_BACK),
    ):
        trail = step(trail, 1_000, 1_000 + at_ms, what, "/data/x")
    assert [each[0] for each in steps(trail)][:2] == [0, 5_000]
    found = summary(trail)
    assert found["answers"] == 3
    assert found["changed"] == 1
    assert found["quick"] == 1
    assert found["active_s"] == 6
    assert found["seconds"] == "5 0 3595"
    assert "/data" not in repr(found)
