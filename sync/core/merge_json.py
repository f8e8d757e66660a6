"""Revisions and states as JSON, for `cairn merge` and the golden file `merge_golden.json`.

A revision is `{"id", "parents", "patch", "at"}` and may have `tags`, `consents`, `resolves`.
A value is text, number, true, false, null (taken back), a list of texts (choices) or
`{"deleted": true}`, at an instance's address or at `/` for the whole record.
`at` is the attested time in milliseconds, or null where the device's clock was never attested: it
serves the rules `latest` and `earliest` alone and orders nothing else (SYNC-063).
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from shared.errors import UsageError
from shared.ids import FormHash, RecordId, RevisionId
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import DELETED, Deletion, RevisionBody, Value
from sync.core.merge import Attestations, Candidate, RecordState, Revision, resolve
from sync.core.rules import MergeRules

_KEYS: Final = {"id", "parents", "patch", "at", "tags", "consents", "resolves"}


def merge_json(revisions: object, rules: MergeRules) -> dict[str, object]:
    """Merge a JSON list of revisions and return `{values, conflicts, heads, held, deleted}`.

    `gone`, `consents` and `identity` are added where the input has any.

    Raises:
        UsageError: the input is not as described; the message says where.
    """
    if not isinstance(revisions, list):
        raise UsageError("the revisions must be a JSON list")
    read: dict[RevisionId, Revision] = {}
    written_ms: dict[RevisionId, int] = {}
    for number, item in enumerate(revisions):
        revision, at_ms = _revision(item, f"revision {number}")
        if read.setdefault(revision.id, revision) != revision:
            raise UsageError(f"revision id {revision.id.decode()!r} stands for two revisions")
        if at_ms is not None:
            written_ms[revision.id] = at_ms
    return state_json(resolve(read.values(), rules, Attestations(written_ms)))


def three_way(base: object, ours: object, theirs: object) -> list[object]:
    """Return the revisions that three states, or three lists of revisions, stand for.

    A state is `{address: value}`, or `{"values": {...}, "at": ms}`. Ours and theirs become the
    changes against base; an address that base has and they lack was taken back, and an instance
    that they lack was deleted.
    """
    if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
        united: list[object] = []
        for revision in [*base, *ours, *theirs]:
            if revision not in united:
                united.append(revision)
        return united
    states = [_state(item, name) for item, name in ((base, "BASE"), (ours, "OURS"))]
    states.append(_state(theirs, "THEIRS"))
    (start, start_at), *sides = states
    revisions: list[object] = [{"id": "base", "parents": [], "patch": start, "at": start_at}]
    for name, (values, at_ms) in zip(("ours", "theirs"), sides, strict=True):
        revisions.append(
            {"id": name, "parents": ["base"], "patch": _difference(start, values), "at": at_ms}
        )
    return revisions


def _difference(start: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    patch: dict[str, object] = {
        address: value
        for address, value in values.items()
        if address not in start
        or start[address] != value
        or type(start[address]) is not type(value)
    }
    lost = [address for address in start if address not in values]
    instances = [address for address in lost if address.endswith("]")]
    for address in lost:
        if address in instances:
            patch[address] = {"deleted": True}
        elif not any(address.startswith(f"{instance}/") for instance in instances):
            patch[address] = None
    return patch


def _state(item: object, name: str) -> tuple[dict[str, object], object]:
    if not isinstance(item, dict):
        raise UsageError(f"{name} must be an object of values, or all three lists of revisions")
    if isinstance(item.get("values"), dict) and not set(item) - {"values", "at"}:
        return item["values"], item.get("at")
    return item, None


def _revision(item: object, where: str) -> tuple[Revision, int | None]:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise UsageError(f"{where} must be an object with a text id")
    if unknown := set(item) - _KEYS:
        raise UsageError(f"{where} has unknown keys: {', '.join(sorted(unknown))}")
    at_ms = item.get("at")
    if at_ms is not None and (isinstance(at_ms, bool) or not isinstance(at_ms, int)):
        raise UsageError(f"{where}: at must be milliseconds as a whole number, or null")
    body = RevisionBody(
        record_id=RecordId(bytes(16)),
        parents=tuple(_id(parent) for parent in _texts(item, "parents", where)),
        form_id="",
        form_hash=FormHash(bytes(16)),
        at_ms=0,
        offset_min=0,
        enumerator="",
        patch={a: _value(v, f"{where}, {a}") for a, v in _object(item, "patch", where).items()},
        consents=tuple(_consents(item, where)),
        tags={a: _tag(t, f"{where}, {a}") for a, t in _object(item, "tags", where).items()},
        resolves=_texts(item, "resolves", where),
    )
    return Revision(_id(item["id"]), body), at_ms


def _id(text: str) -> RevisionId:
    return RevisionId(text.encode())


def _object(item: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
    value = item.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{where}: {key} must be an object")
    return value


def _texts(item: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = item.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UsageError(f"{where}: {key} must be a list of texts")
    return tuple(value)


def _tag(value: object, where: str) -> bytes:
    if not isinstance(value, str):
        raise UsageError(f"{where}: a tag must be a text")
    return value.encode()


def _value(value: object, where: str) -> Value | Deletion:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, list) and all(isinstance(choice, str) for choice in value):
        return tuple(value)
    if isinstance(value, dict) and set(value) == {"deleted"} and value["deleted"] is True:
        return DELETED
    raise UsageError(
        f'{where}: a value is text, number, boolean, null, texts or {{"deleted": true}}'
    )


def _consents(item: Mapping[str, object], where: str) -> list[Consent]:
    value = item.get("consents", [])
    if not isinstance(value, list):
        raise UsageError(f"{where}: consents must be a list")
    consents: list[Consent] = []
    for one in value:
        if not isinstance(one, dict) or set(one) - {"respondent", "decisions"}:
            raise UsageError(f"{where}: a consent is an object of respondent and decisions")
        decisions: dict[str, Decision] = {}
        for purpose, decision in _object(one, "decisions", where).items():
            if decision not in set(Decision):
                raise UsageError(f"{where}: a decision is one of {', '.join(Decision)}")
            decisions[purpose] = Decision(str(decision))
        respondent = str(one.get("respondent", ""))
        consents.append(Consent(respondent, decisions, b"", "", Method.VERBAL, 0, b""))
    return consents


def state_json(state: RecordState) -> dict[str, object]:
    """Return a state as JSON; revision ids must be UTF-8 text."""
    result: dict[str, object] = {
        "values": {address: _json(value) for address, value in state.values.items()},
        "conflicts": {
            unit: [_candidate_json(candidate) for candidate in candidates]
            for unit, candidates in state.conflicts.items()
        },
        "heads": _ids(state.heads),
        "held": _ids(state.held),
        "deleted": state.deleted,
    }
    if state.gone:
        result["gone"] = sorted(state.gone)
    if state.consents:
        result["consents"] = {
            respondent: {purpose: str(decision) for purpose, decision in consent.decisions.items()}
            for respondent, consent in state.consents.items()
        }
    if state.identity_sources:
        sources = state.identity_sources.items()
        result["identity"] = {address: source.decode() for address, source in sources}
    return result


def _candidate_json(candidate: Candidate) -> dict[str, object]:
    result: dict[str, object] = {"revisions": _ids(candidate.revisions)}
    if candidate.values:
        result["values"] = {address: _json(value) for address, value in candidate.values.items()}
    if candidate.tags:
        result["tags"] = {address: tag.decode() for address, tag in candidate.tags.items()}
    if not candidate.values and not candidate.tags:
        result["deleted"] = candidate.deleted
    return result


def _json(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _ids(ids: Sequence[RevisionId]) -> list[str]:
    return [revision_id.decode() for revision_id in ids]
