"""What is deleted: a repeat instance or a whole record, beside those who edited it. Rule SYNC-065.

A deletion takes effect on what its author knew. An edit that it did not know of survives, and the
two are a conflict until a resolution names it: no ordinary later edit settles it in passing.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from shared.ids import RevisionId
from shared.records.address import enclosing_instances, is_instance
from shared.records.revision import DELETED, RevisionBody
from sync.core.graph import RevisionGraph, bits
from sync.core.settle import Candidate

RECORD: Final = "/"
"""The scope that is the record itself; also named by the form's root path, such as `/data`."""
_ROOT: Final = re.compile(r"/[^/\[\]]*")


def scope_of(address: str) -> str | None:
    """Return the deletable scope that the address names: an instance, the record, or None."""
    if is_instance(address):
        return address
    return RECORD if _ROOT.fullmatch(address) else None


@dataclass(slots=True)
class Scope:
    """Who deleted, kept or otherwise touched one instance or the record, as bits by place."""

    touched: int = 0
    decisions: dict[int, bool] = field(default_factory=dict)
    """Place -> deleted (True) or kept by a resolution (False); only those no later one knew of."""


class Existence:
    """Scopes of one record, by address."""

    def __init__(self) -> None:
        self._scopes: dict[str, Scope] = {}

    def apply(self, place: int, known: int, body: RevisionBody) -> None:
        """Note what a revision deletes, keeps and touches; its parents were applied before."""
        deleted: set[str] = set()
        touched: set[str] = set()
        for address, value in body.patch.items():
            scope = scope_of(address)
            if value is DELETED and scope is not None:
                deleted.add(scope)
            else:
                touched.update(enclosing_instances(address))
                touched.add(RECORD if scope is None else scope)
        for address in body.tags:
            touched.update(enclosing_instances(address))
        if body.tags or touched or deleted - {RECORD}:
            touched.add(RECORD)
        for scope in deleted:
            touched.update(enclosing_instances(scope))
        kept = {scope for a in body.resolves if (scope := scope_of(a)) is not None} - deleted
        for scope in touched | kept:
            self._scope(scope).touched |= 1 << place
        for scope in deleted | kept:
            decisions = self._scope(scope).decisions
            for older in [other for other in decisions if known >> other & 1]:
                del decisions[older]
            decisions[place] = scope in deleted

    def _scope(self, address: str) -> Scope:
        return self._scopes.setdefault(address, Scope())

    def judge(
        self, graph: RevisionGraph
    ) -> tuple[frozenset[str], dict[str, tuple[Candidate, ...]]]:
        """Return the scopes that are gone, and those both deleted and edited, with who did what."""
        gone: set[str] = set()
        disputed: dict[str, tuple[Candidate, ...]] = {}
        for address, scope in self._scopes.items():
            deletions = [place for place, deleted in scope.decisions.items() if deleted]
            if not deletions:
                continue
            survivors, revived = _edits_beside(scope, deletions, graph)
            if survivors:
                disputed[address] = (
                    Candidate(_ids(survivors, graph)),
                    Candidate(_ids(deletions, graph), deleted=True),
                )
            elif not revived:
                gone.add(address)
        return frozenset(gone), disputed


def _edits_beside(
    scope: Scope, deletions: list[int], graph: RevisionGraph
) -> tuple[list[int], bool]:
    """Return the edits beside the deletions, and whether any edit came after them all.

    An edit that one of the deletions knew of is gone with it; one that knew of them all revives
    what was deleted; any other survives beside them.
    """
    unseen = scope.touched
    for deletion in deletions:
        unseen &= ~(graph.known(deletion) | 1 << deletion)
    survivors: list[int] = []
    revived = False
    for edit in bits(unseen):
        if all(graph.known(edit) >> deletion & 1 for deletion in deletions):
            revived = True
        else:
            survivors.append(edit)
    return survivors, revived


def _ids(places: list[int], graph: RevisionGraph) -> tuple[RevisionId, ...]:
    return tuple(sorted(graph.id_at(place) for place in places))
