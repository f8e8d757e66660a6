"""SYNC-060: a record of one revision, resolved directly, is what the general merge makes of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ids import FormHash, RecordId, RevisionId
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import DELETED, RevisionBody
from sync.core.merge import Attestations, RecordMerge, Revision, resolve
from sync.core.rules import MergeRules

MEMBER = "/d/m[00000000000000aa]"
BODY = ("/d/a", "/d/lat", "/d/lon", MEMBER, f"{MEMBER}/x", "/d/both")
TAGGED = ("/d/name", f"{MEMBER}/name", "/d/both", "/d/lat")
RULES = MergeRules(groups={"/d/lat": "gps", "/d/lon": "gps", "/d/m/x": "m", "/d/m/name": "m"})
CODES = (b"one", b"two")

values = st.sampled_from([None, 0, 2, 2.5, True, "x", ("a", "b")])
answers = st.dictionaries(st.sampled_from(BODY), values | st.just(DELETED), max_size=6)
consents = st.builds(
    Consent,
    respondent=st.sampled_from(["", MEMBER]),
    decisions=st.dictionaries(st.sampled_from(["b", "a"]), st.sampled_from(list(Decision))),
    notice_hash=st.just(b"notice"),
    language=st.just("fr"),
    method=st.just(Method.VERBAL),
    at_ms=st.just(0),
    withdrawal_hash=st.sampled_from(CODES),
)


def one_a_respondent(found: list[Consent]) -> tuple[Consent, ...]:
    return tuple({consent.respondent: consent for consent in found}.values())


bodies = st.builds(
    RevisionBody,
    record_id=st.just(RecordId(bytes(16))),
    parents=st.sampled_from([(), (), (), (RevisionId(b"missing"),)]),
    form_id=st.just("f"),
    form_hash=st.just(FormHash(bytes(16))),
    at_ms=st.just(0),
    offset_min=st.just(0),
    enumerator=st.just("e"),
    consents=st.lists(consents, max_size=3).map(one_a_respondent),
    patch=answers,
    tags=st.dictionaries(st.sampled_from(TAGGED), st.sampled_from([b"tag-1", b"tag-2"])),
    resolves=st.sampled_from([(), (), (), ("/d/a",), (MEMBER,)]),
)


@settings(max_examples=300)
@given(body=bodies, withdrawn=st.frozensets(st.sampled_from(CODES)))
def test_one_revision_alone_comes_to_what_the_merge_says(
    body: RevisionBody, withdrawn: frozenset[bytes]
) -> None:
    revision, attested = Revision(RevisionId(b"only"), body), Attestations(withdrawn=withdrawn)
    merge = RecordMerge(RULES)
    merge.add(revision)
    direct, general = resolve([revision], RULES, attested), merge.state(attested)
    assert direct == general
    assert list(direct.values) == list(general.values)
