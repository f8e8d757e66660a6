"""May a correction or a resolution stay? Judged by the whole answers as its author saw them.

What one revision tells by itself is judged before, in admission.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlmodel import Session

from server.intake.admission import check_answers
from server.intake.opening import OpenRevision, Refused
from server.queries import quarantine
from shared.clock import RandomBytes
from shared.ids import RevisionId
from sync.core.merge import Revision, resolve


def judge_arrivals(
    session: Session,
    before: Sequence[Revision],
    arrivals: Sequence[OpenRevision],
    random_bytes: RandomBytes,
) -> tuple[list[OpenRevision], list[Refused]]:
    """Return the arrivals that may stay and the refused, each judged with what its author knew.

    One whose parents are missing is held unjudged: what it changes cannot be seen yet.
    """
    if not any(one.body.parents for one in arrivals):
        return list(arrivals), []
    applied = _applied(before)
    known = {one.id: one for one in before}
    kept: list[OpenRevision] = []
    refused: list[Refused] = []
    pending = list(arrivals)
    while ready := [one for one in pending if applied.issuperset(one.body.parents)]:
        for one in ready:
            pending.remove(one)
            found = _judge(session, one, known, random_bytes) if one.body.parents else None
            if found is not None:
                refused.append(found)
                continue
            known[one.id] = Revision(one.id, one.body)
            applied.add(one.id)
            kept.append(one)
        applied |= _applied(list(known.values()))
    return kept + pending, refused


def _judge(
    session: Session,
    one: OpenRevision,
    known: Mapping[RevisionId, Revision],
    random_bytes: RandomBytes,
) -> Refused | None:
    """Judge a correction or resolution by the whole answers as its author saw them."""
    history = _history(one.body.parents, known)
    seen = resolve([*history, Revision(one.id, one.body)], one.form.rules)
    if seen.deleted:
        return None
    consents = tuple(seen.consents.values())
    whole = replace(one.body, patch=seen.values, consents=consents)
    found = check_answers(one, whole, random_bytes)
    released = quarantine.released(session, [one.entry.hash]) if found else ()
    return None if one.entry.hash in released else found


def _applied(revisions: Sequence[Revision]) -> set[RevisionId]:
    """Return the revisions whose whole history is here."""
    applied: set[RevisionId] = set()
    pending = list(revisions)
    while ready := [one for one in pending if applied.issuperset(one.body.parents)]:
        applied.update(one.id for one in ready)
        pending = [one for one in pending if one.id not in applied]
    return applied


def _history(heads: Iterable[RevisionId], known: Mapping[RevisionId, Revision]) -> list[Revision]:
    """Return everything that whoever knew these heads knew."""
    found: dict[RevisionId, Revision] = {}
    pending = list(heads)
    while pending:
        one = known[pending.pop()]
        if one.id not in found:
            found[one.id] = one
            pending += one.body.parents
    return list(found.values())
