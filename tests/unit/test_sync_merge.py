"""SYNC-060 to SYNC-068 beyond the golden file: rules from a codebook, cost, attestations."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from shared.ids import FormHash, RecordId, RevisionId
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import DELETED, RevisionBody
from sync.core.merge import Attestations, RecordMerge, Revision, resolve
from sync.core.rules import MergeRules, rules_of


def revision(name: str, parents: str = "", **body: Any) -> Revision:
    made = RevisionBody(
        record_id=RecordId(bytes(16)),
        parents=tuple(RevisionId(p.encode()) for p in parents.split()),
        form_id="f",
        form_hash=FormHash(bytes(16)),
        at_ms=0,
        offset_min=0,
        enumerator="e",
        patch=body.pop("patch", {}),
        **body,
    )
    return Revision(RevisionId(name.encode()), made)


def consent(decision: Decision, code: bytes = b"code") -> Consent:
    return Consent("", {"dtm": decision}, b"notice", "fr", Method.VERBAL, 0, code)


def field(path: str, merge: str = "review", group: str | None = None) -> Field:
    return Field(path, Kind.TEXT, Disclosure.OPEN, merge=merge, group=group)


def codebook(*fields: Field) -> Codebook:
    root = Scope("/d", fields)
    return Codebook("f", "1", FormHash(bytes(16)), "F", Basis.OBSERVATION, (), root)


def test_rules_of_a_codebook() -> None:
    rules = rules_of(
        codebook(
            field("/d/a"),
            field("/d/b", "max"),
            field("/d/lat", "latest", "gps"),
            field("/d/lon", "latest", "gps"),
            field("/d/x", "max", "mixed"),
            field("/d/y", "latest", "mixed"),
        )
    )
    assert rules.fields == {"/d/b": "max", "/d/lat": "latest", "/d/lon": "latest"}
    assert rules.groups == {
        "/d/lat": "gps",
        "/d/lon": "gps",
        "/d/x": "mixed",
        "/d/y": "mixed",
    }


def test_a_presented_withdrawal_code_withdraws_every_purpose() -> None:
    held = [revision("a", consents=(consent(Decision.GRANTED),))]
    state = resolve(held, MergeRules(), Attestations(withdrawn=frozenset({b"code"})))
    assert state.consents[""].decisions == {"dtm": Decision.WITHDRAWN}
    state = resolve(held, MergeRules(), Attestations(withdrawn=frozenset({b"other"})))
    assert state.consents[""].granted() == {"dtm"}


def test_a_late_withdrawal_does_not_bring_a_deleted_record_back() -> None:
    state = resolve(
        [
            revision("a", patch={"/d/x": 1}),
            revision("b", "a", patch={"/d": DELETED}),
            revision("c", "a", consents=(consent(Decision.WITHDRAWN),)),
        ],
        MergeRules(),
    )
    assert state.deleted
    assert not state.conflicts
    assert state.consents[""].decisions == {"dtm": Decision.WITHDRAWN}


def test_body_and_identity_of_one_group_come_from_one_revision() -> None:
    rules = MergeRules(groups={"/d/name": "who", "/d/age": "who"})
    state = resolve(
        [
            revision("a", patch={"/d/age": 1}, tags={"/d/name": b"t1"}),
            revision("b", "a", patch={"/d/age": 2}, tags={"/d/name": b"t2"}),
            revision("c", "a", patch={"/d/age": 3}, tags={"/d/name": b"t3"}),
        ],
        rules,
    )
    assert state.values == {"/d/age": 3}
    assert state.identity_sources == {"/d/name": b"c"}
    assert [candidate.revisions for candidate in state.conflicts["#who"]] == [(b"c",), (b"b",)]


def test_a_deletion_that_names_a_leaf_takes_the_answer_back() -> None:
    state = resolve([revision("a", patch={"/d/x/y": DELETED})], MergeRules())
    assert state.values == {"/d/x/y": None}


def test_an_edit_that_one_of_two_deletions_knew_is_gone_with_it() -> None:
    member = "/d/m[00000000000000aa]"
    state = resolve(
        [
            revision("a", patch={member: 0}),
            revision("b", "a", patch={f"{member}/age": 4}),
            revision("c", "a", patch={member: DELETED}),
            revision("d", "b", patch={member: DELETED}),
        ],
        MergeRules(),
    )
    assert state.gone == {member}
    assert not state.conflicts


@pytest.mark.parametrize(
    ("rule", "values", "settled"),
    [
        ("restrictive", (True, False), False),
        ("restrictive", (True, None), None),
        ("restrictive", (("a", "b", "c"), ("c", "b")), ("b", "c")),
        ("restrictive", (3, 2.5), 2.5),
        ("restrictive", ("a", "c"), "c"),
        ("restrictive", ("a", "unheard of"), "open"),
        ("restrictive", ("a", 3), "open"),
        ("restrictive", (True, 3), "open"),
        ("union", (("b",), "a", None), ("a", "b")),
        ("union", (("b",), 3), "open"),
        ("max", ("2026-01-01", None), "2026-01-01"),
        ("max", (True, 3), "open"),
        ("min", (3, 2, None), 2),
    ],
)
def test_a_rule_settles_what_it_can(rule: str, values: tuple[Any, ...], settled: object) -> None:
    rules = MergeRules(fields={"/d/x": rule}, choices={"/d/x": ("a", "b", "c")})
    revisions = [revision(str(n), patch={"/d/x": value}) for n, value in enumerate(values)]
    state = resolve(revisions, rules)
    if settled == "open":
        assert list(state.conflicts) == ["/d/x"]
    else:
        assert state.values == {"/d/x": settled}
        assert not state.conflicts


def test_no_rule_settles_tags_and_deletions_hide_conflicts() -> None:
    rules = MergeRules(fields={"/d/x": "max"})
    state = resolve([revision("a", tags={"/d/x": b"1"}), revision("b", tags={"/d/x": b"2"})], rules)
    assert list(state.conflicts) == ["/d/x"]
    gone = revision("c", "a b", patch={"/d": DELETED})
    everything = [revision("a", patch={"/d/y": 1}), revision("b", patch={"/d/y": 2}), gone]
    assert not resolve(everything, rules).conflicts


def calls_made(action: Callable[[], object]) -> int:
    count = 0

    def tally(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(tally)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def test_appending_to_a_long_history_replays_nothing() -> None:
    costs = []
    for length in (10, 2000):
        merge = RecordMerge(MergeRules(groups={"/d/lat": "gps", "/d/lon": "gps"}))
        merge.add(revision("0", patch={"/d/lat": 0, "/d/lon": 0}))
        for number in range(1, length):
            merge.add(revision(str(number), str(number - 1), patch={"/d/x": number}))
        last = revision("last", str(length - 1), patch={"/d/x": -1, "/d/lat": 5})
        costs.append(calls_made(lambda merge=merge, last=last: merge.add(last)))  # type: ignore[misc]
        assert merge.state().values == {"/d/x": -1, "/d/lat": 5, "/d/lon": 0}
    assert costs[0] == costs[1]


def test_a_history_arriving_backwards_is_applied_once_it_connects() -> None:
    merge = RecordMerge(MergeRules())
    for number in range(3000, 0, -1):
        merge.add(revision(f"{number:04}", f"{number - 1:04}", patch={"/d/x": number}))
    assert len(merge.state().held) == 3000
    assert merge.state().values == {}
    merge.add(revision("0000"))
    assert merge.state().held == ()
    assert merge.state().values == {"/d/x": 3000}
